"""Receipts in the store: what somebody learns of the incidents that they have reported themselves, wherever those lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data.store.sql import many

if TYPE_CHECKING:
    from psycopg2.extensions import connection

_FIELDS = (
    "id", "no", "path", "state", "kind", "category", "title", "description", "address", "words_erased_at", "located_by", "lon",
    "lat", "urgent", "is_answered", "outcome", "reported_at", "accepted_at", "closed_at", "due_at", "at", "revision", "events",
    "answer",
)  # fmt: skip


def receipts(conn: connection, *, no: str | None = None, before: int | None = None, limit: int) -> list[dict[str, Any]]:
    """Return what the caller has reported, the newest first: those before the id `before`, or the one with a number.

    `events` are the words of its log in order; `answer` is the last that they got: `text`, `at`, and of a rejection `reason`.
    """
    rows = many(conn, "SELECT * FROM wangge.incident_receipts(%s, %s, %s)", [no, before, limit])
    return [dict(zip(_FIELDS, row, strict=True)) for row in rows]
