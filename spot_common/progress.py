"""Progress of what takes longer than two seconds, on the error stream."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Bar:
    """One piece of work whose advance is shown."""

    def __init__(self, progress: Progress | None, task: TaskID, total: float | None) -> None:
        self._progress = progress
        self._task = task
        self.total = total
        self.done = 0.0

    def advance(self, amount: float = 1) -> None:
        """Say that ``amount`` more units are done."""
        self.done += amount
        if self._progress is not None:
            self._progress.advance(self._task, amount)

    def describe(self, text: str) -> None:
        """Change the text beside the bar."""
        if self._progress is not None:
            self._progress.update(self._task, description=text)


@contextmanager
def bar(what: str, total: float | None = None, unit: str = "") -> Iterator[Bar]:
    """Show a bar while the block runs; where no terminal is, print one line at its end.

    ``total`` is the number of units, None where it is not known: then a spinner is shown.
    """
    if not sys.stderr.isatty():
        yield from _plain(what, total, unit)
        return
    columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn()]
    columns += [MofNCompleteColumn()] if total is not None else []
    columns += [TextColumn(unit, markup=False), TimeElapsedColumn()]
    columns += [TimeRemainingColumn()] if total is not None else []
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bar(progress, progress.add_task(what, total=total), total)


def _plain(what: str, total: float | None, unit: str) -> Iterator[Bar]:
    started = time.monotonic()
    shown = Bar(None, TaskID(0), total)
    yield shown
    seconds = time.monotonic() - started
    amount = f" {shown.done:g}{' ' + unit if unit else ''}," if shown.done else ""
    print(f"{what}:{amount} {seconds:.1f} s", file=sys.stderr, flush=True)
