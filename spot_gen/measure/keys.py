"""The natural key of a record in the form that both results and ground truth can have.

Results have lost file and ordinal, and part of the key: the product keeps the second at which a
flow was received and its duration, not its start and end. So each form of time below says from
which columns of a result it is made, and how the ground truth is brought to the same numbers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Numbers = dict[str, NDArray[np.int64]]

#: Stands for a number that is not there.
NONE = -(1 << 62)

_SECOND = 1_000_000
_PROTOCOLS = {
    "icmp": 1, "igmp": 2, "ipv4": 4, "tcp": 6, "udp": 17, "ipv6": 41, "gre": 47, "esp": 50,
    "ah": 51, "ipv6-icmp": 58, "icmp6": 58, "eigrp": 88, "ospfigp": 89, "ospf": 89, "ipip": 94,
    "pim": 103, "vrrp": 112, "l2tp": 115, "sctp": 132,
}  # fmt: skip


@dataclass(frozen=True)
class TimeKey:
    """One form of the time in a natural key.

    ``title`` says it in words, ``needs`` the columns of a result that it is made from.
    """

    title: str
    needs: tuple[str, ...]
    of_results: Callable[[pa.Table], Numbers]
    of_labels: Callable[[pa.Table], Numbers]


def whole(column: Any) -> NDArray[np.int64]:
    """A column of whole numbers as an array, ``NONE`` where there is none."""
    return np.asarray(pc.fill_null(column.cast(pa.int64()), NONE).to_numpy(), np.int64)


def _divided(column: Any, by: int) -> NDArray[np.int64]:
    values = whole(column)
    return np.where(values == NONE, NONE, values // by)


def _milliseconds(column: Any) -> NDArray[np.int64]:
    seconds = np.asarray(column.to_numpy(), np.float64)
    return np.where(np.isfinite(seconds), np.round(np.nan_to_num(seconds) * 1000), NONE).astype(
        np.int64
    )


def _seconds(texts: Any) -> NDArray[np.int64]:
    """Epoch seconds of ``YYYY-MM-DD HH:MM:SS``; what follows is not looked at."""
    texts = pc.replace_substring(pc.utf8_slice_codeunits(texts, 0, 19), "T", " ")
    moments = pc.strptime(texts, "%Y-%m-%d %H:%M:%S", unit="s", error_is_null=True)
    return whole(moments.cast(pa.int64()))


def _span(table: pa.Table) -> Numbers:
    return {"start": _divided(table["time_us"], 1000), "end": whole(table["end_ms"])}


def _received_and_duration(table: pa.Table) -> Numbers:
    return {"received": _seconds(table["moment"]), "duration": _milliseconds(table["duration"])}


def _label_duration(labels: pa.Table) -> NDArray[np.int64]:
    start, end = _divided(labels["time_us"], 1000), whole(labels["end_ms"])
    return np.where((start == NONE) | (end == NONE), NONE, end - start)


def _label_received(labels: pa.Table) -> NDArray[np.int64]:
    return _divided(labels["received_us"], _SECOND)


def _frame_time(table: pa.Table) -> Numbers:
    """Microsecond: the second is a column of its own, ``frame_time`` adds the fraction."""
    found = pc.extract_regex(table["moment"], r":\d\d\.(?P<fraction>\d{1,9})")
    digits = pc.fill_null(pc.struct_field(found, "fraction"), "0")
    micro = pc.utf8_slice_codeunits(pc.utf8_rpad(digits, 9, "0"), 0, 6).cast(pa.int64())
    seconds = whole(table["second"])
    values = seconds * _SECOND + np.asarray(micro.to_numpy(), np.int64)
    return {"time": np.where(seconds == NONE, NONE, values)}


def _clock(table: pa.Table) -> Numbers:
    return {"time": _seconds(pc.binary_join_element_wise(table["day"], table["clock"], " "))}


def _time_us(table: pa.Table) -> Numbers:
    return {"time": whole(table["time_us"])}


def _time_second(table: pa.Table) -> Numbers:
    return {"time": _divided(table["time_us"], _SECOND)}


#: The forms of time by their names in ``layouts``.
TIMES: Mapping[str, TimeKey] = {
    "span": TimeKey("start and end millisecond", ("time_us", "end_ms"), _span, _span),
    "received_and_duration": TimeKey(
        "second of receipt and duration",
        ("moment", "duration"),
        _received_and_duration,
        lambda labels: {"received": _label_received(labels), "duration": _label_duration(labels)},
    ),
    "received": TimeKey(
        "second of receipt",
        ("moment",),
        lambda table: {"received": _seconds(table["moment"])},
        lambda labels: {"received": _label_received(labels)},
    ),
    "microsecond": TimeKey("microsecond", ("time_us",), _time_us, _time_us),
    "frame_time": TimeKey("microsecond", ("moment", "second"), _frame_time, _time_us),
    "second": TimeKey(
        "second", ("second",), lambda table: {"time": whole(table["second"])}, _time_second
    ),
    "at_second": TimeKey("second", ("time_us",), _time_second, _time_second),
    "clock": TimeKey("second", ("day", "clock"), _clock, _time_second),
}


def address(texts: Any) -> Any:
    """Addresses in one spelling: those with a colon are written in their shortest form."""
    return _by_value(texts, _address)


def _address(text: str) -> str:
    if ":" not in text:
        return text
    try:
        return ipaddress.ip_address(text).compressed
    except ValueError:
        return text


def protocol(texts: Any) -> Any:
    """Numbers of protocols given by name or number, as text; a name that is unknown stays."""
    return _by_value(
        texts.cast(pa.string()), lambda text: str(_PROTOCOLS.get(text.lower(), text.strip()))
    )


def _by_value(texts: Any, clean: Callable[[str], str]) -> Any:
    """Apply a function to each distinct text."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    encoded = pc.fill_null(texts, "").dictionary_encode()
    cleaned = pa.array([clean(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return cleaned.take(encoded.indices)


def _logged(texts: Any) -> Any:
    """Texts of a log: absent ones (``-``) are empty, quotes around them are no part of them."""
    texts = pc.utf8_trim(pc.fill_null(texts, ""), '"')
    return pc.if_else(pc.equal(texts, "-"), "", texts)


def _plain(texts: Any) -> Any:
    return pc.fill_null(texts, "")


#: How the other columns of a key are brought to one form.
CLEAN: Mapping[str, Callable[[Any], Any]] = {
    "src": address,
    "dst": address,
    "proto": protocol,
    "sport": lambda column: column.cast(pa.int64()).fill_null(NONE),
    "dport": lambda column: column.cast(pa.int64()).fill_null(NONE),
    "type": lambda column: column.cast(pa.int64()).fill_null(NONE),
    "name": _plain,
    "method": _plain,
    "path": _logged,
    "query": _logged,
}
