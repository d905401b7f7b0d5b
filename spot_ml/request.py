"""What one run of the job is asked to do, whoever asks."""

from __future__ import annotations

import math
import re
import secrets
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from spot_common.config import Config
from spot_common.errors import NotFoundError, UsageError
from spot_ml.arguments import RANDOM_SEED, Arguments
from spot_ml.lda.parameters import Parameters, effective
from spot_ml.verdicts.days import GROUP, DayFiles
from spot_ml.words.domain import top_labels

#: The two orders of a result: by the surprise of counts, in groups, or by the original's score.
SURPRISE, COMPATIBLE = "surprise", "compatible"

#: In the place of the day of rows whose path names none.
UNDATED = "undated"
_DAY = re.compile(r"\by=(\d{4})\W+m=(\d{1,2})\W+d=(\d{1,2})(?!\d)")


@dataclass(frozen=True)
class TableInput:
    """Rows of a table of the metastore where the partition columns y, m, d have these values."""

    database: str
    table: str
    year: int
    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.database}.{self.table} (y={self.year}, m={self.month}, d={self.day})"


@dataclass(frozen=True)
class Folders:
    """Rows in some of these folders, those that there are: the hours of a day."""

    paths: tuple[str, ...]

    def __str__(self) -> str:
        first, last = self.paths[0], self.paths[-1]
        return first if first == last else f"{first} to {last}"


@dataclass(frozen=True)
class Request:
    """One run: where the rows are, where the results go, and everything that decides them.

    ``threshold`` and ``most`` bound the results (``most`` <= 0: all); ``copies`` is the number of
    times that a low-rated row is repeated in training; ``results_name`` the file of the results.
    ``keep_rows``: write the scored rows with their words, too. ``order``: ``SURPRISE`` or
    ``COMPATIBLE``. ``engine``: where the EM fit runs, see ``LDA_ENGINE``.
    ``models``: folder that the model is saved in (empty: it is not); ``day``:
    YYYYMMDD, the day that the rows are of, or ``UNDATED``. ``remembered``: the days
    whose verdicts are heard, the latest first; ``like``: what a low one speaks for.
    """

    source: str
    input: str | TableInput | Folders
    scored: str
    parameters: Parameters
    threshold: float
    most: int = -1
    feedback: str = ""
    copies: int = 1
    precision: int = 64
    user_domain: str = ""
    delimiter: str = "\t"
    compatible: bool = False
    keep_rows: bool = False
    order: str = COMPATIBLE
    engine: str = "auto"
    models: str = ""
    day: str = UNDATED
    remembered: tuple[DayFiles, ...] = ()
    like: str = GROUP

    def __post_init__(self) -> None:
        if math.isnan(self.threshold):
            raise UsageError("the threshold (TOL) must be a number")
        if self.copies < 0:
            raise UsageError(f"DUPFACTOR must be 0 or more, not {self.copies}")

    @property
    def results_name(self) -> str:
        """Name of the result file in the folder of the results."""
        return f"{self.source}_results.csv"


@dataclass(frozen=True)
class Live:
    """What to score: rows against a model, with the bounds of the result.

    ``models`` is the folder of the source's models, ``model`` the ID of one; ``scored`` the folder
    of the result. ``threshold``, ``most``, ``remembered`` and ``like`` as in a run; ``order`` None:
    the model's own.
    """

    source: str
    models: str
    model: str
    input: str | Folders
    scored: str
    threshold: float
    most: int = -1
    order: str | None = None
    remembered: tuple[DayFiles, ...] = ()
    like: str = GROUP


def seed_of(wanted: int | str | None, config: Config) -> int:
    """The seed of a run: the one given, a drawn one for ``random``, else the configured one."""
    if wanted == RANDOM_SEED:
        return secrets.randbits(48)
    return config.integer("SEED") if wanted is None else int(wanted)


def of_arguments(arguments: Arguments, config: Config) -> Request:
    """The request that the main program's command line makes."""
    return Request(
        source=arguments.analysis,
        input=_input(arguments),
        scored=arguments.scored,
        parameters=effective(
            arguments.ldaoptimizer,
            arguments.ldatopiccount,
            arguments.ldaalpha,
            arguments.ldabeta,
            arguments.ldamaxiterations,
            seed_of(arguments.prgseed, config),
            legacy_batch=arguments.compatible,
            tolerance=config.number("LDA_TOLERANCE"),
        ),
        threshold=arguments.threshold,
        most=arguments.maxresults,
        feedback=arguments.feedback,
        copies=arguments.dupfactor,
        precision=arguments.precision,
        user_domain=arguments.userdomain,
        delimiter=arguments.delimiter,
        compatible=arguments.compatible,
        order=config.text("LDA_SCORE"),
        engine=config.text("LDA_ENGINE"),
        models=models_folder(config, arguments.analysis),
        day=_day(arguments),
        remembered=_remembered(arguments),
        like=config.text("FEEDBACK_LIKE"),
    )


def models_folder(config: Config, source: str) -> str:
    """The folder of a source's stored models."""
    return f"{config.text('HUSER').rstrip('/')}/{source}/models"


def _day(arguments: Arguments) -> str:
    """The day that the table's partition or the path names."""
    found = _DAY.search(str(_input(arguments)))
    return "".join(f"{int(number):02d}" for number in found.groups()) if found else UNDATED


def _remembered(arguments: Arguments) -> tuple[DayFiles, ...]:
    """The one file that the command line names; the main program knows no days."""
    if not arguments.feedback:
        return ()
    return (DayFiles.of("", arguments.feedback, arguments.scored),)


def _input(arguments: Arguments) -> str | TableInput:
    year, month, day = arguments.year, arguments.month, arguments.day
    if year is None or month is None or day is None:
        return arguments.input
    return TableInput(arguments.database, arguments.datatable, year, month, day)


def top_domains(config: Config) -> frozenset[str]:
    """The labels of the top list: the file ``TOP_DOMAINS``, or the list shipped."""
    configured = config.text("TOP_DOMAINS")
    if not configured:
        shipped = resources.files("spot_ml") / "data" / "top-domains.csv"
        return top_labels(shipped.read_text(encoding="utf-8").splitlines())
    path = Path(configured)
    if not path.is_file():
        raise NotFoundError(
            f"there is no top domain list {path} (TOP_DOMAINS, {config.origin('TOP_DOMAINS')})",
            hint="give a file of 'rank,name' lines, or leave TOP_DOMAINS empty",
        )
    return top_labels(path.read_text(encoding="utf-8").splitlines())
