/** DNS: names that clients asked for, with the answers they got. */

import { operation, request } from "../api/graphql";
import { defineSource, type RankedRow, type RatedItem, type Rating } from "../app/source";
import { clock, STRONGEST, strength } from "../design/format";
import { Address, Count, DomainName, Lines, Shield } from "../design/marks";
import { parseReputation, reputationText } from "../design/reputation";
import { isAddress } from "../features/filter-rows/address";
import { GraphBuilder } from "../features/see-network/graph";

interface ApiRow {
  frameTime: string;
  frameLength: number | null;
  clientIp: string;
  dnsQuery: string;
  dnsQueryClassLabel: string | null;
  dnsQueryTypeLabel: string | null;
  dnsQueryRcodeLabel: string | null;
  dnsQueryRep: string | null;
  networkContext: string | null;
  tld: string | null;
  score: number;
}

type Row = ApiRow & RankedRow;

interface Detail {
  frameTime: string;
  frameLength: number | null;
  clientIp: string;
  serverIp: string | null;
  dnsQuery: string;
  dnsQueryClassLabel: string | null;
  dnsQueryTypeLabel: string | null;
  dnsQueryRcodeLabel: string | null;
  dnsQueryAnswers: (string | null)[] | null;
}

interface ApiRated {
  datetime: string | null;
  dnsQuery: string | null;
  clientIp: string | null;
  dnsScore: number;
  clientIpScore: number;
}

type Rated = ApiRated & RatedItem;

interface Filter {
  date: string;
  dnsQuery: string | null;
  clientIp: string | null;
}

const ROWS = operation<{ dns: { suspicious: ApiRow[] | null } }, Filter>(`
  query DnsSuspicious($date: SpotDateType!, $dnsQuery: String, $clientIp: SpotIpType) {
    dns {
      suspicious(date: $date, dnsQuery: $dnsQuery, clientIp: $clientIp) {
        frameTime frameLength clientIp dnsQuery dnsQueryClassLabel dnsQueryTypeLabel dnsQueryRcodeLabel
        dnsQueryRep networkContext tld score
      }
    }
  }`);

const RECORDS = operation<{ dns: { edgeDetails: Detail[] | null } }, { frameTime: string; dnsQuery: string }>(`
  query DnsRecords($frameTime: SpotDatetimeType!, $dnsQuery: String!) {
    dns {
      edgeDetails(frameTime: $frameTime, dnsQuery: $dnsQuery) {
        frameTime frameLength clientIp serverIp dnsQuery
        dnsQueryClassLabel dnsQueryTypeLabel dnsQueryRcodeLabel dnsQueryAnswers
      }
    }
  }`);

const RATED = operation<{ dns: { threats: { list: ApiRated[] | null } } }, { date: string }>(`
  query DnsRated($date: SpotDateType!) {
    dns { threats { list(date: $date) { datetime dnsQuery clientIp dnsScore clientIpScore } } }
  }`);

const SCORE = operation<
  { dns: { score: ({ success: boolean } | null)[] | null } },
  { input: { date: string; score: Rating; dnsQuery: string }[] }
>(`
  mutation DnsScore($input: [DnsScoreType!]!) { dns { score(input: $input) { success } } }`);

/** Longer names count as the strongest possible in the network view. */
const LONG_NAME = 64;

const name = (row: { dnsQuery: string | null }) => <span className="mono">{row.dnsQuery}</span>;

