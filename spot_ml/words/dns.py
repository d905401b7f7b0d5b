"""Words of DNS answers: one per answer, for the client that asked."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_ml.words import phrases
from spot_ml.words.amended import amended, by_parts
from spot_ml.words.bins import ENTROPY_CUTS, bin_of, log_int
from spot_ml.words.clock import Hours, hours
from spot_ml.words.columns import join_words, missing, numbers, outside
from spot_ml.words.domain import DomainFeatures, domain_features, registered_name
from spot_ml.words.grammar import Grammar, Link, by_pattern
from spot_ml.words.meaning import HOURS, in_steps, spelled
from spot_ml.words.source import (
    Fault,
    FeedbackField,
    FeedbackFormat,
    Mask,
    SourceWords,
    WordContext,
)

_NO_TIME = ("", "-")
_NO_NAME = ("", "-", "(empty)")
_NO_TEXT = ("", "-")
_TIME_PART = r"^(?:[^ ]* +){3}(?P<time>[^ ]*)"
_FALLBACK_NOTE = "hour taken from unix_tstamp: frame_time is not 'Mon DD YYYY HH:MM:SS ...'"


def _faults(rows: pa.RecordBatch) -> list[Fault]:
    """Reasons why an answer is not clean."""
    undescribed = (
        missing(rows["dns_qry_class"], *_NO_TEXT)
        & missing(rows["dns_qry_type"])
        & outside(rows["dns_qry_rcode"], 0)
    )
    return [
        Fault("frame_time is missing", missing(rows["frame_time"], *_NO_TIME)),
        Fault("unix_tstamp is missing or negative", outside(rows["unix_tstamp"], 0)),
        Fault("frame_len is missing or negative", outside(rows["frame_len"], 0)),
        Fault("dns_qry_name is missing", missing(rows["dns_qry_name"], *_NO_NAME)),
        Fault("ip_dst is missing", missing(rows["ip_dst"], *_NO_TEXT)),
        Fault("class, type and response code are missing", undescribed),
    ]


def _legacy_invalid(rows: pa.RecordBatch) -> Mask:
    """Answers that the original wrote aside; negative numbers it lost."""
    undescribed = (
        missing(rows["dns_qry_class"], *_NO_TEXT)
        & missing(rows["dns_qry_type"])
        & missing(rows["dns_qry_rcode"])
    )
    return (
        missing(rows["frame_time"], *_NO_TIME)
        | missing(rows["dns_qry_name"], *_NO_NAME)
        | missing(rows["ip_dst"], *_NO_TEXT)
        | missing(rows["unix_tstamp"])
        | missing(rows["frame_len"])
        | undescribed
    )


def _frame_hours(rows: pa.RecordBatch) -> Hours:
    """Hour of the fourth blank-separated part of ``frame_time``."""
    return hours(pc.struct_field(pc.extract_regex(rows["frame_time"], _TIME_PART), "time"))


def _words(rows: pa.RecordBatch, context: WordContext) -> tuple[pa.Array]:
    """The client's word of each answer.

    A time in another form gives the error word in compatible mode, else the hour (UTC) of
    ``unix_tstamp`` is taken.
    """
    hour = _frame_hours(rows)
    failed = missing(rows["dns_qry_name"])
    values = hour.values
    if context.compatible:
        failed |= ~hour.known
    else:
        stamp = numbers(rows["unix_tstamp"])
        values = np.where(hour.known, values, stamp // 3600 % 24)
    own = (context.user_domain, context.top_domains)
    name = domain_features(rows["dns_qry_name"], *own)
    kind, length, entropy = said = _name_bins(name)
    word = join_words(
        kind,
        log_int(numbers(rows["frame_len"])),
        values,
        length,
        entropy,
        log_int(name.parts),
        rows["dns_qry_type"],
        rows["dns_qry_rcode"],
        failed=failed,
    )
    if context.amended:
        meant = _name_bins(domain_features(rows["dns_qry_name"], *own, registered_name))
        word = amended(word, said, meant)
    return (word,)


def _name_bins(name: DomainFeatures) -> list[NDArray[np.int64]]:
    """The class of each name, and the bins of its subdomain's length and entropy."""
    entropy = bin_of(np.round(name.entropy, 12), ENTROPY_CUTS)
    return [name.kind, log_int(name.length), entropy]


_PARTS = in_steps(
    by_parts(
        by_pattern(
            r"^(?P<domain>[^_]*)_(?P<frame>[^_]*)_(?P<hour>[^_]*)_(?P<length>[^_]*)"
            r"_(?P<entropy>[^_]*)_(?P<labels>[^_]*)_(?P<type>[^_]*)_(?P<rcode>[^_]*)$"
        ),
        ("domain", "length", "entropy"),
    ),
    {"hour": HOURS},
)
_GRAMMAR = Grammar(
    _PARTS,
    chain=(
        Link("rcode", ((),)),
        Link("type", ((), ("rcode",))),
        Link("domain", ((), ("type", "rcode"))),
        Link("length", (("type", "rcode"), ("type", "rcode", "domain"))),
        Link("entropy", (("length",), ("length", "type", "domain"))),
        Link("labels", (("length",), ("length", "entropy"))),
        Link("frame", (("type",), ("type", "rcode", "length"))),
        Link("hour", ((),)),
    ),
    kind=("type", "rcode", "domain"),
    kin=("length", "frame"),
    meant=spelled(_PARTS),
    clock="hour",
    sizes=("length", "labels", "frame"),
    phrases={
        "domain": phrases.domain,
        "length": phrases.powers,
        "entropy": phrases.entropy,
        "labels": phrases.powers,
        "frame": phrases.powers,
        "hour": phrases.hours(HOURS),
    },
)


def _notes(rows: pa.RecordBatch, context: WordContext) -> pa.Array:
    """A remark on answers whose hour does not come from ``frame_time``."""
    other = ~_frame_hours(rows).known & (not context.compatible)
    return pc.if_else(pa.array(other), _FALLBACK_NOTE, pa.scalar(None, pa.string()))


_SCHEMA = (
    ("frame_time", "string"),
    ("unix_tstamp", "long"),
    ("frame_len", "integer"),
    ("ip_dst", "string"),
    ("dns_qry_name", "string"),
    ("dns_qry_class", "string"),
    ("dns_qry_type", "integer"),
    ("dns_qry_rcode", "integer"),
)

WORDS = SourceWords(
    name="dns",
    model_schema=_SCHEMA,
    select_columns=tuple(name for name, _ in _SCHEMA),
    faults=_faults,
    legacy_invalid=_legacy_invalid,
    documents=("ip_dst",),
    words=_words,
    grammar=_GRAMMAR,
    notes=_notes,
    null_values={"dns_qry_class": "unknown", "dns_qry_type": -1, "dns_qry_rcode": -1},
    feedback=FeedbackFormat(
        severity=12,
        also=(11,),
        fields=(
            FeedbackField("frame_time", 0),
            FeedbackField("unix_tstamp", 17, int),
            FeedbackField("frame_len", 1, int),
            FeedbackField("ip_dst", 2),
            FeedbackField("dns_qry_name", 3),
            FeedbackField("dns_qry_class", 4),
            FeedbackField("dns_qry_type", 5, int),
            FeedbackField("dns_qry_rcode", 6, int),
        ),
    ),
)
