/** Flow: connections between two addresses. */

import { operation, request } from "../api/graphql";
import { defineSource, type RankedRow, type RatedItem, type Rating } from "../app/source";
import { clock, strength } from "../design/format";
import { Address, Bytes, Count } from "../design/marks";
import { parseReputation, reputationText } from "../design/reputation";
import { isAddress } from "../features/filter-rows/address";
import { GraphBuilder } from "../features/see-network/graph";

interface ApiRow {
  tstart: string;
  srcIp: string;
  dstIp: string;
  srcPort: number;
  dstPort: number;
  protocol: string | null;
  inPkts: number;
  inBytes: number;
  outPkts: number;
  outBytes: number;
  score: number;
  rank: number;
  srcIp_isInternal: number | null;
  dstIp_isInternal: number | null;
  srcIp_geoloc: string | null;
  dstIp_geoloc: string | null;
  srcIp_domain: string | null;
  dstIp_domain: string | null;
  srcIp_rep: string | null;
  dstIp_rep: string | null;
}

type Row = ApiRow & RankedRow;

interface Detail {
  tstart: string;
  srcIp: string;
  dstIp: string;
  srcPort: string | null;
  dstPort: string | null;
  protocol: string | null;
  flags: string | null;
  tos: string | null;
  inPkts: number;
  inBytes: number;
  outPkts: number;
  outBytes: number;
  routerIp: string | null;
  inIface: string | null;
  outIface: string | null;
}

interface Rated extends RatedItem {
  tstart: string;
  srcIp: string;
  srcPort: number;
  dstIp: string;
  dstPort: number;
}

interface ScoreInput {
  date: string;
  score: Rating;
  srcIp: string;
  dstIp: string;
  srcPort: number;
  dstPort: number;
}

const ROWS = operation<{ flow: { suspicious: ApiRow[] | null } }, { date: string; ip: string | null }>(`
  query FlowSuspicious($date: SpotDateType!, $ip: SpotIpType) {
    flow {
      suspicious(date: $date, ip: $ip) {
        tstart srcIp dstIp srcPort dstPort protocol inPkts inBytes outPkts outBytes score rank
        srcIp_isInternal dstIp_isInternal srcIp_geoloc dstIp_geoloc srcIp_domain dstIp_domain srcIp_rep dstIp_rep
      }
    }
  }`);

const RECORDS = operation<
  { flow: { edgeDetails: Detail[] | null } },
  { tstart: string; srcIp: string; dstIp: string }
>(`
  query FlowRecords($tstart: SpotDatetimeType!, $srcIp: SpotIpType!, $dstIp: SpotIpType!) {
    flow {
      edgeDetails(tstart: $tstart, srcIp: $srcIp, dstIp: $dstIp) {
        tstart srcIp dstIp srcPort dstPort protocol flags tos inPkts inBytes outPkts outBytes routerIp inIface outIface
      }
    }
  }`);

const RATED = operation<
  { flow: { threats: { list: (Omit<Rated, "rating"> & { score: Rating })[] | null } } },
  { date: string }
>(
  `
  query FlowRated($date: SpotDateType!) {
    flow { threats { list(date: $date) { tstart srcIp srcPort dstIp dstPort score } } }
  }`,
);

const SCORE = operation<{ flow: { score: ({ success: boolean } | null)[] | null } }, { input: ScoreInput[] }>(`
  mutation FlowScore($input: [NetflowScoreInputType!]!) { flow { score(input: $input) { success } } }`);

const internal = (flag: number | null): boolean => flag === 1;

const key = (row: { srcIp: string; srcPort: number; dstIp: string; dstPort: number }): string =>
  [row.srcIp, row.srcPort, row.dstIp, row.dstPort].join(" ");

/** An address of a record, which carries no flags of its own: known from the row it belongs to. */
const plain = (ip: string) => <span className="addr">{ip}</span>;

