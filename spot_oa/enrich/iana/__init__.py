"""Names of the codes that IANA keeps: DNS classes, types and answers, HTTP answers.

The files beside this module may be extended; each has one header line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources


@dataclass(frozen=True)
class CodeNames:
    """Names by code; codes are compared as text, hexadecimal ones by their value."""

    names: Mapping[str, str]

    def name(self, code: object) -> str:
        """Give the name of a code, ``Unknown (<code>)`` where it is not listed, '' for none."""
        if code is None:
            return ""
        text = str(code)
        return self.names.get(text) or self.names.get(_padded(text), f"Unknown ({text})")


_HEXADECIMAL = re.compile(r"0x[0-9a-f]{1,8}", re.IGNORECASE | re.ASCII)


def _padded(text: str) -> str:
    """Give a hexadecimal code with the eight digits of the files: tshark 4 writes 0x0001."""
    return f"0x{int(text, 16):08X}" if _HEXADECIMAL.fullmatch(text) else text


@dataclass(frozen=True)
class _File:
    name: str
    keys: tuple[str, ...]
    value: str


_FILES = {
    "dns_qry_class": _File("dns-qclass.csv", ("Decimal", "Hexadecimal"), "Name"),
    "dns_qry_type": _File("dns-qtype.csv", ("Value",), "TYPE"),
    "dns_qry_rcode": _File("dns-rcode.csv", ("RCODE",), "Name"),
    "proxy_http_rcode": _File("http-rcode.csv", ("CODE",), "DESCRIPTION"),
}


@lru_cache
def code_names(kind: str) -> CodeNames:
    """Give the names of one kind of code: a key of the original's ``iana_config.json``.

    A code listed twice has the name of its last line.
    """
    file = _FILES[kind]
    text = resources.files(__package__).joinpath(file.name).read_text(encoding="utf-8")
    names: dict[str, str] = {}
    for row in csv.DictReader(text.splitlines()):
        names.update({row[key]: row[file.value] for key in file.keys})
    return CodeNames(names)
