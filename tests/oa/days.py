"""A small day, 2016-07-08, of each source: raw records by hour, and the model's results."""

from __future__ import annotations

Row = dict[str, object]


def flow(clock: str, sip: str, dip: str, *, sport: int = 1000, ibyt: int | None = 100) -> Row:
    """A raw flow record."""
    hour, minute, second = map(int, clock.split(":"))
    return {
        "treceived": f"2016-07-08 {clock}",
        "unix_tstamp": 1467936000 + hour * 3600 + minute * 60 + second,
        "tryear": 2016,
        "trmonth": 7,
        "trday": 8,
        "trhour": hour,
        "trminute": minute,
        "trsec": second,
        "tdur": 0.5,
        "sip": sip,
        "dip": dip,
        "sport": sport,
        "dport": 80,
        "proto": "TCP",
        "flag": ".AP.SF",
        "stos": 0,
        "ipkt": 2,
        "ibyt": ibyt,
        "opkt": 0,
        "obyt": 0,
        "input": 1,
        "output": 2,
        "rip": "192.0.2.1",
    }


def flow_result(raw: Row, score: str) -> list[object]:
    """The line of the results for a raw flow record."""
    columns = (
        "treceived tryear trmonth trday trhour trminute trsec tdur sip dip sport dport proto "
        "ipkt ibyt opkt obyt"
    )
    return [*(raw[name] for name in columns.split(" ")), score]


def dns(clock: str, client: str, name: str, *, answers: str | None = "203.0.113.7") -> Row:
    """A raw DNS record."""
    hour, minute, second = map(int, clock.split(":"))
    return {
        "frame_time": f"Jul  8 2016 {clock}.123456000 UTC",
        "unix_tstamp": 1467936000 + hour * 3600 + minute * 60 + second,
        "frame_len": 120,
        "ip_dst": client,
        "ip_src": "10.0.0.53",
        "dns_qry_name": name,
        "dns_qry_class": "0x00000001",
        "dns_qry_type": 1,
        "dns_qry_rcode": 0,
        "dns_a": answers,
    }


def dns_result(raw: Row, score: str) -> list[object]:
    """The line of the results for a raw DNS record."""
    columns = (
        "frame_time unix_tstamp frame_len ip_dst dns_qry_name dns_qry_class dns_qry_type "
        "dns_qry_rcode"
    )
    return [*(raw[name] for name in columns.split(" ")), score]


def proxy(clock: str, client: str, uri: str, *, respcode: str = "200") -> Row:
    """A raw proxy record."""
    host, _, path = uri.partition("/")
    return {
        "p_date": "2016-07-08",
        "p_time": clock,
        "clientip": client,
        "host": host,
        "reqmethod": "GET",
        "useragent": '"Mozilla/5.0 (X11)"',
        "resconttype": "text/html",
        "duration": 12,
        "username": "1234",
        "webcat": '"News;Blogs"',
        "referer": "-",
        "respcode": respcode,
        "uriport": "80",
        "uripath": f"/{path}",
        "uriquery": "-",
        "serverip": "192.0.2.9",
        "scbytes": 900,
        "csbytes": 300,
        "fulluri": uri,
    }


def proxy_result(raw: Row, score: str) -> list[object]:
    """The line of the results for a raw proxy record."""
    columns = (
        "p_date p_time clientip host reqmethod useragent resconttype duration username webcat "
        "referer respcode uriport uripath uriquery serverip scbytes csbytes fulluri"
    )
    return [*(raw[name] for name in columns.split(" ")), "1_2_3_word", score]


OUT = flow("03:05:01", "10.0.0.1", "198.51.100.8")
BACK = flow("03:05:40", "198.51.100.8", "10.0.0.1", sport=80)
LARGE = flow("03:05:09", "10.0.0.1", "203.0.113.1", ibyt=3_000_000_000)
SIXTH = flow("17:00:00", "2001:db8::1", "fd00::7")
QUIET = flow("03:06:02", "198.51.100.8", "10.0.0.1")
BROKEN = flow("03:06:03", "198.51.100.8", "10.0.0.1", ibyt=None)

TUNNEL = dns("10:10:40", "10.0.0.1", "x9f.evil-tunnel.co.uk", answers="203.0.113.7|203.0.113.8")
TUNNEL_AGAIN = dns("10:59:59", "10.0.0.2", "x9f.evil-tunnel.co.uk")
TUNNEL_LATER = dns("11:00:00", "10.0.0.2", "x9f.evil-tunnel.co.uk")
OTHER = dns("10:11:00", "10.0.0.1", "printer.local", answers=None)
HOSTILE = dns("12:00:00", "10.0.0.3", "a'b\"%_;<img src=x>.example.com")

PAGE = proxy("08:00:01", "10.0.0.1", "news.example.com/a?b='1")
PAGE_AGAIN = proxy("08:59:59", "10.0.0.1", "news.example.com/a?b='1")
PAGE_LATER = proxy("09:00:00", "10.0.0.1", "news.example.com/a?b='1")
FOREIGN = proxy("08:00:02", "10.0.0.2", "news.example.com/a?b='1", respcode="-")

RAW: dict[str, dict[int, list[Row]]] = {
    "flow": {3: [OUT, BACK, LARGE, QUIET, BROKEN], 17: [SIXTH]},
    "dns": {10: [TUNNEL, TUNNEL_AGAIN, OTHER], 11: [TUNNEL_LATER], 12: [HOSTILE]},
    "proxy": {8: [PAGE, PAGE_AGAIN, FOREIGN], 9: [PAGE_LATER]},
}
RESULTS: dict[str, list[list[object]]] = {
    "flow": [
        flow_result(OUT, "1.0E-6"),
        flow_result(BACK, "2.0E-6"),
        flow_result(LARGE, "3.0E-6"),
        flow_result(SIXTH, "4.0E-6"),
    ],
    "dns": [
        dns_result(TUNNEL, "1.0E-6"),
        dns_result(TUNNEL_AGAIN, "2.0E-6"),
        dns_result(OTHER, "3.0E-6"),
        dns_result(HOSTILE, "4.0E-6"),
    ],
    "proxy": [proxy_result(PAGE, "1.0E-6"), proxy_result(FOREIGN, "2.0E-6")],
}
