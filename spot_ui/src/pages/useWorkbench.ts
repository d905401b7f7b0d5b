import { type RefObject, useCallback, useMemo, useRef, useState } from "react";
import type { Day } from "../api/days";
import type { PageState } from "../app/fragment";
import type { RankedRow, Source } from "../app/source";
import { usePageState } from "../app/usePageState";
import { step } from "../features/choose-day/DayPicker";
import { type Cursor, useCursor } from "../features/rank-list/useCursor";
import { type RatingDesk, useRatings } from "../features/rate/useRatings";
import type { PageActions } from "./commands";
import { nextOf } from "./nextOf";
import { type SuspiciousData, useSuspicious } from "./useSuspicious";

export const PAGE = { file: "suspicious.html", title: "Suspicious" };

export type Tab = "undecided" | "rated";
export type Panel = "list" | "details" | "network";

/** All that the panels of a Suspicious page share: what is shown, what is picked, and what can be done. */
export interface Workbench extends PageActions {
  readonly source: Source;
  readonly state: PageState;
  go(next: PageState): void;
  readonly data: SuspiciousData;
  readonly rows: readonly RankedRow[];
  readonly cursor: Cursor;
  readonly desk: RatingDesk;
  readonly tab: Tab;
  setTab(tab: Tab): void;
  /** The panel that takes all the room, if any. */
  readonly full: Panel | null;
  setFull(panel: Panel | null): void;
  readonly helping: boolean;
  setHelping(on: boolean): void;
  readonly filterInput: RefObject<HTMLInputElement | null>;
  /** Filters by a text; the same text again asks again. */
  filter(text: string): void;
  /** Puts the cursor on the first of some rows, or on the next one. */
  pickRows(some: ReadonlySet<string>): void;
}

const NO_ROWS: readonly RankedRow[] = [];

function useReload(data: SuspiciousData, desk: RatingDesk): () => boolean {
  const { reload } = data;
  const { forgetSaved } = desk;
  return useCallback(() => {
    void reload().then((came) => came && forgetSaved());
    return true;
  }, [reload, forgetSaved]);
}

/** Rates the selected rows, else the one under the cursor; false when there is none. */
function useRate(rows: readonly RankedRow[], cursor: Cursor, desk: RatingDesk): PageActions["rate"] {
  return useCallback(
    (rating) => {
      const chosen = rows.filter((row) => cursor.selected.has(row.id));
      const targets = chosen.length > 0 ? chosen : cursor.row ? [cursor.row] : [];
      desk.rate(targets, rating);
      if (chosen.length > 0) cursor.clear();
      return targets.length > 0;
    },
    [rows, cursor, desk],
  );
}

function focusDetails(): void {
  document.querySelector<HTMLElement>(".w-details .panel-scroll")?.focus();
}

/** The state of a Suspicious page and everything that changes it. */
export function useWorkbench(source: Source): Workbench {
  const [state, go] = usePageState();
  const data = useSuspicious(source, state);
  const rows = data.rows.data ?? NO_ROWS;
  const cursor = useCursor(rows);
  const desk = useRatings(source, state.day, data.refreshRated);
  const [tab, setTab] = useState<Tab>("undecided");
  const [full, setFull] = useState<Panel | null>(null);
  const [helping, setHelping] = useState(false);
  const filterInput = useRef<HTMLInputElement>(null);
  const reload = useReload(data, desk);
  const rate = useRate(rows, cursor, desk);
  const shown = { source, state, data, rows, cursor, desk, tab, full, helping, filterInput };
  const changes = useMemo(
    () => ({
      filter: (text: string) => (text === state.filter ? void reload() : go({ ...state, filter: text })),
      pickRows(some: ReadonlySet<string>) {
        setTab("undecided");
        cursor.set(nextOf(rows, some, cursor.row?.id ?? null));
      },
      stepDay(direction: -1 | 1) {
        const goFrom = (days: readonly Day[] | undefined) => {
          const day = step(days, state.day, direction);
          if (day !== null) go({ day, filter: "" });
          return day !== null;
        };
        if (!data.days.isPending) return goFrom(data.days.data);
        // A key pressed while the days are still asked for acts when they are known.
        void data.days.refetch({ cancelRefetch: false }).then((answer) => goFrom(answer.data));
        return true;
      },
      toDetails() {
        if (cursor.row !== null) focusDetails();
        return cursor.row !== null;
      },
      toggleFull() {
        setFull((now) => (now === null ? "list" : null));
        return true;
      },
      help() {
        setHelping(true);
        return true;
      },
    }),
    [state, go, reload, cursor, rows, data.days],
  );
  return { ...shown, ...changes, go, rate, reload, setTab, setFull, setHelping };
}
