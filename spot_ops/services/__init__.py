"""The services of the local stack, one module each; every module exports ``services(config)``."""

from __future__ import annotations

from spot_common.config import Config
from spot_ops.services import hdfs, ingest, jupyter, kafka, metastore, sql
from spot_ops.services.model import Service

__all__ = ["Service", "all_services"]

_MODULES = (kafka, hdfs, metastore, sql, ingest, jupyter)


def all_services(config: Config) -> list[Service]:
    """Give every service that runs on this machine under this configuration, in start order."""
    return [service for module in _MODULES for service in module.services(config)]
