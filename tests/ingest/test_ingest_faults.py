"""Every fault that ingest must withstand, on the real services: nothing lost, nothing twice."""

from __future__ import annotations

import getpass
import json
import os
import resource
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ingest_twins import PROXY_SAMPLE
from test_ingest_service import ended, repeated, until

from spot_common.clients import kafka
from spot_common.clients.hdfs import Hdfs
from spot_ingest.beat import beat_file
from spot_ingest.entry import Entry, State
from spot_ingest.ledger import Ledger
from spot_ingest.names import digest_of
from spot_ops import stack as local
from spot_ops import supervisor
from spot_ops.services import all_services
from tests.conftest import Stack

pytestmark = [
    pytest.mark.service,
    pytest.mark.timeout(600),
    # kafka-python does not close the socket of a connection that a stopped broker cut.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

LINES = PROXY_SAMPLE.read_bytes().splitlines(keepends=True)
ROWS = 29
#: How long (seconds) a file is watched that must not come to an end.
_WATCHED = 3.0


def new_log() -> bytes:
    """A log that was never seen before."""
    return f"#{uuid.uuid4()}\n".encode() + b"".join(LINES)


def drop(stack: Stack, name: str, data: bytes, source: str = "proxy") -> str:
    """Let a file appear in the landing folder; give its hash."""
    landing = stack.config.path("LANDING_DIR") / source
    hidden = landing / f".{uuid.uuid4().hex}"
    hidden.write_bytes(data)
    digest = digest_of(hidden)
    hidden.rename(landing / name)
    return digest


@contextmanager
def stopped(stack: Stack, *names: str) -> Iterator[None]:
    """Stop services for the block, and wait until they are well again after it."""
    remote = supervisor.connect(stack.config)
    assert remote is not None
    try:
        for name in names:
            remote.stop(name)
        yield
    finally:
        for name in names:
            remote.start(name)
        remote.close()

        def well() -> bool:
            return all(s.healthy for s in local.status(stack.config) if s.name in names)

        until(well, 180)


def waits(stack: Stack, ledger: Ledger, digest: str, source: str = "proxy") -> None:
    """See for some seconds that a file is kept and not finished."""

    def seen() -> bool:
        entry = ledger.find(source, digest)
        landing = stack.config.path("LANDING_DIR") / source
        in_folder = any(digest_of(path) == digest for path in landing.iterdir())
        return in_folder or (entry is not None and not entry.finished)

    end = time.monotonic() + _WATCHED
    while time.monotonic() < end:
        assert seen()
        time.sleep(0.1)


def dfsadmin(stack: Stack, *words: str) -> None:
    """What the administrator of HDFS would type."""
    (node,) = [one for one in all_services(stack.config) if one.name == "name-node"]
    java = [word for word in node.command if not word.endswith(".NameNode")]
    admin = "org.apache.hadoop.hdfs.tools.DFSAdmin"
    subprocess.run([*java, admin, *words], check=True, capture_output=True, timeout=120)


def finished(ledger: Ledger, digest: str, source: str = "proxy") -> Entry:
    """Wait for a file; its rows are all there."""
    entry = ended(ledger, source, digest)
    assert entry.state is State.PUBLISHED, entry.reason
    return entry


# --- Kafka ------------------------------------------------------------------------------------


def test_files_that_come_while_kafka_is_down_are_ingested_when_it_is_back(stack, ledger, count):
    before = count("proxy")
    with stopped(stack, "kafka"):
        one = drop(stack, "kafka-down.log", new_log())
        waits(stack, ledger, one)
    finished(ledger, one)
    assert count("proxy") == before + ROWS


def test_collector_and_workers_wait_for_a_kafka_that_is_down_when_they_start(stack, ledger, count):
    before = count("proxy")
    with stopped(stack, "collector-proxy", "worker-proxy-0"), stopped(stack, "kafka"):
        one = drop(stack, "kafka-late.log", new_log())
        remote = supervisor.connect(stack.config)
        for name in ("collector-proxy", "worker-proxy-0"):
            remote.start(name)
        waits(stack, ledger, one)
        running = remote.processes()
        remote.close()
        for name in ("collector-proxy", "worker-proxy-0"):
            assert running[name]["statename"] == "RUNNING", "it did not die of it"
    finished(ledger, one)
    assert count("proxy") == before + ROWS


def test_a_broker_that_stands_still_is_waited_for(stack, ledger, count):
    before = count("proxy")
    pid = next(s.pid for s in local.status(stack.config) if s.name == "kafka")
    os.kill(pid, signal.SIGSTOP)
    try:
        one = drop(stack, "kafka-frozen.log", new_log())
        waits(stack, ledger, one)
    finally:
        os.kill(pid, signal.SIGCONT)
    finished(ledger, one)
    assert count("proxy") == before + ROWS


@pytest.mark.parametrize("message", [b"", b"\xff\x00 no path", b"/etc/passwd", b"x" * 900_000])
def test_a_message_that_names_no_file_is_kept_aside_and_the_next_is_taken(
    stack, ledger, count, message
):
    topic = kafka.topic_of("proxy")
    before = count("proxy")
    dead = f"{topic}-DEAD"
    group = f"test-{uuid.uuid4().hex}"
    kafka.ensure_topic(stack.config, dead, 1)
    reader = kafka.consumer(stack.config, group, dead, consumer_timeout_ms=30_000)
    sender = kafka.producer(stack.config)
    for number in range(stack.config.integer("KAFKA_PARTITIONS")):
        sender.send(topic, message, partition=number).get(timeout=20)
    sender.close()
    found = []
    for record in reader:
        found.append(record.value)
        if found.count(message) == stack.config.integer("KAFKA_PARTITIONS"):
            break
    reader.close()
    assert found.count(message) == stack.config.integer("KAFKA_PARTITIONS")
    finished(ledger, drop(stack, "after-poison.log", new_log()))
    assert count("proxy") == before + ROWS


def test_messages_that_the_broker_lost_are_sent_again(stack, ledger, count):
    before = count("proxy")
    with stopped(stack, "worker-proxy-0"):
        one = drop(stack, "lost-message.log", new_log())
        until(lambda: (e := ledger.find("proxy", one)) is not None and e.state is State.QUEUED)
        forget_messages(stack, "proxy")
    finished(ledger, one)
    assert count("proxy") == before + ROWS


def forget_messages(stack: Stack, source: str) -> None:
    """Let the broker lose what waits: the group's place is put at the end."""
    topic, group = kafka.topic_of(source), kafka.group_of(source)

    def empty() -> bool:
        return sum(kafka.lag(stack.config, group, topic).values()) == 0

    reader = kafka.consumer(stack.config, group, topic, consumer_timeout_ms=2_000)
    until(lambda: reader.poll(timeout_ms=500) == {} and bool(reader.assignment()), 120)
    reader.seek_to_end()
    for partition in reader.assignment():
        reader.position(partition)
    reader.commit()
    reader.close()
    until(empty)


# --- HDFS -------------------------------------------------------------------------------------


def test_files_wait_while_hdfs_is_in_safe_mode(stack, ledger, count):
    before = count("proxy")
    dfsadmin(stack, "-safemode", "enter")
    try:
        one = drop(stack, "safe-mode.log", new_log())
        waits(stack, ledger, one)
    finally:
        dfsadmin(stack, "-safemode", "leave")
    finished(ledger, one)
    assert count("proxy") == before + ROWS


@pytest.mark.parametrize("place", ["binary", "stage"])
def test_files_wait_while_hdfs_is_full(stack, ledger, count, place):
    before = count("proxy")
    folder = f"{stack.config.text('HUSER')}/proxy/{place}"
    Hdfs(stack.config).mkdirs(folder)
    dfsadmin(stack, "-setSpaceQuota", "1", folder)
    try:
        one = drop(stack, "full.log", new_log())
        waits(stack, ledger, one)
    finally:
        dfsadmin(stack, "-clrSpaceQuota", folder)
    finished(ledger, one)
    assert count("proxy") == before + ROWS


@pytest.mark.parametrize("place", ["binary", "stage"])
def test_files_wait_while_hdfs_refuses(stack, ledger, count, place):
    before = count("proxy")
    folder = f"{stack.config.text('HUSER')}/proxy/{place}"
    admin = Hdfs(stack.config, user=getpass.getuser())
    owner = Hdfs(stack.config).user
    admin.mkdirs(folder)
    admin.set_owner(folder, getpass.getuser(), "supergroup")
    admin.set_mode(folder, "700")
    try:
        one = drop(stack, "refused.log", new_log())
        waits(stack, ledger, one)
    finally:
        admin.set_owner(folder, owner, "supergroup")
        admin.set_mode(folder, "775")
    finished(ledger, one)
    assert count("proxy") == before + ROWS


@pytest.mark.parametrize("name", ["data-node", "name-node"])
def test_files_wait_while_a_node_of_hdfs_is_down(stack, ledger, count, name):
    before = count("proxy")
    with stopped(stack, name):
        one = drop(stack, f"{name}-down.log", new_log())
        waits(stack, ledger, one)
    finished(ledger, one)
    assert count("proxy") == before + ROWS


# --- the SQL server and the metastore ---------------------------------------------------------


@pytest.mark.parametrize("name", ["sql", "metastore"])
def test_rows_wait_between_stage_and_table_while_the_tables_are_down(
    stack, ledger, count, tmp_path, name
):
    before = count("flow")
    data = repeated(tmp_path, 7).read_bytes()
    far = data_of_another_hour(stack)
    with stopped(stack, name):
        one, other = drop(stack, "nfcapd.202301251899", data, "flow"), drop(stack, *far)
        waits(stack, ledger, other)
    finished(ledger, one, "flow")
    finished(ledger, other)
    assert count("flow") - before in (0, 7 * 3018)  # the second time it is known


def data_of_another_hour(stack: Stack) -> tuple[str, bytes]:
    """A log of an hour that no worker knows as a partition yet."""
    hour = f"{uuid.uuid4().int % 24:02d}"
    year = 1990 + uuid.uuid4().int % 10
    lines = [line.replace(b"2005-05-04 17", f"{year}-05-04 {hour}".encode()) for line in LINES]
    return f"{year}.log", f"#{uuid.uuid4()}\n".encode() + b"".join(lines)


# --- files and names --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        b"a;touch x.log",
        b"$(touch x).log",
        b"`touch x`.log",
        b"-rf.log",
        b"a\nb.log",
        b"\xff\xfe.log",
        b"' OR 1=1 --.log",
        b"a b\t\x1b[31m.log",
        b"%2e%2e%2f.log",
        b"y" * 240 + b".log",
    ],
)
def test_hostile_names_are_only_names(stack, ledger, count, name):
    before = count("proxy")
    landing = stack.config.path("LANDING_DIR") / "proxy"
    digest = drop(stack, os.fsdecode(name), new_log())
    entry = finished(ledger, digest)
    assert count("proxy") == before + ROWS
    assert entry.name.isprintable()
    assert Hdfs(stack.config).status(entry.path).size == entry.size
    for folder in (landing, stack.state, Path.cwd(), stack.config.path("WORK_DIR")):
        assert not (folder / "x").exists()


