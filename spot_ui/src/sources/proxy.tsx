/** Proxy: requests for web addresses. */

import { operation, request } from "../api/graphql";
import { defineSource, type RankedRow, type RatedItem, type Rating } from "../app/source";
import { moment, mono, size, text } from "../design/columns";
import { strength } from "../design/format";
import { Address, Count, Lines, Shield } from "../design/marks";
import { parseReputation, reputationText } from "../design/reputation";
import { isAddress } from "../features/filter-rows/address";
import { GraphBuilder } from "../features/see-network/graph";

interface Request {
  datetime: string;
  clientIp: string;
  host: string;
  uri: string;
  webCategory: string | null;
  requestMethod: string | null;
  responseCode: number;
  responseCodeLabel: string | null;
  responseContentType: string | null;
  userAgent: string | null;
  referer: string | null;
  uriPort: number | null;
  serverIp: string | null;
  serverToClientBytes: number | null;
  clientToServerBytes: number | null;
}

interface ApiRow extends Request {
  uriPath: string | null;
  uriRep: string | null;
  username: string | null;
  networkContext: string | null;
  /** The score in full; the field `score` of the API is its whole part. */
  mlScore: number | null;
}

type Row = ApiRow & RankedRow;

interface Rated extends RatedItem {
  datetime: string;
  uri: string;
}

interface Filter {
  date: string;
  uri: string | null;
  clientIp: string | null;
}

const ROWS = operation<{ proxy: { suspicious: ApiRow[] | null } }, Filter>(`
  query ProxySuspicious($date: SpotDateType!, $uri: String, $clientIp: SpotIpType) {
    proxy {
      suspicious(date: $date, uri: $uri, clientIp: $clientIp) {
        datetime clientIp host uri uriPath uriPort uriRep webCategory requestMethod responseCode responseCodeLabel
        responseContentType userAgent username referer serverIp serverToClientBytes clientToServerBytes
        networkContext mlScore
      }
    }
  }`);

const RECORDS = operation<
  { proxy: { edgeDetails: Request[] | null } },
  { date: string; uri: string; clientIp: string }
>(`
  query ProxyRecords($date: SpotDateType!, $uri: String!, $clientIp: SpotIpType!) {
    proxy {
      edgeDetails(date: $date, uri: $uri, clientIp: $clientIp) {
        datetime clientIp host uri webCategory requestMethod responseCode responseCodeLabel responseContentType
        userAgent referer uriPort serverIp serverToClientBytes clientToServerBytes
      }
    }
  }`);

const RATED = operation<
  { proxy: { threats: { list: { datetime: string; uri: string; score: Rating }[] | null } } },
  { date: string }
>(`
  query ProxyRated($date: SpotDateType!) {
    proxy { threats { list(date: $date) { datetime uri score } } }
  }`);

const SCORE = operation<
  { proxy: { score: ({ success: boolean } | null)[] | null } },
  { input: { date: string; score: Rating; uri: string }[] }
>(`
  mutation ProxyScore($input: [ProxyScoreInputType!]!) { proxy { score(input: $input) { success } } }`);

/** What a log writes for a field that it has no value for. */
const NONE = "-";

const known = (text: string | null): text is string => text !== null && text !== "" && text !== NONE;

const client = (row: Request) => <Address ip={row.clientIp} internal />;
const categories = (row: Request) => <Lines texts={row.webCategory?.split(";") ?? []} />;
const whoAsked = (row: ApiRow) => [row.clientIp, row.networkContext].filter(Boolean).join(", ");

