"""How a long-lived process treats the memory that it has freed."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

_MMAP_THRESHOLD = -3
_PAGE_LIKE = 128 * 1024


@contextmanager
def frugal() -> Iterator[None]:
    """Give large pieces of memory back to the system as soon as they are free.

    Arrow's own allocator and glibc's keep them for a while, which is quicker, but comes to tens of
    megabytes where blocks of many sizes follow each other. With another C library only Arrow's
    allocator is replaced.
    """
    setting = getattr(ctypes.CDLL(None), "mallopt", None)
    if setting is not None:  # a fixed threshold: left alone, it grows with what is freed
        setting(_MMAP_THRESHOLD, _PAGE_LIKE)
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


class _Absent:
    """Says of some packages that they are not installed."""

    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = packages

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Refuse an import of such a package; leave others to those who can."""
        if name in self._packages:
            raise ModuleNotFoundError(f"{name} is not for this process", name=name)


def do_without(*packages: str) -> None:
    """Let imports of these packages fail from now on, as if they were not installed.

    Arrow imports pandas when it is first given a Python number: 50 MB that a worker never uses.
    """
    sys.meta_path.insert(0, _Absent(packages))
