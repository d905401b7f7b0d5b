"""The GraphQL API: what pages and notebooks ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spot_common.config import Config
from spot_oa.api.execution import answer
from spot_oa.api.service import service

__all__ = ["execute"]


def execute(
    config: Config, request: Mapping[str, Any], *, user: str, allow_mutation: bool
) -> tuple[int, dict[str, Any]]:
    """Answer one request: the HTTP status and the JSON body.

    ``request`` has ``query`` and optionally ``variables`` (an object or its JSON text) and
    ``operationName``. ``user`` is who asks, and becomes the author of verdicts. Where
    ``allow_mutation`` is False (a GET, a reader), a mutation is refused with 405. Blocks while
    it reads; may be called from several threads.
    """
    return answer(service(config), request, user=user, allow_mutation=allow_mutation)
