"""A whole data set, checked with the tools that will read it (specification B14)."""

from __future__ import annotations

import csv
import dataclasses
import ipaddress
import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from spot_gen.attacks import scenarios
from spot_gen.config import Attack, Config, preset
from spot_gen.generate import generate
from spot_gen.network.addresses import RESERVED

SEED = 3
SOURCES = ["flow", "dns", "proxy"]


def configured(**changes) -> Config:
    """Half an hour of a small office with a few incidents."""
    start = preset("tiny").start_us
    given = {"start_us": start, "span_us": 1_800_000_000, "hosts": 16, "sources": SOURCES}
    attacks = [
        Attack(scenario="scan_vertical", stealth=1),
        Attack(scenario="dns_tunnel", stealth=2),
        Attack(scenario="url_obfuscation", stealth=2),
    ]
    return dataclasses.replace(preset("tiny"), **{**given, "attacks": attacks, **changes})


def digests(facts: dict) -> dict[str, str]:
    return {file["file"]: file["sha256"] for file in facts["files"]}


def files(facts: dict, source: str) -> list[dict]:
    return [file for file in facts["files"] if file["source"] == source]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    """One data set with damaged lines."""
    out = tmp_path_factory.mktemp("gen") / "day"
    config = configured()
    outputs = dataclasses.replace(config.outputs, noise=True, noise_share=0.02)
    generate(dataclasses.replace(config, outputs=outputs), SEED, out)
    return out


@pytest.fixture(scope="module")
def facts(dataset) -> dict:
    return json.loads((dataset / "manifest.json").read_text())


@pytest.fixture(scope="module")
def records(dataset) -> list[dict]:
    return pq.read_table(dataset / "labels" / "records.parquet").to_pylist()


def test_the_same_seed_gives_the_same_bytes_in_one_process_or_two(tmp_path):
    config = configured(span_us=3 * 3_600_000_000, hosts=4, attacks=[Attack(scenario="dga")])
    one = generate(config, SEED, tmp_path / "one", jobs=1)
    two = generate(config, SEED, tmp_path / "two", jobs=2)
    assert one == two
    assert {f.read_bytes() for f in [tmp_path / "one/manifest.json"]} == {
        (tmp_path / "two/manifest.json").read_bytes()
    }


def test_another_seed_gives_other_bytes(tmp_path, facts):
    other = generate(configured(), SEED + 1, tmp_path / "other")
    data = {name: sha for name, sha in digests(other).items() if name.startswith("data/")}
    assert not set(data.values()) & set(digests(facts).values())


def test_taking_one_incident_away_leaves_all_other_records_as_they_were(tmp_path):
    config = configured()
    fewer = dataclasses.replace(config, attacks=config.attacks[:1] + config.attacks[2:])
    generate(config, SEED, tmp_path / "all")
    generate(fewer, SEED, tmp_path / "fewer")
    gone = {"dns_tunnel-1"}
    for source, rows in (("flow", flow_rows), ("dns", dns_rows), ("proxy", proxy_rows)):
        everything, without = rows(tmp_path / "all"), rows(tmp_path / "fewer")
        labels = pq.read_table(tmp_path / "all/labels/records.parquet").to_pylist()
        removed = [
            everything[row["file"]][row["ordinal"] - 1]
            for row in labels
            if row["source"] == source and row["incident_id"] in gone
        ]
        assert not Counter(removed) - Counter(answers(everything))
        left = Counter(answers(everything)) - Counter(removed)
        assert left == Counter(answers(without))


def answers(rows: dict[str, list]) -> list:
    """All rows of all files but questions, which have no label of their own."""
    joined = [row for of_file in rows.values() for row in of_file]
    return [row for row in joined if isinstance(row, bytes) or "\t0\t\t0x" not in row]


def flow_rows(out: Path) -> dict[str, list[str]]:
    """What nfdump says of every flow, by file."""
    wanted = "fmt:%ts,%te,%sa,%da,%sp,%dp,%pr,%ipkt,%ibyt,%opkt,%obyt,%flg"
    found = {}
    for path in sorted((out / "data/flow").iterdir()):
        argv = ["nfdump", "-r", str(path), "-N", "-q", "-6", "-o", wanted]
        done = subprocess.run(
            argv, capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC"}
        )
        found[f"data/flow/{path.name}"] = done.stdout.splitlines()
    return found


