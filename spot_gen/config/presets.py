"""Four sizes that need no configuration file (specification B2)."""

from __future__ import annotations

from spot_common.errors import UsageError
from spot_gen.clock import DAY_US, HOUR_US
from spot_gen.config.model import DEFAULT_START_US, Attack, Config

#: One scenario of each family. What is few in number however loud it is may be loud, so that the
#: malicious records stay rare.
_QUIET_OF_EACH = (
    ("scan_horizontal", 2), ("beacon_http", 2), ("dns_tunnel", 3), ("dga", 3), ("exfil_post", 2),
    ("brute_ssh", 3), ("url_obfuscation", 2), ("xss_probe", 2), ("lateral_smb", 2), ("hoarding", 2),
    ("recon_dns", 3), ("reflection", 3), ("mining", 1), ("campaign", 1),
)  # fmt: skip
_LOUD_OF_EACH = (
    ("scan_vertical", 1), ("beacon_tls", 2), ("dns_tunnel_tcp", 2), ("fast_flux", 1),
    ("exfil_bulk", 3), ("brute_rdp", 2), ("malware_download", 2), ("xss_probe", 1),
    ("lateral_rdp", 2), ("hoarding", 1), ("recon_dns", 2), ("reflection", 1), ("mining", 2),
    ("campaign", 1),
)  # fmt: skip
_TINY = (("scan_vertical", 2), ("dns_tunnel", 3), ("beacon_http", 2))


def _attacks(*pairs: tuple[str, int]) -> list[Attack]:
    return [Attack(scenario=scenario, stealth=stealth) for scenario, stealth in pairs]


def _large() -> list[Attack]:
    """Return a campaign a day and every scenario of ``medium`` besides."""
    singles = [pair for pair in _QUIET_OF_EACH + _LOUD_OF_EACH if pair[0] != "campaign"]
    return [Attack(scenario="campaign", stealth=1, count=7), *_attacks(*singles)]


PRESETS: dict[str, Config] = {
    "tiny": Config(
        start_us=DEFAULT_START_US + 9 * HOUR_US, span_us=2 * HOUR_US, hosts=20,
        activity=0.2, rates={"web_session": 2.75, "link_prefetch": 3.4, "chat_keepalive": 5.0},
        attacks=_attacks(*_TINY),
    ),
    "small": Config(span_us=DAY_US, hosts=100, attacks=_attacks(*_QUIET_OF_EACH)),
    "medium": Config(
        span_us=DAY_US, hosts=1_000, rates={"web_session": 1.1, "link_prefetch": 2.7},
        attacks=_attacks(*_QUIET_OF_EACH, *_LOUD_OF_EACH),
    ),
    "large": Config(
        span_us=7 * DAY_US, hosts=5_000, rates={"web_session": 1.55, "link_prefetch": 4.2},
        attacks=_large(),
    ),
}  # fmt: skip


def preset(name: str) -> Config:
    """Return a preset; UsageError for a name that does not exist."""
    if name not in PRESETS:
        raise UsageError(f"there is no preset {name!r}", hint=f"choose {', '.join(PRESETS)}")
    return PRESETS[name]
