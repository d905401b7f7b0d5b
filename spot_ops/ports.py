"""Which ports are taken, and by whom."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

_LISTENING = "0A"


def is_open(host: str, port: int) -> bool:
    """Tell whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


@dataclass(frozen=True)
class Holder:
    """Who listens on a port; ``pid`` is None for a process of another user, which we cannot see."""

    pid: int | None
    name: str

    def __str__(self) -> str:
        return "another user's process" if self.pid is None else f"{self.name} (pid {self.pid})"


def holder(port: int) -> Holder | None:
    """Give who listens on a port of this machine, None when nobody does."""
    inodes = _listeners(port)
    if not inodes:
        return None
    for pid in (entry.name for entry in Path("/proc").iterdir() if entry.name.isdecimal()):
        if inodes & _sockets(pid):
            return Holder(int(pid), _name(pid))
    return Holder(None, "")


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
        for link in Path("/proc", pid, "fd").iterdir():
            target = str(link.readlink())
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
