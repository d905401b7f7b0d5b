"""Reads ranked results: the product's CSV, an OA table, or any table of file, ordinal and score.

Rows come out in the order of suspicion. A result file of the product is in its own order, which
counts as long as its scores never fall; a table with a header is sorted by ``rank`` where it has
that, else by its score, and equal scores are put in an order that is drawn (so that a detector
without an opinion does not profit from the order of a file).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import csv

from spot_common.errors import DataError, NotFoundError, UsageError
from spot_gen.measure.labels import Truth
from spot_gen.measure.layouts import LAYOUTS, TYPES, Layout, by_header, by_width, placed
from spot_gen.streams import draw as draw_bits
from spot_gen.streams import stream_key

_SNIFF = 1 << 20


@dataclass(frozen=True)
class Results:
    """Ranked rows of one source, the most suspicious first.

    ``rows`` has the columns of ours (see ``layouts``) that the file has; ``scores`` one number a
    row as the file has it. ``drawn`` counts the rows whose order among equals was drawn.
    """

    name: str
    path: Path
    layout: Layout
    rows: pa.Table
    drawn: int = 0

    @property
    def source(self) -> str:
        """The source of the rows."""
        return self.layout.source

    @property
    def count(self) -> int:
        """Number of rows."""
        return int(self.rows.num_rows)

    @property
    def scores(self) -> NDArray[np.float64]:
        """The scores as the file has them."""
        return np.asarray(self.rows["score"].to_numpy(), np.float64)


@dataclass(frozen=True)
class _Form:
    """How a file is written: its columns, the character between them, and whether it has a head."""

    columns: tuple[str, ...]
    delimiter: str
    header: bool


def read_results(
    path: Path, truth: Truth, source: str | None = None, *, larger: bool = False
) -> Results:
    """Read one result file.

    ``source`` is needed only where the file does not tell it; ``larger`` says that larger scores
    of tables with a header are the more suspicious ones. NotFoundError, UsageError (which source?)
    or DataError naming file and line.
    """
    if not path.is_file():
        raise NotFoundError(f"{path} does not exist", hint="give a result file or a table")
    if _is_parquet(path):
        return _parquet(path, truth, source, larger)
    form = _sniff(path)
    if not form.header:
        return _product(path, form, source, larger)
    given = source or by_header(frozenset(form.columns))
    layout = placed(given) if given else None
    table = _read_csv(path, form, layout or placed(""))
    return _ranked(path, table, layout or placed(_guess(path, table, truth)), larger)


def results_of(table: pa.Table, source: str, name: str) -> Results:
    """Give rows of the product that are in memory, in their order."""
    layout = placed(source)
    return Results(
        name, Path(name), layout, _renamed(table, _ours(tuple(table.column_names), layout))
    )


def draws(size: int, purpose: str) -> NDArray[np.uint64]:
    """Random 64-bit numbers, the same in each run, one a row."""
    return draw_bits(stream_key(0, f"measure/{purpose}"), np.arange(size))


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PAR1"
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _sniff(path: Path) -> _Form:
    """Look at the first line: the product's file has no header, tables have one."""
    try:
        with pa.input_stream(str(path)) as stream:
            head = stream.read(_SNIFF)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    line = head.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "replace")
    if not line.strip():
        raise DataError(f"{path} line 1 is empty", hint="the file has no results")
    tabs = line.count("\t")
    names = [word.strip().strip('"') for word in line.split("\t" if tabs else ",")]
    if {"score", "ml_score"} & set(names):
        return _Form(tuple(names), "\t" if tabs else ",", header=True)
    return _Form(tuple(names), "\t", header=False)


def _product(path: Path, form: _Form, source: str | None, larger: bool) -> Results:
    width = len(form.columns)
    found = source or by_width(width)
    if found is None or width not in placed(found).product:
        wanted = [
            f"{' or '.join(map(str, layout.product))} ({layout.source})"
            for layout in LAYOUTS.values()
            if source in (None, layout.source)
        ]
        raise DataError(
            f"{path} line 1 has {width} values separated by tabs and no header with a score;"
            f" results have {', '.join(wanted) or 'a header'}",
            hint="give the product's <source>_results.csv, or a table with the columns"
            " file, ordinal, score",
        )
    layout = placed(found)
    columns = layout.product[width]
    table = _read_csv(path, _Form(columns, "\t", header=False), layout)
    table = _typed(path, table)
    scores = table["score"].to_numpy()
    if len(scores) > 1 and np.any(np.diff(scores) < 0) and not larger:
        table = table.take(pa.array(np.argsort(scores, kind="stable")))
    return Results(path.stem, path, layout, table)


