"""Formats from the files of ``conf/proxy/``: YAML, one a format, every word of it checked.

docs/admin.md describes the language. It has no code and no expressions of any kind: a format is a
way to cut lines that we know, names of fields, and steps of a closed list.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from spot_common.config.load import ROOT
from spot_common.errors import ConfigError
from spot_common.registry import check_source
from spot_ingest.readers.proxylog import steps
from spot_ingest.readers.proxylog.clock import Form, FormError
from spot_ingest.readers.proxylog.format import DERIVED, NEEDED, Format, Layout, Source, Time
from spot_ingest.readers.proxylog.nodes import Document
from spot_ingest.readers.proxylog.tokens import SPLITS

FOLDER = ROOT / "conf" / "proxy"
_LARGEST = 64 * 1024
_JSON = "json"
_KEYS = ("split", "layouts", "header", "comments", "needs", "files", "times", "columns")


def formats(folder: Path | None = None) -> tuple[Format, ...]:
    """Give all formats by name; ConfigError naming file and line for what is wrong.

    Files that have changed are read again.
    """
    folder = folder or FOLDER
    found = []
    for file in sorted(folder.glob("*.yaml")):
        status = file.stat()
        found.append(_format(file, status.st_mtime_ns, status.st_size))
    if not found:
        raise ConfigError(f"{folder} has no file *.yaml", hint="bring back those shipped with Spot")
    return tuple(found)


@lru_cache(maxsize=256)
def _format(file: Path, _changed: int, size: int) -> Format:
    if size > _LARGEST:
        raise ConfigError(f"{file} is larger than {_LARGEST} bytes")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}") from error
    return parse(text, str(file), file.stem)


def parse(text: str, where: str, name: str) -> Format:
    """Read a format; ``where`` names its file in errors."""
    document = Document(where)
    root = document.root(text)
    given = document.section(root, "key", _KEYS, needed=("split", "times", "columns"))
    split = document.text(given["split"])
    if split not in (*SPLITS, _JSON):
        raise document.unknown(given["split"], "split", split, (*SPLITS, _JSON))
    reader = _Reader(document, exact=split == _JSON)
    if split == _JSON:
        for key in {"layouts", "header", "comments"} & given.keys():
            raise document.wrong(given[key], f"lines of JSON have no {key}")
    elif not {"layouts", "header"} & given.keys():
        raise document.wrong(root, "layouts or a header must name the fields")
    layouts = reader.layouts(given.get("layouts"))
    fixed = split != _JSON and "header" not in given
    known = {name for one in layouts for name in one.names} - {"-"} if fixed else None
    log_format = Format(
        name=name,
        split=SPLITS.get(split),
        times=tuple(reader.time(node, known) for node in document.items(given["times"])),
        columns=reader.columns(given["columns"], known),
        layouts=layouts,
        header=reader.sign(given.get("header"), 40),
        comments=reader.sign(given.get("comments"), 1),
        needs=reader.names(given["needs"], known) if "needs" in given else (),
        files=document.text(given["files"]) if "files" in given else "",
    )
    for layout in layouts:
        if missing := log_format.missing(layout):
            fault = f"the layout of {layout.count} fields lacks {', '.join(missing)}"
            raise document.wrong(given["layouts"], fault)
    return log_format


@dataclass(frozen=True)
class _Reader:
    """Reads the parts of a document.

    ``exact`` says that names of fields differ by case too, as they do in JSON. ``known`` are the
    fields that there are, None where the log names them.
    """

    document: Document
    exact: bool

    def sign(self, node: Any, longest: int) -> bytes:
        """Read what a line begins with."""
        text = self.document.text(node).encode() if node else b""
        if len(text) > longest:
            raise self.document.wrong(node, f"it is longer than {longest} bytes")
        return text

    def layouts(self, node: Any) -> tuple[Layout, ...]:
        """Read the layouts."""
        found: dict[int, Layout] = {}
        for item in self.document.items(node) if node else ():
            layout = Layout(tuple(self._name(name) for name in self.document.text(item).split()))
            named = [name for name in layout.names if name != "-"]
            if len(set(named)) < len(named):
                hint = "write - for a field that is of no interest"
                raise self.document.wrong(item, "the layout names a field twice", hint)
            if layout.count in found:
                hint = "lines are told apart by that number: make a file for the second one"
                raise self.document.wrong(item, f"two layouts have {layout.count} fields", hint)
            found[layout.count] = layout
        return tuple(found.values())

    def names(self, node: Any, known: Collection[str] | None) -> tuple[str, ...]:
        """Read names of fields with blanks between."""
        names = tuple(self._name(name) for name in self.document.text(node).split())
        for name in names:
            self._check_field(node, name, known)
        return names

    def time(self, node: Any, known: Collection[str] | None) -> Time:
        """Read one way in which the time is told."""
        keys = ("fields", "form", "zone")
        given = self.document.section(node, "key", keys, needed=("fields", "form"))
        fields = self.names(given["fields"], known)
        zone = self.document.text(given["zone"]) if "zone" in given else "UTC"
        try:
            return Time(fields, Form(self.document.text(given["form"]), zone))
        except FormError as error:
            raise self.document.wrong(node, f"no time can be read so: {error}") from error

    def columns(self, node: Any, known: Collection[str] | None) -> dict[str, tuple[Source, ...]]:
        """Read where the columns of the table come from."""
        names = [name for name in check_source("proxy").raw.column_names if name not in DERIVED]
        given = self.document.section(node, "column", names, needed=NEEDED)
        return {
            column: tuple(self._source(item, known) for item in self.document.items(value))
            for column, value in given.items()
        }

    def _source(self, node: Any, known: Collection[str] | None) -> Source:
        if isinstance(node, yaml.MappingNode):
            given = self.document.section(node, "key", ("text",), needed=("text",))
            return Source(text=self.document.text(given["text"]))
        field, *taken = (part.strip() for part in self.document.text(node).split(" | "))
        self._check_field(node, self._name(field), known)
        for step in taken:
            if not steps.is_step(step):
                raise self.document.unknown(node, "step", step, steps.KNOWN)
        return Source((self._name(field), *taken))

    def _name(self, name: str) -> str:
        return name if self.exact else name.lower()

    def _check_field(self, node: Any, name: str, known: Collection[str] | None) -> None:
        if known is not None and name not in known:
            raise self.document.unknown(node, "field", name, known)
