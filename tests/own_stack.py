"""A local stack of one's own: a folder, and ports that nobody uses."""

from __future__ import annotations

import json
import os
import socket
from contextlib import ExitStack
from pathlib import Path

from spot_common.config import Config, load_config

ROOT = Path(__file__).resolve().parents[1]

_PORT_KEYS = (
    "NAME_NODE_PORT",
    "WEB_PORT",
    "DATA_NODE_PORT",
    "DATA_NODE_HTTP_PORT",
    "DATA_NODE_IPC_PORT",
    "HS2_PORT",
    "METASTORE_PORT",
    "KAFKA_CONTROLLER_PORT",
    "UI_PORT",
    "METRICS_PORT",
)


def configuration(folder: Path, **settings: str) -> Config:
    """The settings of a stack in ``folder``: the defaults and these, on ports that are free.

    Workers that a test takes away are replaced sooner than by default.
    The second time it gives the same, so that a stack may be kept.
    """
    saved = folder / "test-settings.json"
    if saved.exists():
        return load_config(environ=_environ(), overrides=json.loads(saved.read_text()))
    ports = free_ports(len(_PORT_KEYS) + 1)
    overrides = {key: str(port) for key, port in zip(_PORT_KEYS, ports, strict=False)}
    overrides["KAFKA_BROKERS"] = f"127.0.0.1:{ports[-1]}"
    overrides["STATE_DIR"] = str(folder)
    overrides["WORKER_SILENCE"] = "12"
    overrides |= settings
    folder.mkdir(parents=True, exist_ok=True)
    saved.write_text(json.dumps(overrides))
    return load_config(environ=_environ(), overrides=overrides)


def _environ() -> dict[str, str]:
    return {"HOME": os.environ.get("HOME", "/"), "SPOT_CONF": str(ROOT / "conf" / "spot.conf")}


def free_ports(count: int) -> list[int]:
    """Ports that are free now; all are held until the last is found, so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
