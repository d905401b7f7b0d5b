"""A collector and ``WORKERS`` workers for every source, and the upkeep of all tables."""

from __future__ import annotations

import functools
import sys
import time
from pathlib import Path

from spot_common.config import Config
from spot_common.errors import ServiceError
from spot_common.registry import sources
from spot_ops.services.model import Service

#: They touch their heartbeat every two seconds while they can reach what they need.
_HEARTBEAT_SECONDS = 15.0


def services(config: Config) -> list[Service]:
    """Give the collector and the workers of every source, and the upkeep of the tables."""
    port = config.integer("METRICS_PORT")
    found = [_service(config, "upkeep", "table upkeep and metrics", ("upkeep",), ports=(port,))]
    for source, schema in sources().items():
        collect = ("collect", "--source", source)
        found.append(_service(config, f"collector-{source}", f"{schema.title} collector", collect))
        for number in range(config.integer("WORKERS")):
            work = ("work", "--source", source, "--worker", str(number))
            name = f"worker-{source}-{number}"
            found.append(_service(config, name, f"{schema.title} worker {number}", work))
    return found


def heartbeat(config: Config, name: str) -> Path:
    """The file that a collector or worker touches while it is well."""
    return config.path("STATE_DIR") / "run" / f"{name}.heartbeat"


def _service(
    config: Config, name: str, title: str, verb: tuple[str, ...], ports: tuple[int, ...] = ()
) -> Service:
    beat = heartbeat(config, name)
    return Service(
        name=name,
        title=title,
        command=(sys.executable, "-P", "-m", "spot_ops", *verb),
        health=functools.partial(_health, beat, name),
        ports=ports,
        folders=(beat.parent, config.path("LANDING_DIR"), config.path("WORK_DIR")),
        prepare=functools.partial(beat.unlink, missing_ok=True),
        # Time to finish the file in hand; one that is cut short is done again.
        stop_seconds=30,
        stops_first=True,
    )


def _health(beat: Path, name: str) -> None:
    try:
        age = time.time() - beat.stat().st_mtime
    except FileNotFoundError as error:
        raise ServiceError(f"{name} has no heartbeat yet", hint=f"spot logs {name}") from error
    if age > _HEARTBEAT_SECONDS:
        raise ServiceError(f"{name} is silent for {age:.0f} s", hint=f"spot logs {name}")
