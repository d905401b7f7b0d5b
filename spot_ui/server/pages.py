"""Handlers for the built pages: authenticated files of one folder, and the way there from ``/``."""

from __future__ import annotations

import re
from http.client import responses
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from spot_ui.server.headers import set_security_headers

#: Where the build puts the pages.
STATIC_DIR = Path(__file__).resolve().parent.parent / "static"

#: Address of the pages below the server's base address.
PAGES = "/files/ui/"

#: The page that ``/`` leads to, as in the original.
DEFAULT_PAGE = PAGES + "flow/suspicious.html"

#: Files of the build whose name carries a hash of their content: they never change.
_HASHED = re.compile(r"^assets/[\w.-]+-[\w-]{8}\.\w+$")

_YEAR = 365 * 24 * 3600


class PageHandler(JupyterHandler, web.StaticFileHandler):
    """Files below the built pages' folder, for people who are signed in.

    It is registered before Jupyter's own ``/files/`` handler, which would sandbox the pages away
    from their session. Answers 404 for what is not there, 403 for what lies outside the folder.
    """

    SUPPORTED_METHODS = ("GET", "HEAD")

    def set_default_headers(self) -> None:
        """Set ours after the server's."""
        super().set_default_headers()
        set_security_headers(self)

    @web.authenticated
    async def get(  # type: ignore[override]
        self, path: str, include_body: bool = True
    ) -> None:
        """Send a file; an empty path leads to the default page."""
        if path == "":
            self.redirect(url_path_join(self.base_url, DEFAULT_PAGE))
            return
        if not Path(self.root).is_dir():
            raise web.HTTPError(503, reason="The pages are not built: python -m spot_ui.build")
        self.xsrf_token  # noqa: B018  (reading it sets the cookie that the pages send back)
        await web.StaticFileHandler.get(self, path, include_body)

    @web.authenticated
    async def head(self, path: str) -> None:  # type: ignore[override]
        """Send the headers of a file."""
        await web.StaticFileHandler.get(self, path, include_body=False)

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        """Refuse what lies outside the folder, also behind a link inside it."""
        if "\0" in absolute_path:
            raise web.HTTPError(404)
        if not Path(absolute_path).resolve().is_relative_to(Path(root).resolve()):
            raise web.HTTPError(403)
        return super().validate_absolute_path(root, absolute_path)

    def set_extra_headers(self, path: str) -> None:
        """Let browsers keep hashed files for good and ask again for all others."""
        if _HASHED.match(path):
            self.set_header("Cache-Control", f"private, max-age={_YEAR}, immutable")
        else:
            self.set_header("Cache-Control", "no-cache")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what went wrong in plain text; nothing of the request is repeated."""
        set_security_headers(self)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code} {self._reason or responses.get(status_code, 'Error')}\n")


class RootHandler(JupyterHandler):
    """``/`` leads to the default page and takes the query (a token) along."""

    SUPPORTED_METHODS = ("GET", "HEAD")

    def set_default_headers(self) -> None:
        """Set ours after the server's."""
        super().set_default_headers()
        set_security_headers(self)

    @web.authenticated
    def get(self) -> None:
        """Redirect; who is not signed in goes by way of the login."""
        target = url_path_join(self.base_url, DEFAULT_PAGE)
        query = self.request.query
        self.redirect(f"{target}?{query}" if query else target)

    head = get
