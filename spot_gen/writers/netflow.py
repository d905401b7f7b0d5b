"""NetFlow datagrams, versions 5 and 9 (RFC 3954), made of flow records; all big-endian.

Version 5 knows IPv4 only, and one direction per record: its records are to be exported in style
``uni``. Version 9 says in templates what its records hold; they are sent again every minute.
A datagram holds records of one second, and is sent when its last one is exported.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_gen.clock import DAY_US, MINUTE_US, SECOND_US
from spot_gen.config import Config
from spot_gen.config.model import Export
from spot_gen.events import numbers
from spot_gen.network.addresses import is_six
from spot_gen.ragged import Ragged, Rows
from spot_gen.streams import Ints

#: How long the router has been up when the span begins; its clock of 32 bits lasts for 49 days.
_UPTIME_US = 2 * DAY_US
_WRAP = 1 << 32

_MOST_5 = 30
_HEADER_5 = np.dtype(
    [
        ("version", ">u2"), ("count", ">u2"), ("uptime", ">u4"), ("seconds", ">u4"),
        ("nanoseconds", ">u4"), ("sequence", ">u4"), ("engine", ">u2"), ("sampling", ">u2"),
    ]
)  # fmt: skip
_RECORD_5 = np.dtype(
    [
        ("src_lo", ">u4"), ("dst_lo", ">u4"), ("next_hop", ">u4"), ("input", ">u2"),
        ("output", ">u2"), ("packets", ">u4"), ("bytes", ">u4"), ("first", ">u4"), ("last", ">u4"),
        ("sport", ">u2"), ("dport", ">u2"), ("pad", "u1"), ("flags", "u1"), ("proto", "u1"),
        ("tos", "u1"), ("src_as", ">u2"), ("dst_as", ">u2"), ("src_mask", "u1"),
        ("dst_mask", "u1"), ("pad_2", ">u2"),
    ]
)  # fmt: skip
_ICMP = (1, 58)
#: Every n-th packet is looked at.
_SAMPLED, _MOST_SAMPLED = 1 << 14, (1 << 14) - 1

_HEADER_9 = np.dtype(
    [
        ("version", ">u2"), ("count", ">u2"), ("uptime", ">u4"), ("seconds", ">u4"),
        ("sequence", ">u4"), ("source", ">u4"),
    ]
)  # fmt: skip
_SET = np.dtype([("id", ">u2"), ("length", ">u2")])

Field = tuple[str, int, str]
#: Name here, number in RFC 3954, and width.
_COMMON_9: list[Field] = [
    ("bytes", 1, ">u8"), ("packets", 2, ">u8"), ("out_bytes", 23, ">u8"),
    ("out_packets", 24, ">u8"), ("first", 22, ">u4"), ("last", 21, ">u4"), ("input", 10, ">u4"),
    ("output", 14, ">u4"), ("src_as", 16, ">u4"), ("dst_as", 17, ">u4"), ("sport", 7, ">u2"),
    ("dport", 11, ">u2"), ("proto", 4, "u1"), ("tos", 5, "u1"), ("flags", 6, "u1"),
    ("direction", 61, "u1"), ("icmp", 32, ">u2"),
]  # fmt: skip
_FOUR: list[Field] = [
    ("src", 8, ">u4"), ("dst", 12, ">u4"), ("next_hop", 15, ">u4"), ("src_mask", 9, "u1"),
    ("dst_mask", 13, "u1"),
]  # fmt: skip
_SIX: list[Field] = [
    ("src", 27, "2>u8"), ("dst", 28, "2>u8"), ("src_mask", 29, "u1"), ("dst_mask", 30, "u1"),
]  # fmt: skip
_FIRST_TEMPLATE = 256
#: What fits a datagram of 1,400 bytes, IPv4 and IPv6.
_MOST_9 = np.array([17, 13])


@dataclass(frozen=True)
class Datagrams:
    """Datagrams in the order in which they are sent, at ``time_us``.

    ``counts`` is the number of flow records in each; ``records`` are these, in their order.
    """

    time_us: Ints
    payload: Ragged
    counts: Ints
    records: pa.Table


@dataclass(frozen=True)
class _Groups:
    """Rows that stand in order: ``first`` of each datagram and how many it has."""

    first: Ints
    counts: Ints
    time_us: Ints


def export_for(version: int, export: Export) -> Export:
    """Return how the router exports for a version: for 5, one record per direction."""
    return dataclasses.replace(export, style="uni") if version == 5 else export


class Packer:
    """Makes datagrams of records as they are exported; sequence numbers go on from call to call."""

    def __init__(self, version: int, config: Config) -> None:
        self._pack = _VERSIONS[version]
        self._boot_us = config.start_us // SECOND_US * SECOND_US - _UPTIME_US
        self._sampling = config.export.sampling
        self._sequence = 0
        self._minute = -1

    def datagrams(self, records: pa.Table) -> Datagrams:
        """Make the datagrams of records (schema RECORDS, in order).

        A call must not begin within a second whose records another call had.
        """
        return self._pack(self, records)

    def version_5(self, records: pa.Table) -> Datagrams:
        """Make datagrams of up to 30 records of IPv4."""
        records = _narrow(records.filter(pa.array(~_six(records))))
        groups = _grouped(numbers(records, "received_us"), np.zeros(records.num_rows, np.int64), _5)
        header = np.zeros(len(groups.first), _HEADER_5)
        header["version"], header["count"] = 5, groups.counts
        header["uptime"] = self._uptime(groups.time_us)
        header["seconds"] = groups.time_us // SECOND_US
        header["nanoseconds"] = groups.time_us % SECOND_US * 1000
        header["sequence"] = (self._sequence + groups.first) % _WRAP
        if 1 < self._sampling <= _MOST_SAMPLED:
            header["sampling"] = _SAMPLED | self._sampling
        self._sequence += records.num_rows
        rows = Rows(records.num_rows).fixed(header, groups.first)
        rows.fixed(self._filled(records, _RECORD_5))
        payload = rows.build().grouped(np.append(groups.first, records.num_rows))
        return Datagrams(groups.time_us, payload, groups.counts, records)

    def version_9(self, records: pa.Table) -> Datagrams:
        """Make datagrams of records of one template each, and of both templates every minute."""
        six = _six(records).astype(np.int64)
        second = numbers(records, "received_us") // SECOND_US
        places = np.lexsort((six, second))
        records, six = records.take(pa.array(places)).combine_chunks(), six[places]
        groups = _grouped(numbers(records, "received_us"), six, _MOST_9)
        kind = six[groups.first]
        renewed = self._renewed(groups.time_us)
        # A datagram of templates, where there is one, goes before the one of records.
        time_us = np.concatenate([groups.time_us[renewed], groups.time_us])
        order = np.lexsort((np.arange(len(time_us)) >= len(renewed), time_us))
        header = self._header_9(time_us, order)
        header["count"] = np.concatenate([np.full(len(renewed), len(_TEMPLATES)), groups.counts])
        templates = Rows(len(renewed)).fixed(header[: len(renewed)])
        templates.fixed(np.tile(np.frombuffer(_template_set(), np.uint8), (len(renewed), 1)))
        data = self._data_9(records, six, groups, kind, header[len(renewed) :])
        counts = np.concatenate([np.zeros(len(renewed), np.int64), groups.counts])[order]
        payload = Ragged.joined([templates.build(), data]).take(order)
        records = records.take(
            pa.array(_rows_of(groups, order[order >= len(renewed)] - len(renewed)))
        )
        return Datagrams(time_us[order], payload, counts, records)

    def _header_9(self, time_us: Ints, order: Ints) -> NDArray[Any]:
        """Return the headers; ``order`` is that in which they are sent."""
        header = np.zeros(len(time_us), _HEADER_9)
        header["version"] = 9
        # The header has no part of a second: neither has the uptime, so that times agree.
        whole = time_us // SECOND_US * SECOND_US
        header["uptime"], header["seconds"] = self._uptime(whole), whole // SECOND_US
        sequence = np.empty(len(time_us), np.int64)
        sequence[order] = self._sequence + np.arange(len(time_us))
        header["sequence"] = sequence % _WRAP
        self._sequence += len(time_us)
        return header

    def _renewed(self, time_us: Ints) -> Ints:
        """Return the datagrams before which templates are sent: the first of each minute."""
        minute = time_us // MINUTE_US
        fresh = np.diff(minute, prepend=self._minute) > 0
        if len(minute):
            self._minute = int(minute.max())
        return np.flatnonzero(fresh)

    def _data_9(
        self, records: pa.Table, six: Ints, groups: _Groups, kind: Ints, header: NDArray[Any]
    ) -> Ragged:
        rows = Rows(records.num_rows).fixed(header, groups.first)
        head = np.zeros(len(groups.first), _SET)
        head["id"] = _FIRST_TEMPLATE + kind
        sizes = np.array([template.itemsize for template, _ in _TEMPLATES])
        head["length"] = _SET.itemsize + groups.counts * sizes[kind]
        rows.fixed(head, groups.first)
        for number, (template, _) in enumerate(_TEMPLATES):
            at = np.flatnonzero(six == number)
            rows.fixed(self._filled(records.take(pa.array(at)), template), at)
        return rows.build().grouped(np.append(groups.first, records.num_rows))

    def _filled(self, records: pa.Table, structure: np.dtype[Any]) -> NDArray[Any]:
        """Return records in a structure: by name, with the router's clock for times."""
        filled = np.zeros(records.num_rows, structure)
        names = structure.names or ()
        for name in set(names) & set(records.schema.names):
            values, field = numbers(records, name), structure[name]
            narrow = field.itemsize < values.dtype.itemsize
            filled[name] = np.minimum(values, np.iinfo(field).max) if narrow else values
        for name in ("first", "last"):
            filled[name] = self._uptime(numbers(records, f"{name}_us"))
        if "icmp" in names:
            icmp = np.isin(numbers(records, "proto"), _ICMP)
            filled["icmp"] = np.where(icmp, numbers(records, "dport"), 0)
        for end in {"src", "dst"} & set(names):
            high, low = numbers(records, f"{end}_hi"), numbers(records, f"{end}_lo")
            wide = structure[end].shape == (2,)
            filled[end] = np.stack([high, low], axis=-1) if wide else low
        return filled

    def _uptime(self, time_us: Ints) -> Ints:
        """Return the router's clock, in milliseconds."""
        uptime: Ints = (time_us - self._boot_us) // 1000 % _WRAP
        return uptime


