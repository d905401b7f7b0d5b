"""The local stack, its health, and the command ``spot``."""
