import { Scan, Table, ZoomIn, ZoomOut } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { RankedRow, Source } from "../../app/source";
import { useTheme } from "../../app/theme";
import { plural } from "../../design/format";
import { Failure, State } from "../../design/State";
import type { GraphModel } from "./graph";
import { Legend } from "./Legend";
import { NetworkTable } from "./NetworkTable";
import { readPalette } from "./palette";
import type { Scene } from "./scene";
import { Stage } from "./stage";
import { useLayout } from "./useLayout";
import type { Size } from "./viewport";

export interface NetworkViewProps {
  source: Source;
  rows: readonly RankedRow[];
  /** Row under the cursor of the list. */
  picked: RankedRow | null;
  /** Row under the pointer in the list. */
  hovered: RankedRow | null;
  /** Rows rated high and medium since the list was loaded. */
  high: ReadonlySet<string>;
  medium: ReadonlySet<string>;
  /** Why there are no rows, if they could not be read. */
  error: Error | null;
  loading: boolean;
  headButtons: ReactNode;
  onRetry(): void;
  /** A node is pointed at: these rows stand behind it. */
  onHoverRows(rows: ReadonlySet<string>): void;
  onPickRows(rows: ReadonlySet<string>): void;
  onFilter(value: string): void;
}

const NONE: ReadonlySet<string> = new Set();

