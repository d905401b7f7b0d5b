import csv
import io
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
    totals,
    varied,
    world,
    written,
)

from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.config.model import Export
from spot_gen.events import LOOKUPS, make, numbers
from spot_gen.network import World
from spot_gen.network.addresses import address, text
from spot_gen.writers import nfcapd
from spot_gen.writers.flow import FlowWriter
from spot_gen.writers.flow_csv import FlowCsvWriter

_FIELDS = {
    "ipkt": "packets", "ibyt": "bytes", "opkt": "out_packets", "obyt": "out_bytes",
    "in": "input", "out": "output", "sas": "src_as", "das": "dst_as", "stos": "tos",
    "sp": "sport", "dp": "dport", "smk": "src_mask", "dmk": "dst_mask",
}  # fmt: skip


@pytest.fixture(scope="module")
def network() -> World:
    return world()


def saved(folder: Path, records: pa.Table) -> Path:
    path = folder / "nfcapd.202403040000"
    path.write_bytes(nfcapd.encode(records, "rt1", START))
    return path


_FORM = "fmt:" + ",".join(
    f"%{tag}" for tag in ("tr", "ts", "te", "sa", "da", "flg", "pr", "ra", *_FIELDS)
)


def rows_of(path: Path) -> list[dict[str, str]]:
    names = ["tr", "ts", "te", "sa", "da", "flg", "pr", "ra", *_FIELDS]
    lines = nfdump("-q", "-N", "-6", "-r", path, "-o", _FORM).splitlines()
    return [dict(zip(names, (v.strip() for v in line.split(",")), strict=True)) for line in lines]


def seconds(text_of_time: str) -> int:
    moment = np.datetime64(text_of_time.replace(" ", "T"), "ms")
    return int(moment.astype(np.int64)) * 1000


def test_nfdump_reads_every_field_of_every_record(tmp_path):
    records = exported(varied(3000))
    rows = rows_of(saved(tmp_path, records))
    assert len(rows) == records.num_rows
    icmp = np.isin(numbers(records, "proto"), (1, 58))
    for tag, name in _FIELDS.items():
        given = [str(value) for value in records[name].to_pylist()]
        found = [row[tag] for row in rows]
        if name == "dport":
            given = [
                f"{int(port) >> 8}.{int(port) & 255}" if of_icmp else port
                for port, of_icmp in zip(given, icmp, strict=True)
            ]
        assert found == given, tag
    for tag, end in (("sa", "src"), ("da", "dst")):
        addresses = text(numbers(records, f"{end}_hi"), numbers(records, f"{end}_lo"))
        assert [row[tag] for row in rows] == addresses.to_pylist()
    for tag, name in (("tr", "received_us"), ("ts", "first_us"), ("te", "last_us")):
        assert [seconds(row[tag]) for row in rows] == records[name].to_pylist()
    assert {row["ra"] for row in rows} == {"10.20.4.1"}
    assert [int(row["pr"]) for row in rows] == records["proto"].to_pylist()


def test_the_flags_are_those_given(tmp_path):
    table = connections(256, flags_up=np.arange(256), order=np.arange(256))
    records = exported(table)
    found = [row["flg"] for row in rows_of(saved(tmp_path, records))]
    given = records["flags"].to_pylist()
    assert found == ["".join(_letter(flags, bit) for bit in range(8)) for flags in given]


def _letter(flags: int, bit: int) -> str:
    return "CEUAPRSF"[bit] if flags >> (7 - bit) & 1 else "."


@pytest.mark.parametrize(
    ("packets", "octets"), [(2**32 - 1, 2**32 - 1), (2**32, 2**40), (1, 2**32), (2**33, 2**33)]
)
def test_counters_are_wide_where_they_have_to_be(tmp_path, packets, octets):
    table = connections(packets_up=packets, bytes_up=octets, packets_down=2**35, bytes_down=2**45)
    (row,) = rows_of(saved(tmp_path, exported(table)))
    assert (int(row["ipkt"]), int(row["ibyt"])) == (packets, octets)
    assert (int(row["opkt"]), int(row["obyt"])) == (2**35, 2**45)


