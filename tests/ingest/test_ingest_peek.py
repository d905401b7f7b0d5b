"""``spot peek``: what people and scripts see of captures, flow records and logs."""

from __future__ import annotations

import asyncio
import base64
import bz2
import gzip
import json
import lzma
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner, Result
from flow_captures import Packet, pcap
from ingest_twins import DNS_SAMPLE, FLOW_SAMPLE, PROXY_SAMPLE, dns_message, labels
from nfcapd_files import Flow, layout_1

from spot_common import process
from spot_ingest.commands.peek import peek_command
from spot_ingest.peek import frames

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
    "bzip2": bz2.compress,
}


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a command puts down what it needs meanwhile."""
    monkeypatch.setenv("SPOT_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state" / "work"


def peek(*words: object) -> Result:
    return CliRunner().invoke(peek_command, [str(word) for word in words], catch_exceptions=False)


def report(*words: object) -> dict:
    done = peek(*words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def answers(folder: Path, *names: bytes) -> Path:
    """A capture of one answer a name, an Ethernet frame each."""
    path = folder / "answers.pcap"
    path.write_bytes(
        pcap([Packet(sport=53, dport=40_000, payload=dns_message(name)) for name in names])
    )
    return path


def values(frame: dict, field: str) -> list[str]:
    return [f["value"] for layer in frame["layers"] for f in layer["fields"] if f["name"] == field]


def nothing_left(work: Path) -> bool:
    """Neither files nor a program."""
    running = [child.name() for child in psutil.Process().children(recursive=True)]
    return list(work.iterdir()) == [] and not {"tshark", "dumpcap", "editcap"} & set(running)


# --- captures -----------------------------------------------------------------------------------


def test_the_first_frames_of_a_capture_are_shown(work: Path):
    shown = peek(DNS_SAMPLE)
    heads = [line for line in shown.stdout.splitlines() if not line.startswith(" ")]
    assert [head.partition(":")[0] for head in heads] == ["frame 1", "frame 2", "frame 3"]
    assert re.fullmatch(r"frame 1: Oct  6, 2016 13:5\d:\d\d\.\d{9} UTC, \d+ bytes", heads[0])
    assert "    Source Port: 53\n" in shown.stdout
    assert nothing_left(work)


def test_fields_stand_in_the_order_of_their_bytes_and_within_each_other(tmp_path: Path):
    shown = peek(answers(tmp_path, labels(b"www", b"example"))).stdout
    dns = shown.partition("  dns\n")[2].splitlines()
    want = [
        "    Transaction ID: 0x0007",
        "    Flags: 0x8180 Standard query response, No error",
        "      1... .... .... .... = Response: Message is a response",
    ]
    assert dns[:3] == want
    start = dns.index("    Answers")
    assert dns[start + 1 : start + 4] == [
        "      www.example: type A, class IN, addr 192.0.2.1",
        "        Name: www.example",
        "        Type: A (Host Address) (1)",
    ]


def test_the_report_for_scripts_has_this_shape(tmp_path: Path):
    told = report(answers(tmp_path, labels(b"a")), "--frame", 1)
    assert set(told) == {"file", "kind", "packing", "damage", "counted_from", "frames"}
    assert (told["file"], told["kind"], told["counted_from"]) == ("answers.pcap", "capture", 1)
    (frame,) = told["frames"]
    assert set(frame) == {"number", "time", "length", "captured", "layers"}
    assert [layer["name"] for layer in frame["layers"]] == ["frame", "eth", "ip", "udp", "dns"]
    (name,) = [f for f in frame["layers"][-1]["fields"] if f["name"] == "dns.qry.name"]
    assert name == {
        "name": "dns.qry.name",
        "text": "Name: a",
        "value": "a",
        "bytes": "016100",
        "depth": 2,
    }


@pytest.mark.parametrize("number", [1, 17, frames.CONTEXT + 1, frames.CONTEXT + 2, 17_493])
def test_a_frame_is_that_of_its_number(number: int):
    call = ["tshark", "-n", "-r", DNS_SAMPLE, "-Y", f"frame.number == {number}"]
    fields = ["-T", "fields", "-e", "frame.time_epoch", "-e", "dns.id"]
    done = subprocess.run([*call, *fields], capture_output=True, text=True, check=True)
    told = report(DNS_SAMPLE, "--frame", number)
    (frame,) = told["frames"]
    assert frame["number"] == number
    assert told["counted_from"] == max(1, number - frames.CONTEXT)
    seen = [*values(frame, "frame.time_epoch"), *values(frame, "dns.id")]
    assert seen == done.stdout.split()


def test_what_a_frame_far_from_the_start_has_of_those_before_it_is_known():
    told = report(DNS_SAMPLE, "--frame", 17_000)
    call = ["tshark", "-n", "-r", DNS_SAMPLE, "-Y", "frame.number == 17000"]
    fields = ["-T", "fields", "-e", "dns.response_to"]
    done = subprocess.run([*call, *fields], capture_output=True, text=True, check=True)
    (question,) = values(told["frames"][0], "dns.response_to")
    assert int(question) + told["counted_from"] - 1 == int(done.stdout)
    said = peek(DNS_SAMPLE, "--frame", 17_000).stderr
    assert said == "note: what fields call frame 1 is frame 16,000 of the capture\n"


def test_a_frame_that_is_cut_out_of_a_capture_has_nothing_added(tmp_path: Path):
    path = tmp_path / "many.pcap"
    path.write_bytes(pcap([Packet(second=n) for n in range(frames.CONTEXT + 5)], nano=True))
    first, far = (report(path, "--frame", n)["frames"][0] for n in (1, frames.CONTEXT + 4))
    names = [[f["name"] for f in frame["layers"][0]["fields"]] for frame in (first, far)]
    assert names[0] == names[1]
    assert far["time"].endswith(first["time"][-14:])


@pytest.mark.parametrize("kind", PACKERS)
def test_a_compressed_capture_is_shown_as_the_plain_one(tmp_path: Path, work: Path, kind: str):
    plain = answers(tmp_path, labels(b"a"), labels(b"b"))
    packed = tmp_path / "packed"
    packed.write_bytes(PACKERS[kind](plain.read_bytes()))
    told = report(packed, "--frame", 2)
    assert told["packing"] == kind
    assert told["frames"] == report(plain, "--frame", 2)["frames"]
    assert nothing_left(work)


def test_no_more_is_unpacked_than_the_first_frames_need(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SPOT_UNPACK_RATIO", "2")  # all of it would be beyond this limit
    path = tmp_path / "large.pcap.gz"
    large = answers(tmp_path, labels(b"a")).read_bytes() + bytes(100 << 20)
    path.write_bytes(gzip.compress(large, 1))
    assert len(report(path, "--frame", 1)["frames"]) == 1
    done = peek(path, "--frame", 1000)
    assert (done.exit_code, "UNPACK_RATIO" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    "name", [b"a\x1b[31mred\x07", b"n\nl\r\t\0", b"\xff\xfe\x80", "é\u202e\u200b\x85".encode()]
)
def test_nothing_in_a_packet_moves_the_terminal(tmp_path: Path, name: bytes):
    path = answers(tmp_path, labels(name, b"com"))
    lines = peek(path).stdout.split("\n")
    assert all(line.isprintable() for line in lines)
    (asked,) = [f for f in _fields(report(path)) if f["name"] == "dns.qry.name"]
    assert bytes.fromhex(asked["bytes"]) == labels(name, b"com") + b"\0"


def _fields(told: dict) -> list[dict]:
    return [f for frame in told["frames"] for layer in frame["layers"] for f in layer["fields"]]


def test_what_xml_cannot_hold_is_not_left_out():
    xml = (
        b'<packet><proto name="geninfo"><field name="num" show="1"/></proto><proto name="frame">'
        b'<field name="frame.len" show="1"/><field name="frame.cap_len" show="1"/></proto>'
        b'<proto name="x"><field name="x" showname="a\x1b\xff\x01b" pos="0" size="1"/></proto>'
        b"</packet>"
    )
    (field,) = frames._frame(xml, 0).layers[1].fields
    assert field.text == r"a\x1b\xff\x01b"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--frame", 3), "there is no frame 3: the capture has 2"),
        (("--frame", 30_000), "there is no frame 30,000: the capture has 2"),
    ],
)
def test_a_frame_beyond_the_end_tells_how_many_there_are(tmp_path: Path, words, said: str):
    done = peek(answers(tmp_path, labels(b"a"), labels(b"b")), *words)
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (3, f"error: {said}")


@pytest.mark.parametrize("number", [5_000, 11_473])
def test_a_capture_that_is_cut_short_shows_what_is_there(tmp_path: Path, number: int):
    path = tmp_path / "cut.pcapng"
    path.write_bytes(DNS_SAMPLE.read_bytes()[:5_000_000])
    told = report(path, "--frame", number, "--count", 1000)
    assert [f["number"] for f in told["frames"]] == list(range(number, min(number + 1000, 11_474)))
    assert ("cut short" in told["damage"]) == (number == 11_473)
    beyond = peek(path, "--frame", 12_000)
    assert beyond.exit_code == 3
    assert "no frame 12,000: the capture has 11,473\nhint: the file appears" in beyond.stderr


def test_a_capture_that_tshark_refuses_says_why(tmp_path: Path):
    path = answers(tmp_path, labels(b"a"))
    data = bytearray(path.read_bytes())
    data[23] = 3  # reserved
    path.write_bytes(data)
    done = peek(path)
    assert done.exit_code == 3
    assert "error: tshark cannot read the capture: the file " in done.stderr


def test_it_works_within_an_event_loop_and_leaves_no_tshark(work: Path):
    async def within() -> Result:
        return peek(DNS_SAMPLE, "--frame", 1)

    with ThreadPoolExecutor(1) as other:  # a browser's loop may run in this thread
        assert other.submit(asyncio.run, within()).result().exit_code == 0
    assert nothing_left(work)


def test_an_error_on_the_way_leaves_no_tshark(work: Path, monkeypatch):
    def broken(_xml: bytes) -> None:
        raise ValueError("on the way")

    monkeypatch.setattr(frames, "packet_from_xml_packet", broken)
    with pytest.raises(ValueError, match="on the way"):
        peek(DNS_SAMPLE)
    assert nothing_left(work)


@pytest.mark.parametrize(("frames_before", "status"), [(1, 0), (0, 5)])
def test_a_tshark_that_crashes_is_told(
    tmp_path: Path, monkeypatch, frames_before: int, status: int
):
    path = answers(tmp_path, labels(b"a"))
    call = ["tshark", "-n", "-r", path, "-T", "pdml"]
    xml = subprocess.run(call, capture_output=True, check=True).stdout
    (tmp_path / "xml").write_bytes(xml * frames_before)
    fake = tmp_path / "bin" / "tshark"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\ncat {tmp_path}/xml\nkill -SEGV $$\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    done = peek(path)
    assert (done.exit_code, "ended with status -11" in done.stderr) == (status, True)


@pytest.mark.parametrize(("file", "program"), [(DNS_SAMPLE, "tshark"), (FLOW_SAMPLE, "nfdump")])
def test_a_program_that_is_missing_is_named_with_its_package(monkeypatch, file, program: str):
    monkeypatch.setattr(process.shutil, "which", lambda name: None)
    done = peek(file)
    assert (done.exit_code, f"hint: install it: apt-get install {program}" in done.stderr) == (
        5,
        True,
    )


@pytest.mark.parametrize("name", ["-x.pcap", "$(touch y);.pcap", "two\nlines\x1b.pcap", "a,b.pcap"])
def test_any_file_name_will_do(tmp_path: Path, monkeypatch, name: str):
    monkeypatch.chdir(tmp_path)
    answers(tmp_path, labels(b"a")).rename(name)
    told = json.loads(peek("--json", "--", name).stdout)
    assert len(told["frames"]) == 1
    assert told["file"].isprintable()
    assert not Path("y").exists()


# --- flow records -------------------------------------------------------------------------------


def nfdump(field: str, number: int) -> str:
    """What nfdump prints for one field of one flow."""
    call = ["nfdump", "-q", "-N", "-r", FLOW_SAMPLE, "-c", str(number), "-o", f"fmt:%{field}"]
    return subprocess.run(call, capture_output=True, check=True, text=True).stdout.split()[-1]


@pytest.mark.parametrize("number", [1, 2, 3_018])
def test_a_flow_is_that_of_its_number(number: int):
    told = report(FLOW_SAMPLE, "--frame", number)
    assert set(told) == {"file", "kind", "packing", "damage", "records"}
    (record,) = told["records"]
    fields = {field["name"]: field["value"] for field in record["fields"]}
    assert record["number"] == number
    assert fields["src port"] == nfdump("sp", number)
    assert fields["in bytes"] == nfdump("byt", number)
    assert "[2023-01-25 18:3" in fields["received at"]


def test_the_first_flows_are_shown_by_name_and_value(tmp_path: Path):
    packed = tmp_path / "flows"
    packed.write_bytes(lzma.compress(FLOW_SAMPLE.read_bytes()))
    lines = peek(packed).stdout.splitlines()
    assert [line for line in lines if line[0] != " "] == ["record 1", "record 2", "record 3"]
    assert f"  src port       {nfdump('sp', 1)}" in lines


def test_a_flow_beyond_the_end_tells_how_many_there_are():
    done = peek(FLOW_SAMPLE, "--frame", 4_000)
    said = "error: there is no record 4,000: nfdump reads 3,018\n"
    assert (done.exit_code, done.stderr) == (3, said)


def test_of_a_damaged_file_is_shown_what_nfdump_reads(tmp_path: Path):
    path = tmp_path / "nfcapd.cut"
    flows = [Flow(sport=10_000 + n) for n in range(200)]
    path.write_bytes(layout_1(flows, per_block=100)[:-10])
    told = report(path, "--frame", 100)
    assert [record["number"] for record in told["records"]] == [100]
    assert told["damage"]
    assert peek(path).stderr == f"note: the file is not whole: {told['damage']}\n"
    path.write_bytes(FLOW_SAMPLE.read_bytes()[:300])
    done = peek(path)
    assert (done.exit_code, "nfdump can read no flow of it" in done.stderr) == (3, True)


# --- lines --------------------------------------------------------------------------------------


def test_the_first_lines_of_a_log_are_shown():
    lines = peek(PROXY_SAMPLE).stdout.splitlines()
    assert len(lines) == 10
    assert lines[0] == "        1  #Software: SGOS 3.2.4.28"


@pytest.mark.parametrize("kind", PACKERS)
def test_a_line_is_shown_with_two_on_each_side(tmp_path: Path, kind: str):
    packed = tmp_path / "packed"
    packed.write_bytes(PACKERS[kind](PROXY_SAMPLE.read_bytes()))
    lines = peek(packed, "--line", 7).stdout.splitlines()
    assert [line[:9] for line in lines] == [f"{'>' if n == 7 else ' '}{n:8}" for n in range(5, 10)]
    numbers = [line["number"] for line in report(packed, "--line", 1)["lines"]]
    assert numbers == [1, 2, 3]
    numbers = [line["number"] for line in report(packed, "--line", 7, "--count", 2)["lines"]]
    assert numbers == [7, 8]


def test_lines_are_shown_as_the_table_would_have_them(tmp_path: Path):
    data = b"GET /\x1b]0;title\x07\xff\\xff \xe2\x80\xae\0\r\n" + b"ordinary text\n" * 50
    path = tmp_path / "odd.log"
    path.write_bytes(data)
    (first, *_) = peek(path).stdout.split("\n")
    assert first == r"        1  GET /\x1b]0;title\x07\xff\x5cxff \u202e\x00"
    told = report(path, "--count", 1)["lines"][0]
    assert base64.b64decode(told["bytes"]) == data.partition(b"\r\n")[0]
    assert set(told) == {"number", "text", "bytes", "cut"}


def test_long_lines_are_shown_as_far_as_people_read(tmp_path: Path):
    path = tmp_path / "long.log"
    path.write_bytes(b"x" * 5_000 + b"\n" + b"y" * (2 << 20) + b"\nend")
    one, two, three = peek(path).stdout.splitlines()
    assert one.endswith("x ... and 3,000 characters more")
    assert two.endswith(" ... and at least 63,536 characters more")
    assert three == "        3  end"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--line", 34), 3, "error: there is no line 34: the file has 33"),
        (("--line", 35), 3, "error: there is no line 35: the file has 33"),
        (("--frame", 2), 2, "error: sampleBluecoat.log is text\nhint: --line 2 shows a line of it"),
        (("--frame", 2, "--line", 2), 2, "error: a file has frames or lines"),
        (("--frame", 0), 2, "0 is not in the range"),
        (("--count", 1001), 2, "1001 is not in the range"),
    ],
)
def test_what_is_not_there_is_refused(words, status: int, said: str):
    done = peek(PROXY_SAMPLE, *words)
    assert done.exit_code == status
    assert said in done.stderr


# --- what is none of these ----------------------------------------------------------------------


def test_other_files_are_refused_but_can_be_shown_as_lines(tmp_path: Path, work: Path):
    path = tmp_path / "odd.bin"
    noise = random.Random(1).randbytes(50_000)
    for data in (noise, b"\x7fELF" + noise, b"\x89PNG\r\n\x1a\n" + noise):
        path.write_bytes(data)
        for number in (1, 5_000):
            done = peek(path, "--frame", number)
            said = "it is neither" in done.stderr or "there is no frame 5,000" in done.stderr
            assert (done.exit_code, said) == (3, True)
    assert peek(path).stderr.splitlines() == [
        "error: it is neither a capture, nor an nfcapd file, nor text",
        "hint: spot peek FILE --line 1 shows it as lines all the same",
    ]
    assert peek(path, "--line", 2).exit_code == 0
    assert nothing_left(work)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (gzip.compress(b"text", mtime=0)[:9], "the gzip data is cut short"),
        (bytes.fromhex("000a003c 5ba3b4c5 00000001 00000000 0002002c 00000000"), "a single IPFIX"),
    ],
)
def test_a_file_without_anything_to_show_says_why(tmp_path: Path, data: bytes, said: str):
    path = tmp_path / "file"
    path.write_bytes(data)
    done = peek(path)
    assert (done.exit_code, said in done.stderr) == (3, True), done.stderr


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch):
    path = answers(tmp_path, labels(b"a"))
    opened = Path.open

    def refused(self: Path, *words: Any, **options: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, *words, **options)

    monkeypatch.setattr(Path, "open", refused)
    done = peek(path)
    assert done.exit_code == 3
    assert "answers.pcap cannot be looked at: Permission denied" in done.stderr
