"""Statements to the HiveServer2-compatible server (Spark Thrift Server, Hive, Impala)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from impala.dbapi import connect
from impala.error import Error
from thrift.Thrift import TException

from spot_common.clients.dialect import Value, bind
from spot_common.config import Config
from spot_common.errors import DataError, ServiceError, SpotError

_TIMEOUT_S = 600

#: What the library raises when the connection is not there or was lost.
_LOST = (TException, OSError, EOFError)


class Sql:
    """One connection, opened when first used and once more when it was lost."""

    def __init__(self, config: Config, *, database: str | None = None) -> None:
        impala = config.text("DBENGINE") == "impala"
        self.engine = config.text("DBENGINE")
        self.database = database or config.text("DBNAME")
        self.host = config.text("IMPALA_DEM" if impala else "HS2_HOST")
        self.port = config.integer("IMPALA_PORT" if impala else "HS2_PORT")
        self._kerberos = config.flag("KERBEROS")
        self._tls = config.flag("SSL")
        self._authority = config.text("CA_LOCATION") or None
        self._user = config.text("HUSER").rstrip("/").rsplit("/", 1)[-1]
        self._connection: Any = None

    def __enter__(self) -> Sql:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def query(self, sql: str, params: Sequence[Value] = ()) -> list[dict[str, Any]]:
        """Run a query with ``?`` place holders and give its rows, keys in lower case.

        Raises ServiceError when the server cannot be reached and DataError when it refuses the
        statement.
        """
        cursor = self._run(bind(sql, params))
        try:
            names = [column[0].rsplit(".", 1)[-1].lower() for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def execute(self, sql: str, params: Sequence[Value] = ()) -> None:
        """Run a statement that gives no rows."""
        self._run(bind(sql, params)).close()

    def close(self) -> None:
        """Close the connection; the next statement opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Error, TException, OSError):
                connection.close()

    def _run(self, statement: str) -> Any:
        try:
            return self._attempt(statement)
        except _LOST:
            self.close()
        try:
            return self._attempt(statement)
        except _LOST as error:
            self.close()
            raise ServiceError(
                f"the SQL server does not answer at {self.host}:{self.port}",
                hint="spot status shows it; HS2_HOST and HS2_PORT say where it is",
            ) from error

    def _attempt(self, statement: str) -> Any:
        if self._connection is None:
            self._connection = self._connect()
        cursor = None
        try:
            cursor = self._connection.cursor(user=self._user)
            cursor.execute(statement)
        except Error as error:
            if cursor is not None:
                with contextlib.suppress(Error, *_LOST):
                    cursor.close()
            if "Invalid SessionHandle" in str(error):
                raise EOFError("the session is gone") from error
            raise _refused(error) from error
        return cursor

    def _connect(self) -> Any:
        return connect(
            host=self.host,
            port=self.port,
            auth_mechanism="GSSAPI" if self._kerberos else "PLAIN",
            kerberos_service_name="impala" if self.engine == "impala" else "hive",
            use_ssl=self._tls,
            ca_cert=self._authority,
            user=None if self._kerberos else self._user,
            # Nobody checks it, but the protocol demands one.
            password=None if self._kerberos else self._user,
            timeout=_TIMEOUT_S,
        )


def _refused(error: Error) -> SpotError:
    """Say why the server did not run a statement; a wrong statement stays wrong."""
    lines = str(error).strip().splitlines() or ["no reason given"]
    text = lines[0].removeprefix("org.apache.hive.service.cli.HiveSQLException: ")[:500]
    if any(mark in str(error) for mark in ("AnalysisException", "ParseException", "SQLSTATE: 42")):
        return DataError(f"the SQL server refuses a statement: {text}")
    return ServiceError(f"the SQL server failed: {text}", hint="its log says more: spot logs sql")
