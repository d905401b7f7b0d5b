"""The one place where Spot starts external programs: by argument list, never through a shell."""

from __future__ import annotations

import io
import os
import queue
import re
import select
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spot_common.errors import ToolError
from spot_common.errortext import ErrorText

#: Seconds after which a program that has neither printed nor read anything meanwhile is stopped.
PATIENCE = 60.0
#: Signals that come from outside, and not from what a program was given to read.
_KILLS = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
#: How far the output of a program is read ahead: so many pieces of so many bytes.
_AHEAD_PIECES = 64
_PIECE_BYTES = 256 * 1024
_LOOK_EVERY = 0.01
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

    @property
    def killed(self) -> bool:
        """Say whether somebody else ended it, so that it may do better another time."""
        return not self.stopped and -self.status in _KILLS


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
    """A started program whose output is read ahead, in a thread, while it runs.

    It is stopped, and its output ends, when it makes no progress or complains without end.
    """

    def __init__(self, child: subprocess.Popen[bytes], errors: ErrorText, patience: float) -> None:
        assert child.stdout is not None
        assert child.stderr is not None
        self.stdout = io.BufferedReader(_Output(self))
        self._child = child
        self._errors = errors
        self._patience = patience
        self._stopped = ""
        self._has_read = 0
        self._fds = (child.stdout.fileno(), child.stderr.fileno())
        self._pieces: queue.Queue[bytes] = queue.Queue(_AHEAD_PIECES)
        self._over = False
        self._pump = threading.Thread(target=self._read_ahead, daemon=True)
        self._pump.start()

    def receive(self) -> bytes:
        """Give what the program printed next; nothing at the end of its output."""
        return b"" if self._over else self._pieces.get()

    def _read_ahead(self) -> None:
        """Take output and error text until both have ended or the program had to be stopped."""
        output, _ = self._fds
        waiting = select.poll()
        for fd in self._fds:
            waiting.register(fd, select.POLLIN)
        open_fds = set(self._fds)
        while open_fds and not self._stopped:
            ready = [fd for fd, _ in waiting.poll(self._patience * 1000)]
            for fd in ready:
                data = os.read(fd, _PIECE_BYTES)
                if not data:
                    waiting.unregister(fd)
                    open_fds.remove(fd)
                if fd == output:
                    self._pieces.put(data)
                else:
                    self._errors.add(data)
            self._judge(progress=bool(ready))
        if output in open_fds:
            self._pieces.put(b"")

    def _judge(self, *, progress: bool) -> None:
        """Stop the program where there is no hope for it."""
        if not progress and not self._reads_on():
            self._stop(f"it neither printed nor read anything for {self._patience:g} s")
        elif self._errors.endless:
            self._stop("it complained without end")

    def _reads_on(self) -> bool:
        """Say whether the program has read anything since this was last asked."""
        try:
            told = Path(f"/proc/{self._child.pid}/io").read_text()
        except OSError:
            return False
        before, self._has_read = self._has_read, int(told.split()[1])
        return self._has_read != before

    def _stop(self, reason: str) -> None:
        self._stopped = reason
        self._child.kill()

    def finish(self) -> Completed:
        """Wait for the end and give status and error text; output not read yet is thrown away."""
        self._join()
        try:
            status = self._child.wait(self._patience)
        except subprocess.TimeoutExpired:
            self._stop(f"it did not end within {self._patience:g} s of its last word")
            status = self._child.wait()
        return Completed(b"", self._errors.text, status, self._stopped)

    def stop(self) -> None:
        """End the program if it still runs."""
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        self._join()
        self.stdout.close()

    def _join(self) -> None:
        """Wait until nothing more comes."""
        while self._pump.is_alive():
            with suppress(queue.Empty):
                self._pieces.get(timeout=_LOOK_EVERY)
        self._over = True


class _Output(io.RawIOBase):
    """What a program prints, as a stream."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._piece = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._piece and not self._ended:
            self._piece = memoryview(self._running.receive())
            self._ended = not self._piece
        size = min(len(buffer), len(self._piece))
        buffer[:size], self._piece = self._piece[:size], self._piece[size:]
        return size


@contextmanager
def stream(
    argv: Sequence[str | os.PathLike[str]],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    chatter: re.Pattern[bytes] | None = None,
    patience: float | None = None,
) -> Iterator[Running]:
    """Start a program and read its output while it runs; it is ended when the block is left.

    Lines of its error text that ``chatter`` matches are dropped as they come. A program that has
    neither printed nor read anything for ``patience`` seconds (``PATIENCE``) is stopped.
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
        running = Running(child, ErrorText(chatter), PATIENCE if patience is None else patience)
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
