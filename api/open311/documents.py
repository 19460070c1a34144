"""Services, requests and updates as Open311 writes them: plain mappings that go into JSON and XML alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from api.loop.words import OPEN, State, word
from api.open311.answers import moment
from api.open311.lines import extended_status, last_sentence, sentence
from api.who.caller import Tier
from data.store import open311

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg2.extensions import connection

    from api.asked import Asked
    from api.lang import Lang
    from data.store.open311 import Line, Place, Service, Shown

PREFIX = "/open311/v2"
"""Where all of this stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """What documents are written with: areas by id, names of organisations by code, the language, the zone, our address."""

    places: Mapping[int, Place]
    agencies: Mapping[str, str]
    lang: Lang
    zone: ZoneInfo
    base: str

    def request(self, shown: Shown, lines: Sequence[Line]) -> dict[str, object]:
        """Return an incident as a service request."""
        state = State(shown.state)
        is_open = state in OPEN
        around = {place.level: place for place in self._around(shown)}
        updated = shown.at if is_open else shown.closed_at or shown.at
        return {
            "service_request_id": shown.no,
            "status": "open" if is_open else "closed",
            "status_notes": last_sentence(lines, self.lang),
            "service_name": shown.service_name,
            "service_code": shown.service_code,
            "description": shown.description,
            "agency_responsible": self._agency(shown) if is_open else None,
            "service_notice": None,
            "requested_datetime": moment(shown.reported_at, self.zone),
            "updated_datetime": moment(updated, self.zone),
            "expected_datetime": None if shown.due_at is None else moment(shown.due_at, self.zone),
            "address": shown.address or self._address(shown),
            "address_id": shown.grid_code,
            "zipcode": None,
            "lat": shown.lat,
            "long": shown.lon,
            "media_url": None if shown.picture is None else f"{self.base}{PREFIX}/media/{shown.picture}",
            "extended_attributes": {
                "grid_code": shown.grid_code,
                "community": around["community"].code if "community" in around else None,
                "street": around["street"].code if "street" in around else None,
                "tier": word(Tier(shown.tier)),
                "x-state": str(state),
            },
            "notes": [
                {"datetime": moment(line.at, self.zone), "description": sentence(line, self.lang), "type": line.event}
                for line in lines
            ],
        }

    def update(self, line: Line) -> dict[str, object]:
        """Return a line of a log as an update."""
        return {
            "update_id": update_id(line.no, line.seq),
            "service_request_id": line.no,
            "status": extended_status(line),
            "updated_datetime": moment(line.logged_at or line.at, self.zone),
            "description": sentence(line, self.lang),
            "media_url": None,
            "external_status_code": line.state,
        }

    def _around(self, shown: Shown) -> list[Place]:
        """Return the areas around an incident, the largest first."""
        found = (self.places.get(int(each)) for each in shown.path.split(".") if each)
        return [place for place in found if place is not None]

    def _agency(self, shown: Shown) -> str | None:
        """Return who has it in hand: an organisation, for a person the center of the smallest area; never somebody's name."""
        if shown.owner_org is not None:
            return self.agencies.get(shown.owner_org) or None
        around = self._around(shown)
        return around[-1].name or None if around else None

    def _address(self, shown: Shown) -> str | None:
        """Return where it is by the names of the areas, which tell nobody's address."""
        names = [place.name for place in self._around(shown) if place.name]
        if not names:
            return None
        return "".join(names) if self.lang == "zh" else ", ".join(reversed(names))


def writer(conn: connection, asked: Asked, zone: str, shown: Sequence[Shown] = ()) -> Writer:
    """Return what writes these incidents, with the names that they need."""
    owners = {each.owner_org for each in shown if each.owner_org is not None}
    return Writer(
        places=open311.places(conn, {each.path for each in shown}, asked.today),
        agencies=open311.agencies(conn, owners, asked.today),
        lang=asked.lang,
        zone=ZoneInfo(zone),
        base=asked.base,
    )


def update_id(no: str, seq: int) -> str:
    """Return the id of an update: that of a record in the incident's log, which never changes."""
    return f"{no}-{seq}"


def service_document(service: Service) -> dict[str, object]:
    """Return a service as the list of services has it."""
    return {
        "service_code": service.code,
        "service_name": service.name,
        "description": service.description or service.name,
        # No form asks for more than the standard's own fields.
        "metadata": False,
        "type": "realtime",
        "keywords": ",".join(each for each in (service.category, service.board) if each),
        "group": service.category,
    }


def definition_document(service: Service) -> dict[str, object]:
    """Return what a report of a service has to say beyond the standard's own fields: nothing."""
    return {"service_code": service.code, "attributes": []}
