"""Flow records a second on one core into nfcapd files, beside nfdump copying the same records.

    python benchmarks/gen_flow.py [--connections 500000] [--runs 3] [--style bi] [--source flow]

Ours gets an hour of connections in batches of five minutes and does all that is done when a data
set is made: time-outs, order, files, digests, marks. nfdump reads finished files and writes them
as one (``-R`` and ``-w``).
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from spot_gen import events
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.config.model import Config
from spot_gen.distributions import log_normal
from spot_gen.events import Events
from spot_gen.network import World
from spot_gen.streams import Stream
from spot_gen.writers import writers

_BAR = 50_000
_BATCH_US = 5 * MINUTE_US


def main() -> None:
    """Time both sides in turn, print the best of each."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--connections", type=int, default=500_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--style", choices=("bi", "uni"), default="bi")
    arguments.add_argument("--source", choices=("flow", "flow_csv", "netflow_pcap"), default="flow")
    given = arguments.parse_args()
    pa.set_cpu_count(1)
    config = Config(hosts=1_000)
    world = World.of(replace(config, export=replace(config.export, style=given.style)), 1)
    table = connections(world, given.connections)
    ours, theirs = [], []
    for _ in range(given.runs):
        with tempfile.TemporaryDirectory() as folder:
            records, seconds = written(Path(folder), world, table, given.source)
            ours.append(records / seconds)
            if given.source == "flow":
                theirs.append(records / copied(Path(folder)))
    print(f"{given.source}, {given.style}: {max(ours):,.0f} records/s of {records:,}")
    print(f"times the bar of {_BAR:,} records/s: {max(ours) / _BAR:.1f}")
    if theirs:
        print(f"nfdump -w, the same records: {max(theirs):,.0f} records/s")


def connections(world: World, size: int) -> pa.Table:
    """Make the connections of an hour: mostly short, one in a hundred labelled."""
    stream, names = Stream.named(1, "benchmark"), world.names
    hosts = names.visited(stream.uniform(size)) * 4 + stream.integers(0, 4, size)
    people = world.people.address[stream.integers(0, len(world.people), size)]
    begins = world.config.start_us + stream.integers(0, HOUR_US, size)
    length = np.floor(stream.sample(log_normal(2.0, 2.0), size) * SECOND_US).astype(np.int64)
    up = 2 + np.floor(stream.sample(log_normal(8.0, 1.0), size)).astype(np.int64)
    tcp = stream.uniform(size) < 0.7
    columns = {
        "time_us": begins,
        "end_us": begins + length,
        "src_hi": people[:, 0],
        "src_lo": people[:, 1],
        "dst_hi": names.address[hosts, 0],
        "dst_lo": names.address[hosts, 1],
        "sport": stream.integers(1024, 65_536, size),
        "dport": np.where(tcp, 443, 53),
        "proto": np.where(tcp, 6, 17),
        "flags_up": np.where(tcp, 27, 0),
        "flags_down": np.where(tcp, 27, 0),
        "packets_up": up,
        "bytes_up": up * 120,
        "packets_down": up * 2,
        "bytes_down": up * 1400,
        "label": np.where(stream.uniform(size) < 0.01, 1, 0),
        "order": stream.bits(size),
    }
    return events.in_order(events.CONNECTIONS, [events.make(events.CONNECTIONS, size, columns)])


def written(folder: Path, world: World, table: pa.Table, source: str) -> tuple[int, float]:
    """Write an hour; return records and seconds."""
    found = replace(Events.none(), connections=table)
    begin = world.config.start_us
    started = time.perf_counter()
    writer = writers()[source](folder, world)
    for start in range(begin, begin + HOUR_US, _BATCH_US):
        writer.write(found.between(start, start + _BATCH_US), start, start + _BATCH_US)
    output = writer.close()
    seconds = time.perf_counter() - started
    return sum(file.counts["records"] for file in output.files), seconds


def copied(folder: Path) -> float:
    """Let nfdump write the same records; return seconds."""
    call = ["nfdump", "-R", str(folder / "data/flow"), "-w", str(folder / "copy")]
    started = time.perf_counter()
    subprocess.run(call, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
