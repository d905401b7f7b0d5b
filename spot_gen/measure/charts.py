"""Curves as paths of SVG: coordinates only, how they look is the page's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 560, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 20, 32

Point = tuple[float, float]


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """One curve: the style it has (its number on the page), its path, and its marked points."""

    style: int
    path: str
    marks: tuple[Point, ...]


@dataclass(frozen=True)
class Chart:
    """A drawing: its plain area, ticks of both axes, guides (vertical lines) and curves."""

    left: float
    right: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    guides: tuple[Tick, ...]
    lines: tuple[Line, ...]


def found(
    curves: Sequence[tuple[int, Sequence[float], Sequence[float]]],
    incidents: float,
    total: float,
    tops: Sequence[int],
) -> Chart:
    """Incidents found (upwards) against rows looked at (rightwards, logarithmic)."""
    x = _logarithmic(1, max(total, 10), _LEFT, WIDTH - _RIGHT)
    y = _linear(0, max(incidents, 1), HEIGHT - _BOTTOM, _TOP)
    lines = []
    for style, steps, values in curves:
        points = [(x(step), y(value)) for step, value in zip(steps, values, strict=True)]
        at = dict(zip(steps, values, strict=True))
        marks = tuple((x(top), y(_at(at, top))) for top in tops if top <= total)
        lines.append(Line(style, _stairs(points), marks))
    powers = range(math.floor(math.log10(max(total, 10))) + 1)
    return _chart(
        tuple(Tick(x(10**n), _short(10**n)) for n in powers),
        tuple(Tick(y(n), f"{n:,}") for n in _round_steps(incidents)),
        tuple(Tick(x(top), f"{top:,}") for top in tops if top <= total),
        lines,
    )


def precision(
    curves: Sequence[tuple[int, Sequence[float], Sequence[float | None]]], rarity: float
) -> Chart:
    """Precision (upwards, logarithmic) against recall (rightwards)."""
    x = _linear(0, 1, _LEFT, WIDTH - _RIGHT)
    lowest = 10 ** math.floor(math.log10(max(rarity, 1e-6)))
    lowest = min(lowest, 0.1)
    y = _logarithmic(lowest, 1, HEIGHT - _BOTTOM, _TOP)
    lines = []
    for style, recalls, values in curves:
        points = [
            (x(recall), y(max(value, lowest)))
            for recall, value in zip(recalls, values, strict=True)
            if value is not None
        ]
        marks = tuple(points[:: max(len(recalls) // 5, 1)])
        lines.append(Line(style, _path(points), marks))
    powers = range(round(math.log10(lowest)), 1)
    return _chart(
        tuple(Tick(x(n / 5), f"{n * 20} %") for n in range(6)),
        tuple(Tick(y(10.0**n), f"{100 * 10.0**n:g} %") for n in powers),
        (),
        lines,
    )


def strip(ranks: Sequence[float | None], top: int, total: float, width: int) -> tuple[float, ...]:
    """Places of ranks on a logarithmic line of a width, and of ``top`` as the last one."""
    x = _logarithmic(1, max(total, 10), 4, width - 18)
    listed = [x(rank) for rank in ranks if rank is not None]
    return (*(round(at, 1) for at in listed), round(x(top), 1))


def _chart(
    x_ticks: tuple[Tick, ...],
    y_ticks: tuple[Tick, ...],
    guides: tuple[Tick, ...],
    lines: Sequence[Line],
) -> Chart:
    return Chart(
        _LEFT, WIDTH - _RIGHT, _TOP, HEIGHT - _BOTTOM, x_ticks, y_ticks, guides, tuple(lines)
    )


def _at(values: dict[float, float], top: float) -> float:
    """The value at the last step that is not beyond ``top``."""
    return values[max((step for step in values if step <= top), default=min(values))]


def _linear(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _logarithmic(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    scale = _linear(math.log(low), math.log(high), start, end)
    return lambda value: scale(math.log(value))


def _short(number: int) -> str:
    """A power of ten, short: 100, 1k, 10k, 1M."""
    for unit, size in (("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number // size}{unit}"
    return str(number)


def _round_steps(most: float) -> list[int]:
    """Whole numbers from 0 to about ``most``, five at the most between them."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if most / s <= 6)
    return list(range(0, int(most) + 1, step))


def _path(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""


def _stairs(points: Sequence[Point]) -> str:
    """A path that keeps its height until the next point."""
    if not points:
        return ""
    (x, y), *rest = points
    return f"M{x:.1f} {y:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in rest)
