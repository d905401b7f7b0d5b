"""What a local service is: what to run, what it needs first, and how to ask whether it is well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spot_common.config import Config


def nothing_to_prepare() -> None:
    """Do nothing: most services need no preparation beyond their files."""


@dataclass(frozen=True)
class Service:
    """One process of the local stack.

    ``files`` are written before each start. ``prepare`` is called before each start too and does
    its once-only work (formatting a disk) only when it has not been done. ``health`` asks the
    service itself and raises SpotError with what is wrong. ``ports`` are all that it listens on,
    the main one first. ``stop_seconds`` is the time it gets between a polite and a hard stop.
    ``jars`` are the folders of JARS_DIR that it needs. ``stops_first`` marks a client of the
    others, which must still find them while it finishes.
    """

    name: str
    title: str
    command: tuple[str, ...]
    health: Callable[[], None]
    ports: tuple[int, ...] = ()
    files: Mapping[Path, str] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = nothing_to_prepare
    heap_key: str = ""
    stop_seconds: int = 20
    jars: tuple[str, ...] = ()
    stops_first: bool = False

    @property
    def port(self) -> int | None:
        """The main port, None for a service that listens on none."""
        return self.ports[0] if self.ports else None


def etc(config: Config, service: str) -> Path:
    """The folder of a service's rendered configuration."""
    return config.path("STATE_DIR") / "etc" / service


def log_file(config: Config, service: str) -> Path:
    """The file that a service's output goes to."""
    return config.path("STATE_DIR") / "logs" / f"{service}.log"


def is_local(config: Config, host: str) -> bool:
    """Tell whether a service with this host in ``spot.conf`` is one that we start here.

    A name node, broker or SQL server of a cluster is not ours to start.
    """
    bare = host.split("://")[-1].strip("[]")
    return bare in ("127.0.0.1", "localhost", "::1", config.text("BIND_ADDRESS"))
