"""Several workers of one source under one command, each a process of its own."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

from spot_common import log
from spot_common.config import load_config
from spot_ingest.consume import run
from spot_ingest.stopping import until_told

_LOG = log.get("ingest.crew")
_LOOK_EVERY = 0.5
#: A worker that died is started again after this time, so that one that cannot start does not spin.
_PAUSE = 2.0
#: Time to finish the files in hand; one that is cut short is done again.
_LONGEST_END = 60.0


@dataclass
class _Place:
    """One worker's place in the crew: its process, and when it may be started."""

    number: int
    process: BaseProcess | None = None
    not_before: float = 0.0


def work(source: str, numbers: Sequence[int], stop: threading.Event) -> None:
    """Keep a worker of each number running until ``stop`` is set; a dead one is replaced."""
    spawn = multiprocessing.get_context("spawn")
    places = [_Place(number) for number in numbers]
    while not stop.is_set():
        for place in places:
            process = place.process
            if process is not None and not process.is_alive():
                log.event(_LOG, "worker_died", worker=place.number, status=process.exitcode)
                place.process, place.not_before = None, time.monotonic() + _PAUSE
            if place.process is None and time.monotonic() >= place.not_before:
                place.process = spawn.Process(target=_one, args=(source, place.number))
                place.process.start()
        stop.wait(_LOOK_EVERY)
    running = [place.process for place in places if place.process is not None]
    for process in running:
        process.terminate()
    for process in running:
        process.join(_LONGEST_END)
        if process.is_alive():
            process.kill()


def _one(source: str, number: int) -> None:
    log.configure()
    run(load_config(), source, number, until_told())
