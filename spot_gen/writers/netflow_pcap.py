"""Source ``netflow_pcap``: the router's NetFlow datagrams on their way to the monitoring server."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from spot_gen.clock import HOUR_US, moment
from spot_gen.config.model import Export
from spot_gen.network import World
from spot_gen.protocols import UDP
from spot_gen.writers import pcap
from spot_gen.writers.files import DataFile
from spot_gen.writers.netflow import Packer, export_for
from spot_gen.writers.records import RecordWriter

_PORT = 2055
_SOURCE_PORT = 51_000


class NetflowPcapWriter(RecordWriter):
    """Writes ``netflow_YYYYMMDDhh.pcap``. In each file sequence numbers begin at 0."""

    source: ClassVar[str] = "netflow_pcap"
    rotation_us: ClassVar[int] = HOUR_US

    _file: DataFile | None = None
    _window: int | None = None
    _packer: Packer
    _sent = 0

    def __init__(self, out: Path, world: World, rotation_us: int | None = None) -> None:
        super().__init__(out, world, rotation_us)
        self._nanoseconds = world.config.outputs.nanoseconds
        self._ends = {
            f"{end}_{half}": host.address[place]
            for end, host in (("src", world.server("router")), ("dst", world.server("monitoring")))
            for place, half in enumerate(("hi", "lo"))
        }

    def export(self) -> Export:
        """Return how the router exports for the chosen version."""
        return export_for(self.world.config.outputs.netflow_version, self.world.config.export)

    def put(self, window_us: int, records: pa.Table) -> None:
        """Append the datagrams of records."""
        file = self._opened(window_us)
        datagrams = self._packer.datagrams(records)
        size = len(datagrams.payload)
        packets = pcap.blank(
            size,
            time_us=datagrams.time_us,
            ip_id=(self._sent + np.arange(size)) & 0xFFFF,
            sport=_SOURCE_PORT,
            dport=_PORT,
            proto=UDP,
            **self._ends,
        )
        self._sent += size
        made = pcap.records(packets, datagrams.payload, nanoseconds=self._nanoseconds)
        file.write(made.values.data)
        self.take_note(file, datagrams.records)
        file.counts["datagrams"] = self._sent

    def finish(self) -> None:
        """Finish the open file."""
        if self._file is not None:
            self.closed(self._file)
            self._file = None

    def _opened(self, window_us: int) -> DataFile:
        """Return the file of a window; the one before is finished."""
        if self._file is None or window_us != self._window:
            self.finish()
            form = "%Y%m%d%H" if self.rotation >= HOUR_US else "%Y%m%d%H%M"
            self._file = self.open(f"netflow_{moment(window_us):{form}}.pcap", window_us)
            self._file.write(pcap.file_header(self._nanoseconds))
            self._window, self._sent = window_us, 0
            config = self.world.config
            self._packer = Packer(config.outputs.netflow_version, config)
        return self._file


WRITER = NetflowPcapWriter
