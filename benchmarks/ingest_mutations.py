"""Mutated files: every one must end in rows or in a reason, whatever was done to its bytes.

    python benchmarks/ingest_mutations.py [--flow 4500] [--dns 1000] [--proxy 4500] [--seed 1]
        [--data FOLDER]

Takes the samples, and the files of FOLDER/flow, dns and proxy, damages bytes of one at a time by a
seeded plan and reads it as a worker does. A file that ends in an exception other than a reason, in
no end within a minute, or in rows that do not add up is named, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from spot_common import progress
from spot_ingest.errors import UnreadableError
from spot_ingest.source import ingest_source

_SAMPLES = Path(__file__).resolve().parents[1] / "samples"
_LARGEST = 256 * 1024
_LIMIT_S = 60
#: Share of the files that are made of one that gives rows when it is whole.
_SOUND = 0.9
_ROWS, _REASON = "rows", "reason"


class HangError(Exception):
    """A file took too long."""


def main() -> None:
    """Damage, read, and print the report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    for source, number in (("flow", 4500), ("dns", 1000), ("proxy", 4500)):
        arguments.add_argument(f"--{source}", type=int, default=number)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--data", type=Path)
    given = arguments.parse_args()
    signal.signal(signal.SIGALRM, _hang)
    faults: list[str] = []
    print(
        "| source | files | originals | end in rows | with rows set aside | in a reason | faults |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for source in ("flow", "dns", "proxy"):
        originals = _originals(source, given.data)
        number = getattr(given, source)
        ends, found = _read_all(source, originals, number, given.seed)
        faults += found
        figures = (ends[_ROWS], ends["aside"], ends[_REASON], len(found))
        cells = [source, f"{number:,}", len(originals), *figures]
        print("| " + " | ".join(map(str, cells)) + " |")
    print("\n".join(faults))
    sys.exit(bool(faults))


def _originals(source: str, data: Path | None) -> list[tuple[str, bytes]]:
    folders = [_SAMPLES / source, *([data / source] if data else [])]
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    found = [(path.name, path.read_bytes()[:_LARGEST]) for path in paths]
    return [(name, content) for name, content in found if content]


def _read_all(
    source: str, originals: Sequence[tuple[str, bytes]], number: int, seed: int
) -> tuple[Counter[str], list[str]]:
    ends: Counter[str] = Counter()
    faults = []
    sound = [one for one in originals if _ROWS in _read(source, *one)]
    with progress.bar(f"{source}: mutated files", number, "files") as bar:
        for place in range(number):
            draw = random.Random(f"{seed}-{source}-{place}")
            name, content = draw.choice(sound if draw.random() < _SOUND else originals)
            try:
                for end in _read(source, name, mutated(content, draw)):
                    ends[end] += 1
            except Exception:  # noqa: BLE001 - each is a fault, and the next file is read
                faults.append(f"{source}, seed {seed}, file {place}: {traceback.format_exc()}")
            bar.advance()
    return ends, faults


def _read(source: str, name: str, content: bytes) -> tuple[str, ...]:
    """Read one file as a worker does, and tell how it ended."""
    stored = rejected = 0
    with tempfile.TemporaryDirectory(prefix="spot-mutated-") as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        signal.alarm(_LIMIT_S)
        try:
            with ingest_source(source).read(path, scratch) as reading:
                for batch in reading.batches:
                    assert len(batch.minutes) == batch.rows.num_rows
                    assert all(row.reason and row.number > 0 for row in batch.rejected)
                    stored += batch.rows.num_rows
                    rejected += len(batch.rejected)
                finding = reading.finish(stored + rejected)
            rejected += len(finding.rejected)
        except UnreadableError:
            return (_REASON,)
        finally:
            signal.alarm(0)
    if not stored:
        assert rejected, "neither rows nor a reason"
        return (_REASON,)
    return (_ROWS, "aside") if rejected else (_ROWS,)


def _flip(data: bytearray, at: int, piece: slice, draw: random.Random) -> None:
    data[at] ^= 1 << draw.randrange(8)


def _noise(data: bytearray, at: int, piece: slice, draw: random.Random) -> None:
    data[piece] = draw.randbytes(len(data[piece]))


def _fill(data: bytearray, at: int, piece: slice, draw: random.Random) -> None:
    data[piece] = bytes([draw.choice([0, 255, 127, 10, 34])]) * len(data[piece])


def _delete(data: bytearray, at: int, piece: slice, draw: random.Random) -> None:
    del data[piece]


def _repeat(data: bytearray, at: int, piece: slice, draw: random.Random) -> None:
    data[at:at] = data[piece]


def _move(data: bytearray, at: int, piece: slice, draw: random.Random) -> None:
    other = draw.randrange(len(data))
    data[other : other + len(data[piece])] = data[piece]


def _head(data: bytearray, at: int, piece: slice, draw: random.Random) -> None:
    data[draw.randrange(min(len(data), 300))] = draw.randrange(256)


def _cut(data: bytearray, at: int, piece: slice, draw: random.Random) -> None:
    if draw.random() < 0.3:
        del data[at:]


_CHANGES = (_flip, _noise, _fill, _delete, _repeat, _move, _head, _cut)


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Damage bytes as disks, networks and unkind people do."""
    changed = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        if changed:
            at = draw.randrange(len(changed))
            piece = slice(at, at + draw.choice([1, 4, 16, 300]))
            draw.choice(_CHANGES)(changed, at, piece, draw)
    return bytes(changed)


def _hang(_signal: int, _frame: FrameType | None) -> None:
    raise HangError(f"no end after {_LIMIT_S} s")


if __name__ == "__main__":
    main()