@pytest.mark.parametrize("size", [0, 1, 8000, 8001, 20_000])
def test_nfdump_finds_no_fault_and_counts_the_same(tmp_path, size):
    records = exported(varied(20_000)).slice(0, size)
    path = saved(tmp_path, records)
    check = nfdump("-v", path)
    blocks = -(-size // 8000)
    assert f"Blocks     : {blocks}\n" in check
    assert f"Records       : {size + blocks}\n" in check
    found = totals(nfdump("-r", path, "-I"))
    both = {
        name: int(numbers(records, name).sum() + numbers(records, f"out_{name}").sum())
        for name in ("bytes", "packets")
    }
    assert found["Flows"] == size
    assert (found["Bytes"], found["Packets"]) == (both["bytes"], both["packets"])


def test_the_statistics_are_those_that_nfdump_makes_of_the_records(tmp_path):
    path = saved(tmp_path, exported(varied(3000)))
    nfdump("-r", path, "-w", tmp_path / "copy")
    assert totals(nfdump("-r", path, "-I")) == totals(nfdump("-r", tmp_path / "copy", "-I"))


def test_blocks_are_below_a_mebibyte(tmp_path):
    table = connections(
        8001, src="fd00:20:0:10::1", dst="2001:db8::1", packets_up=2**33, bytes_up=2**40
    )
    data = nfcapd.encode(exported(table), "rt1", START)
    size = int.from_bytes(data[280:284], "little")
    assert 1_000_000 < size < 1 << 20


def test_every_window_of_the_span_has_its_file(tmp_path, network):
    table = connections(2, time_us=START + np.array([0, 20 * MINUTE_US]), end_us=START)
    table = table.set_column(1, "end_us", table["time_us"])
    output = written(FlowWriter, tmp_path, network, table)
    assert [file.file for file in output.files] == [
        f"data/flow/nfcapd.2024030400{minute:02d}" for minute in range(0, 60, 5)
    ]
    assert [file.counts["records"] for file in output.files] == [1, 0, 0, 0, 1] + [0] * 7
    assert (output.files[1].first_us, output.files[1].last_us) == (START + 5 * MINUTE_US,) * 2
    for file in output.files:
        found = totals(nfdump("-r", tmp_path / file.file, "-I"))
        assert found["Flows"] == file.counts["records"]
        assert found["Bytes"] == file.counts.get("bytes", 0)


def test_records_are_in_the_file_of_the_time_of_receipt(tmp_path, network):
    written(FlowWriter, tmp_path, network, varied(3000))
    for path in sorted((tmp_path / "data/flow").iterdir()):
        minute = int(path.name[-2:])
        begin = START + minute * MINUTE_US
        times = [seconds(row["tr"]) for row in rows_of(path)]
        assert times == sorted(times)
        assert begin <= times[0] <= times[-1] < begin + 5 * MINUTE_US


def test_what_began_before_the_span_is_reported_within_it_only(tmp_path, network):
    times = START + np.array([-400, -20, -10]) * SECOND_US
    table = connections(3, time_us=times, end_us=times, dport=[1, 2, 3])
    output = written(FlowWriter, tmp_path, network, table)
    assert sum(file.counts["records"] for file in output.files) == 1
    (row,) = rows_of(tmp_path / output.files[0].file)
    assert row["dp"] == "3"


def test_what_would_be_reported_after_the_span_is_not(tmp_path, network):
    times = START + HOUR_US - np.array([30, 5]) * SECOND_US
    output = written(FlowWriter, tmp_path, network, connections(2, time_us=times, end_us=times))
    assert [file.counts["records"] for file in output.files] == [0] * 11 + [1]


@pytest.mark.parametrize("kind", [FlowWriter, FlowCsvWriter])
@pytest.mark.parametrize("batch", [MINUTE_US, 7 * MINUTE_US, 25 * MINUTE_US])
def test_files_do_not_depend_on_batches(tmp_path, network, kind, batch):
    same_in_batches(kind, tmp_path, network, varied(2000, START - HOUR_US, 2 * HOUR_US), batch)


def test_files_do_not_depend_on_where_a_span_was_cut(tmp_path, network):
    found = only(varied(2000))
    whole = written(FlowWriter, tmp_path / "whole", network, found.connections)
    files = []
    for begin in range(START, START + HOUR_US, 20 * MINUTE_US):
        writer = FlowWriter(tmp_path / "parts", network)
        writer.prior(found.between(0, begin))
        end = begin + 20 * MINUTE_US
        writer.write(found.between(begin, end), begin, end)
        files += writer.close().files
    assert files == whole.files


def test_a_span_may_begin_within_a_window(tmp_path, network):
    begin = START + 2 * MINUTE_US
    writer = FlowWriter(tmp_path, network)
    end = begin + 10 * MINUTE_US
    writer.write(only(varied(500, begin, 10 * MINUTE_US)), begin, end)
    files = writer.close().files
    assert [file.file[-4:] for file in files] == ["0000", "0005", "0010"]


@pytest.mark.parametrize("kind", [FlowWriter, FlowCsvWriter])
def test_marks_point_at_the_labelled_records(tmp_path, network, kind):
    output = written(kind, tmp_path, network, varied(2000))
    marked = output.marked().to_pylist()
    assert len({mark["marker"] for mark in marked}) == 2
    for file in output.files:
        lines = _listing(tmp_path / file.file)
        for mark in (mark for mark in marked if mark["file"] == file.file):
            row = lines[mark["ordinal"] - 1]
            assert (row["sa"], row["da"]) == (mark["src"], mark["dst"])
            assert (int(row["sp"]), int(row["dp"])) == (mark["sport"], mark["dport"])
            assert row["tr"][:19] == str(np.datetime64(mark["received_us"], "us"))[:19].replace(
                "T", " "
            )
            length = mark["end_ms"] - mark["time_us"] // 1000
            assert row["td"] == f"{length // 1000}.{length % 1000:03d}"
            assert mark["stage"] == 3


def _listing(path: Path) -> list[dict[str, str]]:
    text = path.read_text() if path.suffix == ".csv" else nfdump("-r", path, "-o", "csv")
    return list(csv.DictReader(io.StringIO(text)))


def test_look_ups_have_their_flows(tmp_path, network):
    client, server = address("10.20.10.5"), address("10.20.1.10")
    lookups = make(
        LOOKUPS,
        1,
        {
            "time_us": START, "rtt_us": 20_000, "sport": 40_000, "proto": 17, "edns": True,
            "client_hi": client[0], "client_lo": client[1], "server_hi": server[0],
            "server_lo": server[1], "qname": "www.corp.example", "qtype": 1, "label": 5,
        },
    )  # fmt: skip
    writer = FlowWriter(tmp_path, network)
    writer.write(only(connections(0), lookups), START, START + 5 * MINUTE_US)
    output = writer.close()
    (row,) = rows_of(tmp_path / output.files[0].file)
    assert (row["sa"], row["da"], row["sp"], row["dp"], row["pr"]) == (
        "10.20.10.5", "10.20.1.10", "40000", "53", "17",
    )  # fmt: skip
    assert (row["ipkt"], row["opkt"]) == ("1", "1")
    assert output.marked()["marker"].to_pylist() == [5]


@pytest.mark.parametrize("style", ["bi", "uni"])
def test_the_long_listing_is_what_nfdump_prints(tmp_path, style):
    network = world(Export(style=style))
    table = varied(3000)
    written(FlowWriter, tmp_path, network, table)
    output = written(FlowCsvWriter, tmp_path, network, table)
    expected = nfdump("-R", tmp_path / "data/flow", "-o", "csv")
    path = tmp_path / "data/flow_csv/flow48_2024030400.csv"
    assert path.read_text() == expected
    assert {file.counts["records"] for file in output.files} == {expected.count("\n") - 4}


def test_the_long_listing_names_every_protocol_as_nfdump_does(tmp_path, network):
    table = connections(256, proto=np.arange(256))
    written(FlowWriter, tmp_path, network, table)
    written(FlowCsvWriter, tmp_path, network, table)
    expected = nfdump("-r", tmp_path / "data/flow/nfcapd.202403040000", "-o", "csv")
    assert (tmp_path / "data/flow_csv/flow48_2024030400.csv").read_text() == expected


def test_an_empty_listing_is_what_nfdump_prints(tmp_path, network):
    written(FlowWriter, tmp_path, network, connections(0))
    written(FlowCsvWriter, tmp_path, network, connections(0))
    expected = nfdump("-r", tmp_path / "data/flow/nfcapd.202403040000", "-o", "csv")
    assert (tmp_path / "data/flow_csv/flow48_2024030400.csv").read_text() == expected


def test_the_short_listing_has_the_27_columns_of_the_product(tmp_path, network):
    table = connections(
        time_us=START + 61_000_000, end_us=START + 63_500_000, flags_up=0x1B, flags_down=0xC0,
        tos=8, packets_up=3, bytes_up=120, packets_down=2, bytes_down=99,
    )  # fmt: skip
    written(FlowCsvWriter, tmp_path, network, table)
    lines = (tmp_path / "data/flow_csv/flow27_2024030400.csv").read_text().splitlines()
    header = (
        "tr,try,trm,trd,trh,trm,trs,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,"
        "das,dtos,dir,ra"
    )
    assert lines[0] == header
    row = dict(zip(header.split(","), lines[1].split(","), strict=True))
    assert row["tr"] in {"2024-03-04 00:01:04", "2024-03-04 00:01:05"}
    assert lines[1].split(",")[1:7] == ["2024", "3", "4", "0", "1", row["tr"][-2:].lstrip("0")]
    assert (row["td"], row["pr"], row["flg"], row["stos"]) == ("2.500", "TCP", ".AP.SF", "8")
    assert (row["sa"], row["sp"], row["da"], row["dp"]) == (
        "10.20.10.5", "50000", "198.18.7.70", "443",
    )  # fmt: skip
    assert [row[name] for name in ("ipkt", "ibyt", "opkt", "obyt")] == ["3", "120", "2", "99"]
    assert (row["in"], row["out"], row["ra"]) == ("2", "1", "10.20.4.1")
    assert lines[2:4] == ["Summary", "flows,bytes,packets,avg_bps,avg_pps,avg_bpp"]
    assert lines[4] == "1,219,5,700,2,43"


def test_shorter_rotations_have_names_of_their_own(tmp_path, network):
    writer = FlowCsvWriter(tmp_path, network, 5 * MINUTE_US)
    writer.write(only(varied(100, START, 10 * MINUTE_US)), START, START + 10 * MINUTE_US)
    assert [Path(file.file).name for file in writer.close().files] == [
        f"{name}_20240304{when}.csv" for when in ("0000", "0005") for name in ("flow27", "flow48")
    ]


def test_the_same_seed_gives_the_same_bytes(tmp_path, network):
    one = written(FlowWriter, tmp_path / "one", network, varied(500))
    two = written(FlowWriter, tmp_path / "two", network, varied(500))
    assert [f.sha256 for f in one.files] == [f.sha256 for f in two.files]