export const source = defineSource<Row, Detail, Rated>({
  name: "flow",
  order: 1,
  menu: "Flow",
  title: "Netflow",
  noun: ["flow", "flows"],

  filter: {
    id: "ip_filter",
    label: "IP",
    placeholder: "Only rows with an address, such as 10.0.0.5",
    hint: "An IPv4 or IPv6 address",
    fault: (text) => (isAddress(text) ? null : "Flows are filtered by a whole IPv4 or IPv6 address"),
  },

  columns: [
    {
      key: "tstart",
      head: "Time",
      width: 68,
      align: "num",
      cell: (r) => clock(r.tstart),
      full: (r) => `${r.tstart} UTC`,
    },
    {
      key: "srcIP",
      head: "Source IP",
      full: (r) => r.srcIp,
      cell: (r) => (
        <Address
          ip={r.srcIp}
          internal={internal(r.srcIp_isInternal)}
          reputation={r.srcIp_rep}
          geo={r.srcIp_geoloc}
          domain={r.srcIp_domain}
        />
      ),
    },
    { key: "dir", head: "Direction", width: 14, align: "dir", quietHead: true, cell: () => "→" },
    {
      key: "dstIP",
      head: "Destination IP",
      full: (r) => r.dstIp,
      cell: (r) => (
        <Address
          ip={r.dstIp}
          internal={internal(r.dstIp_isInternal)}
          reputation={r.dstIp_rep}
          geo={r.dstIp_geoloc}
          domain={r.dstIp_domain}
        />
      ),
    },
    { key: "sport", head: "Src port", width: 60, align: "num", narrow: true, cell: (r) => r.srcPort },
    { key: "dport", head: "Dst port", width: 60, align: "num", cell: (r) => r.dstPort },
    { key: "proto", head: "Proto", width: 46, narrow: true, cell: (r) => r.protocol },
    { key: "ipkt", head: "In pkts", width: 60, align: "num", narrow: true, cell: (r) => <Count value={r.inPkts} /> },
    { key: "ibyt", head: "In bytes", width: 70, align: "num", cell: (r) => <Bytes value={r.inBytes} /> },
    { key: "opkt", head: "Out pkts", width: 62, align: "num", narrow: true, cell: (r) => <Count value={r.outPkts} /> },
    {
      key: "obyt",
      head: "Out bytes",
      width: 72,
      align: "num",
      narrow: true,
      cell: (r) => <Bytes value={r.outBytes} />,
    },
  ],

  async rows(day, filter, signal) {
    const answer = await request(ROWS, { date: day, ip: filter === "" ? null : filter }, signal);
    return (answer.flow.suspicious ?? []).map((row) => ({ ...row, id: [row.rank, row.tstart, key(row)].join(" ") }));
  },

  details: {
    scope: "both directions, same minute",
    columns: [
      {
        key: "tstart",
        head: "Time",
        width: 78,
        align: "num",
        cell: (d) => clock(d.tstart),
        full: (d) => `${d.tstart} UTC`,
      },
      { key: "srcip", head: "Source IP", cell: (d) => plain(d.srcIp), full: (d) => d.srcIp },
      { key: "dstip", head: "Destination IP", cell: (d) => plain(d.dstIp), full: (d) => d.dstIp },
      { key: "sport", head: "Src port", width: 58, align: "num", cell: (d) => d.srcPort },
      { key: "dport", head: "Dst port", width: 58, align: "num", cell: (d) => d.dstPort },
      { key: "proto", head: "Proto", width: 46, cell: (d) => d.protocol },
      { key: "flags", head: "Flags", width: 62, narrow: true, cell: (d) => <span className="mono">{d.flags}</span> },
      { key: "tos", head: "ToS", width: 40, align: "num", narrow: true, cell: (d) => d.tos },
      { key: "ibytes", head: "In bytes", width: 70, align: "num", cell: (d) => <Bytes value={d.inBytes} /> },
      { key: "ipkts", head: "In pkts", width: 60, align: "num", narrow: true, cell: (d) => <Count value={d.inPkts} /> },
      { key: "obytes", head: "Out bytes", width: 70, align: "num", cell: (d) => <Bytes value={d.outBytes} /> },
      {
        key: "opkts",
        head: "Out pkts",
        width: 60,
        align: "num",
        narrow: true,
        cell: (d) => <Count value={d.outPkts} />,
      },
      {
        key: "rip",
        head: "Router IP",
        width: 104,
        narrow: true,
        cell: (d) => plain(d.routerIp ?? ""),
        full: (d) => d.routerIp ?? "",
      },
      { key: "input", head: "In if", width: 42, align: "num", narrow: true, cell: (d) => d.inIface },
      { key: "output", head: "Out if", width: 54, align: "num", narrow: true, cell: (d) => d.outIface },
    ],
    async records(row, _day, signal) {
      const answer = await request(RECORDS, { tstart: row.tstart, srcIp: row.srcIp, dstIp: row.dstIp }, signal);
      return answer.flow.edgeDetails ?? [];
    },
  },

  rating: {
    key,
    async send(rows, rating, day) {
      const input = rows.map(({ srcIp, dstIp, srcPort, dstPort }) => ({
        date: day,
        score: rating,
        srcIp,
        dstIp,
        srcPort,
        dstPort,
      }));
      const answer = await request(SCORE, { input });
      return rows.map((_, i) => answer.flow.score?.[i]?.success === true);
    },
    async rated(day, signal) {
      const answer = await request(RATED, { date: day }, signal);
      return (answer.flow.threats.list ?? []).map(({ score, ...item }) => ({ ...item, rating: score }));
    },
    columns: [
      {
        key: "tstart",
        head: "Time",
        width: 76,
        align: "num",
        cell: (r) => clock(r.tstart),
        full: (r) => `${r.tstart} UTC`,
      },
      { key: "srcIP", head: "Source IP", cell: (r) => plain(r.srcIp), full: (r) => r.srcIp },
      { key: "dstIP", head: "Destination IP", cell: (r) => plain(r.dstIp), full: (r) => r.dstIp },
      { key: "sport", head: "Src port", width: 72, align: "num", cell: (r) => r.srcPort },
      { key: "dport", head: "Dst port", width: 72, align: "num", cell: (r) => r.dstPort },
    ],
  },

  graph: {
    kinds: {
      internal: { shape: "diamond", fill: "--internal-fill", legend: "internal" },
      external: { shape: "circle", fill: "--external-fill", legend: "external" },
    },
    build(rows) {
      const graph = new GraphBuilder();
      for (const row of rows) {
        const end = (ip: string, flag: number | null) =>
          graph.node(internal(flag) ? "internal" : "external", ip, row.id, { filter: ip });
        const from = end(row.srcIp, row.srcIp_isInternal);
        graph.edge(from, end(row.dstIp, row.dstIp_isInternal), row.id, strength(row.score));
      }
      return graph.done();
    },
  },

  headline: (row) => `${row.srcIp} → ${row.dstIp}`,
  facts(row) {
    const about = (rep: string | null, geo: string | null, domain: string | null) =>
      [reputationText(parseReputation(rep)), geo, domain].filter(Boolean).join(", ");
    const [from, to] = [
      about(row.srcIp_rep, row.srcIp_geoloc, row.srcIp_domain),
      about(row.dstIp_rep, row.dstIp_geoloc, row.dstIp_domain),
    ];
    return [
      ["Time", `${row.tstart} UTC`],
      ["From", `${row.srcIp} port ${row.srcPort}`],
      ["To", `${row.dstIp} port ${row.dstPort}`],
      ...(from ? ([["About source", from]] as const) : []),
      ...(to ? ([["About target", to]] as const) : []),
    ];
  },
});
