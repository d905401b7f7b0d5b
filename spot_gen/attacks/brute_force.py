"""Guessing passwords: many for one account, or one for many accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.shared import story
from spot_gen.attacks.shared.pace import between, spread
from spot_gen.attacks.shared.sites import written
from spot_gen.clock import HOUR_US, MINUTE_US, SECOND_US
from spot_gen.distributions import log_normal
from spot_gen.log_fields import encode
from spot_gen.network.addresses import Addresses
from spot_gen.network.hosts import Host
from spot_gen.recorder import State
from spot_gen.streams import Ints, Stream

_SSH, _RDP = 22, 3389
_SSH_UP, _SSH_DOWN = log_normal(1_650.0, 0.12), log_normal(2_350.0, 0.1)
_RDP_UP, _RDP_DOWN = log_normal(3_300.0, 0.18), log_normal(4_900.0, 0.2)
_GUESS_UP, _GUESS_DOWN = 148, 84
_GUESS_S = (1.4, 2.9)
#: How many sessions a busy server drops before the log-on.
_DROPPED = 0.03
#: How long the session that succeeds lasts, and the time that is kept for it.
_WORK_S = (300, 1_100)
_TAIL_US = 20 * MINUTE_US
#: Names that guessers try, whether there are such accounts or not.
_GUESSED = (
    "root", "admin", "test", "oracle", "ubuntu", "git", "postgres", "user", "ftp", "deploy",
    "support", "pi", "guest", "backup", "www", "mysql",
)  # fmt: skip
_WRONG_PASSWORD, _NO_SUCH_USER = "0xC000006A", "0xC0000064"
_WINDOWS_ROLES = ("directory", "files", "application", "database", "admin")


@dataclass(frozen=True, eq=False)
class _Tries:
    """Sessions that guess: when, how long, from which port and address, how many guesses each."""

    time_us: Ints
    took_us: Ints
    port: Ints
    source: Addresses
    guesses: Ints
    dropped: np.ndarray


def _sessions(
    scene: Scene, stream: Stream, source: Addresses, target: Host, time: Ints, most: int
) -> _Tries:
    """Record SSH sessions with one to ``most`` wrong passwords each."""
    count = len(time)
    dropped = stream.uniform(count) < _DROPPED
    guesses = np.where(dropped, 0, stream.integers(1, most + 1, count))
    took = between(stream, 0.25, 0.9, count, SECOND_US)
    took += guesses * between(stream, *_GUESS_S, count, SECOND_US)
    port = stream.integers(49_152, 65_536, count)
    up = stream.sample(_SSH_UP, count).astype(np.int64) + guesses * _GUESS_UP
    down = stream.sample(_SSH_DOWN, count).astype(np.int64) + guesses * _GUESS_DOWN
    scene.record.connections(
        stream.bits(count), time, source, target.address, _SSH,
        up=np.where(dropped, 22, up), down=np.where(dropped, 0, down), sport=port,
        duration_us=np.where(dropped, took // 20, took),
        state=np.where(dropped, State.RESET, State.DONE),
    )  # fmt: skip
    return _Tries(time, took, port, np.broadcast_to(source, (count, 2)), guesses, dropped)


def _log(scene: Scene, stream: Stream, host: Host, kind: str, time: Ints, **columns: Any) -> None:
    count = len(time)
    fields = encode(kind, count, **columns)
    scene.record.log_lines(stream.bits(count), time, host.name, kind, fields)


def _guess_lines(
    scene: Scene, stream: Stream, target: Host, tries: _Tries, users: list[str], known: list[bool]
) -> None:
    """Record what sshd says of wrong passwords; ``users`` and whether they exist, per session."""
    row = np.repeat(np.arange(len(tries.guesses)), tries.guesses)
    turn = np.arange(len(row)) - (np.cumsum(tries.guesses) - tries.guesses)[row] + 1
    time = tries.time_us[row] + tries.took_us[row] * turn // (tries.guesses[row] + 1)
    texts = pa.array(written(tries.source), pa.string())
    place = {"address": texts.take(pa.array(row)), "port": tries.port[row]}
    _log(
        scene, stream, target, "sshd", time, user=[users[i] for i in row.tolist()],
        result=["failed" if known[i] else "invalid" for i in row.tolist()], **place,
    )  # fmt: skip
    kept = np.flatnonzero(tries.guesses)
    _log(
        scene, stream, target, "sshd", (tries.time_us + tries.took_us)[kept], result="closed",
        user=[users[i] for i in kept.tolist()], address=texts.take(pa.array(kept)),
        port=tries.port[kept],
    )  # fmt: skip


def _enter(
    scene: Scene, stream: Stream, target: Host, source: Addresses, time_us: int, took_us: int,
    user: str,
) -> None:  # fmt: skip
    """Record the SSH session that succeeds."""
    key, seconds = stream.bits(1), max(took_us // SECOND_US, 1)
    port = stream.number(49_152, 65_536)
    scene.record.connections(
        key, time_us, source, target.address, _SSH, sport=port, duration_us=took_us,
        up=2_100 + seconds * stream.number(20, 90), down=2_900 + seconds * stream.number(90, 420),
    )  # fmt: skip
    accepted = time_us + stream.number(600_000, 1_300_000)
    late = [0, stream.number(5_000, 60_000), max(took_us + time_us - accepted - 20_000, 100_000)]
    _log(
        scene, stream, target, "sshd", accepted + np.array(late),
        result=["accepted", "opened", "ended"], user=user, address=written(source)[0],
        port=[port, None, None],
    )  # fmt: skip


def _pace(scene: Scene, stream: Stream) -> Ints:
    """Return when sessions begin: as many as fit before the one that succeeds."""
    rate = scene["per_second"]
    room = scene.duration_us - _TAIL_US
    count = max(1, min(scene["sessions"], int(rate * room / SECOND_US)))
    return spread(stream, count, scene.start_us, min(int(count / rate * SECOND_US), room))


def _ssh(scene: Scene) -> str:
    stream = scene.below(1)
    [source] = scene.outside(1)
    scene.actors += written(source)
    scene.know("address", *scene.actors)
    target = scene.victims[0] if scene.victims else scene.world.server("gateway")
    scene.victims[:] = [target]
    account = stream.choice(scene.world.people.hosts).user
    with scene.record.stage("access"):
        time = _pace(scene, stream)
        tries = _sessions(scene, stream, source, target, time, 3)
        names = (*_GUESSED, account)
        users = stream.choices(names, len(time))
        known = [user in (_GUESSED[0], account) for user in users]
        _guess_lines(scene, stream, target, tries, users, known)
        begin = int((time + tries.took_us).max()) + stream.number(SECOND_US, 40 * SECOND_US)
        took = int(between(stream, *_WORK_S, 1, SECOND_US)[0])
        _enter(scene, stream, target, source, begin, took, account)
    return _told(scene, len(time), account, begin, took)


def _told(scene: Scene, count: int, account: str, begin_us: int, took_us: int) -> str:
    return (
        f"From {story.when(scene.start_us)} {scene.actors[0]} tried to log on to"
        f" {scene.victims[0].name} in {story.many(count, 'session')}. At {story.when(begin_us)} it"
        f" got in as {account} and stayed for {story.span(took_us)}."
    )


def _rdp(scene: Scene) -> str:
    stream = scene.below(1)
    if not scene.victims:
        servers = scene.world.servers.values()
        fit = [h for h in servers if h.role in _WINDOWS_ROLES and h is not scene.actor]
        scene.victims.append(stream.choice(fit))
    target = scene.victims[0]
    scene.victims[:] = [target]
    account = stream.choice(scene.world.people.hosts).user
    with scene.record.stage("access"):
        time = _pace(scene, stream)
        count = len(time)
        took = between(stream, 0.5, 3.8, count, SECOND_US)
        port = stream.integers(49_152, 65_536, count)
        scene.record.connections(
            stream.bits(count), time, scene.actor.address, target.address, _RDP,
            up=stream.sample(_RDP_UP, count).astype(np.int64),
            down=stream.sample(_RDP_DOWN, count).astype(np.int64), duration_us=took, sport=port,
            state=np.where(stream.uniform(count) < 0.8, State.DONE, State.RESET),
        )  # fmt: skip
        known = stream.uniform(count) < 0.85
        place = {"address": written(scene.actor.address)[0], "workstation": scene.actor.name}
        _log(
            scene, stream, target, "windows", time + took * 7 // 10, event_id=4625, logon_type=3,
            user=np.where(known, account, "administrator"), port=port,
            status=np.where(known, _WRONG_PASSWORD, _NO_SUCH_USER), **place,
        )  # fmt: skip
        begin = int((time + took).max()) + stream.number(SECOND_US, 40 * SECOND_US)
        stay = int(between(stream, *_WORK_S, 1, SECOND_US)[0])
        _enter_windows(scene, stream, begin, stay, account, place)
    return _told(scene, count, account, begin, stay)


def _enter_windows(
    scene: Scene, stream: Stream, time_us: int, took_us: int, user: str, place: dict[str, str]
) -> None:
    """Record the desktop session that succeeds."""
    target, seconds = scene.victims[0], took_us // SECOND_US
    port = stream.number(49_152, 65_536)
    scene.record.connections(
        stream.bits(1), time_us, scene.actor.address, target.address, _RDP, sport=port,
        up=seconds * stream.number(900, 2_400), down=seconds * stream.number(9_000, 32_000),
        duration_us=took_us,
    )  # fmt: skip
    logged = time_us + stream.number(SECOND_US, 4 * SECOND_US)
    _log(
        scene, stream, target, "windows", np.array([logged]), event_id=4624, logon_type=10,
        user=user, port=port, **place,
    )  # fmt: skip
    _log(
        scene, stream, target, "windows", logged + stream.integers(1_000, 30_000, 1),
        event_id=4672, user=user,
    )  # fmt: skip
    _log(
        scene, stream, target, "windows", np.array([time_us + took_us - 40_000]), event_id=4634,
        logon_type=10, user=user,
    )  # fmt: skip


def _spray(scene: Scene) -> str:
    stream = scene.below(1)
    sources = scene.outside(scene["sources"])
    scene.actors += written(sources)
    scene.know("address", *scene.actors)
    target = scene.victims[0] if scene.victims else scene.world.server("gateway")
    scene.victims[:] = [target]
    people = [host.user for host in scene.world.people.hosts]
    users = stream.subset(people, scene["accounts"])
    count = len(users)
    source = sources[np.arange(count) * 7 % len(sources)][stream.order(count)]
    time = spread(stream, count, scene.start_us, scene.duration_us - MINUTE_US)
    lucky = stream.number(count // 2, count)
    with scene.record.stage("access"):
        kept = np.arange(count) != lucky
        tries = _sessions(scene, stream, source[kept], target, time[kept], 1)
        others = [user for row, user in enumerate(users) if row != lucky]
        _guess_lines(scene, stream, target, tries, others, [True] * (count - 1))
        took = stream.number(3 * SECOND_US, 20 * SECOND_US)
        _enter(scene, stream, target, source[lucky], int(time[lucky]), took, users[lucky])
    return (
        f"From {story.when(scene.start_us)} {story.listed(scene.actors, 2)} tried one password for"
        f" {story.many(count, 'account')} at {target.name} within {story.span(scene.duration_us)}."
        f" It was that of {users[lucky]}, at {story.when(int(time[lucky]))}."
    )


_SPEED = {"sessions": (1_000, 500, 240), "per_second": (20.0, 2.0, 0.1)}

SCENARIOS = (
    Scenario(
        "brute_ssh",
        "brute force",
        ("T1110.001",),
        ("flow", "syslog"),
        "unusual flows",
        (25 * MINUTE_US, 30 * MINUTE_US, 65 * MINUTE_US),
        _ssh,
        parameters=_SPEED,
        inside=False,
    ),
    Scenario(
        "brute_rdp",
        "brute force",
        ("T1110.001",),
        ("flow", "syslog"),
        "unusual flows",
        (25 * MINUTE_US, 30 * MINUTE_US, 65 * MINUTE_US),
        _rdp,
        parameters=_SPEED,
    ),
    Scenario(
        "spray",
        "brute force",
        ("T1110.003",),
        ("syslog", "flow"),
        "",
        (10 * MINUTE_US, 3 * HOUR_US, 12 * HOUR_US),
        _spray,
        parameters={"accounts": (200, 120, 80), "sources": (1, 10, 50)},
        inside=False,
    ),
)
