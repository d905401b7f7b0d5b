"""Names that look made up: by content networks, reputation services, habit and mistake."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spot_gen.activity.habits import ON, ByPeople, Occasional, Steady, expand, liked, switched_on
from spot_gen.activity.letters import ALNUM, BASE32, HEX, letters
from spot_gen.activity.model import Activity
from spot_gen.activity.records import name_data, reverse_name, text_data
from spot_gen.clock import MINUTE_US, SECOND_US, Arrived
from spot_gen.network.addresses import Addresses
from spot_gen.network.hosts import ORGANISATION
from spot_gen.network.world import World
from spot_gen.protocols import NXDOMAIN, PTR, SERVFAIL, TXT
from spot_gen.recorder import Recorder
from spot_gen.streams import Ints, Keys, child, integers, stream_key, uniform

_TYPED_SITES = 4_000


def _joined(*parts: object) -> pa.StringArray:
    return pc.binary_join_element_wise(*parts, "")


class ReputationDns(ByPeople):
    """A virus scanner asks about a file by its digest, in a name; rarely it is known."""

    name = "reputation_dns"
    span_us = MINUTE_US
    per_day = 9.0

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the questions asked in [start, end)."""
        arrived, world = self.arrived(start_us, end_us), self.world
        row, number, key = expand(arrived, integers(arrived.key, 0, 1, 3))
        site = world.sites.of_kind("Technology/Internet", np.full(len(key), 0.1))
        name = _joined(
            letters(key, 1, 8, HEX), ".", letters(key, 2, integers(key, 3, 26, 53), BASE32),
            ".avqs.", world.names.site.take(pa.array(site)),
        )  # fmt: skip
        known = uniform(key, 4) < 0.7
        answers = pa.array([[], [text_data("rep=0;class=clean")]], pa.list_(pa.binary()))
        recorder.lookups(
            key, arrived.time_us[row] + number * 45_000,
            world.people.address[arrived.who[row]], name,
            qtype=TXT, rcode=np.where(known, 0, NXDOMAIN), ttl=np.where(known, 0, 7_200),
            answers=answers.take(pa.array(known.astype(np.int64))),
            authority=world.names.authority(site),
        )  # fmt: skip


class CdnNames(ByPeople):
    """A page loads pieces from machines of a content network whose names are numbers."""

    name = "cdn_names"
    span_us = MINUTE_US
    per_day = 9.0
    _pieces = 5_000

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the questions asked in [start, end)."""
        arrived, world = self.arrived(start_us, end_us), self.world
        row, number, key = expand(arrived, integers(arrived.key, 0, 1, 3))
        place = uniform(key, 1)
        piece = child(
            stream_key(world.seed, self.name),
            np.floor(place * place * self._pieces).astype(np.int64),
        )
        site = world.sites.of_kind("Content Servers", uniform(piece, 2) * 0.5)
        region = pa.array(integers(piece, 3, 1, 30)).cast(pa.string())
        name = _joined(
            "d", letters(piece, 1, integers(piece, 4, 13, 33), ALNUM), ".r", region, ".edge.",
            world.names.site.take(pa.array(site)),
        )  # fmt: skip
        recorder.lookups(
            key, arrived.time_us[row] + number * 1_900,
            world.people.address[arrived.who[row]], name,
            addresses=world.names.address[site * 4 + 1], ttl=integers(key, 5, 0, 60),
            authority=world.names.authority(site), upstream=uniform(key, 6) < 0.7,
        )  # fmt: skip


class SearchSuffix(ByPeople):
    """A machine tries a name with its own domain behind it, before it takes it as it is."""

    name = "search_suffix"
    span_us = MINUTE_US
    per_day = 11.0

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the tries of [start, end)."""
        arrived, world = self.arrived(start_us, end_us), self.world
        key, client = arrived.key, world.people.address[arrived.who]
        host = liked(world, arrived.who, key, 0) * 4 + integers(key, 3, 0, 4)
        name = _joined(world.names.host.take(pa.array(host)), f".{ORGANISATION}")
        known = recorder.lookups(key, arrived.time_us, client, name, rcode=NXDOMAIN)
        recorder.uses_of(child(key, 4), known + 250, client, host)


