"""Scalars: how values come in and go out, with the coercions that old clients rely on."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, date, datetime
from typing import Any

from ariadne import ScalarType
from graphql import (
    GraphQLError,
    GraphQLScalarType,
    IntValueNode,
    StringValueNode,
    ValueNode,
    print_ast,
)

_MOMENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?", re.A)
_PADDED_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.A)
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.A)
_WHOLE = re.compile(r"[+-]?\d{1,19}", re.A)
_WHOLE_LIMIT = 2**63
_LONGEST_ADDRESS = 45


def moment_text(value: object) -> str:
    """Give a moment as ``YYYY-MM-DD HH:MM:SS``: from a text, epoch seconds (UTC) or datetime.

    Unpadded texts are padded. Raises ValueError for a text that names no moment.
    """
    if isinstance(value, str):
        if _PADDED_MOMENT.fullmatch(value):
            return value
        return f"{_moment_of_text(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{_moment_of_seconds(value):%Y-%m-%d %H:%M:%S}"
    raise GraphQLError(f"a stored value is no moment: {value!r:.60}")


def _moment_of_text(text: str) -> datetime:
    found = _MOMENT.fullmatch(text)
    if not found:
        raise GraphQLError(f"not a moment as YYYY-MM-DD HH:MM:SS: {text!r:.60}")
    try:
        return datetime(*map(int, found.groups()))  # type: ignore[arg-type]
    except ValueError as error:
        raise GraphQLError(f"no such moment: {text!r:.60}") from error


def _moment_of_seconds(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError) as error:
        raise GraphQLError(f"no such moment: {seconds}") from error


def parse_moment(value: object) -> datetime:
    """Read a moment from a variable: a padded text, or epoch seconds."""
    if isinstance(value, str) and _PADDED_MOMENT.fullmatch(value):
        return _moment_of_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _moment_of_seconds(value)
    raise GraphQLError(f"not a moment as YYYY-MM-DD HH:MM:SS: {value!r:.60}")


def day_text(value: object) -> str:
    """Give a day as ``YYYY-MM-DD``."""
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    found = _DAY.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise GraphQLError(f"a stored value is no day: {value!r:.60}")
    return f"{_day_of(found):%Y-%m-%d}"


def parse_day(value: object) -> date:
    """Read a day from ``YYYY-MM-DD``."""
    found = _DAY.fullmatch(value) if isinstance(value, str) and len(value) == 10 else None
    if not found:
        raise GraphQLError(f"not a day as YYYY-MM-DD: {value!r:.60}")
    return _day_of(found)


def _day_of(found: re.Match[str]) -> date:
    try:
        return date(*map(int, found.groups()))
    except ValueError as error:
        raise GraphQLError(f"no such day: {found.group()}") from error


def parse_address(value: object) -> str | None:
    """Read an address from a variable, in its canonical form; None for the empty text."""
    if value == "":
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_ADDRESS or "%" in value:
        raise GraphQLError(f"not an IP address: {value!r:.60}")
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError as error:
        raise GraphQLError(f"not an IP address: {value!r:.60}") from error


def parse_whole(value: object) -> int:
    """Read a whole number from a variable: a number, or a text of digits as old forms send it."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= _WHOLE_LIMIT:
        raise GraphQLError(f"not a whole number: {value!r:.60}")
    return value


def whole(value: object) -> int:
    """Give a whole number as it is, however large."""
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise GraphQLError(f"a stored value is no whole number: {value!r:.60}")


def _text_of(node: ValueNode) -> str:
    if not isinstance(node, StringValueNode):
        raise GraphQLError(f"a text is needed, not {print_ast(node):.60}", node)
    return node.value


def _day_literal(node: ValueNode, _variables: Any = None) -> date:
    return parse_day(_text_of(node))


def _moment_literal(node: ValueNode, _variables: Any = None) -> datetime:
    return parse_moment(_text_of(node))


def _address_literal(node: ValueNode, _variables: Any = None) -> str:
    found = parse_address(_text_of(node))
    if found is None:
        raise GraphQLError("an address is needed, not an empty text", node)
    return found


def _whole_literal(node: ValueNode, _variables: Any = None) -> int:
    if not isinstance(node, IntValueNode):
        raise GraphQLError(f"a whole number is needed, not {print_ast(node):.60}", node)
    return parse_whole(node.value)


SCALARS = [
    ScalarType(
        "SpotDateType", serializer=day_text, value_parser=parse_day, literal_parser=_day_literal
    ),
    ScalarType(
        "SpotDatetimeType",
        serializer=moment_text,
        value_parser=parse_moment,
        literal_parser=_moment_literal,
    ),
    ScalarType(
        "SpotIpType", serializer=str, value_parser=parse_address, literal_parser=_address_literal
    ),
]

#: Takes the place of the built-in ``Int``, which refuses digits as text and more than 31 bits.
INT = GraphQLScalarType(
    name="SpotInt",
    description="A whole number. As a variable it may be a text of digits; counters may be large.",
    serialize=whole,
    parse_value=parse_whole,
    parse_literal=_whole_literal,
)
INT.name = "Int"  # the library keeps the name for its own; this one is put in its place
