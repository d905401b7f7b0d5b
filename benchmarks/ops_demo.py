"""From a fresh copy of the checkout to ranked pages: how long ``setup/demo.sh`` takes, twice.

    python benchmarks/ops_demo.py FOLDER [--keep]

FOLDER must not exist. The checkout's tracked files are copied there; environment, jars, pages
and state are made anew, and no cache of pip, uv or npm is used. System packages that this
machine has are not fetched again: run it in a bare container to count them in. Limits: 600 s the
first time, 180 s the second. Exit status 1 when one is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from ops_place import settings, verdict

ROOT = Path(__file__).resolve().parents[1]
_FIRST_SECONDS, _SECOND_SECONDS = 600, 180


def main() -> int:
    """Copy, run twice, stop."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--keep", action="store_true", help="leave the services running")
    given = arguments.parse_args()
    folder = given.folder.resolve()
    checkout = folder / "spot"
    _copy(checkout)
    environment = _environment(folder)
    try:
        kept = [
            _demo(checkout, environment, "bare to page", _FIRST_SECONDS),
            _demo(checkout, environment, "second run", _SECOND_SECONDS),
        ]
    finally:
        if not given.keep:
            subprocess.run((checkout / ".venv/bin/spot", "down"), env=environment, check=False)
    return 0 if all(kept) else 1


def _copy(target: Path) -> None:
    listed = subprocess.run(("git", "ls-files", "-z"), cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, place)


def _environment(folder: Path) -> dict[str, str]:
    """This environment with settings of its own and empty caches."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPOT_")}
    own = {f"SPOT_{key}": value for key, value in settings(folder / "state").items()}
    caches = {"UV_CACHE_DIR": "uv", "NPM_CONFIG_CACHE": "npm", "PIP_CACHE_DIR": "pip"}
    return {**kept, **own, **{key: str(folder / "cache" / name) for key, name in caches.items()}}


def _demo(checkout: Path, environment: dict[str, str], what: str, limit: float) -> bool:
    began = time.monotonic()
    subprocess.run((checkout / "setup/demo.sh",), env=environment, check=True)
    return verdict(what, time.monotonic() - began, limit, "s")


if __name__ == "__main__":
    sys.exit(main())
