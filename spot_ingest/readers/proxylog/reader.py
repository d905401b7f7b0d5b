"""A proxy's log, in whatever format it is, to batches of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spot_common.config import load_config
from spot_ingest.accounting import Batch, Finding, Reading, Rejected
from spot_ingest.errors import UnreadableError
from spot_ingest.readers.proxylog import columns
from spot_ingest.readers.proxylog.blocks import LINE_LIMIT, Block, Stream, blocks
from spot_ingest.readers.proxylog.recognition import LogReader, recognised
from spot_ingest.readers.unpacked import Limits, unpacked


@contextmanager
def read(path: Path, _scratch: Path) -> Iterator[Reading]:
    """Read a log, compressed or not."""
    with unpacked(path, Limits.of(load_config())) as stream:
        log = Log(stream, path.name, lambda: stream.damage)
        yield Reading(log.batches(), log.finish)


class Log:
    """One log while it is read; ``damage`` says after its end what is wrong with the file."""

    def __init__(
        self, stream: Stream, name: str = "", damage: Callable[[], str] = lambda: ""
    ) -> None:
        self._stream = stream
        self._name = name
        self._damage = damage
        self._cut = Rejected(1, "", b"")

    def batches(self) -> Iterator[Batch]:
        """Turn the lines into rows, or set them aside.

        UnreadableError where no format fits the first lines.
        """
        reader: LogReader | None = None
        parts = blocks(self._stream)
        for block in parts:
            if not block.ended and self._damage():
                self._cut = block.reject(0, "")
                return
            self._cut = Rejected(block.first + block.count, "", b"")
            if block.too_long:
                reason = f"the line is longer than {LINE_LIMIT} bytes"
                yield columns.nothing([block.reject(0, reason)])
            elif reader := reader or self._recognised(block, parts):
                yield from reader.read(block)

    def _recognised(self, block: Block, rest: Iterator[Block]) -> LogReader | None:
        try:
            return recognised(block, self._name)
        except UnreadableError as error:
            error.rows = block.says() + sum(other.says() for other in rest)
            raise

    def finish(self, received: int) -> Finding:
        """Tell of a cut or damage; UnreadableError when there was no line at all."""
        damage = self._damage()
        if received == 0:
            raise UnreadableError(damage or "it holds no log line")
        if not damage:
            return Finding()
        return Finding((Rejected(self._cut.number, damage, self._cut.raw),), damage)
