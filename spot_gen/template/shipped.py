"""The configurations that come with Spot."""

from __future__ import annotations

from pathlib import Path

from spot_common.errors import NotFoundError
from spot_gen.template.reading import read_yaml

_FOLDER = Path(__file__).parent / "shipped"
_FILE = "config.yaml"


def shipped() -> dict[str, str]:
    """Return the names of the shipped configurations, each with its description."""
    files = sorted(_FOLDER.glob(f"*/{_FILE}"))
    return {file.parent.name: str(read_yaml(file).get("description", "")) for file in files}


def find(name: str) -> Path:
    """Return the configuration file of a path or of a shipped name; NotFoundError for neither."""
    path = Path(name)
    if path.is_file():
        return path
    own = _FOLDER / name / _FILE
    if name in shipped():
        return own
    raise NotFoundError(
        f"there is no configuration {name}",
        hint=f"give a file, or one of {', '.join(shipped())}",
    )
