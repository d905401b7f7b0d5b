"""The Jupyter server: pages, API and notebooks."""

from __future__ import annotations

import functools
import sys

from spot_common.config import Config
from spot_common.registry import sources
from spot_common.token import read_token
from spot_ops.services.ask import get_json
from spot_ops.services.model import Service, etc

#: The token is read when the server starts, so that no configuration file carries it.
_CONFIG = """\
from spot_common.config import load_config
from spot_common.registry import sources
from spot_common.token import read_token

c = get_config()  # noqa: F821
c.ServerApp.ip = {bind}
c.ServerApp.port = {port}
c.ServerApp.port_retries = 0
c.ServerApp.open_browser = False
c.ServerApp.allow_root = True
c.ServerApp.allow_remote_access = False
c.ServerApp.root_dir = {notebooks}
c.ServerApp.local_hostnames = {names}
c.ServerApp.default_url = {first}
c.ServerApp.max_body_size = {limit}
c.ServerApp.max_buffer_size = {limit}
c.ServerApp.jpserver_extensions = {extensions}
c.IdentityProvider.token = read_token(load_config())
"""

_EXTENSIONS = {
    "spot_ui.server.extension": True,
    "jupyterlab": True,
    "notebook": True,
    "jupyter_server_terminals": False,
}


def services(config: Config) -> list[Service]:
    """Give the server of the pages."""
    conf = etc(config, "jupyter")
    notebooks = config.path("STATE_DIR") / "notebooks"
    file = conf / "jupyter_server_config.py"
    text = _CONFIG.format(
        bind=repr(config.text("BIND_ADDRESS")),
        port=config.integer("UI_PORT"),
        notebooks=repr(str(notebooks)),
        # A proxy in front may ask under the name that analysts type; any other is refused.
        names=repr(["localhost", config.text("UI_HOST")]),
        first=repr(f"/{_page(next(iter(sources())))}"),
        # Saving a notebook goes through the same server; the API's own limit is the extension's.
        limit=max(config.integer("UI_BODY_LIMIT"), 64 * 1024 * 1024),
        extensions=repr(_EXTENSIONS),
    )
    return [
        Service(
            name="jupyter",
            title="pages, API and notebooks",
            command=(sys.executable, "-P", "-m", "jupyter_server", "--config", str(file)),
            health=functools.partial(_health, config),
            ports=(config.integer("UI_PORT"),),
            files={file: text},
            folders=(notebooks,),
            stops_first=True,
            environment={
                "JUPYTER_CONFIG_DIR": str(conf),
                "JUPYTER_DATA_DIR": str(config.path("STATE_DIR") / "jupyter" / "data"),
                "JUPYTER_RUNTIME_DIR": str(config.path("STATE_DIR") / "jupyter" / "runtime"),
                "IPYTHONDIR": str(config.path("STATE_DIR") / "jupyter" / "ipython"),
            },
        )
    ]


def page_address(config: Config, source: str, day: str = "") -> str:
    """Give the address of a source's page, token included; ``day`` is YYYY-MM-DD or empty."""
    host, port = config.text("UI_HOST"), config.integer("UI_PORT")
    fragment = f"#date={day}" if day else ""
    return f"http://{host}:{port}/{_page(source)}?token={read_token(config)}{fragment}"


def _page(source: str) -> str:
    return f"files/ui/{source}/suspicious.html"


def _health(config: Config) -> None:
    """Ask for the server's state, as someone who has the token."""
    headers = {"Authorization": f"token {read_token(config)}"}
    host, port = config.text("BIND_ADDRESS"), config.integer("UI_PORT")
    get_json(host, port, "/api/status", headers)
