"""Pictures of incidents: kept in the store, beside what they show, so that a backup has them and policies guard them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg2 import Binary

from data.store.sql import many, maybe, one, run
from gis.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import connection

MOST = 20
"""Pictures that one incident may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A picture of an incident, without its content; `width` and `height` in pixels."""

    id: str
    media_type: str
    width: int
    height: int
    is_public: bool
    at: datetime


def attach(  # noqa: PLR0917 - a picture is all of these
    conn: connection,
    no: str,
    content: bytes,
    media_type: str,
    width: int,
    height: int,
    *,
    author: str | None,
    now: datetime,
) -> str:
    """Keep a picture and return its id; the same one again is kept once."""
    digest = hashlib.sha256(content).digest()
    run(
        conn,
        """INSERT INTO wangge.attachment (no, media_type, width, height, digest, author, at, content)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (no, digest) DO NOTHING""",
        [no, media_type, width, height, digest, author, now, Binary(content)],
    )
    (made,) = one(conn, "SELECT id::text FROM wangge.attachment WHERE no = %s AND digest = %s", [no, digest])
    return made


def attached(conn: connection, no: str) -> list[Attached]:
    """Return the pictures of an incident that the caller may see, oldest first."""
    rows = many(
        conn,
        "SELECT id::text, media_type, width, height, is_public, at FROM wangge.attachment WHERE no = %s ORDER BY at, id",
        [no],
    )
    return [Attached(id=i, media_type=kind, width=w, height=h, is_public=public, at=at) for i, kind, w, h, public, at in rows]


def picture(conn: connection, no: str, identity: str) -> tuple[str, bytes]:
    """Return the type and the content of a picture that the caller may see."""
    row = maybe(conn, "SELECT media_type, content FROM wangge.attachment WHERE no = %s AND id::text = %s", [no, identity])
    if row is None:
        raise NotFound("there is no such picture, or it is not yours to see", zh="没有这张照片，或您无权查看")
    return row[0], bytes(row[1])


def show_to_all(conn: connection, no: str, identity: str, *, is_public: bool) -> None:
    """Say whether everybody may see a picture."""
    if not run(conn, "UPDATE wangge.attachment SET is_public = %s WHERE no = %s AND id::text = %s", [is_public, no, identity]):
        raise NotFound("there is no such picture, or it is not yours to show", zh="没有这张照片，或您无权公开")
