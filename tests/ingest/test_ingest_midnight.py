"""Event time: a file over midnight writes two days, whatever the zone of the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from tests.ingest.nfcapd_files import Flow, layout_1
from tests.ingest.proxylog_lines import MAIN

MIDNIGHT = int(datetime(2016, 7, 9, tzinfo=UTC).timestamp())
#: Zones with the largest shift either way, and one with neither whole hours nor none.
ZONES = ["UTC", "Pacific/Kiritimati", "America/Anchorage", "Asia/Kathmandu"]
#: What a worker does with a file, in a process of its own: where its rows go, and what they say.
_SCRIPT = """
import json, sys
from pathlib import Path
import pyarrow.parquet as pq
from spot_common.registry import check_source
from spot_ingest.source import ingest_source
from spot_ingest.split import Splitter

found = {}
for path in map(Path, sys.argv[2:]):
    source = path.parent.name
    folder = Path(sys.argv[1]) / source
    (folder / "scratch").mkdir(parents=True)
    table = check_source(source).raw
    splitter = Splitter(table, folder)
    with ingest_source(source).read(path, folder / "scratch") as reading:
        for batch in reading.batches:
            splitter.write(batch)
    found[source] = [
        [table.partition_path(part.values), pq.read_table(part.path).to_pylist()]
        for part in splitter.close()
    ]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A file of each source with an event before and one after midnight."""
    place = tmp_path_factory.mktemp("midnight")
    names = ("flow/nfcapd.201607082355", "dns/some.pcap", "proxy/access.log")
    flow, dns, proxy = paths = [place / name for name in names]
    for path in paths:
        path.parent.mkdir()
    times = [MIDNIGHT - 1, MIDNIGHT]
    flows = [
        Flow(first=1000 * t, last=1000 * t + 5, received=1000 * t, sport=t % 60000) for t in times
    ]
    flow.write_bytes(layout_1(flows))
    packets = [_response(moment) for moment in times]
    wrpcap(str(dns), packets)
    stamps = [datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%d %H:%M:%S") for t in times]
    proxy.write_text("".join(f"{stamp}{MAIN[19:]}\n" for stamp in stamps))
    return paths


def _response(moment: int) -> Ether:
    answer = DNS(qr=1, qd=DNSQR(qname=f"at-{moment}.example"))
    packet = Ether() / IP(src="10.0.0.53", dst="10.0.0.1") / UDP(sport=53, dport=4000) / answer
    packet.time = moment
    return packet


def read(files: list[Path], zone: str, place: Path) -> dict[str, list]:
    """Read the files in a process whose zone is this."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, place, *files],
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def at_home(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list]:
    """What becomes of the files where the zone is UTC."""
    return read(files, "UTC", tmp_path_factory.mktemp("utc"))


@pytest.mark.parametrize("source", ["flow", "dns", "proxy"])
def test_a_file_over_midnight_writes_two_days(source: str, at_home: dict[str, list]):
    assert [(where, len(rows)) for where, rows in at_home[source]] == [
        ("y=2016/m=07/d=08/h=23", 1),
        ("y=2016/m=07/d=09/h=00", 1),
    ]


@pytest.mark.parametrize("zone", ZONES[1:])
def test_the_zone_of_the_machine_changes_no_row(
    zone: str, files: list[Path], at_home: dict[str, list], tmp_path: Path
):
    assert read(files, zone, tmp_path) == at_home
