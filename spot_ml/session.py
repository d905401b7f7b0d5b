"""The Spark session of a run: settings from ``spot.conf``, quiet, on loopback, without a UI."""

from __future__ import annotations

import atexit
import gc
import os
import posixpath
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from spot_common.config import Config
from spot_common.errors import ServiceError
from spot_ml.packed import same

#: Java's compiler that needs little time itself.
QUICK = "-XX:TieredStopAtLevel=1"

#: What a session does beside its run: it may still go on when that is done.
_asides: list[Thread] = []
# At its end Python would look for cycles in all that was loaded, for a third of a second.
atexit.register(gc.freeze)

_ROOT = Path(__file__).resolve().parents[1]
_LOG_SETTINGS = Path(__file__).parent / "data" / "log4j2.properties"
_LOG_NAME = "ml-spark.log"
#: Java's classes as ``spot_ml.classes`` keeps them, in this environment.
CLASSES = Path(sys.prefix) / "share" / "spot" / "spark-classes.jsa"

#: Settings of a cluster: ours, Spark's, and the unit that is added to the value.
_CLUSTER = (
    ("SPK_EXEC_MEM", "spark.executor.memory", ""),
    ("SPK_EXEC_CORES", "spark.executor.cores", ""),
    ("SPK_EXEC_MEM_OVERHEAD", "spark.executor.memoryOverhead", "m"),
    ("SPK_DRIVER_MEM_OVERHEAD", "spark.driver.memoryOverhead", "m"),
    ("SPK_EXEC", "spark.dynamicAllocation.maxExecutors", ""),
)


def settings(config: Config, java: Sequence[str] | None = None) -> dict[str, str]:
    """Every Spark setting that a run needs, as the configuration gives it.

    ``java`` are options of Java for a run inside one process, by default those of one that moves
    bytes only.
    """
    master = config.text("SPARK_MASTER")
    found = {
        "spark.master": master,
        "spark.app.name": "spot-ml",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": config.text("SPK_DRIVER_MEM") or "1g",
        "spark.driver.maxResultSize": config.text("SPK_DRIVER_MAX_RESULTS") or "0",
        "spark.sql.autoBroadcastJoinThreshold": config.text("SPK_AUTO_BRDCST_JOIN_THR"),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # Words are made a batch at a time: ten times the default is 1.6 times as fast.
        "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
        # A record may be a file or a parcel of rows.
        "spark.sql.execution.arrow.maxBytesPerBatch": str(64 << 20),
        # A task for each file that is only listed would take longer than the listing.
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "2000",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(config.path("WORK_DIR") / "spark-warehouse"),
        "spark.executorEnv.PYTHONPATH": str(_ROOT),
        "spark.python.daemon.module": "spot_ml.daemon",
        # Workers of tables in the environment of all others: they share a daemon.
        "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled": "false",
        "spark.hadoop.fs.defaultFS": file_system(config),
        "spark.hadoop.dfs.replication": config.text("HDFS_REPLICATION"),
        "spark.hadoop.ipc.client.connect.max.retries": "2",
        "spark.hadoop.ipc.client.connect.retry.interval": "500",
        "spark.hadoop.hive.metastore.uris": (
            f"thrift://{config.text('METASTORE_HOST')}:{config.text('METASTORE_PORT')}"
        ),
    }
    local = re.fullmatch(r"local(?:\[(\d+|\*)(?:,\s*\d+)?\])?", master)
    if local:
        found.update(_local(config, local.group(1), java_options() if java is None else java))
    else:
        found.update(
            {theirs: config.text(ours) + unit for ours, theirs, unit in _CLUSTER
             if config.text(ours)}
        )  # fmt: skip
        found["spark.dynamicAllocation.enabled"] = "true"
    return found


def _local(config: Config, cores: str | None, java: Sequence[str]) -> dict[str, str]:
    """Settings of a run inside one process: everything on loopback, few partitions."""
    count = (os.cpu_count() or 1) if cores == "*" else int(cores or 1)
    log_file = config.path("STATE_DIR") / "logs" / _LOG_NAME
    options = " ".join((
        f"-Dlog4j2.configurationFile={_LOG_SETTINGS.as_uri()}", f"-Dspot.log={log_file}",
        "-XX:+UseParallelGC", "-Xlog:disable", "-Xlog:all=error:stderr", *java,
    ))  # fmt: skip
    return {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(config.path("WORK_DIR") / "spark"),
        "spark.sql.shuffle.partitions": str(max(2, count)),
        "spark.default.parallelism": str(max(2, count)),
        "spark.driver.extraJavaOptions": options,
    }


