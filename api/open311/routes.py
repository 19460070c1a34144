"""The addresses of Open311."""

from __future__ import annotations

from starlette.routing import Route

from api.open311 import requests, services, updates
from api.open311.documents import PREFIX
from api.open311.errors import answered
from api.plain import in_thread

routes: list[Route] = [
    Route("/open311/discovery.{form}", in_thread(answered(services.discovery))),
    Route(f"{PREFIX}/discovery.{{form}}", in_thread(answered(services.discovery))),
    Route(f"{PREFIX}/services.{{form}}", in_thread(answered(services.services))),
    Route(f"{PREFIX}/services/{{code:path}}.{{form}}", in_thread(answered(services.definition))),
    Route(f"{PREFIX}/tokens/{{token:path}}.{{form}}", in_thread(answered(services.token))),
    Route(f"{PREFIX}/requests.{{form}}", in_thread(answered(requests.listing))),
    Route(f"{PREFIX}/requests.{{form}}", answered(requests.send), methods=["POST"]),
    Route(f"{PREFIX}/requests/{{no}}.{{form}}", in_thread(answered(requests.single))),
    Route(f"{PREFIX}/servicerequestupdates.{{form}}", in_thread(answered(updates.listing))),
    Route(f"{PREFIX}/servicerequestupdates.{{form}}", answered(updates.send), methods=["POST"]),
    Route(f"{PREFIX}/media/{{picture}}", in_thread(answered(requests.picture))),
    Route(f"{PREFIX}/{{rest:path}}", in_thread(answered(services.nothing))),
]
"""Plain routes (`api/plain.py`). What reads a form needs one of Starlette's own threads."""
