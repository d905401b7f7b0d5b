/** Columns that every source has some of: moments, texts, amounts. */

import type { Column } from "../app/source";
import { clock } from "./format";
import { Bytes, Count } from "./marks";

type Text<Row> = (row: Row) => string | null | undefined;
type Amount<Row> = (row: Row) => number | null;
type More = Pick<Column<never>, "narrow" | "align">;

/** Time of day, with the whole moment in its tooltip. */
export function moment<Row>(key: string, head: string, width: number, of: Text<Row>): Column<Row> {
  return { key, head, width, align: "num", cell: (row) => clock(of(row) ?? ""), full: (row) => `${of(row)} UTC` };
}

/** A text that may be cut, with all of it in its tooltip. Without a width it shares what is left. */
export function text<Row>(key: string, head: string, width: number | undefined, of: Text<Row>, more: More = {}) {
  return { key, head, width, cell: of, full: (row: Row) => of(row) ?? "", ...more };
}

/** An address, a name or a word of a log, in equal widths. */
export function mono<Row>(key: string, head: string, width: number | undefined, of: Text<Row>, more: More = {}) {
  const cell = (row: Row) => <span className="addr">{of(row)}</span>;
  return { ...text(key, head, width, of, more), cell };
}

/** A whole number with thousands separators. */
export function amount<Row>(key: string, head: string, width: number, of: Amount<Row>, more: More = {}): Column<Row> {
  return { key, head, width, align: "num", cell: (row) => <Count value={of(row) ?? 0} />, ...more };
}

/** Bytes with their unit. */
export function size<Row>(key: string, head: string, width: number, of: Amount<Row>, more: More = {}): Column<Row> {
  return { key, head, width, align: "num", cell: (row) => <Bytes value={of(row) ?? 0} />, ...more };
}
