"""An office for tests: a small town's areas in a real store, and people with roles in it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

from argon2 import PasswordHasher

from api.who.door import Door, examine, identify
from api.who.keys import new_key
from api.who.passwords import Passwords
from api.who.pepper import Pepper
from data.store import people
from data.store.pool import Pool, connect
from data.store.scope import NOBODY, Scope
from data.store.sql import many, one, run

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CHEAP = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}
PASSWORD = "correct horse battery"  # noqa: S105 - of people who do not exist
AREAS = [
    ("3701", "city", None),
    ("370103", "district", "3701"),
    ("370103001", "street", "370103"),
    ("370103001001", "community", "370103001"),
    ("370103001002", "community", "370103001"),
    ("370103002", "street", "370103"),
    ("370103002001", "community", "370103002"),
]


class Office:
    """A store with areas and people, and the door to it."""

    def __init__(self, db) -> None:
        self.db = db
        self.pool = Pool(db.app, size=4)
        self.door = Door(pepper=Pepper(b"p" * 32), passwords=Passwords(hasher=PasswordHasher(**CHEAP)), secure=False)
        with self.owner() as conn:
            for code, level, parent in AREAS:
                run(
                    conn,
                    """INSERT INTO wangge.area (code, level, parent_id)
                    VALUES (%s, %s, (SELECT id FROM wangge.area WHERE code = %s))""",
                    [code, level, parent],
                )
            self.path = dict(many(conn, "SELECT code, path::text FROM wangge.area"))

    @contextmanager
    def owner(self):
        """A transaction of the owner's."""
        with closing(connect(self.db.admin)) as conn:
            run(conn, "BEGIN")
            yield conn
            run(conn, "COMMIT")

    def begin(self):
        """A transaction of the application's that speaks for nobody."""
        return self.pool.write(NOBODY)

    def speaking(self, person, *rights):
        """A transaction of the application's that speaks for a person with rights."""
        return self.pool.write(Scope(person=person, rights=rights))

    def add(self, login, *roles, password=PASSWORD, subject=None):
        """Add a person with roles, each with its area's code, from long ago on; return their id."""
        with self.owner() as conn:
            password_hash = password and self.door.passwords.hash(password)
            person = people.add_person(
                conn, login=login, name=login.title(), now=NOW, by=None, password_hash=password_hash, subject=subject
            )
            for role, area, *categories in roles:
                people.give_role(
                    conn,
                    person,
                    role=role,
                    area=area,
                    starts_at=NOW - 30 * DAY,
                    by=None,
                    categories=categories or ["*"],
                )
        return person

    def key_of(self, person, *, expires_at=NOW + DAY):
        """Make an API key for a person."""
        key = new_key(self.door.pepper)
        with self.owner() as conn:
            people.add_key(
                conn,
                person,
                prefix=key.prefix,
                secret_mac=key.secret_mac,
                name="machine",
                now=NOW - DAY,
                expires_at=expires_at,
                by=None,
            )
        return key

    def who(self, *, method="GET", headers=None, cookies=None, query="", now=NOW, door=None):
        """Say who a request comes from, as the application does."""
        door = door or self.door
        shown = examine(door, method=method, headers=headers or {}, cookies=cookies or {}, query=query, now=now)
        return identify(partial(self.pool.ask_again, NOBODY), shown, door, now)

    def value(self, statement, parameters=()):
        """One value, as the owner sees it."""
        with self.owner() as conn:
            return one(conn, statement, parameters)[0]
