"""Stored models: saved whole or not at all, once for the same content, and read as they were."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import ml_days
import ml_models
import numpy as np
import pyarrow as pa
import pytest
from ml_disk import Disk

from spot_common.errors import DataError, NotFoundError, UsageError
from spot_ml.models import facts as facts_module
from spot_ml.models.facts import of_text, source_of
from spot_ml.models.shelf import Shelf
from spot_ml.models.stored import Learned, StoredModel

SOURCES = ("flow", "dns", "proxy")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A folder for models, not yet there."""
    return Shelf(Disk(), str(tmp_path / "models"))


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def same(one: Learned | None, other: Learned | None) -> bool:
    if one is None or other is None:
        return one is other
    texts = all(
        getattr(one.corpus, name).equals(getattr(other.corpus, name))
        for name in ("documents", "words")
    )
    numbers = all(
        np.array_equal(getattr(one.corpus, name), getattr(other.corpus, name))
        and getattr(one.corpus, name).dtype == getattr(other.corpus, name).dtype
        for name in ("document", "word", "count")
    )
    return texts and numbers and all(
        np.array_equal(getattr(one.counts, name), getattr(other.counts, name))
        for name in ("document", "word")
    )  # fmt: skip


def equal(one: StoredModel, other: StoredModel) -> bool:
    return (
        same(one.compatible, other.compatible)
        and same(one.surprise, other.surprise)
        and one.context == other.context
    )


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("surprise", [True, False])
def test_a_model_is_read_as_it_was_saved(shelf: Shelf, source: str, surprise: bool) -> None:
    model, facts = ml_models.made(source, surprise=surprise)
    identity = shelf.save(model, facts)
    assert identity.startswith(f"{source}-20040203-")
    assert source_of(identity) == source
    told, read = shelf.load(identity)
    assert equal(model, read)
    assert told == dataclasses.replace(facts, identity=identity, size=told.size)
    assert told.size > 0
    assert told.files == ml_models.FILES
    assert {"spot", "python", "numpy", "pyspark"} <= set(told.versions)


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_day_gives_the_same_bytes_and_one_model(shelf: Shelf, source: str) -> None:
    rows = ml_days.TABLES[source]()
    first = shelf.save(*ml_models.made(source, rows))
    before = content(Path(shelf.folder))
    again = rows.take(np.random.default_rng(5).permutation(rows.num_rows))
    model, facts = ml_models.made(source, again)
    moved = tuple(dataclasses.replace(file, modified="2005") for file in facts.files)
    later = dataclasses.replace(facts, created="2030-01-01T00:00:00+00:00", files=moved)
    assert shelf.save(model, later) == first
    assert content(Path(shelf.folder)) == before
    elsewhere = Shelf(shelf.storage, f"{shelf.folder}-other")
    assert elsewhere.save(model, later) == first
    tables = {name: data for name, data in before.items() if name != "model.json"}
    other = content(Path(elsewhere.folder))
    assert {name: data for name, data in other.items() if name != "model.json"} == tables


def test_other_rows_another_seed_or_another_file_are_another_model(shelf: Shelf) -> None:
    rows = ml_days.flow()
    model, facts = ml_models.made("flow", rows)
    seeded = dataclasses.replace(ml_models.FEW, seed=2)
    changed = dataclasses.replace(ml_models.FILES[0], checksum="MD5:2")
    found = {
        shelf.save(model, facts),
        shelf.save(*ml_models.made("flow", rows.slice(0, 200))),
        shelf.save(*ml_models.made("flow", rows, parameters=seeded)),
        shelf.save(model, dataclasses.replace(facts, files=(changed,))),
    }
    assert len(found) == 4


class _Failing(Disk):
    """A disk that fails when it is asked for the last file of a model."""

    def write_bytes(self, path: str, data: bytes) -> None:
        if path.endswith("model.json"):
            raise KeyboardInterrupt
        super().write_bytes(path, data)


def test_a_run_that_is_killed_leaves_no_half_model(shelf: Shelf) -> None:
    model, facts = ml_models.made("flow")
    with pytest.raises(KeyboardInterrupt):
        Shelf(_Failing(), shelf.folder).save(model, facts)
    assert content(Path(shelf.folder)) == {}
    killed = Path(shelf.folder) / f".flow-20040203-0123456789ab.new.{'a' * 32}"
    killed.mkdir()
    os.utime(killed, (1, 1))
    at_work = killed.with_name(f".flow-20040204-0123456789ab.new.{'b' * 32}")
    at_work.mkdir()
    identity = shelf.save(model, facts)
    shelf.prune(5, identity)
    assert sorted(path.name for path in Path(shelf.folder).iterdir()) == [at_work.name, identity]


def test_the_newest_models_are_kept_and_the_current_one_whatever_its_age(shelf: Shelf) -> None:
    model, facts = ml_models.made("dns")
    made = []
    for number in range(4):
        made.append(shelf.save(model, dataclasses.replace(facts, rows=number)))
        os.utime(Path(shelf.folder) / made[-1], (1000 + number, 1000 + number))
    shelf.prune(4, made[0])
    assert len(list(Path(shelf.folder).iterdir())) == 4
    shelf.prune(2, made[0])
    assert {path.name for path in Path(shelf.folder).iterdir()} == {made[0], made[3]}


NO_IDS = (
    "", "flow", "../flow-20040203-0123456789ab", "nope-20040203-000000000000",
    "flow-2004-000000000000", "flow-20040203-00000000000g", "flow-20040203-000000000000\n",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_IDS)
def test_a_text_that_is_no_id_is_refused(shelf: Shelf, text: str) -> None:
    with pytest.raises(UsageError):
        shelf.load(text)


def test_a_model_that_is_missing_or_damaged_is_an_error_that_says_so(shelf: Shelf) -> None:
    with pytest.raises(NotFoundError, match="there is no model flow-20040203-0123456789ab"):
        shelf.load("flow-20040203-0123456789ab")
    identity = shelf.save(*ml_models.made("flow"))
    table = Path(shelf.folder) / identity / "compatible-words.parquet"
    table.write_bytes(table.read_bytes()[:100])
    with pytest.raises(DataError, match=r"tables of the stored model .* cannot be read"):
        shelf.load(identity)


def test_facts_of_another_layout_are_refused() -> None:
    _, facts = ml_models.made("flow")
    assert of_text(facts.text(), "x") == facts
    older = dataclasses.replace(facts, layout=facts_module.LAYOUT + 1)
    with pytest.raises(DataError, match="another version"):
        of_text(older.text(), "x")
    with pytest.raises(DataError, match="cannot be read"):
        of_text('{"layout": 1}', "x")


def test_a_fit_can_start_from_the_words_of_a_model(shelf: Shelf) -> None:
    model, facts = ml_models.made("flow", surprise=False)
    identity = shelf.save(model, facts)
    words, topics = shelf.word_topics(identity, "compatible")
    assert words.equals(model.compatible.corpus.words)
    assert np.array_equal(topics, model.compatible.counts.word)
    with pytest.raises(NotFoundError, match="no fit for the order surprise"):
        shelf.word_topics(identity, "surprise")


def test_a_day_without_a_clean_row_makes_a_model_too(shelf: Shelf) -> None:
    model, facts = ml_models.made("flow", ml_days.flow(5).slice(6))
    assert model.compatible.corpus.pairs == 0
    told, read = shelf.load(shelf.save(model, facts))
    assert (told.documents, told.words, told.pairs) == (0, 0, 0)
    assert equal(model, read)
    assert read.compatible.corpus.words.type == pa.string()
