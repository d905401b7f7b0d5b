"""The Hive metastore, from the jars inside pyspark, with an embedded Derby database."""

from __future__ import annotations

import functools
from pathlib import Path

from spot_common.config import Config
from spot_common.errors import ServiceError
from spot_ops.services.hdfs import client_files
from spot_ops.services.java import OPEN_MODULES, class_path, hadoop_xml, java_command, log4j2
from spot_ops.services.model import Service, etc, is_local

_MAIN = ("org.codehaus.janino.SimpleCompiler", f"{Path(__file__).parent}/LocalMetastore.java")
_ASK_MILLISECONDS = 5000


def services(config: Config) -> list[Service]:
    """Give the metastore, unless ``METASTORE_HOST`` is elsewhere."""
    if not is_local(config, config.text("METASTORE_HOST")):
        return []
    conf = etc(config, "metastore")
    data = config.path("STATE_DIR") / "metastore"
    port = config.integer("METASTORE_PORT")
    logging = log4j2(
        # It tells of every schema object that it finds; that is thousands of lines.
        datanucleus="DataNucleus=error",
        store="org.apache.hadoop.hive.metastore.HiveMetaStore=warn",
        audit="org.apache.hadoop.hive.metastore.HiveMetaStore.audit=warn",
    )
    return [
        Service(
            name="metastore",
            title="Hive metastore",
            command=java_command(
                config,
                heap=config.text("METASTORE_HEAP"),
                classpath=class_path(config, conf, spark=("*",)),
                main=(*_MAIN, "LocalMetastore", config.text("BIND_ADDRESS"), str(port)),
                options=(
                    *OPEN_MODULES,
                    f"-Dderby.stream.error.file={data / 'derby.log'}",
                    f"-Dlog4j2.configurationFile={conf / 'hive-log4j2.properties'}",
                ),
            ),
            health=functools.partial(_health, config.text("METASTORE_HOST"), port),
            ports=(port,),
            files={
                conf / "hive-site.xml": hadoop_xml(_hive_site(config, data)),
                conf / "hive-log4j2.properties": logging,
                **client_files(config, conf),
            },
            folders=(data,),
            heap_key="METASTORE_HEAP",
        )
    ]


def _hive_site(config: Config, data: Path) -> dict[str, str]:
    return {
        # The asynchronous logger wants a class that pyspark does not bring.
        "hive.async.log.enabled": "false",
        "hive.metastore.warehouse.dir": f"{config.text('HUSER')}/warehouse",
        "hive.metastore.schema.verification": "false",
        "datanucleus.schema.autoCreateAll": "true",
        "javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={data / 'db'};create=true",
        "javax.jdo.option.ConnectionDriverName": "org.apache.derby.jdbc.EmbeddedDriver",
        # Column statistics of tables that we write ourselves are of no use to anyone.
        "hive.stats.autogather": "false",
    }


def _health(host: str, port: int) -> None:
    """Ask for the names of the databases."""
    from impala._thrift_gen.hive_metastore import ThriftHiveMetastore
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.Thrift import TException
    from thrift.transport.TSocket import TSocket
    from thrift.transport.TTransport import TBufferedTransport

    socket = TSocket(host, port)
    socket.setTimeout(_ASK_MILLISECONDS)
    transport = TBufferedTransport(socket)
    try:
        transport.open()
        ThriftHiveMetastore.Client(TBinaryProtocol(transport)).get_all_databases()
    except (TException, OSError) as error:
        raise ServiceError(f"the metastore at {host}:{port} does not answer: {error}") from error
    finally:
        transport.close()
