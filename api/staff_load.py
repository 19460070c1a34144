"""A list of staff and their posts comes in whole or not at all, whoever brings it: judged, written, logged."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.staff_file import finding, read_staff_file
from api.staff_fit import fit
from data.store.staff_import import bring_in, look_up
from gis.errors import InputError
from gis.finding import first_of, stops

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from psycopg2.extensions import connection

    from data.store.staff_import import Brought
    from gis.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of a list: of its rows and people, and what is to be remarked."""

    rows: int
    people: int
    brought: Brought
    findings: tuple[Finding, ...]


def load_staff(conn: connection, raw: bytes, *, now: datetime, today: date) -> Loaded:
    """Bring in a list for whom the transaction speaks; where it raises, whoever calls rolls back.

    Raises
    ------
    InputError
        Everything that is wrong with the list, each with row and column.
    """
    file = read_staff_file(raw)
    known = look_up(
        conn,
        numbers=[said.number for said in file.staff],
        areas=[str(said.said["area"]) for said in file.staff if "area" in said.said],
        grids=[said.grid for said in file.posts],
    )
    fitted = fit(file, known, today)
    findings = (*file.findings, *fitted.findings)
    _refuse(findings)
    digest = hashlib.sha256(raw).hexdigest()
    brought = bring_in(conn, fitted.staff, fitted.posts, known, now=now, today=today, digest=digest)
    _refuse(_taken(brought, {said.number: said.row for said in file.staff}))
    return Loaded(rows=file.rows, people=len(fitted.staff), brought=brought, findings=findings)


def _refuse(findings: Sequence[Finding]) -> None:
    if stops(findings):
        raise InputError(f"The list cannot be brought in: {first_of(findings)}", findings)


def _taken(brought: Brought, row_of: Mapping[str, int]) -> list[Finding]:
    """Say which numbers are somebody's whom the caller does not see."""
    return [
        finding(
            "number_taken",
            row_of[number],
            "number",
            f"number {number} is somebody's whom others employ",
            f"工号 {number} 已属其他单位的人员",
        )
        for number in brought.taken
    ]
