"""A plan as it stands, to take away as a file, and to go on with as another draft."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import orjson
import shapely
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from api.asked import Asking, Store
from api.csv_table import csv_lines
from api.idempotency import OnlyOnce
from api.v1.answers import answer, tag
from api.v1.editor import ROOMY_MS, may_paint
from api.v1.parameters import Code, only
from api.who.caller import Right
from data.geopackage import write_layer
from data.store import plans
from data.store.draft_figures import frame_of
from data.store.log import record
from data.store.plans import Maker, Origin
from data.store.scope import speak
from data.store.sql import many
from gis.errors import Refused
from gis.frame import WGS84, transform_geometry

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from psycopg2.extensions import connection

    from data.store.plans import PlanRow

router = APIRouter(prefix="/v1/plans", tags=["plans"])

MEDIA = {"geojson": "application/geo+json", "gpkg": "application/geopackage+sqlite3", "csv": "text/csv; charset=utf-8"}
COLUMNS = (
    "code", "name", "kind", "subtype", "community", "households", "persons", "buildings", "area_m2", "perimeter_m",
    "compactness", "east", "south", "west", "north", "exception",
)  # fmt: skip
_DIGITS = 9
_COPIES = (Right.EDIT_PLAN, Right.SEE_HOUSEHOLDS)

Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Copy(BaseModel):
    """What a copy is to be called; empty for the title of what it is a copy of."""

    model_config = ConfigDict(extra="forbid")

    title: Title = ""


@router.get(
    "/{plan_id}/file",
    dependencies=[Depends(only("format"))],
    response_class=Response,
    responses={
        200: {
            "content": {
                media.partition(";")[0]: {"schema": {"type": "object" if form == "geojson" else "string"}}
                for form, media in MEDIA.items()
            }
        }
    },
)
def take_file(
    plan_id: Code,
    asked: Asking,
    store: Store,
    wanted: Annotated[Literal["geojson", "gpkg", "csv"], Query(alias="format")] = "geojson",
) -> Response:
    """Take the grids of a plan's current version away: GeoJSON in degrees, a GeoPackage in the town's frame, or a table.

    That they were taken stands in the log.
    """
    with store.write(asked.scope, ms=ROOMY_MS) as conn:
        plan = plans.get(conn, plan_id)
        rows, shape = _grids(conn, plan)
        crs = frame_of(conn, plan)
        taken = {"plan": plan.id, "version": plan.version, "form": wanted, "rows": len(rows)}
        record(conn, "export", path=plan.path, subject="plan", body=taken)
    body = {"geojson": _geojson, "gpkg": _geopackage, "csv": _csv}[wanted](rows, shape, crs)
    headers = {
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie",
        "Content-Disposition": f'attachment; filename="plan-{plan.number}-v{plan.version}.{wanted}"',
    }
    return Response(body, headers=headers, media_type=MEDIA[wanted])


@router.post("/{plan_id}/copies", status_code=201, dependencies=[Depends(only())])
def copy_plan(plan_id: Code, wanted: Copy, asked: Asking, store: Store, once: OnlyOnce) -> Response:
    """Begin another draft with the grids of a plan's current version; its author is whoever asks. The plan stays as it is."""
    for right in _COPIES:
        asked.caller.require(right)

    def copy(conn: connection) -> Response:
        plan = plans.get(conn, plan_id)
        if not may_paint(plan, asked) or not all(asked.caller.may(right, path) for path in plan.paths for right in _COPIES):
            msg = "parts of this plan lie outside your areas or categories; somebody who has them all may copy it"
            raise Refused(msg)
        speak(conn, asked.acting(*_COPIES))
        maker = Maker(
            town=plan.town,
            snapshot=plan.snapshot,
            srid=int(frame_of(conn, plan).removeprefix("EPSG:")),
            author=asked.caller.person_id,
            now=asked.now,
        )
        origin = Origin(
            title=wanted.title or plan.title,
            reason=plan.reason,
            made_with={**plan.made_with, "copy_of": plan.id},
            metrics=plan.metrics,
        )
        made = plans.create(conn, plans.net(conn, plan), maker, origin)
        record(conn, "plan.copy", path=made.path, subject=made.id, body={"of": plan.id, "version": plan.version})
        here = f"{asked.base}/v1/plans/{made.id}"
        document = {"id": made.id, "number": made.number, "title": made.title, "state": made.state, "href": here}
        answered = answer(document, status=201, etag=tag(made.id, made.revision))
        answered.headers["Location"] = here
        return answered

    with store.write(asked.scope, ms=ROOMY_MS) as conn:
        return once(conn, lambda: copy(conn))


def _grids(conn: connection, plan: PlanRow) -> tuple[list[dict[str, Any]], NDArray[np.object_]]:
    """Return the grids of a plan that the caller sees, by `COLUMNS`, and their shapes in the town's frame."""
    rows = many(
        conn,
        """SELECT g.code, g.name, g.kind, g.subtype, a.code, g.households, g.persons, g.buildings, g.area_m2, g.perimeter_m,
             g.compactness, g.east, g.south, g.west, g.north, coalesce(g.exception->>'reason', ''), ST_AsBinary(g.shape)
           FROM wangge.grid g JOIN wangge.area a ON a.id = g.area_id
           WHERE g.plan_id = %s AND g.version = %s AND g.path <@ ANY ((SELECT wangge.scope(2))::ltree[])
             AND wangge.sees_category(g.kind) ORDER BY a.code COLLATE "C", g.code COLLATE "C\"""",
        [plan.id, plan.version],
    )
    shape = np.empty(len(rows), dtype=object)
    shape[:] = [shapely.from_wkb(bytes(row[-1])) for row in rows]
    return [dict(zip(COLUMNS, row, strict=False)) for row in rows], shape


def _csv(rows: list[dict[str, Any]], shape: NDArray[np.object_], crs: str) -> bytes:
    del shape, crs
    return csv_lines(COLUMNS, rows)


def _geojson(rows: list[dict[str, Any]], shape: NDArray[np.object_], crs: str) -> bytes:
    degrees = shapely.transform(transform_geometry(shape, crs, WGS84), lambda xy: np.round(xy, _DIGITS))
    features = [
        {"type": "Feature", "id": row["code"], "properties": row, "geometry": orjson.Fragment(geometry.encode())}
        for row, geometry in zip(rows, shapely.to_geojson(degrees).tolist() if len(degrees) else [], strict=True)
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def _geopackage(rows: list[dict[str, Any]], shape: NDArray[np.object_], crs: str) -> bytes:
    columns = {name: np.array([row[name] for row in rows], dtype=_type(rows, name)) for name in COLUMNS}
    with tempfile.TemporaryDirectory(prefix="wangge-") as folder:
        path = Path(folder) / "grids.gpkg"
        write_layer(path, "grids", shape, columns, crs)
        return path.read_bytes()


def _type(rows: list[dict[str, Any]], name: str) -> type[np.generic]:
    """Return the type of a column by its first value; of a column without any, that of texts."""
    first = rows[0][name] if rows else ""
    return np.int64 if isinstance(first, int) else np.float64 if isinstance(first, float) else np.object_
