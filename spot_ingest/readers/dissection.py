"""tshark on some frames at a time.

A run sees only as many frames as fit into a given memory: what tshark knows of conversations it
keeps to its end, and its own way to forget (``-M``) leaks 11 MB each time and loses what lies
across.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import IO, TypeVar

import numpy as np

from spot_common import process
from spot_ingest.errors import UnreadableError
from spot_ingest.readers.frames import Frames, Portion
from spot_ingest.readers.pcapng import is_pcapng

T = TypeVar("T")

#: What frames seen may weigh together (bytes).
PORTION_WEIGHT = 24 << 20
RESPONSES = "dns.flags.response == 1"

#: No names for addresses, and nothing about times of conversations, which costs a tenth.
_SETTINGS = ("-n", "-o", "udp.calculate_timestamps:FALSE")
_ENVIRONMENT = {"TZ": "UTC", "LC_ALL": "C.UTF-8"}
#: Failed runs after which a portion that fails is not halved any more.
_MOST_FAILURES = 100


class DissectionError(Exception):
    """tshark did not come to a good end."""


def portions(parts: Iterable[Frames]) -> Iterator[Portion]:
    """Put together what may be dissected together."""
    held: list[Frames] = []
    weight = 0
    for part in parts:
        fits = not held or part.head == held[-1].head or is_pcapng(part.head)
        if held and (weight + part.weight > PORTION_WEIGHT or not fits):
            yield Portion(tuple(held))
            held, weight = [], 0
        held.append(part)
        weight += part.weight
    if held:
        yield Portion(tuple(held))


def ahead(parts: Iterator[T]) -> Iterator[T]:
    """Make each part while the one before is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = pool.submit(next, parts, None)
            yield part


class Dissection:
    """Runs tshark on the frames of one capture. ``scratch`` is a folder for them."""

    def __init__(self, scratch: Path) -> None:
        self._file = scratch / "portion"
        self._home = scratch / "tshark"
        self._failures = 0
        self._alone = Lock()  # a second tshark would need another 160 MB

    @contextmanager
    def printed(self, portion: Portion, style: Sequence[str]) -> Iterator[IO[bytes]]:
        """Give what tshark prints of the responses in these frames.

        ``style`` are its arguments for that. Raises DissectionError where it fails or makes no
        progress; then what it has printed must not be used. Raises ToolError where somebody else
        ended it, which is not the frames' fault.
        """
        with self._alone:
            portion.store(self._file)
            self._home.mkdir(exist_ok=True)
            file = os.fspath(self._file.absolute())
            call = ["tshark", *_SETTINGS, "-r", file, "-Y", RESPONSES, *style]
            # a person's settings of Wireshark are not for us
            environment = {**_ENVIRONMENT, "WIRESHARK_CONFIG_DIR": os.fspath(self._home)}
            with process.stream(call, env=environment) as running:
                yield running.stdout
                _judge(running.finish())

    def halving(
        self,
        portion: Portion,
        work: Callable[[Portion], Sequence[T]],
        give_up: Callable[[Portion, str], T],
    ) -> list[T]:
        """Give what ``work`` makes of frames; where it fails, of one half of them and the other.

        So one frame that tshark cannot bear costs only itself: ``give_up`` says what becomes of it.
        Raises UnreadableError where not the frames are at fault but the head of a pcap file.
        """
        try:
            return list(work(portion))
        except DissectionError as error:
            self._failures += 1
            if self._failures == 1:
                self._try_head(portion.parts[0])
            if len(portion) == 1 or self._failures > _MOST_FAILURES:
                return [give_up(portion, str(error))]
            middle = len(portion) // 2
            halves = portion.between(0, middle), portion.between(middle, len(portion))
            return [made for half in halves for made in self.halving(half, work, give_up)]

    def _try_head(self, frames: Frames) -> None:
        if is_pcapng(frames.head):  # which has many, and may have been good so far
            return
        try:
            with self.printed(Portion((frames.take(np.arange(0)),)), style=()) as nothing:
                nothing.read()
        except DissectionError as error:
            raise UnreadableError(f"the head of the capture: {error}") from error


def _judge(done: process.Completed) -> None:
    failure = process.failure("tshark", done.status, done.stderr)
    if done.killed:
        raise failure
    if done.stopped:
        raise DissectionError(f"tshark was stopped: {done.stopped}")
    if done.status != 0:
        raise DissectionError(failure.message)
