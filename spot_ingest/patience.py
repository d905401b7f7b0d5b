"""Waiting for services: retry what may heal, with growing pauses, until it works."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from spot_common import log
from spot_common.errors import ToolError, TransientError
from spot_ingest.beat import Heartbeat

T = TypeVar("T")

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0


class StoppedError(Exception):
    """The process was told to end while it waited."""


class Patience:
    """Retries. While it waits the heartbeat pauses, so that the process shows as not well."""

    def __init__(self, logger: logging.Logger, beat: Heartbeat, stop: threading.Event) -> None:
        self._log = logger
        self._beat = beat
        self._stop = stop

    def until_done(self, action: Callable[[], T], what: str) -> T:
        """Run ``action`` until it does not raise a transient error.

        Raises StoppedError when the process must end first.
        """
        pause = _FIRST_PAUSE
        while True:
            try:
                result = action()
            except (TransientError, ToolError) as error:
                log.event(
                    self._log,
                    "waiting",
                    logging.WARNING,
                    doing=what,
                    error=error.message,
                    hint=error.hint,
                    seconds=pause,
                )
                self._beat.well = False
                if self._stop.wait(pause):
                    raise StoppedError from error
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._beat.well = True
                return result
