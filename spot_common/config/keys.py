"""Every setting of ``spot.conf``: its meaning, type, unit and default.

This list is the only place where a key is declared. ``conf/spot.conf`` and the table in
``docs/admin.md`` are written from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What the text of a setting must be."""

    TEXT = "text"
    INTEGER = "whole number"
    NUMBER = "number"
    FLAG = "true or false"
    PATH = "path"
    PORT = "port"
    CHOICE = "one of"
    MEMORY = "memory"
    URL = "address"


@dataclass(frozen=True)
class Key:
    """One setting. ``empty`` says that an empty value is allowed and means what ``doc`` tells."""

    name: str
    kind: Kind
    default: str
    doc: str
    unit: str = ""
    empty: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Section:
    """A heading of the file with its keys in order."""

    title: str
    keys: tuple[Key, ...]


def _text(name: str, default: str, doc: str, *, empty: bool = False, secret: bool = False) -> Key:
    return Key(name, Kind.TEXT, default, doc, empty=empty, secret=secret)


def _path(name: str, default: str, doc: str, *, empty: bool = False) -> Key:
    return Key(name, Kind.PATH, default, doc, empty=empty)


def _port(name: str, default: int, doc: str) -> Key:
    return Key(name, Kind.PORT, str(default), doc, minimum=1, maximum=65535)


def _flag(name: str, default: str, doc: str) -> Key:
    return Key(name, Kind.FLAG, default, doc, choices=("true", "false"))


def _memory(name: str, default: str, doc: str, *, empty: bool = False) -> Key:
    return Key(name, Kind.MEMORY, default, doc, unit="k, m, g", empty=empty)


def _integer(
    name: str, default: str, doc: str, minimum: float, *, unit: str = "", empty: bool = False
) -> Key:
    return Key(name, Kind.INTEGER, default, doc, unit=unit, empty=empty, minimum=minimum)


def _number(
    name: str, default: str, doc: str, minimum: float | None, *, unit: str = "", empty: bool = False
) -> Key:
    return Key(name, Kind.NUMBER, default, doc, unit=unit, empty=empty, minimum=minimum)


def _choice(
    name: str, default: str, doc: str, choices: tuple[str, ...], *, empty: bool = False
) -> Key:
    return Key(name, Kind.CHOICE, default, doc, choices=choices, empty=empty)


#: Variables that a run sets before it reads the file (``Config.for_run``).
RUN_VARIABLES = ("FDATE", "DSOURCE", "YR", "MH", "DY")

