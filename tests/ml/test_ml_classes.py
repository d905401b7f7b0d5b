"""The archive of Java classes that setup/install.sh makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spot_ml.session import CLASSES
from tests.conftest import ROOT

_START = """
import sys
from spot_common.config import load_config
from spot_ml import session

overrides = {"STATE_DIR": sys.argv[1], "SPARK_MASTER": "local[2]"}
java = [*session.java_options(), f"-Xlog:class+load:file={sys.argv[2]}"]
with session.spark_session(load_config(overrides=overrides), java=java) as spark:
    spark.range(3).count()
"""


@pytest.mark.timeout(180)
def test_spark_takes_its_classes_from_the_archive(tmp_path: Path) -> None:
    assert CLASSES.is_file(), "setup/install.sh makes it"
    loaded = tmp_path / "loaded"
    subprocess.run(
        [sys.executable, "-c", _START, str(tmp_path / "state"), str(loaded)], cwd=ROOT, check=True
    )
    lines = loaded.read_text().splitlines()
    ours = sum("source: shared objects file (top)" in line for line in lines)
    assert ours > len(lines) / 2 > 5000
