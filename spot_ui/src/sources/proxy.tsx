/** Proxy: requests for web addresses. */

import { operation, request } from "../api/graphql";
import { defineSource, type RankedRow, type RatedItem, type Rating } from "../app/source";
import { clock, strength } from "../design/format";
import { Address, Bytes, Count, Lines, Shield } from "../design/marks";
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

const mono = (text: string | null) => <span className="mono">{text}</span>;

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
    {
      key: "datetime",
      head: "Time",
      width: 68,
      align: "num",
      cell: (r) => clock(r.datetime),
      full: (r) => `${r.datetime} UTC`,
    },
    {
      key: "clientip",
      head: "Client IP",
      width: 150,
      full: (r) => [r.clientIp, r.networkContext].filter(Boolean).join(", "),
      cell: (r) => <Address ip={r.clientIp} internal />,
    },
    { key: "host", head: "Host", cell: (r) => mono(r.host), full: (r) => r.uri },
    { key: "uri_rep", head: "Reputation", width: 26, quietHead: true, cell: (r) => <Shield text={r.uriRep} /> },
    {
      key: "webcat",
      head: "Web category",
      width: 170,
      cell: (r) => r.webCategory?.split(";").join(", "),
      full: (r) => r.webCategory ?? "",
    },
    {
      key: "respcode_name",
      head: "Response code",
      width: 130,
      cell: (r) => r.responseCodeLabel,
      full: (r) => `${r.responseCode} ${r.responseCodeLabel ?? ""}`,
    },
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
      {
        key: "datetime",
        head: "Time",
        width: 78,
        align: "num",
        cell: (d) => clock(d.datetime),
        full: (d) => `${d.datetime} UTC`,
      },
      {
        key: "clientip",
        head: "Client IP",
        width: 116,
        narrow: true,
        cell: (d) => <Address ip={d.clientIp} internal />,
        full: (d) => d.clientIp,
      },
      { key: "host", head: "Host", width: 130, cell: (d) => mono(d.host), full: (d) => d.host },
      {
        key: "webcat",
        head: "Web category",
        width: 96,
        narrow: true,
        cell: (d) => <Lines texts={d.webCategory?.split(";") ?? []} />,
        full: (d) => d.webCategory ?? "",
      },
      {
        key: "respcode_name",
        head: "Response",
        width: 70,
        cell: (d) => d.responseCodeLabel,
        full: (d) => `${d.responseCode} ${d.responseCodeLabel ?? ""}`,
      },
      { key: "reqmethod", head: "Method", width: 72, cell: (d) => d.requestMethod },
      {
        key: "useragent",
        head: "User agent",
        width: 100,
        narrow: true,
        cell: (d) => d.userAgent,
        full: (d) => d.userAgent ?? "",
      },
      {
        key: "resconttype",
        head: "MIME type",
        width: 76,
        narrow: true,
        cell: (d) => d.responseContentType,
        full: (d) => d.responseContentType ?? "",
      },
      {
        key: "referer",
        head: "Referer",
        width: 76,
        narrow: true,
        cell: (d) => mono(d.referer),
        full: (d) => d.referer ?? "",
      },
      { key: "uriport", head: "Port", width: 44, align: "num", narrow: true, cell: (d) => d.uriPort },
      {
        key: "serverip",
        head: "Proxy IP",
        width: 92,
        narrow: true,
        cell: (d) => <span className="addr">{d.serverIp}</span>,
        full: (d) => d.serverIp ?? "",
      },
      {
        key: "scbytes",
        head: "Server bytes",
        width: 88,
        align: "num",
        cell: (d) => <Bytes value={d.serverToClientBytes ?? 0} />,
      },
      {
        key: "csbytes",
        head: "Client bytes",
        width: 82,
        align: "num",
        cell: (d) => <Bytes value={d.clientToServerBytes ?? 0} />,
      },
      { key: "fulluri", head: "Full URI", cell: (d) => mono(d.uri), full: (d) => d.uri },
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
      { key: "datetime", head: "Day", width: 96, align: "num", cell: (r) => r.datetime },
      { key: "fulluri", head: "Full URI", cell: (r) => mono(r.uri), full: (r) => r.uri },
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
      ["Client", [row.clientIp, row.networkContext].filter(Boolean).join(", ")],
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