FRAMES = ["-T", "fields", "-e", "frame.time_epoch", "-e", "ip.src", "-e", "ipv6.src"]
FRAMES += ["-e", "ip.dst", "-e", "ipv6.dst", "-e", "dns.qry.name", "-e", "dns.qry.type"]
FRAMES += ["-e", "dns.flags.response", "-e", "dns.flags.rcode", "-e", "dns.id"]


def dns_rows(out: Path) -> dict[str, list[str]]:
    """What tshark says of every frame, by file."""
    found = {}
    for path in sorted((out / "data/dns").iterdir()):
        argv = ["tshark", "-n", "-r", str(path), *FRAMES]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        found[f"data/dns/{path.name}"] = done.stdout.splitlines()
    return found


def proxy_rows(out: Path) -> dict[str, list[bytes]]:
    """Every line after the header, by file."""
    return {
        f"data/proxy/{path.name}": [
            line for line in path.read_bytes().split(b"\n")[:-1] if not line.startswith(b"#")
        ]
        for path in sorted((out / "data/proxy").iterdir())
    }


def test_nfdump_counts_what_the_manifest_says(dataset, facts):
    for file in files(facts, "flow"):
        path = dataset / file["file"]
        told = subprocess.run(["nfdump", "-I", "-r", str(path)], capture_output=True, check=True)
        said = dict(re.findall(rb"^(\w+): *(\d+)$", told.stdout, re.M))
        assert int(said[b"Flows"]) == file["records"]
        assert int(said[b"Bytes"]) == file["bytes"]
        assert int(said[b"Packets"]) == file["packets"]
        check = subprocess.run(["nfdump", "-v", str(path)], capture_output=True, text=True)
        assert check.returncode == 0
        assert "rror" not in check.stdout + check.stderr
    listed = flow_rows(dataset)
    assert {f["file"]: f["records"] for f in files(facts, "flow")} == {
        name: len(rows) for name, rows in listed.items()
    }


def test_tshark_reads_every_packet_and_counts_the_responses(dataset, facts):
    strict = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
    strict += ["-o", "tcp.check_checksum:TRUE"]
    bad = "_ws.malformed || ip.checksum.status==0 || udp.checksum.status==0"
    bad += " || tcp.checksum.status==0"
    for file in files(facts, "dns"):
        argv = ["tshark", "-n", "-r", str(dataset / file["file"])]
        done = subprocess.run([*argv, *strict, "-Y", bad], capture_output=True, check=True)
        assert done.stdout == b""
        found = subprocess.run(
            [*argv, "-Y", "dns.flags.response==1"], capture_output=True, check=True
        )
        assert len(found.stdout.splitlines()) == file["responses"]


