"""What the benchmarks of the stack share: settings on ports of their own, and verdicts."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

_PORT_KEYS = (
    "KAFKA_CONTROLLER_PORT",
    "NAME_NODE_PORT",
    "WEB_PORT",
    "DATA_NODE_PORT",
    "DATA_NODE_HTTP_PORT",
    "DATA_NODE_IPC_PORT",
    "METASTORE_PORT",
    "HS2_PORT",
    "UI_PORT",
)


def settings(state_dir: Path) -> dict[str, str]:
    """Give the settings of a stack in ``state_dir`` on ports that nobody uses now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in (*_PORT_KEYS, "broker")]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        *ports, broker = [one.getsockname()[1] for one in sockets]
    chosen = {key: str(port) for key, port in zip(_PORT_KEYS, ports, strict=True)}
    return {**chosen, "KAFKA_BROKERS": f"127.0.0.1:{broker}", "STATE_DIR": str(state_dir)}


def verdict(what: str, measured: float, limit: float, unit: str) -> bool:
    """Print a figure beside its limit; tell whether it keeps it."""
    kept = measured <= limit
    mark = "kept" if kept else "MISSED"
    print(f"{what:44} {measured:8.1f} {unit:4} (at most {limit:g}) {mark}", flush=True)
    return kept
