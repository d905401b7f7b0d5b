import { ArrowUp } from "lucide-react";
import { type MouseEvent, type ReactNode, useCallback, useMemo } from "react";
import type { RankedRow, Rating, Source } from "../../app/source";
import { DataTable, type TableColumn } from "../../design/DataTable";
import { RateBar, RowRating } from "../rate/RateButtons";
import type { RatingDesk } from "../rate/useRatings";
import { ScoreCell } from "./ScoreCell";
import type { Cursor } from "./useCursor";

interface RankedListProps {
  source: Source;
  rows: readonly RankedRow[];
  cursor: Cursor;
  desk: RatingDesk;
  /** Rows that something elsewhere points at. */
  lit: ReadonlySet<string>;
  busy: boolean;
  onHover(row: RankedRow | null): void;
  onRate(rating: Rating): void;
}

/** Checkbox of one row, or of all. */
function Check(props: { label: string; checked: boolean; mixed?: boolean; onChange(): void }): ReactNode {
  return (
    <label className="check-target">
      <input
        ref={(box) => {
          if (box) box.indeterminate = props.mixed === true;
        }}
        className="check"
        type="checkbox"
        aria-label={props.label}
        checked={props.checked}
        onChange={props.onChange}
      />
    </label>
  );
}

const RANK_HEAD = (
  <>
    Rank
    <span className="sort">
      <ArrowUp className="icon icon-xs" aria-hidden />
    </span>
  </>
);

/** Columns that every list has around those of its source. The skeleton uses them too. */
export function frameColumns(source: Source): TableColumn<RankedRow>[] {
  return [
    { key: "check", head: "Select", width: 34, quietHead: true, cell: () => null },
    {
      key: "rank",
      head: "Rank",
      headCell: RANK_HEAD,
      sorted: "ascending",
      width: 94,
      cell: (row) => <ScoreCell row={row} />,
    },
    ...source.columns,
    { key: "rating", head: "Rating", width: 104, cell: () => null },
  ];
}

function useColumns({ source, rows, cursor, desk }: RankedListProps): TableColumn<RankedRow>[] {
  const { selected, toggle, selectAll } = cursor;
  const { markOf, rate } = desk;
  return useMemo(() => {
    const all = rows.length > 0 && selected.size === rows.length;
    const head = (
      <Check label="Select all rows" checked={all} mixed={selected.size > 0 && !all} onChange={() => selectAll(!all)} />
    );
    const check = (row: RankedRow) => (
      <Check label={`Select rank ${row.rank}`} checked={selected.has(row.id)} onChange={() => toggle(row.id)} />
    );
    const rating = (row: RankedRow) => (
      <RowRating mark={markOf(row)} what={`rank ${row.rank}`} onRate={(value) => rate([row], value)} />
    );
    return frameColumns(source).map((column) => {
      if (column.key === "check") return { ...column, headCell: head, cell: check };
      return column.key === "rating" ? { ...column, cell: rating } : column;
    });
  }, [source, rows, selected, toggle, selectAll, markOf, rate]);
}

/** The ranked rows of the day: most suspicious first, rated in place. */
export function RankedList(props: RankedListProps): ReactNode {
  const { source, rows, cursor, desk, lit, onHover } = props;
  const columns = useColumns(props);
  const click = useCallback(
    (row: RankedRow, event: MouseEvent) => {
      if ((event.target as Element).closest("input, label, button")) return;
      if (event.shiftKey) cursor.extendTo(row.id);
      else if (event.ctrlKey || event.metaKey) cursor.toggle(row.id);
      else cursor.set(row.id);
    },
    [cursor],
  );
  const rowClass = (row: RankedRow): string =>
    [
      desk.markOf(row) ? "is-done" : "",
      cursor.selected.has(row.id) ? "is-selected" : "",
      lit.has(row.id) ? "is-hover" : "",
    ]
      .filter(Boolean)
      .join(" ");
  return (
    <>
      <DataTable
        label={`Suspicious ${source.noun[1]}`}
        className={`list list-${source.name}`}
        columns={columns}
        rows={rows}
        rowId={(row) => row.id}
        rowClass={rowClass}
        cursor={cursor.row?.id ?? null}
        onRowClick={click}
        onHover={onHover}
        busy={props.busy}
      />
      {cursor.selected.size > 0 && (
        <RateBar selected={cursor.selected.size} onRate={props.onRate} onClear={() => cursor.clear()} />
      )}
    </>
  );
}
