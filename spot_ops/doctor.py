"""``spot doctor``: is this machine able to run the stack? Asked before anything is started.

:func:`gather` looks at the machine, :func:`examine` judges what was found; only the first touches
anything outside.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spot_common import process
from spot_common.config import Config
from spot_common.errors import SpotError
from spot_ops import jars, ports, processes
from spot_ops.services import Service, all_services
from spot_ops.services.java import java_program

_PROGRAMS = {"java": "openjdk-17-jre-headless", "nfdump": "nfdump", "tshark": "tshark"}
_OLDEST_PYTHON = (3, 11)
_OLDEST_JAVA = 17
_GIB = 1024**3
#: All idle services take less than 3 GiB; a job over a small day takes one more.
_MEMORY_NEEDED, _MEMORY_WANTED = 2.5 * _GIB, 4 * _GIB
_DISK_NEEDED, _DISK_WANTED = 2 * _GIB, 10 * _GIB


@dataclass(frozen=True)
class Facts:
    """What was found on the machine; memory and disk in bytes.

    ``memory`` counts what the stack itself uses as free. ``ports`` has every port of the stack
    with the foreign process that holds it, if any; ``services`` names the services of each port.
    """

    python: tuple[int, int]
    programs: Mapping[str, str | None]
    java: int | None
    bad_jars: Sequence[str]
    memory: float
    disk: float
    state_dir: Path
    writable: bool
    ports: Mapping[int, str | None]
    services: Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``blocks`` tells that the stack cannot run so; ``fix`` what to do."""

    check: str
    ok: bool
    blocks: bool
    text: str
    fix: str = ""


def gather(config: Config) -> Facts:
    """Look at this machine."""
    services = all_services(config)
    own = set(processes.marked(config.path("STATE_DIR")))
    state_dir = config.path("STATE_DIR")
    existing = next(path for path in (state_dir, *state_dir.parents) if path.exists())
    users: dict[int, list[str]] = {}
    for service in services:
        for port in service.ports:
            users.setdefault(port, []).append(service.name)
    return Facts(
        python=(sys.version_info.major, sys.version_info.minor),
        programs={name: shutil.which(name) for name in _PROGRAMS} | {"java": _java_path()},
        java=_java_version(),
        bad_jars=_bad_jars(config, services),
        memory=_available_memory() + sum(processes.resident(pid) for pid in own),
        disk=shutil.disk_usage(existing).free,
        state_dir=state_dir,
        writable=os.access(existing, os.W_OK),
        ports={port: _foreign(port, own) for port in users},
        services=users,
    )


def examine(facts: Facts) -> list[Finding]:
    """Judge the facts."""
    return [
        _python(facts),
        *_programs(facts),
        _jars(facts),
        _amount("memory", facts.memory, _MEMORY_NEEDED, _MEMORY_WANTED, _MEMORY_FIX),
        _amount("disk", facts.disk, _DISK_NEEDED, _DISK_WANTED, _disk_fix(facts)),
        _state_dir(facts),
        *_ports(facts),
    ]


_MEMORY_FIX = "end other programs, or lower SQL_HEAP and the other *_HEAP keys of spot.conf"


def _disk_fix(facts: Facts) -> str:
    return f"free some, or set STATE_DIR in spot.conf to a larger disk (now {facts.state_dir})"


def _python(facts: Facts) -> Finding:
    version = ".".join(map(str, facts.python))
    ok = facts.python >= _OLDEST_PYTHON
    return Finding("python", ok, not ok, f"Python {version}", "" if ok else "install Python 3.11")


def _programs(facts: Facts) -> Iterator[Finding]:
    for name, package in _PROGRAMS.items():
        path = facts.programs.get(name)
        if path is None:
            yield Finding(name, False, True, f"{name} is missing", f"apt-get install {package}")
        elif name == "java" and (facts.java is None or facts.java < _OLDEST_JAVA):
            text = f"{path} is Java {facts.java or 'of unknown version'}, {_OLDEST_JAVA} is needed"
            yield Finding(name, False, True, text, f"apt-get install {package}, or set JAVA_HOME")
        else:
            version = f" (Java {facts.java})" if name == "java" else ""
            yield Finding(name, True, False, f"{path}{version}")


def _jars(facts: Facts) -> Finding:
    if not facts.bad_jars:
        return Finding("jars", True, False, "all there, sums right")
    text = f"{len(facts.bad_jars)} missing or wrong: {', '.join(facts.bad_jars[:3])}"
    return Finding("jars", False, True, text, "python -m spot_ops.jars")


def _amount(check: str, there: float, needed: float, wanted: float, fix: str) -> Finding:
    text = f"{there / _GIB:.1f} GiB free"
    if there < needed:
        return Finding(check, False, True, f"{text}, {needed / _GIB:g} are needed", fix)
    if there < wanted:
        return Finding(check, False, False, f"{text}, {wanted / _GIB:g} are better", fix)
    return Finding(check, True, False, text)


def _state_dir(facts: Facts) -> Finding:
    if facts.writable:
        return Finding("state", True, False, str(facts.state_dir))
    fix = "set STATE_DIR in spot.conf to a folder of yours"
    return Finding("state", False, True, f"{facts.state_dir} cannot be written", fix)


def _ports(facts: Facts) -> Iterator[Finding]:
    free = True
    for port, who in facts.ports.items():
        names = facts.services[port]
        if len(names) > 1:
            free = False
            text = f"{port} is given to {' and '.join(names)}"
            yield Finding("port", False, True, text, "give each its own port in spot.conf")
        elif who is not None:
            free = False
            text = f"{port} ({names[0]}) is in use by {who}"
            yield Finding("port", False, True, text, "end it, or choose another in spot.conf")
    if free:
        listed = ", ".join(map(str, sorted(facts.ports)))
        yield Finding("ports", True, False, f"{listed} are free or ours")


def _java_path() -> str | None:
    try:
        return java_program()
    except SpotError:
        return None


def _java_version() -> int | None:
    path = _java_path()
    if path is None:
        return None
    try:
        told = process.run((path, "-version"), timeout=20).stderr
    except SpotError:
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found[1]) if found else None


def _bad_jars(config: Config, services: Sequence[Service]) -> list[str]:
    needed = {folder for service in services for folder in service.jars}
    wanted = [jar for jar in jars.read_lock() if jar.folder in needed]
    return [jar.place for jar in jars.missing(jars.jars_dir(config), wanted)]


def _available_memory() -> int:
    amounts = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(amounts["MemAvailable"].split()[0]) * 1024


def _foreign(port: int, own: set[int]) -> str | None:
    who = ports.holder(port)
    return None if who is None or who.pid in own else str(who)
