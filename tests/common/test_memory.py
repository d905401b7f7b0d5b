"""Memory: what is freed is given back, and what is not needed is not loaded."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa

from spot_common.memory import frugal, give_back

WITHOUT = """
from spot_common.memory import do_without
do_without("pandas")
import sys, pyarrow
print(pyarrow.scalar(1), "pandas" in sys.modules)
try:
    import pandas
except ImportError as error:
    print(error.name)
import json
"""


def test_arrow_uses_the_system_allocator_for_a_while():
    before = pa.default_memory_pool().backend_name
    with frugal():
        assert pa.default_memory_pool().backend_name == "system"
        kept = pa.array([1, 2, 3])
    assert pa.default_memory_pool().backend_name == before
    assert kept.to_pylist() == [1, 2, 3]


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_freed_memory_between_pieces_in_use_is_given_back():
    pieces = [ctypes.create_string_buffer(b"x" * 60_000) for _ in range(2000)]
    kept = pieces[::20]
    pieces.clear()
    before = resident()
    give_back()
    assert before - resident() > 50_000_000
    assert kept[0].value == b"x" * 60_000


def test_a_process_without_pandas_can_use_arrow():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", "False", "pandas"]
