"""What the service counts about itself, for Prometheus: of one application, in a registry of its own.

Labels are routes as they are written, never addresses as they were asked for: their number does not grow with use.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from fastapi.routing import iter_route_contexts
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.responses import Response

from api.asked import service
from gis.errors import Refused

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.types import Scope

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
"""Where the durations are cut: from a tile that is known already to a download."""


class Metrics:
    """The measurements of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("method", "route")
        self.requests = Counter("wangge_requests", "Requests answered.", (*labels, "status"), registry=self.registry)
        self.seconds = Histogram(
            "wangge_request_seconds", "Time until the answer was sent.", labels, buckets=BOUNDS_S, registry=self.registry
        )
        self.open = Gauge("wangge_requests_open", "Requests that are being answered.", registry=self.registry)
        self._routes: dict[tuple[object, frozenset[str]], str] = {}

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one request that has been answered."""
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = self.route(scope)
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(method, route).observe(seconds)

    def learn(self, app: FastAPI) -> None:
        """Take in the routes of the application, before it answers: FastAPI makes them when they are first looked at."""
        self._routes = _templates(app)

    def route(self, scope: Scope) -> str:
        """Return the route that a request took, as it is written; `none` where there was no such route."""
        return self._routes.get((scope.get("endpoint"), frozenset(scope.get("path_params", ()))), "none")


def _templates(app: FastAPI) -> dict[tuple[object, frozenset[str]], str]:
    """Return each route's path by its function and its parameters: one function may serve several paths."""
    found: dict[tuple[object, frozenset[str]], str] = {}
    for context in iter_route_contexts(app.routes):
        if context.endpoint is not None and context.path_format is not None:
            found.setdefault((context.endpoint, frozenset(context.param_convertors)), context.path_format)
    return found


def metrics_page(request: Request) -> Response:
    """Return the measurements of this worker, to callers on this machine, or to everybody where the settings say so."""
    held = service(request)
    if "metrics" not in held.settings.public and not (request.client and _is_near(request.client.host)):
        raise Refused("the measurements are for this machine only; WANGGE_PUBLIC can open them to everybody")
    return Response(generate_latest(held.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
