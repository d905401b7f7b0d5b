"""Words of proxy requests: one per request, for the client that made it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spot_ml.words import phrases
from spot_ml.words.amended import amended, by_parts
from spot_ml.words.bins import BINS_PER_BIT, log_int
from spot_ml.words.clock import hours
from spot_ml.words.columns import any_of, join_words, missing
from spot_ml.words.domain import domain_features, registered_name
from spot_ml.words.entropy import entropy_bins, utf16_lengths
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

#: A browser's share of the requests is counted in so many parts of a whole.
_WHOLE_BITS = 30
#: So many powers of two of it mean one thing.
_SHARE_STEP = 6
#: The label that the original always took as the user's own, whatever was configured.
_LEGACY_DOMAIN = "intel"
_NO_TYPE = "unknown_content_type"
_NO_CODE = "unknown_response_code"
_REQUIRED = ("p_date", "p_time", "clientip", "host", "fulluri")


def _faults(rows: pa.RecordBatch) -> list[Fault]:
    """Reasons why a request is not clean."""
    return [Fault(f"{name} is missing", missing(rows[name])) for name in _REQUIRED]


def _legacy_invalid(rows: pa.RecordBatch) -> Mask:
    """Requests that the original wrote aside: exactly those that are not clean."""
    return any_of([missing(rows[name]) for name in _REQUIRED])


def _main_type(content_types: pa.Array) -> pa.Array:
    """The part of each content type before its first slash."""
    only_slashes = pc.match_substring_regex(content_types, r"^/+$")
    main = pc.replace_substring_regex(content_types, r"(?s)/.*", "")
    return pc.if_else(only_slashes, _NO_TYPE, main)


def _agent_counts(agents: pa.Array, context: WordContext) -> tuple[NDArray[np.int64], Mask]:
    """Number of requests with each row's user agent, and the rows whose agent is unknown."""
    known = pa.array(list(context.counts), pa.string())
    index = pc.index_in(agents, value_set=known)
    counts = pa.array(list(context.counts.values()), pa.int64())
    taken = pc.fill_null(counts.take(index), 0)
    return taken.to_numpy(zero_copy_only=False), missing(index)


def _share(requests: NDArray[np.int64], context: WordContext) -> NDArray[np.int64]:
    """The power of two of a browser's share of all requests, by how many requests it made."""
    return log_int((requests << _WHOLE_BITS) // max(context.records, 1))


def _words(rows: pa.RecordBatch, context: WordContext) -> tuple[pa.Array]:
    """The client's word of each request."""
    user_domain = _LEGACY_DOMAIN if context.compatible else context.user_domain
    hour = hours(rows["p_time"])
    agents, unknown_agent = _agent_counts(rows["useragent"], context)
    failed = ~hour.known | unknown_agent
    for name in ("host", "fulluri", "resconttype"):
        failed |= missing(rows[name])
    uri = rows["fulluri"].dictionary_encode()
    uris = uri.dictionary
    index = pc.fill_null(uri.indices, 0).to_numpy(zero_copy_only=False)
    if len(uris) == 0:
        uris = pa.array([""])
    own = (user_domain, context.top_domains)
    kind = domain_features(rows["host"], *own).kind
    requests = log_int(agents)
    word = join_words(
        kind,
        hour.values,
        rows["reqmethod"],
        entropy_bins(uris)[index],
        _main_type(rows["resconttype"]),
        requests,
        log_int(utf16_lengths(uris))[index],
        pc.fill_null(rows["respcode"], _NO_CODE),
        failed=failed,
    )
    if context.amended:
        meant = [domain_features(rows["host"], *own, registered_name).kind, _share(agents, context)]
        word = amended(word, [kind, requests], meant)
    return (word,)


_PARTS = in_steps(
    by_parts(
        by_pattern(
            r"^(?P<host>[^_]*)_(?P<hour>[^_]*)_(?P<method>.*)_(?P<entropy>\d+)_(?P<content>.*)"
            r"_(?P<agent>\d+)_(?P<length>\d+)_(?P<code>[^_]*|unknown_response_code)$"
        ),
        ("host", "agent"),
    ),
    {"hour": HOURS, "agent": _SHARE_STEP},
    untold=("code",),
)
_GRAMMAR = Grammar(
    _PARTS,
    chain=(
        Link("method", ((),)),
        Link("host", ((), ("method",))),
        Link("content", ((), ("method",), ("method", "host"))),
        Link("agent", ((), ("method",), ("method", "host"))),
        Link("length", ((), ("method",), ("method", "content"))),
        Link("entropy", (("length",), ("length", "method"))),
        Link("hour", ((),)),
    ),
    kind=("method", "host", "content", "agent"),
    kin=("agent", "length"),
    burst=("method", "host", "content", "agent", "length", "entropy"),
    meant=spelled(_PARTS),
    clock="hour",
    sizes=("length", "entropy"),
    doubling={"entropy": BINS_PER_BIT},
    phrases={
        "host": phrases.domain,
        "agent": phrases.share(_WHOLE_BITS, "requests", _SHARE_STEP),
        "length": phrases.powers,
        "entropy": phrases.entropy,
        "hour": phrases.hours(HOURS),
    },
)


WORDS = SourceWords(
    name="proxy",
    model_schema=(
        ("p_date", "string"),
        ("p_time", "string"),
        ("clientip", "string"),
        ("host", "string"),
        ("reqmethod", "string"),
        ("useragent", "string"),
        ("resconttype", "string"),
        ("respcode", "string"),
        ("fulluri", "string"),
    ),
    select_columns=(
        "p_date",
        "p_time",
        "clientip",
        "host",
        "reqmethod",
        "useragent",
        "resconttype",
        "duration",
        "username",
        "webcat",
        "referer",
        "respcode",
        "uriport",
        "uripath",
        "uriquery",
        "serverip",
        "scbytes",
        "csbytes",
        "fulluri",
    ),
    faults=_faults,
    legacy_invalid=_legacy_invalid,
    documents=("clientip",),
    words=_words,
    grammar=_GRAMMAR,
    counted="useragent",
    word_in_result=True,
    null_values={"useragent": "-", "resconttype": "-"},
    feedback=FeedbackFormat(
        severity=22,
        fields=(
            FeedbackField("p_date", 0),
            FeedbackField("p_time", 1),
            FeedbackField("clientip", 2),
            FeedbackField("host", 3),
            FeedbackField("reqmethod", 4),
            FeedbackField("useragent", 5),
            FeedbackField("resconttype", 6),
            FeedbackField("respcode", 11),
            FeedbackField("fulluri", 18),
        ),
    ),
)
