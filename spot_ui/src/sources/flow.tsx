/** Flow: connections between two addresses. */

import { operation, request } from "../api/graphql";
import { defineSource, type RankedRow, type RatedItem, type Rating } from "../app/source";
import { amount, moment, mono, size, text } from "../design/columns";
import { strength } from "../design/format";
import { Address } from "../design/marks";
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
    moment("tstart", "Time", 68, (r) => r.tstart),
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
    text("sport", "Src port", 60, (r) => String(r.srcPort), { align: "num", narrow: true }),
    text("dport", "Dst port", 60, (r) => String(r.dstPort), { align: "num" }),
    text("proto", "Proto", 46, (r) => r.protocol, { narrow: true }),
    amount("ipkt", "In pkts", 60, (r) => r.inPkts, { narrow: true }),
    size("ibyt", "In bytes", 70, (r) => r.inBytes),
    amount("opkt", "Out pkts", 62, (r) => r.outPkts, { narrow: true }),
    size("obyt", "Out bytes", 72, (r) => r.outBytes, { narrow: true }),
  ],

  async rows(day, filter, signal) {
    const answer = await request(ROWS, { date: day, ip: filter === "" ? null : filter }, signal);
    return (answer.flow.suspicious ?? []).map((row) => ({ ...row, id: [row.rank, row.tstart, key(row)].join(" ") }));
  },

  details: {
    scope: "both directions, same minute",
    columns: [
      moment("tstart", "Time", 78, (d) => d.tstart),
      mono("srcip", "Source IP", undefined, (d) => d.srcIp),
      mono("dstip", "Destination IP", undefined, (d) => d.dstIp),
      text("sport", "Src port", 60, (d) => d.srcPort, { align: "num" }),
      text("dport", "Dst port", 60, (d) => d.dstPort, { align: "num" }),
      text("proto", "Proto", 46, (d) => d.protocol),
      mono("flags", "Flags", 62, (d) => d.flags, { narrow: true }),
      text("tos", "ToS", 40, (d) => d.tos, { align: "num", narrow: true }),
      size("ibytes", "In bytes", 70, (d) => d.inBytes),
      amount("ipkts", "In pkts", 60, (d) => d.inPkts, { narrow: true }),
      size("obytes", "Out bytes", 70, (d) => d.outBytes),
      amount("opkts", "Out pkts", 60, (d) => d.outPkts, { narrow: true }),
      mono("rip", "Router IP", 104, (d) => d.routerIp, { narrow: true }),
      text("input", "In if", 42, (d) => d.inIface, { align: "num", narrow: true }),
      text("output", "Out if", 54, (d) => d.outIface, { align: "num", narrow: true }),
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
      moment("tstart", "Time", 78, (r) => r.tstart),
      mono("srcIP", "Source IP", undefined, (r) => r.srcIp),
      mono("dstIP", "Destination IP", undefined, (r) => r.dstIp),
      text("sport", "Src port", 72, (r) => String(r.srcPort), { align: "num" }),
      text("dport", "Dst port", 72, (r) => String(r.dstPort), { align: "num" }),
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
