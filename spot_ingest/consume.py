"""A worker's loop: take a message, bring its file to the end, commit, take the next.

A file is handled beside the loop, which goes on talking to the broker meanwhile: however long it
takes, the worker stays in its group.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

from kafka import ConsumerRebalanceListener, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from spot_common import log
from spot_common.clients import kafka
from spot_common.config import Config
from spot_common.errors import ServiceError
from spot_common.memory import do_without
from spot_ingest.beat import Heartbeat
from spot_ingest.dead_letters import DeadLetters
from spot_ingest.patience import Patience, StoppedError
from spot_ingest.source import ingest_source
from spot_ingest.work import Worker, worker_name

_LOG = log.get("ingest.worker")
_POLL_MS = 500
#: Between two words with the broker while a file is in hand (seconds).
_TALK_EVERY = 1.0
#: Polls in a row that may use the processor all the time.
_SPINS = 20
#: Between two looks at a file that another worker has in hand (seconds).
_LOOK_EVERY = 1.0
#: After so long without a message (seconds) a worker asks whether any wait for it.
_SILENCE = 60.0


def run(
    config: Config, source_name: str, number: int, stop: threading.Event, *, topic: str = ""
) -> None:
    """Work until ``stop`` is set; the file in hand is finished first.

    ``topic`` stands in for the source's own; its workers are a group of that name.
    """
    do_without("pandas")
    source = ingest_source(source_name)
    name = worker_name(source.name, number, topic)
    with Heartbeat(config, name) as beat:
        patience = Patience(_LOG, beat, stop)
        try:
            worker = patience.until_done(
                lambda: Worker(config, source, number, topic=topic), "opening the ledger"
            )
            line = kafka.line_of(source.name, topic)
            dead = DeadLetters(config, line[0])
            log.event(_LOG, "started", worker=name)
            try:
                while not stop.is_set():
                    _take_part(config, worker, dead, patience, stop, name, line)
            finally:
                dead.close()
        except StoppedError:
            pass
        log.event(_LOG, "stopped", worker=name)


def _take_part(
    config: Config,
    worker: Worker,
    dead: DeadLetters,
    patience: Patience,
    stop: threading.Event,
    name: str,
    line: tuple[str, str],
) -> None:
    """Join the group and work, until told to stop or until the client hears nothing any more."""
    topic, group = line
    instance = f"{socket.gethostname()}-{name}"
    consumer = patience.until_done(
        lambda: _subscribe(config, instance, topic, group), "joining the topic"
    )
    unheard = partial(kafka.unheard, config, group, topic)
    try:
        _Loop(consumer, worker, dead, patience, stop, unheard).run()
    except _DeafError:
        log.event(_LOG, "joins_again", logging.WARNING, worker=name, reason="messages wait unheard")
        patience.until_done(lambda: kafka.leave(config, group, instance), "leaving the group")
    finally:
        consumer.close()


def _subscribe(config: Config, instance: str, topic: str, group: str) -> Any:
    """Join the workers' group.

    The name lasts: a worker that is started again takes its partitions back at once.
    """
    kafka.ensure_topic(config, topic, config.integer("KAFKA_PARTITIONS"))
    consumer = kafka.consumer(
        config,
        group,
        group_instance_id=instance,
        max_poll_records=1,
        session_timeout_ms=round(1000 * config.number("WORKER_SILENCE")),
    )
    consumer.subscribe([topic], listener=_Pause(consumer))
    return consumer


class _Pause(ConsumerRebalanceListener):  # type: ignore[misc] # kafka-python has no types
    """Lets partitions that come while a file is in hand wait too."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Nothing: what was in hand is known by its hash, whoever gets its message next."""

    def on_partitions_assigned(self, assigned: Any) -> None:
        """Fetch nothing more before the loop asks."""
        self._consumer.pause(*assigned)


class _DeafError(Exception):
    """Messages wait, and the client does not give them: one that joins anew may."""


class _Loop:
    """Takes one message at a time."""

    def __init__(
        self,
        consumer: Any,
        worker: Worker,
        dead: DeadLetters,
        patience: Patience,
        stop: threading.Event,
        unheard: Callable[[Collection[int]], bool],
    ) -> None:
        self._consumer = consumer
        self._unheard = unheard
        self._heard = time.monotonic()
        self._worker = worker
        self._dead = dead
        self._patience = patience
        self._stop = stop
        self._spins = 0

    def run(self) -> None:
        """Work until told to stop; StoppedError where that came while a file had to wait."""
        with ThreadPoolExecutor(1, "file") as hands:
            while not self._stop.is_set():
                self._consumer.resume(*self._consumer.assignment())
                for partition, records in self._poll(_POLL_MS).items():
                    self._consumer.pause(*self._consumer.assignment())
                    for record in records:
                        self._wait(hands.submit(self._bring_to_end, record.value))
                        self._commit(partition, record.offset + 1)
                        self._heard = time.monotonic()
                self._doubt_silence()

    def _poll(self, milliseconds: int) -> dict[TopicPartition, list[Any]]:
        began, worked = time.monotonic(), time.process_time()
        try:
            found: dict[TopicPartition, list[Any]] = self._consumer.poll(timeout_ms=milliseconds)
        except KafkaError as error:
            log.event(_LOG, "poll_failed", logging.WARNING, error=str(error))
            self._stop.wait(_LOOK_EVERY)
            return {}
        if milliseconds:
            self._watch(time.monotonic() - began, time.process_time() - worked)
        return found

    def _doubt_silence(self) -> None:
        """Ask the broker, now and then, whether messages wait for a worker that hears none.

        A client may lose its place in the group without a word, when a broker dies among others;
        and a group may have dealt out less than all partitions, which no member's return mends.
        """
        now = time.monotonic()
        if now - self._heard < _SILENCE:
            return
        self._heard = now
        try:
            deaf = self._unheard({part.partition for part in self._consumer.assignment()})
        except ServiceError:  # no broker: the client waits for it, too
            return
        if deaf:
            raise _DeafError

    def _watch(self, seconds: float, worked: float) -> None:
        """End a client that spins instead of waiting.

        kafka-python does so for ever once another member has taken its name in the group.
        """
        spun = seconds > _POLL_MS / 2000 and worked > seconds / 2
        self._spins = self._spins + 1 if spun else 0
        if self._spins > _SPINS:
            raise ServiceError(
                "the Kafka client has lost its place in the group",
                hint="does another worker of the same name run, on a machine of the same name?",
            )

    def _wait(self, work: Future[None]) -> None:
        """Stay in the group until the work is done."""
        while not wait([work], timeout=_TALK_EVERY).done:
            if unexpected := self._poll(0):
                raise RuntimeError(f"a paused consumer gave {unexpected}")
        work.result()

    def _bring_to_end(self, message: bytes) -> None:
        path = message.decode("utf-8", "replace")
        while True:
            entry = self._patience.until_done(
                lambda: self._worker.handle(path), f"converting {path[:500]}"
            )
            if entry is None:
                self._patience.until_done(
                    lambda: self._dead.keep(message), "keeping a message that names no file"
                )
                return
            if entry.finished:
                return
            if self._stop.wait(_LOOK_EVERY):
                raise StoppedError

    def _commit(self, partition: TopicPartition, offset: int) -> None:
        """Tell the broker. Where that fails the message comes again; its file is known by then."""
        try:
            self._consumer.commit({partition: OffsetAndMetadata(offset, "", -1)})
        except KafkaError as error:
            log.event(_LOG, "commit_failed", logging.WARNING, error=str(error))
