"""The keys of a configuration file, their defaults and their ranges.

Each section of the file is one class, each key one field; its text under ``doc`` is what
``spot gen describe --keys`` prints. A key that is not here is an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from spot_gen.clock import DAY_US

#: 2024-03-04T00:00:00Z, a Monday.
DEFAULT_START_US = 1_709_510_400_000_000


def key(default: Any, doc: str, low: float | None = None, high: float | None = None) -> Any:
    """Declare a key with its default, meaning and range (both ends allowed)."""
    metadata = {"doc": doc, "low": low, "high": high}
    if isinstance(default, (dict, list)):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


def share(default: float, doc: str) -> Any:
    """Declare a key that is a share from 0 to 1."""
    return key(default, doc, 0.0, 1.0)


@dataclass(frozen=True)
class Network:
    """Section ``network``."""

    ipv6_share: float = share(0.10, "share of the workstations that speak IPv6 too")
    ipv6_sites: float = share(0.20, "share of the outside sites that have an IPv6 address")
    direct_share: float = share(0.20, "share of the workstations that reach the web without proxy")
    names: int = key(20_000, "ordinary outside sites", 100, 1_000_000)
    unlisted_share: float = share(0.05, "share of the sites missing in top-domains.csv")
    hijacked_share: float = share(1 / 3, "share of malicious names that are hijacked ordinary ones")
    malicious_pool_share: float = share(
        0.5, "share of malicious addresses that are from the ordinary range"
    )
    threat_share: float = share(0.20, "share of the malicious indicators in the threat list")


@dataclass(frozen=True)
class Export:
    """Section ``export``: how the router turns connections into flow records."""

    style: str = key("bi", "bi: one record with both counters; uni: one per direction")
    active_s: int = key(300, "active time-out, seconds", 1, 3_600)
    inactive_s: int = key(15, "inactive time-out, seconds", 1, 600)
    sampling: int = key(1, "one packet in so many is seen", 1, 65_535)


@dataclass(frozen=True)
class Outputs:
    """Section ``outputs``: details of the formats."""

    https: str = key("connect", "connect: CONNECT lines; decrypted: as if the proxy opened TLS")
    noise: bool = key(False, "damage some proxy lines on purpose, listed in labels/noise.csv")
    noise_share: float = share(0.0005, "share of the proxy lines that noise damages")
    proxy_layout: str = key("main", "main: 27 fields; reporter: 26 fields; squid: Squid native")
    netflow_version: int = key(5, "version of NetFlow datagrams: 5 or 9", 5, 9)
    nanoseconds: bool = key(False, "pcap files with nanosecond magic")
    label_in_dns_id: bool = key(False, "labels of the published DNS set as transaction numbers")
    zeek_format: str = key("tsv", "tsv or json")
    eve_dns_version: int = key(2, "layout of Suricata's dns events: 2 or 3", 2, 3)
    eve_alerts: bool = key(False, "alert events in eve.json for a share of the loud scans")
    dns_file_mb: int = key(200, "a dns pcap is closed when it is larger, MB", 1, 4_000)


@dataclass(frozen=True)
class Attack:
    """One entry of the list ``attacks``."""

    scenario: str = key("", "an id of the attack catalogue, or of a look-alike")
    stealth: int = key(1, "1 loud, 2 medium, 3 quiet", 1, 3)
    count: int = key(1, "how many of them", 1, 10_000)
    start: str = key("", "ISO time, or empty: drawn within the window")
    window: str = key("", "FROM/TO, ISO times: start is drawn within; empty: the whole span")
    actor: str = key("", "name of a machine, or empty: drawn")
    victims: list[str] = key([], "names of machines, or empty: drawn")
    seed_name: str = key("", "name of its random stream; empty: scenario and number")
    parameters: dict[str, Any] = key({}, "defaults of the scenario that shall be others")


@dataclass(frozen=True)
class Config:
    """The whole configuration."""

    start_us: int = key(DEFAULT_START_US, "start: ISO time, UTC")
    span_us: int = key(DAY_US, "span: N with s, m, h or d")
    hosts: int = key(100, "workstations; servers and devices come on top", 1, 10_160)
    sources: list[str] = key(["flow", "dns", "proxy"], "which sensors write")
    activity: float = key(1.0, "factor on all ordinary rates", 0.0, 100.0)
    rates: dict[str, float] = key({}, "factor on the rate of a process, by its name")
    lookalikes: bool = key(True, "whether there are look-alikes of the catalogue B7")
    incident_free_share: float = share(0.0, "share of the days without any incident")
    attacks: list[Attack] = key([], "incidents that shall happen")
    network: Network = field(default_factory=Network)
    export: Export = field(default_factory=Export)
    outputs: Outputs = field(default_factory=Outputs)

    @property
    def end_us(self) -> int:
        """The end of the span, itself not in it."""
        return self.start_us + self.span_us
