/** Drawing the graph: a base picture of everything, and a top one of what is picked or pointed at. */

import { STRONG } from "../../design/format";
import type { GraphModel, GraphNode, NodeLook } from "./graph";
import type { Palette } from "./palette";
import type { Size, Viewport } from "./viewport";

type Pen = CanvasRenderingContext2D;

export interface Scene {
  readonly model: GraphModel;
  readonly kinds: Readonly<Record<string, NodeLook>>;
  /** x and y per node in graph units. */
  readonly positions: Float32Array;
  readonly radii: Float32Array;
  readonly palette: Palette;
  readonly size: Size;
  /** Rows rated high and medium; their nodes get a ring. */
  readonly high: ReadonlySet<string>;
  readonly medium: ReadonlySet<string>;
}

/** What stands out: rows of the list, and one node. */
export interface Focus {
  readonly rows: ReadonlySet<string>;
  readonly node: number | null;
}

const LABELS = 14;

/** Places of the nodes that share a row with the set. */
export function nodesOf(model: GraphModel, rows: ReadonlySet<string>): number[] {
  if (rows.size === 0) return [];
  return model.nodes.flatMap((node, i) => (touches(node.rows, rows) ? [i] : []));
}

export function touches(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  for (const one of few) if (many.has(one)) return true;
  return false;
}

/** Places of the nodes with most rows, largest first. */
export function largest(model: GraphModel, many = LABELS): number[] {
  return model.nodes
    .map((node, i) => [node.rows.size, i] as const)
    .filter(([rows]) => rows > 1)
    .sort((a, b) => b[0] - a[0] || a[1] - b[1])
    .slice(0, many)
    .map(([, i]) => i);
}

class Painter {
  constructor(
    private readonly pen: Pen,
    private readonly scene: Scene,
    private readonly view: Viewport,
  ) {}

  x(i: number): number {
    return this.view.x + this.view.scale * (this.scene.positions[2 * i] as number);
  }

  y(i: number): number {
    return this.view.y + this.view.scale * (this.scene.positions[2 * i + 1] as number);
  }

  /** Radius on the canvas: nodes grow more slowly than the picture when zooming. */
  r(i: number): number {
    return (this.scene.radii[i] as number) * Math.sqrt(this.view.scale);
  }

  edges(take: (i: number) => boolean, colour: string, width: number): void {
    const { pen, scene } = this;
    pen.beginPath();
    scene.model.edges.forEach((edge, i) => {
      if (!take(i)) return;
      pen.moveTo(this.x(edge.from), this.y(edge.from));
      pen.lineTo(this.x(edge.to), this.y(edge.to));
    });
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.stroke();
  }

  private outline(i: number, shape: NodeLook["shape"], grow: number): void {
    const [x, y, r] = [this.x(i), this.y(i), this.r(i) + grow];
    if (shape === "diamond") {
      const d = r * 1.25;
      this.pen.moveTo(x, y - d);
      this.pen.lineTo(x + d, y);
      this.pen.lineTo(x, y + d);
      this.pen.lineTo(x - d, y);
      this.pen.closePath();
    } else {
      this.pen.moveTo(x + r, y);
      this.pen.arc(x, y, r, 0, 2 * Math.PI);
    }
  }

  /** Fills all nodes of a kind in one path. */
  nodes(places: readonly number[], look: NodeLook): void {
    const { pen, scene } = this;
    pen.beginPath();
    for (const i of places) this.outline(i, look.shape, 0);
    if (look.shape === "ring") {
      pen.fillStyle = scene.palette.surface;
      pen.fill();
      pen.strokeStyle = scene.palette.fills[look.fill] as string;
      pen.lineWidth = 2.5;
    } else {
      pen.fillStyle = scene.palette.fills[look.fill] as string;
      pen.fill();
      pen.strokeStyle = scene.palette.surface;
      pen.lineWidth = 1.75;
    }
    pen.stroke();
  }

  ring(places: readonly number[], colour: string, grow: number, dash: number[] = []): void {
    const { pen } = this;
    pen.beginPath();
    for (const i of places) this.outline(i, this.look(i).shape, grow);
    pen.setLineDash(dash);
    pen.strokeStyle = colour;
    pen.lineWidth = 2;
    pen.stroke();
    pen.setLineDash([]);
  }

