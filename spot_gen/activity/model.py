"""What an ordinary activity is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar

from spot_gen.activity.web import Web
from spot_gen.clock import Curve
from spot_gen.lookalikes import lookalike_label
from spot_gen.network.world import World
from spot_gen.recorder import Recorder


class Activity(ABC):
    """Something that machines do again and again, following one curve.

    It keeps nothing between calls: what begins in a span is a function of world and span. The time
    of its arrivals comes from ``spot_gen.clock.Arrivals`` or ``Ticks`` with the keys of
    ``Fleet.keys(name)`` (or ``streams.stream_keys`` for servers).
    """

    #: The name under which ``rates`` in the configuration changes how often it happens. What is
    #: listed in ``lookalikes.LOOKALIKES`` is a look-alike (B7), and labelled as such.
    name: ClassVar[str]
    #: The longest time from an arrival to the last event that it causes has ended, microseconds.
    span_us: ClassVar[int]
    #: The curve that its arrivals follow.
    curve: ClassVar[Curve]

    def __init__(self, world: World) -> None:
        self.world = world

    @cached_property
    def web(self) -> Web:
        """How people's machines reach the web."""
        return Web(self.world)

    @property
    def rate(self) -> float:
        """The configured factor on how often it happens."""
        config = self.world.config
        return config.activity * config.rates.get(self.name, 1.0)

    def happen(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record everything that is caused by arrivals in [start, end), with its label."""
        with recorder.labelled(lookalike_label(self.name)):
            self.record(recorder, start_us, end_us)

    @abstractmethod
    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record everything that is caused by arrivals in [start, end), whatever its label."""
