import { useCallback, useMemo, useState } from "react";
import type { RankedRow } from "../../app/source";

export interface Cursor {
  /** The row under the cursor, if the list still holds it. */
  readonly row: RankedRow | null;
  readonly selected: ReadonlySet<string>;
  set(id: string | null): void;
  /** Moves by rows; from nowhere to the first. */
  move(by: number): boolean;
  /** Selects or unselects a row, or the one under the cursor. */
  toggle(id?: string): boolean;
  /** Selects everything between the cursor and a row. */
  extendTo(id: string): void;
  selectAll(on: boolean): void;
  /** Clears the selection; false when there was none. */
  clear(): boolean;
}

/** Ids of the rows between two, both included, in either direction. */
export function between(rows: readonly RankedRow[], a: string, b: string): string[] {
  const [i, j] = [rows.findIndex((row) => row.id === a), rows.findIndex((row) => row.id === b)];
  if (i < 0 || j < 0) return [b];
  return rows.slice(Math.min(i, j), Math.max(i, j) + 1).map((row) => row.id);
}

/** Cursor and selection of a list; both follow the identity of rows, so a reload keeps them. */
export function useCursor(rows: readonly RankedRow[]): Cursor {
  const [id, set] = useState<string | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const places = useMemo(() => new Map(rows.map((row, i) => [row.id, i])), [rows]);
  const row = rows[places.get(id ?? "") ?? -1] ?? null;
  const selected = useMemo(() => new Set([...chosen].filter((one) => places.has(one))), [chosen, places]);

  const move = useCallback(
    (by: number) => {
      const at = places.get(id ?? "");
      const next = at === undefined ? 0 : Math.min(rows.length - 1, Math.max(0, at + by));
      const target = rows[next];
      if (target !== undefined) set(target.id);
      return target !== undefined;
    },
    [rows, places, id],
  );
  const toggle = useCallback(
    (one: string | undefined = row?.id) => {
      if (one === undefined) return false;
      setChosen((now) => {
        const next = new Set(now);
        if (!next.delete(one)) next.add(one);
        return next;
      });
      return true;
    },
    [row],
  );
  const extendTo = useCallback(
    (one: string) => setChosen((now) => new Set([...now, ...between(rows, id ?? one, one)])),
    [rows, id],
  );
  const selectAll = useCallback((on: boolean) => setChosen(new Set(on ? rows.map((one) => one.id) : [])), [rows]);
  const clear = useCallback(() => {
    setChosen(new Set());
    return selected.size > 0;
  }, [selected]);
  return { row, selected, set, move, toggle, extendTo, selectAll, clear };
}