  look(i: number): NodeLook {
    const node = this.scene.model.nodes[i] as GraphNode;
    return this.scene.kinds[node.kind] as NodeLook;
  }

  /** Draws all nodes of the places, kind by kind. */
  all(places: readonly number[]): void {
    for (const [kind, look] of Object.entries(this.scene.kinds)) {
      const some = places.filter((i) => this.scene.model.nodes[i]?.kind === kind);
      if (some.length > 0) this.nodes(some, look);
    }
  }

  /** Writes labels in order of importance; one that would lie over another is left out. */
  labels(places: readonly number[], bold: boolean, taken: Box[]): void {
    const { pen, scene } = this;
    pen.font = `${bold ? "600 " : ""}11px ${scene.palette.font}`;
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    for (const i of places) {
      const text = shorten(scene.model.nodes[i]?.label ?? "");
      const width = pen.measureText(text).width;
      const box = this.room(i, width, taken);
      if (box === null) continue;
      taken.push(box);
      pen.strokeStyle = scene.palette.surface;
      pen.lineWidth = 3;
      pen.strokeText(text, box.x, box.y + box.height / 2);
      pen.fillStyle = bold ? scene.palette.textStrong : scene.palette.text;
      pen.fillText(text, box.x, box.y + box.height / 2);
    }
  }

  /** A free place for a label beside its node: right, left, below, above; null when all are taken. */
  private room(i: number, width: number, taken: readonly Box[]): Box | null {
    const [x, y, gap] = [this.x(i), this.y(i), this.r(i) + 5];
    const tries = [
      { x: x + gap, y: y - 7 },
      { x: x - gap - width, y: y - 7 },
      { x: x - width / 2, y: y + gap - 2 },
      { x: x - width / 2, y: y - gap - 12 },
    ];
    for (const at of tries) {
      const box = { ...at, width, height: 14 };
      const inside = box.x >= 2 && box.x + width <= this.scene.size.width - 2 && box.y >= 0;
      if (inside && box.y + 14 <= this.scene.size.height && !taken.some((other) => overlap(box, other))) return box;
    }
    return null;
  }
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** A label of at most 28 characters; the middle is left out, for both ends of a name tell something. */
export function shorten(text: string, most = 28): string {
  return text.length <= most ? text : `${text.slice(0, most / 2 - 1)}…${text.slice(-most / 2)}`;
}

/** Draws everything, without what is picked or pointed at. Gives the boxes that labels take. */
export function drawBase(pen: Pen, scene: Scene, view: Viewport, except: ReadonlySet<number>): Box[] {
  const painter = new Painter(pen, scene, view);
  const { edges, nodes } = scene.model;
  const strong = (i: number) => (edges[i]?.strength ?? 0) >= STRONG;
  painter.edges((i) => !strong(i), scene.palette.weak, 1.25);
  painter.edges(strong, scene.palette.strong, 1.75);
  painter.all(nodes.map((_, i) => i));
  const rated = (rows: ReadonlySet<string>) => nodesOf(scene.model, rows).filter((i) => !painter.look(i).joint);
  painter.ring(rated(scene.medium), scene.palette.medium, 3, [4, 2]);
  painter.ring(rated(scene.high), scene.palette.high, 3);
  const taken: Box[] = nodes.map((_, i) => {
    const r = Math.min(painter.r(i), 6);
    return { x: painter.x(i) - r, y: painter.y(i) - r, width: 2 * r, height: 2 * r };
  });
  painter.labels(
    largest(scene.model).filter((i) => !except.has(i)),
    false,
    taken,
  );
  return taken;
}

/** Draws what stands out, over the base picture: its edges in the accent, its nodes with a halo and a label. */
export function drawTop(pen: Pen, scene: Scene, view: Viewport, focus: Focus): void {
  const painter = new Painter(pen, scene, view);
  const places = nodesOf(scene.model, focus.rows);
  const bold = focus.node === null ? places : [focus.node];
  const ends = focus.node === null ? places : [...new Set([focus.node, ...places])];
  painter.edges((i) => touches(scene.model.edges[i]?.rows ?? new Set(), focus.rows), scene.palette.accent, 2.5);
  painter.all(ends);
  painter.ring(bold, scene.palette.accent, 4);
  painter.labels(bold, true, []);
}
