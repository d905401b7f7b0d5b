"""The tables of the store.

Verdicts are only ever added: the latest one about a thing holds, and a reset marks them withdrawn.
So who said what, and when, can always be told.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Date,
    DateTime,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

from spot_common.state import make_tables

METADATA = MetaData()

VERDICTS = Table(
    "oa_verdict",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String(32), nullable=False),
    Column("day", Date, nullable=False),
    Column("kind", String(32), nullable=False, doc="spot_oa.rating.Kind.name"),
    Column("key", String(64), nullable=False, doc="SHA-256 of the thing, hexadecimal"),
    Column("thing", JSON, nullable=False, doc="values of the kind's columns, in their order"),
    Column("rows", JSON, nullable=False, doc="the suspicious rows it was about when given"),
    Column("severity", SmallInteger, nullable=False, doc="1 high, 2 medium, 3 low"),
    Column("author", String(128), nullable=False),
    Column("at", DateTime, nullable=False, doc="UTC"),
    Column("withdrawn_at", DateTime, doc="UTC"),
    Column("withdrawn_by", String(128)),
    Index("oa_verdict_day", "source", "day", "withdrawn_at"),
)

PUBLICATIONS = Table(
    "oa_publication",
    METADATA,
    Column("source", String(32), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("version", Integer, nullable=False, doc="grows with each change of the day's verdicts"),
    Column("claimed_until", Float, nullable=False, doc="epoch seconds; 0: nobody works on it"),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, doc="why the last attempt failed"),
)


def create(engine: Engine) -> None:
    """Make the tables that are not there."""
    make_tables(engine, METADATA)
