"""The application: which routes there are, what stands before them, and what lives as long as they do."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio.to_thread
import httpx
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from api.asked import Service
from api.base_tiles import tiles_of
from api.guard import Guard
from api.health import healthz, readyz
from api.incidents.rulebook import Rulebook
from api.logs import REQUEST_ID, Access
from api.metrics import Metrics, metrics_page
from api.ogc import routes as ogc
from api.open311 import routes as open311
from api.pages import desk as desk_page
from api.pages import routes as pages
from api.pages.policy import policy_with
from api.plain import Plain
from api.problems import MEDIA_TYPE, handle_errors, problem_page
from api.secret import read_secret
from api.tally import Tally
from api.v1 import (
    address_search,
    areas,
    assessments,
    assets,
    calendar,
    calls,
    card,
    communities,
    cuts,
    desk,
    duties,
    early_warnings,
    editor,
    events,
    feeds,
    grid_matters,
    grids,
    heat,
    home_groups,
    households,
    incident_lists,
    incidents,
    jobs,
    legacy,
    limits,
    lists,
    locate,
    log,
    matters,
    modes,
    notice,
    orders,
    orgs,
    panel,
    patrols,
    people,
    plan_files,
    plans,
    policies,
    posts,
    prints,
    problem_points,
    profiles,
    receipts,
    reviews,
    search,
    session,
    snapshots,
    staff,
    staffing,
    stations,
    stats,
    suggestions,
    visit_rules,
    visits,
    wall,
    webhooks,
)
from api.who.door import Door
from api.who.passwords import Passwords
from api.who.pepper import Pepper
from api.who.provider import Provider

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime

    from fastapi import APIRouter

    from api.settings import Settings
    from data.store.pool import Pool

SPARE_THREADS = 4
"""Threads beyond the store's connections: for answers that need none, so that they do not wait for those that do."""
PROVIDER_TIMEOUT_S = 3.0

_PROBLEM = {
    "description": "What is wrong (RFC 9457).",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "code", "requestId"],
                "properties": {
                    "type": {"type": "string", "format": "uri"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "advice": {"type": "string"},
                    "instance": {"type": "string"},
                    "code": {"type": "string"},
                    "requestId": {"type": "string"},
                    "errors": {"type": "array", "items": {"type": "object"}},
                },
            }
        }
    },
}


def create_app(settings: Settings, pool: Pool, *, now: Callable[[], datetime], tally: Tally | None = None) -> FastAPI:
    """Return the application over a store. Whoever made the pool closes it; `now` says what time it is, with its zone.

    `tally` is where requests are counted, where others in other processes count too.

    Makes the service's secret where there is none yet; nothing else happens before the first request.
    """
    # Standards first: plain routes, whose description is composed by hand.
    routes: tuple[Route, ...] = (
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics_page),
        Route("/problems", problem_page),
        Route("/problems/{code}", problem_page),
        *ogc.routes,
        *open311.routes,
        *pages.routes,
    )
    # Then our own resources, under /v1; FastAPI describes them.
    routers: tuple[APIRouter, ...] = (
        session.router,
        people.router,
        areas.router,
        grids.router,
        locate.router,
        search.router,
        jobs.router,
        plans.router,
        plan_files.router,
        cuts.router,
        editor.router,
        heat.router,
        notice.router,
        suggestions.router,
        prints.router,
        incident_lists.router,
        incidents.router,
        address_search.router,
        receipts.router,
        calls.router,
        orgs.router,
        staff.router,
        posts.router,
        staffing.router,
        card.router,
        matters.router,
        grid_matters.router,
        calendar.router,
        limits.router,
        modes.router,
        policies.router,
        orders.router,
        visits.router,
        visit_rules.router,
        home_groups.router,
        patrols.router,
        stations.router,
        assets.router,
        problem_points.router,
        early_warnings.router,
        duties.router,
        lists.router,
        events.router,
        feeds.router,
        webhooks.router,
        panel.router,
        profiles.router,
        legacy.router,
        stats.router,
        wall.router,
        desk.router,
        desk_page.router,
        reviews.router,
        assessments.router,
        households.router,
        snapshots.router,
        communities.router,
        log.router,
    )

    secret = read_secret(settings.secret_path)
    client = httpx.Client(timeout=PROVIDER_TIMEOUT_S) if settings.oidc_issuer else None
    provider = client and Provider(settings.oidc_issuer, settings.oidc_audience, client)
    pepper = Pepper(secret.derive("pepper"))
    metrics = Metrics(tally or Tally())

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncGenerator[None]:
        metrics.learn(app)
        # More threads than connections would only wait for one, and be told after a while to come again.
        threads = settings.pool_size + SPARE_THREADS
        anyio.to_thread.current_default_thread_limiter().total_tokens = threads
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads, thread_name_prefix="plain"))
        yield
        if client is not None:
            client.close()

    app = FastAPI(
        title="wangge 网格",
        version="1",
        lifespan=life,
        openapi_url="/api31",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses={"default": _PROBLEM},
        routes=list(routes),
    )
    for router in routers:
        app.include_router(router)
    tiles = tiles_of(settings)
    app.state.service = Service(
        settings=settings,
        pool=pool,
        now=now,
        door=Door(pepper=pepper, passwords=Passwords(), provider=provider, secure=settings.is_secure),
        metrics=metrics,
        rules=Rulebook(),
        cursor_key=secret.derive("cursor"),
        pages=pages.PAGES,
        tiles=tiles,
    )
    handle_errors(app)
    # The last that is added sees a request first.
    app.add_middleware(Plain, routes=[*incidents.swift, *ogc.routes, *open311.routes])
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "authorization",
                "content-type",
                "content-crs",
                "if-match",
                "if-none-match",
                "idempotency-key",
                "x-api-key",
                REQUEST_ID,
            ],
            expose_headers=["etag", "link", "location", "content-crs", "retry-after", "idempotency-replayed", REQUEST_ID],
            max_age=600,
        )
    app.add_middleware(Guard, longest=settings.body_mb * 2**20, root=settings.root_path)
    app.add_middleware(Access, metrics=metrics, secure=settings.is_secure, policy=policy_with(tiles))
    return app
