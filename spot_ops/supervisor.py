"""The supervisor of the local stack: its configuration, its start and its remote calls."""

from __future__ import annotations

import getpass
import hashlib
import os
import re
import shlex
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from spot_common import process
from spot_common.config import Config
from spot_common.errors import ConfigError, ServiceError
from spot_ops.processes import MARK
from spot_ops.services import Service
from spot_ops.services.model import log_file

#: The kernel's limit for the path of a Unix socket is 107 bytes; supervisor adds a suffix.
_SOCKET_LIMIT = 90
_START_SECONDS = 20

_HEAD = """\
[unix_http_server]
file={socket}
chmod=0700

[supervisord]
logfile={logs}/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile={folder}/supervisord.pid
childlogdir={logs}
directory={state}
nodaemon=false
{user}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

_PROGRAM = """
[program:{name}]
command={command}
environment={environment}
directory={state}
priority={priority}
autostart=false
autorestart=true
startsecs=1
startretries=1000000
stopsignal=TERM
stopwaitsecs={stop}
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=2
"""


def folder(config: Config) -> Path:
    """The folder of the supervisor's own files."""
    return config.path("STATE_DIR") / "supervisor"


def socket_path(config: Config) -> Path:
    """The Unix socket: in the state folder, or in a private temporary one if that is too deep."""
    path = folder(config) / "supervisor.sock"
    if len(os.fsencode(path)) <= _SOCKET_LIMIT:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"spot-{os.getuid()}-{digest}" / "supervisor.sock"


def render(config: Config, services: Iterable[Service]) -> str:
    """Give the supervisor's configuration for these services."""
    state = config.path("STATE_DIR")
    # As root it wants to be told that this is meant.
    user = "user=root\n" if os.getuid() == 0 else ""
    head = _HEAD.format(
        socket=_escape(str(socket_path(config))),
        logs=_escape(str(state / "logs")),
        folder=_escape(str(folder(config))),
        state=_escape(str(state)),
        user=user,
    )
    programs = (
        _PROGRAM.format(
            name=service.name,
            command=_escape(" ".join(_word(word) for word in service.command)),
            environment=_escape(_variables({**_environment(config), **service.environment})),
            state=_escape(str(state)),
            priority=100 + position,
            stop=service.stop_seconds,
            log=_escape(str(log_file(config, service.name))),
        )
        for position, service in enumerate(services)
    )
    return head + "".join(programs)


def start(config: Config, file: Path) -> None:
    """Start supervisord in the background and wait until it answers.

    Raises ServiceError when it does not within 20 seconds.
    """
    socket_path(config).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    argv = (sys.executable, "-m", "supervisor.supervisord", "-c", str(file))
    process.run(argv, timeout=_START_SECONDS, env={MARK: str(config.path("STATE_DIR"))})
    deadline = time.monotonic() + _START_SECONDS
    while (remote := connect(config)) is None:
        if time.monotonic() > deadline:
            raise ServiceError(
                "the supervisor does not answer", hint=f"see {log_file(config, 'supervisord')}"
            )
        time.sleep(0.05)
    remote.close()


class Remote:
    """The running supervisor, asked over its socket."""

    def __init__(self, path: Path) -> None:
        transport = SupervisorTransport(None, None, f"unix://{path}")
        self._proxy: Any = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        self._transport = transport

    def pid(self) -> int:
        """The supervisor's process id."""
        return int(self._proxy.supervisor.getPID())

    def processes(self) -> dict[str, dict[str, Any]]:
        """What it knows of each program: state name, pid, start time."""
        return {info["name"]: info for info in self._proxy.supervisor.getAllProcessInfo()}

    def update(self) -> None:
        """Take over a changed configuration; changed programs are stopped and defined anew."""
        added, changed, removed = self._proxy.supervisor.reloadConfig()[0]
        for name in (*changed, *removed):
            self._proxy.supervisor.stopProcessGroup(name)
            self._proxy.supervisor.removeProcessGroup(name)
        for name in (*added, *changed):
            self._proxy.supervisor.addProcessGroup(name)

    def start(self, name: str) -> None:
        """Start a program; one that runs is left alone."""
        self._ignoring(("ALREADY_STARTED",), "startProcess", name, False)

    def stop(self, name: str, *, wait: bool = True) -> None:
        """Stop a program; one that does not run is left alone."""
        self._ignoring(("NOT_RUNNING",), "stopProcess", name, wait)

    def shutdown(self) -> None:
        """Stop every program and the supervisor itself; returns at once."""
        self._proxy.supervisor.shutdown()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _ignoring(self, ignored: tuple[str, ...], method: str, *arguments: object) -> None:
        try:
            getattr(self._proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if not fault.faultString.startswith(ignored):
                raise ServiceError(f"the supervisor refuses: {fault.faultString}") from fault


def connect(config: Config) -> Remote | None:
    """Give the running supervisor of this stack, None when there is none."""
    path = socket_path(config)
    if not path.exists():
        return None
    remote = Remote(path)
    try:
        remote.pid()
    except (OSError, xmlrpc.client.Error):
        remote.close()
        return None
    return remote


def _environment(config: Config) -> dict[str, str]:
    """What every process of the stack gets: the configuration, its mark, UTC, its user."""
    handed = config.environ()
    if "SPOT_CONF" in handed:
        handed["SPOT_CONF"] = str(Path(handed["SPOT_CONF"]).resolve())
    return {
        **handed,
        MARK: str(config.path("STATE_DIR")),
        "TZ": "UTC",
        "USER": getpass.getuser(),
        "PYTHONUNBUFFERED": "1",
        # glibc's arenas, one per thread and core, cost idle services more memory than they need.
        "MALLOC_ARENA_MAX": "2",
    }


def _variables(values: Mapping[str, str]) -> str:
    return ",".join(f"{name}={_quoted(name, value)}" for name, value in sorted(values.items()))


def _quoted(name: str, value: str) -> str:
    """Quote a value for supervisor, which knows no escapes inside quotes."""
    for quote in ('"', "'"):
        if quote not in value:
            return f"{quote}{value}{quote}"
    raise ConfigError(
        f"{name} contains both kinds of quotes, which cannot be handed to the services",
        hint="set it in the configuration file instead of the environment",
    )


def _word(word: str) -> str:
    """Quote one argument of a command for shlex, which supervisor splits it with."""
    return shlex.quote(word)


def _escape(text: str) -> str:
    """Keep a text from supervisor's own expansions.

    Raises ConfigError for a blank before ``;`` or ``#``, which it takes for a comment.
    """
    if re.search(r"\s[;#]", text):
        raise ConfigError(f"{text!r} contains a blank followed by ';' or '#'")
    return text.replace("%", "%%")
