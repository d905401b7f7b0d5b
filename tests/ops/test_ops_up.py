"""``spot up`` looks at the ports before it starts anything."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from spot_common.config import load_config
from spot_common.errors import ServiceError
from spot_ops import stack


def test_a_taken_port_is_named_before_anything_is_started() -> None:
    with socket.socket() as held, tempfile.TemporaryDirectory(prefix="spot-up-") as folder:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        environ = {"HOME": folder, "SPOT_CONF": str(Path("conf/spot.conf").resolve())}
        overrides = {"STATE_DIR": folder, "WEB_PORT": str(port)}
        config = load_config(environ=environ, overrides=overrides)
        try:
            with pytest.raises(ServiceError) as caught:
                stack.up(config, progress=False)
            assert f"port {port} is in use by" in caught.value.message
            assert f"(pid {os.getpid()})" in caught.value.message
            assert all(service.pid is None for service in stack.status(config))
        finally:
            stack.down(config)
