"""From a request to an answer: parse, validate, limit, execute, explain errors."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeGuard, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationType,
    execute,
    get_operation_ast,
    parse,
    validate,
)

from spot_oa.api.errors import Code, RequestError, describe
from spot_oa.api.limits import LONGEST_QUERY, MOST_TOKENS, check_cost
from spot_oa.api.schema import executable_schema
from spot_oa.api.service import Context, Service

Answer = tuple[int, dict[str, Any]]

_CACHED_QUERIES = 256


@dataclass(frozen=True)
class _Request:
    query: str
    variables: dict[str, Any]
    operation: str | None


def answer(
    service: Service, request: Mapping[str, Any], *, user: str, allow_mutation: bool
) -> Answer:
    """Give the HTTP status and the body for a request.

    The request has ``query`` and may have ``variables`` and ``operationName``. Status
    200 also where single fields failed (``errors`` beside ``data``); 400 where the request is no
    valid query or asks for too much; 405 for a mutation where ``allow_mutation`` is False.
    """
    try:
        read = _read(request)
        document = _document(read.query)
        _check_operation(document, read.operation, allow_mutation)
    except RequestError as error:
        return error.status, error.payload()
    except GraphQLError as error:
        return 400, {"errors": [describe(error)]}
    result = execute(
        executable_schema(),
        document,
        context_value=Context(service, user),
        variable_values=read.variables,
        operation_name=read.operation,
        is_awaitable=_never,
    )
    return _formatted(cast(ExecutionResult, result))


def _read(request: Mapping[str, Any]) -> _Request:
    if not isinstance(request, Mapping):
        raise RequestError("the request is no JSON object with a query")
    query, variables = request.get("query"), request.get("variables")
    operation = request.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise RequestError("the request has no query")
    if len(query) > LONGEST_QUERY:
        raise RequestError(
            f"the query is longer than {LONGEST_QUERY} characters", code=Code.TOO_COSTLY
        )
    if isinstance(variables, str):
        variables = _variables(variables)
    if not isinstance(variables, dict | None):
        raise RequestError("the variables are no JSON object")
    if not isinstance(operation, str | None):
        raise RequestError("operationName is no text")
    return _Request(query, variables or {}, operation or None)


def _variables(text: str) -> object:
    try:
        return json.loads(text) if text.strip() else None
    except ValueError as error:
        raise RequestError("the variables are no JSON") from error


@lru_cache(_CACHED_QUERIES)
def _document(query: str) -> DocumentNode:
    try:
        document = parse(query, max_tokens=MOST_TOKENS)
        check_cost(document)
    except RecursionError as error:
        raise RequestError("the query is nested too deep", code=Code.TOO_COSTLY) from error
    errors = validate(executable_schema(), document, max_errors=20)
    if errors:
        raise InvalidQueryError(errors)
    return document


class InvalidQueryError(RequestError):
    """A query that does not fit the schema."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("the query does not fit the schema")
        self._errors = errors

    def payload(self) -> dict[str, Any]:
        """The answer's body: each place that does not fit."""
        return {"errors": [describe(error) for error in self._errors]}


def _check_operation(document: DocumentNode, name: str | None, allow_mutation: bool) -> None:
    operation = get_operation_ast(document, name)
    if operation is None:
        raise RequestError("operationName must name one operation of the query")
    if operation.operation == OperationType.MUTATION and not allow_mutation:
        raise RequestError(
            "this request may not change anything; mutations are sent by POST",
            code=Code.MUTATION_NOT_ALLOWED,
            status=405,
        )


def _never(_: object) -> TypeGuard[Awaitable[Any]]:
    """No resolver is asynchronous; not asking each value saves a seventh of the time."""
    return False


def _formatted(result: ExecutionResult) -> Answer:
    errors = [describe(error) for error in result.errors or ()]
    refused = result.data is None and all(not error.path for error in result.errors or ())
    if refused:
        return 400, {"errors": errors}
    body: dict[str, Any] = {"data": result.data}
    return 200, {"errors": errors, **body} if errors else body
