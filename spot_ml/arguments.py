"""The command line of the main program, ``python -m spot_ml.job``: the options of the original."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from spot_common.errors import UsageError

RANDOM_SEED = "random"
_INT64 = range(-(1 << 63), 1 << 63)


@dataclass(frozen=True)
class Arguments:
    """What the command line says. ``prgseed``: a number, ``random``, or None for the configured."""

    analysis: str
    input: str
    scored: str
    ldatopiccount: int
    threshold: float
    maxresults: int
    feedback: str = ""
    dupfactor: int = 1
    userdomain: str = ""
    delimiter: str = "\t"
    prgseed: int | str | None = None
    ldamaxiterations: int = 20
    ldaalpha: float = 1.02
    ldabeta: float = 1.001
    ldaoptimizer: str = "em"
    precision: int = 64
    database: str = ""
    datatable: str = ""
    year: int | None = None
    month: int | None = None
    day: int | None = None
    compatible: bool = False


class _Parser(argparse.ArgumentParser):
    """A parser that raises instead of leaving the program."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError(message, hint="python -m spot_ml.job --help lists the options")


def _seed(text: str) -> int | str:
    if text == RANDOM_SEED:
        return text
    value = int(text)
    if value not in _INT64:
        raise ValueError(text)
    return value


def _precision(text: str) -> int:
    return 32 if int(text) == 32 else 64


def _build() -> _Parser:
    parser = _Parser(
        prog="python -m spot_ml.job",
        description="Score one day of one source. Exit status 0 only when results were written.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--analysis", required=True, help="source: flow, dns, proxy")
    add("--input", default="", help="path of Parquet data")
    add("--scored", required=True, help="folder of the results")
    add("--ldatopiccount", required=True, type=int, help="number of topics")
    add("--threshold", required=True, type=float, help="results have a score up to this")
    add("--maxresults", required=True, type=int, help="most results; 0 or less: all")
    add("--feedback", default="", help="feedback file on the default file system")
    add("--dupfactor", type=int, default=1, help="copies of a low-rated row in training")
    add("--userdomain", default="", help="own domain, a bare label")
    add("--delimiter", default="\t", help="between the values of a result")
    add("--prgseed", type=_seed, help="seed of the fit; 'random' draws one")
    add("--ldamaxiterations", type=int, default=20, help="iterations of the fit")
    add("--ldaalpha", type=float, default=1.02, help="prior of topics in documents")
    add("--ldabeta", type=float, default=1.001, help="prior of words in topics")
    add("--ldaoptimizer", default="em", help="em, online, mllib-em, mllib-online")
    add("--precision", type=_precision, default=64, help="bits of the topic mix, 32 or 64")
    table = parser.add_argument_group("input from a table instead of a path")
    table.add_argument("--database", default="", help="database name")
    table.add_argument("--datatable", default="", help="table name")
    for part in ("year", "month", "day"):
        table.add_argument(f"--{part}", type=int, help=f"value of the partition column {part[0]}")
    add("--compatible", action="store_true", help="keep the accidents of the original")
    return parser


def parse(argv: Sequence[str]) -> Arguments:
    """Read the options; UsageError for an unknown one, a missing one or a wrong value."""
    found = Arguments(**vars(_build().parse_args(argv)))
    table = (found.database, found.datatable, found.year, found.month, found.day)
    given = [part for part in table if part not in ("", None)]
    if given and len(given) < len(table):
        raise UsageError("--database, --datatable, --year, --month and --day belong together")
    if bool(given) == bool(found.input):
        raise UsageError("give either --input or a table (--database and the others)")
    return found
