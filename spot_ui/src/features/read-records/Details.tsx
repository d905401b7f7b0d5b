import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import type { RankedRow, Source } from "../../app/source";
import { DataTable, TableSkeleton } from "../../design/DataTable";
import { plural } from "../../design/format";
import { Failure, State, useLate } from "../../design/State";

const SETTLE_MS = 150;

/** The value, once it has not changed for a moment: running over rows asks for none of them. */
export function useSettled<T>(value: T, ms = SETTLE_MS): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

interface DetailsProps {
  source: Source;
  day: string;
  row: RankedRow | null;
  headButtons: ReactNode;
}

/** The records behind the row under the cursor. */
export function Details({ source, day, row, headButtons }: DetailsProps): ReactNode {
  const settled = useSettled(row);
  const query = useQuery({
    queryKey: [source.name, "records", day, settled?.id],
    queryFn: ({ signal }) => source.details.records(settled as RankedRow, day, signal),
    enabled: settled !== null,
  });
  const shown = row === null || settled === null || settled.id !== row.id ? null : query;
  return (
    <>
      <div className="panel-head">
        <h2 id="t-details">Details</h2>
        {row && <span className="sub mono">{source.headline(row)}</span>}
        <span className="spacer" />
        {shown?.data && (
          <span className="sub">{`${plural(shown.data.length, ["record", "records"])}, ${source.details.scope}`}</span>
        )}
        {headButtons}
      </div>
      <DetailsBody source={source} row={row} query={shown} />
    </>
  );
}

interface BodyProps {
  source: Source;
  row: RankedRow | null;
  query: { data?: object[]; error: Error | null; isFetching: boolean; refetch(): unknown } | null;
}

function DetailsBody({ source, row, query }: BodyProps): ReactNode {
  const { columns } = source.details;
  const late = useLate(row !== null && (query === null || query.isFetching));
  if (row === null) {
    return (
      <State title="No row is picked">
        <p>Pick a row of the list to read the records behind it.</p>
      </State>
    );
  }
  if (query?.error)
    return <Failure title="The records could not be read" error={query.error} onRetry={query.refetch} />;
  if (!query?.data) return late ? <TableSkeleton columns={columns} /> : <div className="panel-scroll" />;
  if (query.data.length === 0) {
    return (
      <State title="No record is left of this row">
        <p>The row was ranked, but its records are not in the table of details.</p>
      </State>
    );
  }
  return (
    <DataTable
      label="Records of the picked row"
      className="records"
      columns={columns}
      rows={query.data}
      rowId={(_, index) => String(index)}
      busy={query.isFetching}
    />
  );
}
