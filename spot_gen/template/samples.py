"""The samples of a template: lines of a file or of the configuration, with weight and label."""

from __future__ import annotations

from spot_common.errors import ConfigError
from spot_gen.template.lines import Sample
from spot_gen.template.reading import Folder, section, sequence, text

_KEYS = ("line", "weight", "label")
_MOST_WEIGHT = 1000


def read_samples(given: object, kind: object, folder: Folder, where: str) -> list[Sample]:
    """Read samples; ``kind`` is ``file``, ``list``, or None where the samples show it.

    A file is plain lines, or where its name ends in ``.yaml`` a list as in the configuration.
    """
    kind = kind or ("list" if isinstance(given, list) else "file")
    if kind == "list":
        return _listed(given, f"{where}, sample")
    if kind != "file":
        raise ConfigError(f"{where}: type is {kind!r:.60}", hint="choose file or list")
    path = folder.file(given, f"{where}: samples")
    if path.suffix in {".yaml", ".yml"}:
        return _listed(folder.yaml(given, where), f"{path}, sample")
    found = [Sample(line, f"{path}, line {n}") for n, line in folder.lines(given, where)]
    if not found:
        raise ConfigError(f"{where}: {path} has no lines")
    return found


def sample_of(given: object, where: str, keys: tuple[str, ...] = _KEYS) -> Sample:
    """Read one sample: a text, or a mapping with ``line`` and what else it may have."""
    if isinstance(given, str):
        return Sample(text(given, where), where)
    entry = section(given, keys, where)
    weight, label = entry.get("weight", 1), entry.get("label", "")
    if isinstance(weight, bool) or not isinstance(weight, (int, float)):
        raise ConfigError(f"{where}: weight is {weight!r:.60}", hint="a number, 1 for as often")
    if not 0 <= weight <= _MOST_WEIGHT:
        raise ConfigError(f"{where}: weight is {weight}", hint=f"choose 0 to {_MOST_WEIGHT}")
    if not isinstance(label, str) or "\n" in label:
        raise ConfigError(f"{where}: label is {label!r:.60}", hint="one line of text")
    return Sample(text(entry.get("line"), f"{where}: line"), where, float(weight), label)


def _listed(given: object, where: str) -> list[Sample]:
    return [sample_of(one, f"{where} {n}") for n, one in enumerate(sequence(given, where), 1)]
