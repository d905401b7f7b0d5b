"""Showing how several services come up at the same time, on the error stream."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table


class Display:
    """A live table on a terminal, one line per finished service elsewhere."""

    def __init__(self, names: Sequence[str], *, shown: bool = True) -> None:
        self._began = time.monotonic()
        self._states = dict.fromkeys(names, "waiting")
        self._lock = threading.Lock()
        self._shown = shown
        self._live: Live | None = None
        if shown and sys.stderr.isatty():
            self._live = Live(
                get_renderable=self._table, console=Console(stderr=True), refresh_per_second=4
            )

    def __enter__(self) -> Display:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, name: str, state: str) -> None:
        """Say what a service is doing."""
        with self._lock:
            self._states[name] = state

    def finish(self, name: str) -> None:
        """Say that a service is healthy."""
        seconds = time.monotonic() - self._began
        self.show(name, f"healthy after {seconds:.1f} s")
        if self._shown and self._live is None:
            print(f"{name}: healthy after {seconds:.1f} s", file=sys.stderr, flush=True)

    def _table(self) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 2))
        with self._lock:
            for name, state in self._states.items():
                style = "green" if state.startswith("healthy") else "yellow"
                table.add_row(name, state, style=style)
        table.add_row("", f"{time.monotonic() - self._began:.0f} s", style="dim")
        return table
