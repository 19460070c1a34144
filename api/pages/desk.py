"""The desk of a command centre as a page of the service, and what is on it as one file to take away."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from starlette.requests import Request

from api.asked import Asking, Serving, Store, language, service
from api.desk_view import sent
from api.loop.labels import label
from api.loop.steps import STEPS
from api.loop.words import Event, Kind, LocatedBy, State, Supervision, word
from api.pages.desk_fields import CHOICES, FAMILIES, kind_of
from api.pages.packed import Packed, answer_packed
from api.v1.answers import private
from api.v1.desk import MOST, ROOMY_MS, Sort, taken
from api.v1.incident_filter import NARROWED_BY, Narrowed
from api.v1.parameters import only
from api.v1.wall import missing
from api.wall_view import ground_document
from api.who.caller import Right, Tier
from data.store import desk as kept
from data.store import wall
from maps.desk import desk_file, desk_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.lang import Lang

LANGS: tuple[Lang, ...] = ("zh", "en")
HERE = "/command"
_PAGE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}

router = APIRouter(tags=["incidents"])


def desk(request: Request) -> Response:
    """Answer with the desk's page: the same for everybody, so that browsers may keep it and only ask whether it has changed."""
    settings = service(request).settings
    return answer_packed(request, _page(settings.root_path.rstrip("/"), language(request), settings.zone))


@router.get(
    "/command/export.html",
    dependencies=[Depends(only(*NARROWED_BY, "sort", "shade", "layers", several=("state",)))],
    response_class=Response,
    responses=_PAGE,
)
def take_page(  # noqa: PLR0917 - FastAPI passes by name
    request: Request,
    asked: Asking,
    store: Store,
    serving: Serving,
    narrowed: Narrowed,
    sort: Sort = "due",
    shade: Annotated[Literal["open", "late", "band", "staffing"], Query(description="What grids are shaded by.")] = "open",
    layers: Annotated[
        str | None, Query(max_length=100, pattern="^[a-z]+(-[a-z]+)*$", description="What lies on the map, joined by `-`.")
    ] = None,
) -> Response:
    """Take away what a filter gives as one page that opens from disk: map, table and filters, and nobody to ask.

    It opens as it is looked at; how many people grids lack stands in it where they are shaded by that, and you may know it.
    Nobody's name stands in it, and no contact. That it was taken stands in the log.
    """
    asked.caller.require(Right.HANDLE_INCIDENTS)
    with store.read(asked.acting(Right.WATCH), ms=ROOMY_MS) as conn:
        ground = ground_document(wall.areas(conn, asked.today), wall.grids(conn, asked.today), wall.lines(conn))
    lacking = {}
    if shade == "staffing" and asked.caller.may(Right.MANAGE_STAFF):
        with store.read(asked.acting(Right.MANAGE_STAFF), ms=ROOMY_MS) as conn:
            lacking = {"staffing": missing(conn, asked.today)}
    with store.write(asked.scope, ms=ROOMY_MS) as conn:
        rows = kept.cases(conn, narrowed.filter(conn, asked), now=asked.now, limit=MOST + 1)
        incidents = sent(conn, rows[:MOST], asked, with_people=False)
        taken(conn, asked, form="html", question=request.url.query, rows=min(len(rows), MOST))
    moment = int(asked.now.timestamp())
    page = desk_file(
        lang=asked.lang,
        zone=serving.settings.zone,
        says=says(),
        given={
            "at": moment,
            "wish": {"sort": sort, "shade": shade} | ({} if layers is None else {"layers": layers}),
            "ground": ground,
            **lacking,
            "incidents": {"at": moment, "today": asked.today.isoformat(), "is_whole": len(rows) <= MOST, **incidents},
        },
    )
    made = private(Response(page, media_type="text/html; charset=utf-8"))
    made.headers["Content-Disposition"] = f'attachment; filename="incidents-{asked.today}.html"'
    return made


@lru_cache(maxsize=4)
def _page(root: str, lang: Lang, zone: str) -> Packed:
    """Return the page, packed."""
    fields = {
        step.event: {name: kind_of(step.event, name) for name in (*step.requires, *step.allows)}
        for step in STEPS
        if State.DRAFT not in step.takes
    }
    choices = {**CHOICES, "kind": tuple(Kind)}
    page = desk_page(root=root, here=HERE, lang=lang, zone=zone, says=says(), fields=fields, choices=choices)
    return Packed.of(page)


@lru_cache(maxsize=1)
def says() -> Mapping[str, Mapping[str, str]]:
    """Return what states, events and everything with a fixed list of words is called, by language, as `family.word`."""
    families = {"state": State, "event": Event, "kind": Kind, "located_by": LocatedBy, **FAMILIES}
    ranks = [("tier", each) for each in Tier if each is not Tier.NONE] + [("supervision", each) for each in Supervision]
    return {
        each: {
            **{f"{family}.{one}": label(one).say(each) for family, words in families.items() for one in words},
            **{f"{family}.{word(one)}": label(one).say(each) for family, one in ranks},
        }
        for each in LANGS
    }
