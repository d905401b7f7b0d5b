"""Resolvers: :mod:`root`, and one module per source that exports ``BINDABLES``."""
