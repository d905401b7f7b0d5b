"""From one machine inside to others: over file shares and services, or by remote desktop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.pace import between, spread
from spot_gen.attacks.shared.sites import written
from spot_gen.attacks.shared.wording import WORDS
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.distributions import log_normal
from spot_gen.log_fields import encode
from spot_gen.network.addresses import Addresses
from spot_gen.network.hosts import Host
from spot_gen.recorder import State
from spot_gen.streams import Ints, Stream

_SMB, _RPC, _RDP = 445, 135, 3389
#: How a peer takes the first contact: lets in, denies the log-on, resets, does not answer.
_IN, _DENIED, _RESET, _SILENT = range(4)
_OUTCOMES = np.array([_IN] * 12 + [_DENIED] * 5 + [_RESET] + [_SILENT] * 2)
_STATES = np.array([State.DONE, State.DONE, State.REFUSED, State.UNANSWERED])
_ANSWERED = np.array([1, 1, 0, 0])
_HELLO_UP, _HELLO_DOWN = log_normal(2_600.0, 0.15), log_normal(2_100.0, 0.15)
_MAPPER_UP, _MAPPER_DOWN = log_normal(420.0, 0.15), log_normal(380.0, 0.2)
_SERVICE_UP, _SERVICE_DOWN = log_normal(5_200.0, 0.2), log_normal(3_900.0, 0.2)
_TOOL = log_normal(900_000.0, 0.6)
#: What one visit takes at most, from the first contact to the end of the service call.
_VISIT_US = 75 * SECOND_US


def smb_hops(
    scene: Scene, start_us: int, length_us: int, peers: Sequence[Host], part: int = 1,
    logged: bool = False,
) -> list[Host]:  # fmt: skip
    """Let the actor try peers over 445 and 135, copy a tool and start it where it is let in.

    Returns the peers where it was started, at least one. ``length_us``: at least two minutes;
    ``part`` chooses the random stream, for a caller that does it more than once; ``logged``: the
    peers' own logs tell of it too.
    """
    stream = scene.below(part)
    count = len(peers)
    address = np.array([host.address for host in peers])
    time = spread(stream, count, start_us, length_us - _VISIT_US)
    outcome = _OUTCOMES[stream.integers(0, len(_OUTCOMES), count)]
    outcome[stream.number(0, count)] = _IN
    with scene.record.stage("movement"):
        after = _contact(scene, stream, time, address, outcome)
        inside = np.flatnonzero(outcome == _IN)
        started = _install(scene, stream, after[inside], address[inside])
        reached = [peers[row] for row in inside.tolist()]
        if logged:
            _log_services(scene, stream.below(1), started, reached)
    return reached


def _log_services(scene: Scene, stream: Stream, time: Ints, reached: Sequence[Host]) -> None:
    """Record the log-on at each machine and the service that is started there."""
    count, names = len(reached), [host.name for host in reached]
    service = "".join(stream.choices(WORDS, 2)).title()
    scene.record.log_lines(
        stream.bits(count), time - 300_000, names, "windows",
        encode("windows", count, event_id=4624, user=scene.actor.user, logon_type=3,
               address=written(scene.actor.address)[0], workstation=scene.actor.name),
    )  # fmt: skip
    scene.record.log_lines(
        stream.bits(count), time + 200_000, names, "windows",
        encode("windows", count, event_id=7045, user=scene.actor.user, service=service,
               process=f"C:\\Windows\\Temp\\{service.lower()}.exe"),
    )  # fmt: skip


def _contact(scene: Scene, stream: Stream, time: Ints, address: Addresses, outcome: Ints) -> Ints:
    """Record the first contacts; return when each is over."""
    count, answered = len(time), _ANSWERED[outcome]
    wait = between(stream, 3.0, 3.1, count, SECOND_US)
    took = np.where(answered, between(stream, 0.02, 1.5, count, SECOND_US), wait)
    took = np.where(outcome == _RESET, stream.integers(200, 2_000, count), took)
    scene.record.connections(
        stream.bits(count), time, scene.actor.address, address, _SMB,
        up=stream.sample(_HELLO_UP, count).astype(np.int64) * answered,
        down=stream.sample(_HELLO_DOWN, count).astype(np.int64) * answered,
        duration_us=took, state=_STATES[outcome], tries=3,
    )  # fmt: skip
    then = time + took + between(stream, 0.2, 3.0, count, SECOND_US)
    took = np.where(answered, between(stream, 0.005, 0.2, count, SECOND_US), took)
    scene.record.connections(
        stream.bits(count), then, scene.actor.address, address, _RPC,
        up=stream.sample(_MAPPER_UP, count).astype(np.int64) * answered,
        down=stream.sample(_MAPPER_DOWN, count).astype(np.int64) * answered,
        duration_us=took, state=_STATES[outcome], tries=3,
    )  # fmt: skip
    return then + took


def _install(scene: Scene, stream: Stream, time: Ints, address: Addresses) -> Ints:
    """Record the copy of one tool to several machines, and the start of a service each.

    Returns when each service is started.
    """
    count = len(time)
    tool = int(stream.sample(_TOOL, 1)[0])
    begin = time + between(stream, 1.0, 20.0, count, SECOND_US)
    up = tool + stream.integers(2_500, 9_000, count)
    took = up // stream.integers(1, 30, count) + between(stream, 0.1, 2.0, count, SECOND_US)
    scene.record.connections(
        stream.bits(count), begin, scene.actor.address, address, _SMB,
        up=up, down=stream.integers(4_000, 14_000, count), duration_us=took,
    )  # fmt: skip
    key = stream.bits(count)
    started = begin + took + between(stream, 0.5, 6.0, count, SECOND_US)
    scene.record.connections(
        key, started, scene.actor.address, address, stream.integers(49_664, 49_700, count),
        up=stream.sample(_SERVICE_UP, count).astype(np.int64),
        down=stream.sample(_SERVICE_DOWN, count).astype(np.int64),
        duration_us=between(stream, 0.05, 12.0, count, SECOND_US),
    )  # fmt: skip
    return started


def _play_smb(scene: Scene) -> str:
    if not scene.victims:
        scene.victims += scene.peers(scene["peers"]) or [scene.world.server("files")]
    reached = smb_hops(scene, scene.start_us, scene.duration_us, scene.victims)
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} tried"
        f" {story.many(len(scene.victims), 'machine')} over file sharing and remote calls within"
        f" {story.span(scene.duration_us)}: {story.named(scene.victims)}."
        f" It copied a program to {len(reached)} of them and started it there as a service:"
        f" {story.named(reached)}."
    )


def _play_rdp(scene: Scene) -> str:
    stream = scene.below(1)
    servers = [scene.world.server(role) for role in ("files", "database", "application")]
    servers = [host for host in servers if host is not scene.actor]
    if not scene.victims:
        scene.victims += [*scene.peers(scene["hops"] - 1), stream.choice(servers)]
    user = _stolen_account(scene, stream)
    with scene.record.stage("movement"):
        rdp_chain(scene, scene.start_us, scene.duration_us, scene.victims, user)
    return (
        f"At {story.when(scene.start_us)} somebody at {scene.actor.name} went on by remote desktop"
        f" over {story.many(len(scene.victims), 'machine')}, from each to the next:"
        f" {story.named(scene.victims, 6)}. All log-ons used the account {user}, and the"
        f" connections were closed after {story.span(scene.duration_us * 9 // 10)}."
    )


def _stolen_account(scene: Scene, stream: Stream) -> str:
    others = [host.user for host in scene.world.people.hosts if host is not scene.actor]
    return stream.choice(others or ["administrator"])


def rdp_chain(
    scene: Scene, start_us: int, length_us: int, hops: Sequence[Host], user: str, part: int = 2
) -> None:
    """Let the actor hop from machine to machine; each connection outlasts those begun from it.

    ``length_us``: at most one hour.
    """
    stream = scene.below(part)
    count = len(hops)
    sources = [scene.actor, *hops[:-1]]
    begin = spread(stream, count, start_us, length_us * 6 // 10)
    unwound = np.cumsum(between(stream, 3.0, 12.0, count, SECOND_US))
    end = start_us + length_us * 9 // 10 - unwound
    took = np.maximum(end - begin, MINUTE_US)
    port = stream.integers(49_152, 65_536, count)
    from_address = np.array([host.address for host in sources])
    scene.record.connections(
        stream.bits(count), begin, from_address, np.array([host.address for host in hops]), _RDP,
        up=took // 1_000 * stream.integers(900, 2_600, count) // 1_000,
        down=took // 1_000 * stream.integers(7_000, 36_000, count) // 1_000,
        duration_us=took, sport=port,
    )  # fmt: skip
    names = [host.name for host in hops]
    shared = {
        "user": user, "address": written(from_address), "port": port,
        "workstation": [host.name for host in sources],
    }  # fmt: skip
    logged = begin + between(stream, 2.0, 7.0, count, SECOND_US)
    log = scene.record.log_lines
    log(
        stream.bits(count), logged, names, "windows",
        encode("windows", count, event_id=4624, logon_type=10, **shared),
    )  # fmt: skip
    log(
        stream.bits(count), logged + stream.integers(1_000, 30_000, count), names, "windows",
        encode("windows", count, event_id=4672, user=user),
    )  # fmt: skip
    log(
        stream.bits(count), begin + took - stream.integers(50_000, 900_000, count), names,
        "windows", encode("windows", count, event_id=4634, logon_type=10, user=user),
    )  # fmt: skip


SCENARIOS = (
    Scenario(
        "lateral_smb",
        "lateral movement",
        ("T1021.002",),
        ("flow",),
        "lateral movement",
        (20 * MINUTE_US, 2 * HOUR_US, 8 * HOUR_US),
        _play_smb,
        parameters={"peers": (50, 15, 4)},
    ),
    Scenario(
        "lateral_rdp",
        "lateral movement",
        ("T1021.001",),
        ("flow", "syslog"),
        "lateral movement",
        (55 * MINUTE_US, 50 * MINUTE_US, 45 * MINUTE_US),
        _play_rdp,
        hours=((0, 5), (18, 23), (9, 16)),
        parameters={"hops": (6, 4, 2)},
    ),
)