export const source = defineSource<Row, Detail, Rated>({
  name: "dns",
  order: 2,
  menu: "DNS",
  title: "DNS",
  noun: ["query", "queries"],

  filter: {
    id: "ip_filter",
    label: "IP/DNS",
    placeholder: "Only rows with a client address, or a part of a name",
    hint: "The address of a client, or any part of a domain name",
    fault: () => null,
  },

  columns: [
    {
      key: "frame_time",
      head: "Timestamp",
      width: 76,
      align: "num",
      cell: (r) => clock(r.frameTime),
      full: (r) => `${r.frameTime} UTC`,
    },
    {
      key: "ip_dst",
      head: "Client IP",
      width: 200,
      full: (r) => [r.clientIp, r.networkContext].filter(Boolean).join(", "),
      cell: (r) => (
        <span className="who">
          <Address ip={r.clientIp} internal />
          {r.networkContext && <span className="ctx x-narrow">{r.networkContext}</span>}
        </span>
      ),
    },
    {
      key: "dns_qry_name",
      head: "Query",
      cell: (r) => <DomainName name={r.dnsQuery} registered={r.tld} />,
      full: (r) => r.dnsQuery,
    },
    { key: "query_rep", head: "Reputation", width: 26, quietHead: true, cell: (r) => <Shield text={r.dnsQueryRep} /> },
    { key: "dns_qry_class_name", head: "Query class", width: 90, narrow: true, cell: (r) => r.dnsQueryClassLabel },
    { key: "dns_qry_type_name", head: "Query type", width: 74, cell: (r) => r.dnsQueryTypeLabel },
    { key: "dns_qry_rcode_name", head: "Response code", width: 96, cell: (r) => r.dnsQueryRcodeLabel },
  ],

  async rows(day, filter, signal) {
    const text = filter === "" ? null : filter;
    const address = text !== null && isAddress(text);
    const variables = { date: day, dnsQuery: address ? null : text, clientIp: address ? text : null };
    const answer = await request(ROWS, variables, signal);
    return (answer.dns.suspicious ?? []).map((row, rank) => ({
      ...row,
      rank,
      id: [row.frameTime, row.clientIp, row.dnsQuery, row.dnsQueryTypeLabel, row.frameLength, rank].join(" "),
    }));
  },

  details: {
    scope: "same name, same hour",
    columns: [
      {
        key: "frame_time",
        head: "Timestamp",
        width: 86,
        align: "num",
        cell: (d) => clock(d.frameTime),
        full: (d) => `${d.frameTime} UTC`,
      },
      { key: "frame_len", head: "Length", width: 60, align: "num", cell: (d) => <Count value={d.frameLength ?? 0} /> },
      {
        key: "ip_dst",
        head: "Client IP",
        width: 120,
        cell: (d) => <Address ip={d.clientIp} internal />,
        full: (d) => d.clientIp,
      },
      {
        key: "ip_src",
        head: "Server IP",
        width: 120,
        cell: (d) => <span className="addr">{d.serverIp}</span>,
        full: (d) => d.serverIp ?? "",
      },
      { key: "dns_qry_name", head: "Query", cell: name, full: (d) => d.dnsQuery },
      { key: "dns_qry_class_name", head: "Query class", width: 90, narrow: true, cell: (d) => d.dnsQueryClassLabel },
      { key: "dns_qry_type_name", head: "Query type", width: 74, cell: (d) => d.dnsQueryTypeLabel },
      { key: "dns_qry_rcode_name", head: "Response code", width: 96, narrow: true, cell: (d) => d.dnsQueryRcodeLabel },
      {
        key: "dns_a",
        head: "Answer",
        width: 180,
        full: (d) => (d.dnsQueryAnswers ?? []).join("\n"),
        cell: (d) => <Lines mono texts={d.dnsQueryAnswers ?? []} />,
      },
    ],
    async records(row, _day, signal) {
      const answer = await request(RECORDS, { frameTime: row.frameTime, dnsQuery: row.dnsQuery }, signal);
      return answer.dns.edgeDetails ?? [];
    },
  },

  rating: {
    key: (row) => row.dnsQuery,
    async send(rows, rating, day) {
      const input = rows.map((row) => ({ date: day, score: rating, dnsQuery: row.dnsQuery }));
      const answer = await request(SCORE, { input });
      return rows.map((_, i) => answer.dns.score?.[i]?.success === true);
    },
    async rated(day, signal) {
      const answer = await request(RATED, { date: day }, signal);
      return (answer.dns.threats.list ?? []).map((item) => ({
        ...item,
        rating: (item.dnsScore || item.clientIpScore) as Rating,
      }));
    },
    columns: [
      {
        key: "datetime",
        head: "Timestamp",
        width: 84,
        align: "num",
        cell: (r) => clock(r.datetime ?? ""),
        full: (r) => `${r.datetime} UTC`,
      },
      {
        key: "ip_dst",
        head: "Client IP",
        width: 200,
        cell: (r) => r.clientIp && <Address ip={r.clientIp} internal />,
        full: (r) => r.clientIp ?? "",
      },
      { key: "dns_qry_name", head: "Query", cell: name, full: (r) => r.dnsQuery ?? "" },
    ],
  },

  graph: {
    kinds: {
      domain: { shape: "diamond", fill: "--name-fill", legend: "domain" },
      client: { shape: "circle", fill: "--internal-fill", legend: "client" },
    },
    build(rows) {
      const graph = new GraphBuilder();
      for (const row of rows) {
        const name = row.tld || row.dnsQuery;
        const domain = graph.node("domain", name, row.id, { filter: name });
        const client = graph.node("client", row.clientIp, row.id, { filter: row.clientIp });
        const level = row.dnsQuery.length > LONG_NAME ? STRONGEST : strength(row.score);
        graph.edge(domain, client, row.id, level);
      }
      return graph.done();
    },
  },

  headline: (row) => row.dnsQuery,
  facts(row) {
    const reputation = reputationText(parseReputation(row.dnsQueryRep));
    return [
      ["Time", `${row.frameTime} UTC`],
      ["Client", [row.clientIp, row.networkContext].filter(Boolean).join(", ")],
      ["Name", `${row.dnsQuery} (${row.dnsQuery.length} characters)`],
      ["Domain", row.tld || "cannot be told"],
      ...(reputation ? ([["Reputation", reputation]] as const) : []),
    ];
  },
});
