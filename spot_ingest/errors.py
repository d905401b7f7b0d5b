"""Errors of ingest."""

from __future__ import annotations

from spot_common.errors import DataError, TransientError


class UnreadableError(DataError):
    """A file that cannot become rows and is set aside as a whole.

    ``rows`` is how many rows it is known to hold (0 where that is not known).
    """

    def __init__(self, message: str, *, rows: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.rows = rows


class ClaimLostError(TransientError):
    """Another worker has taken a file over: what this one did with it does not count."""

    def __init__(self, name: str) -> None:
        super().__init__(f"another worker has taken over {name}")