class TypingErrors(ByPeople):
    """Somebody mistypes the name of a site; the machine tries it with its own domain too."""

    name = "typing_errors"
    span_us = MINUTE_US
    per_day = 2.5

    def __init__(self, world: World) -> None:
        super().__init__(world)
        sites = world.names.site.slice(0, _TYPED_SITES).to_pylist()
        keys = child(stream_key(world.seed, self.name), np.arange(len(sites)))
        self._mistyped = pa.array(_mistype(sites, keys))

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the mistakes made in [start, end)."""
        arrived, world = self.arrived(start_us, end_us), self.world
        key, client = arrived.key, world.people.address[arrived.who]
        site = liked(world, arrived.who, key, 0) % len(self._mistyped)
        name = self._mistyped.take(pa.array(site))
        known = recorder.lookups(
            key,
            arrived.time_us,
            client,
            name,
            rcode=NXDOMAIN,
            ttl=3_600,
            authority=world.registry("example"),
        )
        again = _joined(name, f".{ORGANISATION}")
        recorder.lookups(child(key, 4), known + 400, client, again, rcode=NXDOMAIN)


def _mistype(sites: list[str], keys: Keys) -> list[str]:
    """Leave out, double or swap a letter of each name."""
    known, mistyped = set(sites), []
    kinds = integers(keys, 0, 0, 3).tolist()
    places = uniform(keys, 1).tolist()
    for site, kind, place in zip(sites, kinds, places, strict=True):
        word = site.removesuffix(".example")
        at = 1 + int(place * (len(word) - 2))
        wrong = (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :],
        )[kind]
        taken = f"{wrong}.example" in known
        mistyped.append(f"{word}q.example" if taken else f"{wrong}.example")
    return mistyped


class ExpiredNames(Activity):
    """An old program still asks for its maker's server, whose domain is long gone."""

    name = "expired_names"
    span_us = MINUTE_US
    curve = ON
    _makers = 12

    def __init__(self, world: World) -> None:
        super().__init__(world)
        keys = world.people.keys(self.name)
        self._ticks = Steady(keys, 30 * MINUTE_US, 0.05, 0.09, self.rate)

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the questions asked in [start, end)."""
        world = self.world
        arrived = switched_on(world, self._ticks.between(start_us, end_us))
        row, number, key = expand(arrived, np.full(len(arrived), 2))
        maker = integers(child(world.people.keys(self.name), 1), 0, 0, self._makers)
        own = child(stream_key(world.seed, self.name), maker[arrived.who[row]])
        zone = maker[arrived.who[row]] % len(_ZONES)
        name = _joined(
            _PARTS.take(pa.array(number)), letters(own, 1, integers(own, 2, 7, 13), "aeioulnrst"),
            "soft.", pa.array(_ZONES).take(pa.array(zone)),
        )  # fmt: skip
        recorder.lookups(
            key, arrived.time_us[row] + number * 700_000,
            world.people.address[arrived.who[row]], name,
            rcode=np.where(uniform(own, 3) < 0.8, NXDOMAIN, SERVFAIL), ttl=3_600,
            authority=np.array([world.registry(zone) for zone in _ZONES])[zone],
        )  # fmt: skip


_PARTS = pa.array(["license.", "sync."])
_ZONES = ("example", "test", "invalid")


class AssetInventoryDns(Occasional):
    """The monitoring server lists the network: it asks for the name of every address in use."""

    name = "asset_inventory_dns"
    span_us = 30 * MINUTE_US
    per_day = 3.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        hosts = world.hosts
        self._known = len(hosts)
        self._names = pa.array([host.full_name for host in hosts])
        last = np.array([host.address for host in hosts])
        beside = last[::8].copy()
        beside[:, 1] ^= np.uint64(0x2000)
        self._addresses: Addresses = np.concatenate([last, beside])

    def record(self, recorder: Recorder, start_us: int, end_us: int) -> None:
        """Record the runs that begin in [start, end)."""
        arrived = self.arrived(start_us, end_us)
        size = len(self._addresses)
        _, number, key = expand(arrived, np.full(len(arrived), size))
        time = np.repeat(arrived.time_us, size) + self._moments(arrived, number)
        known = number < self._known
        names = self._names.take(pa.array(np.where(known, number, 0)))
        recorder.lookups(
            key, time, self.world.servers["mon1"].address,
            reverse_name(self._addresses[number]),
            qtype=PTR, rcode=np.where(known, 0, NXDOMAIN), ttl=3_600,
            answers=name_data(names, known),
        )  # fmt: skip

    def _moments(self, arrived: Arrived, number: Ints) -> Ints:
        """Return when each address is asked for: evenly over at most twenty minutes."""
        step = min(90_000, 20 * MINUTE_US // len(self._addresses))
        return number * step + np.repeat(arrived.time_us % SECOND_US, len(self._addresses))


ACTIVITIES = (
    ReputationDns, CdnNames, SearchSuffix, TypingErrors, ExpiredNames, AssetInventoryDns,
)  # fmt: skip
