"""What an analyst would know besides the data: networks, places, people, machines, names (B4).

=============================== ====================================================================
``ipranges.csv``                the organisation's own ranges: first, last, name
``iploc.csv``                   where each outside /24 block is and whose it is
``networkcontext_1.csv``        names of the organisation's networks and machines
``top-domains.csv``             rank and name of the listed sites
``user_context.csv``            the people's accounts
``endpoint_context.csv``        the machines
``network_context.jsonl``       registration of each domain
``threat_intelligence_context.csv``  what others have reported
``vulnerability_context.csv``   what is known to be wrong with machines
=============================== ====================================================================

The last five have the columns of the Open Data Model's tables of these names, those that are known
only; a list in a field is separated by commas. Nothing in any file tells what is malicious beyond
what ``network.threat_share`` puts into the threat list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from spot_gen.context import organisation, outside, places
from spot_gen.context.model import Indicator
from spot_gen.context.tables import table
from spot_gen.network import World
from spot_gen.writers.files import DataFile, Written

__all__ = ["Indicator", "write_context"]

#: The text of each file.
_FILES: dict[str, Callable[[World, Sequence[Indicator]], str]] = {
    "ipranges.csv": lambda world, _: table(places.ranges(world)),
    "iploc.csv": lambda world, _: table(places.blocks(world.seed), quoted=True),
    "networkcontext_1.csv": lambda world, _: table(places.named_networks(world), ("srcIP", "name")),
    "top-domains.csv": lambda world, _: table(places.top_sites(world)),
    "user_context.csv": lambda world, _: organisation.users(world),
    "endpoint_context.csv": lambda world, _: organisation.endpoints(world),
    "network_context.jsonl": outside.domains,
    "threat_intelligence_context.csv": outside.threats,
    "vulnerability_context.csv": lambda world, _: organisation.vulnerabilities(world),
}
#: The files whose first line names the columns.
_HEADED = (
    "networkcontext_1.csv", "user_context.csv", "endpoint_context.csv",
    "threat_intelligence_context.csv", "vulnerability_context.csv",
)  # fmt: skip


def write_context(folder: Path, world: World, indicators: Sequence[Indicator]) -> list[Written]:
    """Write the context files into ``folder``, which is made; return what was written.

    ``indicators`` are those of the incidents. ``counts`` has ``records``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in _FILES.items():
        text = content(world, indicators)
        file = DataFile(folder, name)
        file.write(text.encode())
        file.counts["records"] = text.count("\n") - (name in _HEADED)
        written.append(file.close("context", f"context/{name}"))
    return written
