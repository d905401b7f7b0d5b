"""Where ``spot peek`` finds a file, and how other commands name it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ingest_twins import DNS_SAMPLE, PROXY_SAMPLE, HdfsTwin

from spot_common.config import load_config
from spot_ingest import quarantine
from spot_ingest.accounting import Account, Rejected
from spot_ingest.commands import quarantine as quarantine_commands
from spot_ingest.commands.peek import peek_command
from spot_ingest.entry import Arrival, Entry
from spot_ingest.ledger import Ledger
from spot_ingest.names import digest_of
from spot_ingest.peek import origin
from tests.conftest import Stack

HASH = digest_of(PROXY_SAMPLE)
PATH = "/user/spot/proxy/binary/20050504/17/sampleBluecoat.log"


@pytest.fixture
def hdfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HdfsTwin:
    monkeypatch.setenv("SPOT_STATE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    twin = HdfsTwin()
    monkeypatch.setattr(origin, "Hdfs", lambda _config: twin)
    monkeypatch.setattr(quarantine_commands, "Hdfs", lambda _config: twin)
    return twin


@pytest.fixture
def ledger(hdfs: HdfsTwin) -> Ledger:
    return Ledger.of(load_config())


@pytest.fixture
def taken(ledger: Ledger) -> Entry:
    """A log that a worker has in hand."""
    (entry,) = ledger.add("proxy", [Arrival(HASH, "sampleBluecoat.log", 9423, 1, PATH)])
    assert entry is not None
    entry = ledger.take(entry, "worker")
    assert entry is not None
    return entry


def peek(*words: str) -> Result:
    return CliRunner().invoke(peek_command, list(words), catch_exceptions=False)


def lines(done: Result) -> int:
    assert done.exit_code == 0, done.stderr
    return len(json.loads(done.stdout)["lines"])


@pytest.mark.parametrize("word", [f"hdfs:{PATH}", f"hdfs://{PATH}", HASH, HASH[:8], HASH.upper()])
def test_a_file_in_hdfs_is_named_by_its_path_or_hash(hdfs: HdfsTwin, taken, word: str):
    hdfs.files[PATH] = PROXY_SAMPLE.read_bytes()
    done = peek(word, "--json")
    assert lines(done) == 10
    assert json.loads(done.stdout)["file"] == "sampleBluecoat.log"


def test_a_file_that_is_set_aside_is_found_where_it_is_kept(hdfs: HdfsTwin, ledger, taken):
    kept = quarantine.original_path(load_config().text("HUSER"), taken)
    hdfs.files[kept] = PROXY_SAMPLE.read_bytes()
    ledger.set_aside(taken, "no good", 0)
    assert lines(peek(HASH[:12], "--json")) == 10


def test_a_file_that_was_dropped_says_so(hdfs: HdfsTwin, ledger, taken):
    ledger.drop(ledger.set_aside(taken, "no good", 0), "dropped by jo on 2026-11-28: no good")
    done = peek(HASH[:12])
    assert done.exit_code == 3
    assert "is not kept any more: dropped by jo on 2026-11-28" in done.stderr


def test_a_file_on_disk_comes_before_a_hash(hdfs: HdfsTwin, taken, tmp_path: Path):
    (tmp_path / HASH[:8]).write_text("on disk\n")
    assert peek(HASH[:8]).stdout == "        1  on disk\n"


@pytest.mark.parametrize(
    ("word", "status", "said"),
    [
        ("nowhere.pcap", 3, "there is no file nowhere.pcap\nhint: give a path, an hdfs: path, or"),
        ("new\nline", 3, r"there is no file new\x0aline"),
        ("feed5eed", 3, "no file has a hash that begins with 'feed5eed'"),
        (".", 2, ". is not a file"),
        ("hdfs:/nowhere", 3, "HDFS has no /nowhere"),
        ("hdfs:nowhere", 2, "hdfs:nowhere is no path in HDFS"),
        ("hdfs://host/file", 2, "hdfs://host/file names a host\nhint: leave it out"),
        (HASH, 3, f"HDFS has no {PATH}"),
    ],
)
def test_what_is_not_there_is_told(hdfs: HdfsTwin, taken, word: str, status: int, said: str):
    done = peek(word)
    assert (done.exit_code, said in done.stderr) == (status, True), done.stderr


def test_a_folder_in_hdfs_is_no_file(hdfs: HdfsTwin, monkeypatch: pytest.MonkeyPatch):
    folder = hdfs._entry("binary", "/user/spot/proxy/binary")
    monkeypatch.setattr(hdfs, "status", lambda _path: folder)
    done = peek("hdfs:/user/spot/proxy/binary")
    assert (done.exit_code, "is a folder" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("raw", "hint"),
    [(b"a line", [f"look at one: spot peek {HASH[:12]} --line 7"]), (b"", [])],
)
def test_rows_that_were_set_aside_say_what_looks_at_one(
    hdfs: HdfsTwin, ledger, taken, tmp_path: Path, raw: bytes, hint: list[str]
):
    account = Account(stored=1)
    rows = quarantine.RejectedRows(tmp_path / "rows", taken.name)
    rows.add([Rejected(7, "too short", raw)], account)
    hdfs.write_file(quarantine.rows_path(load_config().text("HUSER"), taken), tmp_path / "rows")
    ledger.publish(ledger.staged(taken, account, [], "too short"))
    group = quarantine_commands.quarantine_group
    shown = CliRunner().invoke(group, ["show", HASH], catch_exceptions=False).stdout
    assert [line for line in shown.splitlines() if "spot peek" in line] == hint


@pytest.mark.service
def test_files_of_a_running_installation_can_be_looked_at(stack: Stack):
    stack.spot("feed", "--source", "dns", str(DNS_SAMPLE))
    stack.spot("wait", "--source", "dns", str(DNS_SAMPLE))
    digest = digest_of(DNS_SAMPLE)
    entry = Ledger.of(stack.config).find("dns", digest)
    assert entry is not None
    for word in (digest[:12], f"hdfs:{entry.path}"):
        told = json.loads(stack.spot("peek", word, "--frame", "17", "--json"))
        assert [frame["number"] for frame in told["frames"]] == [17]
