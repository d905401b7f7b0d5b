"""Topics, producers and consumers, all with the settings of ``spot.conf``."""

from __future__ import annotations

import contextlib
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewPartitions, NewTopic, OffsetSpec
from kafka.errors import InvalidPartitionsError, KafkaError, TopicAlreadyExistsError

from spot_common.config import Config
from spot_common.errors import ServiceError

_REQUEST_TIMEOUT_MS = 10_000


def topic_of(source: str) -> str:
    """The topic that carries a source's file names."""
    return f"SPOT-INGEST-{source}"


def group_of(source: str) -> str:
    """The consumer group of a source's workers."""
    return f"spot-{source}"


def line_of(source: str, topic: str = "") -> tuple[str, str]:
    """The topic of a source's file names and the group of its workers.

    A ``topic`` of its own stands in for the source's, and is the group's name, too.
    """
    return (topic, topic) if topic else (topic_of(source), group_of(source))


def producer(config: Config) -> KafkaProducer:
    """A producer whose send counts only when every in-sync replica has the message."""
    try:
        return KafkaProducer(**_common(config), acks="all", retries=5, linger_ms=5)
    except KafkaError as error:
        raise unreachable(config) from error


def consumer(config: Config, group: str, *topics: str, **options: Any) -> KafkaConsumer:
    """A consumer of topics; offsets are committed by the caller, after its work is durable."""
    try:
        return KafkaConsumer(
            *topics,
            **_common(config),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            **options,
        )
    except KafkaError as error:
        raise unreachable(config) from error


def ensure_topic(config: Config, topic: str, partitions: int) -> None:
    """Create a topic where it does not exist; give one that has fewer partitions more."""
    admin = _admin(config)
    try:
        if not _created(admin, topic, partitions):
            _widen(admin, topic, partitions)
    except KafkaError as error:
        raise unreachable(config) from error
    finally:
        admin.close()


def _created(admin: KafkaAdminClient, topic: str, partitions: int) -> bool:
    try:
        admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1)])
    except TopicAlreadyExistsError:
        return False
    return True


def _widen(admin: KafkaAdminClient, topic: str, partitions: int) -> None:
    (described,) = admin.describe_topics([topic])
    if len(described["partitions"]) < partitions:
        with contextlib.suppress(InvalidPartitionsError):  # another program was quicker
            admin.create_partitions({topic: NewPartitions(partitions)})


def lag(config: Config, group: str, topic: str) -> dict[int, int]:
    """Give how many messages of each partition a group has not committed."""
    admin = _admin(config)
    try:
        (described,) = admin.describe_topics([topic])
        numbers = [part["partition_index"] for part in described["partitions"]]
        partitions = [TopicPartition(topic, number) for number in numbers]
        ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        starts = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
        done = admin.list_group_offsets({group: partitions})[group]
    except KafkaError as error:
        raise unreachable(config) from error
    finally:
        admin.close()
    found = {}
    for part in partitions:
        committed = done[part].offset if part in done else -1
        found[part.partition] = max(0, ends[part].offset - max(committed, starts[part].offset))
    return found


def probe(config: Config) -> None:
    """Ask the broker what it can do (an ApiVersions request); ServiceError without an answer."""
    admin = _admin(config)
    try:
        admin.describe_cluster()
    except KafkaError as error:
        raise unreachable(config) from error
    finally:
        admin.close()


def unreachable(config: Config) -> ServiceError:
    """The error for a broker that does not answer."""
    return ServiceError(
        f"Kafka does not answer at {config.text('KAFKA_BROKERS')}",
        hint="spot status shows it; KAFKA_BROKERS says where it is",
    )


def _admin(config: Config) -> KafkaAdminClient:
    try:
        return KafkaAdminClient(**_common(config))
    except KafkaError as error:
        raise unreachable(config) from error


def _common(config: Config) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap_servers": [b.strip() for b in config.text("KAFKA_BROKERS").split(",")],
        "request_timeout_ms": _REQUEST_TIMEOUT_MS,
    }
    if config.flag("KERBEROS"):
        options["security_protocol"] = config.text("SECURITY_PROTO").upper()
        options["sasl_mechanism"] = config.text("SASL_MECH")
        if config.text("KAFKA_SERVICE_NAME"):
            options["sasl_kerberos_service_name"] = config.text("KAFKA_SERVICE_NAME")
    elif config.flag("SSL"):
        options["security_protocol"] = "SSL"
    if config.flag("SSL"):
        for option, key in (
            ("ssl_cafile", "CA_LOCATION"),
            ("ssl_certfile", "CERT"),
            ("ssl_keyfile", "KEY"),
        ):
            if config.text(key):
                options[option] = config.text(key)
        options["ssl_check_hostname"] = config.flag("SSL_VERIFY")
    return options
