"""The clients and the warehouse against the real services."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from spot_common.clients.hdfs import Hdfs
from spot_common.clients.kafka import consumer, ensure_topic, lag, probe, producer
from spot_common.clients.sql import Sql
from spot_common.config.load import Setting
from spot_common.config.shell import Piece
from spot_common.errors import DataError, NotFoundError, ServiceError
from spot_common.schema.types import oa_table, raw_table
from spot_common.warehouse import Warehouse, to_parquet

pytestmark = pytest.mark.service

HOSTILE = [
    "it's",
    'say "hi"',
    "back\\slash",
    "\\' OR 1=1 --",
    "' OR '1'='1",
    "tab\tnew\nline\rreturn",
    "%' ; DROP TABLE x; --",
    "ünïcödé 漢字 🐍",
    "?",
    "0\0001",
    "${hivevar:x}",
    "nul\0byte",
    "",
]

RAW = raw_table(
    "trial", "y SMALLINT y\nm TINYINT m\nd TINYINT d\nh TINYINT h", "what STRING it\nn BIGINT n"
)
DAY = oa_table("trial", "scores", "suspicious", "what STRING it\nn INT n")


def rows(*pairs: tuple[str, int]) -> pa.Table:
    return pa.table({"what": [p[0] for p in pairs], "n": [p[1] for p in pairs]})


@pytest.fixture(scope="module")
def hdfs(stack):
    made = Hdfs(stack.config)
    yield made
    made.delete("/user/spot/trial", recursive=True)


@pytest.fixture(scope="module")
def warehouse(stack, hdfs):
    with Sql(stack.config) as sql:
        made = Warehouse(stack.config, hdfs, sql)
        for table in (RAW, DAY):
            sql.execute(table.create_sql("spot", "/user/spot"))
        yield made
        for table in (RAW, DAY):
            sql.execute(f"DROP TABLE `spot`.`{table.name}`")


def test_files_are_written_read_renamed_and_deleted(hdfs, tmp_path):
    base = "/user/spot/trial/files"
    hdfs.write_bytes(f"{base}/a", b"one")
    hdfs.write_bytes(f"{base}/a", b"two")
    assert hdfs.read_bytes(f"{base}/a") == b"two"
    local = tmp_path / "local"
    local.write_bytes(b"x" * 3_000_000)
    assert hdfs.upload(f"{base}/b", local)
    assert not hdfs.upload(f"{base}/b", local)
    hdfs.download(f"{base}/b", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == local.read_bytes()
    assert [(e.name, e.size) for e in hdfs.list(base)] == [("a", 3), ("b", 3_000_000)]
    assert not hdfs.rename(f"{base}/a", f"{base}/b")
    assert hdfs.rename(f"{base}/a", f"{base}/sub/c")
    assert hdfs.delete(f"{base}/sub", recursive=True)
    assert not hdfs.delete(f"{base}/sub", recursive=True)


@pytest.mark.parametrize("name", ["; touch x", "$(id)", "a b", "ü", "100%", "a#b?c", "-rf"])
def test_odd_file_names_stay_what_they_are(hdfs, name):
    path = f"/user/spot/trial/odd/{name}"
    hdfs.write_bytes(path, name.encode())
    assert hdfs.read_bytes(path) == name.encode()
    assert hdfs.delete(path)


def test_what_is_missing_is_named(hdfs):
    with pytest.raises(NotFoundError, match="/user/spot/trial/none"):
        hdfs.read_bytes("/user/spot/trial/none")
    with pytest.raises(NotFoundError):
        hdfs.rename("/user/spot/trial/none", "/user/spot/trial/other")
    assert hdfs.list("/user/spot/trial/none") == []


def test_a_service_that_is_away_is_named(stack):
    def elsewhere(**settings):
        changed = {k: Setting((Piece(v),), "flag") for k, v in settings.items()}
        return replace(stack.config, settings={**stack.config.settings, **changed})

    with pytest.raises(ServiceError, match="HDFS does not answer"):
        Hdfs(elsewhere(WEB_PORT="1")).exists("/")
    with pytest.raises(ServiceError, match="SQL server does not answer"):
        Sql(elsewhere(HS2_PORT="1")).query("SELECT 1")


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_goes_through_sql_unchanged(warehouse, text):
    assert warehouse.sql.query("SELECT ? AS a, ? AS b", [text, 7]) == [{"a": text, "b": 7}]


def test_a_refused_statement_says_why(warehouse):
    with pytest.raises(DataError, match="refuses"):
        warehouse.sql.query("SELECT nothing_like_this FROM `spot`.`trial`")


def test_staged_files_are_adopted_once_and_seen_at_once(warehouse):
    values = {"y": 2016, "m": 7, "d": 8, "h": 3}

    def adopt(name, *content):
        staged = f"{warehouse.huser}/flow/stage/trial.parquet"
        warehouse.hdfs.write_bytes(staged, to_parquet(RAW, rows(*content)))
        try:
            return warehouse.adopt(RAW, values, staged, name)
        finally:
            warehouse.hdfs.delete(staged)

    assert not warehouse.holds(RAW, values, "hash1")
    assert adopt("hash1", ("a", 1), ("b", 2))
    assert warehouse.holds(RAW, values, "hash1")
    warehouse.ensure_partitions(RAW, [values])
    count = "SELECT count(*) AS c, sum(n) AS s FROM `spot`.`trial`"
    assert warehouse.sql.query(count) == [{"c": 2, "s": 3}]
    assert not adopt("hash1", ("a", 1), ("b", 2))
    assert adopt("hash2", ("c", 10))
    with pytest.raises(NotFoundError):
        warehouse.adopt(RAW, values, f"{warehouse.huser}/flow/stage/nothing", "hash3")
    assert warehouse.sql.query(count) == [{"c": 3, "s": 13}]
    assert warehouse.partitions(RAW) == [values]
    assert warehouse.read_partition(RAW, values, ["n"]).to_pydict() == {"n": [1, 2, 10]}


def test_a_day_is_replaced_and_read_back(warehouse):
    values = {"y": 2016, "m": 7, "d": 8}
    count = "SELECT count(*) AS c FROM `spot`.`trial_scores` WHERE y = 2016 AND m = 7 AND d = 8"
    for text in HOSTILE:
        warehouse.replace_partition(DAY, values, rows((text, 1), ("other", 2)))
        assert warehouse.read_partition(DAY, values).column("what").to_pylist() == [text, "other"]
        assert warehouse.sql.query(count) == [{"c": 2}]
    assert warehouse.read_partition(DAY, {**values, "d": 9}).num_rows == 0


def test_rows_that_do_not_fit_are_refused(warehouse):
    with pytest.raises(DataError, match="do not fit the table"):
        warehouse.replace_partition(DAY, {"y": 1, "m": 1, "d": 1}, pa.table({"what": ["a"]}))


def test_kafka_carries_a_message(stack):
    probe(stack.config)
    ensure_topic(stack.config, "trial", 2)
    ensure_topic(stack.config, "trial", 2)
    sender = producer(stack.config)
    sender.send("trial", "/user/spot/ü".encode()).get(timeout=20)
    sender.close()
    assert sum(lag(stack.config, "trial", "trial").values()) == 1
    reader = consumer(stack.config, "trial", "trial", consumer_timeout_ms=20_000)
    message = next(iter(reader))
    reader.commit()
    reader.close()
    assert message.value.decode() == "/user/spot/ü"
    assert lag(stack.config, "trial", "trial") == {0: 0, 1: 0}


def test_a_topic_gets_more_partitions_and_never_fewer(stack):
    ensure_topic(stack.config, "widened", 1)
    ensure_topic(stack.config, "widened", 3)
    ensure_topic(stack.config, "widened", 2)
    assert lag(stack.config, "nobody", "widened") == {0: 0, 1: 0, 2: 0}
