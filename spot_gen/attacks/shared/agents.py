"""What the programs of a scenario call themselves when they request something."""

from __future__ import annotations

from spot_gen.attacks.model import Scene
from spot_gen.network.agents import PROGRAMS, browsers
from spot_gen.network.hosts import Host
from spot_gen.network.world import World
from spot_gen.streams import Stream

AGENTS = ("rare", "altered", "own")
#: User agents that hardly any machine of an office has.
_RARE_AGENTS = (
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", "python-requests/2.18.4",
    "Go-http-client/1.1", "Mozilla/5.0 (Windows NT 6.1; rv:24.0) Gecko/20100101 Firefox/24.0",
    "WinHttpClient/1.0", "curl/7.55.1",
)  # fmt: skip
#: What a careless author gets wrong in the user agent that he imitates.
_SLIPS = (
    ("Mozilla/5.0 (", "Mozilla/5.0("), ("Mozilla/5.0", "Mozilla/5.1"), ("; ", ";"),
    ("Gecko", "gecko"), (" (", "  ("),
)  # fmt: skip


def agent_of(world: World, host: Host) -> str:
    """Return the user agent of a person's browser, or that of servers' programs."""
    if host.role != "workstation":
        return PROGRAMS["server"]
    return str(browsers(world.people)[host.number].as_py())


def agent(scene: Scene, stream: Stream, kind: str) -> str:
    """Return a user agent: ``own`` of the actor's user, that slightly ``altered``, or ``rare``."""
    own = agent_of(scene.world, scene.actor)
    slips = [own.replace(right, wrong, 1) for right, wrong in _SLIPS if right in own]
    kinds = {
        "own": own,
        "altered": stream.choice(slips or [f"{own} "]),
        "rare": stream.choice(_RARE_AGENTS),
    }
    return kinds[kind]
