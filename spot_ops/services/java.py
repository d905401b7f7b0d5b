"""Running Java services: class paths, options, logging and the Hadoop-style configuration file."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from spot_common.config import Config
from spot_common.errors import ToolError
from spot_common.process import find_program
from spot_ops.jars import jars_dir

#: What Spark and Hive reach into on Java 17 (the list of Spark's own start script).
OPEN_MODULES = tuple(
    f"--add-opens={name}=ALL-UNNAMED"
    for name in (
        "java.base/java.lang",
        "java.base/java.lang.invoke",
        "java.base/java.lang.reflect",
        "java.base/java.io",
        "java.base/java.net",
        "java.base/java.nio",
        "java.base/java.util",
        "java.base/java.util.concurrent",
        "java.base/java.util.concurrent.atomic",
        "java.base/jdk.internal.ref",
        "java.base/sun.nio.ch",
        "java.base/sun.nio.cs",
        "java.base/sun.security.action",
        "java.base/sun.util.calendar",
        "java.security.jgss/sun.security.krb5",
    )
)

#: Everything goes to standard output, which the supervisor writes to the log and rotates.
_LOG4J2 = """\
status = error
name = spot
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_OUT
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS}{UTC}Z %-5p %c{2}: %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


def java_program() -> str:
    """The path of ``java``: from JAVA_HOME if that has one, else from PATH.

    Raises ToolError with the package to install where there is none.
    """
    home = os.environ.get("JAVA_HOME", "")
    candidate = Path(home, "bin", "java")
    if home and candidate.is_file():
        return str(candidate)
    return find_program("java")


def pyspark_jars() -> Path:
    """The folder of the jars inside the ``pyspark`` package, found without importing it."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        raise ToolError("pyspark is not installed", program="pyspark", hint="run setup/install.sh")
    return Path(next(iter(spec.submodule_search_locations))) / "jars"


def class_path(config: Config, conf: Path, *, ours: str = "", spark: Sequence[str] = ()) -> str:
    """Join a class path: the configuration folder first, then jars.

    ``ours`` is a folder of JARS_DIR (all its jars); ``spark`` are patterns of names in pyspark's
    jar folder, ``("*",)`` for all.
    """
    parts = [str(conf)]
    if ours:
        parts.append(str(jars_dir(config) / ours / "*"))
    folder = pyspark_jars()
    if tuple(spark) == ("*",):
        parts.append(str(folder / "*"))
    else:
        parts.extend(str(jar) for pattern in spark for jar in sorted(folder.glob(pattern)))
    return os.pathsep.join(parts)


def java_command(
    config: Config,
    *,
    heap: str,
    classpath: str,
    main: Sequence[str],
    options: Sequence[str] = (),
    light: bool = True,
) -> tuple[str, ...]:
    """Give the argument list of a Java service.

    ``light`` is for all that moves data rather than computes: only the quick compiler, which
    halves the processor time of a start.
    The serial collector and a small thread count keep idle services small; an out-of-memory
    error ends the process, so that the supervisor starts a fresh one.
    """
    return (
        java_program(),
        f"-Xmx{heap}",
        *(("-XX:TieredStopAtLevel=1",) if light else ()),
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        f"-Djava.io.tmpdir={temporary(config)}",
        "-Djava.net.preferIPv4Stack=true",
        "-Dfile.encoding=UTF-8",
        "-Duser.timezone=UTC",
        *options,
        "-cp",
        classpath,
        *main,
    )


def temporary(config: Config) -> Path:
    """The folder for temporary files of the services."""
    return config.path("STATE_DIR") / "tmp"


def log4j2(**levels: str) -> str:
    """Render a log4j2 configuration; ``levels`` maps a short id to ``logger=level``."""
    lines = [_LOG4J2]
    for key, assignment in levels.items():
        name, level = assignment.split("=")
        lines.append(f"logger.{key}.name = {name}\nlogger.{key}.level = {level}\n")
    return "".join(lines)


def hadoop_xml(properties: Mapping[str, str]) -> str:
    """Render a Hadoop configuration file."""
    body = "".join(
        f"  <property><name>{escape(name)}</name><value>{escape(value)}</value></property>\n"
        for name, value in properties.items()
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<configuration>\n{body}</configuration>\n'


def java_properties(properties: Mapping[str, str]) -> str:
    """Render a Java properties file (backslashes of values doubled)."""
    return "".join(
        f"{name}={value.replace(chr(92), chr(92) * 2)}\n" for name, value in properties.items()
    )
