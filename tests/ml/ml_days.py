"""Small made-up days of the three sources, as the raw tables hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from spot_common.registry import sources

DAY = (2016, 7, 8)


def _table(source: str, rows: list[dict[str, Any]]) -> pa.Table:
    schema = sources()[source].raw.arrow()
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in schema.names} for row in rows], schema=schema
    )


def flow(count: int = 400, seed: int = 1) -> pa.Table:
    """Web and DNS traffic of some clients, one strange upload, and two invalid rows."""
    draw = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        hour, minute = int(draw.integers(8, 18)), int(draw.integers(0, 60))
        web = bool(draw.integers(0, 2))
        rows.append({
            "treceived": f"2016-07-08 {hour:02d}:{minute:02d}:00", "unix_tstamp": 1467936000,
            "tryear": 2016, "trmonth": 7, "trday": 8, "trhour": hour, "trminute": minute,
            "trsec": 0, "tdur": float(draw.integers(0, 90)) / 10,
            "sip": f"10.0.0.{draw.integers(1, 9)}", "dip": "93.184.216.34" if web else "10.0.0.53",
            "sport": int(draw.integers(49152, 65536)), "dport": 443 if web else 53,
            "proto": "TCP" if web else "UDP", "ipkt": int(draw.integers(1, 20)),
            "ibyt": int(draw.integers(60, 5000)), "opkt": 0, "obyt": 0,
        })  # fmt: skip
    strange = {**rows[0], "trhour": 3, "sip": "10.0.0.3", "dip": "203.0.113.9", "sport": 50001,
               "dport": 60001, "proto": "TCP", "ibyt": 2_000_000_000_000,
               "ipkt": 900_000}  # fmt: skip
    bad = [{**rows[0], "trhour": 24}, {**rows[0], "sip": None}]
    return _table("flow", [*rows, strange, *bad])


def dns(count: int = 300, seed: int = 1) -> pa.Table:
    """Lookups of known names, one long strange one, a foreign time form, an invalid row."""
    draw = np.random.default_rng(seed)
    names = ["www.google.com", "mail.example.org", "cdn.facebook.net", "google.com"]
    rows = []
    for _ in range(count):
        hour = int(draw.integers(8, 18))
        rows.append({
            "frame_time": f"Jul  8 2016 {hour:02d}:10:25.970987000 UTC",
            "unix_tstamp": 1467936000 + hour * 3600, "frame_len": int(draw.integers(60, 200)),
            "ip_dst": f"10.0.0.{draw.integers(1, 9)}", "ip_src": "10.0.0.53",
            "dns_qry_name": names[int(draw.integers(0, 4))], "dns_qry_class": "0x00000001",
            "dns_qry_type": 1, "dns_qry_rcode": 0, "dns_a": "192.0.2.1",
        })  # fmt: skip
    strange = {**rows[0], "dns_qry_name": "a1b2c3d4e5f6a7b8c9d0e1f2.t\n.badzone.net",
               "dns_qry_type": 16, "frame_len": 900, "dns_qry_class": None}  # fmt: skip
    foreign = {**rows[0], "frame_time": "2016-07-08T09:10:25Z"}
    return _table("dns", [*rows, strange, foreign, {**rows[0], "frame_len": -1}])


def proxy(count: int = 300, seed: int = 1) -> pa.Table:
    """Browsing of some clients, one strange upload, a row without word, an invalid row."""
    draw = np.random.default_rng(seed)
    hosts = ["www.google.com", "www.intel.com", "news.example.org"]
    rows = []
    for index in range(count):
        hour, host = int(draw.integers(8, 18)), hosts[int(draw.integers(0, 3))]
        rows.append({
            "p_date": "2016-07-08", "p_time": f"{hour:02d}:01:02",
            "clientip": f"10.0.0.{draw.integers(1, 9)}", "host": host, "reqmethod": "GET",
            "useragent": None if index % 10 == 0 else "Mozilla/5.0", "resconttype": "text/html",
            "duration": int(draw.integers(1, 500)), "username": "-", "webcat": "-",
            "referer": "-", "respcode": "200", "uriport": "80", "uripath": "/index.html",
            "uriquery": "-", "serverip": "10.0.0.99", "scbytes": 1000, "csbytes": 200,
            "fulluri": f"{host}/index.html",
        })  # fmt: skip
    strange = {**rows[0], "host": "x7q.badzone.info", "reqmethod": "POST", "useragent": "curl/7",
               "resconttype": "/", "respcode": None,
               "fulluri": "x7q.badzone.info/" + "Zq9" * 90}  # fmt: skip
    return _table("proxy", [*rows, strange, {**rows[0], "p_time": "noon"},
                            {**rows[0], "host": None}])  # fmt: skip


TABLES = {"flow": flow, "dns": dns, "proxy": proxy}
