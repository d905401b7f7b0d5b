"""Telling the workers of a source that files wait for them."""

from __future__ import annotations

from collections.abc import Sequence

from kafka import KafkaProducer
from kafka.errors import KafkaError

from spot_common.clients import kafka
from spot_common.config import Config
from spot_common.errors import ServiceError

_SEND_TIMEOUT = 30.0


class Announcer:
    """Sends the HDFS paths of files to a source's topic and waits until they are kept.

    ``topic`` stands in for the source's own, and for the name of its workers' group.
    """

    def __init__(self, config: Config, source: str, topic: str = "") -> None:
        self._config = config
        self._topic, self._group = kafka.line_of(source, topic)
        self._producer: KafkaProducer | None = None

    def send(self, paths: Sequence[str]) -> None:
        """Announce files; ServiceError where the broker does not confirm all of them."""
        if self._producer is None:
            partitions = self._config.integer("KAFKA_PARTITIONS")
            kafka.ensure_topic(self._config, self._topic, partitions)
            self._producer = kafka.producer(self._config)
        try:
            sent = [self._producer.send(self._topic, path.encode()) for path in paths]
            for one in sent:
                one.get(timeout=_SEND_TIMEOUT)
        except KafkaError as error:
            self.close()
            raise ServiceError(
                f"Kafka did not take a message for {self._topic}: {error}",
                hint="spot status shows the broker; KAFKA_BROKERS says where it is",
            ) from error

    def waiting(self) -> int:
        """Give how many messages the workers have not done with."""
        return sum(kafka.lag(self._config, self._group, self._topic).values())

    def close(self) -> None:
        """Let go of the connection."""
        if self._producer is not None:
            self._producer.close(timeout=1)
            self._producer = None
