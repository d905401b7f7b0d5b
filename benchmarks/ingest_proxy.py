"""P3: proxy log lines to committed rows through Kafka, beside the reader on the bare file.

    python benchmarks/ingest_proxy.py [--lines 300000] [--runs 3] [--format NAME ...] [--bare]

Each log tells the sample's requests in one of the formats, with other queries in every line.
The services must run, but for --bare, which converts the files to Parquet only.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest_bench import Timed, bench_place, committed, report, stored, verdict, warm_worker

from spot_common.clients import kafka
from spot_common.config import Config
from spot_common.registry import check_source
from spot_ingest.source import ingest_source
from spot_ingest.split import Splitter

_SAMPLE = Path(__file__).resolve().parents[1] / "samples/proxy/2005-05-04/sampleBluecoat.log"
_ZEEK = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p trans_depth method host uri referrer version "
    "user_agent request_body_len response_body_len status_code status_msg tags username "
    "resp_mime_types"
)
#: What a log begins with, and one line of it.
_FORMATS = {
    "w3c": (
        "",
        "{p_date} {p_time} {duration} {clientip} {respcode} {action} {scbytes} {csbytes} "
        "{reqmethod} {urischeme} {host} {uripath} ?n={n} {username} DIRECT {host} {resconttype} "
        '"{agent}" {filterresult} {webcat} - 192.16.170.42 SG-HTTP-Service - none -\n',
    ),
    "squid": (
        "",
        "{epoch}.{n:03} {duration:6} {clientip} {action}/{respcode} {scbytes} {reqmethod} "
        "{urischeme}://{host}{uripath}?n={n} {username} DIRECT/192.0.2.1 {resconttype}\n",
    ),
    "apache": (
        "",
        '{clientip} - {username} [{moment:%d/%b/%Y:%H:%M:%S} +0200] "{reqmethod} '
        '{urischeme}://{host}{uripath}?n={n} HTTP/1.1" {respcode} {scbytes} "http://{host}/" '
        '"{agent}"\n',
    ),
    "webgateway": (
        "",
        '[{moment:%d/%b/%Y:%H:%M:%S} +0200] "{username}" {clientip} 192.0.2.1 1500 {respcode} '
        '{action} "{reqmethod} {urischeme}://{host}{uripath}?n={n} HTTP/1.1" "{webcat}" '
        '"low risk " "{resconttype}" {csbytes} {scbytes} "{agent}" "http://{host}/" "-" "0" "" '
        '"-"\n',
    ),
    "zeek": (
        "#separator \\x09\n#fields\t" + _ZEEK.replace(" ", "\t") + "\n",
        "{epoch}.{n:06}\tCls2Lj38ZTektP0muh\t{clientip}\t49108\t192.0.2.1\t80\t1\t{reqmethod}\t"
        "{host}\t{uripath}?n={n}\thttp://{host}/\t1.1\t{agent}\t{csbytes}\t{scbytes}\t{respcode}\t"
        "OK\t(empty)\t{username}\t{resconttype}\n",
    ),
    "zeek-json": (
        "",
        '{{"ts":{epoch}.{n:06},"uid":"Cls2Lj38ZTektP0muh","id.orig_h":"{clientip}",'
        '"id.orig_p":49108,"id.resp_h":"192.0.2.1","id.resp_p":80,"trans_depth":1,'
        '"method":"{reqmethod}","host":"{host}","uri":"{uripath}?n={n}",'
        '"referrer":"http://{host}/","version":"1.1","user_agent":"{agent}",'
        '"request_body_len":{csbytes},"response_body_len":{scbytes},"status_code":{respcode},'
        '"status_msg":"OK","tags":[],"username":"{username}",'
        '"resp_mime_types":["{resconttype}"]}}\n',
    ),
}


def main() -> None:
    """Make the logs, run both sides in turn, print both."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lines", type=int, default=300_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--format", action="append", choices=_FORMATS)
    arguments.add_argument("--bare", action="store_true")
    given = arguments.parse_args()
    chosen = given.format or list(_FORMATS)
    with tempfile.TemporaryDirectory() as folder:
        files = {name: _log(Path(folder), name, given.lines) for name in chosen}
        bare = {name: [_converted(file) for _ in range(given.runs)] for name, file in files.items()}
        for name, runs in bare.items():
            report(f"{name}, file to Parquet", runs, given.lines)
            if given.bare:
                _verdict(name, runs, given.lines)
        if not given.bare:
            _through_kafka(files, given.runs, given.lines)


def _log(folder: Path, name: str, lines: int) -> Path:
    """Write a log of so many lines."""
    head, line = _FORMATS[name]
    requests = _requests()
    file = folder / f"{name}.log"
    with file.open("w", encoding="utf-8") as log:
        log.write(head)
        for n in range(lines):
            log.write(line.format(n=n % 1000, **requests[n % len(requests)]))
    return file


def _requests() -> list[dict[str, Any]]:
    """The sample's requests, by column."""
    with ingest_source("proxy").read(_SAMPLE, _SAMPLE.parent) as reading:
        rows = [row for batch in reading.batches for row in batch.rows.to_pylist()]
    for row in rows:
        moment = datetime.fromisoformat(f"{row['p_date']}T{row['p_time']}").replace(tzinfo=UTC)
        row |= {"moment": moment, "epoch": int(moment.timestamp())}
        row["agent"] = row["useragent"].strip('"')
    return rows


def _converted(file: Path) -> Timed:
    """Time what a worker does with a file between HDFS and HDFS."""
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.monotonic(), time.process_time()
        splitter = Splitter(check_source("proxy").raw, Path(folder))
        with ingest_source("proxy").read(file, Path(folder)) as reading:
            for batch in reading.batches:
                assert not batch.rejected
                splitter.write(batch)
        splitter.close()
        return Timed(time.monotonic() - wall, time.process_time() - cpu)


def _through_kafka(files: dict[str, Path], runs: int, lines: int) -> None:
    with bench_place() as config:
        worker = warm_worker(config, "proxy")
        for name, file in files.items():
            path = stored(config, "proxy", file)
            message = _message(config, path)
            ours = [committed(worker, path, message) for _ in range(runs)]
            report(f"{name}, Kafka and worker, to rows", ours, lines)
            _verdict(name, ours, lines)


def _verdict(name: str, runs: Sequence[Timed], lines: int) -> None:
    """Compare the lines that one core reads in a second with the bar."""
    rate = lines / min(run.cpu for run in runs)
    verdict("P3", f"{name}, lines a second on one core", rate, 100_000)


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
