"""Figures of the ingest for Prometheus, read from the ledger when they are asked for.

They tell of all collectors and workers of the installation, wherever these run.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from spot_common.config import Config
from spot_common.errors import ServiceError
from spot_common.registry import sources
from spot_ingest.ledger import Ledger
from spot_ingest.overview import Overview, overview


class IngestFigures:
    """Gives the figures of all sources, freshly at each call."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def describe(self) -> list[Metric]:
        """Nothing beforehand: the figures need the ledger."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Look at the ledger and give its figures; only ``spot_ingest_up`` where it is away."""
        up = GaugeMetricFamily("spot_ingest_up", "Whether the ledger answers.")
        try:
            ledger = Ledger.of(self._config)
            found = [overview(self._config, ledger, source) for source in sources()]
        except ServiceError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from _counters(found)
        yield from _gauges(found)


def _counters(found: list[Overview]) -> Iterator[Metric]:
    files = CounterMetricFamily(
        "spot_ingest_files", "Finished files.", labels=["source", "outcome"]
    )
    rows = CounterMetricFamily(
        "spot_ingest_rows", "Rows of finished files.", labels=["source", "outcome"]
    )
    for one in found:
        files.add_metric([one.source, "published"], one.totals.published)
        files.add_metric([one.source, "set_aside"], one.totals.set_aside_files)
        rows.add_metric([one.source, "stored"], one.totals.stored)
        rows.add_metric([one.source, "set_aside"], one.totals.set_aside)
    yield files
    yield rows


def _gauges(found: list[Overview]) -> Iterator[Metric]:
    landing = GaugeMetricFamily(
        "spot_ingest_landing_files", "Files in the landing folder.", labels=["source"]
    )
    waiting = GaugeMetricFamily(
        "spot_ingest_waiting_files", "Files between landing folder and table.", labels=["source"]
    )
    oldest = GaugeMetricFamily(
        "spot_ingest_oldest_seconds", "Age of the oldest file that waits.", labels=["source"]
    )
    lag = GaugeMetricFamily(
        "spot_ingest_lag_messages", "Messages that workers have not done with.", labels=["source"]
    )
    for one in found:
        landing.add_metric([one.source], one.landing)
        waiting.add_metric([one.source], one.waiting)
        oldest.add_metric([one.source], one.oldest or 0.0)
        if one.lag is not None:
            lag.add_metric([one.source], one.lag)
    yield from (landing, waiting, oldest, lag)


def serve(config: Config) -> tuple[WSGIServer, Thread]:
    """Answer Prometheus at ``METRICS_PORT`` in the background."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(IngestFigures(config))
    server, thread = start_http_server(
        config.integer("METRICS_PORT"), config.text("BIND_ADDRESS"), registry
    )
    return server, thread
