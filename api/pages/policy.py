"""What a browser may do with a page of ours: load our own files, and nothing else but tiles of a host that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.base_tiles import BaseTiles


def policy_with(tiles: BaseTiles | None = None) -> str:
    """Return the policy of pages that may load tiles beside our own files, from their host where it is not ours."""
    more = f" {tiles.origin}" if tiles is not None and tiles.origin else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{more}; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


POLICY = policy_with()
