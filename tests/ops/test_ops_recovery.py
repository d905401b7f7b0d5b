"""Every service is killed; it comes back by itself, healthy, with all its data."""

from __future__ import annotations

import gc
import os
import signal
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from spot_common.clients import kafka
from spot_common.clients.hdfs import Hdfs
from spot_common.clients.sql import Sql
from spot_common.config import Config
from spot_ops import processes, supervisor
from spot_ops import stack as local
from spot_ops.stack import ServiceStatus

pytestmark = [
    pytest.mark.service,
    # kafka-python does not close the socket of a connection that a killed broker cut.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

_PATIENCE = 180.0
#: 127.0.0.1 as the kernel's tables write it, and the same as an IPv6 address.
_LOOPBACK = ("0100007F", "0000000000000000FFFF00000100007F")
_SERVICES = (
    "kafka",
    "name-node",
    "data-node",
    "metastore",
    "sql",
    "collector-flow",
    "worker-flow-0",
    "jupyter",
)


@dataclass(frozen=True)
class Data:
    """Something kept in each store: a file, a table with one row, a message."""

    config: Config
    tag: str

    def put(self) -> None:
        Hdfs(self.config).write_bytes(self.file, b"x" * 100_000)
        with Sql(self.config) as sql:
            sql.execute(f"CREATE TABLE {self.table} (a INT) STORED AS PARQUET")
            sql.execute(f"INSERT INTO {self.table} VALUES (7)")
        kafka.ensure_topic(self.config, self.tag, 1)
        producer = kafka.producer(self.config)
        producer.send(self.tag, b"kept").get(timeout=20)
        producer.close()

    def check(self) -> None:
        assert Hdfs(self.config).read_bytes(self.file) == b"x" * 100_000
        with Sql(self.config) as sql:
            assert sql.query(f"SELECT a FROM {self.table}") == [{"a": 7}]
        group = f"test-{uuid.uuid4().hex}"
        consumer = kafka.consumer(self.config, group, self.tag, consumer_timeout_ms=20_000)
        try:
            assert next(iter(consumer)).value == b"kept"
        finally:
            consumer.close()

    def remove(self) -> None:
        Hdfs(self.config).delete(self.file)
        with Sql(self.config) as sql:
            sql.execute(f"DROP TABLE {self.table}")

    @property
    def file(self) -> str:
        return f"{self.config.text('HUSER')}/{self.tag}"

    @property
    def table(self) -> str:
        return f"`{self.config.text('DBNAME')}`.`{self.tag}`"


@pytest.fixture(scope="module")
def data(stack: Any) -> Iterator[Data]:
    kept = Data(stack.config, f"kept_{uuid.uuid4().hex}")
    kept.put()
    yield kept
    kept.remove()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def state(config: Config) -> dict[str, ServiceStatus]:
    return {service.name: service for service in local.status(config)}


def wait_until(config: Config, fine: Callable[[dict[str, ServiceStatus]], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not fine(found := state(config)):
        unwell = {s.name: s.problem for s in found.values() if not s.healthy}
        assert time.monotonic() < deadline, unwell
        time.sleep(0.5)


def kill(config: Config, names: tuple[str, ...]) -> None:
    """Kill services and wait until each has a new process and all of the stack is healthy."""
    old = {name: state(config)[name].pid for name in names}
    for pid in old.values():
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    wait_until(
        config,
        lambda found: (
            all(found[name].pid not in (None, pid) for name, pid in old.items())
            and all(service.healthy for service in found.values())
        ),
    )


@pytest.mark.parametrize("name", _SERVICES)
def test_a_killed_service_comes_back_with_its_data(stack: Any, data: Data, name: str) -> None:
    kill(stack.config, (name,))
    data.check()


def test_all_services_killed_at_once_come_back(stack: Any, data: Data) -> None:
    kill(stack.config, _SERVICES)
    data.check()


def test_everything_killed_with_its_supervisor_is_started_by_up(stack: Any, data: Data) -> None:
    remote = supervisor.connect(stack.config)
    assert remote is not None
    pid = remote.pid()
    remote.close()
    for victim in (pid, *processes.marked(stack.state)):
        os.kill(victim, signal.SIGKILL)
    local.up(stack.config, progress=False)
    data.check()


def test_a_killed_supervisor_leaves_nothing_that_up_cannot_take_over(
    stack: Any, data: Data
) -> None:
    remote = supervisor.connect(stack.config)
    assert remote is not None
    pid = remote.pid()
    remote.close()
    os.kill(pid, signal.SIGKILL)
    local.up(stack.config, progress=False)
    assert all(service.healthy for service in local.status(stack.config))
    data.check()


def test_data_outlives_down_and_up(stack: Any, data: Data) -> None:
    local.down(stack.config)
    assert processes.marked(stack.state) == []
    assert {service.state for service in local.status(stack.config)} == {"stopped"}
    local.up(stack.config, progress=False)
    data.check()


def test_nothing_listens_beyond_this_machine(stack: Any) -> None:
    ours = {
        str(link.readlink())
        for pid in processes.marked(stack.state)
        for link in Path("/proc", str(pid), "fd").iterdir()
        if link.is_symlink()
    }
    listeners = [
        fields
        for table in ("tcp", "tcp6")
        for fields in map(str.split, Path("/proc/net", table).read_text().splitlines()[1:])
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in ours
    ]
    assert len(listeners) >= 10
    for fields in listeners:
        assert fields[1].split(":")[0] in _LOOPBACK, fields
