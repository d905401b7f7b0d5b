"""Entry point of the Jupyter server extension."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join

from spot_common.config import load_config
from spot_oa.api import execute
from spot_ui.server.graphql import ORIGINS, Executor, GraphqlHandler, origin_pattern
from spot_ui.server.pages import PAGES, STATIC_DIR, PageHandler, RootHandler

#: Requests of the API that run side by side; others wait.
_THREADS = 8


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter which module to load."""
    return [{"module": "spot_ui.server.extension"}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Read the configuration once and add the handlers."""
    config = load_config()
    limit = config.integer("UI_BODY_LIMIT")
    origins = config.text("ACCESS_CONTROL_ALLOW_ORIGIN")
    add_handlers(server, partial(execute, config), limit, origins=origins)
    server.log.info("Spot: pages at %s, API at %s", PAGES, "/graphql")


def add_handlers(
    server: ServerApp, run: Executor, limit: int, pages: Path = STATIC_DIR, origins: str = ""
) -> None:
    """Put our addresses before the server's own.

    ``limit`` is the most bytes that a request of the API may have, ``pages`` the built pages,
    ``origins`` the other origins that may ask, with commas between.
    """
    server.web_app.settings[ORIGINS] = origin_pattern(origins)
    base = server.web_app.settings["base_url"]
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="spot-api")
    api = {"execute": run, "pool": pool, "limit": limit}
    server.web_app.add_handlers(  # type: ignore[no-untyped-call]
        ".*$",
        [
            (url_path_join(base, r"/?"), RootHandler),
            (url_path_join(base, PAGES, "(.*)"), PageHandler, {"path": str(pages)}),
            (url_path_join(base, r"/graphql/?"), GraphqlHandler, api),
        ],
    )
