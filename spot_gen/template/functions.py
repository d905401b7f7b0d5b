"""The functions that a configuration may name: a fixed list, drawn a column at a time."""

from __future__ import annotations

import inspect
import ipaddress
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from spot_common.errors import ConfigError
from spot_gen.streams import Floats, Ints, Keys, child, draw, integers, pick
from spot_gen.template.words import FAMILY_NAMES, GIVEN_NAMES, WORDS

#: Draws one text for each key.
Draw = Callable[[Keys], list[str]]

_LARGEST = 1 << 53
_MANY = 1_000_000
_DOMAIN = "corp.example"


def values(texts: list[str], weights: Floats | None = None) -> Draw:
    """Draw one of several texts, all alike or as often as the weights say."""
    if len(texts) == 1:
        return lambda keys: texts * len(keys)
    shares = np.ones(len(texts)) if weights is None else weights
    return lambda keys: [texts[i] for i in pick(keys, 0, shares).tolist()]


def function(name: str, arguments: list[Any], where: str) -> Draw:
    """Return a function of the list with its arguments; ConfigError naming what is wrong."""
    known = _TRANSLATED.get(name) or _TRANSLATED.get(name.rpartition(".")[2]) or name
    if known not in FUNCTIONS:
        raise ConfigError(
            f"{where}: {name!r} is not among the functions",
            hint=f"choose one of {', '.join(FUNCTIONS)}",
        )
    make = FUNCTIONS[known]
    try:
        inspect.signature(make).bind(*arguments)
        return make(*arguments)
    except (TypeError, ValueError) as error:
        parameters = inspect.signature(make).parameters.values()
        usage = ", ".join(p.name.upper() for p in parameters)
        raise ConfigError(
            f"{where}: {known} with {arguments!r:.60}: {error}", hint=f"write {known}, [{usage}]"
        ) from error


def is_function(name: str) -> bool:
    """Say whether ``function`` knows a name."""
    return name in FUNCTIONS or name in _TRANSLATED or name.rpartition(".")[2] in _TRANSLATED


def _whole(low: int, high: int) -> Draw:
    first, last = _number(low, -_LARGEST, _LARGEST), _number(high, -_LARGEST, _LARGEST)
    if last < first or last - first >= _LARGEST:
        raise ValueError(f"{low} to {high} is no range")
    return lambda keys: [str(n) for n in integers(keys, 0, first, last + 1).tolist()]


def _choice(*choices: Any) -> Draw:
    items = choices[0] if len(choices) == 1 and isinstance(choices[0], (list, dict)) else choices
    if not items:
        raise ValueError("nothing to choose from")
    if not all(
        isinstance(item, (str, int, float)) and not isinstance(item, bool) for item in items
    ):
        raise ValueError("an item is no text or number")
    texts = [str(item) for item in items]
    if not isinstance(items, dict):
        return values(texts)
    weights = list(items.values())
    if not all(isinstance(w, (int, float)) and 0 <= w < _LARGEST for w in weights):
        raise ValueError("a weight is no number from 0 on")
    if not sum(weights) > 0:
        raise ValueError("all weights are 0")
    return values(texts, np.array(weights, np.float64))


def _ip(network: str = "10.20.0.0/16") -> Draw:
    inside = ipaddress.ip_network(str(network))
    size = inside.num_addresses
    ends = 1 if size > 2 else 0
    first, count = int(inside.network_address) + ends, min(size - 2 * ends, _LARGEST)
    kind = type(inside.network_address)
    if inside.version == 4:
        return lambda keys: _dotted(first + integers(keys, 0, 0, count))
    return lambda keys: [str(kind(first + n)) for n in integers(keys, 0, 0, count).tolist()]


def _dotted(numbers: Ints) -> list[str]:
    octets = [((numbers >> shift) & 255).tolist() for shift in (24, 16, 8, 0)]
    return [f"{a}.{b}.{c}.{d}" for a, b, c, d in zip(*octets, strict=True)]


def _email(domain: str = _DOMAIN) -> Draw:
    _name(domain)
    given, family = values(GIVEN_NAMES), values(FAMILY_NAMES)

    def drawn(keys: Keys) -> list[str]:
        names = zip(given(child(keys, 0)), family(child(keys, 1)), strict=True)
        return [f"{first}.{last}@{domain}" for first, last in names]

    return drawn


def _recipients(fewest: int = 1, most: int = 3, domain: str = _DOMAIN) -> Draw:
    low, high = _number(fewest, 1, 100), _number(most, 1, 100)
    if high < low:
        raise ValueError(f"{fewest} to {most} is no range")
    email = _email(domain)

    def drawn(keys: Keys) -> list[str]:
        counts = integers(keys, 0, low, high + 1)
        starts = np.cumsum(counts) - counts
        number = np.arange(int(counts.sum())) - np.repeat(starts, counts)
        emails = email(child(np.repeat(keys, counts), number))
        spans = zip(starts.tolist(), counts.tolist(), strict=True)
        return [",".join(emails[start : start + count]) for start, count in spans]

    return drawn


def _hex(length: int = 8) -> Draw:
    size = _number(length, 1, 1024)
    purposes = np.arange(-(-size // 16))

    def drawn(keys: Keys) -> list[str]:
        rows = draw(keys[:, None], purposes).tolist()
        return ["".join(f"{bits:016x}" for bits in row)[:size] for row in rows]

    return drawn


def _uuid() -> Draw:
    def drawn(keys: Keys) -> list[str]:
        upper, lower = draw(keys, 0).tolist(), draw(keys, 1).tolist()
        return [_uuid_of(high, low) for high, low in zip(upper, lower, strict=True)]

    return drawn


def _uuid_of(high: int, low: int) -> str:
    """Write 128 bits as a UUID of version 4."""
    high = high & ~0xF000 | 0x4000
    low = low & ~(0b11 << 62) | 0b10 << 62
    digits = f"{high:016x}{low:016x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _word() -> Draw:
    return values(WORDS)


def _hostname(domain: str = _DOMAIN, count: int = 100) -> Draw:
    end = f".{_name(domain)}" if domain != "" else ""
    return _numbered("ws-", end, count)


def _user(count: int = 100) -> Draw:
    return _numbered("u", "", count)


def _numbered(before: str, after: str, count: int) -> Draw:
    end = _number(count, 1, _MANY) + 1
    return lambda keys: [f"{before}{n:04d}{after}" for n in integers(keys, 0, 1, end).tolist()]


def _number(given: Any, low: int, high: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
        raise ValueError(f"{given!r} is no whole number from {low} to {high}")
    return given


def _name(domain: Any) -> str:
    if not isinstance(domain, str) or not re.fullmatch(r"[\w-]+(\.[\w-]+)*", domain, re.ASCII):
        raise ValueError(f"{domain!r} is no domain")
    return domain


FUNCTIONS: dict[str, Callable[..., Draw]] = {
    "int": _whole,
    "choice": _choice,
    "ip": _ip,
    "email": _email,
    "recipients": _recipients,
    "hex": _hex,
    "uuid": _uuid,
    "word": _word,
    "hostname": _hostname,
    "user": _user,
}

#: Functions of the original: the last three stood in modules beside the configuration.
_TRANSLATED = {
    "random.randint": "int",
    "get_random_ip": "ip",
    "get_email": "email",
    "get_rcpt": "recipients",
}
