"""`/metrics` for Prometheus: behind a token, and not there at all without one."""

import hmac
import threading
import time
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from deliveryapp.gauges import Gauge, read_gauges

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FRESH_S = 1.0


def metrics(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(_page.text(), content_type=CONTENT_TYPE)


class Page:
    """The page as it was less than FRESH_S ago: many who ask cost as much as one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._text, self._good_until_s = b"", 0.0

    def text(self) -> bytes:
        with self._lock:
            if time.monotonic() > self._good_until_s:
                self._text = render(read_gauges())
                self._good_until_s = time.monotonic() + FRESH_S
            return self._text


_page = Page()


class _Now(Collector):
    def __init__(self, gauges: Iterable[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for gauge in self._gauges:
            name = f"deliveryapp_{gauge.name}"
            family = families.setdefault(name, GaugeMetricFamily(name, gauge.help, labels=list(gauge.labels)))
            family.add_metric(
                list(gauge.labels.values()), float("nan") if gauge.value is None else gauge.value
            )
        yield from families.values()


def render(gauges: Iterable[Gauge]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Now(gauges))
    return generate_latest(registry)
