"""What the tests of proxy logs share: lines of each format, and how they are read."""

from __future__ import annotations

import io
from typing import Any

from spot_common.registry import check_source
from spot_ingest.accounting import Rejected
from spot_ingest.readers.proxylog import reader

MAIN = (
    "2005-05-04 17:16:12 1 45.110.2.82 200 TCP_HIT 941 729 GET http www.example.com /a.gif ?q=1 "
    'george DIRECT 38.112.92.20 image/gif "Mozilla/4.0 (a; b)" PROXIED none - 192.16.170.42 '
    "SG-HTTP-Service - none -"
)
REPORTER = (
    '2016-07-08 00:00:01 12 10.0.0.5 jo grp - OBSERVED "News/Media" http://r.example/ 200 TCP_HIT '
    'GET text/html https www.example.com 8443 /path/x.html - html "Mozilla/5.0 (X11; rv:1)" '
    "10.0.0.1 5000 300 - app op"
)
SQUID = (
    "1467011157.401    415 10.0.0.7 TCP_MISS/200 337891 GET http://www.example.com:8080/a/b?c=d jo "
    "DIRECT/192.0.2.73 text/html"
)
COMBINED = (
    '10.0.0.8 - jo [08/Jul/2016:01:00:01 +0200] "GET http://www.example.com/a?b=c HTTP/1.1" 200 '
    '5120 "http://r.example/" "Mozilla/5.0 (X11; \\"rv\\")"'
)
COMMON = COMBINED.partition(' "http://r.example/"')[0]
GATEWAY = (
    '[30/Apr/2014:17:43:46 -0700] "Jo Doe" 172.16.223.132 192.0.2.101 1500 200 TCP_HIT '
    '"GET http://www.example.com/a HTTP/1.1" "Internet Services" "low risk " '
    '"text/html; charset=utf-8" 634 135 "Mozilla/4.0 (a; b)" "http://r.example/?q=1" "-" "0" "" "-"'
)
ZEEK_NAMES = (
    "ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "method", "host", "uri",
    "referrer", "user_agent", "username", "request_body_len", "response_body_len", "status_code",
    "resp_mime_types",
)  # fmt: skip
ZEEK_VALUES = (
    "1713495609.060304", "Cls2Lj38", "172.70.43.92", "49108", "192.0.2.201", "8000", "GET",
    "www.example.com:8000", "/a/b?c=d", "http://r.example/", "Mozilla/5.0 (X11)", "-", "17", "612",
    "200", "text/html,text/plain",
)  # fmt: skip
ZEEK_HEAD = "#separator \\x09\n#path\thttp\n#fields\t" + "\t".join(ZEEK_NAMES)
ZEEK = "\t".join(ZEEK_VALUES)
ZEEK_JSON = (
    '{"ts":1713495609.060304,"uid":"Cls2Lj38","id.orig_h":"172.70.43.92","id.orig_p":49108,'
    '"id.resp_h":"192.0.2.201","id.resp_p":8000,"method":"GET","host":"www.example.com:8000",'
    '"uri":"/a/b?c=d","referrer":"http://r.example/","user_agent":"Mozilla/5.0 (X11)",'
    '"request_body_len":17,"response_body_len":612,"status_code":200,"tags":[],'
    '"resp_mime_types":["text/html","text/plain"]}'
)
#: For each format that is shipped, what stands before its lines, and a line.
FORMATS = {
    "w3c main": ("", MAIN),
    "w3c reporter": ("", REPORTER),
    "squid": ("", SQUID),
    "apache combined": ("", COMBINED),
    "apache common": ("", COMMON),
    "webgateway": ("", GATEWAY),
    "zeek": (f"{ZEEK_HEAD}\n", ZEEK),
    "zeek-json": ("", ZEEK_JSON),
}


def lines(*texts: str) -> bytes:
    """A log of these lines."""
    return "".join(f"{text}\n" for text in texts).encode()


def read(data: bytes, name: str = "") -> tuple[list[dict[str, Any]], list[Rejected]]:
    """Read a log; give the rows and the lines that are set aside."""
    batches = list(reader.Log(io.BytesIO(data), name).batches())
    schema = check_source("proxy").raw.arrow()
    assert all(batch.rows.schema == schema for batch in batches)
    assert all(len(batch.minutes) == batch.rows.num_rows for batch in batches)
    for batch in batches:
        batch.rows.validate(full=True)
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    return rows, [row for batch in batches for row in batch.rejected]
