"""What Prometheus reads at /metrics: requests of this process, and jobs as the database has them.

Each web process counts its own requests; `PROMETHEUS_MULTIPROC_DIR` has several count together, as
the client library documents.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import LOADED_KERNELS
from kfmap.web.shared.kept_pages import KEPT_PAGES
from verifier.records.models import CheckTime, Job, Worker

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types for it
REQUESTS = Counter("kfmap_requests", "Answered requests.", ["method", "route", "status"])
SECONDS = Histogram(
    "kfmap_request_seconds", "From a whole request to its answer.", buckets=_BUCKETS
)


def show_metrics(request: HttpRequest) -> HttpResponse:
    """Answer in the text format of Prometheus those whom KFMAP_METRICS_FROM names; others 404."""
    if not _may_read(request.META.get("REMOTE_ADDR", "")):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_Stored())
    registry.register(_Caches())
    own = generate_latest(_own_registry())
    return HttpResponse(own + generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer; `route` is the pattern of the address, never what a reader typed."""
    REQUESTS.labels(method if method in _METHODS else "other", route, status).inc()
    SECONDS.observe(seconds)


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _may_read(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(item) for item in settings.KFMAP_METRICS_FROM)


def _own_registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's
    return registry


class _Caches:
    """Lookups in the caches of this process."""

    def collect(self) -> Iterator[Metric]:
        """Return them."""
        lookups = CounterMetricFamily(
            "kfmap_cache_lookups", "Lookups in caches.", labels=["cache", "found"]
        )
        for name, cache in (("pages", KEPT_PAGES), ("kernels", LOADED_KERNELS)):
            lookups.add_metric([name, "yes"], cache.found)
            lookups.add_metric([name, "no"], cache.missed)
        yield lookups


class _Stored:
    """Figures that the database has, the same from every process."""

    def collect(self) -> Iterator[Metric]:
        """Return them."""
        yield from self._jobs()
        alive = Worker.objects.alive().count()
        yield GaugeMetricFamily("kfmap_workers", "Workers heard of lately.", alive)
        yield GaugeMetricFamily("kfmap_kernels", "Kernels of the map.", Kernel.objects.count())
        times = SummaryMetricFamily(
            "kfmap_check_seconds", "Checks of an object on a kernel.", labels=["kernel"]
        )
        for kernel, count, seconds in CheckTime.objects.values_list("kernel", "count", "seconds"):
            times.add_metric([kernel], count, seconds)
        yield times

    def _jobs(self) -> Iterator[Metric]:
        by_state = dict(Job.objects.order_by().values_list("state").annotate(Count("pk")))
        jobs = GaugeMetricFamily("kfmap_jobs", "Jobs by state.", labels=["state"])
        for state in Job.State.values:
            jobs.add_metric([state], by_state.get(state, 0))
        yield jobs
        oldest = Job.objects.filter(state=Job.State.QUEUED).aggregate(at=Min("created_at"))["at"]
        age = (timezone.now() - oldest).total_seconds() if oldest else 0
        yield GaugeMetricFamily("kfmap_queue_age_seconds", "Of the job that waits longest.", age)
