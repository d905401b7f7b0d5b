"""Topics, producers and consumers, all with the settings of ``spot.conf``."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import MemberToRemove, NewPartitions, NewTopic, OffsetSpec
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import (
    InvalidPartitionsError,
    KafkaError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
)

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
            **{
                "auto_offset_reset": "earliest",
                "partition_assignment_strategy": [_KnownPartitions],
                **options,
            },
        )
    except KafkaError as error:
        raise unreachable(config) from error


class _KnownPartitions(RangePartitionAssignor):  # type: ignore[misc] # kafka-python has no types
    """Deals partitions out once they are known.

    A client joins its group before it has asked for the topic's partitions. As the group's leader
    it would give every member nothing, to do it again a moment later; where it dies in between,
    the group keeps the nothing for ever: members with lasting names come back without a new deal.
    """

    @classmethod
    def assign(cls, cluster: Any, members: Any) -> Any:
        """Give each member its partitions; an error that the client retries where none is known."""
        for topic in {topic for member in members for topic in member.metadata.topics}:
            if not cluster.partitions_for_topic(topic):
                raise UnknownTopicOrPartitionError(topic)
        return super().assign(cluster, members)


def ensure_topic(config: Config, topic: str, partitions: int) -> None:
    """Create a topic where it does not exist; give one that has fewer partitions more."""
    with _admin(config) as admin:
        if not _created(admin, topic, partitions):
            _widen(admin, topic, partitions)


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
    with _admin(config) as admin:
        (described,) = admin.describe_topics([topic])
        numbers = [part["partition_index"] for part in described["partitions"]]
        partitions = [TopicPartition(topic, number) for number in numbers]
        ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        starts = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
        done = admin.list_group_offsets({group: partitions})[group]
    found = {}
    for part in partitions:
        committed = done[part].offset if part in done else -1
        found[part.partition] = max(0, ends[part].offset - max(committed, starts[part].offset))
    return found


def held(config: Config, group: str, topic: str) -> set[int]:
    """Give the partitions of a topic that some member of a group has."""
    with _admin(config) as admin:
        members = admin.describe_groups([group])[group]["members"]
    return {
        number
        for member in members
        if member["member_assignment"]
        for part in member["member_assignment"]["assigned_partitions"]
        if part["topic"] == topic
        for number in part["partitions"]
    }


def unheard(config: Config, group: str, topic: str, own: Collection[int]) -> bool:
    """Say whether messages wait in a member's own partitions, or in some that nobody has."""
    waiting = {number for number, count in lag(config, group, topic).items() if count}
    return bool(waiting.intersection(own) or (waiting and waiting - held(config, group, topic)))


def leave(config: Config, group: str, instance: str) -> None:
    """Take a member with a lasting name out of its group, which deals its partitions out anew."""
    with _admin(config) as admin:
        admin.remove_group_members(group, [MemberToRemove(group_instance_id=instance)])


def probe(config: Config) -> None:
    """Ask the broker what it can do (an ApiVersions request); ServiceError without an answer."""
    with _admin(config) as admin:
        admin.describe_cluster()


def unreachable(config: Config) -> ServiceError:
    """The error for a broker that does not answer."""
    return ServiceError(
        f"Kafka does not answer at {config.text('KAFKA_BROKERS')}",
        hint="spot status shows it; KAFKA_BROKERS says where it is",
    )


@contextlib.contextmanager
def _admin(config: Config) -> Iterator[KafkaAdminClient]:
    """Ask or tell the broker something; ServiceError where it does not answer."""
    try:
        with contextlib.closing(KafkaAdminClient(**_common(config))) as admin:
            yield admin
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
