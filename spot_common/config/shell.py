"""Reading the part of the shell's language that ``spot.conf`` may use.

The file is sourced by shell scripts and read here, with the same result. So it is restricted to
assignments, comments, the three ways of quoting, and ``${NAME}``; anything that a shell would
execute is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from spot_common.errors import ConfigError

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)\Z", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_FORBIDDEN_BARE = set(";&|<>()`*?[]~!{}\\")


@dataclass(frozen=True)
class Piece:
    """A run of text, or the name of a variable to be put in."""

    text: str
    is_variable: bool = False


@dataclass(frozen=True)
class Assignment:
    """One ``KEY=value`` of a file: its line (from 1), key and the pieces of its value."""

    line: int
    key: str
    pieces: tuple[Piece, ...]


def parse(text: str, where: str) -> list[Assignment]:
    """Give the assignments of a configuration file in order.

    Raises ConfigError naming ``where`` and the line for anything but assignments and comments.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        place = f"{where}, line {number}"
        match = _ASSIGNMENT.match(stripped)
        if match is None:
            raise ConfigError(
                f"{place}: expected KEY=value, found {stripped[:60]!r}",
                hint="no blanks around '='; comments start with '#'",
            )
        found.append(Assignment(number, match[1], parse_value(match[2], place)))
    return found


def parse_value(text: str, place: str) -> tuple[Piece, ...]:
    """Split the right side of an assignment into pieces as a shell would."""
    pieces: list[Piece] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char == "'":
            position = _single_quoted(text, position, place, pieces)
        elif char == '"':
            position = _double_quoted(text, position, place, pieces)
        elif char.isspace():
            _only_comment(text[position:], place)
            break
        else:
            position = _bare(text, position, place, pieces)
    return tuple(pieces)


def _single_quoted(text: str, start: int, place: str, pieces: list[Piece]) -> int:
    end = text.find("'", start + 1)
    if end < 0:
        raise ConfigError(f"{place}: the single quote is never closed")
    pieces.append(Piece(text[start + 1 : end]))
    return end + 1


def _double_quoted(text: str, start: int, place: str, pieces: list[Piece]) -> int:
    position = start + 1
    while position < len(text) and text[position] != '"':
        char = text[position]
        if char == "\\" and text[position + 1 : position + 2] in ('"', "\\", "$", "`"):
            pieces.append(Piece(text[position + 1]))
            position += 2
        elif char == "`":
            raise ConfigError(f"{place}: commands are not allowed in a setting")
        elif char == "$":
            position = _variable(text, position, place, pieces)
        else:
            pieces.append(Piece(char))
            position += 1
    if position >= len(text):
        raise ConfigError(f"{place}: the double quote is never closed")
    return position + 1


def _bare(text: str, start: int, place: str, pieces: list[Piece]) -> int:
    char = text[start]
    if char == "$":
        return _variable(text, start, place, pieces)
    if char in _FORBIDDEN_BARE:
        raise ConfigError(
            f"{place}: {char!r} has a meaning to the shell", hint="put the value in single quotes"
        )
    pieces.append(Piece(char))
    return start + 1


def _variable(text: str, start: int, place: str, pieces: list[Piece]) -> int:
    match = _VARIABLE.match(text, start)
    if match is None:
        raise ConfigError(
            f"{place}: only ${{NAME}} may follow '$'",
            hint="put a literal '$' in single quotes",
        )
    pieces.append(Piece(match[1] or match[2], is_variable=True))
    return match.end()


def _only_comment(rest: str, place: str) -> None:
    rest = rest.strip()
    if rest and not rest.startswith("#"):
        raise ConfigError(
            f"{place}: unexpected {rest[:40]!r} after the value",
            hint="put a value that contains blanks in quotes",
        )


def expand(pieces: tuple[Piece, ...], variables: Mapping[str, str]) -> str:
    """Put the pieces together; a variable that is not set is empty, as in a shell."""
    return "".join(
        variables.get(piece.text, "") if piece.is_variable else piece.text for piece in pieces
    )


def quote(text: str) -> str:
    """Write a value so that a shell and :func:`parse_value` read it back unchanged.

    A text with ``$`` goes into double quotes (its variables stay alive), any other into single
    quotes when it needs them.
    """
    if "$" in text:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`") + '"'
    if text and not re.search(r"[^A-Za-z0-9_./:@%+,=-]", text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"
