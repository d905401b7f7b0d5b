"""A command channel at a port where none of the usual programs talk."""

from __future__ import annotations

import numpy as np

from spot_common.errors import ConfigError
from spot_gen.attacks import story
from spot_gen.attacks.model import Scenario, Scene
from spot_gen.attacks.pace import sessions
from spot_gen.attacks.sites import written
from spot_gen.clock import HOUR_US, SECOND_US
from spot_gen.distributions import log_normal
from spot_gen.recorder import TCP, UDP, State
from spot_gen.streams import Ints, Stream

_PROTOCOLS = {"tcp": TCP, "udp": UDP}
#: What a machine needs between two check-ins besides the pause, microseconds.
_DELAY = log_normal(60_000.0, 0.7)
_ROUND_TRIP = log_normal(45_000.0, 0.3)
_HELLO_UP, _HELLO_DOWN = 212, 148
_COMMAND_UP, _COMMAND_DOWN = log_normal(9_000.0, 1.1), log_normal(2_200.0, 0.6)
#: How many check-ins bring a command, and how many find nobody.
_COMMANDS, _LOST = 0.04, 0.01
#: Longest and shortest of lasting connections, seconds, and the pause between them.
_LASTS_S, _PAUSE_S = (1_800, 3_500), 20


def _port(scene: Scene, stream: Stream) -> tuple[int, int]:
    """Draw the port; return it with its protocol's number."""
    text = str(stream.choice(scene["ports"]))
    number, _, name = text.partition("/")
    if name not in _PROTOCOLS or not number.isdecimal() or not 0 < int(number) < 65_536:
        raise ConfigError(f"beacon_port has no port {text!r}", hint="write 4444/tcp or 443/udp")
    return int(number), _PROTOCOLS[name]


def _check_ins(scene: Scene, stream: Stream) -> Ints:
    """Return when the machine calls: the pause varies by ``jitter`` either way."""
    period = min(scene["period_s"] * SECOND_US, scene.duration_us // 4)
    jitter = min(scene["jitter"], 0.95)
    most = int(scene.duration_us / (period * (1 - jitter) + 1)) + 1
    pause = period * (1 + jitter * stream.uniform(most, -1.0, 1.0)) + stream.sample(_DELAY, most)
    time = scene.start_us + np.cumsum(pause.astype(np.int64))
    return time[time < scene.start_us + scene.duration_us - 5 * SECOND_US]


def _play(scene: Scene) -> str:
    stream = scene.below(1)
    scene.actors.append(scene.actor.name)
    server = scene.outside(1)
    scene.know("address", *written(server))
    port, proto = _port(scene, stream)
    talk = _lasting if scene["lasting"] else _regular
    with scene.record.stage("beacon"):
        count = talk(scene, stream, server, port, proto)
    kind = "lasting" if scene["lasting"] else "short"
    name = next(name for name, number in _PROTOCOLS.items() if number == proto)
    return (
        f"From {story.when(scene.start_us)} {scene.actor.name} called {written(server)[0]} at port"
        f" {port}/{name} for {story.span(scene.duration_us)}, with"
        f" {story.many(count, f'{kind} connection')}. Now and then a command came back and its"
        f" result went out."
    )


def _regular(scene: Scene, stream: Stream, server: np.ndarray, port: int, proto: int) -> int:
    """Record one short exchange a check-in."""
    time = _check_ins(scene, stream)
    count = len(time)
    command = stream.uniform(count) < _COMMANDS
    lost = stream.uniform(count) < _LOST
    up = stream.integers(0, 12, count) + _HELLO_UP
    down = stream.integers(0, 6, count) + _HELLO_DOWN
    up += np.where(command, stream.sample(_COMMAND_UP, count).astype(np.int64), 0)
    down += np.where(command, stream.sample(_COMMAND_DOWN, count).astype(np.int64), 0)
    took = stream.sample(_ROUND_TRIP, count).astype(np.int64) * np.where(command, 14, 3)
    scene.record.connections(
        stream.bits(count), time, scene.actor.address, server, port, proto=proto,
        up=np.where(lost, 0 if proto == TCP else up, up), down=np.where(lost, 0, down),
        duration_us=np.where(lost, 3_000_000, took), tries=3,
        state=np.where(lost, State.UNANSWERED, State.DONE),
    )  # fmt: skip
    return count


def _lasting(scene: Scene, stream: Stream, server: np.ndarray, port: int, proto: int) -> int:
    """Record connections that stay open, with a sign of life every period."""
    begin, took = sessions(stream, scene.start_us, scene.duration_us, _LASTS_S, _PAUSE_S)
    count = len(begin)
    signs = took // (scene["period_s"] * SECOND_US) + 2
    commands = stream.integers(0, 3, count)
    up = signs * stream.integers(48, 64, count)
    down = signs * stream.integers(40, 48, count) + commands * 900
    up += commands * stream.sample(_COMMAND_UP, count).astype(np.int64)
    scene.record.connections(
        stream.bits(count), begin, scene.actor.address, server, port, proto=proto,
        up=up, down=down, duration_us=took, packets=(signs + commands * 9, signs + commands * 2),
        state=np.where(stream.uniform(count) < 0.7, State.DONE, State.RESET),
    )  # fmt: skip
    return count


SCENARIOS = (
    Scenario(
        "beacon_port",
        "command channel",
        ("T1571",),
        ("flow",),
        "unusual flows",
        (4 * HOUR_US, 8 * HOUR_US, 20 * HOUR_US),
        _play,
        parameters={
            "period_s": (60, 300, 3_600),
            "jitter": (0.0, 0.2, 0.5),
            "ports": (("4444/tcp",), ("8081/tcp",), ("53/tcp", "443/udp")),
            "lasting": (False, True, False),
        },
    ),
)
