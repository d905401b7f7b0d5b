"""How a collector or worker is told to end."""

from __future__ import annotations

import signal
import threading


def until_told() -> threading.Event:
    """Give an event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
