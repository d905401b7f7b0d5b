"""Source ``flow``: nfcapd files, one every five minutes, also when nothing was received."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa

from spot_gen.clock import MINUTE_US, moment
from spot_gen.writers import nfcapd
from spot_gen.writers.records import RecordWriter


class FlowWriter(RecordWriter):
    """Writes files ``nfcapd.YYYYMMDDhhmm``, named after the UTC time of their beginning."""

    source: ClassVar[str] = "flow"
    rotation_us: ClassVar[int] = 5 * MINUTE_US
    #: A file is made in one piece, whatever its length: a step is a file.
    step_us: ClassVar[int] = 1 << 62

    def put(self, window_us: int, records: pa.Table) -> None:
        """Write the file of a window."""
        file = self.open(f"nfcapd.{moment(window_us):%Y%m%d%H%M}", window_us)
        file.write(nfcapd.encode(records, self.world.server("router").name, window_us))
        self.take_note(file, records)
        self.closed(file)


WRITER = FlowWriter
