"""Invented days for the pages: what the API would answer, without any service behind it."""

from __future__ import annotations

import math
import random
from typing import Any

Row = dict[str, Any]

DAY = "2026-03-17"
BEFORE = "2026-03-13"
EMPTY = "2026-03-15"
HOSTILE = "2026-03-18"
BROKEN = "2026-03-19"

#: Texts that would run, break the layout or hide themselves if a page took them for more than text.
HOSTILE_NAMES = [
    "<script>window.hacked=1</script>.example",
    '"><img src=x onerror="window.hacked=1">.test',
    "javascript:window.hacked=1",
    "\u202egnp.exe.invoice.test",
    "a" * 2000 + ".example",
    "50%|date=2020-01-01|filter=x#y&z",
    "${7*7}{{7*7}}",
]


def _score(place: int) -> float:
    return math.exp(-20.8 + 0.55 * math.sqrt(place) * 2)


def _time(day: str, chance: random.Random) -> str:
    moment = chance.randrange(86400)
    return f"{day} {moment // 3600:02}:{moment // 60 % 60:02}:{moment % 60:02}"


_REPUTATIONS = ["gti:High:3:Malicious Sites|Risk::fb:UNKNOWN:-1", "", "fb:SUSPICIOUS:2"]


def flow_rows(day: str, count: int) -> list[Row]:
    """Flows between a few busy hosts and many quiet ones, most suspicious first."""
    chance = random.Random(f"flow {day}")
    inside = [f"10.20.{chance.randrange(64)}.{chance.randrange(2, 250)}" for _ in range(24)]
    outside = [f"198.18.{chance.randrange(80)}.{chance.randrange(2, 250)}" for _ in range(40)]
    outside[0] = "2001:db8:4f::1:87"
    rows = []
    for place in range(count):
        src = inside[0] if chance.random() < 0.3 else chance.choice(inside)
        dst = chance.choice(inside) if chance.random() < 0.25 else chance.choice(outside)
        if place % 5 == 4:
            src, dst = outside[1], chance.choice(inside)
        known = place % 3 == 0
        rows.append(
            {
                "tstart": _time(day, chance),
                "srcIp": src,
                "dstIp": dst,
                "srcPort": chance.randrange(1024, 65535),
                "dstPort": chance.choice([22, 53, 443, 445, 4444, 8333]),
                "protocol": chance.choice(["TCP", "TCP", "UDP"]),
                "inPkts": chance.randrange(1, 22000),
                "inBytes": int(chance.lognormvariate(9, 3)),
                "outPkts": chance.randrange(0, 9000),
                "outBytes": int(chance.lognormvariate(8, 3)),
                "score": _score(place),
                "rank": place,
                "srcIp_isInternal": int(src.startswith("10.")),
                "dstIp_isInternal": int(dst.startswith("10.")),
                "srcIp_geoloc": "",
                "dstIp_geoloc": "Noord-Holland;Amsterdam Example Hosting" if known else "",
                "srcIp_domain": "",
                "dstIp_domain": "host.example" if known else "",
                "srcIp_rep": "",
                "dstIp_rep": [
                    "gti:High:3:Malicious Sites|Risk::fb:UNKNOWN:-1",
                    "",
                    "fb:SUSPICIOUS:2",
                ][place % 3],
            }
        )
    return rows


def flow_records(row: Row) -> list[Row]:
    """Both directions of a flow in its minute."""
    there = {
        **{name: row[name] for name in ("tstart", "srcIp", "dstIp", "protocol")},
        **{name: row[name] for name in ("inPkts", "inBytes", "outPkts", "outBytes")},
        "srcPort": str(row["srcPort"]),
        "dstPort": str(row["dstPort"]),
        "flags": ".AP.SF",
        "tos": "0",
        "routerIp": "10.20.0.1",
        "inIface": "3",
        "outIface": "11",
    }
    back = {**there, "srcIp": row["dstIp"], "dstIp": row["srcIp"]}
    back |= {"srcPort": there["dstPort"], "dstPort": there["srcPort"]}
    return [there, back, {**there, "flags": "....S.", "inPkts": 1, "inBytes": 60}]


_DOMAINS = ["cdn-sync.example", "pkg-mirror.test", "onion-gate.test", "corp.example"]


