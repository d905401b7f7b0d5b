"""From a day and a source to a request: the paths and settings that ``spot.conf`` gives."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from spot_common.cli import parse_day
from spot_common.config import Config
from spot_common.errors import UsageError
from spot_common.registry import check_source
from spot_ml.lda.parameters import Parameters, effective
from spot_ml.models.facts import source_of
from spot_ml.request import COMPATIBLE, SURPRISE, Folders, Live, Request, models_folder, seed_of
from spot_ml.verdicts.days import DayFiles

#: Threshold and number of results of a test run.
TEST_THRESHOLD = 1.1
TEST_RESULTS = 20

_USAGE = "ml_ops.sh YYYYMMDD SOURCE [TOL] [MAX_RESULTS]"
_TEST_USAGE = "ml_test.sh SOURCE INPUT_PATH"
_DEFAULT = Parameters()
_PADDED = re.compile(r"/([mdh])=0(\d)(?=/|$)")


@dataclass(frozen=True)
class Launch:
    """A run as an operator asks for it: None means the setting or default.

    ``threshold`` is the largest score of a result, ``most`` the number of results (<= 0: all),
    ``feedback_days`` how many earlier days' verdicts are heard.
    """

    day: date
    source: str
    threshold: float
    most: int = -1
    seed: int | str | None = None
    optimizer: str | None = None
    iterations: int | None = None
    compatible: bool = False
    keep_rows: bool = False
    order: str | None = None
    start: str = ""
    feedback_days: int | None = None


@dataclass(frozen=True)
class Places:
    """Paths of one run."""

    input: str
    scored: str
    results: str
    invalid: str
    feedback: str


def positional(words: Sequence[str], config: Config) -> Launch:
    """Read ``YYYYMMDD SOURCE [TOL] [MAX_RESULTS]``; UsageError for anything else."""
    if not 2 <= len(words) <= 4 or not re.fullmatch(r"\d{8}", words[0], re.ASCII):
        raise UsageError("wrong arguments", hint=f"usage: {_USAGE}")
    day, source, *rest = words
    check_source(source)
    threshold = rest[0] if rest else config.text("TOL")
    most = rest[1] if len(rest) > 1 else "-1"
    try:
        return Launch(parse_day(day), source, float(threshold), int(most))
    except ValueError as error:
        raise UsageError(
            f"TOL must be a number and MAX_RESULTS a whole number, not {' '.join(rest)!r}",
            hint=f"usage: {_USAGE}",
        ) from error


def places(launch: Launch, config: Config) -> Places:
    """The paths of a run; ``<SOURCE>_PATH`` where the configuration has it."""
    schema = check_source(launch.source)
    run = config.for_run(launch.day, launch.source)
    key = f"{launch.source.upper()}_PATH"
    if key in run.settings:
        source_path = run.text(key)
    else:
        day = {"y": launch.day.year, "m": launch.day.month, "d": launch.day.day}
        folder = schema.raw.leading_path(day)
        source_path = f"{schema.raw.location(run.text('HUSER'))}/{folder}/"
    base = run.text("HPATH")
    scored = f"{base}/scores"
    return Places(
        input=source_path,
        scored=scored,
        results=f"{scored}/{launch.source}_results.csv",
        invalid=f"{scored}/invalid_records",
        feedback=f"{base}/feedback/ml_feedback.csv",
    )


def spellings(path: str) -> tuple[str, ...]:
    """A partition path as it is and with unpadded numbers (``m=1/d=7``), where that differs."""
    unpadded = _PADDED.sub(r"/\1=\2", path)
    return (path,) if unpadded == path else (path, unpadded)


def fit_parameters(config: Config, launch: Launch) -> Parameters:
    """Parameters of the fit; an empty setting means the program's default."""
    alpha, beta = config.text("LDA_ALPHA"), config.text("LDA_BETA")
    found = effective(
        launch.optimizer or config.text("LDA_OPTIMIZER") or _DEFAULT.optimizer,
        config.integer("TOPIC_COUNT"),
        float(alpha) if alpha else _DEFAULT.alpha,
        float(beta) if beta else _DEFAULT.beta,
        _DEFAULT.iterations if launch.iterations is None else launch.iterations,
        seed_of(launch.seed, config),
        legacy_batch=launch.compatible,
        tolerance=config.number("LDA_TOLERANCE"),
    )
    return replace(found, start=launch.start)


