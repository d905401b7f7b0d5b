"""Packets a second into captures, beside the bar and beside tshark reading the same file.

python benchmarks/gen_dns.py                  500,000 look-ups, one in fifty over TCP
python benchmarks/gen_dns.py --lookups 50000 --connections 20000
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from spot_gen import events
from spot_gen.clock import HOUR_US, MINUTE_US
from spot_gen.config import Config, Network
from spot_gen.config.model import DEFAULT_START_US as START
from spot_gen.events import Events
from spot_gen.network import World
from spot_gen.network.addresses import four, packed
from spot_gen.recorder import Recorder
from spot_gen.streams import child, integers, stream_key, uniform
from spot_gen.writers.capture import CaptureWriter
from spot_gen.writers.dns import DnsWriter
from spot_gen.writers.packets import PacketWriter

_BAR = 30_000
_BATCH = 5 * MINUTE_US


def lookups(count: int) -> pa.Table:
    """Make look-ups over an hour: zero to two addresses, some failing, some over TCP."""
    key = child(stream_key(1, "bench/lookups"), np.arange(count))
    address = packed(four(0xC6120000 + np.arange(count)))
    table = events.make(
        events.LOOKUPS,
        count,
        {
            "time_us": START + integers(key, 0, 0, HOUR_US),
            "rtt_us": integers(key, 1, 300, 90_000),
            "client_lo": 0x0A140A00 + integers(key, 2, 1, 250),
            "server_lo": 0x0A14010A,
            "sport": integers(key, 3, 49_152, 65_536),
            "proto": np.where(uniform(key, 4) < 0.02, 6, 17),
            "txid": integers(key, 5, 0, 65_536),
            "edns": uniform(key, 6) < 0.4,
            "qname": [f"host{n % 977}.site{n % 12_345}.example" for n in range(count)],
            "qtype": 1,
            "rcode": np.where(uniform(key, 7) < 0.03, 3, 0),
            "flags": 0x0180,
            "ttl": 300,
            "answers": pa.array([[a] * (n % 3) for n, a in enumerate(address)]),
            "answer_type": 1,
            "order": key,
        },
    )
    return events.in_order(events.LOOKUPS, [table])


def connections(world: World, count: int) -> pa.Table:
    """Make ordinary web connections over an hour."""
    key = child(stream_key(1, "bench/connections"), np.arange(count))
    recorder = Recorder(world, 0)
    recorder.connections(
        key,
        START + integers(key, 0, 0, HOUR_US),
        four(0x0A140A00 + integers(key, 1, 1, 250)),
        four(0xC6120000 + integers(key, 2, 0, 100_000)),
        443,
        up=integers(key, 3, 300, 3_000),
        down=integers(key, 4, 300, 40_000),
        duration_us=integers(key, 5, 50_000, 9_000_000),
    )
    return recorder.finish().connections


def write(writer: CaptureWriter, made: Events) -> tuple[int, float]:
    """Write an hour in batches; give the packets and the seconds."""
    started = time.perf_counter()
    for begin in range(START, START + HOUR_US, _BATCH):
        writer.write(made.between(begin, begin + _BATCH), begin, begin + _BATCH)
    files = writer.close().files
    return sum(file.counts["packets"] for file in files), time.perf_counter() - started


def read(folder: Path) -> float:
    """Let tshark read all files; give the seconds."""
    started = time.perf_counter()
    for file in sorted(folder.glob("*.pcap")):
        command = ["tshark", "-n", "-r", str(file), "-T", "fields", "-e", "dns.qry.name"]
        subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lookups", type=int, default=500_000)
    parser.add_argument("--connections", type=int, default=50_000)
    options = parser.parse_args()
    world = World.of(dataclasses.replace(Config(), hosts=20, network=Network(names=200)), 1)
    none = Events.none()
    kinds: dict[type[CaptureWriter], Events] = {
        DnsWriter: dataclasses.replace(none, lookups=lookups(options.lookups)),
        PacketWriter: dataclasses.replace(
            none, connections=connections(world, options.connections)
        ),
    }
    print(f"bar      {_BAR:>9,} packets/s")
    for kind, made in kinds.items():
        with TemporaryDirectory() as folder:
            writer = kind(Path(folder), world)
            count, seconds = write(writer, made)
            reading = read(writer.folder)
        print(f"{kind.source:<8} {count / seconds:>9,.0f} packets/s  ({count:,} packets)")
        print(f"  tshark {count / reading:>9,.0f} packets/s  reads them")


if __name__ == "__main__":
    main()
