"""Addresses of a router: one that is written out is its own, and no case of one that has a parameter.

`PUT /v1/calendar/due` is a method that `/v1/calendar/due` does not have (405), though `/v1/calendar/{year}` has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute
from starlette.routing import Match

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope


def kept_apart() -> type[APIRoute]:
    """Return the class of one router's routes: those with parameters leave alone what others are written out for."""
    written: set[str] = set()

    class Apart(APIRoute):
        """A route that knows which addresses of its router are written out."""

        def __init__(self, path: str, endpoint: Callable[..., Any], **said: Any) -> None:  # noqa: ANN401 - as FastAPI has it
            super().__init__(path, endpoint, **said)
            if not self.param_convertors:
                written.add(self.path)

        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            """Say whether it answers a request, and what it takes from the address."""
            match, found = super().matches(scope)
            if match is not Match.NONE and self.param_convertors and self._address(found) in written:
                return Match.NONE, {}
            return match, found

        def _address(self, found: Scope) -> str:
            return self.path_format.format(**found["path_params"])

    return Apart