def java_options(*, computes: bool = False) -> tuple[str, ...]:
    """Options of Java for a run inside one process.

    Most of the time it moves bytes and ends soon: its quick compiler is enough, but not where it
    ``computes``.
    """
    archived = (f"-XX:SharedArchiveFile={CLASSES}",) if CLASSES.is_file() else ()
    return archived if computes else (QUICK, *archived)


def file_system(config: Config) -> str:
    """Address of the default file system, from ``NAME_NODE`` and ``NAME_NODE_PORT``."""
    host = re.sub(r"^[a-z]+://", "", config.text("NAME_NODE")).rstrip("/")
    return f"hdfs://{host}:{config.text('NAME_NODE_PORT')}"


@contextmanager
def spark_session(
    config: Config, *, tables: bool = False, java: Sequence[str] | None = None
) -> Iterator[SparkSession]:
    """Start Spark for one run and stop it at the end; ``tables`` connects the metastore.

    ``java`` are options of Java, as for ``settings``.
    What the Java side prints goes to ``STATE_DIR/logs/ml-spark.log``.
    """
    log_file = config.path("STATE_DIR") / "logs" / _LOG_NAME
    log_file.parent.mkdir(parents=True, exist_ok=True)
    config.path("WORK_DIR").mkdir(parents=True, exist_ok=True)
    builder = SparkSession.builder
    for name, value in settings(config, java).items():
        builder = builder.config(name, value)
    if tables:
        builder = builder.enableHiveSupport()
    ended()
    with _variables(config):
        yield from _running(builder, log_file)


def ended() -> None:
    """Wait until what sessions of this process do or have left beside their runs is over."""
    while _asides:
        _asides.pop().join()


def _running(builder: SparkSession.Builder, log_file: Path) -> Iterator[SparkSession]:
    try:
        with _errors_to(log_file):
            session = builder.getOrCreate()
    except Exception as error:
        raise ServiceError(
            f"Spark did not start: {type(error).__name__}", hint=f"see {log_file}"
        ) from error
    local = str(session.sparkContext.master).startswith("local")
    if local:
        _aside(_forked, session)
        _aside(_planned, session)
    try:
        yield session
    finally:
        # A thread that Python's end takes out of Arrow aborts the process.
        ended()
        if local:
            _aside(_stopped, session)
        else:
            _stopped(session)


def _aside(work: Callable[[SparkSession], None], session: SparkSession) -> None:
    thread = Thread(target=work, args=(session,), daemon=True)
    thread.start()
    _asides.append(thread)


def _forked(session: SparkSession) -> None:
    """Let Spark start the daemon of its Python workers, which takes a second."""
    with suppress(PySparkException, Py4JError, ConnectionError):
        session.sparkContext.parallelize([0], 1).count()


def _planned(session: SparkSession) -> None:
    """Let Java load what it plans a stage in Python with: the first one takes a second more."""
    with suppress(PySparkException, Py4JError, ConnectionError):
        session.range(1, numPartitions=1).mapInArrow(same, "id long").toArrow()


def _stopped(session: SparkSession) -> None:
    """Stop Spark; PySpark then waits a second for a thread of its own."""
    with suppress(Py4JError, ConnectionError):
        session.stop()


@contextmanager
def _variables(config: Config) -> Iterator[None]:
    """Tell Spark's programs by variables which Python they are, and which user of HDFS.

    Other programs that this process starts later must not take themselves for that user.
    """
    python = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    found = {"SPARK_LOCAL_IP": os.environ.get("SPARK_LOCAL_IP", "127.0.0.1"), **python}
    if not config.flag("KERBEROS"):
        found["HADOOP_USER_NAME"] = posixpath.basename(config.text("HUSER").rstrip("/"))
    before = {name: os.environ.get(name) for name in found}
    os.environ.update(found)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _errors_to(path: Path) -> Iterator[None]:
    """Send what processes started in the block print on the error stream to a file."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with path.open("ab") as log:
            os.dup2(log.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
