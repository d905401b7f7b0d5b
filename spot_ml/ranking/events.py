"""From the surprises of pairs to that of an event, which has one or two of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: The result file says exp(-T); beyond this many nats that is no number any more.
NATS_LIMIT = 700.0
#: How much of the largest surprise the side that yields less must find to decide.
LEAST_SHARE = 0.55
#: A server is as a client of so many times its events: what its clients do is rather theirs.
SERVED = 5.0
#: The figure of a pair that says how much its document yields rows to the other side of an event.
YIELDS = "yields"
#: Figures of a pair where somebody rated something: the surprise that is left, and what is added.
EASED, BONUS = "eased", "bonus"


class Heard(NamedTuple):
    """Per event: its surprise with verdicts and without, and the place of the side that decided."""

    nats: NDArray[np.float64]
    before: NDArray[np.float64]
    decided: NDArray[np.int64]


def hear(
    nats: Sequence[NDArray[np.float64]],
    yields: Sequence[NDArray[np.float64]],
    eased: Sequence[NDArray[np.float64]] = (),
    bonus: Sequence[NDArray[np.float64]] = (),
) -> Heard:
    """Bring the surprises and verdicts of an event's documents together.

    One side decides whose row of the list the event is, as ``deciding`` says, or where somebody
    rated a side high or medium the larger sum of surprise and bonus. Verdicts on that row are
    heard. Where they leave it less than the other side finds, the event is the other's row and as
    odd as that finds it, but no odder than before: no verdict on one end hides what is odd for the
    other.
    """
    before, decided = together(*nats), deciding(nats, yields)
    if not eased:
        return Heard(before, before, decided)
    threat = np.any(np.stack(bonus) > 0, axis=0)
    decided = np.where(threat, np.argmax(np.stack(nats) + np.stack(bonus), axis=0), decided)
    left = np.choose(decided, eased)
    most = np.maximum.reduce(list(eased))
    sides = [np.where(decided == n, most, side) for n, side in enumerate(eased)]
    lowered = left < np.choose(decided, nats)
    found = np.where(lowered, np.minimum(together(*sides), before), before)
    decided = np.where(lowered & (most > left), np.argmax(np.stack(eased), axis=0), decided)
    return Heard(found + np.choose(decided, bonus), before, decided)


def deciding(
    nats: Sequence[NDArray[np.float64]], yields: Sequence[NDArray[np.float64]]
) -> NDArray[np.int64]:
    """Give the place of the side that decides whose row an event is; of one side nothing is asked.

    That is the one that yields least (the first of equal ones), which has fewer events or is the
    client, if it finds the event at least ``LEAST_SHARE`` times as surprising as the one that finds
    most; else the latter. What many clients do with a server would otherwise be one group, which
    shows one event.
    """
    if len(nats) == 1:
        return np.zeros(len(nats[0]), np.int64)
    found, least = np.stack(nats), np.argmin(np.stack(yields), axis=0)
    most = np.argmax(found, axis=0)
    enough = np.choose(least, found) >= LEAST_SHARE * np.choose(most, found)
    decided: NDArray[np.int64] = np.where(enough, least, most)
    return decided


def together(*sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring the surprises of an event's documents together.

    The square of the mean of their roots: one that both find odd comes before one that a single
    side finds twice as odd.
    """
    if len(sides) == 1:
        return sides[0]
    found: NDArray[np.float64] = np.mean(np.sqrt(np.stack(sides)), axis=0) ** 2
    return found


def as_score(nats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give exp(-T), small for suspicious; the smallest is that of ``NATS_LIMIT``."""
    return np.exp(-np.minimum(nats, NATS_LIMIT))
