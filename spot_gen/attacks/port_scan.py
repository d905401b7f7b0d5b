"""Knocking at many ports or many machines to learn what listens there."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

import numpy as np

from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.pace import between, spread
from spot_gen.attacks.shared.services import answers, ports
from spot_gen.attacks.shared.sites import written
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.network.addresses import INTERNAL, Addresses, four
from spot_gen.network.hosts import Host
from spot_gen.protocols import ACK, FIN, PSH, RST, SYN, URG
from spot_gen.recorder import State
from spot_gen.streams import Ints, Stream

_KINDS = np.array([FIN, 0, FIN | PSH | URG], np.uint8)
_DMZ = 2
#: Addresses of the DMZ that a scan from outside tries, machines or not.
_DMZ_HOSTS = range(1, 41)
#: How many different ports it tries.
_TRIED = 60
#: How long a probe waits for an answer, its repetition included.
_WAIT_US = 1_100_000


def _room(scene: Scene) -> int:
    """Return the time in which probes begin, so that the last ones end in time."""
    return scene.duration_us - max(2 * _WAIT_US, scene.duration_us // 100)


def _probe(
    scene: Scene,
    stream: Stream,
    time: Ints,
    source: Addresses,
    target: tuple[Addresses, Any],
    state: Ints,
    delay_us: tuple[int, int],
) -> None:
    """Record probes of ``target`` (addresses, ports); ``delay_us``: how long an answer takes.

    The loud way opens half a connection only and tears it down; otherwise what listens is also
    asked what it is.
    """
    count, half = len(time), scene.stealth == 1
    found = state == State.DONE
    answer = stream.integers(*delay_us, count)
    asked = found & (not half)
    took = np.where(asked, answer * 6 + between(stream, 0.02, 1.0, count, SECOND_US), answer)
    wait = between(stream, 1.0, 1.05, count, SECOND_US)
    flags: dict[str, Any] = {}
    if half:
        flags["flags"] = np.where(found, SYN | RST, SYN)
        flags["flags_down"] = np.where(
            found, SYN | ACK, np.where(state == State.REFUSED, RST | ACK, 0)
        )
        state = np.where(found, State.OPEN, state)
    with scene.record.stage("discovery"):
        scene.record.connections(
            stream.bits(count), time, source, target[0], target[1],
            up=np.where(asked, stream.integers(18, 220, count), 0),
            down=np.where(asked, stream.integers(40, 900, count), 0),
            duration_us=np.where(state == State.UNANSWERED, wait, took),
            state=state, tries=2, **flags,
        )  # fmt: skip


def _target(scene: Scene, stream: Stream) -> Host:
    """Return the victim, or draw a server (as often as not) or another workstation."""
    if not scene.victims:
        servers = [
            host
            for host in scene.world.servers.values()
            if host is not scene.actor and host.role not in ("router", "scanner")
        ]
        chosen = scene.peers(1) if stream.chance(0.5) else []
        scene.victims += chosen or [stream.choice(servers)]
    return scene.victims[0]


def _vertical(scene: Scene) -> str:
    stream = scene.below(1)
    target = _target(scene, stream)
    tried = ports(stream, scene["ports"])
    count = len(tried)
    time = spread(stream, count, scene.start_us, _room(scene))
    state = answers(scene.world, stream.bits(count), [target] * count, tried)
    goal = (target.address, tried)
    _probe(scene, stream, time, scene.actor.address, goal, state, (150, 2_500))
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} tried {story.many(count, 'port')} of"
        f" {target.name} within {story.span(scene.duration_us)}. {_open(state)}"
    )


def _open(state: Ints) -> str:
    """Return the sentence about what listens."""
    count = int((state == State.DONE).sum())
    return f"{count or 'None'} of them {'were' if count > 1 else 'was'} open."


def _horizontal(scene: Scene) -> str:
    stream = scene.below(1)
    port = stream.choice(scene["ports"])
    hosts, address = _range(scene, stream)
    count = len(hosts)
    time = spread(stream, count, scene.start_us, _room(scene))
    tried = np.full(count, port)
    state = answers(scene.world, stream.bits(count), hosts, tried)
    goal = (address, port)
    _probe(scene, stream, time, scene.actor.address, goal, state, (150, 4_000))
    scene.victims[:] = [host for host in hosts if host is not None]
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} tried port {port} of"
        f" {story.many(count, 'address')} within {story.span(scene.duration_us)}, among them"
        f" {story.named(scene.victims)}. The port was open at"
        f" {int((state == State.DONE).sum()) or 'none'} of them."
    )


def _range(scene: Scene, stream: Stream) -> tuple[list[Host | None], Addresses]:
    """Return whom a scan tries, in random order: machines (None for no machine) and addresses."""
    known = {int(host.address[1]): host for host in scene.world.hosts}
    own = int(scene.actor.address[1])
    if scene.victims:
        numbers = np.array([int(host.address[1]) for host in scene.victims])
    elif scene["known"]:
        numbers = np.array([number for number in known if number != own], np.int64)
    else:
        prefix = 32 - int(scene["addresses"] + 1).bit_length()
        block = ipaddress.ip_network((own, max(prefix, INTERNAL.prefixlen)), strict=False)
        numbers = int(block[0]) + np.arange(1, block.num_addresses - 1)
        numbers = numbers[numbers != own]
    chosen = numbers[stream.order(len(numbers))][: scene["addresses"]]
    return [known.get(number) for number in chosen.tolist()], four(chosen)


def _flags(scene: Scene) -> str:
    """Send FIN, then NULL, then XMAS probes: what listens, or hides, stays silent."""
    stream = scene.below(1)
    target = _target(scene, stream)
    count = scene["probes"]
    run = np.arange(count) * len(_KINDS) // count
    tried = ports(stream, -(-count // len(_KINDS)))
    tried = tried[stream.integers(0, len(tried), count)]
    state = answers(scene.world, stream.bits(count), [target] * count, tried)
    state = np.where(state == State.DONE, State.UNANSWERED, state)
    wait = between(stream, 1.0, 1.05, count, SECOND_US)
    with scene.record.stage("discovery"):
        scene.record.connections(
            stream.bits(count), spread(stream, count, scene.start_us, _room(scene)),
            scene.actor.address, target.address, tried, flags=_KINDS[run], state=state, tries=2,
            duration_us=np.where(state == State.REFUSED, stream.integers(150, 2_500, count), wait),
        )  # fmt: skip
    closed = int((state == State.REFUSED).sum())
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} sent {story.many(count, 'probe')}"
        f" with FIN, without flags, or with FIN, PSH and URG to {target.name} within"
        f" {story.span(scene.duration_us)}. {closed} of them were answered with a reset."
    )


def _external(scene: Scene) -> str:
    stream = scene.below(1)
    sources = scene.outside(scene["sources"])
    scene.actors += written(sources)
    scene.know("address", *scene.actors)
    hosts, address = _dmz(scene)
    count = max(scene["probes"], len(sources))
    row = stream.integers(0, len(hosts), count)
    turn = np.concatenate([stream.order(len(sources)) for _ in range(-(-count // len(sources)))])
    tried = ports(stream, _TRIED)[stream.integers(0, _TRIED, count)]
    state = answers(
        scene.world, stream.bits(count), [hosts[i] for i in row.tolist()], tried, outside=True
    )
    time = spread(stream, count, scene.start_us, _room(scene))
    goal = (address[row], tried)
    _probe(scene, stream, time, sources[turn[:count]], goal, state, (9_000, 90_000))
    origin = story.listed(scene.actors, 2)
    return (
        f"From {story.when(scene.start_us)} {origin} tried {story.many(count, 'port')} at addresses"
        f" of the DMZ within {story.span(scene.duration_us)}, half of them at"
        f" {story.named(scene.victims)}. {_open(state)}"
    )


def _dmz(scene: Scene) -> tuple[list[Host | None], Addresses]:
    """Return the DMZ's addresses with their machines, these as often as all others together."""
    base = int(INTERNAL[0]) + _DMZ * 256
    inside = [h for h in scene.world.servers.values() if int(h.address[1]) >> 8 == base >> 8]
    scene.victims[:] = scene.victims or inside
    taken = [int(host.address[1]) for host in (*inside, *scene.victims)]
    empty = [base + last for last in _DMZ_HOSTS if base + last not in taken]
    machines: Sequence[Host] = scene.victims * max(1, len(empty) // len(scene.victims))
    numbers = [int(host.address[1]) for host in machines] + empty
    return [*machines, *(None for _ in empty)], four(numbers)


SCENARIOS = (
    Scenario(
        "scan_vertical",
        "port scan",
        ("T1046",),
        ("flow",),
        "scanning",
        (10 * SECOND_US, 10 * MINUTE_US, 6 * HOUR_US),
        _vertical,
        parameters={"ports": (1_000, 200, 50)},
    ),
    Scenario(
        "scan_horizontal",
        "port scan",
        ("T1046",),
        ("flow",),
        "scanning",
        (MINUTE_US, HOUR_US, 12 * HOUR_US),
        _horizontal,
        parameters={
            "addresses": (4_094, 254, 60),
            "known": (False, False, True),
            "ports": ((445, 3389, 22, 1433),) * 3,
        },
    ),
    Scenario(
        "scan_flags",
        "port scan",
        ("T1046",),
        ("flow",),
        "stealthy scanning",
        (MINUTE_US, 30 * MINUTE_US, 6 * HOUR_US),
        _flags,
        parameters={"probes": (500, 100, 30)},
    ),
    Scenario(
        "scan_external",
        "port scan",
        ("T1595",),
        ("flow",),
        "scanning",
        (5 * MINUTE_US, 2 * HOUR_US, 12 * HOUR_US),
        _external,
        parameters={"sources": (1, 8, 64), "probes": (1_000, 400, 192)},
        inside=False,
    ),
)
