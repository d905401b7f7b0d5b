"""What a client may be told when something goes wrong, and nothing more.

Every error has a ``code`` under ``extensions``. What was not foreseen, and what a service said,
goes to the log under an id; the client gets the id.
"""

from __future__ import annotations

import uuid
from enum import Enum
from typing import Any

from graphql import GraphQLError

from spot_common import log
from spot_common.errors import TransientError

_logger = log.get("oa.api")


class Code(Enum):
    """The kinds of errors."""

    BAD_REQUEST = "BAD_REQUEST"
    BAD_INPUT = "BAD_INPUT"
    TOO_COSTLY = "TOO_COSTLY"
    MUTATION_NOT_ALLOWED = "MUTATION_NOT_ALLOWED"
    NOT_IMPLEMENTED = "NOT_IMPLEMENTED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class ApiError(Exception):
    """An error whose message is written for the client."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class RequestError(ApiError):
    """A request that is refused as a whole, with its HTTP status."""

    def __init__(self, message: str, *, code: Code = Code.BAD_REQUEST, status: int = 400) -> None:
        super().__init__(code, message)
        self.status = status

    def payload(self) -> dict[str, Any]:
        """The answer's body."""
        return {"errors": [{"message": str(self), "extensions": {"code": self.code.value}}]}


def bad_input(message: str) -> ApiError:
    """An argument has a value that makes no sense here."""
    return ApiError(Code.BAD_INPUT, message)


def describe(error: GraphQLError) -> dict[str, Any]:
    """Give the answer's entry for an error."""
    message, extensions = _explain(error)
    entry: dict[str, Any] = {"message": message}
    if error.locations:
        entry["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        entry["path"] = list(error.path)
    return {**entry, "extensions": extensions}


def _explain(error: GraphQLError) -> tuple[str, dict[str, str]]:
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, ApiError):
        return str(cause), {"code": cause.code.value}
    if cause is None or isinstance(cause, GraphQLError):
        code = Code.INTERNAL if error.path else Code.BAD_REQUEST
        return error.message, {"code": code.value}
    identity = uuid.uuid4().hex[:12]
    path = ".".join(map(str, error.path or ()))
    _logger.error(
        "field_failed",
        exc_info=cause,
        extra={"fields": {"id": identity, "path": path, "error": str(cause)}},
    )
    if isinstance(cause, TransientError):
        message = f"the data cannot be read or written now; try again (error {identity})"
        return message, {"code": Code.UNAVAILABLE.value, "id": identity}
    message = f"this field failed; the server's log has the reason (error {identity})"
    return message, {"code": Code.INTERNAL.value, "id": identity}
