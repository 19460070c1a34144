"""What a browser may do with a page of ours: load our own files, and nothing else but tiles of a host that is told."""

from __future__ import annotations


def policy_with(pictures: str = "") -> str:
    """Return the policy of pages that may load pictures from one host more."""
    more = f" {pictures}" if pictures else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{more}; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


POLICY = policy_with()
