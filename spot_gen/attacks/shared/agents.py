"""What the programs of a scenario call themselves when they request something."""

from __future__ import annotations

from spot_gen.attacks.model import Scene
from spot_gen.network.agents import PROGRAMS, RARE, browsers
from spot_gen.network.hosts import Host
from spot_gen.network.world import World
from spot_gen.streams import Stream

AGENTS = ("rare", "altered", "own")
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
        "rare": stream.choice(RARE),
    }
    return kinds[kind]
