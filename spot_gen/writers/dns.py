"""The sensor before the resolvers: captures of DNS questions and answers (source ``dns``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from spot_gen.attacks.tunnel import transaction_number
from spot_gen.clock import MINUTE_US
from spot_gen.events import LOOKUPS, Events, labelled, numbers
from spot_gen.network import World
from spot_gen.network.addresses import text
from spot_gen.plan import plan, play
from spot_gen.writers.capture import CaptureWriter, mark_numbers
from spot_gen.writers.traffic import Traffic, exchanges

#: Transaction number of ordinary look-ups in the published labelled set.
ORDINARY = 1008


class DnsWriter(CaptureWriter):
    """Writes ``dns_YYYYMMDDhhmm.pcap``; a file that grows too large is followed by ``…_1.pcap``.

    A file holds the look-ups that begin in its quarter of an hour. The mark of a labelled look-up
    is at its answer, or at its question where no answer came. With ``label_in_dns_id`` the
    transaction numbers are those of the published labelled set: a tunnel's own, or ``ORDINARY``.
    """

    source = "dns"
    rotation_us = 15 * MINUTE_US
    prefix = "dns"

    def __init__(self, out: Path, world: World, rotation_us: int | None = None) -> None:
        super().__init__(out, world, rotation_us)
        self._published = _published(world) if world.config.outputs.label_in_dns_id else None
        self.largest = world.config.outputs.dns_file_mb * 1_000_000

    def traffic(self, events: Events, first_mark: int) -> tuple[list[Traffic], pa.Table]:
        """Return the packets of look-ups, and the keys of the labelled ones."""
        lookups = events.lookups
        if self._published is not None:
            lookups = _numbered(lookups, self._published)
        marks = mark_numbers(numbers(lookups, "label"), first_mark)
        return [exchanges(lookups, marks)], _keys(labelled(lookups))


def _published(world: World) -> dict[int, int]:
    """Return the transaction number of each label that has one in the published set."""
    scenes = {incident.label: play(world, incident).scene for incident in plan(world)}
    numbered = {label: transaction_number(scene) for label, scene in scenes.items()}
    return {label: number for label, number in numbered.items() if number is not None}


def _numbered(lookups: pa.Table, ids: Mapping[int, int]) -> pa.Table:
    """Give look-ups the transaction numbers of their labels."""
    label = numbers(lookups, "label")
    number = np.full(len(label), ORDINARY, np.uint16)
    for marker, given in ids.items():
        number[label == marker] = given
    place = LOOKUPS.get_field_index("txid")
    return lookups.set_column(place, LOOKUPS.field(place), pa.array(number))


def _keys(lookups: pa.Table) -> pa.Table:
    return pa.table(
        {
            "src": text(numbers(lookups, "client_hi"), numbers(lookups, "client_lo")),
            "name": lookups.column("qname"),
            "type": lookups.column("qtype").cast(pa.int32()),
            "marker": lookups.column("label"),
            "stage": lookups.column("stage"),
        }
    )


WRITER = DnsWriter
