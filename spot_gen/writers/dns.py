"""The sensor before the resolvers: captures of DNS questions and answers (source ``dns``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from spot_gen.clock import MINUTE_US
from spot_gen.events import LOOKUPS, Events, labelled, numbers
from spot_gen.network import World
from spot_gen.network.addresses import text
from spot_gen.writers.capture import CaptureWriter, mark_numbers
from spot_gen.writers.traffic import Traffic, exchanges

#: Transaction number of ordinary look-ups in the published labelled set.
ORDINARY = 1008


class DnsWriter(CaptureWriter):
    """Writes ``dns_YYYYMMDDhhmm.pcap``; a file that grows too large is followed by ``…_1.pcap``.

    A file holds the look-ups that begin in its quarter of an hour. The mark of a labelled look-up
    is at its answer, or at its question where no answer came. With ``label_in_dns_id`` the
    transaction numbers are labels: ``transaction_ids`` says which number an event's label has, the
    others have ``ORDINARY``.
    """

    source = "dns"
    rotation_us = 15 * MINUTE_US
    prefix = "dns"

    #: The transaction number of each label, when labels shall be written there.
    transaction_ids: Mapping[int, int] = MappingProxyType({})

    def __init__(self, out: Path, world: World, rotation_us: int | None = None) -> None:
        super().__init__(out, world, rotation_us)
        self.largest = world.config.outputs.dns_file_mb * 1_000_000

    def traffic(self, events: Events, first_mark: int) -> tuple[list[Traffic], pa.Table]:
        """Return the packets of look-ups, and the keys of the labelled ones."""
        lookups = events.lookups
        if self.world.config.outputs.label_in_dns_id:
            lookups = _numbered(lookups, self.transaction_ids)
        marks = mark_numbers(numbers(lookups, "label"), first_mark)
        return [exchanges(lookups, marks)], _keys(labelled(lookups))


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