def test_every_labelled_flow_is_where_the_label_says(dataset, records):
    listed = flow_rows(dataset)
    for row in (row for row in records if row["source"] == "flow"):
        cells = [c.strip() for c in listed[row["file"]][row["ordinal"] - 1].split(",")]
        times = [np.datetime64(cell, "ms").astype(np.int64) for cell in cells[:2]]
        assert times == [row["time_us"] // 1000, row["end_ms"]]
        assert cells[2:4] == [row["src"], row["dst"]]
        port = float(cells[5]) if "." in cells[5] else int(cells[5])
        type_code = row["dport"] // 256 + row["dport"] % 256 / 10
        assert port in (row["dport"], pytest.approx(type_code))
        assert int(cells[6]) == row["proto"]


def test_every_labelled_look_up_is_where_the_label_says(dataset, records):
    listed = dns_rows(dataset)
    for row in (row for row in records if row["source"] == "dns"):
        cells = listed[row["file"]][row["ordinal"] - 1].split("\t")
        assert round(float(cells[0]) * 1_000_000) == row["time_us"]
        assert row["src"] in cells[1:5]
        assert cells[5].lower() == row["name"].lower()
        assert int(cells[6]) == row["type"]


def test_every_labelled_request_is_where_the_label_says(dataset, records):
    listed = proxy_rows(dataset)
    for row in (row for row in records if row["source"] == "proxy"):
        cells = next(csv.reader([listed[row["file"]][row["ordinal"] - 1].decode()], delimiter=" "))
        told = np.datetime64(f"{cells[0]}T{cells[1]}", "us").astype(np.int64)
        assert told == row["time_us"] // 1_000_000 * 1_000_000
        assert (cells[3], cells[12], cells[15]) == (row["src"], row["method"], row["name"])


def test_the_counts_of_labels_agree(dataset, facts, records):
    counts = json.loads((dataset / "labels/counts.json").read_text())
    assert counts == facts["sources"]
    for source in SOURCES:
        of_source = [row for row in records if row["source"] == source]
        assert counts[source]["records"] == sum(f["records"] for f in files(facts, source))
        for label in ("malicious", "benign_lookalike"):
            assert counts[source][label] == sum(row["label"] == label for row in of_source)
    incidents = [
        json.loads(line) for line in (dataset / "labels/incidents.jsonl").read_text().splitlines()
    ]
    assert [one["incident_id"] for one in incidents] == facts["incidents"]
    for one in incidents:
        assert one["records"], one["incident_id"]
        for source, number in one["records"].items():
            of_incident = [r for r in records if r["incident_id"] == one["incident_id"]]
            assert number == sum(r["source"] == source for r in of_incident)


def test_damaged_lines_are_listed_and_no_other_is_damaged(dataset):
    with (dataset / "labels/noise.csv").open(newline="") as file:
        noise = list(csv.DictReader(file))
    assert noise
    damaged = {(row["file"], int(row["ordinal"])) for row in noise}
    for name, lines in proxy_rows(dataset).items():
        for ordinal, line in enumerate(lines, 1):
            if (name, ordinal) not in damaged:
                cells = next(csv.reader([line.decode("ascii")], delimiter=" "))
                assert len(cells) == 27


def outputs(out: Path) -> str:
    """Everything that a sensor or an analyst sees, as text."""
    parts = [p.read_bytes() for kind in ("data", "context") for p in (out / kind).rglob("*.*")]
    return b"\n".join(parts).decode("latin-1").lower()


def test_nothing_in_data_or_context_tells_a_label(dataset):
    seen = outputs(dataset)
    families = {one.family for one in scenarios().values()}
    words = {*scenarios(), *families, *(f.replace(" ", "_") for f in families)}
    words |= {"malicious", "lookalike", "look-alike", "incident", "stealth"}
    found = {w for w in words if w in seen and re.search(rf"\b{re.escape(w)}\b", seen)}
    assert found == set()


def test_no_real_address_or_name_appears(dataset):
    numbers = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
    seen: set[str] = set()
    names: set[str] = set()
    for rows in flow_rows(dataset).values():
        seen |= {cell.strip() for row in rows for cell in row.split(",")[2:4]}
    for rows in dns_rows(dataset).values():
        cells = [row.split("\t") for row in rows]
        seen |= {address for row in cells for address in row[1:5] if address}
        names |= {row[5].rstrip(".").lower() for row in cells}
    noise = csv.DictReader((dataset / "labels/noise.csv").read_text().splitlines())
    damaged = {(row["file"], int(row["ordinal"])) for row in noise}
    for name, lines in proxy_rows(dataset).items():
        # Browsers' versions look like addresses; user agents are quoted.
        whole = [line for n, line in enumerate(lines, 1) if (name, n) not in damaged]
        text = re.sub(rb'"[^"]*"', b"", b"\n".join(whole)).decode("latin-1")
        seen |= {a for a in numbers.findall(text) if all(int(p) < 256 for p in a.split("."))}
    inside = [
        a for a in seen if not any(ipaddress.ip_address(a) in network for network in RESERVED)
    ]
    assert inside == []
    known = (".example", ".test", ".invalid", ".arpa", "example", "test", "invalid")
    assert [name for name in names if name and not name.endswith(known)] == []


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    from spot_common.errors import UsageError

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    for force in (False, True):
        with pytest.raises(UsageError):
            generate(configured(), SEED, tmp_path / "mine", force=force)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine"]
