"""Giving a report to who asked for it: as text or JSON, as a page, and to a history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from spot_common.cli import print_json
from spot_gen.measure import page
from spot_gen.measure.history import since_last
from spot_gen.measure.text import text


def tell(report: dict[str, Any], *, keep: Path | None, html: Path | None, as_json: bool) -> None:
    """Print a report; ``keep`` is a history that it is added to, ``html`` the page to write."""
    if keep is not None:
        report["history"] = since_last(keep, report)
    if html is not None:
        page.write(html, report)
    if as_json:
        print_json(report)
    else:
        click.echo(text(report), nl=False)
