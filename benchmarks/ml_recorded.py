"""What the ranking finds of recorded attacks, beside plain orders: section 3.3 of its design.

    python benchmarks/ml_recorded.py --data ../shared/data --days DAY1 DAY2 DAY3 [--cache DIR]

Recorded attacks are put on ordinary hosts of generated days (``spot gen generate --preset small``)
or of recorded traffic: addresses of the actor are replaced, the time is moved into the day. What
the days' own incidents do counts as ordinary. Prints the row that first shows each attack and how
many are in the first 50 and 250 rows, by the record shown (and by all records of rows' groups).
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from recorded_rows import (
    Attack,
    between,
    busy,
    day_of,
    flows,
    lookups,
    moved,
    read,
    schema,
    zeek,
)

from spot_ml.batches import source_words
from spot_ml.lda.parameters import Parameters
from spot_ml.request import SURPRISE
from spot_ml.words.domain import top_labels
from spot_ml.words.source import WordContext
from spot_ops.evaluate.days import context_of, rows_of
from spot_ops.evaluate.measure import Wanted, real

#: Hours of the day in which attacks begin.
_HOURS = (10, 16)
_SHORT = 20
_KITS, _DRAWS = 12, 4
_SESSIONS = 6


@dataclass(frozen=True)
class Case:
    """Attacks in a day: a source's ordinary rows with those of attacks behind, each attack's."""

    title: str
    source: str
    context: WordContext
    rows: pa.Table
    attacks: tuple[tuple[str, np.ndarray], ...]


def main() -> None:
    """Measure all cases."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="the recorded data")
    arguments.add_argument("--days", type=Path, nargs="+", required=True)
    arguments.add_argument("--cache", type=Path)
    given = arguments.parse_args()
    for case in _cases(given.data, given.days, given.cache):
        show(case)


def _cases(data: Path, days: Sequence[Path], cache: Path | None) -> Iterator[Case]:
    known = flow_attacks(data)
    tunnels = dns_attacks(data)
    short = [Attack(t.name, _every(t.rows, _SHORT), t.actor) for t in tunnels]
    kits = kit_sessions(data)
    for number, day in enumerate(days):
        place = f"on {day.name}"
        at = Placing(np.random.default_rng(number), "10.20.")
        yield at.case("recorded attacks", place, "flow", _day(day, "flow", cache), known)
        yield at.case("tunnels, 20 queries", place, "dns", _day(day, "dns", cache), short)
        requests = _day(day, "proxy", cache)
        for draw in range(_DRAWS):
            at = at if draw == 0 else Placing(np.random.default_rng([number, draw]), "10.20.")
            chosen = [kits[n] for n in at.draw.choice(len(kits), _KITS, replace=False)]
            yield at.case("exploit kits", f"{place}, draw {draw + 1}", "proxy", requests, chosen)
    names = (data / "lists" / "opendns-top-domains.txt").read_text().split()
    world = WordContext(top_domains=top_labels([f"1,{name}" for name in names]), amended=True)
    hour = lookups(zeek(data / "zeek/wrccdc-2018/dns.log.gz"))
    for title, attacks in (("tunnels, all queries", tunnels), ("tunnels, 20 queries", short)):
        for draw in range(1, _DRAWS + 1):
            at = Placing(np.random.default_rng(draw), "10.")
            place = f"on recorded look-ups, draw {draw}"
            yield at.case(title, place, "dns", (hour, world), attacks)
    log = pa.concat_tables(
        read("proxy", data / "proxy" / name)
        for name in ("webgateway/benign_500.webgateway", "zeek-http/benign3http.log")
    )
    for number in range(3):
        at = Placing(np.random.default_rng(number), "", least=1)
        chosen = [kits[n] for n in at.draw.choice(len(kits), _SESSIONS, replace=False)]
        yield at.case("exploit kits", "in a recorded log", "proxy", (log, world), chosen)
    yield botnet(data, world)


def flow_attacks(data: Path) -> list[Attack]:
    """The six recorded attacks that flows show."""
    flow = data / "flow"
    many = read("flow", flow / "nfcapd/test1-malicious.nfdump")
    scan = read("flow", flow / "pcap/test7-malicious.pcap")
    guess = read("flow", flow / "pcap/malicious-ssh-bruteforce.pcap")
    calls = read("flow", flow / "pcap/test-cc-capture-2.pcap")
    across, _ = flows(zeek(data / "zeek/port-scans/horizontal-conn.log"))
    down, _ = flows(zeek(data / "zeek/port-scans/vertical-conn.log"))
    return [
        Attack("connections to port 902", between(many, "147.32.80.119"), "147.32.80.119"),
        Attack("scan by a thing", between(scan, "192.168.2.16"), "192.168.2.16"),
        Attack("password guessing", between(guess, "147.32.80.40"), "147.32.80.40"),
        Attack("even calls", between(calls, "147.32.80.37", "141.193.213.20"), "147.32.80.37"),
        Attack("horizontal scan", between(across, "10.0.2.112"), "10.0.2.112"),
        Attack("vertical scan", between(down, "192.168.1.9"), "192.168.1.9"),
    ]


