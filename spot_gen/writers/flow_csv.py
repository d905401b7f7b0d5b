"""Source ``flow_csv``: flow records as nfdump lists them, in two dialects.

``flow48_*`` is what nfdump 1.6.13 to 1.7.4 prints with ``-o csv`` in the zone UTC; ``flow27_*``
what the nfdump that came with the product printed: times of receipt only, and six flags. Like a
listing, each file ends with three lines of summary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from spot_gen.clock import HOUR_US, moment
from spot_gen.events import numbers
from spot_gen.network.addresses import four, text
from spot_gen.streams import Ints
from spot_gen.text import digits, iso, joined, moments, padded, payload
from spot_gen.writers.files import DataFile
from spot_gen.writers.records import RecordWriter

#: nfdump's names of protocols, from 0 upwards; what follows is a number, five characters wide.
_NAMES = """
0 ICMP IGMP GGP IPIP ST TCP CBT EGP IGP BBN NVPII PUP ARGUS ENCOM XNET CHAOS UDP MUX DCN HMP PRM
XNS Trnk1 Trnk2 Leaf1 Leaf2 RDP IRTP ISO-4 NETBK MFESP MEINP DCCP 3PC IDPR XTP DDP IDPR TP++ IL IPv6
SDRP Rte6 Frag6 IDRP RSVP GRE MHRP BNA ESP AH INLSP SWIPE NARP MOBIL TLSP SKIP ICMP6 NOHE6 OPTS6
HOST CFTP NET SATNT KLAN RVD IPPC FS SATM VISA IPCV CPNX CPHB WSN PVP BSATM SUNND WBMON WBEXP ISOIP
VMTP SVMTP VINES TTP NSIGP DGP TCF EIGRP OSPF S-RPC LARP MTP AX.25 OS MICP SCCSP ETHIP ENCAP 99 GMTP
IFMP PNNI PIM ARIS SCPS QNX A/N IPcmp SNP CpqPP IPXIP VRRP PGM 0hop L2TP DDX IATP STP SRP UTI SMP SM
PTP ISIS4 FIRE CRTP CRUDP 128 IPLT SPS PIPE SCTP FC 134 MHEAD UDP-L MPLS
"""
_NAMED = _NAMES.split()
_PROTOCOLS = pa.array(_NAMED + [f"{number:<5}" for number in range(len(_NAMED), 256)])
_LETTERS = "CEUAPRSF"
_FLAGS = pa.array(
    [
        "".join(c if number >> (7 - bit) & 1 else "." for bit, c in enumerate(_LETTERS))
        for number in range(256)
    ]
)
_SHORT_FLAGS = pa.array([flags[2:] for flags in _FLAGS.to_pylist()])

_HEADER_27 = (
    "tr,try,trm,trd,trh,trm,trs,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,"
    "dtos,dir,ra\n"
)
_HEADER_48 = (
    "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,"
    "nhb,svln,dvln,ismc,odmc,idmc,osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,"
    "mpls10,cl,sl,al,ra,eng,exid,tr\n"
)
#: What no record has: type of service back, direction, next hops, VLANs, hardware addresses,
#: labels, latencies.
_ABSENT = ",0,0,0.0.0.0,0.0.0.0,0,0" + ",00:00:00:00:00:00" * 4 + ",0-0-0" * 10 + ",    0.000" * 3
_NOTHING = "No matching flows\n"
_SUMMARY = "Summary\nflows,bytes,packets,avg_bps,avg_pps,avg_bpp\n"
_COUNTERS = ("packets", "bytes", "out_packets", "out_bytes")
_PATHS = ("input", "output", "src_as", "dst_as")


class FlowCsvWriter(RecordWriter):
    """Writes the files ``flow27_YYYYMMDDhh.csv`` and ``flow48_YYYYMMDDhh.csv``."""

    source: ClassVar[str] = "flow_csv"
    rotation_us: ClassVar[int] = HOUR_US

    _listings: tuple[_Listing, ...] = ()
    _window: int | None = None

    def put(self, window_us: int, records: pa.Table) -> None:
        """Append the lines of records to both files."""
        if window_us != self._window:
            self.finish()
            self._window = window_us
            when = f"{moment(window_us):%Y%m%d%H}"
            if self.rotation < HOUR_US:
                when = f"{moment(window_us):%Y%m%d%H%M}"
            self._listings = tuple(
                _Listing(self.open(f"{name}_{when}.csv", window_us), header)
                for name, (header, _) in _DIALECTS.items()
            )
        if not records.num_rows:
            return
        columns = _shared(records)
        for listing, (_, lines) in zip(self._listings, _DIALECTS.values(), strict=True):
            self.take_note(listing.file, records)
            listing.append(records, payload(lines(records, columns)))

    def finish(self) -> None:
        """Finish the two open files."""
        for listing in self._listings:
            listing.end()
            self.closed(listing.file)
        self._listings = ()


@dataclass
class _Listing:
    """A file on its way, and the time that its flows span."""

    file: DataFile
    header: str
    first_us: int = 1 << 62
    last_us: int = 0

    def __post_init__(self) -> None:
        self.file.write(self.header.encode())

    def append(self, records: pa.Table, lines: memoryview) -> None:
        self.first_us = min(self.first_us, int(numbers(records, "first_us").min()))
        self.last_us = max(self.last_us, int(numbers(records, "last_us").max()))
        self.file.write(lines)

    def end(self) -> None:
        """Write the three last lines."""
        flows, octets, packets = (
            self.file.counts.get(name, 0) for name in ("records", "bytes", "packets")
        )
        seconds = (self.last_us - self.first_us) // 1000 / 1000
        rates = [0, 0, 0]
        if seconds > 0:
            mean = octets // packets if packets else 0
            rates = [int(octets * 8 / seconds), int(packets / seconds), mean]
        totals = [flows, octets, packets, *rates]
        text = "" if flows else _NOTHING
        self.file.write((text + _SUMMARY + ",".join(map(str, totals)) + "\n").encode())


def _shared(records: pa.Table) -> dict[str, Any]:
    """Return what both dialects write alike, as columns of text."""
    span = (numbers(records, "last_us") - numbers(records, "first_us")) // 1000
    written = {name: digits(records.column(name)) for name in ("tos", *_COUNTERS, *_PATHS)}
    for end in ("src", "dst"):
        written[end] = text(numbers(records, f"{end}_hi"), numbers(records, f"{end}_lo"))
    written |= {name: digits(records.column(name)) for name in ("sport", "dport")}
    written["duration"] = joined(digits(span // 1000), ".", padded(span % 1000, 3))
    written["proto"] = _PROTOCOLS.take(_index(records, "proto"))
    address = four(numbers(records, "exporter"))
    written["exporter"] = text(address[:, 0], address[:, 1])
    written["received"] = moments(numbers(records, "received_us"), iso)
    return written


def _index(records: pa.Table, name: str) -> pa.Array:
    return pa.array(numbers(records, name).astype(np.int64))


def _separated(*columns: Any) -> list[Any]:
    """Put a comma before each column but the first."""
    return [piece for column in columns for piece in (",", column)][1:]


def _lines_27(records: pa.Table, columns: dict[str, Any]) -> pa.Array:
    flags = _SHORT_FLAGS.take(_index(records, "flags"))
    return joined(
        *_separated(
            columns["received"],
            moments(numbers(records, "received_us"), _parts),
            *(columns[name] for name in ("duration", "src", "dst", "sport", "dport", "proto")),
            flags,
            "0",
            *(columns[name] for name in ("tos", *_COUNTERS, *_PATHS)),
            "0,0",
            columns["exporter"],
        ),
        "\n",
    )


def _parts(moment: Any) -> str:
    """Write the parts of a time, without leading zeros."""
    return ",".join(str(part) for part in moment.timetuple()[:6])


def _lines_48(records: pa.Table, columns: dict[str, Any]) -> pa.Array:
    flags = _FLAGS.take(_index(records, "flags"))
    received: Ints = numbers(records, "received_us")
    return joined(
        *_separated(
            *(moments(numbers(records, name), iso) for name in ("first_us", "last_us")),
            *(columns[name] for name in ("duration", "src", "dst", "sport", "dport", "proto")),
            flags,
            "0",
            *(columns[name] for name in ("tos", *_COUNTERS, *_PATHS)),
            *(digits(records.column(name)) for name in ("src_mask", "dst_mask")),
        ),
        _ABSENT,
        ",",
        columns["exporter"],
        ",0/0,0,",
        columns["received"],
        ".",
        padded(received // 1000 % 1000, 3),
        "\n",
    )


#: Header and lines of each dialect, by the beginning of the file's name.
_DIALECTS: dict[str, tuple[str, Callable[[pa.Table, dict[str, Any]], pa.Array]]] = {
    "flow27": (_HEADER_27, _lines_27),
    "flow48": (_HEADER_48, _lines_48),
}

WRITER = FlowCsvWriter
