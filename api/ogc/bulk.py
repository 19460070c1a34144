"""Whole collections as one file: GeoJSON text sequences, CSV, FlatGeobuf, GeoParquet.

The store is read first, into a file that is gone afterwards, and the file is sent: whoever reads slowly holds no
connection, and what fails fails before the answer begins.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from itertools import takewhile
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

import orjson
import shapely
from psycopg2 import sql
from starlette.responses import Response, StreamingResponse

from api.asked import ask, service
from api.csv_table import BOM, cell
from api.ogc.answers import NO_STORE, VARY, audience, caching, digested, held, is_known_tag, parameters, unchanged
from api.ogc.collections import collection_shown, require_reader
from api.ogc.crs import CGCS2000, CRS84
from api.ogc.fields import Kind, queryables
from api.ogc.items import DAYS, Question, ask_about, feature, select
from data.spelling import listed
from data.store.log import record
from data.store.pool import BULK_MS
from data.store.sql import many, run
from gis.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from geopandas import GeoDataFrame
    from psycopg2.extensions import connection
    from starlette.requests import Request

    from api.asked import Asked

FORMATS = {
    "geojsonseq": "application/geo+json-seq",
    "csv": "text/csv; charset=utf-8",
    "fgb": "application/flatgeobuf",
    "parquet": "application/vnd.apache.parquet",
}
"""The values of `f`, and what is answered."""
_ENDINGS = {"geojsonseq": "geojsonl"}
MOST_AT_ONCE = 200_000
"""Features of a FlatGeobuf or GeoParquet file, which are made in memory."""
_FETCH = "FETCH 2000 FROM bulk"
_PIECE = 256 * 1024
_IN_MEMORY = 8 * 2**20
_RECORD_SEPARATOR = b"\x1e"
_KNOWN = ("datetime", "bbox", "bbox-crs", "crs", "filter", "filter-lang", "filter-crs", "properties")


def bulk(request: Request) -> Response:
    """Answer with every feature of a collection that satisfies what is asked, as a file."""
    asked = ask(request)
    collection = collection_shown(request.path_params["collection"], asked.scope)
    require_reader(collection, asked.scope, known=asked.caller.is_known)
    known = (*(() if collection.is_live else DAYS), *_KNOWN)
    given = parameters(request, *known, *queryables(collection.fields))
    form = given.get("f", "geojsonseq")
    if form not in FORMATS:
        raise ParameterError("f", f"f is one of {listed(FORMATS)} here, not {form[:40]!r}.")
    question = ask_about(asked, collection, given.items())
    query = question.query
    if form != "geojsonseq" and query.crs is not CRS84:
        raise ParameterError(
            "crs", "Only geojsonseq comes in another system; the other files are in CGCS2000, longitude first."
        )
    pool = service(request).pool
    headers = {
        "Cache-Control": NO_STORE if collection.is_live else caching(asked),
        "Vary": VARY,
        "Content-Disposition": f'attachment; filename="{collection.id}-{question.day}.{_ENDINGS.get(form, form)}"',
    }
    if form == "geojsonseq":
        headers["Content-Crs"] = query.crs.content_crs
    if not collection.is_live:
        data = held(request).versions.of_data(pool)
        tag = digested(data, question.day, audience(asked), form, request.url.path, request.url.query)
        headers["ETag"] = f'"{tag}"'
        if is_known_tag(request, headers["ETag"]):
            return unchanged(headers)
    if asked.caller.is_known:
        _log(request, asked, question, form)
    file = SpooledTemporaryFile[bytes](_IN_MEMORY)  # closed when it has been sent
    try:
        with pool.read(asked.scope, ms=BULK_MS) as conn:
            WRITERS[form](conn, question, file)
        headers["Content-Length"] = str(file.tell())
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return StreamingResponse(_pieces(file), headers=headers, media_type=FORMATS[form])


def _log(request: Request, asked: Asked, question: Question, form: str) -> None:
    """Write down who took what, and where it lies: their file may hold figures that the public does not see."""
    body = {"collection": question.collection.id, "day": question.day.isoformat(), "form": form, "asked": question.query.asked}
    with service(request).pool.write(asked.scope, ms=BULK_MS) as conn:
        record(conn, "export", path=_place(conn, question), subject=question.collection.id, body=body)


def _place(conn: connection, question: Question) -> str | None:
    """Return the path of the smallest area that holds every feature that is asked for; None where there is none."""
    collection, condition = question.collection, question.condition
    statement = sql.SQL("SELECT DISTINCT f.path::text FROM {} WHERE {} AND {}").format(
        collection.origin, collection.where, condition.sql
    )
    paths = [path.split(".") for (path,) in many(conn, statement, [question.moment, *condition.params])]
    shared = takewhile(lambda labels: len(set(labels)) == 1, zip(*paths, strict=False))
    return ".".join(label for label, *_ in shared) or None


def _pieces(file: IO[bytes]) -> Generator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _rows(conn: connection, question: Question, columns: sql.Composable) -> Iterator[tuple[Any, ...]]:
    """Give the rows of the question, a few at a time; `columns` is the statement up to the condition on features."""
    collection, condition = question.collection, question.condition
    statement = sql.SQL("DECLARE bulk NO SCROLL CURSOR FOR {}{} ORDER BY {}").format(columns, condition.sql, collection.key.sql)
    run(conn, statement, [question.moment, *condition.params])
    while rows := many(conn, _FETCH):
        yield from rows


def _write_geojsonseq(conn: connection, question: Question, file: IO[bytes]) -> None:
    names = question.names
    for row in _rows(conn, question, select(question)):
        file.write(_RECORD_SEPARATOR + orjson.dumps(feature(row, names)) + b"\n")


def _write_csv(conn: connection, question: Question, file: IO[bytes]) -> None:
    names = question.names
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    text.write(BOM)
    writer = csv.writer(text)
    writer.writerow([*names, "wkt"])
    for row in _rows(conn, question, _with_geometry(question, "ST_AsText(f.geom, 9)")):
        writer.writerow([*map(cell, row[2:-1]), row[-1]])
    text.detach()


def _write_fgb(conn: connection, question: Question, file: IO[bytes]) -> None:
    frame = _frame(conn, question)
    for field in question.fields:
        # A column of days without a day in it would have no type.
        if field.kind is Kind.DATE and field.name in frame:
            frame[field.name] = [None if day is None else day.isoformat() for day in frame[field.name]]
    whole = io.BytesIO()  # GDAL goes back and forth in it
    frame.to_file(
        whole,
        driver="FlatGeobuf",
        engine="pyogrio",
        SPATIAL_INDEX="YES",
        promote_to_multi=question.collection.geometry.shape != "Point",
    )
    file.write(whole.getbuffer())


def _write_parquet(conn: connection, question: Question, file: IO[bytes]) -> None:
    _frame(conn, question).to_parquet(file, compression="zstd", write_covering_bbox=True, schema_version="1.1.0")


_DTYPES = {
    Kind.INTEGER: "Int64",
    Kind.NUMBER: "float64",
    Kind.TEXT: "object",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "object",
    Kind.DATETIME: "datetime64[us, UTC]",
}


def _frame(conn: connection, question: Question) -> GeoDataFrame:
    """Return the features as a table, x first, in the system that they are kept in."""
    # Half a second at every start, for what few ask for.
    import geopandas  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    rows: list[tuple[Any, ...]] = []
    for row in _rows(conn, question, _with_geometry(question, "ST_AsBinary(f.geom)")):
        rows.append(row)
        if len(rows) > MOST_AT_ONCE:
            raise ParameterError(
                "f", f"More than {MOST_AT_ONCE} features make no such file; take geojsonseq, or ask for fewer."
            )
    kinds = {field.name: field.kind for field in question.collection.fields}
    columns = {
        name: pd.Series([row[2 + n] for row in rows], dtype=_DTYPES[kinds[name]]) for n, name in enumerate(question.names)
    }
    shapes = shapely.from_wkb([bytes(row[-1]) for row in rows])
    return geopandas.GeoDataFrame(columns, geometry=shapes, crs=f"EPSG:{CGCS2000.srid}")


def _with_geometry(question: Question, expression: str) -> sql.Composable:
    without = replace(question, query=replace(question.query, skip_geometry=True))
    return select(without, (sql.SQL(expression),))


WRITERS: dict[str, Callable[[connection, Question, IO[bytes]], None]] = {
    "geojsonseq": _write_geojsonseq,
    "csv": _write_csv,
    "fgb": _write_fgb,
    "parquet": _write_parquet,
}
"""How each form is written."""
