"""Verdicts of analysts: reading them, and what they do to the default order."""
