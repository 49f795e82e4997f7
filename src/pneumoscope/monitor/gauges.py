"""Gauges of drift for Prometheus, as the last look has found it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pneumoscope.monitor.report import DriftReport

NAMESPACE = "pneumoscope_drift"
PSI = "Population stability index of a quantity against the training"
ALARM = "1 if images differ from the training by more than chance and enough to matter, else 0"
IMAGES = "Images that the alarm and the indices are about"


class DriftCollector(Collector):
    """Gauges of the latest report.

    Args:
        latest: function that returns the latest report, at once.
    """

    def __init__(self, latest: Callable[[], DriftReport]) -> None:
        self._latest = latest

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields the gauges."""
        report = self._latest()
        psi = GaugeMetricFamily(f"{NAMESPACE}_psi", PSI, labels=["quantity"])
        for name, shift in report.drift.shifts.items():
            if shift is not None:
                psi.add_metric([name], shift.psi)
        yield psi
        yield GaugeMetricFamily(f"{NAMESPACE}_alarm", ALARM, float(report.alarm.on))
        yield GaugeMetricFamily(f"{NAMESPACE}_images", IMAGES, float(report.counts.images))
