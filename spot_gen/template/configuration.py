"""Reading a configuration: what the original read, and what is ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from spot_common.errors import ConfigError
from spot_gen.clock import FLAT, WORK, Curve
from spot_gen.template.functions import Draw
from spot_gen.template.lines import LineMaker, Sample
from spot_gen.template.model import Model, read_model
from spot_gen.template.reading import Folder, read_yaml, section, sequence, text, whole
from spot_gen.template.replaces import read_replaces
from spot_gen.template.samples import read_samples
from spot_gen.template.times import TimeFormat, zone_of

_KEYS = (
    "description", "timeformat", "timezone", "linebreak", "curve", "templates", "replaces", "model",
)  # fmt: skip
_TEMPLATE_KEYS = ("type", "samples", "period", "min", "max")
_CURVES = {"work": WORK, "flat": FLAT}
_LONGEST_PERIOD = 366 * 86_400
_MOST = 1_000_000


@dataclass(frozen=True)
class Template:
    """Samples that come ``low`` to ``high`` times each in every window of ``period_us``."""

    samples: list[tuple[Sample, LineMaker]]
    period_us: int
    low: int
    high: int


@dataclass(frozen=True)
class Configuration:
    """A configuration as it was read; either ``templates`` or ``model`` is given."""

    path: Path
    timeformat: TimeFormat
    zone: ZoneInfo
    linebreak: str = "\n"
    curve: Curve = WORK
    templates: list[Template] = field(default_factory=list)
    model: Model | None = None

    @property
    def labelled(self) -> bool:
        """Whether a sample has a label."""
        samples = [sample for template in self.templates for sample, _ in template.samples]
        samples += list(self.model.events.values()) if self.model else []
        return any(sample.label for sample in samples)


def read(path: Path) -> Configuration:
    """Read a configuration file.

    NotFoundError where it or a file that it names is missing; ConfigError naming the place for
    whatever is unknown, of the wrong kind or impossible.
    """
    where = str(path)
    given = section(read_yaml(path), _KEYS, where)
    folder = Folder(path.parent)
    try:
        timeformat = TimeFormat(text(given.get("timeformat", "%Y-%m-%d %H:%M:%S"), where))
        zone = zone_of(text(given.get("timezone", "UTC"), f"{where}: timezone"))
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error
    curve = given.get("curve", "work")
    if not isinstance(curve, str) or curve not in _CURVES:
        raise ConfigError(f"{where}: curve is {curve!r:.60}", hint="choose work or flat")
    return Configuration(
        path,
        timeformat,
        zone,
        linebreak=text(given.get("linebreak", "\n"), f"{where}: linebreak"),
        curve=_CURVES[curve],
        **_mode(given, folder, where),
    )


def _mode(given: dict[str, Any], folder: Folder, where: str) -> dict[str, Any]:
    if "model" not in given:
        if "templates" not in given:
            raise ConfigError(f"{where} has neither templates nor a model")
        values = read_replaces(given.get("replaces"), folder, where)
        entries = enumerate(sequence(given["templates"], f"{where}: templates"), 1)
        read = [_template(e, values, folder, f"{where}: templates, entry {n}") for n, e in entries]
        return {"templates": read}
    for name in ("templates", "replaces"):
        if name in given:
            raise ConfigError(f"{where}: {name} beside model", hint="a model stands instead of it")
    return {"model": read_model(given["model"], folder, where)}


def _template(given: object, values: dict[str, Draw], folder: Folder, where: str) -> Template:
    entry = section(given, _TEMPLATE_KEYS, where)
    for name in ("samples", "period", "min", "max"):
        if name not in entry:
            raise ConfigError(f"{where} has no {name}")
    samples = read_samples(entry["samples"], entry.get("type"), folder, where)
    low = whole(entry["min"], 0, _MOST, f"{where}: min")
    return Template(
        [(sample, LineMaker(sample, values)) for sample in samples],
        whole(entry["period"], 1, _LONGEST_PERIOD, f"{where}: period") * 1_000_000,
        low,
        whole(entry["max"], low, _MOST, f"{where}: max"),
    )