def request(launch: Launch, config: Config) -> Request:
    """The request for one day of one source."""
    paths = places(launch, config)
    return Request(
        source=launch.source,
        input=paths.input,
        scored=paths.scored,
        parameters=fit_parameters(config, launch),
        threshold=launch.threshold,
        most=launch.most,
        feedback=paths.feedback,
        copies=config.integer("DUPFACTOR"),
        precision=config.integer("PRECISION"),
        user_domain=config.text("USER_DOMAIN"),
        compatible=launch.compatible,
        keep_rows=launch.keep_rows,
        order=launch.order or config.text("LDA_SCORE"),
        engine=config.text("LDA_ENGINE"),
        models=models_folder(config, launch.source),
        day=f"{launch.day:%Y%m%d}",
        remembered=remembered(launch, config),
        like=config.text("FEEDBACK_LIKE"),
    )


def live(
    model: str,
    day: date | None,
    hours: tuple[int, int] | None,
    folder: str | None,
    config: Config,
    **bounds: Any,
) -> Live:
    """What scores rows against a stored model: those of a day or some of its hours, or a folder's.

    ``bounds`` are ``threshold``, ``most`` and ``order``. Raises UsageError for a text that is no
    ID of a model.
    """
    source = source_of(model)
    read: str | Folders = folder or ""
    if day is not None:
        read = places(Launch(day, source, 1.0), config).input
        if hours is not None:
            numbers = range(hours[0], hours[1] + 1)
            read = Folders(tuple(posixpath.join(read, f"h={hour:02d}") for hour in numbers))
    return Live(
        source=source,
        models=models_folder(config, source),
        model=model,
        input=read,
        scored=live_folder(model, day, config),
        remembered=remembered(Launch(day, source, 1.0, order=SURPRISE), config) if day else (),
        like=config.text("FEEDBACK_LIKE"),
        **bounds,
    )


def live_folder(model: str, day: date | None, config: Config) -> str:
    """The folder of the result of rows that were held to a model: of a day's, or of a folder's."""
    source = source_of(model)
    if day is None:
        return f"{config.text('HUSER').rstrip('/')}/{source}/live/{model}"
    return f"{config.for_run(day, source).text('HPATH')}/live/{model}"


def remembered(launch: Launch, config: Config) -> tuple[DayFiles, ...]:
    """Where verdicts of the day and of the days before it are, the latest first.

    The original's order heeds those of the day only.
    """
    days = launch.feedback_days
    days = config.integer("FEEDBACK_DAYS") if days is None else days
    if (launch.order or config.text("LDA_SCORE")) == COMPATIBLE:
        days = 0
    found = []
    for back in range(min(days, (launch.day - date.min).days) + 1):
        day = launch.day - timedelta(days=back)
        paths = places(replace(launch, day=day), config)
        found.append(DayFiles.of(f"{day}", paths.feedback, paths.scored))
    return tuple(found)


def trial(words: Sequence[str], config: Config) -> Request:
    """The request of ``SOURCE INPUT_PATH``: any Parquet folder, the 20 lowest scores.

    Results go below ``<HUSER>/<source>/test/scored_results``.
    """
    if len(words) != 2:
        raise UsageError("wrong arguments", hint=f"usage: {_TEST_USAGE}")
    source, path = words
    check_source(source)
    launch = Launch(date.min, source, TEST_THRESHOLD, TEST_RESULTS)
    return Request(
        source=source,
        input=path,
        scored=f"{config.text('HUSER')}/{source}/test/scored_results/scores",
        parameters=fit_parameters(config, launch),
        threshold=TEST_THRESHOLD,
        most=TEST_RESULTS,
        precision=config.integer("PRECISION"),
        user_domain=config.text("USER_DOMAIN"),
        order=config.text("LDA_SCORE"),
        engine=config.text("LDA_ENGINE"),
    )
