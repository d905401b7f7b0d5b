"""Captures of traffic to flows: nfpcapd makes nfcapd files of them, which are read as those are.

nfpcapd ends with status 0 and without a word where a capture is cut short or damaged, so capinfos
counts the packets at the same time. When the flows were received is not known: the time of their
first packet stands for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from spot_common import process
from spot_ingest.accounting import Finding, Reading, Rejected
from spot_ingest.errors import UnreadableError
from spot_ingest.readers import flowlines, netflow, nfdump, nfheader

#: One nfcapd file a day of the capture.
_WINDOW = "86400"
_CHATTER = re.compile(rb"^(Add flow|Startup|Processed|Nodes|Ident|Terminat)|^\s*$")
_TOTAL = re.compile(r"^Total: Processed: (\d+),.*short caplen: (\d+),.*$", re.MULTILINE)
_LINKS = "nfpcapd reads captures of Ethernet, raw IP, loopback, PPP and Linux cooked interfaces"


@dataclass(frozen=True)
class _Capture:
    """What is known of a capture.

    ``short`` packets do not tell their flow, ``exports`` carry NetFlow; ``damage`` is what is wrong
    with the file, empty where nothing is.
    """

    packets: int
    short: int
    exports: int
    damage: str

    def verdict(self, listing: nfdump.Listing, received: int) -> Finding:
        """Judge the capture after its flows were read: ``received`` is their number."""
        if received == 0:
            raise UnreadableError(self.damage or "it holds no packet of an IP flow")
        finding = listing.finish(received)
        if not self.damage:
            return Finding(note=self._note())
        reason = f"the capture ends in damage after flow {received}: {self.damage}"
        return Finding((*finding.rejected, Rejected(received + 1, reason, b"")), reason)

    def _note(self) -> str:
        of = f"of its {self.packets} packets"
        if self.short:
            return f"{self.short} {of} are cut too short to tell their flow"
        if self.exports:
            return f"{self.exports} {of} carry NetFlow; the flows that they report are not stored"
        return ""


@contextmanager
def read(path: Path, scratch: Path, trouble: str = "") -> Iterator[Reading]:
    """Read a capture; ``trouble`` is what is known to be wrong with it.

    UnreadableError where nfpcapd cannot read it, or where it holds NetFlow only.
    """
    flows = scratch / "flows"
    capture = _convert(path, flows, scratch / "exports", trouble)
    if capture.exports and capture.exports == capture.packets:
        raise UnreadableError(
            f"all of its packets ({capture.packets}) carry NetFlow or IPFIX: "
            "they report on flows and are not the traffic itself",
            hint=netflow.COLLECT,
        )
    with nfdump.dissect(flows, received="ts") as listing:
        yield Reading(flowlines.parse(listing.stream), partial(capture.verdict, listing))


def _convert(path: Path, flows: Path, exports: Path, trouble: str) -> _Capture:
    """Make the nfcapd files of a capture, and count its packets meanwhile."""
    source = os.fspath(path.absolute())
    told = ["capinfos", "-c", "-M", source]
    only_exports = [*_nfpcapd(source, exports), netflow.capture_filter()]
    with (
        process.stream(told, env=nfdump.ENVIRONMENT) as counting,
        process.stream(only_exports, env=nfdump.ENVIRONMENT, chatter=_CHATTER) as filtering,
        process.stream(
            _nfpcapd(source, flows), env=nfdump.ENVIRONMENT, chatter=_CHATTER
        ) as converting,
    ):
        taken, short = _totals(converting.finish())
        of_exports, _ = _totals(filtering.finish())
        packets, damage = _counted(counting.stdout.read(), counting.finish())
    if not damage and taken < packets:
        damage = f"nfpcapd took only {taken} of {packets} packets"
    return _Capture(packets, short, of_exports, "; ".join(filter(None, (damage, trouble))))


def _nfpcapd(source: str, target: Path) -> list[str]:
    target.mkdir()
    return ["nfpcapd", "-r", source, "-w", os.fspath(target), "-t", _WINDOW]


def _totals(done: process.Completed) -> tuple[int, int]:
    """Give the packets that nfpcapd took, and those that were too short."""
    if done.killed:
        raise process.failure("nfpcapd", done.status, done.stderr)
    total = _TOTAL.search(done.stderr)
    if total is None or done.status != 0 or done.stopped:
        said = done.stopped or done.stderr.strip().partition("\n")[0] or f"status {done.status}"
        hint = _LINKS if "link type" in said else nfheader.COPY_AGAIN
        raise UnreadableError(f"nfpcapd cannot read the capture: {said}", hint=hint)
    return int(total[1]), int(total[2])


def _counted(text: bytes, done: process.Completed) -> tuple[int, str]:
    """Give the packets that capinfos counted, and what it says is wrong with the capture."""
    if done.killed:
        raise process.failure("capinfos", done.status, done.stderr)
    packets = re.search(rb"^Number of packets: +(\d+)$", text, re.MULTILINE)
    complaint = re.search(r'[Tt]he file ".*" (.*?)\.?$', done.stderr, re.MULTILINE)
    damage = done.stopped or (f"the file {complaint[1]}" if complaint else "")
    if done.status != 0 and not damage:
        damage = f"capinfos ended with status {done.status}"
    return int(packets[1]) if packets else 0, damage
