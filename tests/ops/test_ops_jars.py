"""The list of jars, and what counts as a jar in place."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from spot_common.errors import ConfigError
from spot_ops import jars
from spot_ops.jars import Jar


def test_the_lock_file_is_well_formed_and_names_no_address() -> None:
    found = jars.read_lock()
    assert {jar.folder for jar in found} == {"kafka", "hadoop"}
    assert len({jar.place for jar in found}) == len(found)
    assert "://" not in jars.LOCK.read_text()
    for jar in found:
        assert Path(jar.place).name == f"{jar.artifact}-{jar.version}.jar"


@pytest.mark.parametrize(
    "line",
    [
        "abc g:a:1 kafka/a-1.jar",
        f"{'0' * 64} g:a kafka/a-1.jar",
        f"{'0' * 64} g:a:1 ../a-1.jar",
        f"{'0' * 64} g:a:1 kafka/../a-1.jar",
        f"{'0' * 64} g:a:1",
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "jars.lock"
    file.write_text(f"# comment\n\n{line}\n")
    with pytest.raises(ConfigError, match="line 3"):
        jars.read_lock(file)


def test_a_jar_counts_only_with_the_right_sum(tmp_path: Path) -> None:
    content = b"a jar"
    jar = Jar(hashlib.sha256(content).hexdigest(), "g", "a", "1", "kafka/a-1.jar")
    assert jars.missing(tmp_path, [jar]) == [jar]
    file = tmp_path / jar.place
    file.parent.mkdir()
    file.write_bytes(b"not it")
    assert jars.missing(tmp_path, [jar]) == [jar]
    file.write_bytes(content)
    assert jars.missing(tmp_path, [jar]) == []


def test_a_jar_changed_after_it_was_verified_is_noticed(tmp_path: Path) -> None:
    content = b"a jar"
    jar = Jar(hashlib.sha256(content).hexdigest(), "g", "a", "1", "kafka/a-1.jar")
    file = tmp_path / jar.place
    file.parent.mkdir()
    file.write_bytes(content)
    jars.record(tmp_path, [jar])
    assert jars.missing(tmp_path, [jar]) == []
    file.write_bytes(b"another content")
    assert jars.missing(tmp_path, [jar]) == [jar]


def test_the_request_to_ivy_takes_no_dependencies() -> None:
    request = jars.ivy_module([Jar("0" * 64, "g", "a", "1", "kafka/a-1.jar")])
    assert 'name="a"' in request
    assert 'transitive="false"' in request
