"""What must exist before the first file comes: HDFS folders, the database and its tables."""

from __future__ import annotations

import getpass
import os
import posixpath
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from spot_common.clients.hdfs import Hdfs
from spot_common.clients.sql import Sql
from spot_common.config import Config
from spot_common.errors import ConfigError
from spot_common.registry import sources
from spot_ops.services.model import is_local

#: OA folders of the original that every source has, whether its tables use them or not.
_OA_FOLDERS = (
    "chords",
    "dendro",
    "edge",
    "storyboard",
    "summary",
    "suspicious",
    "threat_dendro",
    "threat_investigation",
    "timeline",
)
_GROUP = "supergroup"
_MODE = "775"
_FOLDER = re.compile(r"(/[A-Za-z0-9._-]+)+/?\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True)
class Made:
    """What a run of :func:`setup` made; everything else was there already."""

    folders: int
    tables: int


def setup(config: Config, *, tell: Callable[[str], None] = lambda _: None) -> Made:
    """Make folders, database and tables that do not exist. Safe to repeat.

    ``tell`` is given a line about each step. Raises ServiceError when HDFS or the SQL server
    does not answer or refuses, ConfigError for a HUSER or DBNAME that cannot be one.
    """
    _check(config)
    tell(f"folders below {config.text('HUSER')}")
    folders = make_folders(config)
    tell(f"database {config.text('DBNAME')} and its tables")
    return Made(folders, make_tables(config))


def folders(config: Config) -> Iterator[str]:
    """Give every folder of every source, parents first."""
    base = config.text("HUSER").rstrip("/")
    for source, schema in sources().items():
        home = f"{base}/{source}"
        used = {table.folder for table in schema.tables}
        oa = {f"hive/oa/{name}" for name in _OA_FOLDERS}
        yield home
        for name in sorted({"binary", "stage", "hive", "hive/oa"} | oa | used):
            yield f"{home}/{name}"


def make_folders(config: Config) -> int:
    """Make the base folder and those of every source, writable for the engine and the caller.

    Returns how many were made. The mode and rights of a folder that was there are left alone.
    """
    admin = Hdfs(config, user=_administrator(config))
    base = config.text("HUSER").rstrip("/")
    owner = posixpath.basename(base)
    made = 0
    if not admin.exists(base):
        admin.mkdirs(base)
        admin.set_owner(base, owner, _GROUP)
        admin.set_mode(base, _MODE)
        admin.allow(base, _rights(config))
        made += 1
    # New folders inherit the default rights of the base folder.
    hdfs = Hdfs(config)
    for folder in folders(config):
        if not hdfs.exists(folder):
            hdfs.mkdirs(folder, mode=_MODE)
            made += 1
    return made


def make_tables(config: Config) -> int:
    """Create the database and the tables that do not exist; return how many were made."""
    database, huser = config.text("DBNAME"), config.text("HUSER")
    with Sql(config, database="default") as sql:
        sql.execute(f"CREATE DATABASE IF NOT EXISTS `{database}`")
        rows = sql.query(f"SHOW TABLES IN `{database}`")
    there = {str(value) for row in rows for value in row.values()}
    wanted = [table for schema in sources().values() for table in schema.tables]
    missing = [table for table in wanted if table.name not in there]

    def create(statement: str) -> None:
        with Sql(config, database="default") as sql:
            sql.execute(statement)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(create, (table.create_sql(database, huser) for table in missing)))
    return len(missing)


def _check(config: Config) -> None:
    """Both become part of statements, so they must be plain names."""
    for key, pattern, example in (("HUSER", _FOLDER, "/user/spot"), ("DBNAME", _NAME, "spot")):
        if not pattern.match(config.text(key)):
            raise ConfigError(
                f"{key}={config.text(key)!r} is not usable ({config.origin(key)})",
                hint=f"use a plain name such as {example}",
            )


def _administrator(config: Config) -> str:
    """The HDFS user who may make folders anywhere.

    HADOOP_USER_NAME if set; on the local stack the one who runs it; on a cluster ``hdfs``.
    """
    if os.environ.get("HADOOP_USER_NAME"):
        return os.environ["HADOOP_USER_NAME"]
    return getpass.getuser() if is_local(config, config.text("NAME_NODE")) else "hdfs"


def _rights(config: Config) -> str:
    """Full rights for the database engine's user and for the caller, inherited by new entries."""
    users = {config.text("DBENGINE"), getpass.getuser(), posixpath.basename(config.text("HUSER"))}
    entries = [f"user:{user}:rwx" for user in sorted(filter(None, users))]
    inherited = [f"default:{entry}" for entry in (*entries, "group::rwx", "mask::rwx")]
    return ",".join((*entries, *inherited))
