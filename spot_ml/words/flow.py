"""Words of flows: port class, protocol, hour, byte and packet bins, one word per address."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_ml.words import phrases
from spot_ml.words.amended import amended, by_parts
from spot_ml.words.bins import ceil_log2
from spot_ml.words.columns import join_words, missing, numbers, outside
from spot_ml.words.grammar import Grammar, Link, by_pattern
from spot_ml.words.source import (
    Fault,
    FeedbackField,
    FeedbackFormat,
    Mask,
    SourceWords,
    WordContext,
)

_LARGEST_SERVICE_PORT = 1024
_BOTH_LOW = 111111
_BOTH_HIGH = 333333
_OWNER = "-1"

_COUNTERS = ("sport", "dport", "ibyt", "ipkt")


def _faults(rows: pa.RecordBatch) -> list[Fault]:
    """Reasons why a flow is not clean."""
    return [
        Fault("trhour is not between 0 and 23", outside(rows["trhour"], 0, 23)),
        Fault("trminute is not between 0 and 59", outside(rows["trminute"], 0, 59)),
        Fault("trsec is not between 0 and 59", outside(rows["trsec"], 0, 59)),
        *(Fault(f"{name} is missing", missing(rows[name])) for name in ("treceived", "sip", "dip")),
        *(Fault(f"{name} is missing or negative", outside(rows[name], 0)) for name in _COUNTERS),
    ]


def _legacy_invalid(rows: pa.RecordBatch) -> Mask:
    """Flows that the original wrote aside; those with an impossible time it lost."""
    timed = ~(
        outside(rows["trhour"], 0, 23)
        | outside(rows["trminute"], 0, 59)
        | outside(rows["trsec"], 0, 59)
    )
    invalid = timed & missing(rows["treceived"])
    invalid |= missing(rows["sip"]) | missing(rows["dip"])
    for name in _COUNTERS:
        invalid |= outside(rows[name], 0)
    return invalid


def _words(rows: pa.RecordBatch, context: WordContext) -> tuple[pa.Array, pa.Array]:
    """The source address's word and the destination address's word of each flow.

    The side that owns the reported port has the prefix ``-1_``. Where both ports are low the
    original has one word for both sides; amended, the destination's says that it receives.
    """
    sport, dport = numbers(rows["sport"]), numbers(rows["dport"])
    low_source, low_destination = sport <= _LARGEST_SERVICE_PORT, dport <= _LARGEST_SERVICE_PORT
    no_source, no_destination = sport == 0, dport == 0
    no_port = no_source | no_destination
    port = np.select(
        [
            no_destination,
            no_source,
            low_source & low_destination,
            low_source,
            low_destination,
        ],
        [sport, dport, np.full_like(sport, _BOTH_LOW), sport, dport],
        default=_BOTH_HIGH,
    )
    source_owns = np.where(no_port, no_destination & ~no_source, low_source & ~low_destination)
    destination_owns = np.where(no_port, no_source & ~no_destination, low_destination & ~low_source)
    base = join_words(
        port,
        rows["proto"],
        rows["trhour"],
        ceil_log2(numbers(rows["ibyt"]) + 1),
        ceil_log2(numbers(rows["ipkt"]) + 1),
    )
    owned = pc.binary_join_element_wise(_OWNER, base, "_")
    of_source = pc.if_else(pa.array(source_owns), owned, base)
    of_destination = pc.if_else(pa.array(destination_owns), owned, base)
    if context.amended:
        receives = (port == _BOTH_LOW).astype(np.int64)
        of_destination = amended(of_destination, [np.zeros_like(receives)], [receives])
    return of_source, of_destination


_PARTS = by_parts(
    by_pattern(
        r"^(?P<owner>-1)?_?(?P<port>\d+)_(?P<proto>.*)_(?P<hour>\d+)_(?P<bytes>\d+)_(?P<packets>\d+)$"
    ),
    ("receives",),
)


def _take_apart(words: pa.Array) -> dict[str, pa.Array]:
    """The parts of words; ``ports`` is what is known of them.

    ``service`` is the side with protocol and port, ``role`` the side with protocol and ``ports``.
    """
    parts = dict(_PARTS(words))
    special = pa.array(["0", str(_BOTH_LOW), str(_BOTH_HIGH)])
    parts["ports"] = pc.if_else(pc.is_in(parts["port"], special), parts["port"], "one")
    side = pc.binary_join_element_wise(parts["owner"], parts["receives"], "")
    for name, port in (("role", "ports"), ("service", "port")):
        parts[name] = pc.binary_join_element_wise(side, parts["proto"], parts[port], "_")
    return parts


def _say_role(text: str) -> str:
    """Whether the address has the service or uses it."""
    side, proto, ports = text.split("_", 2) if text.count("_") > 1 else ("", text, "")
    said = {
        "0": "no port",
        str(_BOTH_LOW): "both ports are low, received" if side else "both ports are low",
        str(_BOTH_HIGH): "both ports are high",
        "one": "has the port" if side else "uses the port",
    }
    return f"{proto}, {said.get(ports, ports)}"


def _say_service(text: str) -> str:
    """Protocol and port."""
    _, proto, port = text.split("_", 2) if text.count("_") > 1 else ("", text, "")
    names = {str(_BOTH_LOW): "low ports", str(_BOTH_HIGH): "high ports"}
    return f"{proto} {names.get(port, port)}"


_GRAMMAR = Grammar(
    _take_apart,
    chain=(
        Link("role", ((),)),
        Link("service", (("role",),)),
        Link("hour", ((), ("role",), ("service",))),
        Link("bytes", ((), ("role",), ("service",))),
        Link("packets", (("bytes",), ("bytes", "role"), ("bytes", "service"))),
    ),
    kind=("owner", "proto", "port"),
    kin=("owner", "proto", "ports"),
    server="owner",
    clock="hour",
    sizes=("bytes", "packets"),
    phrases={
        "role": _say_role,
        "service": _say_service,
        "hour": phrases.hour,
        "bytes": phrases.doubling,
        "packets": phrases.doubling,
    },
)


def _hour_of_start(text: str) -> int:
    """Hour of ``YYYY-MM-DD HH:MM:SS``."""
    return int(text.split(" ")[1].split(":")[0])


WORDS = SourceWords(
    name="flow",
    model_schema=(
        ("trhour", "integer"),
        ("sip", "string"),
        ("dip", "string"),
        ("sport", "integer"),
        ("dport", "integer"),
        ("proto", "string"),
        ("ibyt", "long"),
        ("ipkt", "long"),
    ),
    select_columns=(
        "treceived",
        "tryear",
        "trmonth",
        "trday",
        "trhour",
        "trminute",
        "trsec",
        "tdur",
        "sip",
        "dip",
        "sport",
        "dport",
        "proto",
        "ipkt",
        "ibyt",
        "opkt",
        "obyt",
    ),
    faults=_faults,
    legacy_invalid=_legacy_invalid,
    documents=("sip", "dip"),
    words=_words,
    grammar=_GRAMMAR,
    feedback=FeedbackFormat(
        severity=0,
        fields=(
            FeedbackField("trhour", 1, _hour_of_start),
            FeedbackField("sip", 2),
            FeedbackField("dip", 3),
            FeedbackField("sport", 4, int),
            FeedbackField("dport", 5, int),
            FeedbackField("proto", 8, optional=True),
            FeedbackField("ibyt", 7, int),
            FeedbackField("ipkt", 6, int),
        ),
        matched="proto",
    ),
)
