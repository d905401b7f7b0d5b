import { type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { type Day, fetchDays } from "../api/days";
import type { PageState } from "../app/fragment";
import type { RankedRow, RatedItem, Source } from "../app/source";

export interface SuspiciousData {
  readonly rows: UseQueryResult<RankedRow[], Error>;
  readonly rated: UseQueryResult<RatedItem[], Error>;
  readonly days: UseQueryResult<Day[], Error>;
  /** Asks for everything again; the old stays in view until the new is there. True when the rows came. */
  reload(): Promise<boolean>;
  /** Asks again for what has been rated. */
  refreshRated(): void;
}

/** What the page shows of a day: its rows, what is rated, and which other days there are. */
export function useSuspicious(source: Source, state: PageState): SuspiciousData {
  const client = useQueryClient();
  const { day, filter } = state;
  const possible = filter === "" || source.filter.fault(filter) === null;
  const rows = useQuery({
    queryKey: [source.name, "rows", day, filter],
    queryFn: ({ signal }) => source.rows(day, filter, signal),
    enabled: possible,
  });
  const rated = useQuery({
    queryKey: [source.name, "rated", day],
    queryFn: ({ signal }) => source.rating.rated(day, signal),
  });
  const days = useQuery({
    queryKey: [source.name, "days"],
    queryFn: ({ signal }) => fetchDays(source.name, signal),
  });
  const refreshRated = useCallback(() => {
    void client.invalidateQueries({ queryKey: [source.name, "rated", day] });
    void client.invalidateQueries({ queryKey: [source.name, "days"] });
  }, [client, source, day]);
  const { refetch } = rows;
  const reload = useCallback(async () => {
    refreshRated();
    return possible && (await refetch()).isSuccess;
  }, [refetch, refreshRated, possible]);
  return { rows, rated, days, reload, refreshRated };
}
