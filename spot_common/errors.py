"""The errors that Spot raises on purpose.

::

    SpotError                     exit status 1
    ├── UsageError                2   a wrong argument
    ├── ConfigError               2   a wrong setting
    ├── DataError                 3   input that cannot be understood; a retry gives the same
    │   └── NotFoundError         3   a file, partition or day that is not there
    ├── TransientError            4   a retry may help
    │   └── ServiceError          4   a service does not answer or refuses
    └── ToolError                 5   an external program failed

The message says what happened and to what; ``hint`` says what to do next.
"""

from __future__ import annotations


class SpotError(Exception):
    """Something that went wrong in a way we can explain."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SpotError):
    """A command was called with arguments that make no sense."""

    exit_code = 2


class ConfigError(SpotError):
    """A setting is unknown, of the wrong type, or impossible."""

    exit_code = 2


class DataError(SpotError):
    """Input that cannot be understood; the same input fails again."""

    exit_code = 3


class NotFoundError(DataError):
    """A file, partition or day that does not exist."""


class TransientError(SpotError):
    """A failure that a later attempt may not meet."""

    exit_code = 4


class ServiceError(TransientError):
    """A service does not answer, or answers with an error."""


class ToolError(SpotError):
    """An external program could not be started or failed.

    ``program`` is its name, ``status`` its exit status (None when it did not start or was
    stopped at its time limit), ``stderr`` what it printed there.
    """

    exit_code = 5

    def __init__(
        self,
        message: str,
        *,
        program: str,
        status: int | None = None,
        stderr: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.program = program
        self.status = status
        self.stderr = stderr
