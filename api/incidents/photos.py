"""Pictures that come with incidents: looked at, drawn anew, kept. What a camera writes into a file beside the picture goes.

A picture is decoded and encoded again: where it was taken and by what device is gone (EXIF, XMP, comments), and so is whatever
else somebody hides in a file that looks like a picture. Its orientation is applied before.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageOps, UnidentifiedImageError

from data.store.attachments import MOST, attach, attached
from data.store.incidents import get, note
from gis.errors import Conflict, ParameterError

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg2.extensions import connection

LARGEST = 10 * 2**20
"""Bytes of a file."""
MOST_PIXELS = 50_000_000
"""A small file may hold a picture that fills the memory."""
LONGEST_SIDE = 4096
"""Pixels; a larger picture is made smaller."""
_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def keep_photo(conn: connection, no: str, content: bytes, *, author: str | None, now: datetime) -> str:
    """Keep a picture of an incident that the caller sees, and return its id.

    Raises
    ------
    ParameterError
        It is no JPEG, PNG or WebP, is damaged, or too large.
    Conflict
        The incident has as many pictures as it may.
    """
    row = get(conn, no)
    clean, media_type, width, height = cleaned(content)
    if len(attached(conn, no)) >= MOST:
        raise Conflict(f"an incident has at most {MOST} pictures", code="too-many-pictures", zh=f"每个事件最多 {MOST} 张照片")
    made = attach(conn, no, clean, media_type, width, height, author=author, now=now)
    note(conn, no, kind="picture", path=row["path"], body={"picture": made, "media_type": media_type})
    return made


def cleaned(content: bytes) -> tuple[bytes, str, int, int]:
    """Return a picture and nothing else: its bytes, type, width and height in pixels; raises `ParameterError`."""
    if len(content) > LARGEST:
        most = f"{LARGEST // 2**20} MB"
        raise ParameterError("content", f"a picture has at most {most}", code="picture-too-large", zh=f"每张照片最大 {most}")
    try:
        with Image.open(BytesIO(content), formats=tuple(_TYPES)) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise _too_many_pixels()
            kind = opened.format or "JPEG"
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            drawn = upright.convert("RGB" if kind == "JPEG" else "RGBA" if "A" in upright.getbands() else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise ParameterError("content", "this is no JPEG, PNG or WebP picture, or it is damaged", code="no-picture") from error
    # Only the pixels go over: a new image knows nothing of the old one's file.
    bare = Image.new(drawn.mode, drawn.size)
    bare.paste(drawn)
    written = BytesIO()
    bare.save(written, kind, **({"quality": 85} if kind != "PNG" else {"optimize": False}))
    return written.getvalue(), _TYPES[kind], bare.width, bare.height


def _too_many_pixels() -> ParameterError:
    return ParameterError(
        "content",
        f"a picture has at most {MOST_PIXELS // 1_000_000} million pixels",
        code="picture-too-large",
        zh=f"每张照片最多 {MOST_PIXELS // 10_000} 万像素",
    )
