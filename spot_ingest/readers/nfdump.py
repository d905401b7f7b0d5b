"""nfcapd files through nfdump, which prints their flows, and the verdict on them afterwards.

nfdump 1.7 ends with status 0 on cut and corrupt files, and loops for ever or crashes on some. So
the outside of a file is checked first, nfdump's error text is read, and the number of rows is
compared with what the file promises.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from spot_common import process
from spot_ingest.accounting import Finding, Reading
from spot_ingest.errors import UnreadableError
from spot_ingest.readers import flowlines, nfheader

#: How nfdump is run, always.
ENVIRONMENT = {"TZ": "UTC", "LC_ALL": "C"}
#: By itself nfdump writes 4 KiB at a time, which costs both ends of the pipe a fifth of their time.
_BUFFERED = ("stdbuf", "-o256K")
#: What the machine's own nfdump.conf and GEO database say must change nothing.
_ALONE = ("-C", "none", "-G", "none")
#: Of records that are no flows (samplers and the like) nfdump says that it skips them.
_CHATTER = re.compile(rb"^Skip unknown record type|^\s*$")

_ONE_NUMBER = csv.ReadOptions(column_names=["flows"], use_threads=False)
_UNSIGNED = csv.ConvertOptions(column_types={"flows": pa.uint64()})


def argv(source: Path, *, received: str = "tr") -> list[str]:
    """Give the nfdump call that prints the flows of a file, or of all files of a folder.

    ``received`` is the tag of the time that counts as the time received.
    """
    tags = (received, *(tag for tag, _ in flowlines.FIELDS[1:]))
    return [*_call(source), "-q", "-N", "-6", "-o", "fmt:" + "|".join(f"%{tag}" for tag in tags)]


def _call(source: Path) -> list[str]:
    option = "-R" if source.is_dir() else "-r"
    return [process.find_program("nfdump"), *_ALONE, option, os.fspath(source.absolute())]


@contextmanager
def everything(source: Path, records: int) -> Iterator[process.Running]:
    """Start nfdump printing all that it knows of the first records of a file, line by line."""
    call = [*_call(source), "-q", "-o", "raw", "-c", str(records)]
    with process.stream(call, env=ENVIRONMENT, chatter=_CHATTER) as running:
        yield running


class Listing:
    """The flows of a file, or of all files of a folder, as nfdump prints them, and the verdict."""

    def __init__(self, source: Path, surveys: Sequence[nfheader.Survey], running: process.Running):
        self.stream = running.stdout
        self._source = source
        self._surveys = surveys
        self._running = running

    def finish(self, received: int) -> Finding:
        """Check that all flows were printed: ``received`` is the number of rows read.

        Raises UnreadableError when nfdump complained, crashed or had to be stopped, when there is
        no flow, or when there is another number of flows than promised; ToolError when nfdump was
        killed by somebody.
        """
        done = self._running.finish()
        if done.killed:
            raise process.failure("nfdump", done.status, done.stderr)
        promised = self._promised()
        if done.stopped or done.stderr or done.status != 0:
            said = done.stopped or done.stderr.strip().partition("\n")[0]
            said = said.replace(os.fspath(self._source.absolute()), "the file")
            of = "" if promised is None else f" of {promised}"
            raise self._damaged(
                f"nfdump could read only {received}{of} flows: {said or f'status {done.status}'}",
                promised,
                received,
            )
        if promised is None:
            raise self._damaged("its statistics cannot be read", promised, received)
        if received == promised == 0:
            raise UnreadableError("the file is sound but holds no flow")
        if received != promised and self._recount() != (received, promised):
            raise self._damaged(
                f"the header promises {promised} flows, nfdump printed {received}",
                promised,
                received,
            )
        return Finding()

    def _damaged(self, message: str, promised: int | None, received: int) -> UnreadableError:
        believable = sum(survey.believable(promised or 0) for survey in self._surveys)
        rows = max(received, min(promised or 0, believable))
        return UnreadableError(message, rows=rows, hint=nfheader.COPY_AGAIN)

    def _promised(self) -> int | None:
        """Give the number of flows that the statistics tell; None where they cannot be read."""
        known = [one.statistics.flows for one in self._surveys if one.statistics is not None]
        if len(known) == len(self._surveys):
            return sum(known)
        with process.stream([*_call(self._source), "-I"], env=ENVIRONMENT) as running:
            told = re.search(rb"^Flows: (\d+)$", running.stdout.read(), re.MULTILINE)
            done = running.finish()
        sound = told is not None and not (done.stderr or done.stopped)
        return int(told[1]) if told is not None and sound else None

    def _recount(self) -> tuple[int, int]:
        """Count the records again, and the flows that they stand for: aggregated have more."""
        call = [*_call(self._source), "-q", "-N", "-o", "fmt:%fl"]
        with process.stream(call, env=ENVIRONMENT, chatter=_CHATTER) as running:
            try:
                numbers = csv.open_csv(running.stdout, _ONE_NUMBER, convert_options=_UNSIGNED)
                sums = [(len(one), pc.sum(one.column(0)).as_py() or 0) for one in numbers]
            except pa.ArrowInvalid:  # "No matching flows"
                sums = []
        return sum(records for records, _ in sums), sum(flows for _, flows in sums)


@contextmanager
def dissect(source: Path, *, received: str = "tr") -> Iterator[Listing]:
    """Start nfdump on a file, or on all files of a folder; its text is the listing's ``stream``.

    Raises UnreadableError where a file is not whole, as far as can be seen from outside.
    """
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    surveys = [nfheader.survey(file) for file in files]
    call = [*_BUFFERED, *argv(source, received=received)]
    with process.stream(call, env=ENVIRONMENT, chatter=_CHATTER) as running:
        yield Listing(source, surveys, running)


@contextmanager
def read(path: Path) -> Iterator[Reading]:
    """Read an nfcapd file."""
    with dissect(path) as listing:
        yield Reading(flowlines.parse(listing.stream), listing.finish)
