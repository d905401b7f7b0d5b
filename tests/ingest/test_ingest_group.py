"""A group of workers at the broker: what is dealt out, and what is never left undealt."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from kafka import ConsumerRebalanceListener
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment

from spot_common.clients import kafka
from spot_common.config import Config
from spot_ingest import consume
from spot_ingest.patience import Patience
from tests.conftest import Stack

pytestmark = [pytest.mark.service, pytest.mark.timeout(300)]

PARTITIONS = 4
NAME = "worker-flow-0"


class Miser(RangePartitionAssignor):
    """Gives nobody anything: what a leader does that does not know the topic yet."""

    @classmethod
    def assign(cls, cluster, members):
        return {one.member_id: ConsumerProtocolAssignment(cls.version, [], b"") for one in members}


class Dealt(ConsumerRebalanceListener):
    """Remembers what was dealt out."""

    def __init__(self) -> None:
        self.hands: list[set] = []

    def on_partitions_revoked(self, revoked) -> None: ...

    def on_partitions_assigned(self, assigned) -> None:
        self.hands.append(set(assigned))


@pytest.fixture
def topic(stack: Stack) -> str:
    name = f"test-{uuid.uuid4().hex}"
    kafka.ensure_topic(stack.config, name, PARTITIONS)
    return name


def send(config: Config, topic: str) -> set[str]:
    """One message in each partition."""
    sender = kafka.producer(config)
    for number in range(PARTITIONS):
        sender.send(topic, f"/{number}".encode(), partition=number).get(timeout=20)
    sender.close()
    return {f"/{number}" for number in range(PARTITIONS)}


@contextlib.contextmanager
def working(config: Config, topic: str, heard: set[str]) -> Iterator[None]:
    """A worker of the group of that name, which only remembers what it heard."""
    stop = threading.Event()
    patience = Patience(logging.getLogger("test"), SimpleNamespace(well=True), stop)

    def handle(path: str) -> SimpleNamespace:
        heard.add(path)
        return SimpleNamespace(finished=True)

    def work() -> None:
        parts = SimpleNamespace(handle=handle), SimpleNamespace(), patience, stop
        while not stop.is_set():
            consume._take_part(config, *parts, NAME, (topic, topic))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)


def test_a_leader_deals_out_what_there_is_the_first_time(stack, topic):
    dealt = Dealt()
    member = kafka.consumer(stack.config, topic, group_instance_id="one")
    member.subscribe([topic], listener=dealt)
    ends = time.monotonic() + 60
    while not dealt.hands and time.monotonic() < ends:
        member.poll(timeout_ms=500)
    member.close()
    assert [len(hand) for hand in dealt.hands[:1]] == [PARTITIONS]


def test_partitions_that_nobody_was_dealt_are_dealt_out_anew(stack, topic, monkeypatch):
    """The group of a leader that died between its first deal and the second (CI, November)."""
    dealt = Dealt()
    dead = kafka.consumer(
        stack.config,
        topic,
        group_instance_id=f"{socket.gethostname()}-{NAME}",
        partition_assignment_strategy=[Miser],
    )
    dead.subscribe([topic], listener=dealt)
    while not dealt.hands:
        dead.poll(timeout_ms=500)
    assert not any(dealt.hands)
    dead.close()  # a lasting name does not leave its group
    sent = send(stack.config, topic)
    assert sum(kafka.lag(stack.config, topic, topic).values()) == PARTITIONS
    assert kafka.held(stack.config, topic, topic) == set()
    monkeypatch.setattr(consume, "_SILENCE", 3.0)
    heard: set[str] = set()
    with working(stack.config, topic, heard):
        ends = time.monotonic() + 60
        while heard != sent and time.monotonic() < ends:
            time.sleep(0.2)
    assert heard == sent
    assert sum(kafka.lag(stack.config, topic, topic).values()) == 0
