"""Asking a local service over HTTP, past any proxy that the environment names."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any

from spot_common.errors import ServiceError

_SECONDS = 5


def get_json(host: str, port: int, path: str, headers: Mapping[str, str] | None = None) -> Any:
    """Give the JSON that a service answers with; ServiceError for no answer or another status."""
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise ServiceError(f"http://{host}:{port}{path} answers {answer.status}")
        return json.loads(body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ServiceError(f"http://{host}:{port}{path} does not answer: {error}") from error
    finally:
        connection.close()
