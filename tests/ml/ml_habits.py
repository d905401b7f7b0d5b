"""Days of a made-up network whose machines have habits, odd ones among them, and incidents."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from spot_common.registry import sources

#: Machines of the network, and how many of them have an odd habit: a service that only they use.
CLIENTS, ODD = 120, 60
_HUGE = 5_000_000_000


def habit(client: int) -> tuple[str, int]:
    """The server and the port of a client's odd habit."""
    return f"198.51.100.{client}", 600 + client


def day(number: int, *, incidents: bool = False) -> pa.Table:
    """Flows of a day: web and names for all, each odd habit at hours and sizes of its own.

    With incidents: a scan by client 100, a login tried over and over by client 101, a huge upload
    by client 3 to the server of its habit, and the habit of client 4 twenty-five times as often.
    """
    draw = np.random.default_rng(number)
    rows: list[dict[str, Any]] = []
    for client in range(CLIENTS):
        for _ in range(int(draw.integers(40, 80))):
            port = (443, 53, 80)[int(draw.integers(0, 3))]
            rows.append(_flow(draw, client, f"203.0.113.{draw.integers(1, 30)}", port, 4000))
    for client in range(ODD):
        many = 1000 if incidents and client == 4 else int(draw.integers(25, 50))
        rows += [_flow(draw, client, *habit(client), 60_000) for _ in range(many)]
    if incidents:
        rows += [_flow(draw, 100, f"10.0.0.{host}", 22, 100) for host in range(100)]
        rows += [_flow(draw, 101, "10.0.0.9", 389, 900) for _ in range(500)]
        rows += [{**_flow(draw, 3, *habit(3), 60_000), "ibyt": _HUGE, "ipkt": 4_000_000}]
    schema = sources()["flow"].raw.arrow()
    return pa.Table.from_pylist([{n: row.get(n) for n in schema.names} for row in rows], schema)


def _flow(
    draw: np.random.Generator, client: int, server: str, port: int, size: int
) -> dict[str, Any]:
    hour, minute = int(draw.integers(7, 19)), int(draw.integers(0, 60))
    packets = int(draw.integers(2, 12))
    return {
        "treceived": f"2017-01-12 {hour:02d}:{minute:02d}:00", "unix_tstamp": 1484179200,
        "tryear": 2017, "trmonth": 1, "trday": 12, "trhour": hour, "trminute": minute, "trsec": 0,
        "tdur": 1.0, "sip": f"10.0.1.{client}", "dip": server,
        "sport": int(draw.integers(49152, 65536)), "dport": port,
        "proto": "UDP" if port == 53 else "TCP", "ipkt": packets,
        "ibyt": packets * int(draw.integers(60, size // 10 + 61)), "opkt": 0, "obyt": 0,
    }  # fmt: skip
