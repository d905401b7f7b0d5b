"""What results look like: by which columns a source is recognised, and what they mean here.

Nothing else in this package names a column of the product. A source is one entry of ``LAYOUTS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

TEXT, WHOLE, REAL = pa.string(), pa.int64(), pa.float64()

#: Columns that any table may have: where a record is, and how suspicious.
PLACE = {
    "file": ("file",),
    "ordinal": ("ordinal",),
    "score": ("score", "ml_score"),
    "rank": ("rank",),
}

#: What the values of a column are read as.
TYPES: Mapping[str, pa.DataType] = {
    "file": TEXT,
    "ordinal": WHOLE,
    "score": REAL,
    "rank": REAL,
    "time_us": WHOLE,
    "end_ms": WHOLE,
    "second": WHOLE,
    "moment": TEXT,
    "day": TEXT,
    "clock": TEXT,
    "duration": REAL,
    "src": TEXT,
    "dst": TEXT,
    "sport": WHOLE,
    "dport": WHOLE,
    "proto": TEXT,
    "name": TEXT,
    "type": WHOLE,
    "method": TEXT,
    "path": TEXT,
    "query": TEXT,
    "bytes": WHOLE,
    "bytes_back": WHOLE,
    "word": TEXT,
    "word_back": TEXT,
}


@dataclass(frozen=True)
class Layout:
    """How the results of one source look.

    ``product``: the columns of the product's result file without a header, by their number.
    ``aliases``: for each column of ours the names that it has in tables, the first found counts.
    ``telling``: names in a header that only this source has. ``times``: forms of the natural key's
    time, finest first (see ``keys.TIMES``); ``keys``: its other columns. ``destination``: the
    column whose rarity is a comparison row, and how that row is called. ``documents``: pairs of
    the column that names the document and the column that has the word which the record is in it.
    """

    source: str
    product: Mapping[int, tuple[str, ...]]
    aliases: Mapping[str, tuple[str, ...]]
    telling: tuple[str, ...]
    times: tuple[str, ...]
    keys: tuple[str, ...]
    destination: tuple[str, str]
    documents: tuple[tuple[str, str], ...]

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """All columns that are read, with the names that they may have."""
        return {**PLACE, **self.aliases}


def _columns(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FLOW = _columns(
    "treceived tryear trmonth trday trhour trminute trsec tdur sip dip sport dport proto ipkt ibyt "
    "opkt obyt"
)
_DNS = _columns(
    "frame_time unix_tstamp frame_len ip_dst dns_qry_name dns_qry_class dns_qry_type dns_qry_rcode"
)
_PROXY = _columns(
    "p_date p_time clientip host reqmethod useragent resconttype duration username webcat referer "
    "respcode uriport uripath uriquery serverip scbytes csbytes fulluri"
)

LAYOUTS: Mapping[str, Layout] = {
    layout.source: layout
    for layout in (
        Layout(
            source="flow",
            product={
                18: (*_FLOW, "score"),
                20: (*_FLOW, "src_word", "dst_word", "score"),
            },
            aliases={
                "moment": ("treceived", "tstart"),
                "duration": ("tdur",),
                "time_us": ("time_us",),
                "end_ms": ("end_ms",),
                "src": ("src", "sip", "srcip"),
                "dst": ("dst", "dip", "dstip"),
                "sport": ("sport",),
                "dport": ("dport",),
                "proto": ("proto",),
                "bytes": ("ibyt", "bytes"),
                "bytes_back": ("obyt",),
                "word": ("src_word", "word_of_sip"),
                "word_back": ("dst_word", "word_of_dip"),
            },
            telling=("sip", "srcip", "tdur"),
            times=("span", "received_and_duration", "received"),
            keys=("src", "dst", "sport", "dport", "proto"),
            destination=("dst", "rarest destination"),
            documents=(("src", "word"), ("dst", "word_back")),
        ),
        Layout(
            source="dns",
            product={9: (*_DNS, "score"), 10: (*_DNS, "word", "score")},
            aliases={
                "moment": ("frame_time",),
                "second": ("unix_tstamp",),
                "time_us": ("time_us",),
                "src": ("src", "ip_dst", "client"),
                "name": ("name", "dns_qry_name"),
                "type": ("type", "dns_qry_type"),
                "bytes": ("frame_len", "bytes"),
                "word": ("word", "word_of_ip_dst"),
            },
            telling=("dns_qry_name", "frame_time"),
            times=("microsecond", "frame_time", "second"),
            keys=("src", "name", "type"),
            destination=("name", "rarest name"),
            documents=(("src", "word"),),
        ),
        Layout(
            source="proxy",
            product={21: (*_PROXY, "word", "score")},
            aliases={
                "day": ("p_date", "tdate"),
                "clock": ("p_time", "time"),
                "time_us": ("time_us",),
                "src": ("src", "clientip"),
                "name": ("name", "host"),
                "method": ("method", "reqmethod"),
                "path": ("path", "uripath"),
                "query": ("query", "uriquery"),
                "bytes": ("scbytes", "bytes"),
                "bytes_back": ("csbytes",),
                "word": ("word", "word_of_clientip"),
            },
            telling=("clientip", "reqmethod", "fulluri"),
            times=("at_second", "clock"),
            keys=("src", "name", "method", "path", "query"),
            destination=("name", "rarest host"),
            documents=(("src", "word"),),
        ),
    )
}


def by_width(columns: int) -> str | None:
    """Name the source whose result file without a header has so many columns."""
    for layout in LAYOUTS.values():
        if columns in layout.product:
            return layout.source
    return None


def by_header(names: frozenset[str]) -> str | None:
    """Name the source that a header belongs to."""
    for layout in LAYOUTS.values():
        if names & frozenset(layout.telling):
            return layout.source
    return None


def placed(source: str) -> Layout:
    """The layout of a source; for one that the product does not rank, file and ordinal only."""
    bare = Layout(source, {}, {}, (), (), (), ("", "rarest destination"), ())
    return LAYOUTS.get(source, bare)
