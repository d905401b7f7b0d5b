"""The invented days as rows of the tables that the real API reads."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa

from spot_common.clients.sql import Sql
from spot_common.config import Config
from spot_common.registry import check_source
from spot_common.warehouse import Warehouse, day_values
from tests.ui import fake_days

Row = dict[str, Any]

#: Where the names of the API are not the tables' names in small letters.
_NAMES: dict[str, dict[str, str]] = {
    "flow": {
        "srcPort": "sport",
        "dstPort": "dport",
        "protocol": "proto",
        "inPkts": "ipkt",
        "inBytes": "ibyt",
        "outPkts": "opkt",
        "outBytes": "obyt",
        "score": "ml_score",
        "srcIp_isInternal": "srcip_internal",
        "dstIp_isInternal": "dstip_internal",
        "dstIp_geoloc": "dst_geoloc",
        "dstIp_domain": "dst_domain",
        "dstIp_rep": "dst_rep",
        "routerIp": "rip",
        "inIface": "input",
        "outIface": "output",
    },
    "dns": {
        "frameTime": "frame_time",
        "frameLength": "frame_len",
        "clientIp": "ip_dst",
        "serverIp": "ip_src",
        "dnsQuery": "dns_qry_name",
        "dnsQueryClassLabel": "dns_qry_class_name",
        "dnsQueryTypeLabel": "dns_qry_type_name",
        "dnsQueryRcodeLabel": "dns_qry_rcode_name",
        "dnsQueryRep": "query_rep",
        "networkContext": "network_context",
        "score": "ml_score",
    },
    "proxy": {
        "requestMethod": "reqmethod",
        "responseContentType": "resconttype",
        "webCategory": "webcat",
        "responseCode": "respcode",
        "responseCodeLabel": "respcode_name",
        "serverToClientBytes": "scbytes",
        "clientToServerBytes": "csbytes",
        "uri": "fulluri",
        "uriRep": "uri_rep",
        "mlScore": "ml_score",
    },
}
_RECORDS = {
    "flow": fake_days.flow_records,
    "dns": fake_days.dns_records,
    "proxy": lambda row: [row],
}
_MAKERS = {
    "flow": fake_days.flow_rows,
    "dns": fake_days.dns_rows,
    "proxy": fake_days.proxy_rows,
}


def _columns(source: str, row: Row) -> Row:
    """A row of the API in the names of the tables, with the columns that are cut from others."""
    names = _NAMES[source]
    cells = {names.get(name, name.lower()): value for name, value in row.items()}
    moment = row.get("tstart") or row.get("frameTime") or row["datetime"]
    cells |= {"hh": int(moment[11:13]), "mn": int(moment[14:16])}
    if source == "proxy":
        cells |= {"tdate": moment[:10], "time": moment[11:]}
    if source == "dns":
        cells["unix_tstamp"] = int(datetime.fromisoformat(f"{moment}+00:00").timestamp())
        cells |= {"dns_qry_class": "0x00000001", "dns_qry_type": 16, "dns_qry_rcode": 0}
        cells["dns_a"] = "|".join(row.get("dnsQueryAnswers", []))
    return cells


def _cell(value: Any, kind: pa.DataType) -> Any:
    """A value as a column takes it; counters are cut to what the smallest of them holds."""
    if value is None:
        return None
    if pa.types.is_string(kind):
        return str(value)
    return min(int(value), 2**31 - 1) if pa.types.is_integer(kind) else float(value)


def _table(rows: list[Row], schema: pa.Schema) -> pa.Table:
    columns = [
        pa.array([_cell(row.get(one.name), one.type) for row in rows], one.type) for one in schema
    ]
    return pa.table(columns, schema=schema)


def put_day(config: Config, source: str, day: str, count: int) -> list[Row]:
    """Write a day's ranked rows and their records into the tables; gives the rows."""
    schema = check_source(source)
    rows = _MAKERS[source](day, count)
    values = day_values(date.fromisoformat(day))
    scores, edge = schema.table(f"{source}_scores"), schema.table(f"{source}_edge")
    records = [record for row in rows for record in _RECORDS[source](row)]
    with Sql(config) as sql:
        house = Warehouse(config, sql=sql)
        for table, content in ((scores, rows), (edge, records)):
            cells = [_columns(source, row) for row in content]
            house.replace_partition(table, values, _table(cells, table.arrow()))
    return rows
