"""The sources and their tables: columns are written down once, here.

A module of this package that exports ``SCHEMA`` is a source; ``spot_common.registry`` finds it.
"""
