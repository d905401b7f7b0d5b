"""How a long-lived process treats the memory that it has freed."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

#: Settings of glibc's mallopt, and their values.
_MMAP_THRESHOLD, _PAGE_LIKE = -3, 128 * 1024
_MOST_ARENAS, _ARENAS = -8, 1


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
        setting(_MOST_ARENAS, _ARENAS)  # else each new thread keeps memory of its own
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def give_back() -> None:
    """Give freed memory back to the system that lies between pieces in use."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


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
