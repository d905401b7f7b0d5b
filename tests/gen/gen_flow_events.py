"""Connections for the tests of flow records, and what reads the files made of them."""

import dataclasses
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spot_gen import events
from spot_gen.clock import HOUR_US, SECOND_US
from spot_gen.config import Config
from spot_gen.config.model import DEFAULT_START_US, Export, Network, Outputs
from spot_gen.events import Events
from spot_gen.export import Exporter
from spot_gen.network import World
from spot_gen.network.addresses import address
from spot_gen.streams import Stream
from spot_gen.writers.files import Output, Writer

START = DEFAULT_START_US
ALL_OF_TIME = 1 << 62
SYN, FIN, RST, ACK = 2, 1, 4, 16

INSIDE, OUTSIDE = "10.20.10.5", "198.18.7.70"


def world(export: Export | None = None, **outputs: Any) -> World:
    """A small network whose router and outputs are set so."""
    config = Config(
        hosts=5,
        network=Network(names=100),
        export=export or Export(),
        outputs=Outputs(**outputs),
    )
    return World.of(config, 1)


def connections(size: int = 1, src: str = INSIDE, dst: str = OUTSIDE, **columns: Any) -> pa.Table:
    """Connections that are alike but for the columns given; TCP to port 443 by default."""
    ends = {
        f"{end}_{half}": address(text)[place]
        for end, text in (("src", src), ("dst", dst))
        for place, half in enumerate(("hi", "lo"))
    }
    usual = {"time_us": START, "end_us": START, "sport": 50_000, "dport": 443, "proto": 6}
    usual |= {"packets_up": 1, "bytes_up": 40, "order": Stream.named(1, "test").bits(size)}
    return events.make(events.CONNECTIONS, size, {**usual, **ends, **columns})


def varied(size: int, begin_us: int = START, span_us: int = HOUR_US, seed: int = 1) -> pa.Table:
    """Connections of all kinds: long, short, one-sided, huge, IPv6, ICMP, closed and left open."""
    stream = Stream.named(seed, "varied")
    six = stream.uniform(size) < 0.2
    proto = np.array([6, 6, 17, 1, 47])[stream.integers(0, 5, size)]
    proto = np.where(six & (proto == 1), 58, proto)
    begins = begin_us + stream.integers(0, span_us, size)
    long = stream.uniform(size) < 0.1
    length = np.where(long, stream.integers(0, 3000, size), stream.integers(0, 9, size))
    up, down = stream.integers(1, 60, size), stream.integers(0, 40, size)
    huge = np.where(stream.uniform(size) < 0.02, 400_000_000, 1)
    icmp = np.isin(proto, (1, 58))
    tcp = proto == 6
    return events.in_order(
        events.CONNECTIONS,
        [
            events.make(
                events.CONNECTIONS,
                size,
                {
                    "time_us": begins,
                    "end_us": begins + length * SECOND_US + stream.integers(0, SECOND_US, size),
                    "src_hi": np.where(six, address("fd00:20:0:10::")[0], 0).astype(np.uint64),
                    "src_lo": address("10.20.10.0")[1] + stream.integers(1, 4000, size),
                    "dst_hi": np.where(six, address("2001:db8::")[0], 0).astype(np.uint64),
                    "dst_lo": address("198.18.0.0")[1] + stream.integers(1, 1 << 17, size),
                    "sport": np.where(icmp, 0, stream.integers(1024, 65_536, size)),
                    "dport": np.where(icmp, 2048, stream.integers(1, 1024, size)),
                    "proto": proto,
                    "tos": stream.integers(0, 4, size) * 8,
                    "flags_up": np.where(tcp, np.array([27, 26, 2, 0])[up % 4], 0),
                    "flags_down": np.where(tcp & (down > 0), np.array([27, 20])[down % 2], 0),
                    "packets_up": up * huge,
                    "bytes_up": up * huge * stream.integers(40, 1500, size),
                    "packets_down": down,
                    "bytes_down": down * stream.integers(40, 1500, size),
                    "label": np.where(stream.uniform(size) < 0.1, 1 + up % 2 * -3, 0),
                    "stage": 3,
                    "order": stream.bits(size),
                },
            )
        ],
    )


def only(table: pa.Table, lookups: pa.Table | None = None) -> Events:
    """Events that are connections and perhaps look-ups."""
    found = dataclasses.replace(Events.none(), connections=table)
    return found if lookups is None else dataclasses.replace(found, lookups=lookups)


def exported(table: pa.Table, **settings: Any) -> pa.Table:
    """All records of connections."""
    exporter = Exporter(Export(**settings), world())
    exporter.add(table)
    return exporter.until(ALL_OF_TIME)


def written(kind: type[Writer], folder: Path, network: World, table: pa.Table) -> Output:
    """Write the hour from START; what began earlier is told before."""
    writer = kind(folder, network)
    found = only(table)
    writer.prior(found.between(0, START))
    writer.write(found.between(START, START + HOUR_US), START, START + HOUR_US)
    return writer.close()


def same_in_batches(
    kind: type[Writer], folder: Path, network: World, table: pa.Table, batch_us: int
) -> None:
    """The hour from START gives the same files and marks at once and in batches."""
    whole = written(kind, folder / "whole", network, table)
    found, writer = only(table), kind(folder / "parts", network)
    writer.prior(found.between(0, START))
    for begin in range(START, START + HOUR_US, batch_us):
        end = min(begin + batch_us, START + HOUR_US)
        writer.write(found.between(begin, end), begin, end)
    parts = writer.close()
    assert parts.files == whole.files
    assert parts.marked().equals(whole.marked())


def nfdump(*arguments: str | Path) -> str:
    """What nfdump prints, in UTC; nothing on the error stream."""
    call = ["nfdump", *map(str, arguments)]
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    done = subprocess.run(call, capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == ""
    return done.stdout


def totals(text: str) -> dict[str, int]:
    """The numbers of ``nfdump -I``."""
    pairs = (line.split(": ") for line in text.splitlines() if line.count(": ") == 1)
    return {name: int(value) for name, value in pairs if value.isdigit()}
