"""What a stored model says about itself: where it comes from and how it was made."""

from __future__ import annotations

import json
import platform
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from spot_common.errors import DataError, UsageError
from spot_common.registry import check_source
from spot_ml.lda.parameters import Parameters
from spot_ml.request import UNDATED

#: The file of a stored model that has its facts; it is written last.
FACTS = "model.json"
#: Version of the layout of a stored model.
LAYOUT = 1

_ID = re.compile(rf"([a-z0-9_]+)-(\d{{8}}|{UNDATED})-([0-9a-f]{{12}})")
_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("pyspark", "pyarrow", "numpy", "scipy", "numba")


@dataclass(frozen=True)
class InputFile:
    """A file that was read: length in bytes, time of change (UTC), checksum of its content.

    ``checksum`` is the file system's own, with the name of its algorithm; empty where it has none.
    """

    path: str
    length: int
    modified: str
    checksum: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything about a model but its numbers.

    ``day`` is YYYYMMDD or ``UNDATED``; ``events`` the number of clean rows; ``copies`` how often
    each of ``feedback_rows`` was repeated; ``created`` the time of its run (UTC); ``size`` the
    bytes of its tables. ``identity`` is its ID, empty until it is saved.
    """

    source: str
    day: str
    order: str
    input: str
    files: tuple[InputFile, ...]
    rows: int
    events: int
    documents: int
    words: int
    pairs: int
    parameters: Parameters
    precision: int
    user_domain: str
    compatible: bool
    copies: int
    feedback_rows: int
    versions: Mapping[str, str]
    created: str
    size: int = 0
    identity: str = ""
    layout: int = LAYOUT

    def stable(self) -> str:
        """Give as text what is the same for every run over the same input."""
        values = asdict(replace(self, created="", size=0, identity=""))
        values["files"] = [{**file, "modified": ""} for file in values["files"]]
        return json.dumps(values, sort_keys=True)

    def text(self) -> str:
        """Give all facts as JSON."""
        return json.dumps(asdict(self), indent=2)


def of_text(text: str, identity: str) -> Facts:
    """Read what ``Facts.text`` gave; DataError where it is something else."""
    try:
        values: dict[str, Any] = json.loads(text)
        if values["layout"] != LAYOUT:
            raise DataError(
                f"the model {identity} was saved by another version of Spot",
                hint="make a new one of that day: spot ml run",
            )
        files = tuple(InputFile(**file) for file in values.pop("files"))
        return Facts(files=files, parameters=Parameters(**values.pop("parameters")), **values)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the facts of the model {identity} cannot be read: {error}",
            hint=f"delete it: spot ml models delete {identity}",
        ) from error


def identity_of(source: str, day: str, digest: str) -> str:
    """The ID of a model from its source, its day and the hash of its content (hexadecimal)."""
    return f"{source}-{day}-{digest[:12]}"


def source_of(identity: str) -> str:
    """The source that an ID names; UsageError for a text that is no ID."""
    found = _ID.fullmatch(identity)
    if found is None:
        raise UsageError(f"{identity!r} is no ID of a model", hint="see: spot ml models")
    return check_source(found[1]).name


def is_identity(text: str) -> bool:
    """Say whether a text has the form of an ID."""
    return _ID.fullmatch(text) is not None


def versions(packages: Sequence[str] = _PACKAGES) -> dict[str, str]:
    """The versions of this program and of what it computes with."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        "spot": project["project"]["version"],
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in packages},
    }
