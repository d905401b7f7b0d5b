"""The registered domain of a name, by the public suffix list."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from publicsuffixlist import PublicSuffixList


@lru_cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)


def registered_domain(name: str | None) -> str | None:
    """Give ``example.co.uk`` for ``www.example.co.uk``, lower case; a bare suffix gives itself.

    None for IP addresses, names under no known suffix (``host.local``) and empty names. A scheme
    before the name and a dot after it are left out.
    """
    host = (name or "").lower().rpartition("://")[2].split("/")[0].strip(".")
    if not host or _is_address(host):
        return None
    domain = _suffixes().privatesuffix(host) or _suffixes().publicsuffix(host)
    return str(domain) if domain else None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
