"""Tables have exactly the columns, types, folders and partitions of the original."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spot_common.registry import sources

EXPECTED = json.loads((Path(__file__).parents[1] / "data" / "tables.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_table_is_as_the_original_has_it(name: str):
    tables = {t.name: t for source in sources().values() for t in source.tables}
    table, expected = tables[name], EXPECTED[name]
    assert [[c.name, c.type.value] for c in table.columns] == expected["columns"]
    assert [[c.name, c.type.value] for c in table.partitions] == expected["partitions"]
    assert table.location("/user/spot") == f"/user/spot/{expected['folder']}"


def test_there_is_no_other_table():
    assert {t.name for source in sources().values() for t in source.tables} == set(EXPECTED)


def test_partition_folders_are_padded_only_for_raw_tables():
    flow = sources()["flow"]
    values = {"y": 2016, "m": 1, "d": 7, "h": 3}
    assert flow.raw.partition_path(values) == "y=2016/m=01/d=07/h=03"
    assert flow.table("flow_scores").partition_path(values) == "y=2016/m=1/d=7"


def test_the_folder_of_a_day_lies_above_its_hours():
    raw = sources()["flow"].raw
    assert raw.leading_path({"y": 2016, "m": 1, "d": 7}) == "y=2016/m=01/d=07"
    assert raw.leading_path({}) == ""
    with pytest.raises(KeyError):
        raw.partition_path({"y": 2016, "m": 1, "d": 7})


def test_the_statement_that_makes_a_table():
    text = sources()["proxy"].raw.create_sql("spot", "/user/spot")
    assert "CREATE EXTERNAL TABLE IF NOT EXISTS `spot`.`proxy`" in text
    assert "PARTITIONED BY (`y` STRING, `m` STRING, `d` STRING, `h` STRING)" in text
    assert text.endswith("LOCATION '/user/spot/proxy/hive'")


def test_every_column_of_a_raw_table_has_a_meaning():
    assert [
        f"{source.name}.{column.name}"
        for source in sources().values()
        for column in source.raw.columns
        if len(column.doc) < 4
    ] == []
