"""A real Jupyter server with our extension and the invented API: ``python -m tests.ui.serve``."""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_server.serverapp import ServerApp

from spot_ui.server.extension import add_handlers
from spot_ui.server.pages import STATIC_DIR
from tests.ui.fake_api import FakeApi

#: Most bytes that a request of the API may have here.
LIMIT = 65536

#: The other origin that may ask here.
FRIEND = "http://friend.example"


def main(port: str, token: str, root: str, base_url: str = "/", pages: str = "") -> None:
    """Serve until killed: built pages, or those of another folder."""
    app = ServerApp()
    app.initialize(
        [
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.base_url={base_url}",
            f"--ServerApp.root_dir={root}",
            f"--IdentityProvider.token={token}",
            "--ServerApp.open_browser=False",
            "--ServerApp.allow_root=True",
            "--ServerApp.jpserver_extensions={}",
        ],
        find_extensions=False,
    )
    add_handlers(app, FakeApi(), LIMIT, Path(pages) if pages else STATIC_DIR, FRIEND)
    app.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
