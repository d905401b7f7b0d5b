"""The one place where Spot starts external programs: by argument list, never through a shell."""

from __future__ import annotations

import io
import os
import re
import select
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from spot_common.errors import ToolError
from spot_common.errortext import ErrorText

#: Seconds after which a program that has neither printed nor read anything meanwhile is stopped.
PATIENCE = 60.0
#: Room between a program and us, so that neither waits for the other at every 64 KiB.
_PIPE_BYTES = 1 << 20

#: Debian packages that bring the programs we call.
_PACKAGES = {
    "nfdump": "nfdump",
    "nfpcapd": "nfdump",
    "stdbuf": "coreutils",
    "tshark": "tshark",
    "capinfos": "wireshark-common",
    "editcap": "wireshark-common",
    "java": "openjdk-17-jre-headless",
    "chromium": "chromium",
}


@dataclass(frozen=True)
class Completed:
    """How a program ended: its output (bytes), error text, and exit status.

    ``stopped`` says why we ended it, and is empty where it ended by itself.
    """

    stdout: bytes
    stderr: str
    status: int
    stopped: str = ""


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
    """A started program whose output is read as it comes.

    It is stopped, and its output ends, when it makes no progress or complains without end.
    """

    def __init__(self, child: subprocess.Popen[bytes], errors: ErrorText, patience: float) -> None:
        assert child.stdout is not None
        assert child.stderr is not None
        self.stdout: IO[bytes] = io.BufferedReader(_Output(self), _PIPE_BYTES)
        self.stopped = ""
        self._child = child
        self._errors = errors
        self._patience = patience
        self._has_read = 0
        self._complains = True
        self._outputs = (child.stdout.fileno(), child.stderr.fileno())
        self._open = select.poll()
        for output in self._outputs:
            self._open.register(output, select.POLLIN)

    def receive(self, buffer: memoryview) -> int:
        """Fill a buffer with what the program prints next; 0 at the end of its output."""
        output, errors = self._outputs
        while not self.stopped:
            ready = self._ready()
            if errors in ready:
                self._take_errors()
            if output in ready:
                return os.readv(output, [buffer])
        return 0

    def _ready(self) -> list[int]:
        """Wait for output or error text; stop a program that makes no progress."""
        ready = [output for output, _ in self._open.poll(self._patience * 1000)]
        if not ready and not self._reads_on():
            self._stop(f"it neither printed nor read anything for {self._patience:g} s")
        return ready

    def _take_errors(self) -> None:
        """Take the error text that is there."""
        text = os.read(self._outputs[1], _PIPE_BYTES)
        self._errors.add(text)
        if not text:
            self._open.unregister(self._outputs[1])
            self._complains = False
        if self._errors.endless:
            self._stop("it complained without end")

    def _reads_on(self) -> bool:
        """Say whether the program has read anything since this was last asked."""
        with suppress(OSError):
            told = Path(f"/proc/{self._child.pid}/io").read_text()
            has_read = int(told.split()[1])
            moved, self._has_read = has_read != self._has_read, has_read
            return moved
        return False

    def _stop(self, reason: str) -> None:
        self.stopped = reason
        self._child.kill()

    def finish(self) -> Completed:
        """Wait for the end (the output must have been read) and give status and error text."""
        self._open.unregister(self._outputs[0])
        while self._complains and not self.stopped:
            if self._ready():
                self._take_errors()
        try:
            status = self._child.wait(self._patience)
        except subprocess.TimeoutExpired:
            self._stop(f"it did not end within {self._patience:g} s of its last word")
            status = self._child.wait()
        return Completed(b"", self._errors.text, status, self.stopped)

    def stop(self) -> None:
        """End the program if it still runs."""
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        self.stdout.close()


class _Output(io.RawIOBase):
    """What a program prints, as a stream."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._running.receive(memoryview(buffer))


@contextmanager
def stream(
    argv: Sequence[str | os.PathLike[str]],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    chatter: re.Pattern[bytes] | None = None,
    patience: float = PATIENCE,
) -> Iterator[Running]:
    """Start a program and read its output while it runs; it is ended when the block is left.

    Lines of its error text that ``chatter`` matches are dropped as they come. A program that has
    neither printed nor read anything for ``patience`` seconds is stopped.
    """
    with subprocess.Popen(
        _words(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pipesize=_PIPE_BYTES,
        env=_environment(env),
        cwd=cwd,
    ) as child:
        running = Running(child, ErrorText(chatter), patience)
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
