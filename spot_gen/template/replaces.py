"""What stands for a placeholder: values of a list or a file, or a function of the fixed list.

An entry of ``replaces`` is written as in the original, a list of placeholder and source::

    - [ '%USER%', [anna, ben] ]                      values
    - [ '%USER%', users.txt ]                        a file with one value a line
    - [ '%_PORT%', int, [1024, 65535] ]              a function with its arguments
    - [ '%_PORT%', !!python/name:random.randint, [1024, 65535] ]         the original's notation
    - [ '%_PORT%', !!python/object/apply:random.randint [1024, 65535] ]  the same
    - [ '%_PORT%', random.randint, [1024, 65535] ]                       the same

or as a mapping, ``%USER%: [anna, ben]``, where a function is ``{function: int, args: [1, 9]}``.
"""

from __future__ import annotations

import re
from typing import Any

from spot_common.errors import ConfigError, NotFoundError
from spot_gen.template.functions import Draw, function, is_function, values
from spot_gen.template.lines import TIME
from spot_gen.template.reading import Called, Folder, mapping, scalar, section, sequence, text

_KEYS = ("function", "args", "values", "file")


def read_replaces(given: object, folder: Folder, where: str) -> dict[str, Draw]:
    """Read all placeholders: what draws their values, by name without percent signs."""
    found: dict[str, Draw] = {}
    for placeholder, source, place in _entries(given, f"{where}: replaces"):
        name = _name(placeholder, place)
        if name in found:
            raise ConfigError(f"{place}: %{name}% is there twice")
        found[name] = _draw(source, folder, f"{place} (%{name}%)")
    return found


def _entries(given: object, where: str) -> list[tuple[Any, list[Any], str]]:
    """List placeholder, source and place of each entry."""
    if given is None:
        return []
    if isinstance(given, dict):
        return [(name, [source], where) for name, source in mapping(given, where).items()]
    entries: list[tuple[Any, list[Any], str]] = []
    for number, entry in enumerate(sequence(given, where), 1):
        place = f"{where}, entry {number}"
        if isinstance(entry, dict):
            entries += [(name, [source], place) for name, source in mapping(entry, place).items()]
        else:
            parts = sequence(entry, place)
            entries.append((parts[0], parts[1:], place))
    return entries


def _name(placeholder: object, where: str) -> str:
    if not isinstance(placeholder, str):
        raise ConfigError(f"{where}: {placeholder!r:.60} is no placeholder")
    found = re.fullmatch(r"%(\w[\w.-]*)%|(\w[\w.-]*)", placeholder, re.ASCII)
    if not found:
        raise ConfigError(
            f"{where}: {placeholder!r:.60} is no placeholder",
            hint="letters, digits, _ . and - between percent signs",
        )
    name = str(found[1] or found[2])
    if f"%{name}%" == TIME:
        raise ConfigError(f"{where}: {TIME} is the time", hint="choose another name")
    return name


def _draw(source: list[Any], folder: Folder, where: str) -> Draw:
    if not 1 <= len(source) <= 2:
        raise ConfigError(f"{where}: expected a placeholder and its values or function")
    what, rest = source[0], source[1:]
    if isinstance(what, Called) and what.arguments is None:
        return function(what.name, _arguments(rest[0] if rest else [], where), where)
    if isinstance(what, str) and rest:
        return function(what, _arguments(rest[0], where), where)
    if rest:
        raise ConfigError(f"{where}: {rest[0]!r:.60} is one too many")
    if isinstance(what, Called):
        return function(what.name, what.arguments, where)
    if isinstance(what, str):
        return _from_file(what, folder, where)
    if isinstance(what, dict):
        return _written_out(what, folder, where)
    return values([scalar(value, where) for value in sequence(what, where)])


def _written_out(given: dict[Any, Any], folder: Folder, where: str) -> Draw:
    entry = section(given, _KEYS, where)
    ways = [name for name in ("function", "values", "file") if name in entry]
    if len(ways) != 1 or ("args" in entry and ways != ["function"]):
        raise ConfigError(f"{where}: expected function and args, or values, or file")
    if "values" in entry:
        return _draw([sequence(entry["values"], where)], folder, where)
    if "file" in entry:
        return _from_file(entry["file"], folder, where)
    named = entry["function"]
    name = named.name if isinstance(named, Called) else text(named, where)
    return function(name, _arguments(entry.get("args", []), where), where)


def _from_file(name: object, folder: Folder, where: str) -> Draw:
    try:
        lines = [line for _, line in folder.lines(name, where)]
    except NotFoundError as error:
        if not isinstance(name, str) or not is_function(name):
            raise
        hint = f"a function has its arguments behind it: {name}, []"
        raise ConfigError(f"{where}: there is no file {name}", hint=hint) from error
    if not lines:
        raise ConfigError(f"{where}: {name} has no values")
    return values(lines)


def _arguments(given: object, where: str) -> list[Any]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise ConfigError(f"{where}: the arguments are {given!r:.60}", hint="write them as a list")
    return given