SECTIONS: tuple[Section, ...] = (
    Section(
        "Places on this machine",
        (
            _path("STATE_DIR", "${HOME}/.spot", "folder for all state of this installation"),
            _path("LANDING_DIR", "${STATE_DIR}/landing", "sensors drop files into <this>/<source>"),
            _path("WORK_DIR", "${STATE_DIR}/work", "temporary files of workers and jobs"),
            _path("JARS_DIR", "", "jars of the services; empty: in the environment", empty=True),
            _path("CONTEXT_DIR", "", "ipranges.csv and others; empty: conf/context", empty=True),
            Key(
                "STATE_DB",
                Kind.URL,
                "sqlite:///${STATE_DIR}/spot.db",
                "SQLAlchemy address of the ledger and the verdicts",
            ),
            _text("BIND_ADDRESS", "127.0.0.1", "address that local services listen on"),
        ),
    ),
    Section(
        "Hosts of a cluster (for documentation)",
        (
            _text("UINODE", "localhost", "host of the pages and OA"),
            _text("MLNODE", "localhost", "host of the machine learning"),
            _text("GWNODE", "localhost", "host of the ingest"),
        ),
    ),
    Section(
        "HDFS",
        (
            _path("HUSER", "/user/spot", "HDFS base folder; its last element is the HDFS user"),
            _text("NAME_NODE", "127.0.0.1", "name node host, with or without http(s)://"),
            _port("NAME_NODE_PORT", 9000, "name node port for Hadoop clients"),
            _port("WEB_PORT", 9870, "WebHDFS or HttpFS port"),
            _port("DATA_NODE_PORT", 9866, "local data node, transfer"),
            _port("DATA_NODE_HTTP_PORT", 9864, "local data node, HTTP"),
            _port("DATA_NODE_IPC_PORT", 9867, "local data node, IPC"),
            _integer("HDFS_REPLICATION", "1", "copies of each block", 1),
            _path(
                "FLOW_PATH",
                "${HUSER}/${DSOURCE}/hive/y=${YR}/m=${MH}/d=${DY}/",
                "one day of raw flow rows",
            ),
            _path(
                "DNS_PATH",
                "${HUSER}/${DSOURCE}/hive/y=${YR}/m=${MH}/d=${DY}/",
                "one day of raw dns rows",
            ),
            _path(
                "PROXY_PATH",
                "${HUSER}/${DSOURCE}/hive/y=${YR}/m=${MH}/d=${DY}/",
                "one day of raw proxy rows",
            ),
            _path("HPATH", "${HUSER}/${DSOURCE}/scored_results/${FDATE}", "result of one ML run"),
        ),
    ),
    Section(
        "Database",
        (
            _text("DBNAME", "spot", "database of all tables"),
            _choice(
                "DBENGINE",
                "spark",
                "SQL dialect of the server",
                ("spark", "hive", "impala", "beeline"),
            ),
            _text("JDBC_URL", "", "for beeline, without jdbc:", empty=True),
            _text("HS2_HOST", "127.0.0.1", "HiveServer2 or Spark Thrift Server"),
            _port("HS2_PORT", 10000, "its port"),
            _text("METASTORE_HOST", "127.0.0.1", "Hive metastore"),
            _port("METASTORE_PORT", 9083, "its port"),
            _text("IMPALA_DEM", "127.0.0.1", "Impala daemon, used when DBENGINE is impala"),
            _port("IMPALA_PORT", 21050, "its HiveServer2 port"),
        ),
    ),
    Section(
        "Kafka",
        (
            _text("KAFKA_BROKERS", "127.0.0.1:9092", "brokers, host:port separated by commas"),
            _port("KAFKA_CONTROLLER_PORT", 9093, "controller of the local node"),
            _integer("KAFKA_PARTITIONS", "4", "partitions of a new topic: its most workers", 1),
        ),
    ),
    Section(
        "Ingest",
        (
            _integer("WORKERS", "1", "workers per source on this machine", 0),
            _number(
                "WORKER_SILENCE", "30", "a worker unheard of for so long is replaced", 6, unit="s"
            ),
            _number(
                "COLLECTOR_SETTLE", "1.0", "a file unchanged this long is complete", 0, unit="s"
            ),
            _integer("UNPACK_LIMIT", "32768", "most that one file may unpack to", 1, unit="MB"),
            _integer("UNPACK_RATIO", "250", "the same, as a multiple of its own size", 2),
            _integer("COMPACT_TARGET", "128", "size of a file of the raw tables", 1, unit="MB"),
            _number("COMPACT_AFTER", "3600", "an hour without a new file is closed", 0, unit="s"),
            _port("METRICS_PORT", 9108, "figures of the ingest for Prometheus"),
            _number("COMPACT_GRACE", "600", "longest query that is not disturbed", 0, unit="s"),
        ),
    ),
    Section(
        "Machine learning",
        (
            _text("SPARK_MASTER", "local[*]", "where Spark runs: local[*], yarn, spark://..."),
            _text("USER_DOMAIN", "", "own DNS domain, bare label (e.g. intel)", empty=True),
            _path("TOP_DOMAINS", "", "rank,name lines; empty: the list shipped", empty=True),
            _number("TOL", "1e-6", "results have a score up to this", 0),
            _integer("TOPIC_COUNT", "20", "LDA topics", 1),
            _choice(
                "LDA_SCORE",
                "surprise",
                "order of the results: surprise of counts, or the original's score",
                ("surprise", "compatible"),
            ),
            _choice("LDA_OPTIMIZER", "", "em or online; empty: em", ("em", "online"), empty=True),
            _choice(
                "LDA_ENGINE",
                "auto",
                "where the EM fit runs; auto: executors on a cluster, from 10 million pairs on",
                ("auto", "driver", "executors"),
            ),
            _number(
                "LDA_TOLERANCE",
                "0",
                "the EM fit ends where its log-likelihood changes by a smaller share; 0: never",
                0,
            ),
            _number("LDA_ALPHA", "", "document prior; empty: 1.02", None, empty=True),
            _number("LDA_BETA", "", "topic prior; empty: 1.001", None, empty=True),
            _choice("PRECISION", "64", "bits of the topic mix", ("32", "64")),
            _integer("DUPFACTOR", "1000", "how often a low-rated row is repeated in training", 0),
            _integer("FEEDBACK_DAYS", "30", "so many earlier days' verdicts bear on surprise", 0),
            _choice(
                "FEEDBACK_LIKE",
                "group",
                "what a low verdict lowers: the address's group, or only the rated word",
                ("group", "word"),
            ),
            Key("SEED", Kind.INTEGER, "1", "seed of the fit: the same seed, the same scores"),
            _integer("MODELS_KEPT", "30", "stored models per source; 0: none are saved", 0),
            _integer("SPK_EXEC", "", "most executors", 1, empty=True),
            _memory("SPK_EXEC_MEM", "", "memory of an executor", empty=True),
            _integer("SPK_EXEC_CORES", "", "cores of an executor", 1, empty=True),
            _integer("SPK_EXEC_MEM_OVERHEAD", "", "beside it", 0, unit="MB", empty=True),
            _memory("SPK_DRIVER_MEM", "2g", "memory of the driver", empty=True),
            _memory("SPK_DRIVER_MAX_RESULTS", "", "limit of results at the driver", empty=True),
            _integer("SPK_DRIVER_MEM_OVERHEAD", "", "beside its memory", 0, unit="MB", empty=True),
            _integer(
                "SPK_AUTO_BRDCST_JOIN_THR", "10485760", "largest table broadcast", -1, unit="bytes"
            ),
        ),
    ),
    Section(
        "Operational analytics and pages",
        (
            _integer("OA_LIMIT", "3000", "suspicious rows taken from the results", 1),
            _text("UI_HOST", "127.0.0.1", "host name in the addresses of pages"),
            _port("UI_PORT", 8889, "port of pages, API and notebooks"),
            _text("UI_TOKEN", "", "token of the pages; empty: made once", empty=True, secret=True),
            _integer("UI_BODY_LIMIT", "1048576", "largest request body", 1024, unit="bytes"),
            _text(
                "ACCESS_CONTROL_ALLOW_ORIGIN",
                "",
                "other origins that may call the API, commas between; empty: none",
                empty=True,
            ),
        ),
    ),
    Section(
        "Memory of the local services",
        (
            _memory("KAFKA_HEAP", "256m", "Kafka"),
            _memory("NAME_NODE_HEAP", "192m", "HDFS name node"),
            _memory("DATA_NODE_HEAP", "192m", "HDFS data node"),
            _memory("METASTORE_HEAP", "256m", "Hive metastore"),
            _memory("SQL_HEAP", "1g", "SQL server"),
        ),
    ),
    Section(
        "Kerberos and TLS",
        (
            _flag("KERBEROS", "false", "true turns on Kerberos everywhere"),
            _path("KINIT", "/usr/bin/kinit", "kinit program"),
            _text("PRINCIPAL", "user", "principal"),
            _path("KEYTAB", "/opt/security/user.keytab", "keytab file"),
            _text("SASL_MECH", "GSSAPI", "SASL mechanism of Kafka"),
            _text("SECURITY_PROTO", "sasl_plaintext", "security protocol of Kafka"),
            _text("KAFKA_SERVICE_NAME", "", "Kerberos service name of Kafka", empty=True),
            _flag("SSL", "false", "true turns on TLS"),
            _flag("SSL_VERIFY", "true", "check the certificates of servers"),
            _path("CA_LOCATION", "", "file of certificate authorities", empty=True),
            _path("CERT", "", "client certificate", empty=True),
            _path("KEY", "", "key of the client certificate", empty=True),
        ),
    ),
    Section(
        "Kept for old configurations, without effect",
        (
            _path("LUSER", "/home/spot", "local home of the solution user"),
            _path("LPATH", "${LUSER}/ml/${DSOURCE}/${FDATE}", "deprecated"),
            _path("RPATH", "${LUSER}/ipython/user/${FDATE}", "deprecated"),
            _path("LIPATH", "${LUSER}/ingest", "deprecated"),
        ),
    ),
)

KEYS: dict[str, Key] = {key.name: key for section in SECTIONS for key in section.keys}
