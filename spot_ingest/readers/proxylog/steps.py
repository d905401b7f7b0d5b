"""What may be done to a field on its way into a column: a closed list of steps.

A part that a text does not have is ``-``, as proxies write it. A text that cannot be split is not
lost: it is the URL of the request, or the path of the URL.
"""

from __future__ import annotations

import string
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_METHOD = r"^[0-9A-Za-z!#$%&'*+.^_`|~-]+$"
_URL = (
    r"(?s)^(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)?://(?:[^/?#@]*@)?"
    r"(?P<host>\[[^\]/?#]*\]|[^/?#:]*)(?::(?P<port>[0-9]{1,5}))?)?"
    r"(?P<path>[^?]*)(?P<query>\?.*)?$"
)
_AUTHORITY = r"^([^/?#@:\[\]]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$"
_NUMBER = r"^\d{1,18}(\.\d*)?([eE][+-]?\d\d?)?$"
_MOST = 1e15
_PORTS = {"https": "443", "ssl": "443", "ftp": "21"}

REQUEST = ("method", "url", "protocol")
URL = ("scheme", "host", "port", "path", "query")
#: Steps that need a sign to look for.
AROUND = ("before", "after")
#: How many milliseconds the unit has that a step turns into milliseconds.
UNITS = {"seconds": 1e3, "microseconds": 1e-3}
KNOWN = (*REQUEST, *URL, *(f"{name} SIGN" for name in AROUND), "without-port", *UNITS)


def is_step(text: str) -> bool:
    """Tell whether a text is a step."""
    name, _, sign = text.partition(" ")
    if name in AROUND:
        return len(sign) == 1 and sign in string.punctuation
    return text in KNOWN


class Steps:
    """The fields of some lines and what steps make of them, each made once."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._made: dict[tuple[str, ...], Any] = {(name,): texts for name, texts in fields.items()}

    def __call__(self, path: tuple[str, ...]) -> Any:
        """Give the texts of a field after its steps."""
        if path not in self._made:
            *before, step = path
            texts = self(tuple(before))
            if step in REQUEST:
                self._keep(before, _request(texts))
            elif step in URL:
                self._keep(before, _url(texts))
            else:
                self._keep(before, {step: _single(step, texts)})
        return self._made[path]

    def _keep(self, before: list[str], parts: dict[str, Any]) -> None:
        for name, texts in parts.items():
            said = pc.not_equal(texts, "")
            self._made[*before, name] = pc.if_else(pc.fill_null(said, False), texts, "-")


def _single(step: str, texts: Any) -> Any:
    name, _, sign = step.partition(" ")
    if name in AROUND:
        return _halves(texts, sign)[AROUND.index(name)]
    if name in UNITS:
        scaled = pc.multiply(numbers(texts), UNITS[name])
        whole = pc.floor(pc.min_element_wise(scaled, _MOST, skip_nulls=False)).cast(pa.int64())
        return pc.coalesce(whole.cast(pa.string()), texts)
    has_port = pc.match_substring_regex(texts, _AUTHORITY)
    return pc.if_else(has_port, _halves(texts, ":", last=True)[0], texts)


def numbers(texts: Any) -> Any:
    """Give texts as numbers, NULL where they are none."""
    return pc.if_else(pc.match_substring_regex(texts, _NUMBER), texts, None).cast(pa.float64())


def port_of(schemes: Any) -> Any:
    """Give the usual port of a scheme, 80 where it has none."""
    place = pc.index_in(pc.ascii_lower(schemes), pa.array(list(_PORTS)))
    return pc.fill_null(pa.array(list(_PORTS.values())).take(place), "80")


def _halves(texts: Any, mark: str, *, last: bool = False) -> tuple[Any, Any]:
    """Split at the first or last mark; there is no second half where there is no mark."""
    lists = pc.split_pattern(texts, mark, max_splits=1, reverse=last)
    begins = lists.offsets.slice(0, len(texts))
    has_two = pc.equal(pc.list_value_length(lists), 2)
    second = pc.if_else(has_two, pc.add(begins, 1), None)
    return lists.values.take(begins), lists.values.take(second)


def _request(texts: Any) -> dict[str, Any]:
    """Split the first line of a request."""
    method, rest = _halves(texts, " ")
    split = pc.and_(pc.is_valid(rest), pc.match_substring_regex(method, _METHOD))
    url, version = _halves(pc.if_else(split, rest, texts), " HTTP/", last=True)
    protocol = pc.binary_join_element_wise("HTTP/", version, "")
    return {"method": pc.if_else(split, method, ""), "url": url, "protocol": protocol}


def _url(texts: Any) -> dict[str, Any]:
    """Split a URL with a host, a path alone, or ``host:port``."""
    bare = pc.match_substring_regex(texts, _AUTHORITY)
    whole = pc.if_else(bare, pc.binary_join_element_wise("://", texts, ""), texts)
    parts = pc.extract_regex(whole, _URL)
    found = {name: parts.field(name) for name in URL}
    port = pc.if_else(pc.not_equal(found["port"], ""), found["port"], port_of(found["scheme"]))
    return {**found, "port": port}