def test_links_and_special_files_are_left_alone(stack, ledger, tmp_path):
    landing = stack.config.path("LANDING_DIR") / "proxy"
    secret = tmp_path / "secret.log"
    secret.write_bytes(new_log())
    odd = [landing / "link.log", landing / "pipe.log", landing / "folder.log"]
    odd[0].symlink_to(secret)
    os.mkfifo(odd[1])
    odd[2].mkdir()
    try:
        finished(ledger, drop(stack, "beside-odd-ones.log", new_log()))
        assert ledger.find("proxy", digest_of(secret)) is None
        assert all(os.path.lexists(path) for path in odd)
    finally:
        odd[0].unlink()
        odd[1].unlink()
        odd[2].rmdir()


def test_a_file_that_lay_there_before_the_collector_is_taken(stack, ledger, count):
    before = count("proxy")
    with stopped(stack, "collector-proxy"):
        one = drop(stack, "early.log", new_log())
    finished(ledger, one)
    assert count("proxy") == before + ROWS


def test_many_files_at_once_are_all_taken(stack, ledger, count):
    before = count("proxy")
    landing = stack.config.path("LANDING_DIR") / "proxy"
    files = [new_log() for _ in range(300)]
    for number, data in enumerate(files):
        drop(stack, f"burst-{number}.log", data)
    until(lambda: next(os.scandir(landing), None) is None, 180)

    def done() -> bool:
        waiting = (State.SEEN, State.STORED, State.QUEUED, State.CONVERTING)
        return ledger.files("proxy", states=waiting) == []

    until(done, 300)
    assert count("proxy") == before + 300 * ROWS


