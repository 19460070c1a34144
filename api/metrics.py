"""What the service counts about itself, for Prometheus: of all its workers, whichever is asked.

Labels are routes as they are written, never addresses as they were asked for: their number does not grow with use.
"""

from __future__ import annotations

import ipaddress
from itertools import accumulate
from typing import TYPE_CHECKING

from fastapi.routing import iter_route_contexts
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString
from starlette.responses import Response

from api.asked import service
from api.tally import BOUNDS_S, Series, Tally
from gis.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.types import Scope

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LABELS = ("method", "route")
_LIMITS = tuple(map(floatToGoString, (*BOUNDS_S, float("inf"))))


class Metrics:
    """The measurements of an application, and of those in other processes that share its tally."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._routes: dict[tuple[object, frozenset[str]], str] = {}

    def began(self) -> None:
        """Count one request that is being answered."""
        self._tally.began()

    def ended(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one request that has been answered."""
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._tally.ended(Series(method, self.route(scope), str(status)), seconds)

    def collect(self) -> Iterator[Metric]:
        """Give every measurement, as Prometheus knows them."""
        yield from _of_processes(self._tally.processes())
        requests = CounterMetricFamily("wangge_requests", "Requests answered.", labels=(*_LABELS, "status"))
        spread: dict[tuple[str, str], tuple[list[float], float]] = {}
        for series, counted in sorted(self._tally.counted().items()):
            requests.add_metric(series, sum(counted.between))
            key = (series.method, series.route)
            between, seconds = spread.get(key, ([0.0] * len(_LIMITS), 0.0))
            spread[key] = [a + b for a, b in zip(between, counted.between, strict=True)], seconds + counted.seconds
        yield requests
        durations = HistogramMetricFamily("wangge_request_seconds", "Time until the answer was sent.", labels=_LABELS)
        for key, (between, seconds) in spread.items():
            durations.add_metric(key, list(zip(_LIMITS, accumulate(between), strict=True)), seconds)
        yield durations
        yield GaugeMetricFamily("wangge_requests_open", "Requests that are being answered.", self._tally.open())

    def learn(self, app: FastAPI) -> None:
        """Take in the routes of the application, before it answers: FastAPI makes them when they are first looked at."""
        self._routes = _templates(app)

    def route(self, scope: Scope) -> str:
        """Return the route that a request took, as it is written; `none` where there was no such route."""
        return self._routes.get((scope.get("endpoint"), frozenset(scope.get("path_params", ()))), "none")


def _of_processes(numbers: dict[int, int]) -> Iterator[Metric]:
    """Give what the system says of each process; they are told apart by the label `worker`."""
    found: dict[str, Metric] = {}
    for worker, number in numbers.items():
        for each in ProcessCollector(pid=lambda: number, registry=None).collect():  # noqa: B023 - asked at once
            family = found.setdefault(each.name, Metric(each.name, each.documentation, each.type))
            for sample in each.samples:
                family.add_sample(sample.name, {"worker": str(worker)}, sample.value)
    yield from found.values()


def _templates(app: FastAPI) -> dict[tuple[object, frozenset[str]], str]:
    """Return each route's path by its function and its parameters: one function may serve several paths."""
    found: dict[tuple[object, frozenset[str]], str] = {}
    for context in iter_route_contexts(app.routes):
        if context.endpoint is not None and context.path_format is not None:
            found.setdefault((context.endpoint, frozenset(context.param_convertors)), context.path_format)
    return found


def metrics_page(request: Request) -> Response:
    """Return the measurements of all workers, to callers on this machine, or to everybody where the settings say so."""
    held = service(request)
    if "metrics" not in held.settings.public and not (request.client and _is_near(request.client.host)):
        raise Refused("the measurements are for this machine only; WANGGE_PUBLIC can open them to everybody")
    registry = CollectorRegistry()
    registry.register(held.metrics)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
