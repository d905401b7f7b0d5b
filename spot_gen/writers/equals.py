"""Which of several records that look the same is meant: their running number."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.clock import SECOND_US
from spot_gen.events import numbers
from spot_gen.text import digits


class Equals:
    """Counts, among the records of a second, those with an equal key; batches may cut a second."""

    _KEYS = ("client_hi", "client_lo", "method", "host", "path", "query")

    def __init__(self) -> None:
        self._second = -1
        self._before = pa.array([], pa.string())

    def numbers(self, table: pa.Table, rows: np.ndarray) -> np.ndarray:
        """Return how many records with an equal key precede each of ``rows``."""
        second = numbers(table, "time_us") // SECOND_US
        last = int(second[-1])
        wanted = np.unique(np.append(second[rows], last))
        chosen = np.flatnonzero(np.isin(second, wanted))
        keys = self._keys(table.take(pa.array(chosen)), second[chosen])
        carried = self._before if self._second == second[0] else self._before[:0]
        places = running(_codes(pa.concat_arrays([carried, keys])))[len(carried) :]
        same = keys.filter(pa.array(second[chosen] == last))
        self._before = pa.concat_arrays([carried, same]) if last == self._second else same
        self._second = last
        return places[np.searchsorted(chosen, rows)]

    def _keys(self, table: pa.Table, second: np.ndarray) -> pa.Array:
        columns = [table.column(name).cast(pa.string()).combine_chunks() for name in self._KEYS]
        return pc.binary_join_element_wise(digits(second), *columns, "\0")


def running(values: np.ndarray) -> np.ndarray:
    """Number equal values (none negative), each from 0."""
    order = np.argsort(values, kind="stable")
    heads = np.flatnonzero(np.diff(values[order], prepend=-1))
    sizes = np.diff(np.append(heads, len(values)))
    numbered = np.empty(len(values), np.int64)
    numbered[order] = np.arange(len(values)) - np.repeat(heads, sizes)
    return numbered


def _codes(keys: pa.Array) -> np.ndarray:
    codes: np.ndarray = pc.dictionary_encode(keys).indices.to_numpy()
    return codes
