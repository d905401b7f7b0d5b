"""Apache Kafka: one node that is broker and controller (KRaft)."""

from __future__ import annotations

import base64
import functools
import uuid
from pathlib import Path

from spot_common import process
from spot_common.clients import kafka
from spot_common.config import Config
from spot_common.errors import ConfigError
from spot_ops.services.java import class_path, java_command, java_properties, log4j2
from spot_ops.services.model import Service, etc, is_local

_NODE = "1"


def services(config: Config) -> list[Service]:
    """Give the broker, unless ``KAFKA_BROKERS`` is a cluster elsewhere."""
    host, port = _first_broker(config)
    if not is_local(config, host):
        return []
    conf = etc(config, "kafka")
    data = config.path("STATE_DIR") / "kafka"
    properties = conf / "server.properties"
    controller = config.integer("KAFKA_CONTROLLER_PORT")
    return [
        Service(
            name="kafka",
            title="Apache Kafka",
            command=_java(config, ("kafka.Kafka", str(properties))),
            health=functools.partial(kafka.probe, config),
            ports=(port, controller),
            files={
                properties: java_properties(_properties(config, port, controller, data)),
                conf / "log4j2.properties": log4j2(kafka="org.apache.kafka=warn"),
            },
            folders=(data,),
            prepare=functools.partial(_format, config, properties, data),
            heap_key="KAFKA_HEAP",
            jars=("kafka",),
        )
    ]


def _first_broker(config: Config) -> tuple[str, int]:
    first = config.text("KAFKA_BROKERS").split(",")[0].strip()
    host, _, port = first.rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigError(
            f"KAFKA_BROKERS={first!r} is not host:port", hint="for example 127.0.0.1:9092"
        )
    return host, int(port)


def _java(config: Config, main: tuple[str, ...]) -> tuple[str, ...]:
    conf = etc(config, "kafka")
    return java_command(
        config,
        heap=config.text("KAFKA_HEAP"),
        classpath=class_path(config, conf, ours="kafka"),
        main=main,
        options=(f"-Dlog4j2.configurationFile={conf / 'log4j2.properties'}",),
    )


def _properties(config: Config, port: int, controller: int, data: Path) -> dict[str, str]:
    bind = config.text("BIND_ADDRESS")
    return {
        "process.roles": "broker,controller",
        "node.id": _NODE,
        "controller.quorum.bootstrap.servers": f"{bind}:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{bind}:{port},CONTROLLER://{bind}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{bind}:{port},CONTROLLER://{bind}:{controller}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data),
        # One node cannot hold more than one copy of anything.
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "offsets.topic.num.partitions": "4",
        "num.partitions": config.text("KAFKA_PARTITIONS"),
        # A consumer that comes first need not wait three seconds for a second one.
        "group.initial.rebalance.delay.ms": "0",
        # Messages name files in HDFS; they are needed until the last worker has seen them.
        "log.retention.hours": "168",
        "log.segment.bytes": str(64 * 1024 * 1024),
        # Buffers for deduplicating compacted topics; the default of 128 MB is for large clusters.
        "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
        "num.network.threads": "2",
        "num.io.threads": "4",
        # A crash of the machine, not only of the process, must not lose an accepted message.
        "log.flush.interval.messages": "1",
    }


def _format(config: Config, properties: Path, data: Path) -> None:
    """Write the node's identity into its empty log folder, once."""
    if (data / "meta.properties").is_file():
        return
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    # With "=": an identity may begin with a dash, and would be read as an option after a blank.
    arguments = ("format", "--standalone", f"--cluster-id={cluster}", "-c", str(properties))
    process.run(_java(config, ("kafka.tools.StorageTool", *arguments)), timeout=120)
