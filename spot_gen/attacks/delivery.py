"""How malware comes in: a page, redirects, a file; and addresses that hide where they lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from spot_gen.attacks.command_channel import HTTP, Beacon, beacon_http
from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.choices import at_most, one_of
from spot_gen.attacks.shared.sites import Site, site
from spot_gen.attacks.shared.visits import bare, fetch, quiet_site
from spot_gen.attacks.shared.wording import BASE64, HEX, LOWER, WORDS, texts
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.distributions import log_normal
from spot_gen.streams import Stream

_PREFIXES = ("get", "dl2", "files3", "click", "go", "media4")
_PAGES = ("/blog/2024/02/", "/forum/viewtopic.php", "/index.php", "/wp-content/themes/")
_HOPS = ("/r.php", "/go", "/tds/in.cgi", "/click")
_FILE = log_normal(620_000.0, 0.5)


@dataclass(frozen=True)
class Payload:
    """What the file is called and said to be."""

    paths: tuple[str, ...]
    content_type: str


PAYLOADS: Mapping[str, Payload] = {
    "right": Payload(("/dl/setup_{}.exe", "/pack/update-{}.exe"), "application/x-msdownload"),
    "wrong": Payload(("/doc/invoice_{}.zip", "/f/scan{}.exe", "/d/report-{}.scr"), "text/plain"),
    "image": Payload(("/images/header_{}.jpg", "/img/photo{}.jpg"), "image/jpeg"),
}


@dataclass(frozen=True)
class Delivered:
    """When the file had arrived, from where it came, and the names on the way to it."""

    time_us: int
    url: str
    landing: str
    hash: str


def deliver(
    scene: Scene, start_us: int, content: str, redirects: int, from_address: bool, part: int = 500
) -> Delivered:
    """Let the actor be led from a page over redirects to a file, within two minutes.

    ``content``: a key of ``PAYLOADS``. Draws from the parts ``part`` to ``part + 2 * redirects +
    4``. The servers, the file's address and its hash become indicators.
    """
    stream = scene.below(part)
    landing = quiet_site(scene, stream)
    prefixes = stream.subset(_PREFIXES, len(_PREFIXES))
    hops = [site(scene, prefixes[n % len(prefixes)], part + 3 + 2 * n) for n in range(redirects)]
    last = bare(scene, part + 1) if from_address else site(scene, prefixes[-1], part + 1)
    with scene.record.stage("delivery"):
        path = stream.choice(_PAGES)
        page = {"path": path, "bytes_down": stream.number(18_000, 70_000)}
        time = fetch(scene, stream, np.array([start_us]), landing, page)
        referer = f"http://{landing.name}{path}"
        for hop in hops:
            time, referer = _redirect(scene, stream, time, hop, referer)
        path = stream.choice(PAYLOADS[content].paths).format(stream.number(100, 9_999))
        done = fetch(
            scene, stream, time + stream.integers(60_000, 900_000, 1), last,
            {
                "path": path, "referer": referer, "content_type": PAYLOADS[content].content_type,
                "bytes_down": int(stream.sample(_FILE, 1)[0]) + 40_000,
                "taken_ms": stream.integers(700, 4_000, 1),
            },
        )  # fmt: skip
    found = Delivered(int(done[0]), f"http://{last.name}{path}", landing.name, stream.text(HEX, 64))
    scene.know("url", found.url)
    scene.know("hash", found.hash)
    return found


def _redirect(
    scene: Scene, stream: Stream, time: np.ndarray, hop: Site, referer: str
) -> tuple[np.ndarray, str]:
    """Let the actor follow one redirect; return when it is told the next, and its address."""
    path, query = stream.choice(_HOPS), f"?s={stream.text(HEX, 10)}"
    columns = {
        "path": path, "query": query, "referer": referer, "status": 302, "action": "TCP_NC_MISS",
        "bytes_down": stream.number(280, 700),
    }  # fmt: skip
    wait = stream.integers(40_000, 1_400_000, 1)
    return fetch(scene, stream, time + wait, hop, columns), f"http://{hop.name}{path}{query}"


def _play_download(scene: Scene) -> str:
    content = one_of(scene, "content", tuple(PAYLOADS))
    how = Beacon.of(scene)
    found = deliver(
        scene, scene.start_us, content, at_most(scene, "redirects", 20), scene["bare"], 500
    )
    master = site(scene, scene.below(560).choice(("sync", "update", "node1")), 561)
    begin = found.time_us + scene.below(563).number(20 * SECOND_US, 150 * SECOND_US)
    end = min(begin + int(scene["hours"] * HOUR_US), scene.start_us + scene.duration_us)
    count = beacon_http(scene, begin, end, master, how)
    return (
        f"At {story.when(scene.start_us)} a page of {found.landing} led {scene.actor.name} to the"
        f" file {found.url}, said to be {PAYLOADS[content].content_type}. Soon after it began to"
        f" report to {master.name}, {story.many(count, 'time')} in all."
    )


def _long(stream: Stream) -> tuple[str, str]:
    data = stream.text(BASE64, stream.number(700, 1_900))
    return f"/{stream.choice(WORDS)}/{stream.choice(WORDS)}.php", f"?d={data}%3D%3D"


def _encoded(stream: Stream) -> tuple[str, str]:
    hidden = f"/{stream.choice(WORDS)}/{stream.choice(WORDS)}/{stream.text(LOWER, 6)}.js"
    target = f"http://{stream.choice(WORDS)}.test/{stream.text(HEX, 12)}"
    return f"/%2e%2e{_percent(hidden)}", f"?u={_percent(target)}"


def _percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def _random(stream: Stream) -> tuple[str, str]:
    lengths = stream.integers(24, 72, stream.number(2, 5))
    return "/" + "/".join(texts(stream, BASE64, lengths)), f"?{stream.text(BASE64, 48)}"


def _plain(stream: Stream) -> tuple[str, str]:
    return f"/{stream.text(LOWER, 3)}/{stream.text(HEX, 8)}.php", f"?id={stream.number(1, 9_999)}"


#: Ways to hide where an address leads; the last one belongs to a host without a name.
DISGUISES: Mapping[str, Callable[[Stream], tuple[str, str]]] = {
    "long": _long,
    "encoded": _encoded,
    "random": _random,
    "bare": _plain,
}


def obfuscated(
    scene: Scene, start_us: int, end_us: int, count: int, hosts: int, part: int = 570
) -> list[str]:
    """Let the actor request ``count`` disguised addresses in [start, end); return them.

    They are of ``hosts`` servers with names and one without.
    """
    stream = scene.below(part)
    servers = [site(scene, _PREFIXES[n % len(_PREFIXES)], part + 3 + 2 * n) for n in range(hosts)]
    servers.append(bare(scene, part + 1))
    kinds = stream.choices(tuple(DISGUISES), count)
    chosen = stream.integers(0, hosts, count)
    at = np.array([hosts if k == "bare" else n for k, n in zip(kinds, chosen, strict=True)])
    made = [DISGUISES[kind](stream) for kind in kinds]
    times = np.sort(start_us + stream.integers(0, end_us - start_us - 20 * SECOND_US, count))
    with scene.record.stage("delivery"):
        for number, server in enumerate(servers):
            rows = np.flatnonzero(at == number)
            if len(rows):
                _visit(scene, stream.below(number), times[rows], server, [made[r] for r in rows])
    return [f"http://{servers[at[n]].name}{path}{query}" for n, (path, query) in enumerate(made)]


def _visit(
    scene: Scene, stream: Stream, times: np.ndarray, server: Site, made: list[tuple[str, str]]
) -> None:
    size = len(made)
    status = np.array([200, 200, 200, 302, 404])[stream.integers(0, 5, size)]
    fetch(
        scene, stream, times, server,
        {
            "path": [path for path, _ in made], "query": [query for _, query in made],
            "status": status, "bytes_down": stream.integers(350, 24_000, size),
            "action": np.where(status == 200, "TCP_MISS", "TCP_NC_MISS"),
        },
    )  # fmt: skip


def _play_obfuscation(scene: Scene) -> str:
    end = scene.start_us + scene.duration_us
    found = obfuscated(scene, scene.start_us, end, scene["count"], at_most(scene, "hosts", 100))
    scene.know("url", *found[:3])
    longest = max(len(url) for url in found)
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} requested"
        f" {story.many(len(found), 'address')} that do not show where they lead, within"
        f" {story.span(scene.duration_us)}. Some are percent-encoded or bare of any name; the"
        f" longest has {story.many(longest, 'character')}."
    )


SCENARIOS = (
    Scenario(
        "malware_download",
        "delivery",
        ("T1105", "T1204"),
        ("proxy", "dns", "flow"),
        "command and control",
        (4 * HOUR_US, 8 * HOUR_US, 14 * HOUR_US),
        _play_download,
        hours=((8, 17), (8, 15), (8, 10)),
        parameters={
            **HTTP,
            "content": ("right", "wrong", "image"),
            "redirects": (1, 2, 3),
            "bare": (True, False, False),
            "hours": (3, 7, 13),
        },
    ),
    Scenario(
        "url_obfuscation",
        "delivery",
        ("T1027",),
        ("proxy",),
        "URL obfuscation",
        (40 * MINUTE_US, 3 * HOUR_US, 8 * HOUR_US),
        _play_obfuscation,
        hours=((8, 17), (8, 14), (8, 10)),
        parameters={"count": (200, 50, 10), "hosts": (5, 3, 2)},
    ),
)
