"""Parameters of scenarios that must be one of a few, or not too large."""

from __future__ import annotations

from typing import Any

from spot_common.errors import ConfigError
from spot_gen.attacks.model import Scene


def one_of(scene: Scene, name: str, choices: tuple[str, ...]) -> str:
    """Return a text parameter; ConfigError if it is none of ``choices``."""
    value = str(scene[name])
    if value not in choices:
        raise ConfigError(
            f"parameter {name} of {scene.scenario.id} is {value!r:.60}",
            hint=f"choose {', '.join(choices)}",
        )
    return value


def drawn_or(scene: Scene, name: str, choices: tuple[str, ...], number: int) -> str:
    """Return a text parameter, or one of ``choices`` drawn from part ``number`` if it is any."""
    value = one_of(scene, name, (*choices, "any"))
    return scene.below(number).choice(choices) if value == "any" else value


def at_most(scene: Scene, name: str, limit: float) -> Any:
    """Return a parameter that is a number; ConfigError if it is larger than ``limit``."""
    value = scene[name]
    if value > limit:
        raise ConfigError(
            f"parameter {name} of {scene.scenario.id} is {value}", hint=f"choose {limit} at most"
        )
    return value
