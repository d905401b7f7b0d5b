"""How a log writes the time of a request.

A form is a word (``epoch``, ``epoch-ms``, ``iso``) or a pattern such as ``[%d/%b/%Y:%H:%M:%S %z]``:
``%Y %m %d %H %M %S`` are numbers of fixed width, ``%b`` the English name of a month in three
letters. Behind them may come ``%f`` (a fraction of the second, or nothing) and ``%z`` (``Z`` or an
offset such as ``+0200``). Whatever else stands in the pattern stands in the log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cached_property
from zoneinfo import ZoneInfo

WIDTHS = {"Y": 4, "m": 2, "d": 2, "b": 3, "H": 2, "M": 2, "S": 2}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: Forms that count from 1970, and how many of their units a second has.
EPOCHS = {"epoch": 1, "epoch-ms": 1000}
FRACTION = r"[.,]\d{1,9}"

_ISO = "%Y-%m-%dT%H:%M:%S%f%z"
_PIECE = re.compile(r"%(.?)|([^%]+)", re.DOTALL)
_OFFSET = re.compile(r"([+-])(\d\d):?([0-5]\d)\Z")
#: Counts of a moment between 2001 and 2286; in a line others are too likely something else.
_COUNTS = {
    "epoch": r"(?<![\w.])\d{10}(?:\.\d+)?(?![\w.])",
    "epoch-ms": r"(?<![\w.])\d{13}(?![\w.])",
}


class FormError(ValueError):
    """A form or a zone that makes no sense; its text says why."""


@dataclass(frozen=True)
class Form:
    """A form, and the zone of times that do not say theirs: an offset or an IANA name."""

    text: str
    zone: str = "UTC"

    def __post_init__(self) -> None:
        zone_of(self.zone)
        if self.text not in EPOCHS:
            _check([letter for letter, literal in self._pieces if not literal])

    @cached_property
    def _pieces(self) -> list[tuple[str, str]]:
        """Pairs of a directive's letter and a literal text, of which one is empty."""
        found: list[tuple[str, str]] = _PIECE.findall(_ISO if self._is_iso else self.text)
        return found

    @property
    def _is_iso(self) -> bool:
        """Whether a blank may stand for the T, and the zone may be absent."""
        return self.text == "iso"

    @cached_property
    def _head(self) -> list[tuple[str, str]]:
        """The pieces before any fraction or zone."""
        letters = [letter for letter, _ in self._pieces]
        end = next((n for n, letter in enumerate(letters) if letter in ("f", "z")), len(letters))
        return self._pieces[:end]

    @cached_property
    def places(self) -> list[tuple[str, int, bytes]]:
        """What stands where in the part of fixed width: a directive, or one of some bytes."""
        found, place = [], 0
        for letter, literal in self._head:
            if letter:
                found.append((letter, place, b""))
                place += WIDTHS[letter]
            for byte in literal.encode():
                choices = b"T " if self._is_iso and literal == "T" else bytes([byte])
                found.append(("", place, choices))
                place += 1
        return found

    @property
    def width(self) -> int:
        """The bytes of that part."""
        letter, place, _ = self.places[-1]
        return place + WIDTHS.get(letter, 1)

    @cached_property
    def tail(self) -> str:
        """An expression for what follows it, with a group ``z`` for the zone."""
        return "".join(self._expression(piece) for piece in self._pieces[len(self._head) :])

    def _expression(self, piece: tuple[str, str]) -> str:
        letter, literal = piece
        if letter == "z":
            return r"(?P<z>Z|[+-]\d\d:?\d\d)" + "?" * self._is_iso
        if letter == "f":
            return f"(?:{FRACTION})?"
        if literal == "T" and self._is_iso:
            return "[T ]"
        digits = r"[A-Z][a-z]{2}" if letter == "b" else rf"\d{{{WIDTHS.get(letter, 0)}}}"
        return re.escape(literal) if literal else f"(?P<{letter}>{digits})"

    @cached_property
    def _anywhere(self) -> re.Pattern[str]:
        if self.text in EPOCHS:
            return re.compile(_COUNTS[self.text])
        return re.compile("".join(map(self._expression, self._head)) + self.tail)

    def find(self, line: str) -> tuple[int, datetime] | None:
        """Find the first time of this form in a line: where it is, and the moment in UTC."""
        for found in self._anywhere.finditer(line):
            try:
                return found.start(), self._moment(found)
            except (ValueError, OverflowError):
                continue
        return None

    def _moment(self, found: re.Match[str]) -> datetime:
        if self.text in EPOCHS:
            return datetime.fromtimestamp(float(found[0]) / EPOCHS[self.text], UTC)
        said = found.groupdict()
        month = MONTHS.index(said["b"]) + 1 if "b" in said else int(said["m"])
        day = (int(said["Y"]), month, int(said["d"]))
        zone = zone_of(said.get("z") or self.zone)
        local = datetime(*day, int(said["H"]), int(said["M"]), tzinfo=zone)
        return local.astimezone(UTC)


def _check(letters: list[str]) -> None:
    """Raise FormError for directives from which no time can be told."""
    unknown = [letter for letter in letters if letter not in {*WIDTHS, "f", "z"}]
    if unknown:
        raise FormError(f"%{unknown[0]} means nothing in it")
    if len(set(letters)) < len(letters):
        raise FormError("it has a part twice")
    if not {"Y", "d", "H", "M", "S"} <= set(letters) or len({"m", "b"} & set(letters)) != 1:
        raise FormError("it must have %Y, %m or %b, %d, %H, %M and %S")
    if "".join(letters).lstrip("".join(WIDTHS)) not in ("", "f", "z", "fz"):
        raise FormError("only %f and then %z may come behind the other parts")


def zone_of(text: str) -> tzinfo:
    """Give a zone by its offset or IANA name; FormError where there is none."""
    offset = _OFFSET.match(text)
    if text in ("UTC", "Z"):
        return UTC
    try:
        if offset:
            shift = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
            return timezone(-shift if offset[1] == "-" else shift)
        return ZoneInfo(text)
    except (ValueError, KeyError, OSError) as error:
        raise FormError(f"{text!r} is no time zone") from error