def dns_rows(day: str, count: int) -> list[Row]:
    """Names that clients asked for, most suspicious first."""
    chance = random.Random(f"dns {day}")
    clients = [f"10.20.{chance.randrange(64)}.{chance.randrange(2, 250)}" for _ in range(14)]
    rows = []
    for place in range(count):
        domain = chance.choice(_DOMAINS)
        length = 48 if domain == _DOMAINS[0] else chance.randrange(3, 9)
        label = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz234567", k=length))
        name, tld = (f"{label}.{domain}", domain) if place % 4 else (f"{label}.invalid", None)
        rows.append(dns_row(day, chance, chance.choice(clients), name, tld, place))
    return rows


def dns_row(
    day: str, chance: random.Random, client: str, name: str, tld: str | None, place: int
) -> Row:
    """One answer to a client."""
    moment = _time(day, chance)
    return {
        "frameTime": moment,
        "frameLength": 80 + len(name),
        "clientIp": client,
        "dnsQuery": name,
        "dnsQueryClass": 1,
        "dnsQueryType": 16,
        "dnsQueryRcode": 0,
        "dnsQueryClassLabel": "Internet (IN)",
        "dnsQueryTypeLabel": chance.choice(["TXT", "A", "AAAA"]),
        "dnsQueryRcodeLabel": "NoError" if tld else "NXDomain",
        "dnsQueryRep": "gti:High:3" if tld == _DOMAINS[0] else "",
        "networkContext": "Finance workstations" if place % 2 else "",
        "tld": tld,
        "score": _score(place + 10),
        "clientIpSev": 0,
        "dnsQuerySev": 0,
        "unixTimestamp": 0,
    }


def dns_records(row: Row) -> list[Row]:
    """The answer, and another one in the same hour."""
    answers = ["v=spf1 -all", "qmVzdGluYXRp"] if row["tld"] else []
    record = {**row, "serverIp": "10.20.0.53", "dnsQueryAnswers": answers}
    return [record, {**record, "dnsQueryAnswers": []}]


_PATHS = ["/", "/gate.php", "/img/a.png", "/api/v1"]


def proxy_rows(day: str, count: int) -> list[Row]:
    """Requests through the proxy, most suspicious first."""
    chance = random.Random(f"proxy {day}")
    hosts = ["update.pkg-mirror.test", "files.corp.example", "198.18.4.7", "cdn-sync.example"]
    rows = []
    for place in range(count):
        host, path = (
            chance.choice(hosts),
            chance.choice(_PATHS),
        )
        client = f"10.20.{chance.randrange(4)}.{chance.randrange(2, 12)}"
        rows.append(proxy_row(day, chance, client, host, path, place))
    return rows


def proxy_row(
    day: str, chance: random.Random, client: str, host: str, path: str, place: int
) -> Row:
    """One request."""
    query = f"?id={chance.randrange(4)}" if chance.random() < 0.5 else ""
    return {
        "datetime": _time(day, chance),
        "clientIp": client,
        "host": host,
        "requestMethod": chance.choice(["GET", "GET", "POST", "CONNECT"]),
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64) example",
        "responseContentType": "text/html",
        "duration": 12,
        "username": "-",
        "webCategory": "Technology;Content servers" if place % 3 else "-",
        "referer": "-",
        "responseCode": 200,
        "uriPort": 80,
        "uriPath": path,
        "uriQuery": query,
        "serverIp": "10.20.0.3",
        "serverToClientBytes": chance.randrange(100, 900000),
        "clientToServerBytes": chance.randrange(100, 9000),
        "uri": f"{host}{path}{query}",
        "score": 0,
        "mlScore": _score(place + 4),
        "uriRep": "gti:Medium:2" if host == "198.18.4.7" else "",
        "responseCodeLabel": "OK",
        "networkContext": "",
    }


def hostile(source: str) -> list[Row]:
    """Rows whose texts try to be more than text."""
    chance = random.Random(source)
    rows = []
    for place, name in enumerate(HOSTILE_NAMES):
        if source == "dns":
            row = dns_row(HOSTILE, chance, "10.20.1.1", name, None, place)
            row["networkContext"] = name
        elif source == "proxy":
            row = proxy_row(HOSTILE, chance, "10.20.1.1", name, f"/{name}", place)
            row |= {
                "userAgent": name,
                "webCategory": name,
                "referer": name,
                "uriRep": f"gti:{name}:3",
            }
        else:
            row = flow_rows(HOSTILE, place + 1)[place]
            row |= {
                "dstIp_geoloc": name,
                "dstIp_domain": name,
                "protocol": name,
                "dstIp_rep": f"x:{name}:3",
            }
            row |= {"dstIp_isInternal": 0, "score": 0}
        rows.append(row)
    return rows
