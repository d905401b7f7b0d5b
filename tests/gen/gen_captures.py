"""What reads the captures of tests: tshark, nfpcapd and plain Python."""

import dataclasses
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from spot_gen import events
from spot_gen.clock import HOUR_US
from spot_gen.config import Config, Network, Outputs
from spot_gen.events import Events
from spot_gen.network import World
from spot_gen.streams import child, draw, integers, stream_key, uniform

START = 1_709_510_400_000_000
CLIENT, RESOLVER = 0x0A140A04, 0x0A14010A
CLIENT_6 = (0xFD000020_0000000A, 4)
RESOLVER_6 = (0xFD000020_00000001, 10)
CHECKED = [
    word
    for name in ("ip", "udp", "tcp")
    for word in ("-o", f"{name}.check_checksum:TRUE")
]  # fmt: skip
#: Nothing that tshark finds wrong: damage, checksums, or what its experts call an error.
WRONG = (
    "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || "
    "tcp.checksum.status == 0 || icmp.checksum.status == 0 || icmpv6.checksum.status == 0 || "
    "_ws.expert.severity >= 0x800000"
)


def world(attacks=(), **outputs):
    """A small network; ``outputs`` are keys of the section of that name."""
    config = Config(hosts=5, network=Network(names=100), outputs=Outputs(**outputs))
    return World.of(replace(config, attacks=list(attacks)), 1)


def tshark(file: Path, *fields: str, where: str = "") -> list[list[str]]:
    """Return fields of the frames that a filter lets through."""
    wanted = [word for field in fields for word in ("-e", field)]
    command = ["tshark", "-n", "-r", file, *CHECKED, "-Y", where or "frame", "-T", "fields"]
    done = subprocess.run([*command, *wanted], capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def wrong(file: Path) -> list[list[str]]:
    """Return the frames with which tshark finds something wrong."""
    return tshark(file, "frame.number", "_ws.expert.message", where=WRONG)


def frames(file: Path) -> list[tuple[int, int, bytes]]:
    """Return time (in the unit of the file), length and captured bytes of each frame."""
    data, place, found = file.read_bytes(), 24, []
    unit = {0xA1B2C3D4: 10**6, 0xA1B23C4D: 10**9}[struct.unpack("<I", data[:4])[0]]
    while place < len(data):
        seconds, part, captured, length = struct.unpack_from("<IIII", data, place)
        place += 16
        found.append((seconds * unit + part, length, data[place : place + captured]))
        place += captured
    assert place == len(data)
    return found


def lookups(**columns) -> pa.Table:
    """Make look-ups; columns that are lists or arrays say how many."""
    sized = [v for v in columns.values() if isinstance(v, (list, np.ndarray))]
    size = len(sized[0]) if sized else 1
    given = {
        "time_us": START + 1_000_000 * np.arange(size), "rtt_us": 20_000, "client_lo": CLIENT,
        "server_lo": RESOLVER, "sport": 50_000 + np.arange(size), "proto": 17,
        "txid": 100 + np.arange(size), "edns": False, "qname": "www.some.example", "qtype": 1,
        "flags": 0x0180, "ttl": 300, "answer_type": 1,
        "order": draw(stream_key(1, "order"), np.arange(size)),
    }  # fmt: skip
    given |= columns
    if "answers" in given:
        given["answers"] = pa.array(given["answers"], pa.list_(pa.binary()))
    return events.make(events.LOOKUPS, size, given)


def many_lookups(count: int, span_us: int) -> pa.Table:
    """Make look-ups of all kinds over a span: both families, UDP and TCP, answered or not."""
    key = child(stream_key(7, "lookups"), np.arange(count))
    six = uniform(key, 1) < 0.2
    rcode = np.array([0, 0, 0, 0, 3, 2, 255])[integers(key, 2, 0, 7)]
    answers = [
        [bytes([198, 18, n % 250, i]) for i in range(n % 4)] if code == 0 else []
        for n, code in enumerate(rcode.tolist())
    ]
    table = lookups(
        time_us=START + integers(key, 3, 0, span_us), rtt_us=integers(key, 4, 0, 400_000),
        client_hi=np.where(six, np.uint64(CLIENT_6[0]), np.uint64(0)),
        client_lo=np.where(six, CLIENT_6[1], CLIENT + integers(key, 5, 0, 30)).astype(np.uint64),
        server_hi=np.where(six, np.uint64(RESOLVER_6[0]), np.uint64(0)),
        server_lo=np.where(six, RESOLVER_6[1], RESOLVER).astype(np.uint64),
        sport=10_000 + np.arange(count), proto=np.where(uniform(key, 6) < 0.2, 6, 17),
        txid=integers(key, 7, 0, 65_536), edns=uniform(key, 8) < 0.4,
        qname=[f"n{n % 37}.s{n}.example" for n in range(count)], rcode=rcode,
        cname=["e.cachenet.example" if n % 9 == 1 and c == 0 else "" for n, c in enumerate(rcode)],
        answers=answers, label=np.where(uniform(key, 9) < 0.1, 1 + np.arange(count) % 3, 0),
        stage=2, order=draw(key, 10),
    )  # fmt: skip
    return events.in_order(events.LOOKUPS, [table])


def happened(**tables: pa.Table) -> Events:
    """Return events of which only some kinds are there."""
    return dataclasses.replace(Events.none(), **tables)


def written(writer, made: Events, end_us: int = START + HOUR_US, batch_us: int | None = None):
    """Let a writer write all events, in batches; return its output and the files' paths."""
    start = START
    while start < end_us:
        until = min(start + (batch_us or end_us), end_us)
        writer.write(made.between(start, until), start, until)
        start = until
    output = writer.close()
    return output, [writer.folder / Path(file.file).name for file in output.files]
