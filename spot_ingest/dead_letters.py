"""Messages that name no file: kept on a topic of their own, where a person can look at them."""

from __future__ import annotations

from kafka import KafkaProducer
from kafka.errors import KafkaError

from spot_common.clients import kafka
from spot_common.config import Config
from spot_common.errors import ServiceError

_SEND_TIMEOUT = 30.0


class DeadLetters:
    """The topic ``<topic>-DEAD``; it is made when the first message comes."""

    def __init__(self, config: Config, topic: str) -> None:
        self.topic = f"{topic}-DEAD"
        self._config = config
        self._producer: KafkaProducer | None = None

    def keep(self, message: bytes) -> None:
        """Keep a message as it is; ServiceError where the broker does not confirm it."""
        if self._producer is None:
            kafka.ensure_topic(self._config, self.topic, 1)
            self._producer = kafka.producer(self._config)
        try:
            self._producer.send(self.topic, message).get(timeout=_SEND_TIMEOUT)
        except KafkaError as error:
            self.close()
            raise ServiceError(f"Kafka did not take a message for {self.topic}: {error}") from error

    def close(self) -> None:
        """Let go of the connection."""
        if self._producer is not None:
            self._producer.close(timeout=1)
            self._producer = None
