"""Where Spark SQL, Hive and Impala differ, and how a value becomes a literal.

Values reach a statement only through :func:`bind`. HiveServer2 clients have no parameters of
their own, so the literal is made here, in one place, for all dialects: they agree that inside
single quotes a backslash escapes the next character.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | date | None

#: Inside quotes. Servers put variables into ``${...}`` even there, so no ``$`` stays one; octal
#: escapes of three digits are the form that all dialects read.
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "$": "\\044", "\0": "\\000"})


def literal(value: Value) -> str:
    """Give the SQL literal of a value; TypeError for a type that has none.

    Strings are quoted with backslash and quote escaped; NaN and infinities are refused
    (ValueError).
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no SQL literal")
        return f"CAST({value!r} AS DOUBLE)"
    if isinstance(value, date):
        return f"'{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.translate(_ESCAPES) + "'"
    raise TypeError(f"{type(value).__name__} has no SQL literal")


def bind(sql: str, params: Sequence[Value]) -> str:
    """Replace each ``?`` by the literal of its parameter; ValueError when counts differ.

    ``sql`` is a text of the program, never data: a ``?`` in it always is a place holder.
    """
    pieces = sql.split("?")
    if len(pieces) != len(params) + 1:
        raise ValueError(f"{len(pieces) - 1} place holders, {len(params)} parameters")
    parts = [pieces[0]]
    for value, piece in zip(params, pieces[1:], strict=True):
        parts += [literal(value), piece]
    return "".join(parts)


def refresh(engine: str, database: str, table: str) -> str | None:
    """The statement that makes a server see files added to a table, where it needs one."""
    name = f"`{database}`.`{table}`"
    if engine == "impala":
        return f"REFRESH {name}"
    return None
