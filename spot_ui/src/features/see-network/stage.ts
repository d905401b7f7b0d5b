/** The canvas that the graph lives on: shows a scene, moves it under the pointer, says what the pointer is on. */

import type { Quadtree } from "d3-quadtree";
import { indexOf, nodeAt } from "./hit";
import { drawBase, drawTop, type Focus, nodesOf, type Scene } from "./scene";
import { fitted, pan, type Size, toGraph, type Viewport, zoom } from "./viewport";

export interface StageEvents {
  /** The pointer came to a node, or left it; with its point on the canvas. */
  onHover(node: number | null, x: number, y: number): void;
  onClick(node: number): void;
  onContext(node: number): void;
}

const NOTHING: Focus = { rows: new Set(), node: null };
/** A press that moves less than this is a click, px. */
const CLICK_SLACK = 4;
/** Time without movement after which a blurred picture is drawn crisp again. */
const CRISP_MS = 120;

interface Drag {
  readonly node: number | null;
  readonly startX: number;
  readonly startY: number;
  x: number;
  y: number;
  moved: boolean;
}

export class Stage {
  private readonly pen: CanvasRenderingContext2D;
  private readonly bitmap = document.createElement("canvas");
  /** Viewport that the bitmap was drawn with; null when it must be drawn anew. */
  private drawn: Viewport | null = null;
  private scene: Scene | null = null;
  private index: Quadtree<number> | null = null;
  private view: Viewport = { scale: 1, x: 0, y: 0 };
  private size: Size = { width: 0, height: 0 };
  private picked: Focus = NOTHING;
  private hovered: Focus | null = null;
  private drag: Drag | null = null;
  private under: number | null = null;
  private frame = 0;
  private crisp: ReturnType<typeof setTimeout> | undefined;
  private readonly stop = new AbortController();

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly events: StageEvents,
  ) {
    this.pen = canvas.getContext("2d") as CanvasRenderingContext2D;
    const { signal } = this.stop;
    canvas.addEventListener("pointerdown", (event) => this.press(event), { signal });
    canvas.addEventListener("pointermove", (event) => this.move(event), { signal });
    canvas.addEventListener("pointerup", () => this.release(), { signal });
    canvas.addEventListener("pointerleave", () => this.hover(null, 0, 0), { signal });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
    canvas.addEventListener("contextmenu", (event) => this.context(event), { signal });
  }

  destroy(): void {
    this.stop.abort();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.crisp);
  }

  resize(size: Size): void {
    this.size = size;
    const ratio = devicePixelRatio;
    for (const canvas of [this.canvas, this.bitmap]) {
      canvas.width = Math.round(size.width * ratio);
      canvas.height = Math.round(size.height * ratio);
    }
  }

  /** Shows another scene; a new layout is fitted into the canvas, a new look of the same stays where it is. */
  show(scene: Scene, refit: boolean): void {
    if (this.scene?.positions !== scene.positions) this.index = indexOf(scene.positions);
    this.scene = scene;
    if (refit) this.view = fitted(scene.positions, this.size);
    this.redraw();
  }

  fit(): void {
    if (this.scene === null) return;
    this.view = fitted(this.scene.positions, this.size);
    this.redraw();
  }

  zoomBy(factor: number): void {
    this.view = zoom(this.view, factor, this.size.width / 2, this.size.height / 2);
    this.redraw();
  }

  /** Sets what is picked (halo, accent edges) and what is pointed at (all else fades). */
  focus(picked: Focus, hovered: Focus | null): void {
    const relabel = picked.rows !== this.picked.rows;
    this.picked = picked;
    this.hovered = hovered;
    if (relabel) this.drawn = null;
    this.schedule();
  }

  /** Points of the nodes on the canvas, by id. */
  points(): Record<string, readonly [number, number]> {
    const { scene, view } = this;
    if (scene === null) return {};
    return Object.fromEntries(
      scene.model.nodes.map((node, i) => [
        node.id,
        [
          view.x + view.scale * (scene.positions[2 * i] as number),
          view.y + view.scale * (scene.positions[2 * i + 1] as number),
        ],
      ]),
    );
  }

  private redraw(): void {
    this.drawn = null;
    this.schedule();
  }

  private schedule(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    const { scene, pen } = this;
    if (scene === null || this.size.width === 0) return;
    if (this.drawn === null) this.drawBitmap(scene);
    const ratio = devicePixelRatio;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.globalAlpha = this.hovered === null ? 1 : 0.2;
    this.blit(this.drawn as Viewport, ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawTop(pen, scene, this.view, this.picked);
    pen.globalAlpha = 1;
    if (this.hovered !== null) drawTop(pen, scene, this.view, this.hovered);
  }

  private drawBitmap(scene: Scene): void {
    const pen = this.bitmap.getContext("2d") as CanvasRenderingContext2D;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.bitmap.width, this.bitmap.height);
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    drawBase(pen, scene, this.view, new Set(nodesOf(scene.model, this.picked.rows)));
    this.drawn = this.view;
  }

  /** Puts the bitmap where the viewport is now, scaled from where it was drawn. */
  private blit(from: Viewport, ratio: number): void {
    const scale = this.view.scale / from.scale;
    const x = (this.view.x - from.x * scale) * ratio;
    const y = (this.view.y - from.y * scale) * ratio;
    this.pen.setTransform(scale, 0, 0, scale, x, y);
    this.pen.drawImage(this.bitmap, 0, 0);
  }

  /** After the last movement the bitmap is drawn again for where the viewport has come to. */
  private settleLater(): void {
    clearTimeout(this.crisp);
    this.crisp = setTimeout(() => this.redraw(), CRISP_MS);
    this.schedule();
  }

  private at(event: MouseEvent): number | null {
    if (this.scene === null || this.index === null) return null;
    const point = [event.offsetX, event.offsetY] as const;
    return nodeAt(this.index, this.scene.positions, this.scene.radii, this.view, point);
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    const { offsetX: x, offsetY: y } = event;
    this.drag = { node: this.at(event), startX: x, startY: y, x, y, moved: false };
  }

  private move(event: PointerEvent): void {
    const { drag } = this;
    if (drag === null) {
      this.hover(this.at(event), event.offsetX, event.offsetY);
      return;
    }
    const { offsetX: x, offsetY: y } = event;
    drag.moved ||= Math.hypot(x - drag.startX, y - drag.startY) > CLICK_SLACK;
    if (drag.moved) this.dragTo(drag, x, y);
    drag.x = x;
    drag.y = y;
  }

  private dragTo(drag: Drag, x: number, y: number): void {
    this.hover(null, 0, 0);
    if (drag.node === null || this.scene === null) {
      this.view = pan(this.view, x - drag.x, y - drag.y);
      this.settleLater();
      return;
    }
    const [gx, gy] = toGraph(this.view, x, y);
    this.scene.positions[2 * drag.node] = gx;
    this.scene.positions[2 * drag.node + 1] = gy;
    this.redraw();
  }

  private release(): void {
    const { drag } = this;
    this.drag = null;
    if (drag === null || drag.node === null) return;
    if (!drag.moved) this.events.onClick(drag.node);
    else if (this.scene !== null) this.index = indexOf(this.scene.positions);
  }

  private hover(node: number | null, x: number, y: number): void {
    if (node === this.under) return;
    this.under = node;
    this.canvas.dataset.over = node === null ? "" : "node";
    this.events.onHover(node, x, y);
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    this.view = zoom(this.view, Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
    this.settleLater();
  }

  private context(event: MouseEvent): void {
    const node = this.at(event);
    if (node === null) return;
    event.preventDefault();
    this.events.onContext(node);
  }
}
