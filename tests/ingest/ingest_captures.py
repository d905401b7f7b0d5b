"""Captures made on the spot, byte by byte, for tests."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
from ingest_twins import dns_message

from spot_common.registry import check_source
from spot_ingest.accounting import Finding, Rejected
from spot_ingest.readers import tshark
from spot_ingest.readers.dissection import RESPONSES
from spot_ingest.source import ingest_source

TIME = 1_483_504_866
ETHERNET, RAW_IP = 1, 101
_UDP, _TCP = 17, 6


#: Names that attackers may choose, by their labels, as the table shows them.
HOSTILE = {
    (b"a,b", b"com"): "a,b.com",
    (b'q"uote', b"com"): 'q"uote.com',
    (b"ta\tb", b"com"): r"ta\009b.com",
    (b"new\nline", b"com"): r"new\010line.com",
    (b"cr\rx", b"com"): r"cr\013x.com",
    (b"pipe|x", b"com"): "pipe|x.com",
    (b"unit\x1fx", b"com"): r"unit\031x.com",
    (b"nul\0x", b"com"): r"nul\000x.com",
    (b"esc\x1b[31m", b"com"): r"esc\027[31m.com",
    (b"=cmd|calc", b"com"): "=cmd|calc.com",
    (b"<img onerror>", b"com"): "<img onerror>.com",
    (b"<script>",): r"\060script>",
    ("été".encode(), b"fr"): "été.fr",
    (b"\xff\xfe", b"com"): r"\255\254.com",
    (b"\xef\xbf\xbe",): r"\239\191\190",
    (b"over\xc0\xaflong",): r"over\192\175long",
    (b"dot.dot", b"com"): r"dot\.dot.com",
    (b"back\\slash", b"com"): r"back\\slash.com",
    (b"-rf", b"$(x)", b"`y`;z"): "-rf.$(x).`y`;z",
    (b"x" * 63, b"x" * 63, b"x" * 63, b"y" * 61): ".".join(["x" * 63] * 3 + ["y" * 61]),
    (b"a",) * 127: ".".join("a" * 127),
    (): "<Root>",
}


def udp(message: bytes, *, source: int = 53, target: int = 4000) -> bytes:
    """A UDP datagram."""
    return struct.pack(">HHHH", source, target, 8 + len(message), 0) + message


def tcp(data: bytes, sequence: int, *, source: int = 53, target: int = 4000) -> bytes:
    """A TCP segment without options."""
    return struct.pack(">HHIIBBHHH", source, target, sequence, 0, 0x50, 0x18, 512, 0, 0) + data


def ip(
    payload: bytes,
    *,
    protocol: int = _UDP,
    source: str = "10.0.0.53",
    target: str = "10.0.0.1",
    offset: int = 0,
    more: bool = False,
    identity: int = 7,
) -> bytes:
    """An IPv4 packet, which may be a fragment (``offset`` in bytes)."""
    place = offset // 8 | (0x2000 if more else 0)
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    size = 20 + len(payload)
    return (
        struct.pack(">BBHHHBBH", 0x45, 0, size, identity, place, 64, protocol, 0) + ends + payload
    )


def ip6(payload: bytes, *, protocol: int = _UDP) -> bytes:
    """An IPv6 packet."""
    ends = b"".join(socket.inet_pton(socket.AF_INET6, f"2001:db8::{end}") for end in (53, 1))
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + ends + payload


def ethernet(packet: bytes, *tags: int) -> bytes:
    """An Ethernet frame with VLAN tags of these types."""
    kind = 0x86DD if packet[:1] and packet[0] >> 4 == 6 else 0x0800
    middle = b"".join(struct.pack(">HH", tag, 5) for tag in tags)
    return b"\2\0\0\0\0\1\2\0\0\0\0\2" + middle + struct.pack(">H", kind) + packet


def segment(*parts: bytes, sequence: int = 1) -> bytes:
    """A frame with a TCP segment of these DNS messages, each with its length before it."""
    data = b"".join(struct.pack(">H", len(part)) + part for part in parts)
    return ethernet(ip(tcp(data, sequence), protocol=_TCP))


def response(name: bytes, answers: int = 1) -> bytes:
    """A frame with a DNS response; ``name`` is its labels with lengths."""
    return ethernet(ip(udp(dns_message(name, answers=answers))))


def question(name: bytes) -> bytes:
    """A frame with a DNS query."""
    message = dns_message(name, response=False, answers=0)
    return ethernet(ip(udp(message, source=4000, target=53)))


def pcap(
    frames: Iterable[bytes], *, link: int = ETHERNET, order: str = "<", nano: bool = False
) -> bytes:
    """A pcap file; the frames are a second apart."""
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    head = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 262144, link)
    records = (
        struct.pack(f"{order}IIII", TIME + number, 5, len(frame), len(frame)) + frame
        for number, frame in enumerate(frames)
    )
    return head + b"".join(records)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A block of a pcapng file."""
    body += bytes(-len(body) % 4)
    size = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + size + body + size


