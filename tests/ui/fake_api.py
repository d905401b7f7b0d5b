"""An API with invented days behind the real schema: documents are checked as the product does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_schema, graphql_sync

from tests.ui import fake_days as days

Row = dict[str, Any]

_SCHEMA = Path(__file__).resolve().parents[2] / "spot_oa" / "api" / "schema"

_ROWS: dict[str, Callable[[str, int], list[Row]]] = {
    "flow": days.flow_rows,
    "dns": days.dns_rows,
    "proxy": days.proxy_rows,
}
#: What a rating names, per source, in the words of the schema.
_RATED_BY = {
    "flow": ("srcIp", "dstIp", "srcPort", "dstPort"),
    "dns": ("dnsQuery",),
    "proxy": ("uri",),
}
_RECORDS = {"flow": days.flow_records, "dns": days.dns_records, "proxy": lambda row: [row]}
_FILTERS = {
    "flow": lambda row, args: args.get("ip") in (None, row["srcIp"], row["dstIp"]),
    "dns": lambda row, args: (
        args.get("clientIp") in (None, row["clientIp"])
        and (args.get("dnsQuery") or "") in row["dnsQuery"]
    ),
    "proxy": lambda row, args: (
        args.get("clientIp") in (None, row["clientIp"]) and (args.get("uri") or "") in row["uri"]
    ),
}


def schema() -> GraphQLSchema:
    """The product's schema, all files of it."""
    return build_schema("\n".join(p.read_text() for p in sorted(_SCHEMA.glob("*.graphql"))))


class FakeSource:
    """One source: rows per day, and what has been rated."""

    def __init__(self, name: str) -> None:
        self.name = name
        make = _ROWS[name]
        self.days = {days.DAY: make(days.DAY, 250), days.BEFORE: make(days.BEFORE, 40)}
        self.days[days.HOSTILE] = days.hostile(name)
        self.ratings: dict[str, list[Row]] = {}

    def _open(self, date: str) -> list[Row]:
        keys = _RATED_BY[self.name]
        rated = [tuple(one[key] for key in keys) for one in self.ratings.get(date, [])]
        return [row for row in self.days.get(date, []) if tuple(row[k] for k in keys) not in rated]

    def suspicious(self, _info: Any, date: str, **args: Any) -> list[Row]:
        if date == days.BROKEN:
            raise RuntimeError("the table server did not answer")
        return [row for row in self._open(date) if _FILTERS[self.name](row, args)]

    def edgeDetails(self, _info: Any, **args: Any) -> list[Row]:
        for rows in self.days.values():
            for row in rows:
                if all(row.get(name) == value for name, value in args.items() if name != "date"):
                    return _RECORDS[self.name](row)
        return []

    def score(self, _info: Any, **args: list[Row]) -> list[Row]:
        for one in args["input"]:
            self.ratings.setdefault(one["date"], []).append(one)
        return [{"success": True} for _ in args["input"]]

    def threats(self, _info: Any) -> Row:
        return {
            "list": lambda _info, date: [
                self._rated(date, one) for one in self.ratings.get(date, [])
            ]
        }

    def _rated(self, date: str, one: Row) -> Row:
        extra = {
            "tstart": f"{date} 00:00:00",
            "datetime": f"{date} 00:00:00",
            "clientIp": "10.20.1.1",
        }
        if self.name == "proxy":
            extra["datetime"] = date
        return {**extra, **one, "dnsScore": one["score"], "clientIpScore": 0}

    def summary(self) -> list[Row]:
        names = sorted(day for day, rows in self.days.items() if rows)
        return [
            {"date": day, "rows": len(self.days[day]), "rated": len(self.ratings.get(day, []))}
            for day in names
        ]


class FakeApi:
    """Answers like the product's API, from memory."""

    def __init__(self) -> None:
        self.schema = schema()
        self.sources = {name: FakeSource(name) for name in _ROWS}
        assert self.schema.query_type is not None
        self.schema.query_type.fields["days"].resolve = lambda _root, _info, source: self.sources[
            source
        ].summary()

    def __call__(
        self, request: Row, *, user: str, allow_mutation: bool
    ) -> tuple[int, dict[str, Any]]:
        query = request.get("query", "")
        if "mutation" in query and not allow_mutation:
            return 405, {"errors": [{"message": "mutations need POST"}]}
        result = graphql_sync(
            self.schema, query, self.sources, variable_values=request.get("variables")
        )
        payload: dict[str, Any] = {"data": result.data}
        if result.errors:
            payload["errors"] = [{"message": error.message} for error in result.errors]
        return (400 if result.data is None else 200), payload
