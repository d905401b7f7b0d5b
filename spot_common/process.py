"""The one place where Spot starts external programs: by argument list, never through a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from spot_common.errors import ToolError

_STDERR_LIMIT = 64 * 1024
#: Room between a program and us, so that neither waits for the other at every 64 KiB.
_PIPE_BYTES = 1 << 20

#: Debian packages that bring the programs we call.
_PACKAGES = {
    "nfdump": "nfdump",
    "nfpcapd": "nfdump",
    "tshark": "tshark",
    "editcap": "wireshark-common",
    "java": "openjdk-17-jre-headless",
    "chromium": "chromium",
}


@dataclass(frozen=True)
class Completed:
    """How a program ended: its output (bytes), error text, and exit status."""

    stdout: bytes
    stderr: str
    status: int


def find_program(name: str) -> str:
    """Give the full path of a program; ToolError saying how to install it where it is missing."""
    path = shutil.which(name)
    if path is None:
        package = _PACKAGES.get(name, name)
        raise ToolError(
            f"the program {name} is not installed",
            program=name,
            hint=f"install it: apt-get install {package}",
        )
    return path


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    timeout: float,
    check: bool = True,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Completed:
    """Run a program to its end and give its output.

    ``timeout`` is in seconds; ``env`` is added to this process's environment. Raises ToolError
    when the program is missing, takes too long, or (with ``check``) ends with a status that is
    not 0.
    """
    words = _words(argv)
    try:
        done = subprocess.run(
            words,
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            env=_environment(env),
            cwd=cwd,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"{argv[0]} took longer than {timeout:g} s and was stopped"
        raise ToolError(message, program=words[0]) from error
    result = Completed(done.stdout, _text(done.stderr), done.returncode)
    if check and result.status != 0:
        raise failure(words[0], result.status, result.stderr)
    return result


class Running:
    """A started program whose output is read as it comes."""

    def __init__(
        self, name: str, child: subprocess.Popen[bytes], errors: IO[bytes], timeout: float | None
    ) -> None:
        assert child.stdout is not None
        self.name = name
        self.stdout: IO[bytes] = child.stdout
        self._child = child
        self._errors = errors
        self._timeout = timeout
        self._late = False
        self._timer = threading.Timer(timeout or 0.0, self._expire)
        self._timer.daemon = True
        if timeout is not None:
            self._timer.start()

    def finish(self) -> Completed:
        """Wait for the end (the output must have been read) and give status and error text.

        Raises ToolError where the program took too long and was stopped.
        """
        status = self._child.wait()
        if self._late:
            message = f"{Path(self.name).name} took longer than {self._timeout:g} s and was stopped"
            raise ToolError(message, program=self.name)
        self._errors.seek(0)
        return Completed(b"", _text(self._errors.read(_STDERR_LIMIT)), status)

    def stop(self) -> None:
        """End the program if it still runs."""
        self._timer.cancel()
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        self.stdout.close()

    def _expire(self) -> None:
        self._late = self._child.poll() is None
        self._child.kill()


@contextmanager
def stream(
    argv: Sequence[str | os.PathLike[str]],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
) -> Iterator[Running]:
    """Start a program and read its output while it runs; it is ended when the block is left.

    After ``timeout`` seconds it is stopped, and its output ends.
    """
    words = _words(argv)
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            pipesize=_PIPE_BYTES,
            env=_environment(env),
            cwd=cwd,
        )
        running = Running(words[0], child, errors, timeout)
        try:
            yield running
        finally:
            running.stop()


def failure(program: str, status: int, stderr: str) -> ToolError:
    """Build the error for a program that ended with a bad status."""
    name = Path(program).name
    last = stderr.strip().splitlines()[-1] if stderr.strip() else "it printed no reason"
    return ToolError(
        f"{name} ended with status {status}: {last}",
        program=name,
        status=status,
        stderr=stderr,
    )


def _words(argv: Sequence[str | os.PathLike[str]]) -> list[str]:
    words = [os.fspath(word) for word in argv]
    program = words[0]
    return [program if "/" in program else find_program(program), *words[1:]]


def _environment(extra: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if extra is None else {**os.environ, **extra}


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")
