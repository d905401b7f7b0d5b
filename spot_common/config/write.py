"""Writing ``conf/spot.conf`` and the admin's table from the list of keys."""

from __future__ import annotations

from spot_common.config.keys import SECTIONS, Key, Kind
from spot_common.config.shell import quote

_HEADER = """\
# Spot's settings. Works unedited on one machine; on a cluster change the hosts and ports.
#
# KEY=value lines; a shell can source this file. ${NAME} refers to another key or to HOME.
# FDATE (YYYYMMDD), DSOURCE, YR, MH and DY are set by a run over one day and source.
# Order, later wins: defaults, this file, environment (SPOT_<KEY>), flags.
# `spot config check` checks it, `spot config show` tells where each value came from.
"""


def describe(key: Key) -> str:
    """Say in one line what a key means, with its unit or choices and its default."""
    kind = {Kind.CHOICE: " | ".join(key.choices), Kind.FLAG: "true | false"}.get(key.kind, "")
    inside = ", ".join(part for part in (kind, key.unit) if part)
    default = f"default {key.default}" if key.default else "default empty"
    return f"{key.doc} ({inside + '; ' if inside else ''}{default})"


def conf_text() -> str:
    """Give the text of ``conf/spot.conf``: every key with its default."""
    parts = [_HEADER]
    for section in SECTIONS:
        lines = [f"\n# --- {section.title} ---\n"]
        for key in section.keys:
            lines.append(f"# {describe(key)}\n{key.name}={quote(key.default)}\n")
        parts.append("".join(lines))
    return "".join(parts)


def markdown_table() -> str:
    """Give the table of all keys as the admin's page shows it."""
    lines = []
    for section in SECTIONS:
        lines += [f"\n### {section.title}\n", "| key | default | meaning |", "| --- | --- | --- |"]
        for key in section.keys:
            unit = f" ({key.unit})" if key.unit else ""
            choices = f": {', '.join(key.choices)}" if key.choices else ""
            default = f"`{key.default}`" if key.default else "empty"
            lines.append(f"| `{key.name}` | {default} | {key.doc}{unit}{choices} |")
    return "\n".join(lines) + "\n"
