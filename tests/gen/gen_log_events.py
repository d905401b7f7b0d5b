"""Events for the tests of text logs: some of everything, drawn from one seed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spot_gen import events
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.config.model import DEFAULT_START_US, Config
from spot_gen.events import Events
from spot_gen.log_fields import WINDOWS_EVENTS, encode
from spot_gen.network import World
from spot_gen.network.addresses import address
from spot_gen.protocols import ICMP, NO_ANSWER, NXDOMAIN, TXT, UDP
from spot_gen.recorder import Legs, Recorder, State
from spot_gen.streams import Stream
from spot_gen.writers.files import Output, Writer

START = DEFAULT_START_US + 9 * HOUR_US
SPAN = 2 * HOUR_US
AGENTS = ["", "Mozilla/5.0 (X11; Linux x86_64)", 'odd "quoted" agent', '"', "-", "a\\b", "één ü"]
PATHS = ["/", "/a/b.html", '/q"uote', '"/begins', "/with blank", "/ÿ/ü", "/p%20q"]
QUERIES = ["", "?a=1&b=2", '?x="y z"', "?" + "k" * 300]


@cache
def world(threat_share: float = 0.2, **outputs: Any) -> World:
    """Return a small network; ``outputs`` are keys of that section."""
    config = Config(hosts=12, span_us=SPAN, start_us=START)
    network = replace(config.network, names=200, threat_share=threat_share)
    outputs_now = replace(config.outputs, **outputs)
    return World.of(replace(config, outputs=outputs_now, network=network), 7)


@cache
def recorded() -> Events:
    """Return events of two hours: ordinary ones, some of incident 1 and of look-alike -1."""
    place = world()
    tables = []
    for label, size in ((0, 1_500), (1, 40), (-1, 40)):
        recorder = Recorder(place, label)
        stream = place.stream(f"test/{label}")
        _connections(recorder, stream, size)
        _lookups(recorder, stream, size)
        _requests(recorder, stream, size)
        _log_lines(recorder, stream, size)
        tables.append(recorder.finish())
    return Events(
        **{
            name: events.in_order(events.SCHEMAS[name], [part.tables()[name] for part in tables])
            for name in events.SCHEMAS
        }
    )


def _times(stream: Stream, size: int) -> Any:
    return START + stream.integers(0, SPAN, size)


def _clients(stream: Stream, size: int) -> Any:
    people = world().people
    chosen = stream.integers(0, len(people), size)
    six = people.address_6[chosen]
    use_six = (stream.uniform(size) < 0.3) & (six[:, 0] != 0)
    return np.where(use_six[:, None], six, people.address[chosen])


def _connections(recorder: Recorder, stream: Stream, size: int) -> None:
    names = recorder.world.names
    sites = stream.integers(0, len(names.host), size)
    state = stream.integers(0, len(State), size)
    used = ~np.isin(state, (State.REFUSED, State.UNANSWERED))
    recorder.connections(
        stream.bits(size), _times(stream, size), recorder.world.people.address[0],
        names.address[sites], np.array([22, 80, 443, 445, 4444])[stream.integers(0, 5, size)],
        up=stream.integers(0, 5_000, size) * used, down=stream.integers(0, 90_000, size) * used,
        duration_us=stream.integers(0, 20 * MINUTE_US, size), state=state,
    )  # fmt: skip
    recorder.connections(
        stream.bits(9), _times(stream, 9), address("198.18.7.7"),
        recorder.world.server("web").address, 8 * 256, proto=ICMP, up=56, down=56, packets=(1, 1),
    )  # fmt: skip
    recorder.connections(
        stream.bits(9), _times(stream, 9), _clients(stream, 9), address("198.18.7.9"), 123,
        proto=UDP, up=48, down=48, duration_us=30_000,
    )  # fmt: skip
    recorder.connections(
        stream.bits(9), _times(stream, 9), address("198.18.7.8"),
        recorder.world.server("web").address, 22, flags=41, state=State.UNANSWERED,
    )  # fmt: skip


def _lookups(recorder: Recorder, stream: Stream, size: int) -> None:
    names = recorder.world.names
    hosts = stream.integers(0, len(names.host), size)
    rows = pa.array(hosts)
    recorder.lookups(
        stream.bits(size), _times(stream, size), _clients(stream, size), names.host.take(rows),
        answers=names.records.take(rows), alias=names.alias.take(rows),
        authority=names.authority(hosts // 4), upstream=stream.uniform(size) < 0.5,
    )  # fmt: skip
    recorder.lookups(
        stream.bits(30), _times(stream, 30), _clients(stream, 30), "nosuch.corp.example",
        rcode=np.array([NXDOMAIN, NO_ANSWER])[stream.integers(0, 2, 30)],
    )  # fmt: skip
    recorder.lookups(
        stream.bits(20), _times(stream, 20), _clients(stream, 20), "x,y.t.example",
        qtype=TXT, answers=[b"\x05hello", b'\x07a,"b\\\tc'],
    )  # fmt: skip
    recorder.lookups(
        stream.bits(20), _times(stream, 20), _clients(stream, 20), "7.1.20.10.in-addr.arpa.example",
        qtype=12, answers=[b"\x03dns\x04corp\x07example\x00"],
    )  # fmt: skip


def _requests(recorder: Recorder, stream: Stream, size: int) -> None:
    names = recorder.world.names
    legs = size // 2
    number = np.minimum(np.arange(size) // 2, legs - 1)
    site = stream.integers(0, len(names.host), legs)
    when = np.sort(_times(stream, size).reshape(-1))[number * 2] + (np.arange(size) % 2) * 700_000
    tls = (stream.uniform(legs) < 0.4)[number]
    pick = stream.choices
    recorder.requests(
        stream.bits(size), number, Legs(_clients(stream, legs), names.address[site]),
        {
            "time_us": when, "taken_ms": stream.integers(1, 5_000, size),
            "user": pick(["", "u0001"], size), "method": pick(["GET", "POST"], size),
            "scheme": np.where(tls, "https", "http").tolist(),
            "host": names.host.take(pa.array(site[number])), "path": pick(PATHS, size),
            "query": pick(QUERIES, size), "extension": pick(["", "html"], size),
            "agent": pick(AGENTS, size), "referer": pick(["", "http://a.example/?x y"], size),
            "content_type": pick(["", "text/html; charset=utf-8", "image/png"], size),
            "status": np.array([200, 304, 404])[stream.integers(0, 3, size)],
            "action": pick(["TCP_MISS", "TCP_HIT", "TCP_DENIED"], size),
            "filter": pick(["OBSERVED", "DENIED"], size),
            "categories": pick(["", "News/Media", "Web Ads/Analytics;Shopping"], size),
            "application": pick(["", "Mail"], size),
            "bytes_down": stream.integers(0, 90_000, size),
            "bytes_up": stream.integers(0, 9_000, size),
        },
    )  # fmt: skip


def _log_lines(recorder: Recorder, stream: Stream, size: int) -> None:
    def line(host: str, kind: str, **columns: Any) -> None:
        recorder.log_lines(
            stream.bits(size), _times(stream, size), host, kind, encode(kind, size, **columns)
        )

    users = stream.choices(["u0001", "root", 'o"dd\\ü'], size)
    addresses = stream.choices(["198.18.3.4", "10.20.10.1", "2001:db8::9"], size)
    ports = stream.integers(1_024, 65_536, size)
    results = ["accepted", "failed", "invalid", "closed", "opened", "ended"]
    line(
        "ssh1", "sshd", result=stream.choices(results, size), user=users, address=addresses,
        port=ports,
    )  # fmt: skip
    line("app1", "su", result=stream.choices(["opened", "closed", "failed"], size), user="u0002")
    results = ["allowed", "refused", "failed"]
    line("app1", "sudo", result=stream.choices(results, size), user="u0002", command="/bin/ls -l")
    line(
        "rt1", "firewall", action=stream.choices(["allow", "deny", "reject"], size),
        proto=stream.choices(["tcp", "udp", "icmp"], size), src=addresses, dst="10.20.2.10",
        sport=ports, dport=22,
    )  # fmt: skip
    events_of = sorted(WINDOWS_EVENTS)
    line(
        "dc1", "windows", event_id=np.array(events_of)[np.arange(size) % len(events_of)],
        user=users, address=addresses, port=ports, workstation="WS-0001", logon_type=3,
        status=stream.choices(["0x0", "0xC000006A", ""], size), process="C:\\Windows\\a.exe",
        service="krbtgt", target="u0003",
    )  # fmt: skip


def written(
    writer: type[Writer], out: Path, given: Events, place: World, step_us: int = SPAN
) -> Output:
    """Write events in batches of ``step_us``."""
    made = writer(out, place)
    for start in range(START - HOUR_US, START + SPAN + HOUR_US, step_us):
        made.write(given.between(start, start + step_us), start, start + step_us)
    return made.close()


def contents(out: Path) -> dict[str, bytes]:
    """Return what lies below a folder."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


SECOND = SECOND_US
