"""Texts of a time to seconds since 1970, and seconds to the columns of date and time."""

from __future__ import annotations

import re
from datetime import UTC, timezone
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_ingest.readers.proxylog import clock
from spot_ingest.readers.proxylog.clock import Form, FormError
from spot_ingest.readers.proxylog.tokens import Flags, Ints

_DAY = 86_400
_LATEST = 253_402_300_799  # 9999-12-31 23:59:59
#: The bytes of each month's name, one below the other.
_MONTHS = [np.array([[byte] for byte in name.encode()]) for name in clock.MONTHS]
_COUNT = r"^\d{1,14}(\.\d*)?$"
_LIMITS = {"m": (1, 12), "b": (1, 12), "d": (1, 31), "H": (0, 23), "M": (0, 59), "S": (0, 60)}


def seconds(form: Form, texts: Any) -> tuple[Ints, Flags]:
    """Give the UTC seconds that texts say (0 where they say none), and which do."""
    found, valid = _counted(form, texts) if form.text in clock.EPOCHS else _read(form, texts)
    valid &= (found >= 0) & (found <= _LATEST)
    return np.where(valid, found, 0), valid


def _counted(form: Form, texts: Any) -> tuple[Ints, Flags]:
    numeric = pc.match_substring_regex(texts, _COUNT)
    counts = pc.if_else(numeric, texts, "0").cast(pa.float64()).to_numpy()
    units = clock.EPOCHS[form.text]
    return (counts // units).astype(np.int64), numeric.to_numpy(zero_copy_only=False)


def _read(form: Form, texts: Any) -> tuple[Ints, Flags]:
    """Read texts whose first part has a fixed width; the few ways in which they end are told."""
    local, valid = _fixed(form, texts)
    if not form.tail:
        return _utc(form.zone, local), valid
    tails = pc.utf8_slice_codeunits(texts, form.width, None)
    tails = pc.replace_substring_regex(tails, f"^{clock.FRACTION}", "").dictionary_encode()
    which = tails.indices.to_numpy()
    zones = np.array([_zone(form, tail) for tail in tails.dictionary.to_pylist()] or [""])[which]
    valid &= zones != ""
    for zone in set(zones[valid].tolist()):
        rows = valid & (zones == zone)
        local[rows] = _utc(zone, local[rows])
    return local, valid


def _zone(form: Form, tail: str) -> str:
    """Give the zone that the end of a time says, empty where that is no end of a time."""
    found = re.fullmatch(form.tail, tail)
    if found is None:
        return ""
    zone = found.groupdict().get("z") or form.zone
    try:
        clock.zone_of(zone)
    except FormError:
        return ""
    return zone


def _utc(zone: str, local: Ints) -> Ints:
    """Turn seconds of a zone's clock into those of UTC; an hour that comes twice is the first."""
    known = clock.zone_of(zone)
    if known is UTC:
        return local
    if isinstance(known, timezone):
        return local - int(known.utcoffset(None).total_seconds())
    times = pa.array(local).cast(pa.timestamp("s"))
    zoned = pc.assume_timezone(times, zone, ambiguous="earliest", nonexistent="latest")
    utc: Ints = zoned.cast(pa.int64()).to_numpy()
    return utc


def _fixed(form: Form, texts: Any) -> tuple[Ints, Flags]:
    """Read the part of fixed width as seconds of the log's own clock."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :][: len(texts) + 1]
    sizes = np.diff(offsets)
    valid = sizes >= form.width if form.tail else sizes == form.width
    rows = np.flatnonzero(valid)
    found = np.zeros(len(texts), np.int64)
    if len(rows) == 0:
        return found, valid
    data = np.frombuffer(texts.buffers()[2], np.uint8)
    chars = data[offsets[rows] + np.arange(form.width)[:, None]]
    good = np.ones(len(rows), bool)
    parts: dict[str, Ints] = {}
    for letter, place, choices in form.places:
        if letter:
            parts[letter] = _part(letter, chars[place:], good)
        else:
            good &= np.logical_or.reduce([chars[place] == choice for choice in choices])
    found[rows] = _since_1970(parts, good)
    valid[rows] = good
    return found, valid


def _part(letter: str, chars: Any, good: Flags) -> Ints:
    """Read one part from rows of characters, clearing the flags of what is none."""
    if letter == "b":
        part = np.zeros(chars.shape[1], np.int64)
        for number, name in enumerate(_MONTHS, 1):
            part[(chars[:3] == name).all(axis=0)] = number
    else:
        digits = chars[: clock.WIDTHS[letter]].astype(np.int64) - ord("0")
        good &= ((digits >= 0) & (digits <= 9)).all(axis=0)
        part = np.zeros(chars.shape[1], np.int64)
        for digit in digits:
            part = part * 10 + digit
    low, high = _LIMITS.get(letter, (0, 9999))
    good &= (part >= low) & (part <= high)
    return part


def _since_1970(parts: dict[str, Ints], good: Flags) -> Ints:
    """Give the seconds of dates and times, clearing the flags of days that no month has."""
    month = parts["m"] if "m" in parts else parts["b"]
    months = np.where(good, (parts["Y"] - 1970) * 12 + month - 1, 0)
    first, beyond = (
        (months + later).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        for later in (0, 1)
    )
    good &= parts["d"] <= beyond - first
    seconds = (first + parts["d"] - 1) * _DAY + parts["H"] * 3600 + parts["M"] * 60 + parts["S"]
    return np.where(good, seconds, 0)


@cache
def _times() -> pa.StringArray:
    """The text of every second of a day."""
    return pa.array(np.arange(_DAY), pa.int32()).cast(pa.time32("s")).cast(pa.string())


def dates(moments: Ints) -> pa.StringArray:
    """Give the dates (UTC) of seconds as ``YYYY-MM-DD``."""
    days, which = np.unique(moments // _DAY, return_inverse=True)
    texts = pa.array(np.datetime_as_string(days.astype("datetime64[D]")).tolist(), pa.string())
    return texts.take(pa.array(which))


def times(moments: Ints) -> pa.StringArray:
    """Give the times of day (UTC) of seconds as ``HH:MM:SS``."""
    return _times().take(pa.array(moments % _DAY))
