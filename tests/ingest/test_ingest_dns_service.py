"""A capture of hostile names on the real services: what an analyst reads is what was asked."""

from __future__ import annotations

import gzip
import io
import time

import pytest
from ingest_captures import HOSTILE, pcap, response
from ingest_twins import labels

from spot_common.clients.sql import Sql
from spot_ingest.ledger import Ledger
from spot_ingest.names import digest_of_stream
from spot_ingest.readers.dnsname import wire_of
from tests.conftest import Stack

pytestmark = pytest.mark.service


def test_hostile_names_that_are_dropped_stand_in_the_table(stack: Stack):
    data = gzip.compress(pcap([response(labels(*name)) for name in HOSTILE]))
    landing = stack.config.path("LANDING_DIR") / "dns"
    (landing / "hostile, 'names'.pcap.gz").write_bytes(data)
    digest = digest_of_stream(io.BytesIO(data))
    ledger, end = Ledger.of(stack.config), time.monotonic() + 90
    while (entry := ledger.find("dns", digest)) is None or not entry.finished:
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)
    assert (entry.rows_stored, entry.rows_set_aside) == (len(HOSTILE), 0)
    sql = Sql(stack.config)
    rows = sql.query(
        f"SELECT dns_qry_name, dns_a FROM `{stack.config.text('DBNAME')}`.`dns` "
        "WHERE y = 2017 AND m = 1 AND d = 4 ORDER BY unix_tstamp"
    )
    sql.close()
    assert {row["dns_a"] for row in rows} == {"192.0.2.1"}
    wires = [wire_of(row["dns_qry_name"]) for row in rows]
    assert wires == [labels(*name) + b"\0" for name in HOSTILE]
