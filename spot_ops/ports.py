"""Which ports are taken, and by whom."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_LISTENING = "0A"


def is_open(host: str, port: int) -> bool:
    """Tell whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def holder(port: int) -> str | None:
    """Say who listens on a port of this machine: ``java (pid 17)``; None when nobody does.

    The process of another user cannot be named; then the answer is ``another user's process``.
    """
    inodes = _listeners(port)
    if not inodes:
        return None
    for pid in (entry.name for entry in Path("/proc").iterdir() if entry.name.isdecimal()):
        if inodes & _sockets(pid):
            return f"{_name(pid)} (pid {pid})"
    return "another user's process"


def _listeners(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(fields[9])
    return found


def _sockets(pid: str) -> set[str]:
    found = set()
    try:
        for link in os.scandir(f"/proc/{pid}/fd"):
            target = os.readlink(link.path)
            if target.startswith("socket:["):
                found.add(target[8:-1])
    except OSError:
        pass
    return found


def _name(pid: str) -> str:
    try:
        return Path("/proc", pid, "comm").read_text().strip()
    except OSError:
        return "a process"
