import { type CSSProperties, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { AppBar } from "../app/AppBar";
import type { PageState } from "../app/fragment";
import { StatusBar } from "../app/StatusBar";
import { useSessionEnded } from "../app/session";
import type { RankedRow, Rating, Source } from "../app/source";
import { usePageState, writeState } from "../app/usePageState";
import { FullButton } from "../design/FullButton";
import { count } from "../design/format";
import { type Edge, Splitter, useSizes } from "../design/Splitter";
import { DayPicker, step } from "../features/choose-day/DayPicker";
import { Why } from "../features/explain/Why";
import { FilterBox } from "../features/filter-rows/FilterBox";
import { type Cursor, useCursor } from "../features/rank-list/useCursor";
import { type RatingDesk, useRatings } from "../features/rate/useRatings";
import { Details } from "../features/read-records/Details";
import { NetworkView } from "../features/see-network/NetworkView";
import { SignIn } from "../features/sign-in/SignIn";
import { KeyHelp } from "../features/use-keys/KeyHelp";
import { useKeys } from "../features/use-keys/keys";
import { ListPanel, type Tab } from "./ListPanel";
import { nextOf } from "./nextOf";
import { type PageActions, useCommands } from "./useCommands";
import { type SuspiciousData, useSuspicious } from "./useSuspicious";

type Panel = "list" | "details" | "network";

const PAGE = { file: "suspicious.html", title: "Suspicious" };
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
const NO_ROWS: readonly RankedRow[] = [];
const NOTHING: ReadonlySet<string> = new Set();

/** Ids of the rows that are rated so. */
function ratedRows(rows: readonly RankedRow[], desk: RatingDesk, rating: Rating): ReadonlySet<string> {
  return new Set(rows.filter((row) => desk.markOf(row)?.rating === rating).map((row) => row.id));
}

function useTitle(source: Source): void {
  useEffect(() => {
    document.title = `${source.title} :: ${PAGE.title}`;
  }, [source]);
}

interface QueryBarProps {
  source: Source;
  state: PageState;
  data: SuspiciousData;
  input: React.RefObject<HTMLInputElement | null>;
  onState(next: PageState): void;
  onFilter(text: string): void;
  onLeave(): void;
}

/** The day and the filter. */
function QueryBar({ source, state, data, input, onState, onFilter, onLeave }: QueryBarProps): ReactNode {
  return (
    <section className="querybar" aria-label="Day and filter">
      <h1 className="vh">{`Spot :: ${source.title} :: ${PAGE.title}`}</h1>
      <DayPicker day={state.day} days={data.days.data} onChoose={(day) => onState({ day, filter: "" })} />
      <FilterBox
        rule={source.filter}
        applied={state.filter}
        stamp={state}
        input={input}
        onType={(filter) => writeState({ ...state, filter }, false)}
        onApply={onFilter}
        onLeave={onLeave}
      />
    </section>
  );
}

function useActions(parts: {
  cursor: Cursor;
  rows: readonly RankedRow[];
  desk: RatingDesk;
  state: PageState;
  data: SuspiciousData;
  filterInput: PageActions["filterInput"];
  go(next: PageState): void;
  reload(): void;
  toggleFull(): void;
  openHelp(): void;
}): PageActions {
  const { cursor, rows, desk, state, data, filterInput, go, reload, toggleFull, openHelp } = parts;
  return useMemo(
    () => ({
      cursor,
      filterInput,
      rate(rating) {
        const chosen = rows.filter((row) => cursor.selected.has(row.id));
        const targets = chosen.length > 0 ? chosen : cursor.row ? [cursor.row] : [];
        desk.rate(targets, rating);
        if (chosen.length > 0) cursor.clear();
        return targets.length > 0;
      },
      stepDay(direction) {
        const day = step(data.days.data, state.day, direction);
        if (day !== null) go({ day, filter: "" });
        return day !== null;
      },
      toDetails() {
        if (cursor.row === null) return false;
        document.querySelector<HTMLElement>(".w-details .panel-scroll")?.focus();
        return true;
      },
      toggleFull() {
        toggleFull();
        return true;
      },
      reload() {
        reload();
        return true;
      },
      help() {
        openHelp();
        return true;
      },
    }),
    [cursor, rows, desk, state, data.days.data, filterInput, go, reload, toggleFull, openHelp],
  );
}

/** One source, one day: its ranked rows, the network they make, the records behind them, and the analyst's ratings. */
export function SuspiciousPage({ source }: { source: Source }): ReactNode {
  const [state, setState] = usePageState();
  const data = useSuspicious(source, state);
  const rows = data.rows.data ?? NO_ROWS;
  const cursor = useCursor(rows);
  const desk = useRatings(source, state.day, data.refreshRated);
  const [tab, setTab] = useState<Tab>("undecided");
  const [full, setFull] = useState<Panel | null>(null);
  const [hovered, setHovered] = useState<RankedRow | null>(null);
  const [lit, setLit] = useState<ReadonlySet<string>>(NOTHING);
  const [help, setHelp] = useState(false);
  const [sizes, resize] = useSizes([SIDE, DETAILS, NET]);
  const filterInput = useRef<HTMLInputElement>(null);
  const ended = useSessionEnded();
  useTitle(source);

  const { reload: ask } = data;
  const { forgetSaved } = desk;
  const reload = useCallback(async () => {
    if (await ask()) forgetSaved();
  }, [ask, forgetSaved]);
  const filter = useCallback(
    (text: string) => {
      if (text === state.filter) void reload();
      else setState({ ...state, filter: text });
    },
    [state, setState, reload],
  );
  const toggleFull = useCallback(() => setFull((now) => (now === null ? "list" : null)), []);
  const openHelp = useCallback(() => setHelp(true), []);
  const actions = useActions({
    cursor,
    rows,
    desk,
    state,
    data,
    filterInput,
    go: setState,
    reload,
    toggleFull,
    openHelp,
  });
  const commands = useCommands(actions);
  useKeys(commands);

  const high = useMemo(() => ratedRows(rows, desk, 1), [rows, desk]);
  const medium = useMemo(() => ratedRows(rows, desk, 2), [rows, desk]);
  const pickRows = useCallback(
    (some: ReadonlySet<string>) => {
      setTab("undecided");
      cursor.set(nextOf(rows, some, cursor.row?.id ?? null));
    },
    [cursor, rows],
  );
  const fullButton = (panel: Panel, what: string) => (
    <FullButton what={what} full={full === panel} onToggle={() => setFull(full === panel ? null : panel)} />
  );
  const measures = {
    "--side-w": `${sizes.side}px`,
    "--details-h": `${sizes.details}px`,
    "--net-h": `${sizes.net}px`,
  } as CSSProperties;

  return (
    <div className="app">
      <AppBar source={source} day={state.day} page={PAGE} onHelp={openHelp} />
      <QueryBar
        source={source}
        state={state}
        data={data}
        input={filterInput}
        onState={setState}
        onFilter={filter}
        onLeave={() => document.querySelector<HTMLElement>(".w-list .panel-scroll")?.focus()}
      />
      <main className="work" data-full={full ?? undefined} style={measures}>
        <div className="work-left">
          <ListPanel
            source={source}
            state={state}
            data={data}
            cursor={cursor}
            desk={desk}
            lit={lit}
            tab={tab}
            headButtons={fullButton("list", "List")}
            onTab={setTab}
            onHover={setHovered}
            onRate={actions.rate}
            onClearFilter={() => setState({ ...state, filter: "" })}
            onReload={reload}
          />
          <Splitter edge={DETAILS} size={sizes.details ?? DETAILS.start} onSize={resize} />
          <section className="panel w-details" aria-labelledby="t-details">
            <Details source={source} day={state.day} row={cursor.row} headButtons={fullButton("details", "Details")} />
          </section>
        </div>
        <Splitter edge={SIDE} size={sizes.side ?? SIDE.start} onSize={resize} />
        <div className="work-right">
          <section className="panel w-net" aria-labelledby="t-net">
            <NetworkView
              source={source}
              rows={rows}
              picked={cursor.row}
              hovered={hovered}
              error={data.rows.error}
              loading={data.rows.isLoading}
              onRetry={reload}
              high={high}
              medium={medium}
              headButtons={fullButton("network", "Network view")}
              onHoverRows={setLit}
              onPickRows={pickRows}
              onFilter={filter}
            />
          </section>
          <Splitter edge={NET} size={sizes.net ?? NET.start} onSize={resize} />
          <section className="panel w-why" aria-labelledby="t-why">
            <Why source={source} row={cursor.row} rows={rows} mark={cursor.row ? desk.markOf(cursor.row) : undefined} />
          </section>
        </div>
      </main>
      <StatusBar facts={["Times in UTC", `${count(rows.length)} ${source.noun[1]} listed`]} />
      <div role="status" aria-live="polite">
        {desk.notice && <div className="toast">{desk.notice}</div>}
      </div>
      {help && <KeyHelp commands={commands} onClose={() => setHelp(false)} />}
      {ended && (
        <SignIn
          waiting={desk.failed.length}
          onSignedIn={() => {
            desk.retry();
            void reload();
          }}
        />
      )}
    </div>
  );
}
