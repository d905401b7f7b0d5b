"""A source registers itself by being there: a fourth one is files, and no edit."""

from __future__ import annotations

import sys

import pytest

import spot_common.schema
from spot_common.errors import UsageError
from spot_common.registry import check_source, part, sources

TOY_SCHEMA = '''
"""A toy source."""
from spot_common.schema.types import SourceSchema, raw_table, summary_table

SCHEMA = SourceSchema(
    name="toy",
    title="Toy",
    raw=raw_table("toy", "y SMALLINT y\\nm TINYINT m\\nd TINYINT d\\nh TINYINT h", "x STRING x"),
    oa=(summary_table("toy"),),
    position=9,
)
'''


@pytest.fixture
def toy(tmp_path, monkeypatch):
    (tmp_path / "toy.py").write_text(TOY_SCHEMA)
    monkeypatch.setattr(
        spot_common.schema, "__path__", [*spot_common.schema.__path__, str(tmp_path)]
    )
    yield
    sys.modules.pop("spot_common.schema.toy", None)
    spot_common.schema.__dict__.pop("toy", None)


def test_the_three_sources_in_their_order():
    assert list(sources()) == ["flow", "dns", "proxy"]


@pytest.mark.usefixtures("toy")
def test_a_toy_source_is_found():
    assert list(sources()) == ["flow", "dns", "proxy", "toy"]
    assert (
        check_source("toy").raw.create_sql("spot", "/user/spot").endswith("'/user/spot/toy/hive'")
    )


def test_each_part_has_its_module():
    for package in ("spot_ingest.sources", "spot_ml.words", "spot_oa.sources"):
        for source in sources():
            assert part(package, source).__name__ == f"{package}.{source}"


def test_an_unknown_source_names_the_nearest():
    with pytest.raises(UsageError) as caught:
        check_source("flwo")
    assert caught.value.hint == "did you mean flow?"


@pytest.mark.parametrize("name", ["", "components", "../flow", "types"])
def test_nothing_else_passes_as_a_source(name):
    with pytest.raises(UsageError):
        check_source(name)
