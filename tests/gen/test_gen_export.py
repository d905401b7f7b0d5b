import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from gen_flow_events import (
    ACK,
    ALL_OF_TIME,
    FIN,
    INSIDE,
    OUTSIDE,
    RST,
    START,
    SYN,
    connections,
    exported,
    varied,
    world,
)

from spot_gen import events
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.config.model import Export
from spot_gen.events import numbers
from spot_gen.export import RECORDS, Exporter
from spot_gen.network.addresses import text

BOTH = {"packets_up": 10, "bytes_up": 1000, "packets_down": 8, "bytes_down": 9000}


def one(table: pa.Table) -> dict:
    (row,) = table.to_pylist()
    return row


def ends(table: pa.Table) -> list[tuple[str, str, int, int]]:
    names = [text(numbers(table, f"{e}_hi"), numbers(table, f"{e}_lo")) for e in ("src", "dst")]
    ports = [table.column(name).to_pylist() for name in ("sport", "dport")]
    return list(zip(*(name.to_pylist() for name in names), *ports, strict=True))


def test_a_short_connection_is_one_record_with_both_counters():
    end = START + 2_345_678
    row = one(exported(connections(end_us=end, tos=8, label=4, stage=2, **BOTH)))
    assert (row["packets"], row["bytes"], row["out_packets"], row["out_bytes"]) == (
        10, 1000, 8, 9000,
    )  # fmt: skip
    assert row["first_us"] == START
    assert row["last_us"] == end // 1000 * 1000
    assert (row["tos"], row["label"], row["stage"]) == (8, 4, 2)


@pytest.mark.parametrize("flags", [FIN | ACK | SYN, RST | ACK])
def test_a_closed_connection_is_exported_at_once(flags):
    row = one(exported(connections(flags_up=SYN | ACK, flags_down=flags, **BOTH)))
    assert SECOND_US < row["received_us"] - row["last_us"] < 2 * SECOND_US


@pytest.mark.parametrize("inactive", [15, 60])
def test_a_silent_connection_is_exported_after_the_inactive_timeout(inactive):
    row = one(exported(connections(flags_up=SYN, **BOTH), inactive_s=inactive))
    waited = row["received_us"] - row["last_us"] - inactive * SECOND_US
    assert 0 < waited < SECOND_US


def test_a_datagram_with_the_bits_of_fin_is_not_a_closed_connection():
    row = one(exported(connections(proto=17, flags_up=FIN, **BOTH)))
    assert row["received_us"] - row["last_us"] > 15 * SECOND_US


def test_a_long_connection_is_cut_at_the_active_timeout():
    flags = {"flags_up": SYN | ACK | FIN, "flags_down": SYN | ACK}
    table = connections(end_us=START + 1000 * SECOND_US, **flags, **(BOTH | {"packets_up": 101}))
    rows = exported(table).to_pylist()
    assert len(rows) == 4
    assert [row["first_us"] - START for row in rows] == [
        0, 300 * SECOND_US, 600 * SECOND_US, 900 * SECOND_US,
    ]  # fmt: skip
    assert [row["packets"] for row in rows] == [30, 30, 30, 11]
    assert [row["flags"] for row in rows] == [SYN | ACK, ACK, ACK, ACK | FIN]
    assert rows[-1]["last_us"] == START + 1000 * SECOND_US
    waits = [row["received_us"] - row["last_us"] for row in rows]
    assert all(SECOND_US < wait < 2 * SECOND_US for wait in waits)


def test_few_packets_over_a_long_time_make_no_empty_records():
    table = connections(end_us=START + 10 * HOUR_US, packets_up=3, bytes_up=100)
    rows = exported(table).to_pylist()
    assert [row["packets"] for row in rows] == [1, 1, 1]
    assert sum(row["bytes"] for row in rows) == 100
    assert [row["first_us"] - START for row in rows] == [0, 5 * HOUR_US, 10 * HOUR_US]


@pytest.mark.parametrize("style", ["bi", "uni"])
@pytest.mark.parametrize("active", [300, 7])
def test_the_records_of_a_connection_amount_to_it(style, active):
    table = varied(2000)
    records = exported(table, style=style, active_s=active)
    length = numbers(records, "last_us") - numbers(records, "first_us")
    assert length.min() >= 0
    assert length.max() <= active * SECOND_US
    counted = numbers(records, "packets") + numbers(records, "out_packets")
    assert counted.min() >= 1
    sums = records.group_by("order").aggregate(
        [(name, "sum") for name in ("packets", "bytes", "out_packets", "out_bytes")]
        + [("first_us", "min"), ("last_us", "max"), ("label", "min"), ("label", "max")]
    )
    joined = table.join(sums, "order")
    assert joined.num_rows == table.num_rows
    for name in ("packets", "bytes"):
        given = numbers(joined, f"{name}_up") + numbers(joined, f"{name}_down")
        found = numbers(joined, f"{name}_sum") + numbers(joined, f"out_{name}_sum")
        assert np.array_equal(given, found)
    assert pc.all(pc.equal(joined["label"], joined["label_min"])).as_py()
    assert pc.all(pc.equal(joined["label"], joined["label_max"])).as_py()
    assert np.array_equal(
        numbers(joined, "first_us_min"), numbers(joined, "time_us") // 1000 * 1000
    )


