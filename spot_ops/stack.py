"""The local stack: start, stop, restart and state of all its services."""

from __future__ import annotations

import fcntl
import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any

from spot_common.config import Config
from spot_common.errors import ServiceError, SpotError, UsageError
from spot_ops import jars, processes, startup, supervisor
from spot_ops.display import Display
from spot_ops.services import Service, all_services
from spot_ops.services.java import temporary

_STOP_SECONDS = 60.0


@dataclass(frozen=True)
class ServiceStatus:
    """One line of ``spot status``: uptime in seconds, rss in bytes (with child processes)."""

    name: str
    title: str
    state: str
    healthy: bool
    problem: str
    pid: int | None
    uptime: float | None
    port: int | None
    rss: int | None


def up(config: Config, *, progress: bool = True, only: Sequence[str] = ()) -> None:
    """Start every service (or those of ``only``) side by side and wait until all are healthy.

    Services that run already are left alone unless their configuration changed. Raises
    ServiceError naming the ports that are taken (then nothing was started), or the services that
    did not become healthy, with their log files.
    """
    services = choose(config, only)
    _check_jars(config, services)
    with _alone(config):
        _ensure_supervisor(config)
        startup.check_ports(_stopped(config, services))
        with Display([service.name for service in services], shown=progress) as display:
            _together(services, functools.partial(startup.bring_up, config, display=display))


def down(config: Config) -> None:
    """Stop every service: first those that use the others, then the rest; then the supervisor."""
    with _alone(config):
        remote = supervisor.connect(config)
        if remote is not None:
            services = {service.name: service for service in all_services(config)}
            known = list(remote.processes())
            first = [n for n in known if n not in services or services[n].stops_first]
            for wave in (first, [name for name in known if name not in first]):
                startup.stop_wave(remote, wave)
            remote.shutdown()
            remote.close()
            _wait_gone(config)
        processes.end(processes.marked(config.path("STATE_DIR")))


def restart(config: Config, names: Sequence[str] = (), *, progress: bool = True) -> None:
    """Stop and start the named services, or all of them."""
    if not names:
        down(config)
        up(config, progress=progress)
        return
    services = choose(config, names)
    remote = supervisor.connect(config)
    if remote is not None:
        with _alone(config):
            startup.stop_wave(remote, [service.name for service in services])
        remote.close()
    up(config, progress=progress, only=names)


def status(config: Config) -> list[ServiceStatus]:
    """Give the state of every service; each is asked for its health, all at once."""
    remote = supervisor.connect(config)
    known = remote.processes() if remote is not None else {}
    if remote is not None:
        remote.close()
    services = all_services(config)
    with ThreadPoolExecutor(len(services)) as pool:
        states = [known.get(service.name) for service in services]
        return list(pool.map(functools.partial(_status, config), services, states))


def choose(config: Config, names: Sequence[str]) -> list[Service]:
    """Give the services of these names, all for no names; UsageError for an unknown one."""
    services = {service.name: service for service in all_services(config)}
    unknown = [name for name in names if name not in services]
    if unknown:
        raise UsageError(
            f"there is no service {unknown[0]!r}", hint=f"services: {', '.join(services)}"
        )
    return [service for name, service in services.items() if not names or name in names]


def _check_jars(config: Config, services: Sequence[Service]) -> None:
    needed = {folder for service in services for folder in service.jars}
    wanted = [jar for jar in jars.read_lock() if jar.folder in needed]
    gone = jars.missing(jars.jars_dir(config), wanted)
    if gone:
        raise SpotError(
            f"{len(gone)} jars are missing or wrong, {gone[0].place} among them",
            hint="fetch them: python -m spot_ops.jars",
        )


@contextmanager
def _alone(config: Config) -> Iterator[None]:
    """Keep two commands from changing the same stack at once."""
    folder = supervisor.folder(config)
    config.path("STATE_DIR").mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ensure_supervisor(config: Config) -> None:
    """Have a supervisor that knows the present configuration of all services."""
    for folder in (config.path("STATE_DIR") / "logs", temporary(config)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = supervisor.folder(config) / "supervisord.conf"
    startup.write(file, supervisor.render(config, all_services(config)))
    remote = supervisor.connect(config)
    if remote is None:
        # What a killed supervisor left behind still holds its ports and locks.
        processes.end(processes.marked(config.path("STATE_DIR")))
        supervisor.start(config, file)
        return
    remote.update()
    remote.close()


def _stopped(config: Config, services: Sequence[Service]) -> list[Service]:
    """Those of the services that do not run."""
    remote = supervisor.connect(config)
    if remote is None:
        raise ServiceError("the supervisor is gone", hint="run spot up again")
    known = remote.processes()
    remote.close()
    return [service for service in services if not known[service.name]["pid"]]


def _together(services: Sequence[Service], action: Callable[..., None]) -> None:
    """Do something to every service at once; raise one error that names all that failed.

    The action is given an event that is set when the user interrupts the command.
    """
    stopped = Event()
    with ThreadPoolExecutor(len(services)) as pool:
        tasks = [pool.submit(action, service, stopped=stopped) for service in services]
        try:
            wait(tasks)
        finally:
            stopped.set()
    errors = [error for task in tasks if (error := task.exception()) is not None]
    unexpected = [error for error in errors if not isinstance(error, SpotError)]
    if unexpected:
        raise unexpected[0]
    explained = [error for error in errors if isinstance(error, SpotError)]
    if len(explained) == 1:
        raise explained[0]
    if explained:
        text = "; ".join(error.message for error in explained)
        raise ServiceError(text, hint=explained[0].hint)


def _wait_gone(config: Config) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while (remote := supervisor.connect(config)) is not None:
        remote.close()
        if time.monotonic() > deadline:
            raise ServiceError("the supervisor does not stop", hint="run spot down again")
        time.sleep(0.1)


def _status(config: Config, service: Service, known: Mapping[str, Any] | None) -> ServiceStatus:
    pid = int(known["pid"]) if known else 0
    state = str(known["statename"]).lower() if known else "stopped"
    problem = startup.ask(config, service) if pid else f"it is {state}"
    return ServiceStatus(
        name=service.name,
        title=service.title,
        state=state,
        healthy=not problem,
        problem=problem,
        pid=pid or None,
        uptime=processes.age(pid) if pid else None,
        port=service.port,
        rss=processes.memory(pid) if pid else None,
    )