def _read_csv(path: Path, form: _Form, layout: Layout) -> pa.Table:
    """Read the columns that have a meaning here, under our names."""
    names = _ours(form.columns, layout)
    quote = '"' if form.header else False
    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(
                column_names=list(form.columns), skip_rows=int(form.header), block_size=8 << 20
            ),
            parse_options=csv.ParseOptions(delimiter=form.delimiter, quote_char=quote),
            convert_options=csv.ConvertOptions(
                include_columns=list(names.values()),
                column_types={names[ours]: TYPES[ours] for ours in names},
                null_values=["null", "NULL", "None", "\\N", ""],
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
        raise _fault(path, form, names, str(error)) from error
    return table.rename_columns(list(names))


def _ours(columns: tuple[str, ...], layout: Layout) -> dict[str, str]:
    """For each of our columns the name that it has in the file, in our order."""
    found = {}
    for ours, aliases in layout.names.items():
        for alias in aliases:
            if alias in columns:
                found[ours] = alias
                break
    return found


def _fault(path: Path, form: _Form, names: dict[str, str], said: str) -> DataError:
    """Find the first line that is malformed, by reading slowly."""
    numeric = {
        form.columns.index(name): name for ours, name in names.items() if TYPES[ours] != pa.string()
    }
    hint = "the file was cut or is of another source; write it again"
    with pa.input_stream(str(path)) as raw:
        for number, line in enumerate(_lines(raw), 1):
            values = line.split(form.delimiter)
            if (form.header and number == 1) or not line:
                continue
            if len(values) != len(form.columns):
                return DataError(
                    f"{path} line {number} has {len(values)} values, not {len(form.columns)}",
                    hint=hint,
                )
            for place, name in numeric.items():
                if not _is_number(values[place]):
                    return DataError(
                        f"{path} line {number}: {name} is {values[place]!r}, no number", hint=hint
                    )
    return DataError(f"{path} cannot be read: {said}", hint=hint)


def _lines(raw: Any) -> Any:
    rest = b""
    while data := raw.read(_SNIFF):
        *whole, rest = (rest + data).split(b"\n")
        yield from (line.rstrip(b"\r").decode("utf-8", "replace") for line in whole)
    if rest:
        yield rest.rstrip(b"\r").decode("utf-8", "replace")


def _is_number(text: str) -> bool:
    if text in ("", "null", "NULL", "None", "\\N"):
        return True
    try:
        float(text.strip('"'))
    except ValueError:
        return False
    return True


def _parquet(path: Path, truth: Truth, source: str | None, larger: bool) -> Results:
    try:
        columns = tuple(pq.read_schema(path).names)
        given = source or by_header(frozenset(columns))
        names = _ours(columns, placed(given or ""))
        table = pq.read_table(path, columns=list(names.values()), partitioning=None)
        table = _renamed(table, names)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise DataError(f"{path} cannot be read as a table of results: {error}") from error
    return _ranked(path, table, placed(given or _guess(path, table, truth)), larger)


def _renamed(table: pa.Table, names: dict[str, str]) -> pa.Table:
    """Take the columns of ours, under our names and with our types."""
    table = table.select(list(names.values())).rename_columns(list(names))
    return table.cast(pa.schema([pa.field(ours, TYPES[ours]) for ours in names]))


def _guess(path: Path, table: pa.Table, truth: Truth) -> str:
    """Take the source from the first file that a row names."""
    if "file" in table.column_names:
        for file in pc.unique(table["file"]).to_pylist():
            source = truth.source_of(file) if file else None
            if source is not None:
                return source
    raise UsageError(
        f"{path} does not tell which source it is of",
        hint=f"add --source, one of {', '.join(truth.totals)}",
    )


def _typed(path: Path, table: pa.Table) -> pa.Table:
    """Check that each row has a score and each place is whole."""
    if "score" not in table.column_names:
        raise DataError(f"{path} has no column score", hint="columns: file, ordinal, score")
    if table.num_rows == 0:
        raise DataError(f"{path} has no rows", hint="nothing was below the threshold of the model")
    scores = table["score"].combine_chunks()
    bad = pc.or_(pc.is_null(scores), pc.fill_null(pc.is_nan(scores), True))
    if pc.any(bad).as_py():
        row = int(np.flatnonzero(bad.to_numpy(zero_copy_only=False))[0])
        raise DataError(
            f"{path} row {row + 1} has no score",
            hint="leave out rows that have none; what is not listed counts as last",
        )
    return table.combine_chunks()


def _ranked(path: Path, table: pa.Table, layout: Layout, larger: bool) -> Results:
    """Sort a table with a header."""
    table = _typed(path, table)
    if "rank" in table.column_names and table["rank"].null_count == 0:
        order = np.argsort(table["rank"].to_numpy(), kind="stable")
        return Results(path.stem, path, layout, table.take(pa.array(order)))
    scores = np.asarray(table["score"].to_numpy(), np.float64) * (-1.0 if larger else 1.0)
    order = np.lexsort((draws(len(scores), "equals"), scores))
    _, counts = np.unique(scores, return_counts=True)
    drawn = int(counts[counts > 1].sum())
    return Results(path.stem, path, layout, table.take(pa.array(order)), drawn)
