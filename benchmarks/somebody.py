"""Somebody with a role in a district, and the key by which a benchmark asks in their name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from serving_ground import DISTRICT

from api.secret import read_secret
from api.settings import Settings
from api.who.keys import new_key
from api.who.pepper import Pepper
from data.store import people
from data.store.sql import run

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg2.extensions import connection


def key_of(conn: connection, home: Path, role: str, *, area: str = DISTRICT) -> str:
    """Add somebody in a role, and return their key; `home` is where the service keeps its secret."""
    made = new_key(Pepper(read_secret(Settings(home=home).secret_path).derive("pepper")))
    now = datetime.now(UTC)
    run(conn, "BEGIN")
    person = people.add_person(conn, login=role, name=role, now=now, by=None)
    people.give_role(conn, person, role=role, area=area, starts_at=now - timedelta(days=1), by=None)
    people.add_key(
        conn, person, prefix=made.prefix, secret_mac=made.secret_mac, name="bench", now=now, expires_at=now + timedelta(days=1),
        by=None,
    )  # fmt: skip
    run(conn, "COMMIT")
    return made.text