/** Size of an element, kept up to date; null before it is known. */
function useSize(ref: React.RefObject<HTMLElement | null>): Size | null {
  const [size, setSize] = useState<Size | null>(null);
  useEffect(() => {
    if (ref.current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}

interface Pointed {
  readonly node: number;
  readonly x: number;
  readonly y: number;
}

/** What the pointer is on: its value, what it is, and what a right click does. */
function Tip({ model, source, at, size }: { model: GraphModel; source: Source; at: Pointed; size: Size }): ReactNode {
  const node = model.nodes[at.node];
  if (node === undefined) return null;
  const side = at.x > size.width / 2 ? { right: size.width - at.x + 10 } : { left: at.x + 10 };
  const edge = at.y > size.height / 2 ? { bottom: size.height - at.y + 10 } : { top: at.y + 10 };
  return (
    <div className="pop graph-tip" style={{ ...side, ...edge }}>
      <p className="mono strong">{node.label}</p>
      <p className="muted">{`${source.graph.kinds[node.kind]?.legend}, in ${plural(node.rows.size, ["row", "rows"])}`}</p>
      {node.filter !== undefined && <p className="muted">Right click: only rows with it</p>}
    </div>
  );
}

declare global {
  interface Window {
    /** For tests: points of the graph's nodes on its canvas, by id, once the layout stands. */
    __graph?: () => Record<string, readonly [number, number]>;
  }
}

/** What stands in place of the picture when there is nothing to draw. */
function NoNetwork({ error, onRetry }: { error: Error | null; onRetry(): void }): ReactNode {
  if (error !== null) return <Failure title="There are no rows to draw" error={error} onRetry={onRetry} />;
  return (
    <State title="Nothing to draw">
      <p>The list holds no row with a place in this view.</p>
    </State>
  );
}

/** Keeps a stage on the canvas that shows the scene; gives it to buttons, and what the pointer is on. */
function useStage(canvas: React.RefObject<HTMLCanvasElement | null>, props: NetworkViewProps, scene: Scene | null) {
  const stage = useRef<Stage | null>(null);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const latest = useRef({ props, scene });
  latest.current = { props, scene };

  useEffect(() => {
    if (canvas.current === null) return;
    const node = (i: number) => latest.current.scene?.model.nodes[i];
    const made = new Stage(canvas.current, {
      onHover(i, x, y) {
        setPointed(i === null ? null : { node: i, x, y });
        latest.current.props.onHoverRows((i !== null && node(i)?.rows) || NONE);
      },
      onClick: (i) => latest.current.props.onPickRows(node(i)?.rows ?? NONE),
      onContext(i) {
        const value = node(i)?.filter;
        if (value !== undefined) latest.current.props.onFilter(value);
      },
    });
    stage.current = made;
    window.__graph = () => made.points();
    return () => made.destroy();
  }, [canvas]);

  const shown = useRef<Scene | null>(null);
  useEffect(() => {
    if (stage.current === null || scene === null) return;
    const before = shown.current;
    const refit = before?.positions !== scene.positions || before.size !== scene.size;
    if (refit) stage.current.resize(scene.size);
    stage.current.show(scene, refit);
    shown.current = scene;
  }, [scene]);

  const { picked, hovered } = props;
  useEffect(() => {
    const chosen = { rows: picked ? new Set([picked.id]) : NONE, node: null };
    const node = pointed === null ? undefined : scene?.model.nodes[pointed.node];
    if (node !== undefined) stage.current?.focus(chosen, { rows: node.rows, node: pointed?.node ?? null });
    else stage.current?.focus(chosen, hovered ? { rows: new Set([hovered.id]), node: null } : null);
  }, [picked, hovered, pointed, scene]);
  return { stage, pointed };
}

/** Who talks to whom in the loaded rows. */
export function NetworkView(props: NetworkViewProps): ReactNode {
  const { source, rows, high, medium } = props;
  const [asTable, setAsTable] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSize(box);
  const [theme] = useTheme();
  const model = useMemo(() => source.graph.build(rows), [source, rows]);
  const layout = useLayout(model, size);
  const { kinds } = source.graph;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the palette changes with the theme
  const palette = useMemo(() => readPalette(Object.values(kinds).map((kind) => kind.fill)), [kinds, theme]);
  const scene = useMemo(
    () => (layout && size ? { ...layout, kinds, palette, size, high, medium } : null),
    [layout, size, kinds, palette, high, medium],
  );
  const { stage, pointed } = useStage(canvas, props, scene);
  const nodes = model.nodes.length;
  return (
    <>
      <div className="panel-head">
        <h2 id="t-net">Network view</h2>
        <span className="sub">{plural(nodes, ["node", "nodes"])}</span>
        <span className="spacer" />
        <button
          type="button"
          className="btn btn-icon"
          aria-label="Zoom in"
          title="Zoom in"
          onClick={() => stage.current?.zoomBy(1.4)}
        >
          <ZoomIn className="icon" aria-hidden />
        </button>
        <button
          type="button"
          className="btn btn-icon"
          aria-label="Zoom out"
          title="Zoom out"
          onClick={() => stage.current?.zoomBy(1 / 1.4)}
        >
          <ZoomOut className="icon" aria-hidden />
        </button>
        <button
          type="button"
          className="btn btn-icon"
          aria-label="Fit"
          title="Fit"
          onClick={() => stage.current?.fit()}
        >
          <Scan className="icon" aria-hidden />
        </button>
        <button
          type="button"
          className="btn btn-icon"
          aria-label="Show as table"
          title="Show as table"
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          <Table className="icon" aria-hidden />
        </button>
        {props.headButtons}
      </div>
      {asTable && (
        <NetworkTable source={source} model={model} onFilter={props.onFilter} onPickRows={props.onPickRows} />
      )}
      <div
        className={`net-body ${asTable ? "is-away" : ""}`}
        data-layout={scene?.model === model ? "ready" : "waiting"}
      >
        <div className="net-canvas" ref={box}>
          <canvas
            ref={canvas}
            role="img"
            aria-label={`${plural(nodes, ["node", "nodes"])} of the loaded ${source.noun[1]}. The same as a table: button Show as table.`}
          />
          {pointed && size && <Tip model={model} source={source} at={pointed} size={size} />}
          {nodes === 0 && !props.loading && <NoNetwork error={props.error} onRetry={props.onRetry} />}
        </div>
        <Legend kinds={kinds} />
      </div>
    </>
  );
}
