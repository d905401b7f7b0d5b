"""User agents: each person's browsers, which stay the same, and the programs of the fleet."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from spot_gen.network.hosts import Fleet
from spot_gen.streams import integers, pick

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36"
#: How common a browser is, what it calls itself, and its versions, the newest first.
_BROWSERS = (
    (46, f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT}", (122, 121, 120, 119, 116, 109)),
    (22, f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Edg/{{0}}.0.0.0",
     (122, 121, 120, 118)),
    (18, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
     (123, 122, 121, 115, 102)),
    (7, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/{0} Safari/605.1.15", (17.3, 17.2, 16.6)),
    (4, "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0", (123, 122, 115)),
    (3, f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT}", (122, 121, 119)),
)  # fmt: skip
_WEIGHTS = np.array([weight for weight, _, _ in _BROWSERS], np.float64)

#: What programs other than browsers call themselves.
PROGRAMS = {
    "certificates": "CryptoAPI/10.0",
    "updater": "Update-Agent/10.0.10011 Client-Protocol/2.50",
    "chat": "Palaver/5.17.2 (desktop; x64)",
    "mobile": "Palaver/5.16.0 (mobile)",
    "photos": "PhotoSync/3.4 (Windows NT 10.0)",
    "studio": "ClipStudio/11.2 (Windows NT 10.0; uploader)",
    "server": "libfetch/2.0 (linux; x64)",
    "novelty": "Plotweaver/0.9.1 (Windows NT 10.0; beta)",
}
#: What scripts and neglected programs call themselves; hardly any machine of an office does.
RARE = (
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", "python-requests/2.18.4",
    "Go-http-client/1.1", "Mozilla/5.0 (Windows NT 6.1; rv:24.0) Gecko/20100101 Firefox/24.0",
    "WinHttpClient/1.0", "curl/7.55.1",
)  # fmt: skip


def browsers(fleet: Fleet, number: int = 0) -> pa.StringArray:
    """Return the browser of each person; number 1 is a second one that some use at times."""
    keys = fleet.keys(f"agent/{number}")
    kind = pick(keys, 0, _WEIGHTS)
    lag = np.minimum(integers(keys, 1, 0, 8), integers(keys, 2, 0, 8)).tolist()
    return pa.array([_agent(int(k), lag[row]) for row, k in enumerate(kind)], pa.string())


def _agent(kind: int, lag: int) -> str:
    """Write a user agent; a person is a few versions behind, hardly anybody at the oldest."""
    _, form, versions = _BROWSERS[kind]
    return form.format(versions[min(lag, len(versions) - 1)])
