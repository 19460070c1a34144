"""A town hall for tests: the whole application over a store of the test's own, and the people who come to it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
from argon2 import PasswordHasher
from fastapi.routing import iter_route_contexts

from api.app import create_app
from api.settings import Settings
from api.v1 import areas, grids, households, jobs, locate, log, people, plans, session, snapshots
from api.who.keys import new_key
from api.who.passwords import Passwords
from data.store import people as kept_people
from data.store.pool import Pool, connect
from data.store.sql import many, one, run
from tests.api.who.office import CHEAP, PASSWORD
from tests.served import served
from tests.stored import owner

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from fastapi import FastAPI

NOW = datetime(2026, 1, 1, 4, tzinfo=UTC)
"""Noon of the first day of the year, in China."""
TODAY = NOW.astimezone(ZoneInfo("Asia/Shanghai")).date()
DAY = timedelta(days=1)
ROUTERS = tuple(module.router for module in (session, people, areas, grids, households, snapshots, log, plans, jobs, locate))


def addresses(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Give every address of an application: the method and the path with its parameters."""
    for context in iter_route_contexts(app.routes):
        for method in sorted(set(context.methods or ()) - {"HEAD"}):
            yield method, context.path or ""


def with_cheap_passwords(app: FastAPI) -> None:
    """Have the application hash passwords in no time, which only tests may."""
    service = app.state.service
    app.state.service = replace(service, door=replace(service.door, passwords=Passwords(hasher=PasswordHasher(**CHEAP))))


@dataclass
class Hall:
    """The application, reachable; `client` shows nobody's credentials. `now` can be set."""

    db: Any
    app: FastAPI
    client: httpx.Client
    now: datetime = NOW

    def person(self, login: str, *roles: tuple) -> str:
        """Add somebody with roles, each with its area's code and perhaps categories, from long ago on."""
        with owner(self.db.admin) as conn:
            password_hash = PasswordHasher(**CHEAP).hash(PASSWORD)
            person = kept_people.add_person(
                conn, login=login, name=login.title(), now=NOW, by=None, password_hash=password_hash
            )
            for role, area, *categories in roles:
                kept_people.give_role(
                    conn, person, role=role, area=area, starts_at=NOW - 30 * DAY, by=None, categories=categories or ["*"]
                )
        return person

    def key(self, person: str) -> dict[str, str]:
        """Return the header by which a machine is known as a person."""
        key = new_key(self.app.state.service.door.pepper)
        with owner(self.db.admin) as conn:
            kept_people.add_key(
                conn,
                person,
                prefix=key.prefix,
                secret_mac=key.secret_mac,
                name="test",
                now=NOW - DAY,
                expires_at=NOW + 300 * DAY,
                by=None,
            )
        return {"X-API-Key": key.text}

    def comes(self, login: str, *roles: tuple) -> dict[str, str]:
        """Add somebody who comes by a key; return the header."""
        return self.key(self.person(login, *roles))

    @contextmanager
    def browser(self, login: str, password: str = PASSWORD) -> Generator[httpx.Client]:
        """Sign somebody in; the client sends the cookie, and the header that changes need."""
        with httpx.Client(base_url=self.client.base_url, timeout=10, trust_env=False) as browser:
            answer = browser.post("/v1/session", json={"login": login, "password": password})
            assert answer.status_code == 201, answer.text
            browser.headers["X-CSRF-Token"] = answer.json()["csrf"]
            yield browser

    def rows(self, statement: str, parameters=()) -> list[tuple]:
        """Rows, as the owner of the store sees them."""
        with closing(connect(self.db.admin)) as conn:
            return many(conn, statement, parameters)

    def value(self, statement: str, parameters=()) -> Any:
        """One value, as the owner of the store sees it."""
        with closing(connect(self.db.admin)) as conn:
            return one(conn, statement, parameters)[0]

    def do(self, statement: str, parameters=()) -> None:
        """Run a statement as the owner of the store."""
        with closing(connect(self.db.admin)) as conn:
            run(conn, statement, parameters)


@contextmanager
def hall_over(db, home, **told) -> Generator[Hall]:
    """Serve everything there is over a store."""
    with closing(Pool(db.app, size=4)) as pool:
        box: list[Hall] = []
        app = create_app(Settings(home=home, **told), pool, now=lambda: box[0].now)
        with_cheap_passwords(app)
        with served(app) as client:
            box.append(Hall(db, app, client))
            yield box[0]


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Return a problem, whose status and code are these."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    document = answer.json()
    assert document["code"] == code, document
    return document
