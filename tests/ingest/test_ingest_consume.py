"""The worker's loop: one name, one process; a client that spins is ended."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from kafka import TopicPartition

from spot_common.config import load_config
from spot_common.errors import ServiceError, UsageError
from spot_ingest import consume
from spot_ingest.beat import Heartbeat
from spot_ingest.patience import Patience
from spot_ingest.source import ingest_source
from spot_ingest.work import worker_name

FLOW = ingest_source("flow")


@pytest.fixture
def config(tmp_path: Path):
    return load_config(environ={"HOME": str(tmp_path)})


def test_a_name_is_had_by_one_process_at_a_time(config, tmp_path):
    with Heartbeat(config, "worker-flow-0"):
        code = (
            "import sys\n"
            "from spot_common.config import load_config\n"
            "from spot_ingest.beat import Heartbeat\n"
            "with Heartbeat(load_config(environ={'HOME': sys.argv[1]}), 'worker-flow-0'):\n"
            "    print('two')\n"
        )
        with pytest.raises(UsageError, match="runs on this machine already"):
            Heartbeat(config, "worker-flow-0").__enter__()
        with Heartbeat(config, "worker-flow-1"):
            pass
        call = [sys.executable, "-c", code, str(tmp_path)]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        assert "runs on this machine already" in done.stderr
        assert "two" not in done.stdout
    with Heartbeat(config, "worker-flow-0"):
        pass


def test_workers_of_a_topic_of_their_own_have_names_of_their_own():
    assert worker_name("flow", 1) == "worker-flow-1"
    assert worker_name("flow", 1, "SPOT-INGEST-flow-10_11_12") == (
        "worker-flow-1@SPOT-INGEST-flow-10_11_12"
    )
    for topic in ("../x", "a/b", "a b", "x" * 300):
        with pytest.raises(UsageError):
            worker_name("flow", 1, topic)


class Spinning:
    """A client that uses the processor while it should wait."""

    def __init__(self) -> None:
        self.polls = 0

    def assignment(self) -> set:
        return set()

    def resume(self, *_: object) -> None: ...

    def poll(self, timeout_ms: int) -> dict:
        self.polls += 1
        return {}


def test_a_client_that_spins_is_ended(config, monkeypatch):
    clock = SimpleNamespace(now=0.0, worked=0.0, share=1.0)

    def poll(self: Spinning, timeout_ms: int) -> dict:
        self.polls += 1
        clock.now += timeout_ms / 1000
        clock.worked += clock.share * timeout_ms / 1000
        clock.share = 0.1 if self.polls == 10 else 1.0
        return {}

    monkeypatch.setattr(Spinning, "poll", poll)
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    monkeypatch.setattr("time.process_time", lambda: clock.worked)
    stop, consumer = threading.Event(), Spinning()
    patience = Patience(consume._LOG, SimpleNamespace(well=True), stop)
    loop = consume._Loop(consumer, SimpleNamespace(), SimpleNamespace(), patience, stop, dict)
    with pytest.raises(ServiceError, match="lost its place"):
        loop.run()
    assert consumer.polls > 2 * 10, "one quiet poll begins the count anew"


class Deaf(Spinning):
    """A client that waits, and is given nothing."""

    def __init__(self, clock: SimpleNamespace, own: set[TopicPartition]) -> None:
        super().__init__()
        self._clock, self._own = clock, own

    def assignment(self) -> set:
        return self._own

    def poll(self, timeout_ms: int) -> dict:
        self._clock.now += timeout_ms / 1000
        return super().poll(timeout_ms)


@pytest.mark.parametrize(
    ("own", "waiting", "held", "doubted"),
    [
        ({1}, {0: 0, 1: 3}, {0, 1}, True),
        ({1}, {0: 5, 1: 0}, {0, 1}, False),  # another worker's
        ({1}, {0: 5, 1: 0}, {1}, True),  # nobody's
        (set(), {0: 5, 1: 0}, set(), True),
        (set(), {0: 5, 1: 0}, {0, 1}, False),  # more workers than partitions
        (set(), {0: 0, 1: 0}, set(), False),
    ],
)
def test_a_client_that_hears_nothing_of_what_waits_is_replaced(
    monkeypatch, own, waiting, held, doubted
):
    clock, asked = SimpleNamespace(now=0.0), []
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    own = {TopicPartition("t", number) for number in own}
    stop, consumer = threading.Event(), Deaf(clock, own)
    patience = Patience(consume._LOG, SimpleNamespace(well=True), stop)

    def lag(*_: object) -> dict[int, int]:
        asked.append(clock.now)
        if len(asked) == 1:
            raise ServiceError("Kafka does not answer")
        if len(asked) == 3:
            stop.set()
        return waiting

    monkeypatch.setattr(consume.kafka, "lag", lag)
    monkeypatch.setattr(consume.kafka, "held", lambda *_: held)
    unheard = partial(consume.kafka.unheard, None, "g", "t")
    loop = consume._Loop(consumer, SimpleNamespace(), SimpleNamespace(), patience, stop, unheard)
    if doubted:
        with pytest.raises(consume._DeafError):
            loop.run()
    else:
        loop.run()
    assert asked == ([60, 120] if doubted else [60, 120, 180])


def test_a_worker_that_hears_nothing_joins_its_group_again(config, monkeypatch):
    stop, clients = threading.Event(), []

    class Client:
        closed = False

        def close(self) -> None:
            self.closed = True

    def subscribe(*_: object) -> Client:
        clients.append(Client())
        return clients[-1]

    def run(_: object) -> None:
        if len(clients) == 1:
            raise consume._DeafError
        stop.set()

    left = []
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])  # a worker goes without pandas
    monkeypatch.setattr(consume, "_subscribe", subscribe)
    monkeypatch.setattr(consume.kafka, "leave", lambda *at: left.append(at[1:]))
    monkeypatch.setattr(consume._Loop, "run", run)
    monkeypatch.setattr(consume, "Worker", lambda *_, **__: SimpleNamespace(source=FLOW))
    consume.run(config, "flow", 0, stop)
    assert [client.closed for client in clients] == [True, True]
    assert left == [("spot-flow", f"{socket.gethostname()}-worker-flow-0")]
