"""How events become words: one module per source, found by ``spot_common.registry``."""
