"""The organisation's own machines and people."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from spot_common.errors import ConfigError
from spot_gen.clock import MINUTE_US
from spot_gen.network.addresses import INTERNAL, INTERNAL_6, Addresses, four
from spot_gen.streams import Ints, integers, stream_keys, uniform

ORGANISATION = "corp.example"
MOST_PEOPLE = 40 * 254

#: Servers and the like: name, role, last two octets.
_FIXED = (
    ("dns1", "resolver", 1, 10), ("dns2", "resolver", 1, 11), ("proxy1", "proxy", 1, 20),
    ("mail1", "mail", 1, 30), ("dc1", "directory", 1, 40), ("fs1", "files", 1, 50),
    ("backup1", "backup", 1, 60), ("db1", "database", 1, 70), ("ntp1", "time", 1, 80),
    ("app1", "application", 1, 85), ("mon1", "monitoring", 1, 90), ("scan1", "scanner", 1, 91),
    ("index1", "index", 1, 92), ("www1", "web", 2, 10), ("mx1", "relay", 2, 20),
    ("ssh1", "gateway", 2, 30), ("rt1", "router", 4, 1), ("adm1", "admin", 4, 10),
)  # fmt: skip
#: Roles whose machines speak IPv6 with everybody who does.
_DUAL = ("resolver", "proxy")

_GIVEN = [
    "ada",
    "ben",
    "cleo",
    "dan",
    "eva",
    "finn",
    "gina",
    "hugo",
    "ines",
    "jan",
    "kira",
    "leo",
    "mia",
    "nico",
    "olga",
    "pia",
    "rosa",
    "sam",
    "tess",
    "udo",
]
_FAMILY = [
    "alder",
    "berg",
    "carver",
    "dorn",
    "ellis",
    "frost",
    "grant",
    "hale",
    "irving",
    "jonas",
    "keller",
    "lund",
    "moss",
    "north",
    "orr",
]


@dataclass(frozen=True, eq=False)
class Host:
    """One machine: ``address`` and ``address_6`` have the shape (2,), the latter None mostly."""

    name: str
    role: str
    address: Addresses
    address_6: Addresses | None = None
    user: str = ""
    person: str = ""
    number: int = 0

    @property
    def full_name(self) -> str:
        """The name in the organisation's own domain."""
        return f"{self.name}.{ORGANISATION}"

    @property
    def stream(self) -> str:
        """How the names of this machine's streams begin."""
        return f"host/{self.name}"


@dataclass(frozen=True)
class Fleet:
    """Machines as arrays, for drawing from all of them at once. Row = ``Host.number``.

    ``address`` (n, 2); ``address_6`` (n, 2), 0 where there is none; ``shift_us``: how much later
    than the curve this person's day is; ``agent``: a number of ``network.agents``.
    """

    hosts: tuple[Host, ...]
    address: Addresses
    address_6: Addresses
    shift_us: Ints
    seed: int

    def __len__(self) -> int:
        return len(self.hosts)

    def keys(self, process: str) -> np.ndarray:
        """Return the key of each machine's stream for a process."""
        return self._cache.setdefault(
            process,
            stream_keys(self.seed, (f"{host.stream}/{process}" for host in self.hosts)),
        )

    _cache: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)


def fixed_hosts(with_six: bool) -> tuple[Host, ...]:
    """Return servers, gateways and the router; those in ``_DUAL`` have IPv6 where anybody has."""
    hosts = []
    for name, role, third, last in _FIXED:
        six = _six(third, last) if with_six and role in _DUAL else None
        hosts.append(Host(name, role, _inside(third, last), six))
    return tuple(hosts)


def devices(seed: int, people: int) -> Fleet:
    """Return printers and cameras: one for every twelve people, at least two."""
    count = min(max(2, people // 12), 250)
    hosts = [
        Host(
            f"{('prn', 'cam')[number % 2]}-{number:03d}",
            ("printer", "camera")[number % 2],
            _inside(3, number + 2),
            number=number,
        )
        for number in range(count)
    ]
    return _fleet(hosts, seed)


def workstations(seed: int, people: int, six: float) -> Fleet:
    """Return a machine per person; ``six`` of them speak IPv6 too.

    ConfigError when the address plan has no room for that many.
    """
    if not 1 <= people <= MOST_PEOPLE:
        raise ConfigError(
            f"hosts: {people} workstations do not fit the network",
            hint=f"choose 1 to {MOST_PEOPLE}",
        )
    names = [f"ws-{number:04d}" for number in range(people)]
    keys = stream_keys(seed, (f"host/{name}" for name in names))
    has_six = uniform(keys, 0) < six
    given = integers(keys, 1, 0, len(_GIVEN))
    family = integers(keys, 2, 0, len(_FAMILY))
    hosts = []
    for number, name in enumerate(names):
        third, last = 10 + number // 254, number % 254 + 1
        hosts.append(
            Host(
                name,
                "workstation",
                _inside(third, last),
                _six(third, last) if has_six[number] else None,
                f"u{number:04d}",
                f"{_GIVEN[given[number]].title()} {_FAMILY[family[number]].title()}",
                number,
            )
        )
    return _fleet(hosts, seed)


def _fleet(hosts: list[Host], seed: int) -> Fleet:
    keys = stream_keys(seed, (host.stream for host in hosts))
    none = np.zeros(2, np.uint64)
    return Fleet(
        tuple(hosts),
        np.array([host.address for host in hosts]),
        np.array([none if host.address_6 is None else host.address_6 for host in hosts]),
        integers(keys, 3, -75, 76) * MINUTE_US,
        seed,
    )


def _inside(third: int, last: int) -> Addresses:
    inside: Addresses = four(int(INTERNAL[0]) + third * 256 + last)[0]
    return inside


def _six(third: int, last: int) -> Addresses:
    return np.array([(int(INTERNAL_6[0]) >> 64) + third, last], np.uint64)
