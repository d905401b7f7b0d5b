"""HDFS: one name node and one data node, WebHDFS on."""

from __future__ import annotations

import functools
import getpass
import json
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spot_common import process
from spot_common.config import Config
from spot_common.errors import ServiceError
from spot_ops.services.ask import get_json
from spot_ops.services.java import class_path, hadoop_xml, java_command, log4j2, temporary
from spot_ops.services.model import Service, etc, is_local

_NAME_NODE = "org.apache.hadoop.hdfs.server.namenode.NameNode"
_DATA_NODE = "org.apache.hadoop.hdfs.server.datanode.DataNode"
#: Of pyspark's jars, what the minicluster jar leaves out.
_SPARK_JARS = (
    "hadoop-client-*.jar",
    "slf4j-api-*.jar",
    "jcl-over-slf4j-*.jar",
    "log4j-*.jar",
    "snappy-java-*.jar",
)


def services(config: Config) -> list[Service]:
    """Give the two nodes, unless ``NAME_NODE`` is elsewhere."""
    if not is_local(config, config.text("NAME_NODE")):
        return []
    return [_name_node(config), _data_node(config)]


def _name_node(config: Config) -> Service:
    folder = _folder(config, "name")
    return Service(
        name="name-node",
        title="HDFS name node",
        command=_java(config, "name-node", "NAME_NODE_HEAP", (_NAME_NODE,)),
        health=functools.partial(_name_node_health, config),
        ports=(config.integer("WEB_PORT"), config.integer("NAME_NODE_PORT")),
        files=_files(config, "name-node"),
        folders=(folder,),
        prepare=functools.partial(_format, config, folder),
        heap_key="NAME_NODE_HEAP",
        jars=("hadoop",),
    )


def _data_node(config: Config) -> Service:
    return Service(
        name="data-node",
        title="HDFS data node",
        command=_java(config, "data-node", "DATA_NODE_HEAP", (_DATA_NODE,)),
        health=functools.partial(_data_node_health, config),
        ports=tuple(
            config.integer(key)
            for key in ("DATA_NODE_PORT", "DATA_NODE_HTTP_PORT", "DATA_NODE_IPC_PORT")
        ),
        files=_files(config, "data-node"),
        folders=(_folder(config, "data"),),
        heap_key="DATA_NODE_HEAP",
        jars=("hadoop",),
    )


def client_files(config: Config, conf: Path) -> dict[Path, str]:
    """Give the two files that a Hadoop client (metastore, SQL server) finds HDFS by."""
    return {
        conf / "core-site.xml": hadoop_xml(_core_site(config)),
        conf / "hdfs-site.xml": hadoop_xml(_hdfs_site(config)),
    }


def _files(config: Config, service: str) -> dict[Path, str]:
    conf = etc(config, service)
    quiet = log4j2(
        locks="org.apache.hadoop.hdfs.server.datanode.fsdataset.impl=warn",
        metrics="org.apache.hadoop.metrics2=warn",
        changes="org.apache.hadoop.hdfs.StateChange=warn",
        blocks="BlockStateChange=warn",
        audit="org.apache.hadoop.hdfs.server.namenode.FSNamesystem.audit=warn",
        access="http.requests=warn",
    )
    return {**client_files(config, conf), conf / "log4j2.properties": quiet}


def _folder(config: Config, kind: str) -> Path:
    return config.path("STATE_DIR") / "hdfs" / kind


def _java(config: Config, service: str, heap_key: str, main: Sequence[str]) -> tuple[str, ...]:
    conf = etc(config, service)
    return java_command(
        config,
        heap=config.text(heap_key),
        classpath=class_path(config, conf, ours="hadoop", spark=_SPARK_JARS),
        main=main,
        options=(f"-Dlog4j2.configurationFile={conf / 'log4j2.properties'}",),
    )


def _core_site(config: Config) -> dict[str, str]:
    # Spark's SQL server acts for the user of the session, so its own user must be allowed to.
    user = getpass.getuser()
    bare = config.text("NAME_NODE").split("://")[-1]
    return {
        "fs.defaultFS": f"hdfs://{bare}:{config.text('NAME_NODE_PORT')}",
        "hadoop.tmp.dir": str(temporary(config)),
        f"hadoop.proxyuser.{user}.hosts": "*",
        f"hadoop.proxyuser.{user}.users": "*",
        # Folders are shared by the operator and the HDFS user of HUSER through their group.
        "fs.permissions.umask-mode": "002",
        # A client that is up before the name node waits for it instead of giving up.
        "ipc.client.connect.max.retries": "60",
        "ipc.client.connect.retry.interval": "500",
    }


