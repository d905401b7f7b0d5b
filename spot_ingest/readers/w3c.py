"""Names of log fields by W3C and Blue Coat, and the columns of table ``proxy`` that they fill."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

#: Blue Coat's main format (26 fields).
MAIN = (
    "date time time-taken c-ip sc-status s-action sc-bytes cs-bytes cs-method cs-uri-scheme "
    "cs-host cs-uri-path cs-uri-query cs-username s-hierarchy s-supplier-name rs(content-type) "
    "cs(user-agent) sc-filter-result sc-filter-category x-virus-id s-ip s-sitename "
    "x-virus-details x-icap-error-code x-icap-error-details"
)
#: Blue Coat's bcreportermain_v1 (27 fields).
REPORTER = (
    "date time time-taken c-ip cs-username cs-auth-group x-exception-id sc-filter-result "
    "cs-categories cs(referer) sc-status s-action cs-method rs(content-type) cs-uri-scheme "
    "cs-host cs-uri-port cs-uri-path cs-uri-query cs-uri-extension cs(user-agent) s-ip sc-bytes "
    "cs-bytes x-virus-id x-bluecoat-application-name x-bluecoat-application-operation"
)
#: Column of table proxy by W3C name, lower case.
COLUMNS = {
    "date": "p_date",
    "time": "p_time",
    "time-taken": "duration",
    "c-ip": "clientip",
    "cs-username": "username",
    "cs-auth-group": "authgroup",
    "x-exception-id": "exceptionid",
    "sc-filter-result": "filterresult",
    "cs-categories": "webcat",
    "sc-filter-category": "webcat",
    "cs(referer)": "referer",
    "sc-status": "respcode",
    "s-action": "action",
    "cs-method": "reqmethod",
    "rs(content-type)": "resconttype",
    "cs-uri-scheme": "urischeme",
    "cs-host": "host",
    "cs-uri-port": "uriport",
    "cs-uri-path": "uripath",
    "cs-uri-stem": "uripath",
    "cs-uri-query": "uriquery",
    "cs-uri-extension": "uriextension",
    "cs(user-agent)": "useragent",
    "s-ip": "serverip",
    "sc-bytes": "scbytes",
    "cs-bytes": "csbytes",
    "x-virus-id": "virusid",
    "x-bluecoat-application-name": "bcappname",
    "x-bluecoat-application-operation": "bcappoper",
}

#: Without these no row can be made.
_NEEDED = ("date", "time", "c-ip", "cs-host")


@dataclass(frozen=True)
class Layout:
    """Which field of a line is which column: its W3C names, lower case, in order."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Layout:
        """Build a layout from names separated by blanks."""
        return cls(tuple(text.lower().split()))

    @property
    def count(self) -> int:
        """How many fields a line has."""
        return len(self.names)

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each column of the table that the log has."""
        found: dict[str, int] = {}
        for place, word in enumerate(self.names):
            if word in COLUMNS:
                found.setdefault(COLUMNS[word], place)
        return found

    @property
    def missing(self) -> tuple[str, ...]:
        """W3C names without which no row can be made."""
        return tuple(word for word in _NEEDED if COLUMNS[word] not in self.places)


DEFAULTS = (Layout.of(MAIN), Layout.of(REPORTER))
