"""Facts about running processes, read from /proc: whose they are, their age and memory."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

#: Variable in the environment of every process of a stack: its STATE_DIR.
MARK = "SPOT_STACK"

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


def marked(state_dir: Path) -> list[int]:
    """Give the processes of the stack in ``state_dir``, supervised or left over.

    The caller and its parents are never among them (a terminal inside the stack's own Jupyter
    server inherits the mark).
    """
    wanted = f"{MARK}={state_dir}".encode()
    own = set(_ancestors(os.getpid()))
    return [pid for pid in _pids() if pid not in own and wanted in _environment(pid)]


def memory(pid: int) -> int:
    """Give the resident memory of a process and all its descendants, in bytes."""
    children: dict[int, list[int]] = {}
    for other in _pids():
        children.setdefault(_parent(other), []).append(other)
    total, waiting = 0, [pid]
    while waiting:
        current = waiting.pop()
        total += resident(current)
        waiting.extend(children.get(current, ()))
    return total


def age(pid: int) -> float | None:
    """Give for how many seconds a process has been running, None when it is gone."""
    fields = _stat(pid)
    if fields is None:
        return None
    up = float((_PROC / "uptime").read_text().split()[0])
    return max(0.0, up - int(fields[19]) / _TICKS)


def end(pids: Iterable[int], *, grace: float = 10.0) -> None:
    """End processes: politely first, after ``grace`` seconds by force; return when all are gone."""
    waiting = {pid: _start(pid) for pid in pids}
    for sign, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, grace)):
        for pid in waiting:
            _send(pid, sign)
        deadline = time.monotonic() + seconds
        while waiting and time.monotonic() < deadline:
            waiting = {pid: start for pid, start in waiting.items() if _start(pid) == start != ""}
            if waiting:
                time.sleep(0.05)


def _send(pid: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sign)


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal())


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name: state first; None for one gone or a zombie."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else fields


def _start(pid: int) -> str:
    fields = _stat(pid)
    return fields[19] if fields else ""


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def resident(pid: int) -> int:
    """Give the resident memory of one process, in bytes; 0 when it is gone."""
    fields = _stat(pid)
    return int(fields[21]) * _PAGE if fields else 0


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 0:
        yield pid
        pid = _parent(pid)