def test_the_flags_of_the_records_together_are_those_of_the_connection():
    table = varied(2000)
    records = exported(table)
    seen: dict[int, int] = {}
    for order, flags in zip(
        records["order"].to_pylist(), records["flags"].to_pylist(), strict=True
    ):
        seen[order] = seen.get(order, 0) | flags
    given = numbers(table, "flags_up") | numbers(table, "flags_down")
    assert [seen[order] for order in table["order"].to_pylist()] == given.tolist()


def test_style_uni_gives_a_record_per_direction():
    flags = {"flags_up": SYN | ACK, "flags_down": RST}
    records = exported(connections(label=2, **flags, **BOTH), style="uni")
    assert sorted(ends(records)) == [
        (INSIDE, OUTSIDE, 50_000, 443),
        (OUTSIDE, INSIDE, 443, 50_000),
    ]
    rows = {row["packets"]: row for row in records.to_pylist()}
    assert (rows[10]["bytes"], rows[8]["bytes"]) == (1000, 9000)
    assert (rows[10]["flags"], rows[8]["flags"]) == (SYN | ACK, RST)
    assert {row["out_packets"] for row in rows.values()} == {0}
    assert {row["label"] for row in rows.values()} == {2}
    assert (rows[10]["input"], rows[10]["output"]) == (rows[8]["output"], rows[8]["input"])
    assert (rows[10]["src_as"], rows[10]["dst_as"]) == (rows[8]["dst_as"], rows[8]["src_as"])


def test_style_uni_has_no_record_of_an_answer_that_did_not_come():
    assert ends(exported(connections(packets_up=3), style="uni")) == [
        (INSIDE, OUTSIDE, 50_000, 443)
    ]


@pytest.mark.parametrize(
    ("proto", "asked", "answered"),
    [(1, 8 << 8, 0), (1, 13 << 8, 14 << 8), (58, 128 << 8, 129 << 8)],
)
def test_style_uni_gives_an_icmp_answer_its_own_type(proto, asked, answered):
    records = exported(connections(proto=proto, sport=0, dport=asked, **BOTH), style="uni")
    assert sorted(ends(records)) == [(INSIDE, OUTSIDE, 0, asked), (OUTSIDE, INSIDE, 0, answered)]


def test_style_uni_dates_question_and_answer_of_one_packet_each():
    table = connections(end_us=START + 40_000, proto=17, packets_down=1, bytes_down=90)
    rows = exported(table, style="uni").to_pylist()
    times = sorted((row["first_us"] - START, row["last_us"] - START) for row in rows)
    assert times == [(0, 0), (40_000, 40_000)]


def test_sampling_sees_one_packet_in_so_many():
    table = connections(20_000, packets_up=7, bytes_up=700, packets_down=1000, bytes_down=50_000)
    records = exported(table, sampling=10)
    assert abs(numbers(records, "packets").mean() - 0.7) < 0.02
    assert set(numbers(records, "packets").tolist()) == {0, 1}
    assert set(numbers(records, "out_packets").tolist()) == {100}
    assert np.array_equal(numbers(records, "bytes"), numbers(records, "packets") * 100)


def test_connections_of_which_no_packet_is_sampled_leave_no_record():
    table = connections(20_000, packets_up=1, flags_up=SYN)
    records = exported(table, sampling=100)
    assert abs(records.num_rows - 200) < 60
    assert set(records["packets"].to_pylist()) == {1}
    assert set(records["flags"].to_pylist()) == {SYN}
    assert exported(table, sampling=100).equals(records)


@pytest.mark.parametrize("style", ["bi", "uni"])
def test_records_do_not_depend_on_how_connections_were_batched(style):
    table = varied(3000)
    whole = exported(table, style=style, sampling=2)
    exporter = Exporter(Export(style=style, sampling=2), world())
    parts, minute = [], 7 * MINUTE_US
    for begin in range(START, START + 3 * HOUR_US, minute):
        times = numbers(table, "time_us")
        first, last = np.searchsorted(times, [begin, begin + minute])
        exporter.add(table.slice(first, last - first))
        parts.append(exporter.until(begin + minute))
        assert parts[-1].num_rows == 0 or pc.max(parts[-1]["received_us"]).as_py() < begin + minute
    parts.append(exporter.until(ALL_OF_TIME))
    assert pa.concat_tables(parts).combine_chunks().equals(whole)


def test_records_come_in_the_order_of_receipt():
    records = exported(varied(3000))
    received = numbers(records, "received_us")
    assert (np.diff(received) >= 0).all()
    assert (received > numbers(records, "last_us")).all()
    assert (received % 1000 == 0).all()


def test_the_router_knows_its_interfaces_masks_and_neighbours():
    out = one(exported(connections(packets_up=1)))
    assert (out["input"], out["output"]) == (2, 1)
    assert (out["src_as"], out["src_mask"]) == (0, 24)
    assert 64_512 <= out["dst_as"] < 65_535
    assert text(np.array([0], np.uint64), np.array([out["exporter"]], np.uint64))[0].as_py() == (
        "10.20.4.1"
    )
    assert out["next_hop"]
    within = one(exported(connections(dst="10.20.1.30")))
    assert (within["input"], within["output"], within["next_hop"]) == (2, 3, 0)
    six = one(exported(connections(src="fd00:20:0:1::10", dst="2001:db8::7")))
    assert (six["input"], six["output"], six["src_mask"], six["dst_mask"]) == (3, 1, 64, 32)


def test_nothing_gives_nothing():
    exporter = Exporter(Export(), world())
    exporter.add(events.CONNECTIONS.empty_table())
    assert exporter.until(ALL_OF_TIME).equals(RECORDS.empty_table())
