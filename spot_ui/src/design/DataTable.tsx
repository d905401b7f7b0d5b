/** The one table of the pages: fixed columns, one element per visible row, keyboard and screen reader included. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type MouseEvent, memo, type ReactNode, useEffect, useRef } from "react";
import type { Column } from "../app/source";

const ROW_REM = 1.75;

/** Width in px below which a column that shares what is left tells nothing. */
const LEAST = 96;

/** Width in rem that a table needs before it scrolls sideways; `slim` leaves narrow columns out. */
function leastWidth<Row>(columns: readonly Column<Row>[], slim = false): number {
  const shown = columns.filter((column) => !slim || !column.narrow);
  return shown.reduce((sum, column) => sum + (column.width ?? LEAST), 0) / 16;
}

/** A column with what a table may add: its own head, and the direction it is sorted in. */
export interface TableColumn<Row> extends Column<Row> {
  readonly headCell?: ReactNode;
  readonly sorted?: "ascending" | "descending";
}

interface TableProps<Row> {
  label: string;
  columns: readonly TableColumn<Row>[];
  rows: readonly Row[];
  rowId(row: Row, index: number): string;
  rowClass?(row: Row): string;
  /** Id of the row under the cursor. */
  cursor?: string | null;
  onRowClick?(row: Row, event: MouseEvent): void;
  onHover?(row: Row | null): void;
  /** A reload is under way over the rows that are shown. */
  busy?: boolean;
  className?: string;
}

function cellClass<Row>(column: TableColumn<Row>, extra = ""): string {
  return [column.align ?? "", column.narrow ? "x-narrow" : "", extra].filter(Boolean).join(" ");
}

interface LineProps<Row> {
  row: Row;
  id: string;
  index: number;
  className: string;
  isCursor: boolean;
  columns: readonly TableColumn<Row>[];
  measure(element: HTMLTableRowElement | null): void;
  onClick?(row: Row, event: MouseEvent): void;
  onHover?(row: Row | null): void;
}

function LineBase<Row>({ row, id, index, className, isCursor, columns, measure, onClick, onHover }: LineProps<Row>) {
  return (
    <tr
      ref={measure}
      data-index={index}
      data-row={id}
      className={className}
      aria-rowindex={index + 2}
      aria-current={isCursor || undefined}
      tabIndex={onClick ? (isCursor ? 0 : -1) : undefined}
      onClick={onClick && ((event) => onClick(row, event))}
      onPointerEnter={onHover && (() => onHover(row))}
      onPointerLeave={onHover && (() => onHover(null))}
    >
      {columns.map((column) => (
        <td key={column.key} className={cellClass(column)} title={column.full?.(row)}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

const Line = memo(LineBase) as typeof LineBase;

function Head<Row>({ columns }: { columns: readonly TableColumn<Row>[] }): ReactNode {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.map((column) => (
          <th key={column.key} scope="col" className={cellClass(column)} aria-sort={column.sorted}>
            {column.headCell ?? (column.quietHead ? <span className="vh">{column.head}</span> : column.head)}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** A row of empty height that stands for rows outside the view. */
function Gap({ height }: { height: number }): ReactNode {
  if (height <= 0) return null;
  return (
    <tr className="gap" style={{ height }}>
      <td />
    </tr>
  );
}

/** Keeps the cursor row in view, and gives it the focus when the keyboard is used in the table or nowhere. */
function useCursorInView(region: React.RefObject<HTMLDivElement | null>, cursor: string | null, show: () => void) {
  const latest = useRef(show);
  latest.current = show;
  useEffect(() => {
    if (cursor === null) return;
    latest.current();
    const frame = requestAnimationFrame(() => {
      const active = document.activeElement;
      if (active !== document.body && !region.current?.contains(active)) return;
      if (active?.closest("tr")?.dataset.row === cursor) return;
      const row = region.current?.querySelector<HTMLElement>(`tr[data-row="${CSS.escape(cursor)}"]`);
      row?.focus({ preventScroll: true });
    });
    return () => cancelAnimationFrame(frame);
  }, [cursor, region]);
}

export function DataTable<Row>(props: TableProps<Row>): ReactNode {
  const { columns, rows, rowId, cursor = null } = props;
  const region = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => region.current,
    estimateSize: () => ROW_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize),
    overscan: 12,
    scrollPaddingStart: 32,
    scrollPaddingEnd: 60,
  });
  useCursorInView(region, cursor, () => {
    const index = rows.findIndex((row, i) => rowId(row, i) === cursor);
    if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
  });
  const items = virtual.getVirtualItems();
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const measures = {
    "--wide": `${leastWidth(columns)}rem`,
    "--slim": `${leastWidth(columns, true)}rem`,
  } as CSSProperties;
  return (
    <div ref={region} className="panel-scroll" role="region" aria-label={props.label} tabIndex={0}>
      <table
        className={`tbl ${props.className ?? ""} ${props.busy ? "is-busy" : ""}`}
        style={measures}
        aria-rowcount={rows.length + 1}
        aria-busy={props.busy || undefined}
      >
        <colgroup>
          {columns.map((column) => (
            <col
              key={column.key}
              className={column.narrow ? "x-narrow" : undefined}
              style={column.width === undefined ? undefined : { width: `${column.width / 16}rem` }}
            />
          ))}
        </colgroup>
        <Head columns={columns} />
        <tbody>
          <Gap height={items[0]?.start ?? 0} />
          {items.map(({ index }) => {
            const row = rows[index] as Row;
            const id = rowId(row, index);
            return (
              <Line
                key={id}
                row={row}
                id={id}
                index={index}
                className={`${props.rowClass?.(row) ?? ""} ${id === cursor ? "is-cursor" : ""}`.trim()}
                isCursor={id === cursor}
                columns={columns}
                measure={virtual.measureElement}
                onClick={props.onRowClick}
                onHover={props.onHover}
              />
            );
          })}
          <Gap height={after} />
        </tbody>
      </table>
    </div>
  );
}

const WIDTHS = ["w1", "w4", "w3", "w5", "w6", "w2"];

/** The table's frame while its rows are on their way: nothing moves. */
export function TableSkeleton<Row>({ columns }: { columns: readonly TableColumn<Row>[] }): ReactNode {
  return (
    <div className="panel-scroll skeleton" aria-hidden="true">
      <table className="tbl">
        <colgroup>
          {columns.map((column) => (
            <col
              key={column.key}
              className={column.narrow ? "x-narrow" : undefined}
              style={column.width === undefined ? undefined : { width: `${column.width / 16}rem` }}
            />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} className={cellClass(column)}>
                {column.quietHead ? "" : column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: 14 }, (_, line) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines of a skeleton are all alike
            <tr key={line}>
              {columns.map((column, i) => (
                <td key={column.key} className={cellClass(column)}>
                  <span
                    className={`skel ${column.width !== undefined && column.width < 40 ? "w1" : WIDTHS[(line + i) % 6]}`}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
