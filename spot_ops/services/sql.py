"""The SQL server: Spark's Thrift Server, which speaks the protocol of HiveServer2."""

from __future__ import annotations

import functools
from pathlib import Path

from spot_common.clients.sql import Sql
from spot_common.config import Config
from spot_ops.services.hdfs import client_files
from spot_ops.services.java import (
    OPEN_MODULES,
    class_path,
    java_command,
    java_properties,
    log4j2,
    temporary,
)
from spot_ops.services.model import Service, etc, is_local

_DEFAULTS = "spark-defaults.conf"
_MAIN = (
    "org.apache.spark.deploy.SparkSubmit",
    "--class",
    "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2",
)


def services(config: Config) -> list[Service]:
    """Give the SQL server, unless ``HS2_HOST`` is elsewhere or the engine is Impala."""
    if not is_local(config, config.text("HS2_HOST")) or config.text("DBENGINE") == "impala":
        return []
    conf = etc(config, "sql")
    folder = config.path("STATE_DIR") / "sql"
    return [
        Service(
            name="sql",
            title="Spark SQL server",
            command=java_command(
                config,
                heap=config.text("SQL_HEAP"),
                classpath=class_path(config, conf, spark=("*",)),
                main=(*_MAIN, "--properties-file", str(conf / _DEFAULTS), "spark-internal"),
                options=(
                    *OPEN_MODULES,
                    f"-Dlog4j2.configurationFile={conf / 'log4j2.properties'}",
                ),
                light=False,
            ),
            health=functools.partial(_health, config),
            ports=(config.integer("HS2_PORT"),),
            files=_files(config, conf),
            folders=tuple(folder / name for name in ("scratch", "local", "resources")),
            environment={
                "HADOOP_CONF_DIR": str(conf),
                "SPARK_LOCAL_IP": _bind(config),
                "SPARK_LOCAL_DIRS": str(temporary(config)),
            },
            heap_key="SQL_HEAP",
            stops_first=True,
        )
    ]


def _files(config: Config, conf: Path) -> dict[Path, str]:
    logging = log4j2(
        spark="org.apache.spark=warn",
        server="org.apache.spark.sql.hive.thriftserver=info",
        hive="org.apache.hadoop.hive=warn",
        parquet="org.apache.parquet=error",
    )
    return {
        conf / _DEFAULTS: java_properties(_spark_defaults(config)),
        conf / "log4j2.properties": logging,
        **client_files(config, conf),
    }


def _bind(config: Config) -> str:
    return config.text("BIND_ADDRESS")


def _spark_defaults(config: Config) -> dict[str, str]:
    folder = config.path("STATE_DIR") / "sql"
    metastore = f"thrift://{config.text('METASTORE_HOST')}:{config.text('METASTORE_PORT')}"
    return {
        "spark.master": "local[*]",
        "spark.app.name": "spot-sql",
        "spark.driver.host": _bind(config),
        "spark.driver.bindAddress": _bind(config),
        "spark.driver.memory": config.text("SQL_HEAP"),
        "spark.ui.enabled": "false",
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": f"{config.text('HUSER')}/warehouse",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "4",
        "spark.hadoop.hive.metastore.uris": metastore,
        # The metastore may come up after us, and go away and come back.
        "spark.hadoop.hive.metastore.connect.retries": "60",
        "spark.hadoop.hive.metastore.failure.retries": "10",
        "spark.hadoop.hive.metastore.client.connect.retry.delay": "1s",
        "spark.hadoop.hive.server2.thrift.bind.host": _bind(config),
        "spark.hadoop.hive.server2.thrift.port": config.text("HS2_PORT"),
        # Sessions keep their scratch files on this machine, so that the start needs no HDFS.
        "spark.hadoop.hive.exec.scratchdir": f"file://{folder / 'scratch'}",
        "spark.hadoop.hive.exec.local.scratchdir": str(folder / "local"),
        # One a session: a session that ends deletes it, and others may just be starting.
        "spark.hadoop.hive.downloaded.resources.dir": str(folder / "resources/${hive.session.id}"),
        # Workers rename files into partitions at any time, so no listing may be remembered.
        # Measured with one session and one partition: with the caches on, five more files stay
        # unseen until REFRESH TABLE and a replaced file fails the query (FILE_NOT_EXIST); with
        # them off each count sees every file and takes as long (0.2-0.4 s on two cores).
        "spark.sql.hive.filesourcePartitionFileCacheSize": "0",
        "spark.sql.filesourceTableRelationCacheSize": "0",
    }


def _health(config: Config) -> None:
    """Run a statement through the server."""
    with Sql(config) as sql:
        sql.query("SELECT 1 AS one")
