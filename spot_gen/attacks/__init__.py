"""The attack catalogue (specification B6): one module a family.

Besides the families there are ``model``, what a scenario is, and ``shared``, what they use.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from spot_common.errors import ConfigError
from spot_gen.attacks.model import Indicator, Scenario, Scene

__all__ = ["CATALOGUE", "Indicator", "Scenario", "Scene", "scenario", "scenarios"]

#: All ids in a fixed order: the place of a scenario decides which machine is drawn for it. New ones
#: are added at the end.
CATALOGUE = (
    "scan_vertical", "scan_horizontal", "scan_flags", "scan_external", "beacon_http", "beacon_tls",
    "beacon_port", "dns_tunnel", "dns_tunnel_tcp", "dga", "fast_flux", "exfil_bulk", "exfil_post",
    "exfil_icmp", "brute_ssh", "brute_rdp", "spray", "malware_download", "url_obfuscation",
    "xss_probe", "lateral_smb", "lateral_rdp", "hoarding", "recon_dns", "reflection", "mining",
    "campaign",
)  # fmt: skip


@cache
def scenarios() -> dict[str, Scenario]:
    """Return all scenarios by their ids, in the order of the catalogue."""
    found = {}
    for module in sorted(m.name for m in iter_modules(__path__)):
        loaded = import_module(f"{__name__}.{module}")
        found.update({s.id: s for s in getattr(loaded, "SCENARIOS", ())})
    return {name: found[name] for name in CATALOGUE if name in found}


def scenario(name: str, where: str = "") -> Scenario:
    """Return a scenario; ConfigError naming the place and the nearest id for an unknown one."""
    known = scenarios()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        raise ConfigError(
            f"{where + ': ' if where else ''}there is no scenario {name!r}",
            hint=f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known)}",
        )
    return known[name]
