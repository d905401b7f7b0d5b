"""Bringing one service up: its files, its preparation, its start, its first good answer."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from spot_common.config import Config
from spot_common.errors import ServiceError, SpotError
from spot_ops import ports, supervisor
from spot_ops.display import Display
from spot_ops.logs import tail
from spot_ops.services import Service
from spot_ops.services.model import log_file

#: How long a service may take from its start to its first good answer, on a busy machine.
_HEALTHY_SECONDS = 240.0
_STOP_SECONDS = 60.0
#: How often a service may die before its first good answer. One that waits for another may once.
_LIVES = 4
_ASK_AGAIN_SECONDS = 0.25


def bring_up(config: Config, service: Service, display: Display, stopped: Event) -> None:
    """Write a service's files, prepare it, start it and wait until it is healthy.

    Returns early when ``stopped`` is set. Raises ServiceError when it dies again and again or is
    not healthy in time.
    """
    display.show(service.name, "preparing")
    changed = _write_files(service)
    remote = supervisor.connect(config)
    if remote is None:
        raise ServiceError("the supervisor is gone", hint="run spot up again")
    try:
        running = remote.processes()[service.name]["pid"] != 0
        if running and changed:
            stop_wave(remote, [service.name])
            running = False
        if not running:
            check_ports([service])
            service.prepare()
            remote.start(service.name)
        display.show(service.name, "starting")
        if _wait_healthy(config, service, remote, stopped):
            display.finish(service.name)
    finally:
        remote.close()


def _write_files(service: Service) -> bool:
    """Write a service's configuration; tell whether any of it is new."""
    for folder in service.folders:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    changed = [write(file, text) for file, text in service.files.items()]
    return any(changed)


def write(file: Path, text: str) -> bool:
    """Write a private file where its text is another; tell whether it was."""
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return False
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    return True


def check_ports(services: Sequence[Service]) -> None:
    """Raise one ServiceError that names every port of these services that someone else holds."""
    taken = [
        f"{service.name}: port {port} is in use by {who}"
        for service in services
        for port in service.ports
        if (who := ports.holder(port)) is not None
    ]
    if taken:
        raise ServiceError(
            "; ".join(taken),
            hint="end that process or choose another port in spot.conf; spot doctor lists all",
        )


def _wait_healthy(
    config: Config, service: Service, remote: supervisor.Remote, stopped: Event
) -> bool:
    """Ask until the answer is good (True) or ``stopped`` is set (False)."""
    deadline = time.monotonic() + _HEALTHY_SECONDS
    lives: set[int] = set()
    while not stopped.is_set():
        problem = ask(config, service)
        if not problem:
            return True
        lives.add(remote.processes()[service.name]["pid"])
        if time.monotonic() > deadline:
            raise _unwell(
                config, service, f"is not healthy after {_HEALTHY_SECONDS:.0f} s", problem
            )
        if len(lives - {0}) > _LIVES:
            raise _unwell(config, service, f"died {_LIVES} times while starting", problem)
        stopped.wait(_ASK_AGAIN_SECONDS)
    return False


def _unwell(config: Config, service: Service, what: str, problem: str) -> ServiceError:
    """The error for a service that does not come up, with the last line of its log."""
    last = next(iter(tail(log_file(config, service.name), 1)), "nothing")
    return ServiceError(
        f"{service.name} {what}: {problem}",
        hint=f"its log {log_file(config, service.name)} ends with: {last[:200]}",
    )


def stop_wave(remote: supervisor.Remote, names: Sequence[str]) -> None:
    """Stop programs together and wait until none of them runs."""
    for name in names:
        remote.stop(name, wait=False)
    deadline = time.monotonic() + _STOP_SECONDS
    while any(remote.processes()[name]["pid"] for name in names):
        if time.monotonic() > deadline:
            raise ServiceError(f"{', '.join(names)} do not stop", hint="spot down tries again")
        time.sleep(0.1)


def ask(config: Config, service: Service) -> str:
    """Ask a service for its health; give what is wrong, or nothing."""
    host = config.text("BIND_ADDRESS")
    if service.port is not None and not ports.is_open(host, service.port):
        return f"nothing listens on port {service.port}"
    try:
        service.health()
    except SpotError as error:
        return error.message
    except (OSError, EOFError, ValueError, RuntimeError) as error:  # a client's own is an answer
        return f"{type(error).__name__}: {error}"
    return ""
