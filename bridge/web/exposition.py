"""Metrics as text for Prometheus. No registry of the process is used: each text is made from one snapshot."""

import math
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bridge.web.metrics import COUNTERS, GAUGES, HISTOGRAMS, PREFIX
from bridge.web.snapshot import Snapshot


def exposition(seen: Snapshot, accept: str) -> tuple[bytes, str]:
    """Return the text and its content type, in a form that the header Accept asks for."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(seen))
    try:
        encode, content_type = choose_encoder(accept)
    except (TypeError, ValueError):
        # A version in it is none, on which the library fails.
        encode, content_type = choose_encoder("")
    return encode(registry), content_type


class _Families(Collector):
    def __init__(self, seen: Snapshot) -> None:
        self._seen = seen

    def describe(self) -> Iterator[Metric]:
        """Nothing: the registry has no other collector, whose names could be the same."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        for metric in GAUGES:
            gauge = GaugeMetricFamily(f"{PREFIX}{metric.name}", metric.text, labels=metric.labels)
            for labels, value in metric.values(self._seen):
                gauge.add_metric(labels, value)
            yield gauge
        for metric in COUNTERS:
            counter = CounterMetricFamily(f"{PREFIX}{metric.name}", metric.text, labels=metric.labels)
            for labels, value in metric.values(self._seen):
                counter.add_metric(labels, value)
            yield counter
        for histogram in HISTOGRAMS:
            family = HistogramMetricFamily(
                f"{PREFIX}{histogram.name}", histogram.text, labels=histogram.labels
            )
            for labels, found in histogram.values(self._seen):
                buckets = [(_bound(bound), count) for bound, count in found.cumulative()]
                family.add_metric(labels, buckets, sum_value=found.total)
            yield family


def _bound(bound: float) -> str:
    return "+Inf" if math.isinf(bound) else repr(bound)
