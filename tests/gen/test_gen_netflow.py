import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from gen_flow_events import (
    START,
    connections,
    exported,
    nfdump,
    only,
    same_in_batches,
    varied,
    world,
    written,
)

from spot_common.errors import ServiceError, UsageError
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.config.model import Export
from spot_gen.events import numbers
from spot_gen.send import Sent, Timer, resolve, send
from spot_gen.simulation import Batch
from spot_gen.writers.flow import FlowWriter
from spot_gen.writers.netflow import Datagrams, Packer, export_for
from spot_gen.writers.netflow_pcap import NetflowPcapWriter

LIMIT_S = 20
#: What a collector keeps of both versions: columns of nfdump's CSV up to the type of service back.
KEPT = slice(0, 19)


def packed(version: int, table: pa.Table, **export: object) -> Datagrams:
    config = world(Export(**export)).config
    settings = export_for(version, config.export)
    records = exported(table, style=settings.style)
    return Packer(version, config).datagrams(records)


def heads(datagrams: Datagrams, structure: list[tuple[str, str]]) -> np.ndarray:
    kind = np.dtype(structure)
    rows = [datagrams.payload.row(n)[: kind.itemsize] for n in range(len(datagrams.payload))]
    return np.frombuffer(b"".join(rows), kind)


HEAD_5 = [
    ("version", ">u2"), ("count", ">u2"), ("uptime", ">u4"), ("seconds", ">u4"),
    ("nanoseconds", ">u4"), ("sequence", ">u4"), ("engine", ">u2"), ("sampling", ">u2"),
]  # fmt: skip
HEAD_9 = [
    ("version", ">u2"), ("count", ">u2"), ("uptime", ">u4"), ("seconds", ">u4"),
    ("sequence", ">u4"), ("source", ">u4"), ("set", ">u2"), ("length", ">u2"),
]  # fmt: skip


def crowd(size: int = 200, **columns: object) -> pa.Table:
    """Connections that are exported within a second or two."""
    return connections(size, flags_up=1, **columns)


def tshark(path: Path, *fields: str) -> list[list[str]]:
    arguments = ["-d", "udp.port==2055,cflow", "-o", "udp.check_checksum:TRUE"]
    arguments += ["-o", "ip.check_checksum:TRUE", "-T", "fields"]
    arguments += [word for field in fields for word in ("-e", field)]
    call = ["tshark", "-n", "-r", str(path), *arguments]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_version_5_has_thirty_records_in_a_datagram_at_most():
    datagrams = packed(5, crowd())
    head = heads(datagrams, HEAD_5)
    assert set(head["version"]) == {5}
    assert head["count"].max() == 30
    assert head["count"].tolist() == datagrams.counts.tolist()
    assert datagrams.payload.lengths.tolist() == (24 + 48 * datagrams.counts).tolist()
    assert head["sequence"].tolist() == [0, *np.cumsum(datagrams.counts)[:-1].tolist()]
    assert datagrams.counts.sum() == datagrams.records.num_rows == 200


def test_version_5_leaves_out_what_it_cannot_say():
    table = crowd(3, src="fd00:20:0:10::1", dst="2001:db8::1")
    assert len(packed(5, table).payload) == 0
    huge = packed(5, crowd(1, packets_up=2**33, bytes_up=2**40)).records
    assert huge["packets"].to_pylist() == huge["bytes"].to_pylist() == [2**32 - 1]


@pytest.mark.parametrize(("sampling", "said"), [(1, 0), (100, 1 << 14 | 100), (20_000, 0)])
def test_version_5_says_how_packets_were_sampled(sampling, said):
    head = heads(packed(5, crowd(1), sampling=sampling), HEAD_5)
    assert set(head["sampling"].tolist()) == {said}


