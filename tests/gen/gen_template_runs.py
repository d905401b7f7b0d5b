"""What the tests of template mode share: a run of the command, configurations, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from spot_gen.template.cli import template

END = "2016-07-08T12:00:00"  # a Friday


def run(*words: str) -> Result:
    return CliRunner().invoke(template, list(words))


def lines_of(*words: str) -> list[str]:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


@pytest.fixture(name="config")
def configurations(tmp_path: Path):
    """Writes a configuration: its text, and further files by name; gives its path."""

    def write(text: str, **files: str) -> str:
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
        (tmp_path / "config.yaml").write_text(text)
        return str(tmp_path / "config.yaml")

    return write


def inline(*samples: str, replaces: str = "[]", more: str = "", high: int = 3) -> str:
    """A configuration with samples of its own, every minute of each hour alike."""
    return (
        f"curve: flat\n{more}\n"
        + (f"replaces: {replaces}\n" if replaces != "[]" else "")
        + f"templates: [{{type: list, period: 60, min: {high}, max: {high}, samples: "
        + json.dumps(list(samples))
        + "}]\n"
    )


def refused(path: str, *words: str) -> str:
    """What a configuration or option is refused with: exit status and both lines."""
    result = run(path, "--end", END, *words)
    assert result.exit_code in {2, 3}, result.output
    return result.stderr
