"""Pictures of incidents: what is kept of them, and who sees it."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from api.incidents.photos import LARGEST, cleaned
from gis.errors import ParameterError
from tests.api.v1.hall import problem

PLACE_TAG, ORIENTATION, GPS = 0x8825, 0x0112, {1: "N", 2: (36.0, 39.0, 0.0)}


def photo(kind="JPEG", size=(40, 20), **more) -> bytes:
    """Draw a picture whose left half is red, with where it was taken in its EXIF."""
    image = Image.new("RGB", size, (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x010F] = "camera of somebody"
    exif[ORIENTATION] = more.pop("orientation", 1)
    exif.get_ifd(PLACE_TAG).update(GPS)
    written = BytesIO()
    image.save(written, kind, exif=exif, **more)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_only_the_pixels_are_kept(kind) -> None:
    """Where a picture was taken and by what is gone, the picture is the same."""
    raw = photo(kind)
    with Image.open(BytesIO(raw)) as before:
        assert before.getexif().get_ifd(PLACE_TAG)
    clean, media_type, width, height = cleaned(raw)
    assert (media_type, width, height) == (f"image/{kind.lower()}", 40, 20)
    assert b"somebody" not in clean
    with Image.open(BytesIO(clean)) as after:
        assert dict(after.getexif()) == {}
        assert not {"exif", "xmp", "comment", "icc_profile"} & set(after.info)
        red, _, blue = after.convert("RGB").crop((5, 10, 6, 11)).tobytes()
        assert (red > 200, blue < 50) == (True, True)


def test_a_picture_stands_upright() -> None:
    """What the EXIF says of the orientation is done before it is thrown away."""
    clean, _, width, height = cleaned(photo(orientation=6))
    assert (width, height) == (20, 40)
    with Image.open(BytesIO(clean)) as after:
        assert after.convert("RGB").crop((10, 5, 11, 6)).tobytes()[0] > 200


def test_whatever_hides_behind_a_picture_is_gone() -> None:
    """A script or an archive that hangs on a picture is not served by us."""
    clean, *_ = cleaned(photo() + b"<script>alert(1)</script>PK\x03\x04")
    assert b"script" not in clean
    assert not clean.endswith(b"PK\x03\x04")


def bomb() -> bytes:
    """A small file with 100 million pixels."""
    written = BytesIO()
    Image.new("1", (10_000, 10_000)).save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no-picture"),
        (b"GIF89a" + b"\0" * 50, "no-picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no-picture"),
        (photo()[:200], "no-picture"),
        (b"\xff\xd8" + b"\0" * LARGEST, "picture-too-large"),
    ],
)
def test_what_is_no_picture_is_refused(content, code) -> None:
    """Other files, damaged ones and too large ones are refused, with the reason."""
    with pytest.raises(ParameterError) as refused:
        cleaned(content)
    assert refused.value.code == code


def test_a_small_file_cannot_fill_the_memory() -> None:
    """The pixels are counted before any is decoded."""
    with pytest.raises(ParameterError) as refused:
        cleaned(bomb())
    assert refused.value.code == "picture-too-large"


def test_large_pictures_are_made_smaller() -> None:
    """No side is longer than a screen can show."""
    _, _, width, height = cleaned(photo(size=(6000, 3000)))
    assert (width, height) == (4096, 2048)


def test_who_sees_the_incident_sees_its_pictures(station) -> None:
    """A picture is kept once, listed, given back; others do not find it; that it came is in the log."""
    no = station.reports()["no"]
    at = f"/v1/incidents/{no}/pictures"
    first = station.asks("worker", "POST", at, content=photo(), headers={"Content-Type": "image/jpeg"})
    assert first.status_code == 201, first.text
    again = station.asks("worker", "POST", at, content=photo(), headers={"Content-Type": "image/jpeg"})
    assert again.json()["id"] == first.json()["id"]
    listed = station.asks("street", "GET", at).json()["pictures"]
    assert [(each["id"], each["is_public"]) for each in listed] == [(first.json()["id"], False)]
    given = station.asks("street", "GET", f"{at}/{first.json()['id']}")
    assert (given.status_code, given.headers["content-type"]) == (200, "image/jpeg")
    assert given.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert cleaned(given.content)[1:] == ("image/jpeg", 40, 20)
    problem(station.asks("other_street", "GET", f"{at}/{first.json()['id']}"), 404, "not-found")
    problem(station.asks("other_street", "GET", at), 404, "not-found")
    problem(station.asks("worker", "POST", at, content=b"no", headers={"Content-Type": "image/png"}), 400, "no-picture")
    kinds = station.hall.rows("SELECT kind FROM wangge.event WHERE subject = %s ORDER BY seq", [no])
    assert kinds == [("incident.report",), ("incident.picture",), ("incident.picture",)]
    # A fact beside the loop is no record of it.
    assert [each["event"] for each in station.asks("street", "GET", f"/v1/incidents/{no}/events").json()["events"]] == [
        "report"
    ]
