#!/usr/bin/env python3
"""The original's command: ``worker.py -t PIPELINE -i NUMBER -top TOPIC [-p PARALLELISM]``.

Does what ``spot work`` does; a pipeline is a source. ``-p`` is accepted and has no effect: a proxy
worker reads whole columns at a time. Ctrl-C ends it after the file in hand.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from spot_common.launch import use_own_python

    use_own_python()

from spot_common import log
from spot_common.cli import fail
from spot_common.config import load_config
from spot_common.errors import SpotError
from spot_ingest.consume import run
from spot_ingest.source import ingest_source
from spot_ingest.stopping import until_told


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="worker.py", description="Turn files into rows.")
    parser.add_argument("-t", "--type", required=True, help="pipeline, e.g. flow")
    parser.add_argument("-i", "--id", required=True, type=int, help="worker number, from 0")
    parser.add_argument("-top", "--topic", required=True, help="topic to read")
    parser.add_argument("-p", "--processingParallelism", help="accepted, without effect")
    return parser.parse_args(words)


def main(words: list[str]) -> None:
    """Work until interrupted."""
    given = _arguments(words)
    log.configure()
    try:
        source = ingest_source(given.type).name
        run(load_config(), source, given.id, until_told(), topic=given.topic)
    except SpotError as error:
        fail(error)


if __name__ == "__main__":
    main(sys.argv[1:])
