"""The typed configuration: one file, one object.

>>> config = load_config()
>>> config.text("HUSER")
'/user/spot'
"""

from spot_common.config.load import Config, load_config

__all__ = ["Config", "load_config"]
