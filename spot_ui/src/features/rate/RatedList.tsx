import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import type { Column, RatedItem, Source } from "../../app/source";
import { DataTable, TableSkeleton } from "../../design/DataTable";
import { dayLabel } from "../../design/format";
import { Failure, State } from "../../design/State";
import { RatingBadge } from "./RateButtons";

interface RatedListProps {
  source: Source;
  day: string;
  query: UseQueryResult<RatedItem[], Error>;
}

const RATING: Column<RatedItem> = {
  key: "rating",
  head: "Rating",
  width: 104,
  cell: (item) => <RatingBadge rating={item.rating} />,
};

/** What has been rated on a day, as the server holds it. */
export function RatedList({ source, day, query }: RatedListProps): ReactNode {
  const columns = useMemo(() => [RATING, ...source.rating.columns], [source]);
  if (query.isError)
    return <Failure title="The ratings could not be read" error={query.error} onRetry={query.refetch} />;
  if (query.data === undefined) return <TableSkeleton columns={columns} />;
  if (query.data.length === 0) {
    return (
      <State title={`Nothing is rated for ${dayLabel(day)}`}>{<p>Rate rows with 1, 2 or 3 in the other tab.</p>}</State>
    );
  }
  return (
    <DataTable
      label={`Rated ${source.noun[1]}`}
      columns={columns}
      rows={query.data}
      rowId={(_, index) => String(index)}
      busy={query.isFetching}
    />
  );
}
