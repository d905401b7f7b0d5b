"""The simulated network: one organisation and the world outside it (specification B4)."""

from spot_gen.network.world import World

__all__ = ["World"]
