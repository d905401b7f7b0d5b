/** Toy: doors that badges opened. */

import { operation, request } from "../api/graphql";
import { defineSource, type RankedRow, type RatedItem } from "../app/source";
import { GraphBuilder } from "../features/see-network/graph";

interface Row extends RankedRow {
  badge: string;
  door: string;
}

const ROWS = operation<{ toy: { suspicious: { badge: string; door: string }[] | null } }, { date: string }>(`
  query ToySuspicious($date: SpotDateType) { toy { suspicious(date: $date) { badge door } } }`);

export const source = defineSource<Row, object, RatedItem>({
  name: "toy",
  order: 9,
  menu: "Toy",
  title: "Toy",
  noun: ["door", "doors"],
  filter: { id: "ip_filter", label: "Badge", placeholder: "badge", hint: "a badge", fault: () => null },
  columns: [{ key: "badge", head: "Badge", cell: (row) => row.badge }],
  async rows(day, _filter, signal) {
    const answer = await request(ROWS, { date: day }, signal);
    return (answer.toy.suspicious ?? []).map((row, rank) => ({ ...row, rank, id: String(rank), score: 0 }));
  },
  details: { scope: "none", columns: [], records: async () => [] },
  rating: {
    key: (row) => row.id,
    send: async (rows) => rows.map(() => false),
    columns: [],
    rated: async () => [],
  },
  graph: { kinds: {}, build: () => new GraphBuilder().done() },
  headline: (row) => row.door,
  facts: () => [],
});
