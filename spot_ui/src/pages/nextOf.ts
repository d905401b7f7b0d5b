import type { RankedRow } from "../app/source";

/** The row to look at after a node was picked: the first of its rows, or the next one when it is picked again. */
export function nextOf(rows: readonly RankedRow[], some: ReadonlySet<string>, now: string | null): string | null {
  const ids = rows.filter((row) => some.has(row.id)).map((row) => row.id);
  const at = now === null ? -1 : ids.indexOf(now);
  return ids[(at + 1) % Math.max(1, ids.length)] ?? null;
}
