"""What holds for the whole tree: import rules, types, style, and what may not be written down."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent

_MOST_LINES = 500
_REGISTRY = re.compile(
    r"https?://[a-z0-9.-]*(pypi|pythonhosted|npmjs|npmmirror|maven|crates|golang|debian\.org)",
    re.IGNORECASE,
)


def tracked() -> list[Path]:
    """The files of the project: those that git tracks."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = done.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


@pytest.mark.parametrize(
    "argv",
    [
        ["lint-imports", "--no-cache"],
        ["ruff", "check", "--no-cache"],
        ["ruff", "format", "--check", "--no-cache"],
        ["mypy"],
    ],
    ids=lambda argv: " ".join(argv[:2]),
)
def test_the_checkers_find_nothing(argv: list[str]):
    done = subprocess.run(
        [str(TOOLS / argv[0]), *argv[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_is_too_long():
    suffixes = {".py", ".ts", ".tsx", ".sh", ".css"}
    sizes = {p: len(p.read_text().splitlines()) for p in tracked() if p.suffix in suffixes}
    assert {str(p): n for p, n in sizes.items() if n > _MOST_LINES} == {}


def test_no_registry_is_named():
    named = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path != Path(__file__) and _REGISTRY.search(text):
            named.append(str(path))
    assert named == []


def test_only_one_place_starts_programs():
    starters = re.compile(
        r"\b(subprocess|os\.system|os\.popen|os\.exec[lv]|pty\.spawn)\b|shell=True"
    )
    parts = [
        p
        for p in tracked()
        if p.suffix == ".py" and p.relative_to(ROOT).parts[0].startswith("spot_")
    ]
    found = {str(p.relative_to(ROOT)) for p in parts if starters.search(p.read_text())}
    allowed = {"spot_common/process.py", "spot_common/launch.py", "spot_ops/processes.py"}
    assert found <= allowed


def test_no_source_is_named_outside_its_own_modules():
    """`if source == ...` has no place: a fourth source must need no edit."""
    branch = re.compile(r"""(==|!=|\bin\b)\s*[\[({]?\s*["'](flow|dns|proxy)["']""")
    parts = [p for p in tracked() if p.suffix in {".py", ".ts", ".tsx"}]
    parts = [p for p in parts if p.relative_to(ROOT).parts[0].startswith("spot_")]
    assert [str(p) for p in parts if branch.search(p.read_text())] == []