# --- the machine itself -----------------------------------------------------------------------


def test_a_worker_without_room_on_its_disk_gives_the_file_back(stack, ledger, count, tmp_path):
    file = repeated(tmp_path, 21)
    before = count("flow")
    with stopped(stack, "worker-flow-0"):
        cramped = subprocess.Popen(
            [Path(sys.executable).with_name("spot"), "work", "--source", "flow", "--worker", "5"],
            env=stack.environ,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        )
        try:
            stack.spot("feed", "--source", "flow", str(file))
            waits(stack, ledger, digest_of(file), "flow")
            assert cramped.stderr is not None
            line = next(line for line in cramped.stderr if " waiting " in line)
            assert "the worker's folder cannot be used" in line or "state store" in line
        finally:
            cramped.terminate()
            assert cramped.wait(90) == 0
            cramped.stderr.close()
    entry = finished(ledger, digest_of(file), "flow")
    assert entry.attempts <= 3
    assert count("flow") == before + 21 * 3018


# --- several workers --------------------------------------------------------------------------


def test_a_rebalance_in_the_middle_of_a_file_leaves_its_rows_once(stack, ledger, count, tmp_path):
    file = repeated(tmp_path, 340)
    before = count("flow")
    stack.spot("feed", "--source", "flow", str(file))
    digest = digest_of(file)
    until(lambda: (e := ledger.find("flow", digest)) is not None and e.state is State.CONVERTING)
    others = [
        subprocess.Popen(
            [Path(sys.executable).with_name("spot"), "work", "--source", "flow", *words],
            env=stack.environ,
            stderr=subprocess.DEVNULL,
        )
        for words in (("--worker", "5"), ("--worker", "6", "--workers", "2"))
    ]
    beats = [beat_file(stack.config, f"worker-flow-{number}") for number in (5, 6, 7)]
    try:
        until(lambda: all(beat.exists() for beat in beats))
        entry = finished(ledger, digest, "flow")
    finally:
        for other in others:
            other.terminate()
        for other in others:
            assert other.wait(90) == 0
    assert entry.rows_stored == 340 * 3018
    assert count("flow") == before + entry.rows_stored
    stage = f"{stack.config.text('HUSER')}/flow/stage"
    until(lambda: Hdfs(stack.config).list(stage) == [])


