"""Captures that rotate: what every source of packets has in common.

A file has the packets of all events that begin in its window, in the order of time, also those
that pass after the window's end: an exchange is never cut in two by the clock. Within a window
packets wait until everything that might come before them is known.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
import pyarrow as pa

from spot_gen import truth
from spot_gen.clock import HOUR_US, moment
from spot_gen.events import Events
from spot_gen.ragged import Ints, Ragged
from spot_gen.writers import pcap
from spot_gen.writers.files import DataFile, Output, Writer
from spot_gen.writers.traffic import FIRST, RESPONSE, UNMARKED, Traffic

#: How many packets are framed at once: what a processor's cache holds.
_CHUNK = 1 << 15


class CaptureWriter(Writer):
    """Writes the packets of events. Counts: ``records`` events, ``packets``, ``responses``."""

    #: How the names of files begin; the time of their window follows.
    prefix: ClassVar[str]
    #: A file is closed when it is larger, bytes.
    largest: int = 1 << 62
    #: Packets are cut to this length where nothing but zeros is cut off.
    snap: ClassVar[int] = pcap.SNAPSHOT

    _file: DataFile | None = None
    _window: int = -1
    _part: int = 0
    _waiting: Traffic = Traffic.joined([])
    _keys: pa.Table | None = None

    @abstractmethod
    def traffic(self, events: Events, first_mark: int) -> tuple[list[Traffic], pa.Table]:
        """Return the packets of events, in parts, and what their labels' marks say.

        The marks are columns of ``truth.MARKS``, one row per labelled event; the ``mark`` of its
        packet is that row's number plus ``first_mark``.
        """

    def write(self, events: Events, start_us: int, end_us: int) -> None:
        """Write a batch: all events that begin in [start, end)."""
        window = start_us // self.rotation * self.rotation
        while window < end_us:
            after = window + self.rotation
            part = events.between(max(window, start_us), min(after, end_us))
            self._add(part, window, None if after <= end_us else end_us)
            window = after

    def close(self) -> Output:
        """Write what waits and finish the last file."""
        self._finish()
        return self.output

    def _add(self, events: Events, window: int, known_until: int | None) -> None:
        """Take events of a window; everything before ``known_until`` (None: all of it) is known."""
        if window != self._window:
            self._finish()
            self._window, self._part = window, 0
        marked = 0 if self._keys is None else self._keys.num_rows
        parts, keys = self.traffic(events, marked)
        self._keys = keys if self._keys is None else pa.concat_tables([self._keys, keys])
        self._waiting = Traffic.joined([self._waiting, *parts])
        del parts  # a large batch need not be there twice
        self._release(known_until)
        if known_until is None:
            self._finish()

    def _release(self, until: int | None) -> None:
        """Write what waits and passes before a time."""
        waiting = self._waiting
        order = pcap.in_time(waiting.packets)
        ready = len(order)
        if until is not None:
            ready = int(np.searchsorted(waiting.packets["time_us"][order], until))
        for first in range(0, ready, _CHUNK):
            rows = order[first : min(first + _CHUNK, ready)]
            self._append(waiting.packets[rows], waiting.payload(rows))
        self._waiting = waiting.take(order[ready:])

    def _append(self, packets: pcap.Packets, payload: Ragged) -> None:
        nanoseconds = self.world.config.outputs.nanoseconds
        records = pcap.records(packets, payload, nanoseconds=nanoseconds, snap=self.snap)
        first = 0
        while first < len(packets):
            file = self._current()
            room = self.largest - file.size + records.offsets[first]
            last = int(np.searchsorted(records.offsets[1:], room, side="right")) + 1
            last = max(min(last, len(packets)), first + 1)
            self._mark(file, packets[first:last])
            file.write(records.slice(first, last).values.data)
            self._count(file, packets[first:last])
            first = last

    def _current(self) -> DataFile:
        """Return the file that takes the next packet."""
        if self._file is not None and self._file.size > self.largest:
            self._close_file()
        if self._file is None:
            name = f"{self.prefix}_{moment(self._window):{self._stamp}}"
            name += f"_{self._part}" if self._part else ""
            self._part += 1
            self._file = DataFile(self.folder, f"{name}.pcap")
            self._file.write(pcap.file_header(self.world.config.outputs.nanoseconds))
        return self._file

    @property
    def _stamp(self) -> str:
        """The format of the time in names: minutes only where windows begin within hours."""
        return "%Y%m%d%H" if self.rotation % HOUR_US == 0 else "%Y%m%d%H%M"

    def _count(self, file: DataFile, packets: pcap.Packets) -> None:
        kind = packets["kind"]
        begun = int(np.count_nonzero(kind & FIRST))
        answers = int(np.count_nonzero(kind & RESPONSE))
        file.count(packets["time_us"], records=begun, responses=answers, packets=len(packets))

    def _mark(self, file: DataFile, packets: pcap.Packets) -> None:
        at = np.flatnonzero(packets["mark"] != UNMARKED)
        if not len(at) or self._keys is None:
            return
        keys = self._keys.take(pa.array(packets["mark"][at]))
        columns = {name: keys.column(name) for name in keys.column_names}
        columns["time_us"] = packets["time_us"][at]
        ordinal = at + file.counts.get("packets", 0) + 1
        self.output.marks.append(
            truth.marks(self.source, self.name(file.path.name), ordinal, columns)
        )

    def _finish(self) -> None:
        """Write what waits, whatever might come, and finish the window."""
        self._release(None)
        self._keys = None
        self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            name = self.name(self._file.path.name)
            self.output.files.append(self._file.close(self.source, name))
            self._file = None


def mark_numbers(labels: np.ndarray, first: int) -> Ints:
    """Number the events that are not ordinary; the others are ``UNMARKED``."""
    marked = labels != 0
    return np.where(marked, np.cumsum(marked) - 1 + first, UNMARKED)