def _narrow(records: pa.Table) -> pa.Table:
    """Limit counters to the 32 bits that version 5 has for them."""
    for name in ("packets", "bytes"):
        column = pc.min_element_wise(records.column(name), pa.scalar(_WRAP - 1, pa.uint64()))
        records = records.set_column(records.schema.get_field_index(name), name, column)
    return records


def _six(records: pa.Table) -> NDArray[np.bool_]:
    return is_six(numbers(records, "src_hi")) | is_six(numbers(records, "dst_hi"))


def _grouped(received_us: Ints, kind: Ints, most: Ints) -> _Groups:
    """Group rows into datagrams: of one second and kind, ``most[kind]`` rows each at most."""
    size = len(received_us)
    key = received_us // SECOND_US * 2 + kind
    begins = np.flatnonzero(np.diff(key, prepend=-1))
    place = np.arange(size) - np.repeat(begins, np.diff(begins, append=size))
    first = np.flatnonzero(place % most[kind] == 0)
    counts = np.diff(first, append=size)
    return _Groups(first, counts, received_us[first + counts - 1])


def _rows_of(groups: _Groups, order: Ints) -> Ints:
    """List the rows of datagrams that are in another order."""
    counts = groups.counts[order]
    shift = groups.first[order] - (np.cumsum(counts) - counts)
    rows: Ints = np.arange(int(counts.sum())) + np.repeat(shift, counts)
    return rows


def _template_set() -> bytes:
    """Return the flow set that holds the templates."""
    words = []
    for number, (structure, fields) in enumerate(_TEMPLATES):
        widths = [structure[name].itemsize for name, _, _ in fields]
        words += [_FIRST_TEMPLATE + number, len(fields)]
        words += [
            w for (_, kind, _), width in zip(fields, widths, strict=True) for w in (kind, width)
        ]
    return np.array([0, _SET.itemsize + 2 * len(words), *words], ">u2").tobytes()


def _template(fields: list[Field]) -> tuple[np.dtype[Any], list[Field]]:
    """Return the structure of records, whose length is a multiple of 4, and their fields."""
    return np.dtype([(name, width) for name, _, width in fields]), fields


_TEMPLATES = [_template(_COMMON_9 + ends) for ends in (_FOUR, _SIX)]
_5 = np.array([_MOST_5])
_VERSIONS: dict[int, Callable[[Packer, pa.Table], Datagrams]] = {
    5: Packer.version_5,
    9: Packer.version_9,
}
