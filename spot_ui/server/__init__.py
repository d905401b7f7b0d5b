"""Jupyter server extension: pages at /files/ui/, the API at /graphql."""
