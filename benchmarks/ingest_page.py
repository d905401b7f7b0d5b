"""P6: from files dropped into a landing folder to the ranked list on the page, 1 M flows.

    python benchmarks/ingest_page.py [--span 5h]

Makes the flows of a medium network over that span (nfcapd files of five minutes) and a stack of its
own, then runs ``start.flow.sh`` on them and waits until Chromium shows the first row. The clock
runs from the first file that is dropped. Limit: 3 minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from playwright.sync_api import sync_playwright

from spot_common.config import Config
from spot_common.token import read_token
from spot_common.warehouse import Warehouse
from spot_ops import stack
from tests.own_stack import ROOT, configuration

_SPOT = str(Path(sys.executable).with_name("spot"))
_CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
_DAY = date(2016, 7, 8)
_LIMIT_S = 180.0


def main() -> None:
    """Make the flows, start the stack, run the clock, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--span", default="5h")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="spot-page-") as place:
        files = _flows(Path(place) / "day", given.span)
        config = configuration(Path(place) / "stack")
        environment = {**os.environ, **config.environ()}
        stack.up(config, progress=False)
        try:
            subprocess.run([_SPOT, "setup", "hdfs"], check=True, env=environment)
            began = time.monotonic()
            start = str(ROOT / "start.flow.sh")
            words = [start, f"{_DAY:%Y%m%d}", *map(str, files)]
            subprocess.run(words, check=True, env=environment, stdout=subprocess.DEVNULL)
            scored = time.monotonic() - began
            _page(config)
            seconds = time.monotonic() - began
            rows = Warehouse(config).sql.query(
                f"SELECT count(*) AS n FROM `{config.text('DBNAME')}`.`flow`"
            )
        finally:
            stack.down(config)
            shutil.rmtree(Path(place) / "stack", ignore_errors=True)
    print(
        f"{rows[0]['n']:,} flows in {len(files)} files: ingested, scored, analysed {scored:.1f} s"
    )
    verdict = "within" if seconds <= _LIMIT_S else "MISSED"
    print(f"P6  dropped to ranked list on the page: {seconds:.1f} s ({verdict} {_LIMIT_S:g} s)")
    sys.exit(seconds > _LIMIT_S)


def _flows(out: Path, span: str) -> list[Path]:
    words = [
        "--preset",
        "medium",
        "--seed",
        "7",
        "--source",
        "flow",
        "--start",
        f"{_DAY}T08:00:00Z",
    ]
    call = [_SPOT, "gen", "generate", *words, "--span", span, "--out", str(out)]
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
    return sorted((out / "data" / "flow").iterdir())


def _page(config: Config) -> None:
    """Open the page of the day and wait for its first row."""
    port, token = config.integer("UI_PORT"), read_token(config)
    address = f"http://127.0.0.1:{port}/files/ui/flow/suspicious.html?token={token}#date={_DAY}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        page.locator(".list tbody tr[data-row]").first.wait_for(timeout=30_000)
        browser.close()


if __name__ == "__main__":
    main()
