"""How long ``spot up`` takes, and how much memory all idle services hold.

    python benchmarks/ops_startup.py [--runs 2] [--rest 30]

Starts a stack of its own in a temporary folder, on other ports; the first start, which formats
the stores, and each later one count. Limits: 60 s, 3 GiB. Exit status 1 when one is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from ops_place import settings, verdict

from spot_common.config import Config, load_config
from spot_ops import layout, stack

_UP_SECONDS = 60
_IDLE_MIB = 3 * 1024
_MIB = 1024 * 1024


def main() -> int:
    """Start, rest, weigh and stop the stack as often as asked."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=2, help="starts after the first")
    arguments.add_argument("--rest", type=float, default=30, help="idle seconds before weighing")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="spot-bench-") as folder:
        config = load_config(overrides=settings(Path(folder) / "state"))
        try:
            kept = [_start(config, "spot up, first time")]
            layout.setup(config)
            for number in range(given.runs):
                stack.down(config)
                kept.append(_start(config, f"spot up, again ({number + 1})"))
            time.sleep(given.rest)
            kept.append(_weigh(config))
        finally:
            stack.down(config)
    return 0 if all(kept) else 1


def _start(config: Config, what: str) -> bool:
    began = time.monotonic()
    stack.up(config, progress=False)
    return verdict(what, time.monotonic() - began, _UP_SECONDS, "s")


def _weigh(config: Config) -> bool:
    found = stack.status(config)
    for service in found:
        print(f"  {service.name:42} {(service.rss or 0) / _MIB:8.1f} MiB")
    total = sum(service.rss or 0 for service in found)
    return verdict("all idle services, resident", total / _MIB, _IDLE_MIB, "MiB")


if __name__ == "__main__":
    sys.exit(main())
