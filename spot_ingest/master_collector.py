#!/usr/bin/env python3
"""The original's command: ``master_collector.py -t PIPELINE -w WORKERS [-id TOPIC]``.

Does what ``spot collect`` does; a pipeline is a source, the topic gets as many partitions as there
are workers. Ctrl-C ends it; the topic stays.
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
from spot_ingest.collector import run
from spot_ingest.source import ingest_source
from spot_ingest.stopping import until_told


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="master_collector.py", description="Collect files.")
    parser.add_argument("-t", "--type", required=True, help="pipeline, e.g. flow")
    parser.add_argument("-w", "--workers", required=True, type=int, help="number of workers")
    parser.add_argument("-id", "--ingestId", default="", help="topic")
    return parser.parse_args(words)


def main(words: list[str]) -> None:
    """Collect until interrupted."""
    given = _arguments(words)
    log.configure()
    try:
        config = load_config(overrides={"KAFKA_PARTITIONS": str(given.workers)})
        run(config, ingest_source(given.type).name, until_told(), topic=given.ingestId)
    except SpotError as error:
        fail(error)


if __name__ == "__main__":
    main(sys.argv[1:])
