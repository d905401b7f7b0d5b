"""Figures as text: short, with the spread beside the mean where there are several data sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Leaf = dict[str, Any]

NOTHING = "-"
UNLISTED = "not listed"

#: So many ranks are told one by one.
_FEW = 5


def share(leaf: Leaf | None) -> str:
    """A number from 0 to 1, three digits behind the point."""
    return _figure(leaf, lambda value: f"{value:.3f}")


def total_amount(leaf: Leaf | None) -> str:
    """A number of things that is no result: its mean alone."""
    return NOTHING if not leaf or leaf["mean"] is None else _amount(leaf["mean"])


def factor(leaf: Leaf | None) -> str:
    """A factor, like 12.3x."""
    text = _figure(leaf, lambda value: f"{value:.0f}" if value >= 100 else f"{value:.1f}")
    return text if text == NOTHING else f"{text}x"


def amount(leaf: Leaf | None) -> str:
    """A number of things; with one digit behind the point where it is a mean."""
    return _figure(leaf, _amount)


def percent(leaf: Leaf | None) -> str:
    """A share that is no result, in percent with two significant digits: its mean alone."""
    return NOTHING if not leaf or leaf["mean"] is None else f"{100 * leaf['mean']:.2g} %"


def percent_of(leaf: Leaf) -> str:
    """A share that is a result, in whole percent with its spread."""
    return f"{_figure(leaf, lambda value: f'{100 * value:.0f}')} %"


def rank(leaf: Leaf | None) -> str:
    """A rank; says so where some or all data sets do not list it."""
    if not leaf or not leaf["n"]:
        return UNLISTED
    text = _figure(leaf, lambda value: f"{value:,.0f}")
    missing = leaf["of"] - leaf["n"]
    return f"{text} ({missing} of {leaf['of']} {UNLISTED})" if missing else text


def deviation(leaf: Leaf) -> str:
    """The spread of a number of things, empty for a single data set."""
    return "" if leaf["sd"] is None else f"± {_amount(leaf['sd'])}"


def plain_rank(value: float | None) -> str:
    """A rank of one data set."""
    return UNLISTED if value is None else f"{value:,.0f}"


def ranks(values: Sequence[float | None]) -> str:
    """Several ranks, the best first; median and worst of many."""
    if len(values) <= _FEW:
        return ", ".join(map(plain_rank, values))
    return f"median {plain_rank(values[len(values) // 2])}, worst {plain_rank(values[-1])}"


def of(found: Leaf | None, total: Leaf | None) -> str:
    """So many of so many."""
    return f"{amount(found)} of {total_amount(total)}" if found and total else NOTHING


def signed(value: float, digits: int = 3) -> str:
    """A difference with its sign; 0 without."""
    rounded = round(value, digits)
    return f"{rounded:+,.{digits}f}" if rounded else f"{0:.{digits}f}"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _figure(leaf: Leaf | None, text: Callable[[float], str]) -> str:
    if not leaf or leaf["mean"] is None:
        return NOTHING
    told = text(leaf["mean"])
    return told if leaf["sd"] is None else f"{told} ± {text(leaf['sd'])}"