def dns_attacks(data: Path) -> list[Attack]:
    """The three recorded tunnels."""
    actors = {
        "dns-tunnel-iodine": "10.0.2.30",
        "bad-dns-traffic": "192.168.43.91",
        "dns_exfiltration": "192.168.220.56",
    }
    folder = data / "dns" / "ndpi"
    return [Attack(name, read("dns", folder / f"{name}.pcap"), actor)
            for name, actor in actors.items()]  # fmt: skip


def kit_sessions(data: Path) -> list[Attack]:
    """The recorded sessions of browsers that meet an exploit kit."""
    found = []
    for path in sorted((data / "proxy/webgateway/exploit-kit").iterdir()):
        rows = read("proxy", path)
        found.append(Attack(path.stem, rows, rows["clientip"][0].as_py()))
    return found


def botnet(data: Path, context: WordContext) -> Case:
    """A bot's own traffic of weeks, labelled by its publishers, as one day."""
    log = zeek(data / "zeek/ctu-botnet-4-labelled/conn.log.labeled")
    rows, connection = flows(log)
    malicious = (log["label"] == "Malicious").to_numpy()[connection]
    return Case("one bot, weeks", "flow", context, rows, (("bot", np.flatnonzero(malicious)),))


@dataclass(frozen=True)
class Placing:
    """Puts attacks on ordinary hosts, which begin with some digits, at drawn times of the day."""

    draw: np.random.Generator
    inside: str
    least: int = 100

    def case(
        self,
        title: str,
        where: str,
        source: str,
        day: tuple[pa.Table, WordContext],
        attacks: Sequence[Attack],
    ) -> Case:
        """Put each attack on a host of its own, as far as there are enough."""
        rows, context = day
        hosts = busy(rows[source_words(source).documents[0]], self.least, 5_000, self.inside)
        again = len(hosts) < len(attacks)
        chosen = self.draw.choice(hosts, len(attacks), replace=again)
        parts, places, size = [rows], [], rows.num_rows
        for attack, host in zip(attacks, chosen, strict=True):
            second = int(self.draw.integers(_HOURS[0] * 3600, _HOURS[1] * 3600))
            start = day_of(source, rows) + pd.Timedelta(seconds=second)
            parts.append(moved(source, attack.rows, start, {attack.actor: str(host)}))
            places.append((attack.name, np.arange(size, size + attack.rows.num_rows)))
            size += attack.rows.num_rows
        return Case(f"{title} {where}", source, context, pa.concat_tables(parts), tuple(places))


def _day(folder: Path, source: str, cache: Path | None) -> tuple[pa.Table, WordContext]:
    return rows_of(folder, source_words(source), cache).cast(schema(source)), context_of(folder)


def _every(rows: pa.Table, number: int) -> pa.Table:
    """So many rows, evenly."""
    return rows.take(pa.array(np.linspace(0, rows.num_rows - 1, number).astype(np.int64)))


def show(case: Case) -> None:
    """Measure a case and print it."""
    with tempfile.TemporaryDirectory() as place:
        rows, labels = Path(place) / "rows.parquet", Path(place) / "labels.csv"
        pq.write_table(case.rows, rows)
        with labels.open("w", newline="") as stream:
            lines = csv.writer(stream)
            lines.writerow(["incident", "row"])
            for name, places in case.attacks:
                lines.writerows((name, number + 1) for number in places)
        wanted = Wanted(Parameters(), SURPRISE, (50, 250), (case.source,))
        report = real(rows, labels, case.context, wanted).sources[case.source]
    facts = report.facts
    counts = f"{facts['records']:,} records, {facts['malicious']:,} of attacks"
    print(f"\n{case.title} ({case.source}): {counts}")
    for row in report.rows:
        print(f"  {row.name:30} {_line(row.figures, row.incidents)}")


def _line(figures: dict[str, Any], incidents: Sequence[dict[str, Any]]) -> str:
    found, groups = figures["found"], figures["groups"]["found"]
    alone = figures["records alone"]["average_precision"]
    ranks = sorted(entry["first_rank"] or np.inf for entry in incidents)
    first = " ".join("-" if np.isinf(rank) else f"{rank:.0f}" for rank in ranks)
    return (
        f"{found['50']:.0f} / {found['250']:.0f} ({groups['50']:.0f} / {groups['250']:.0f})"
        f"  AP of records {alone:.3f}  first {first}"
    )


if __name__ == "__main__":
    main()
