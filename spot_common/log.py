"""Structured logs: events with a stable name and fields, one line each, values escaped."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from typing import Any

_ROOT = "spot"


class _LineFormatter(logging.Formatter):
    """``time LEVEL logger event key=value ...``; control characters in values are escaped."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Give the time in UTC."""
        return time.strftime(datefmt or "%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {})
        pairs = "".join(f" {key}={json.dumps(value, default=str)}" for key, value in fields.items())
        moment = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        message = _escape(record.getMessage())
        place = f"{moment}.{int(record.msecs):03d}Z {record.levelname:<7} {record.name}"
        return f"{place} {message}{pairs}{self._trace(record)}"

    def _trace(self, record: logging.LogRecord) -> str:
        return "\n" + self.formatException(record.exc_info) if record.exc_info else ""


class _JsonFormatter(_LineFormatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configure(*, as_json: bool | None = None, level: str = "INFO") -> None:
    """Send Spot's log lines to the error stream; JSON where ``LOG_JSON`` is set."""
    as_json = bool(os.environ.get("LOG_JSON")) if as_json is None else as_json
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if as_json else _LineFormatter())
    root = logging.getLogger(_ROOT)
    root.handlers[:] = [handler]
    root.propagate = False
    root.setLevel(level)


def get(name: str) -> logging.Logger:
    """Give the logger of a part, e.g. ``get("ingest.worker")``."""
    return logging.getLogger(f"{_ROOT}.{name}")


def event(logger: logging.Logger, name: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log that something happened: a stable name and its facts."""
    logger.log(level, name, extra={"fields": fields})


def _escape(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
