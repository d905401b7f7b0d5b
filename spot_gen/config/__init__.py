"""What shall be made: one typed object, from a file or a preset."""

from spot_gen.config.load import parse, read
from spot_gen.config.model import Attack, Config, Export, Network, Outputs
from spot_gen.config.presets import PRESETS, preset

__all__ = ["PRESETS", "Attack", "Config", "Export", "Network", "Outputs", "parse", "preset", "read"]
