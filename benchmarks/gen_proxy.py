"""Proxy log lines a second on one core, beside the bar and a bare CSV write of the same columns.

    python benchmarks/gen_proxy.py [--lines 400000] [--runs 3] [--layout main]

Both sides get the same requests in batches of 100,000; the log also gets digests and marks.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from spot_gen import events
from spot_gen.clock import HOUR_US
from spot_gen.config.model import Config
from spot_gen.events import Events
from spot_gen.network import World
from spot_gen.streams import Stream
from spot_gen.writers.proxy import Proxy

_BATCH = 100_000
_BAR = 50_000


def main() -> None:
    """Time both sides in turn, print the best of each."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lines", type=int, default=400_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--layout", choices=("main", "reporter", "squid"), default="main")
    given = arguments.parse_args()
    pa.set_cpu_count(1)
    config = Config(hosts=1_000)
    config = replace(config, outputs=replace(config.outputs, proxy_layout=given.layout))
    world = World.of(config, 1)
    table = requests(world, given.lines)
    log, bare = [], []
    for _ in range(given.runs):
        bare.append(_timed(lambda folder: _csv(folder, table)))
        log.append(_timed(lambda folder: _log(folder, world, table)))
    rates = {name: given.lines / min(runs) for name, runs in (("log", log), ("CSV", bare))}
    print(f"proxy log, {given.layout}: {rates['log']:,.0f} lines/s")
    print(f"bare CSV of the columns: {rates['CSV']:,.0f} lines/s")
    print(f"times the bar of {_BAR:,} lines/s: {rates['log'] / _BAR:.1f}")


def requests(world: World, size: int) -> pa.Table:
    """Make requests of an hour, their texts as varied as those of ordinary browsing."""
    stream, names = Stream.named(1, "benchmark"), world.names
    host = names.visited(stream.uniform(size)) * 4 + stream.integers(0, 3, size)
    number = pa.array(stream.integers(0, 1 << 40, size)).cast(pa.string())
    page = pa.compute.binary_join_element_wise("/assets/", number, ".html", "")
    agents = [f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/{n}" for n in range(40)]
    people = world.people.address[stream.integers(0, len(world.people), size)]
    proxy = world.server("proxy").address
    return events.make(
        events.REQUESTS,
        size,
        {
            "time_us": np.sort(world.config.start_us + stream.integers(0, HOUR_US, size)),
            "taken_ms": stream.integers(1, 9_000, size),
            "client_hi": people[:, 0], "client_lo": people[:, 1],
            "proxy_hi": int(proxy[0]), "proxy_lo": int(proxy[1]),
            "user": stream.choices([host.user for host in world.people.hosts], size),
            "method": stream.choices(["GET", "GET", "POST"], size),
            "scheme": "http", "host": names.host.take(pa.array(host)), "port": 80, "path": page,
            "query": stream.choices(["", "", "?a=1&page=2"], size), "extension": "html",
            "agent": stream.choices(agents, size),
            "referer": pa.compute.binary_join_element_wise("http://www.site.example", page, ""),
            "content_type": stream.choices(["text/html", "image/png"], size), "status": 200,
            "action": "TCP_MISS", "filter": "OBSERVED",
            "categories": stream.choices(["News/Media", "Search Engines/Portals"], size),
            "bytes_down": stream.integers(100, 90_000, size),
            "bytes_up": stream.integers(100, 2_000, size), "order": stream.bits(size),
            "label": (stream.uniform(size) < 0.001).astype(np.int32),
        },
    )  # fmt: skip


def _timed(work: Callable[[Path], None]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        work(Path(folder))
        return time.process_time() - started


def _log(folder: Path, world: World, table: pa.Table) -> None:
    writer = Proxy(folder, world)
    nothing = Events.none()
    for start in range(0, table.num_rows, _BATCH):
        writer.write(replace(nothing, requests=table.slice(start, _BATCH)), 0, 0)
    writer.close()


def _csv(folder: Path, table: pa.Table) -> None:
    with pa.csv.CSVWriter(folder / "log.csv", table.schema) as target:
        for start in range(0, table.num_rows, _BATCH):
            target.write_table(table.slice(start, _BATCH))


if __name__ == "__main__":
    main()