export const source = defineSource<Row, Request, Rated>({
  name: "proxy",
  order: 3,
  menu: "Proxy",
  title: "Proxy",
  noun: ["request", "requests"],

  filter: {
    id: "uri_filter",
    label: "IP/URI",
    placeholder: "Only rows with a client address, or a part of a URI",
    hint: "The address of a client, or any part of a host name or URI",
    fault: () => null,
  },

  columns: [
    moment("datetime", "Time", 68, (r) => r.datetime),
    { key: "clientip", head: "Client IP", width: 150, cell: client, full: whoAsked },
    { ...mono("host", "Host", undefined, (r) => r.host), full: (r) => r.uri },
    { key: "uri_rep", head: "Reputation", width: 26, quietHead: true, cell: (r) => <Shield text={r.uriRep} /> },
    { ...text("webcat", "Web category", 170, (r) => r.webCategory), cell: (r) => r.webCategory?.split(";").join(", ") },
    text("respcode_name", "Response code", 130, (r) => r.responseCodeLabel),
  ],

  async rows(day, filter, signal) {
    const text = filter === "" ? null : filter;
    const address = text !== null && isAddress(text);
    const variables = { date: day, uri: address ? null : text, clientIp: address ? text : null };
    const answer = await request(ROWS, variables, signal);
    return (answer.proxy.suspicious ?? []).map((row, rank) => ({
      ...row,
      rank,
      score: row.mlScore ?? 0,
      id: [row.datetime, row.clientIp, row.requestMethod, row.uri, rank].join(" "),
    }));
  },

  details: {
    scope: "this URI by this client, all day",
    columns: [
      moment("datetime", "Time", 78, (d) => d.datetime),
      { ...mono("clientip", "Client IP", 116, (d) => d.clientIp, { narrow: true }), cell: client },
      mono("host", "Host", 130, (d) => d.host),
      { ...text("webcat", "Web category", 96, (d) => d.webCategory, { narrow: true }), cell: categories },
      text("respcode_name", "Response", 76, (d) => d.responseCodeLabel),
      text("reqmethod", "Method", 72, (d) => d.requestMethod),
      text("useragent", "User agent", 100, (d) => d.userAgent, { narrow: true }),
      text("resconttype", "MIME type", 76, (d) => d.responseContentType, { narrow: true }),
      mono("referer", "Referer", 76, (d) => d.referer, { narrow: true }),
      text("uriport", "Port", 44, (d) => String(d.uriPort ?? ""), { align: "num", narrow: true }),
      mono("serverip", "Proxy IP", 104, (d) => d.serverIp, { narrow: true }),
      size("scbytes", "Server bytes", 88, (d) => d.serverToClientBytes),
      size("csbytes", "Client bytes", 82, (d) => d.clientToServerBytes),
      mono("fulluri", "Full URI", undefined, (d) => d.uri),
    ],
    async records(row, day, signal) {
      const answer = await request(RECORDS, { date: day, uri: row.uri, clientIp: row.clientIp }, signal);
      return answer.proxy.edgeDetails ?? [];
    },
  },

  rating: {
    key: (row) => row.uri,
    async send(rows, rating, day) {
      const input = rows.map((row) => ({ date: day, score: rating, uri: row.uri }));
      const answer = await request(SCORE, { input });
      return rows.map((_, i) => answer.proxy.score?.[i]?.success === true);
    },
    async rated(day, signal) {
      const answer = await request(RATED, { date: day }, signal);
      return (answer.proxy.threats.list ?? []).map(({ score, ...item }) => ({ ...item, rating: score }));
    },
    columns: [
      text("datetime", "Day", 96, (r) => r.datetime, { align: "num" }),
      mono("fulluri", "Full URI", undefined, (r) => r.uri),
    ],
  },

  graph: {
    kinds: {
      root: { shape: "ring", fill: "--chart-ink", legend: "proxy", joint: true },
      method: { shape: "circle", fill: "--chart-quiet", legend: "method", joint: true },
      host: { shape: "diamond", fill: "--name-fill", legend: "host" },
      path: { shape: "circle", fill: "--external-fill", legend: "path" },
      client: { shape: "circle", fill: "--internal-fill", legend: "client" },
    },
    build(rows) {
      const graph = new GraphBuilder();
      for (const row of rows) {
        if (!known(row.host)) continue;
        const method = row.requestMethod ?? NONE;
        const under = `${method} ${row.uri}`;
        const way = [
          graph.node("root", "Proxy", row.id),
          graph.node("method", method, row.id),
          graph.node("host", `${method} ${row.host}`, row.id, { label: row.host }),
          graph.node("path", under, row.id, { label: row.uriPath || "/", filter: row.uri }),
          graph.node("client", `${under} ${row.clientIp}`, row.id, { label: row.clientIp, filter: row.clientIp }),
        ];
        way.slice(1).forEach((node, i) => {
          graph.edge(way[i] as number, node, row.id, strength(row.score));
        });
      }
      return graph.done();
    },
  },

  headline: (row) => `${row.clientIp} → ${row.host}`,
  facts(row) {
    const reputation = reputationText(parseReputation(row.uriRep));
    const optional = [
      ["User agent", row.userAgent],
      ["Referer", row.referer],
      ["User", row.username],
      ["MIME type", row.responseContentType],
    ] as const;
    return [
      ["Time", `${row.datetime} UTC`],
      ["Client", whoAsked(row)],
      ["Request", `${row.requestMethod ?? NONE} ${row.uri}`],
      ["Answer", `${row.responseCode} ${row.responseCodeLabel ?? ""}`],
      [
        "Bytes",
        <>
          <Count value={row.serverToClientBytes ?? 0} /> to the client, <Count value={row.clientToServerBytes ?? 0} />{" "}
          to the server
        </>,
      ],
      ...(reputation ? ([["Reputation", reputation]] as const) : []),
      ...optional.flatMap(([label, value]) => (known(value) ? [[label, value] as const] : [])),
    ];
  },
});
