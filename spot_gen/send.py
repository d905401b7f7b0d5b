"""Playing flow records to a collector as NetFlow datagrams, in real time or faster.

Nothing leaves this machine by mistake: a target that is not a loopback address is refused unless
it is allowed.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from spot_common.errors import ServiceError, UsageError
from spot_gen.export import Exporter
from spot_gen.network import World
from spot_gen.simulation import Batch
from spot_gen.writers.netflow import Datagrams, Packer, export_for
from spot_gen.writers.records import tell

_TARGET = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:]+)):(?P<port>\d{1,5})", re.ASCII)
#: Seconds between two reports, which is the longest sleep, and the shortest sleep.
_EVERY, _SHORT = 0.5, 0.0001

Address = tuple[socket.AddressFamily, tuple[str, int]]


@dataclass
class Sent:
    """What was sent so far: numbers, seconds that it took, and the time reached in the data."""

    datagrams: int = 0
    records: int = 0
    octets: int = 0
    seconds: float = 0.0
    first_us: int = 0
    last_us: int = 0
    interrupted: bool = False


@dataclass(frozen=True)
class Timer:
    """The time that passes while sending, in seconds."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def resolve(target: str, allow_remote: bool) -> Address:
    """Find the address of ``HOST:PORT`` (an IPv6 address in brackets), IPv4 first.

    UsageError for a wrong target and for one that is not loopback (unless ``allow_remote``);
    ServiceError for a name that has no address.
    """
    found = _TARGET.fullmatch(target)
    if not found or not 1 <= int(found["port"]) <= 65_535:
        raise UsageError(
            f"{target!r:.80} is no target", hint="write HOST:PORT, for example 127.0.0.1:2055"
        )
    host, port = found["six"] or found["host"], int(found["port"])
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise ServiceError(f"{host} has no address: {error}") from error
    addresses = sorted((family, (str(end[0]), port)) for family, _, _, _, end in answers)
    remote = [end[0] for _, end in addresses if not _is_loopback(end[0])]
    if remote and not allow_remote:
        raise UsageError(
            f"{host} is not on this machine: {remote[0]}",
            hint="name a loopback address such as 127.0.0.1, or add --allow-remote",
        )
    return addresses[0]


def _is_loopback(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def send(
    world: World,
    batches: Iterable[Batch],
    target: str,
    *,
    speed: float = 1.0,
    version: int = 5,
    allow_remote: bool = False,
    progress: Callable[[Sent], None] = lambda _sent: None,
    timer: Timer = Timer(),
) -> Sent:
    """Play the flows of batches, as ``Simulation.run`` gives them, ``speed`` times as fast.

    Of prior batches only those flows are sent that are exported within the span. Stops where it is
    when interrupted (Ctrl-C), and says so in the result.
    ``progress`` is called about twice a second. UsageError for a wrong target, version or speed;
    ServiceError when the target cannot be reached or nobody listens there.
    """
    if not 0 < speed < float("inf"):
        raise UsageError(f"speed is {speed:g}", hint="give a number above 0; 1 is real time")
    if version not in (5, 9):
        raise UsageError(f"there is no NetFlow version {version} here", hint="choose 5 or 9")
    family, end = resolve(target, allow_remote)
    sent = Sent()
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        player = _Player(connection, target, speed, sent, progress, timer)
        try:
            player.connect(end)
            for datagrams in _datagrams(world, batches, version):
                player.play(datagrams)
        except KeyboardInterrupt:
            sent.interrupted = True
        player.report()
    return sent


def _datagrams(world: World, batches: Iterable[Batch], version: int) -> Iterable[Datagrams]:
    """Make datagrams as the router would, batch by batch."""
    exporter = Exporter(export_for(version, world.config.export), world)
    packer = Packer(version, world.config)
    for batch in batches:
        tell(exporter, batch.events)
        records = exporter.until(batch.end_us)
        if not batch.prior:
            yield packer.datagrams(records)


class _Player:
    """Sends each datagram when its time has come."""

    def __init__(
        self,
        connection: socket.socket,
        target: str,
        speed: float,
        sent: Sent,
        progress: Callable[[Sent], None],
        timer: Timer,
    ) -> None:
        self._connection = connection
        self._target = target
        self._speed = speed
        self._sent = sent
        self._progress = progress
        self._timer = timer
        self._began = self._reported = timer.now()

    def connect(self, end: tuple[str, int]) -> None:
        """Fix the target, so that the system tells when nobody listens there."""
        try:
            self._connection.connect(end)
        except OSError as error:
            raise ServiceError(f"cannot send to {self._target}: {error.strerror}") from error

    def play(self, datagrams: Datagrams) -> None:
        """Send datagrams; the time of the very first is now."""
        sent = self._sent
        if not sent.datagrams and len(datagrams.time_us):
            sent.first_us = sent.last_us = int(datagrams.time_us[0])
            self._began = self._timer.now()
        rows = zip(datagrams.time_us.tolist(), datagrams.counts.tolist(), strict=True)
        for number, (time_us, count) in enumerate(rows):
            self._wait((time_us - sent.first_us) / 1_000_000 / self._speed)
            data = datagrams.payload.row(number)
            self._send(data)
            sent.datagrams += 1
            sent.records += count
            sent.octets += len(data)
            sent.last_us = time_us

    def report(self) -> None:
        """Tell how far it is."""
        self._reported = self._timer.now()
        self._sent.seconds = self._reported - self._began
        self._progress(self._sent)

    def _wait(self, due: float) -> None:
        """Sleep until ``due`` seconds after the beginning, reporting meanwhile."""
        while True:
            now = self._timer.now()
            if now - self._reported >= _EVERY:
                self.report()
            left = due - (now - self._began)
            if left < _SHORT:
                return
            self._timer.sleep(min(left, _EVERY))

    def _send(self, data: bytes) -> None:
        try:
            self._connection.send(data)
        except ConnectionRefusedError as error:
            raise ServiceError(
                f"nobody listens at {self._target} (UDP)", hint="start the collector first"
            ) from error
        except OSError as error:
            raise ServiceError(f"cannot send to {self._target}: {error.strerror}") from error
