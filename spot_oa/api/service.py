"""What requests share: storage, the store of verdicts, and the publisher."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from spot_common.config import Config
from spot_oa.ports import Storage
from spot_oa.run import storage
from spot_oa.store.publish import Publisher
from spot_oa.store.verdicts import VerdictStore


@dataclass(frozen=True)
class Service:
    """One installation's data. Safe to use from several threads."""

    where: Storage
    store: VerdictStore
    publisher: Publisher


@dataclass(frozen=True)
class Context:
    """What a resolver knows of its request: the data, and who asks."""

    service: Service
    user: str


_made: dict[int, tuple[Config, Service]] = {}
_lock = Lock()


def service(config: Config) -> Service:
    """Give the service of a configuration, made at its first use.

    What an earlier process left unpublished is taken up then.
    """
    with _lock:
        if id(config) not in _made:
            where = storage(config)
            publisher = Publisher.of(config, where)
            _made[id(config)] = (config, Service(where, publisher.store, publisher))
            publisher.wake()
        return _made[id(config)][1]
