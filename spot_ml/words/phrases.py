"""What the parts of words mean, in plain terms."""

from __future__ import annotations

from collections.abc import Callable

from spot_ml.words.bins import ENTROPY_CUTS

#: Says the value of a part; a text that it cannot read is given back.
Say = Callable[[str], str]


def _of_number(say: Callable[[int], str]) -> Say:
    def safe(text: str) -> str:
        return say(int(text)) if text.isdecimal() else text

    return safe


def _span(low: int, high: int) -> str:
    return f"{low:,}" if low >= high else f"{low:,} to {high:,}"


def as_it_is(text: str) -> str:
    """The value itself."""
    return text


def _up_to(number: int) -> str:
    return _span(2 ** (number - 1) if number else 0, 2**number - 1)


def _from(number: int) -> str:
    return _span(2**number if number else 0, 2 ** (number + 1) - 1)


def _entropy(number: int) -> str:
    low, high = ENTROPY_CUTS[number - 1] if number else 0.0, ENTROPY_CUTS[number]
    return f"up to {high:.1f} bits" if high < 9 else f"above {low:.1f} bits"


def _within(known: int, say: Callable[[int], str]) -> Callable[[int], str]:
    return lambda number: say(number) if number < known else str(number)


def hours(step: int) -> Say:
    """So many hours of the day, by the first of them."""
    return _of_number(_within(24, lambda first: f"{first:02d}:00 to {first + step - 1:02d}:59"))


def share(bits: int, things: str, step: int) -> Say:
    """Shares of things, so many bins together by the first of them.

    The bin is floor(log2) of how many parts of 2^bits they are.
    """

    def say(number: int) -> str:
        if number == bits:
            return f"all {things}"
        most = 1 << bits - number
        if number + step >= bits:
            return f"1 in {most:,} {things} or more"
        return f"1 in {_span(most >> step, most)} {things}"

    return _of_number(_within(bits + 1, say))


def one_of(**meanings: str) -> Say:
    """Values that stand for something; others are given back. Names begin with ``_``."""
    known = {name.removeprefix("_"): meaning for name, meaning in meanings.items()}
    return lambda text: known.get(text, text)


#: An hour of the day; numbers whose bin is ceil(log2(n + 1)); numbers whose bin is floor(log2 n);
#: an entropy whose bin is that of ``ENTROPY_CUTS``.
hour = hours(1)
doubling = _of_number(_within(63, _up_to))
powers = _of_number(_within(63, _from))
entropy = _of_number(_within(len(ENTROPY_CUTS), _entropy))
domain = one_of(_0="some domain", _1="a popular domain", _2="the own domain")
