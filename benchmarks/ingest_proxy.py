"""P3: proxy log lines to committed rows through Kafka, beside the parser on the bare file.

    python benchmarks/ingest_proxy.py [--lines 500000] [--runs 3]

The log repeats the sample's lines. The services must run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from ingest_bench import Timed, bench_place, committed, report, stored, verdict, warm_worker

from spot_common.clients import kafka
from spot_common.config import Config
from spot_ingest.readers.proxylog import reader

_SAMPLE = Path(__file__).resolve().parents[1] / "samples/proxy/2005-05-04/sampleBluecoat.log"


def main() -> None:
    """Make the log, run both sides in turn, print both."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lines", type=int, default=500_000)
    arguments.add_argument("--runs", type=int, default=3)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, bench_place() as config:
        file, lines = _repeated(Path(folder), given.lines)
        path = stored(config, "proxy", file)
        worker = warm_worker(config, "proxy")
        message = _message(config, path)
        ours, theirs = [], []
        for _ in range(given.runs):
            theirs.append(_parsed(file))
            ours.append(committed(worker, path, message))
    report(f"parser alone, {lines:,} lines", theirs, lines)
    report("Kafka and worker, to rows", ours, lines)
    rate = lines / min(max(run.cpu, run.wall) for run in ours)
    verdict("P3", "lines a second on one core", rate, 100_000)


def _repeated(folder: Path, lines: int) -> tuple[Path, int]:
    text = _SAMPLE.read_bytes().splitlines(keepends=True)
    head = b"".join(line for line in text if line.startswith(b"#"))
    body = [line for line in text if not line.startswith(b"#")]
    copies = max(1, lines // len(body))
    target = folder / "access.log"
    target.write_bytes(head + b"".join(body) * copies)
    return target, copies * len(body)


def _parsed(file: Path) -> Timed:
    started, cpu = time.monotonic(), time.process_time()
    with reader.read(file, file.parent) as reading:
        for _ in reading.batches:
            pass
    return Timed(time.monotonic() - started, time.process_time() - cpu)


def _message(config: Config, path: str) -> Callable[[], None]:
    """Give a function that sends the path to a topic of our own and waits until it arrives."""
    topic = f"SPOT-BENCH-{uuid.uuid4().hex[:8]}"
    kafka.ensure_topic(config, topic, 1)
    producer = kafka.producer(config)
    consumer = kafka.consumer(config, topic, topic)
    while not consumer.assignment():
        consumer.poll(timeout_ms=100)

    def exchange() -> None:
        producer.send(topic, path.encode()).get(timeout=10)
        while not consumer.poll(timeout_ms=1000):
            pass
        consumer.commit()

    return exchange


if __name__ == "__main__":
    main()
