"""Documents as XML: every member is an element, and a list holds elements named for one of what it lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

ITEMS: Mapping[str, str] = {
    "attributes": "attribute",
    "endpoints": "endpoint",
    "errors": "error",
    "formats": "format",
    "notes": "note",
    "service_request_updates": "request_update",
    "service_requests": "request",
    "services": "service",
}
"""What one of each list is called."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(root: str, document: object) -> bytes:
    """Return a document of mappings, lists, texts, numbers, truths and None, below the element `root`, in UTF-8."""
    return ET.tostring(_element(root, document), encoding="UTF-8", xml_declaration=True)


def _element(name: str, value: object) -> ET.Element:
    made = ET.Element(name)
    if isinstance(value, dict):
        made.extend([_element(key, each) for key, each in cast("dict[str, object]", value).items()])
    elif isinstance(value, list):
        made.extend([_element(ITEMS[name], each) for each in cast("list[object]", value)])
    elif isinstance(value, bool):
        made.text = "true" if value else "false"
    elif value is not None:
        # XML has no way at all to say some characters, which a text from outside may hold.
        made.text = _NOT_XML.sub("\ufffd", str(value))
    return made
