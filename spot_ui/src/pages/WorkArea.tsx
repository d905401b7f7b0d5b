import { type CSSProperties, type ReactNode, useMemo, useState } from "react";
import type { RankedRow, Rating } from "../app/source";
import { FullButton } from "../design/FullButton";
import { type Edge, Splitter, useSizes } from "../design/Splitter";
import { Why } from "../features/explain/Why";
import type { RatingDesk } from "../features/rate/useRatings";
import { Details } from "../features/read-records/Details";
import { NetworkView } from "../features/see-network/NetworkView";
import { ListPanel } from "./ListPanel";
import type { Panel, Workbench } from "./useWorkbench";

const SIDE: Edge = {
  name: "side",
  label: "Width of network view and why",
  least: 260,
  most: 900,
  start: 412,
  grows: "left",
};
const DETAILS: Edge = { name: "details", label: "Height of details", least: 100, most: 600, start: 196, grows: "up" };
const NET: Edge = { name: "net", label: "Height of network view", least: 140, most: 700, start: 300, grows: "down" };
const EDGES = [SIDE, DETAILS, NET];
const TITLES: Readonly<Record<Panel, string>> = { list: "List", details: "Details", network: "Network view" };
const NOTHING: ReadonlySet<string> = new Set();

/** Ids of the rows that are rated so. */
function useRatedRows(rows: readonly RankedRow[], desk: RatingDesk, rating: Rating): ReadonlySet<string> {
  const { markOf } = desk;
  return useMemo(
    () => new Set(rows.filter((row) => markOf(row)?.rating === rating).map((row) => row.id)),
    [rows, markOf, rating],
  );
}

function PanelFull({ bench, panel }: { bench: Workbench; panel: Panel }): ReactNode {
  const on = bench.full === panel;
  return <FullButton what={TITLES[panel]} full={on} onToggle={() => bench.setFull(on ? null : panel)} />;
}

interface PointedProps {
  bench: Workbench;
  /** Row under the pointer in the list. */
  hovered: RankedRow | null;
  onHoverRows(rows: ReadonlySet<string>): void;
}

function NetworkPanel({ bench, hovered, onHoverRows }: PointedProps): ReactNode {
  const { source, rows, cursor, desk, data } = bench;
  return (
    <section className="panel w-net" aria-labelledby="t-net">
      <NetworkView
        source={source}
        rows={rows}
        picked={cursor.row}
        hovered={hovered}
        high={useRatedRows(rows, desk, 1)}
        medium={useRatedRows(rows, desk, 2)}
        error={data.rows.error}
        loading={data.rows.isLoading}
        headButtons={<PanelFull bench={bench} panel="network" />}
        onRetry={bench.reload}
        onHoverRows={onHoverRows}
        onPickRows={bench.pickRows}
        onFilter={bench.filter}
      />
    </section>
  );
}

/** List over details at the left, network over why at the right; the edges between them can be moved. */
export function WorkArea({ bench }: { bench: Workbench }): ReactNode {
  const { source, state, rows, cursor, desk } = bench;
  const [hovered, setHovered] = useState<RankedRow | null>(null);
  const [lit, setLit] = useState<ReadonlySet<string>>(NOTHING);
  const [sizes, resize] = useSizes(EDGES);
  const edge = (one: Edge) => <Splitter edge={one} size={sizes[one.name] ?? one.start} onSize={resize} />;
  const measures = Object.fromEntries(EDGES.map(({ name, start }) => [`--${name}-size`, `${sizes[name] ?? start}px`]));
  return (
    <main className="work" data-full={bench.full ?? undefined} style={measures as CSSProperties}>
      <div className="work-left">
        <ListPanel
          bench={bench}
          lit={lit}
          onHover={setHovered}
          headButtons={<PanelFull bench={bench} panel="list" />}
        />
        {edge(DETAILS)}
        <section className="panel w-details" aria-labelledby="t-details">
          <Details
            source={source}
            day={state.day}
            row={cursor.row}
            headButtons={<PanelFull bench={bench} panel="details" />}
          />
        </section>
      </div>
      {edge(SIDE)}
      <div className="work-right">
        <NetworkPanel bench={bench} hovered={hovered} onHoverRows={setLit} />
        {edge(NET)}
        <section className="panel w-why" aria-labelledby="t-why">
          <Why source={source} row={cursor.row} rows={rows} mark={cursor.row ? desk.markOf(cursor.row) : undefined} />
        </section>
      </div>
    </main>
  );
}