def test_a_frozen_worker_is_replaced_and_changes_nothing_when_it_wakes(
    stack, ledger, count, tmp_path
):
    file = repeated(tmp_path, 330)
    before = count("flow")
    beat = beat_file(stack.config, "worker-flow-0")
    pid = json.loads(beat.read_text())["pid"]
    stack.spot("feed", "--source", "flow", str(file))
    digest = digest_of(file)
    until(lambda: (e := ledger.find("flow", digest)) is not None and e.state is State.CONVERTING)
    os.kill(pid, signal.SIGSTOP)
    other = subprocess.Popen(
        [Path(sys.executable).with_name("spot"), "work", "--source", "flow", "--worker", "5"],
        env=stack.environ,
        stderr=subprocess.DEVNULL,
    )
    try:
        entry = finished(ledger, digest, "flow")
        assert entry.worker.endswith("worker-flow-5")
    finally:
        os.kill(pid, signal.SIGCONT)
        other.terminate()
        assert other.wait(90) == 0
    finished(ledger, drop(stack, "nfcapd.202301251898", repeated_again(tmp_path), "flow"), "flow")
    assert count("flow") == before + entry.rows_stored + 11 * 3018
    assert ledger.find("flow", digest) == entry


def repeated_again(folder: Path) -> bytes:
    again = folder / "again"
    again.mkdir()
    return repeated(again, 11).read_bytes()
