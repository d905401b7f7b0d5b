"""Handler of the API: reads a request in any form, runs it off the event loop, sends JSON."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import responses
from typing import Any, Protocol, cast

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado import httputil, web

from spot_ui.server.headers import set_security_headers

#: Name of the server's setting that holds the pattern of other origins that may ask.
ORIGINS = "spot_allow_origin_pat"

#: Fields that a request may have; all others are ignored.
_FIELDS = ("query", "variables", "operationName")


def origin_pattern(origins: str) -> str | None:
    """Make a pattern of origins that are listed with commas between, None for an empty list.

    ``*`` stands for every origin, as in the original; a session's cookie never goes along.
    """
    listed = [origin.strip().lower().rstrip("/") for origin in origins.split(",")]
    parts = [".*" if origin == "*" else re.escape(origin) for origin in listed if origin]
    return f"^(?:{'|'.join(parts)})$" if parts else None


class Executor(Protocol):
    """Runs one request of the API: (request, user, allow_mutation) to (HTTP status, answer)."""

    def __call__(
        self, request: dict[str, Any], *, user: str, allow_mutation: bool
    ) -> tuple[int, dict[str, Any]]:
        """Answer; may block."""
        ...


class BadRequestError(ValueError):
    """A body that is not a request; the text goes to the client."""


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadRequestError("the body is not JSON") from error
    if not isinstance(value, dict):
        raise BadRequestError("the body is not a JSON object")
    return value


def _from_fields(fields: Mapping[str, str]) -> dict[str, Any]:
    """Make a request of text fields; the API reads the variables' JSON text itself."""
    return {name: fields[name] for name in _FIELDS if fields.get(name)}


def _form_fields(content_type: str, body: bytes) -> dict[str, str]:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[httputil.HTTPFile]] = {}
    try:
        httputil.parse_body_arguments(content_type, body, arguments, files)
    except httputil.HTTPInputError as error:
        raise BadRequestError("the form cannot be read") from error
    return {name: values[-1].decode("utf-8", "replace") for name, values in arguments.items()}


def parse_body(content_type: str, body: bytes) -> dict[str, Any]:
    """Read the body of a POST: JSON, query text or a form, as its content type says.

    Raises BadRequestError where the body does not hold what its type promises.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return _from_fields(_form_fields(content_type, body))
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequestError("the body is not UTF-8") from error
    if kind == "application/graphql":
        return {"query": text}
    request = _object(text)
    return {name: request[name] for name in _FIELDS if request.get(name) is not None}


@web.stream_request_body
class GraphqlHandler(JupyterHandler):
    """``/graphql``: queries by GET or POST, mutations by POST, for people who are signed in.

    A body longer than the limit (bytes) is refused with 413: before it is read where its length
    is announced, and never kept where it is not.
    """

    SUPPORTED_METHODS = ("GET", "POST", "OPTIONS")

    @property
    def allow_origin_pat(self) -> str | None:
        """Pattern of the other origins that may ask, None where none may."""
        return cast("str | None", self.settings.get(ORIGINS))

    def initialize(self, execute: Executor, pool: ThreadPoolExecutor, limit: int) -> None:
        """Take what the extension made once for all requests."""
        self._run = execute
        self._pool = pool
        self._limit = limit
        self._chunks: list[bytes] = []
        self._size = 0

    def set_default_headers(self) -> None:
        """Set ours after the server's."""
        super().set_default_headers()
        set_security_headers(self)
        self.set_header("Cache-Control", "no-store")

    async def prepare(self) -> None:  # type: ignore[override]
        """Check the length that the client announces, then who it is (403, never a login page)."""
        announced = self.request.headers.get("Content-Length", "0")
        if announced.isdigit() and int(announced) > self._limit:
            raise web.HTTPError(413)
        await super().prepare(_redirect_to_login=False)
        if self.request.method == "OPTIONS":
            return
        if not self.current_user:
            raise web.HTTPError(403)
        if not self.check_origin():
            raise web.HTTPError(404)

    def data_received(self, chunk: bytes) -> None:
        """Collect the body, never more of it than the limit."""
        self._size += len(chunk)
        if self._size <= self._limit:
            self._chunks.append(chunk)

    @allow_unauthenticated
    def options(self) -> None:
        """Tell a browser, before it asks from another origin, whether it may and how."""
        if self.allow_origin_pat is None:
            raise web.HTTPError(405)
        self.set_header("Access-Control-Allow-Headers", "authorization, content-type")
        self.set_header("Access-Control-Allow-Methods", "GET, POST")
        self.set_status(204)

    async def get(self) -> None:
        """Run a query given in the address."""
        arguments = self.request.query_arguments
        fields = {name: values[-1].decode("utf-8", "replace") for name, values in arguments.items()}
        await self._answer(lambda: _from_fields(fields), allow_mutation=False)

    async def post(self) -> None:
        """Run a query or mutation given in the body."""
        if self._size > self._limit:
            raise web.HTTPError(413)
        content_type = self.request.headers.get("Content-Type", "application/json")
        body = b"".join(self._chunks)
        await self._answer(lambda: parse_body(content_type, body), allow_mutation=True)

    async def _answer(self, read: Callable[[], dict[str, Any]], *, allow_mutation: bool) -> None:
        try:
            request = read()
        except BadRequestError as error:
            self._send(400, {"errors": [{"message": str(error)}]})
            return
        user = self.current_user.username
        loop = asyncio.get_running_loop()
        status, payload = await loop.run_in_executor(
            self._pool, lambda: self._run(request, user=user, allow_mutation=allow_mutation)
        )
        self._send(status, payload)

    def _send(self, status: int, payload: dict[str, Any]) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        pretty = self.get_query_argument("pretty", "") not in ("", "0", "false")
        self.finish(json.dumps(payload, ensure_ascii=False, indent=2 if pretty else None))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send errors in the shape of the API; no inner text goes to the client."""
        set_security_headers(self)
        message = responses.get(status_code, "Unknown error")
        self._send(status_code, {"errors": [{"message": message}]})