def test_version_9_sends_its_templates_first_and_every_minute():
    times = START + np.arange(150) * SECOND_US
    datagrams = packed(9, crowd(150, time_us=times, end_us=times))
    head = heads(datagrams, HEAD_9)
    templates = np.flatnonzero(head["set"] == 0)
    assert templates[0] == 0
    assert head["count"][templates].tolist() == [2] * len(templates)
    minutes = datagrams.time_us[templates] // MINUTE_US
    assert minutes.tolist() == sorted(set((datagrams.time_us // MINUTE_US).tolist()))
    assert head["sequence"].tolist() == list(range(len(head)))
    assert datagrams.counts.sum() == datagrams.records.num_rows == 150


def test_version_9_keeps_a_datagram_below_an_ethernet_frame():
    table = pa.concat_tables(
        [crowd(200), crowd(200, src="fd00:20:0:10::1", dst="2001:db8::1", sport=9)]
    )
    datagrams = packed(9, table)
    head = heads(datagrams, HEAD_9)
    assert set(head["set"].tolist()) == {0, 256, 257}
    assert datagrams.payload.lengths.max() <= 1400
    assert (datagrams.payload.lengths == head["length"] + 20).all()
    assert np.array_equal(head["length"] % 4, np.zeros(len(head)))


@pytest.mark.parametrize("version", [5, 9])
def test_a_datagram_is_sent_when_its_last_record_is_exported(version):
    datagrams = packed(version, varied(2000))
    received = numbers(datagrams.records, "received_us")
    filled = np.flatnonzero(datagrams.counts)
    last = np.cumsum(datagrams.counts)[filled] - 1
    assert np.array_equal(datagrams.time_us[filled], received[last])
    assert (np.diff(datagrams.time_us) >= 0).all()
    first = last - datagrams.counts[filled] + 1
    assert np.array_equal(received[first] // SECOND_US, received[last] // SECOND_US)


@pytest.mark.parametrize("version", [5, 9])
def test_numbers_go_on_from_call_to_call(version):
    config = world().config
    records = exported(varied(2000), style="uni")
    edge = START + 30 * MINUTE_US
    half = int(np.searchsorted(numbers(records, "received_us"), edge))
    whole = Packer(version, config).datagrams(records)
    packer = Packer(version, config)
    parts = [packer.datagrams(records.slice(0, half)), packer.datagrams(records.slice(half))]
    found = b"".join(part.payload.values.tobytes() for part in parts)
    assert found == whole.payload.values.tobytes()
    assert len(packer.datagrams(records.slice(0, 0)).payload) == 0


@pytest.mark.parametrize(("version", "nanoseconds"), [(5, False), (9, True)])
def test_tshark_understands_the_capture(tmp_path, version, nanoseconds):
    network = world(netflow_version=version, nanoseconds=nanoseconds)
    output = written(NetflowPcapWriter, tmp_path, network, varied(2000))
    (file,) = output.files
    assert file.file == "data/netflow_pcap/netflow_2024030400.pcap"
    rows = tshark(
        tmp_path / file.file, "cflow.version", "udp.checksum.status", "ip.checksum.status",
        "_ws.malformed", "ip.src", "ip.dst", "cflow.count",
    )  # fmt: skip
    assert {tuple(row[:6]) for row in rows} == {
        (str(version), "1", "1", "", "10.20.4.1", "10.20.1.90")
    }
    assert len(rows) == file.counts["datagrams"]
    templates = 2 * 60 if version == 9 else 0
    assert sum(int(row[6]) for row in rows) - file.counts["records"] in (templates, templates - 2)


@pytest.mark.parametrize("version", [5, 9])
def test_marks_count_the_records_in_the_capture(tmp_path, version):
    output = written(NetflowPcapWriter, tmp_path, world(netflow_version=version), varied(2000))
    (file,) = output.files
    columns = tshark(tmp_path / file.file, "cflow.srcport", "cflow.dstport", "cflow.protocol")
    ports = [
        pair
        for source, destination, protocol in columns
        if source
        for pair in zip(source.split(","), destination.split(","), protocol.split(","), strict=True)
    ]
    assert len(ports) == file.counts["records"]
    marked = output.marked().to_pylist()
    assert marked
    for mark in marked:
        key = (str(mark["sport"]), str(mark["dport"]), str(mark["proto"]))
        assert ports[mark["ordinal"] - 1] == key


@pytest.mark.parametrize("batch", [MINUTE_US, 25 * MINUTE_US])
def test_a_capture_does_not_depend_on_batches(tmp_path, batch):
    table = varied(1000, START - HOUR_US, 2 * HOUR_US)
    same_in_batches(NetflowPcapWriter, tmp_path, world(netflow_version=9), table, batch)


def batches(table: pa.Table, step: int = 10 * MINUTE_US) -> list[Batch]:
    found = only(table)
    edges = range(START, START + HOUR_US, step)
    return [
        Batch(START - HOUR_US, START, found.between(0, START), prior=True),
        *(Batch(edge, edge + step, found.between(edge, edge + step)) for edge in edges),
    ]


def waiting_bytes(port: int) -> int | None:
    """How much a socket on a port of this machine has not read yet; None where there is none."""
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        words = line.split()
        if int(words[1].partition(":")[2], 16) == port:
            return int(words[4].partition(":")[2], 16)
    return None


def until(condition) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def collector(folder: Path) -> Iterator[int]:
    """A real nfcapd on a port of the loopback; it has read everything when the block is left."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir()
    call = ["nfcapd", "-w", str(folder), "-p", str(port), "-b", "127.0.0.1", "-t", "3600"]
    running = subprocess.Popen(
        [*call, "-B", "4000000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: waiting_bytes(port) is not None)
        yield port
        until(lambda: waiting_bytes(port) == 0)
    finally:
        running.terminate()
        running.wait(LIMIT_S)


def lines(folder: Path) -> list[list[str]]:
    return sorted(line.split(",") for line in nfdump("-q", "-R", folder, "-o", "csv").splitlines())


@pytest.mark.parametrize(("version", "style"), [(5, "uni"), (9, "bi"), (9, "uni")])
def test_a_collector_receives_the_flows_that_the_files_have(tmp_path, version, style):
    network = world(Export(style=style))
    table = varied(1500)
    counters = [name for name in table.schema.names if name.startswith(("packets", "bytes"))]
    for name in counters:  # version 5 has 32 bits
        small = pa.array(numbers(table, name) % 1_000_000_000)
        table = table.set_column(table.schema.get_field_index(name), name, small)
    written(FlowWriter, tmp_path, network, table)
    with collector(tmp_path / "received") as port:
        sent = send(network, batches(table), f"127.0.0.1:{port}", speed=3000, version=version)
    expected = [line[KEPT] for line in lines(tmp_path / "data/flow")]
    if version == 5:
        expected = [line for line in expected if ":" not in line[3]]
    assert [line[KEPT] for line in lines(tmp_path / "received")] == expected
    assert sent.records == len(expected)
    assert not sent.interrupted


class FakeTimer:
    """A time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 100.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def timer(self) -> Timer:
        return Timer(self.now, self.sleep)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        yield receiver


def target(listener: socket.socket) -> str:
    return f"127.0.0.1:{listener.getsockname()[1]}"


def test_sending_takes_the_time_of_the_data_divided_by_the_speed(listener):
    times = START + np.array([0, 600, 1200]) * SECOND_US
    table = crowd(3, time_us=times, end_us=times)
    fake, reports = FakeTimer(), []
    sent = send(
        world(), batches(table), target(listener), speed=100, progress=reports.append,
        timer=fake.timer(),
    )  # fmt: skip
    data = (sent.last_us - sent.first_us) / SECOND_US
    assert abs(data - 1200) < 2
    assert sent.seconds == pytest.approx(data / 100)
    assert sum(fake.slept) == pytest.approx(sent.seconds)
    assert max(fake.slept) <= 0.5
    assert (sent.datagrams, sent.records) == (3, 3)
    assert sent.octets == 3 * 72
    assert len(reports) > 20


def test_flows_reported_before_the_span_are_not_sent(listener):
    times = START + np.array([-300, 60]) * SECOND_US
    sent = send(
        world(), batches(crowd(2, time_us=times, end_us=times)), target(listener), speed=1e6,
        timer=FakeTimer().timer(),
    )  # fmt: skip
    assert sent.records == 1


def test_an_interrupt_ends_with_a_summary(listener):
    times = START + np.array([0, 1000]) * SECOND_US

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    sent = send(
        world(), batches(crowd(2, time_us=times, end_us=times)), target(listener),
        timer=Timer(time.monotonic, interrupted),
    )  # fmt: skip
    assert sent.interrupted
    assert (sent.datagrams, sent.records) == (1, 1)


def test_nothing_to_send_is_nothing_sent(listener):
    sent = send(world(), batches(connections(0)), target(listener), timer=FakeTimer().timer())
    assert (sent.datagrams, sent.seconds) == (0, 0)


def test_a_target_where_nobody_listens_is_an_error(listener):
    free = target(listener)
    listener.close()
    times = START + np.arange(500) * SECOND_US
    table = crowd(500, time_us=times, end_us=times)
    with pytest.raises(ServiceError, match="nobody listens at 127") as caught:
        send(world(), batches(table), free, speed=1e6)
    assert "start the collector" in caught.value.hint


@pytest.mark.parametrize("remote", ["192.0.2.1:2055", "[2001:db8::1]:2055", "10.20.1.90:9995"])
def test_a_target_elsewhere_is_refused_unless_allowed(remote):
    with pytest.raises(UsageError, match="not on this machine") as caught:
        resolve(remote, allow_remote=False)
    assert "--allow-remote" in caught.value.hint
    assert resolve(remote, allow_remote=True)[1][1] in (2055, 9995)


def test_a_name_is_refused_when_one_of_its_addresses_is_elsewhere(monkeypatch):
    answers = [
        (socket.AF_INET, socket.SOCK_DGRAM, 17, "", (host, 2055))
        for host in ("127.0.0.1", "192.0.2.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(UsageError, match=r"192\.0\.2\.1"):
        resolve("both.example:2055", allow_remote=False)


@pytest.mark.parametrize(
    "local", ["127.0.0.1:2055", "127.9.9.9:2055", "[::1]:2055", "[::ffff:127.0.0.1]:2055"]
)
def test_loopback_targets_are_accepted(local):
    assert resolve(local, allow_remote=False)[1][1] == 2055


@pytest.mark.parametrize("wrong", ["", "localhost", "localhost:", ":2055", "a:b", "::1:2055"])
def test_a_wrong_target_is_refused(wrong):
    with pytest.raises(UsageError, match="is no target"):
        resolve(wrong, allow_remote=False)


@pytest.mark.parametrize("port", [0, 65_536, 99_999])
def test_a_port_that_does_not_exist_is_refused(port):
    with pytest.raises(UsageError, match="is no target"):
        resolve(f"127.0.0.1:{port}", allow_remote=False)


def test_a_name_without_an_address_is_an_error():
    with pytest.raises(ServiceError, match="has no address"):
        resolve("nowhere.invalid:2055", allow_remote=False)


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_a_speed_that_makes_no_sense_is_refused(speed):
    with pytest.raises(UsageError, match="speed is"):
        send(world(), [], "127.0.0.1:2055", speed=speed)


def test_another_version_is_refused():
    with pytest.raises(UsageError, match="version 10"):
        send(world(), [], "127.0.0.1:2055", version=10)


def test_the_summary_begins_with_nothing():
    assert Sent() == Sent(0, 0, 0, 0.0, 0, 0, False)
