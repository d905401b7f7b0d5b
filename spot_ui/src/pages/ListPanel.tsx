import { RotateCw } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import type { RankedRow } from "../app/source";
import { TableSkeleton } from "../design/DataTable";
import { count, dayLabel } from "../design/format";
import { Failure, useLate } from "../design/State";
import { EmptyDay, NoMatch } from "../features/rank-list/ListStates";
import { frameColumns, RankedList } from "../features/rank-list/RankedList";
import { RatedList } from "../features/rate/RatedList";
import { Unsaved } from "../features/rate/Unsaved";
import type { Tab, Workbench } from "./useWorkbench";

interface ListPanelProps {
  bench: Workbench;
  /** Rows that something elsewhere points at. */
  lit: ReadonlySet<string>;
  headButtons: ReactNode;
  onHover(row: RankedRow | null): void;
}

interface TabProps {
  id: Tab;
  title: string;
  amount: number | undefined;
  chosen: Tab;
  onTab(tab: Tab): void;
}

function TabButton({ id, title, amount, chosen, onTab }: TabProps): ReactNode {
  const other: Tab = id === "rated" ? "undecided" : "rated";
  return (
    <button
      type="button"
      role="tab"
      id={`tab-${id}`}
      aria-selected={chosen === id}
      aria-controls="list-body"
      tabIndex={chosen === id ? 0 : -1}
      onClick={() => onTab(id)}
      onKeyDown={(event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        onTab(other);
        document.getElementById(`tab-${other}`)?.focus();
      }}
    >
      {title} {amount !== undefined && <span className="count">{count(amount)}</span>}
    </button>
  );
}

/** Ranked rows, or what stands in their place. */
function Undecided({ bench, lit, onHover }: ListPanelProps): ReactNode {
  const { source, state, data, go } = bench;
  const { rows } = data;
  const late = useLate(rows.isLoading);
  const columns = useMemo(() => frameColumns(source), [source]);
  const fault = state.filter === "" ? null : source.filter.fault(state.filter);
  const noMatch = <NoMatch filter={state.filter} fault={fault} onClear={() => go({ ...state, filter: "" })} />;
  if (fault !== null) return noMatch;
  if (rows.isError) return <Failure title="The list could not be read" error={rows.error} onRetry={bench.reload} />;
  if (rows.data === undefined) return late ? <TableSkeleton columns={columns} /> : <div className="panel-scroll" />;
  if (rows.data.length > 0) {
    const { cursor, desk, rate } = bench;
    const shared = { source, cursor, desk, lit, onHover, onRate: rate };
    return <RankedList {...shared} rows={rows.data} busy={rows.isFetching} />;
  }
  if (state.filter !== "") return noMatch;
  return <EmptyDay source={source} day={state.day} days={data.days.data} rated={data.rated.data?.length ?? 0} />;
}

/** Switches between what is still to decide and what is rated, with how many there are. */
function Tabs({ bench }: { bench: Workbench }): ReactNode {
  const { data, desk, tab, setTab } = bench;
  const open = data.rows.data?.filter((row) => desk.markOf(row) === undefined).length;
  return (
    <div className="seg" role="tablist" aria-label="Rating state">
      <TabButton id="undecided" title="To decide" amount={open} chosen={tab} onTab={setTab} />
      <TabButton id="rated" title="Rated" amount={data.rated.data?.length} chosen={tab} onTab={setTab} />
    </div>
  );
}

/** The panel of the list: what is still to decide, and what is rated. */
export function ListPanel(props: ListPanelProps): ReactNode {
  const { source, state, data, desk, tab, reload } = props.bench;
  return (
    <section className="panel w-list" aria-labelledby="t-list">
      <div className="panel-head">
        <h2 id="t-list">Suspicious</h2>
        <Tabs bench={props.bench} />
        {data.rows.isLoading && (
          <span className="sub" role="status">
            loading {dayLabel(state.day, false)}…
          </span>
        )}
        <span className="spacer" />
        <button type="button" className="btn btn-icon" aria-label="Reload" title="Reload (r)" onClick={reload}>
          <RotateCw className="icon" aria-hidden />
        </button>
        {props.headButtons}
      </div>
      <Unsaved desk={desk} />
      <div className="list-body" id="list-body" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === "undecided" ? (
          <Undecided {...props} />
        ) : (
          <RatedList source={source} day={state.day} query={data.rated} />
        )}
      </div>
    </section>
  );
}
