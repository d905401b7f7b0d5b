"""A worker's loop: take a message, bring its file to the end, commit, take the next."""

from __future__ import annotations

import logging
import socket
import threading
from typing import Any

from kafka.errors import KafkaError

from spot_common import log
from spot_common.clients import kafka
from spot_common.config import Config
from spot_common.memory import do_without
from spot_ingest.beat import Heartbeat
from spot_ingest.patience import Patience, StoppedError
from spot_ingest.source import ingest_source
from spot_ingest.work import Worker

_LOG = log.get("ingest.worker")
_POLL_MS = 500
#: A file may take this long before the broker gives its partition to another worker.
_LONGEST_FILE_MS = 30 * 60 * 1000
#: A worker that died and is not started again is replaced after this time.
_SESSION_MS = 30_000


def run(
    config: Config, source_name: str, number: int, stop: threading.Event, *, topic: str = ""
) -> None:
    """Work until ``stop`` is set; the file in hand is finished first.

    ``topic`` stands in for the source's own; its workers are a group of that name.
    """
    do_without("pandas")
    source = ingest_source(source_name)
    name = f"worker-{source.name}-{number}"
    with Heartbeat(config, name) as beat:
        patience = Patience(_LOG, beat, stop)
        try:
            worker = Worker(config, source, number)
            consumer = patience.until_done(
                lambda: _subscribe(config, source.name, name, topic), "joining the topic"
            )
            log.event(_LOG, "started", worker=name)
            try:
                _consume(consumer, worker, patience, stop)
            finally:
                consumer.close()
        except StoppedError:
            pass
        log.event(_LOG, "stopped", worker=name)


def _subscribe(config: Config, source: str, name: str, topic: str) -> Any:
    """Join the workers' group.

    The name lasts: a worker that is started again takes its partitions back at once.
    """
    group = topic or kafka.group_of(source)
    topic = topic or kafka.topic_of(source)
    kafka.ensure_topic(config, topic, config.integer("KAFKA_PARTITIONS"))
    return kafka.consumer(
        config,
        topic,
        group,
        group_instance_id=f"{socket.gethostname()}-{name}",
        max_poll_records=1,
        max_poll_interval_ms=_LONGEST_FILE_MS,
        session_timeout_ms=_SESSION_MS,
    )


def _consume(consumer: Any, worker: Worker, patience: Patience, stop: threading.Event) -> None:
    while not stop.is_set():
        for records in consumer.poll(timeout_ms=_POLL_MS).values():
            for record in records:
                _handle(worker, patience, record.value)
            _commit(consumer)


def _handle(worker: Worker, patience: Patience, message: bytes) -> None:
    path = message.decode("utf-8", "replace")
    patience.until_done(lambda: worker.handle(path), f"converting {path[:500]}")


def _commit(consumer: Any) -> None:
    """Tell the broker. Where that fails the message comes again, and its file is known by then."""
    try:
        consumer.commit()
    except KafkaError as error:
        log.event(_LOG, "commit_failed", logging.WARNING, error=str(error))
