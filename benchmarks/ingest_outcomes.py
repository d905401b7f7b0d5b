"""Feed every file of a folder of recorded data and write what became of each as a table.

    python benchmarks/ingest_outcomes.py ../shared/data docs/inputs.md

The services must run. ``<folder>/flow``, ``dns`` and ``proxy`` are walked.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from spot_common.config import Config, load_config
from spot_ingest import names
from spot_ingest.feed import feed, wait
from spot_ingest.ledger import Entry
from spot_ingest.source import ingest_source

_FOLDERS = {"flow": "flow", "dns": "dns", "proxy": "proxy"}
_HEAD = """# What becomes of an input

Every recorded file that we have, fed as a user would (`spot feed`), and what the ledger says of it
afterwards. Rows that are set aside are in HDFS under `<source>/quarantine/<hash>/rows.jsonl`, files
that are set aside in the same folder with `reason.json`. Written by
`benchmarks/ingest_outcomes.py`; most of these files are not part of this project because of their
licences.
"""
_ROW = "| {file} | {state} | {received} | {stored} | {set_aside} | {reason} |\n"
_TITLES = _ROW.format(
    file="file",
    state="state",
    received="rows received",
    stored="stored",
    set_aside="set aside",
    reason="reason",
)


def main() -> None:
    """Feed, wait, and write the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("page", type=Path)
    given = arguments.parse_args()
    config = load_config()
    page = [_HEAD]
    for source, folder in _FOLDERS.items():
        shown = _inputs(given.data / folder)
        page += [f"\n## {source}\n\n", _TITLES, "|---" * 6 + "|\n"]
        page += _table(config, source, shown)
    given.page.write_text("".join(page), encoding="utf-8")


def _inputs(folder: Path) -> dict[str, Path]:
    """Give the files by the name that the page shows."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path for path in files}


def _table(config: Config, source: str, shown: dict[str, Path]) -> list[str]:
    spec = ingest_source(source)
    hashes = {name: names.digest_of(path) for name, path in shown.items()}
    first = {digest: shown[name] for name, digest in reversed(hashes.items())}
    feed(config, spec, list(first.values()))
    outcome = wait(config, spec, list(first), timeout=1800)
    entries = {entry.hash: entry for entry in outcome.entries}
    return [_line(name, entries[digest]) for name, digest in hashes.items()]


def _line(name: str, entry: Entry) -> str:
    return _ROW.format(
        file=f"`{name}`",
        state=entry.state.value,
        received=f"{entry.rows_received:,}",
        stored=f"{entry.rows_stored:,}",
        set_aside=f"{entry.rows_set_aside:,}",
        reason=entry.reason.replace("|", "\\|"),
    )


if __name__ == "__main__":
    main()