def _hdfs_site(config: Config) -> dict[str, str]:
    bind = config.text("BIND_ADDRESS")
    return {
        "dfs.namenode.name.dir": _folder(config, "name").as_uri(),
        "dfs.datanode.data.dir": _folder(config, "data").as_uri(),
        "dfs.namenode.http-address": f"{bind}:{config.text('WEB_PORT')}",
        "dfs.namenode.rpc-bind-host": bind,
        "dfs.datanode.address": f"{bind}:{config.text('DATA_NODE_PORT')}",
        "dfs.datanode.http.address": f"{bind}:{config.text('DATA_NODE_HTTP_PORT')}",
        "dfs.datanode.ipc.address": f"{bind}:{config.text('DATA_NODE_IPC_PORT')}",
        "dfs.datanode.hostname": bind,
        "dfs.namenode.datanode.registration.ip-hostname-check": "false",
        "dfs.replication": config.text("HDFS_REPLICATION"),
        "dfs.webhdfs.enabled": "true",
        "dfs.namenode.acls.enabled": "true",
        # With one data node there is nothing to wait for once its blocks are reported.
        "dfs.namenode.safemode.extension": "0",
        # With one data node there is no other to put in the place of a failed one.
        "dfs.client.block.write.replace-datanode-on-failure.policy": "NEVER",
        # A client (the data node's WebHDFS is one too) whose connection was cut by a restart of
        # the name node tries again: every 0.5 s twenty times, then every 2 s for two minutes.
        "dfs.client.retry.policy.enabled": "true",
        "dfs.client.retry.policy.spec": "500,20,2000,60",
        # A small file is complete as soon as its block is reported, some milliseconds after it was
        # written: a client that looks too early waits 5 ms, then longer, instead of 400.
        "dfs.client.block.write.locateFollowingBlock.initial.delay.ms": "5",
        "dfs.client.block.write.locateFollowingBlock.retries": "10",
        # A data node that was killed registers again at once; one that is gone is noticed soon.
        "dfs.namenode.heartbeat.recheck-interval": "15000",
        "dfs.datanode.handler.count": "4",
        "dfs.namenode.handler.count": "6",
    }


def _format(config: Config, folder: Path) -> None:
    """Make the empty file system, once."""
    if (folder / "current" / "VERSION").is_file():
        return
    arguments = (_NAME_NODE, "-format", "-nonInteractive")
    process.run(_java(config, "name-node", "NAME_NODE_HEAP", arguments), timeout=120)


def _name_node_health(config: Config) -> None:
    host, port = config.text("BIND_ADDRESS"), config.integer("WEB_PORT")
    state = _bean(host, port, "Hadoop:service=NameNode,name=FSNamesystemState")
    info = _bean(host, port, "Hadoop:service=NameNode,name=NameNodeInfo")
    if info.get("Safemode"):
        raise ServiceError("the name node is in safe mode", hint="it ends when the data node is up")
    if not state.get("NumLiveDataNodes"):
        raise ServiceError("the name node sees no data node", hint="spot logs data-node")


def _data_node_health(config: Config) -> None:
    host, port = config.text("BIND_ADDRESS"), config.integer("DATA_NODE_HTTP_PORT")
    info = _bean(host, port, "Hadoop:service=DataNode,name=DataNodeInfo")
    actors = json.loads(info.get("BPServiceActorInfo") or "[]")
    if not actors or any(actor.get("ActorState") != "RUNNING" for actor in actors):
        raise ServiceError("the data node is not registered", hint="spot logs name-node")


def _bean(host: str, port: int, name: str) -> dict[str, Any]:
    """Ask a Hadoop service for one bean of its /jmx."""
    beans = get_json(host, port, f"/jmx?qry={urllib.parse.quote(name)}").get("beans", [])
    if not beans:
        raise ServiceError(f"port {port} knows nothing of {name} yet")
    found: dict[str, Any] = beans[0]
    return found
