"""Fixtures: a server with invented pages, one with the real pages, and a browser."""

from __future__ import annotations

import http.client
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from spot_ui.build import build

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_START_SECONDS = 60

# A machine that is busy with something else for some seconds is no failure.
expect.set_options(timeout=20_000)


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers by lower-case name, cookies, body."""

    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Server:
    """A running Jupyter server with our extension."""

    port: int
    token: str
    base: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.base}"

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request exactly as given: no redirect is followed, no path made tidy."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        chunked = body is not None and not isinstance(body, bytes)
        connection.request(method, path, body, headers or {}, encode_chunked=chunked)
        response = connection.getresponse()
        answer = Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            dict(
                value.split(";")[0].split("=", 1)
                for name, value in response.getheaders()
                if name.lower() == "set-cookie"
            ),
            response.read(),
        )
        connection.close()
        return answer

    def page(self, source: str, fragment: str = "") -> str:
        return f"{self.url}files/ui/{source}/suspicious.html?token={self.token}{fragment}"


@contextmanager
def _serve(folder: Path, base: str, pages: Path | None) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = Server(port, secrets.token_hex(8), base)
    words = [str(port), server.token, str(folder), base, str(pages or "")]
    home = {"JUPYTER_CONFIG_DIR": str(folder), "JUPYTER_RUNTIME_DIR": str(folder)}
    with (folder / "server.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.ui.serve", *words],
            cwd=ROOT,
            env={**os.environ, **home},
            stdout=log,
            stderr=log,
        )
        try:
            _wait(server, child)
            yield server
        finally:
            child.terminate()
            child.wait(20)


def _wait(server: Server, child: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and child.poll() is None:
        try:
            if server.ask("GET", f"{server.base}api").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not start; see server.log in its folder")


@pytest.fixture(scope="session")
def plain_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The extension under a base address, with a small folder in place of the built pages."""
    folder = tmp_path_factory.mktemp("plain")
    pages = folder / "pages"
    (pages / "flow").mkdir(parents=True)
    (pages / "assets").mkdir()
    (pages / "flow" / "suspicious.html").write_text("<!doctype html><title>page</title>")
    (pages / "assets" / "suspicious-Ab12_-Cd.js").write_text("export {};")
    (pages / "theme.js").write_text("'use strict';")
    (folder / "secret.txt").write_text("secret")
    (pages / "link.txt").symlink_to(folder / "secret.txt")
    root = folder / "notebooks"
    root.mkdir()
    with _serve(root, "/spot/", pages) as server:
        yield server


@pytest.fixture(scope="session")
def fake_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real pages on invented days."""
    build()
    with _serve(tmp_path_factory.mktemp("fake"), "/", None) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page and everything it complained about or fetched from elsewhere."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        def said(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.complaints.append(f"{message.type}: {message.text}")

        def asked(request: Request) -> None:
            if not request.url.startswith(("http://127.0.0.1:", "data:")):
                self.complaints.append(f"fetched {request.url}")

        self.page.on("console", said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"failed: {error}"))
        self.page.on("request", asked)


def _visit(browser: Browser, **options: Any) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
    visit = Visit(context.new_page())
    visit.watch()
    yield visit
    context.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """A fresh browser context; a test that ends well has had no complaint."""
    for one in _visit(chromium, color_scheme="light"):
        yield one
        assert one.complaints == []


@pytest.fixture
def noisy_visit(chromium: Browser) -> Iterator[Visit]:
    """A fresh browser context for tests in which requests fail on purpose."""
    yield from _visit(chromium, color_scheme="light")
