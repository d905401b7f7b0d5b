"""The whole way on the real services: landing folder, Kafka, HDFS, tables."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ingest_twins import DNS_SAMPLE, FLOW_SAMPLE, PROXY_SAMPLE

from spot_common.clients.hdfs import Hdfs
from spot_ingest.beat import beat_file
from spot_ingest.entry import Entry, State
from spot_ingest.ledger import Ledger
from spot_ingest.names import digest_of
from tests.conftest import Stack

pytestmark = pytest.mark.service


def flows_in(file: Path) -> int:
    """What the operator would count."""
    call = ["nfdump", "-r", file, "-o", "fmt:%ts", "-q"]
    return subprocess.run(call, capture_output=True, check=True).stdout.count(b"\n")


def repeated(folder: Path, copies: int) -> Path:
    """An nfcapd file of many flows."""
    parts = folder / "parts"
    parts.mkdir()
    for number in range(copies):
        (parts / f"nfcapd.{202301250000 + number}").symlink_to(FLOW_SAMPLE)
    target = folder / "nfcapd.202301251840"
    subprocess.run(["nfdump", "-R", parts, "-w", target], check=True, capture_output=True)
    return target


def until(condition: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def kill(stack: Stack, name: str) -> None:
    """End a collector or worker as a power cut would; the supervisor starts it again."""
    os.kill(json.loads(beat_file(stack.config, name).read_text())["pid"], signal.SIGKILL)


def ended(ledger: Ledger, source: str, digest: str) -> Entry:
    def done() -> bool:
        entry = ledger.find(source, digest)
        return entry is not None and entry.finished

    until(done)
    entry = ledger.find(source, digest)
    assert entry is not None
    return entry


@pytest.mark.parametrize(
    ("source", "file", "rows"),
    [("flow", FLOW_SAMPLE, 3018), ("dns", DNS_SAMPLE, 8283), ("proxy", PROXY_SAMPLE, 29)],
)
def test_a_file_goes_from_the_landing_folder_into_its_table(
    stack, ledger, count, source, file, rows
):
    known = ledger.find(source, digest_of(file)) is not None
    before = count(source)
    stack.spot("feed", "--source", source, str(file))
    days = stack.spot("wait", "--source", source, str(file))
    assert sum(int(line.split()[1]) for line in days.splitlines()) == rows
    assert count(source) - before == (0 if known else rows)


def test_the_table_has_as_many_flows_as_nfdump_counts(stack, ledger, count, tmp_path):
    file = repeated(tmp_path, 3)
    before = count("flow")
    stack.spot("feed", "--source", "flow", str(file))
    stack.spot("wait", "--source", "flow", str(file))
    assert count("flow") - before == flows_in(file) == 3 * 3018


def test_the_same_file_twice_is_loaded_once(stack, ledger, count):
    stack.spot("feed", "--source", "proxy", str(PROXY_SAMPLE))
    entry = ended(ledger, "proxy", digest_of(PROXY_SAMPLE))
    before, known = count("proxy"), len(ledger.duplicates("proxy", entry.hash))
    landing = stack.config.path("LANDING_DIR") / "proxy"
    (landing / "under-another-name.log").write_bytes(PROXY_SAMPLE.read_bytes())
    until(lambda: len(ledger.duplicates("proxy", entry.hash)) > known)
    until(lambda: not list(landing.iterdir()))
    assert count("proxy") == before


def test_a_worker_killed_in_the_middle_of_a_file_leaves_its_rows_once(
    stack, ledger, count, tmp_path
):
    file = repeated(tmp_path, 360)
    digest = digest_of(file)
    before = count("flow")
    stack.spot("feed", "--source", "flow", str(file))

    def converting(attempt: int) -> Callable[[], bool]:
        def now() -> bool:
            entry = ledger.find("flow", digest)
            assert entry is None or not entry.finished, "it was faster than the test"
            return entry is not None and (entry.state, entry.attempts) == (
                State.CONVERTING,
                attempt,
            )

        return now

    for attempt, pause in ((1, 0.1), (2, 0.4)):
        until(converting(attempt))
        time.sleep(pause)
        kill(stack, "worker-flow-0")
    entry = ended(ledger, "flow", digest)
    assert (entry.state, entry.attempts, entry.rows_set_aside) == (State.PUBLISHED, 3, 0)
    assert count("flow") - before == entry.rows_stored == flows_in(file)
    assert Hdfs(stack.config).list(f"{stack.config.text('HUSER')}/flow/stage") == []


def test_a_collector_killed_before_it_announces_goes_on(stack, ledger, count, tmp_path):
    file = repeated(tmp_path, 4)
    digest = digest_of(file)
    before = count("flow")
    kill(stack, "collector-flow")
    stack.spot("feed", "--source", "flow", str(file))
    assert ended(ledger, "flow", digest).state is State.PUBLISHED
    assert count("flow") - before == flows_in(file)


@pytest.mark.parametrize(
    ("source", "name", "data", "said"),
    [
        ("flow", "nfcapd.202301251901", b"", "the file is empty"),
        (
            "flow",
            "nfcapd.202301251902",
            FLOW_SAMPLE.read_bytes()[:250_000],
            "should be at byte 518,820, the file ends at 250,000",
        ),
        ("dns", "garbage.pcap", b"no capture at all" * 99, "it is no capture"),
        ("proxy", "garbage.log", b"\x00\xff nothing\n" * 9, "no format fits its first lines"),
    ],
)
def test_bad_input_is_set_aside_with_a_reason(stack, ledger, tmp_path, source, name, data, said):
    file = tmp_path / name
    file.write_bytes(data)
    stack.spot("feed", "--source", source, str(file))
    stack.spot("wait", "--source", source, str(file), check=False)
    entry = ended(ledger, source, digest_of(file))
    assert entry.state is State.SET_ASIDE
    assert said in entry.reason
    folder = f"{stack.config.text('HUSER')}/{source}/quarantine/{entry.hash}"
    hdfs = Hdfs(stack.config)
    assert hdfs.read_bytes(f"{folder}/{name}") == data
    assert json.loads(hdfs.read_bytes(f"{folder}/reason.json"))["reason"] == entry.reason


def test_a_half_written_file_is_waited_for(stack, ledger, count):
    data = PROXY_SAMPLE.read_bytes() + PROXY_SAMPLE.read_bytes()
    landing = stack.config.path("LANDING_DIR") / "proxy"
    half = landing / "slow.log"
    before = count("proxy")
    with half.open("wb") as writer:
        writer.write(data[:5000])
        writer.flush()
        time.sleep(3 * stack.config.number("COLLECTOR_SETTLE"))
        assert half.exists()
        writer.write(data[5000:])
    until(lambda: not half.exists())
    until(lambda: count("proxy") - before == 58)


def test_start_feeds_waits_and_refuses_what_gives_no_rows(stack, tmp_path):
    file = tmp_path / "empty.log"
    file.write_bytes(b"\n")
    done = subprocess.run(
        ["./start.proxy.sh", file],
        cwd=FLOW_SAMPLE.parents[3],
        env=stack.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "it holds no log line" in done.stderr