def section(*links: int, order: str = "<", options: bytes = b"") -> bytes:
    """The beginning of a section of a pcapng file with interfaces of these link types."""
    head = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    interfaces = (
        block(1, struct.pack(f"{order}HHI", link, 0, 0) + options, order) for link in links
    )
    return head + b"".join(interfaces)


def packet(
    frame: bytes, *, interface: int = 0, stamp: int = TIME * 10**6, order: str = "<"
) -> bytes:
    """An enhanced packet block."""
    fields = (interface, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), len(frame))
    return block(6, struct.pack(f"{order}5I", *fields) + frame + bytes(-len(frame) % 4), order)


def pcapng(frames: Iterable[bytes], *, order: str = "<") -> bytes:
    """A pcapng file of one section and interface; the frames are a second apart."""
    stamps = enumerate(frames)
    packets = (packet(f, stamp=(TIME + n) * 10**6 + 5, order=order) for n, f in stamps)
    return section(ETHERNET, order=order) + b"".join(packets)


class Read:
    """What reading a capture gave."""

    def __init__(self, path: Path, scratch: Path) -> None:
        schema = check_source("dns").raw.arrow()
        scratch.mkdir()
        with ingest_source("dns").read(path, scratch) as reading:
            batches = list(reading.batches)
            self.rejected: list[Rejected] = [row for b in batches for row in b.rejected]
            self.table = pa.Table.from_batches([batch.rows for batch in batches], schema)
            self.received = self.table.num_rows + len(self.rejected)
            self.finding: Finding = reading.finish(self.received)
        self.rejected += self.finding.rejected

    @property
    def names(self) -> list[str]:
        """The names asked for."""
        return self.table["dns_qry_name"].to_pylist()

    @property
    def rows(self) -> list[dict]:
        """The rows."""
        return self.table.to_pylist()


def read(folder: Path, data: bytes | Path, name: str = "some.pcap") -> Read:
    """Read a capture given as bytes or as a file."""
    path = data
    if isinstance(data, bytes):
        path = folder / name
        path.write_bytes(data)
    count = len(list(folder.glob("scratch*")))
    return Read(path, folder / f"scratch{count}")


def compared(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Rows in an order of their own, with what plain tshark shows of a name that it cannot show."""
    return sorted(
        str({**row, "frame_time": "", "dns_qry_name": _as_shown(row["dns_qry_name"])})
        for row in rows
    )


def _as_shown(name: str) -> str:
    name = name.replace("\\.", ".")
    return "?" if "\\" in name or "\ufffd" in name else name


def plain_rows(path: Path) -> list[dict[str, Any]]:
    """Rows as one run of tshark over the whole file gives them (of one message a frame)."""
    fields = [word for field in tshark.FIELDS for word in ("-e", field)]
    call = ["tshark", "-n", "-r", path, "-Y", RESPONSES, "-T", "fields", "-E", "aggregator=|"]
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    done = subprocess.run([*call, *fields], env=environment, capture_output=True, check=False)
    return [_plain_row(line.split("\t")) for line in done.stdout.decode().split("\n") if line]


def _plain_row(values: list[str]) -> dict[str, Any]:
    given = dict(zip(tshark.FIELDS, values, strict=True))
    first = {field: value.split("|")[0] for field, value in given.items()}
    kind, code = first["dns.qry.type"], first["dns.flags.rcode"]
    return {
        "frame_time": "",
        "unix_tstamp": int(first["frame.time_epoch"].split(".")[0]),
        "frame_len": int(first["frame.len"]),
        "ip_dst": first["ip.dst"] or first["ipv6.dst"],
        "ip_src": first["ip.src"] or first["ipv6.src"],
        "dns_qry_name": first["dns.qry.name"],
        "dns_qry_class": first["dns.qry.class"],
        "dns_qry_type": int(kind) if kind else None,
        "dns_qry_rcode": int(code) if code else None,
        "dns_a": "|".join(filter(None, (given["dns.a"], given["dns.aaaa"]))),
    }
