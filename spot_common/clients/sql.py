"""Statements to the HiveServer2-compatible server (Spark Thrift Server, Hive, Impala)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from impala.dbapi import connect
from impala.error import Error, HiveServer2Error, OperationalError
from thrift.Thrift import TException

from spot_common.clients.dialect import Value, bind
from spot_common.config import Config
from spot_common.errors import DataError, ServiceError, SpotError

_TIMEOUT_S = 600


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
        except (OperationalError, TException, OSError, EOFError):
            self.close()
        except HiveServer2Error as error:
            if "Invalid SessionHandle" not in str(error):
                raise self._refused(error) from error
            self.close()
        try:
            return self._attempt(statement)
        except HiveServer2Error as error:
            raise self._refused(error) from error
        except (OperationalError, TException, OSError, EOFError) as error:
            self.close()
            raise ServiceError(
                f"the SQL server does not answer at {self.host}:{self.port}",
                hint="spot status shows it; HS2_HOST and HS2_PORT say where it is",
            ) from error

    def _attempt(self, statement: str) -> Any:
        if self._connection is None:
            self._connection = connect(
                host=self.host,
                port=self.port,
                auth_mechanism="GSSAPI" if self._kerberos else "PLAIN",
                kerberos_service_name="impala" if self.engine == "impala" else "hive",
                use_ssl=self._tls,
                ca_cert=self._authority,
                user=None if self._kerberos else self._user,
                password=None if self._kerberos else "",
                timeout=_TIMEOUT_S,
            )
        cursor = self._connection.cursor()
        cursor.execute(statement)
        return cursor

    @staticmethod
    def _refused(error: HiveServer2Error) -> SpotError:
        first = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        return DataError(f"the SQL server refuses a statement: {first[:500]}")
