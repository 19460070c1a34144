"""The public card of a grid as it is shown: in the order of the roles, in the reader's language, to programs and on pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.duty.roles import DUTY_WORDS, ROLE_WORDS, ROLES, label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from api.lang import Lang
    from data.store.card import Carded

_RANK = {str(role): n for n, role in enumerate(ROLES)}


def card_people(people: Iterable[Carded], lang: Lang) -> list[dict[str, Any]]:
    """Return those on a card, leaders first, whoever stands in after those of the same role."""
    ordered = sorted(people, key=lambda one: (_RANK[one.role], one.stands_in, one.kind, one.name))
    return [_person(one, lang) for one in ordered]


def _person(one: Carded, lang: Lang) -> dict[str, Any]:
    return {
        "name": one.name,
        "role": one.role,
        "role_label": label(ROLE_WORDS, one.role, lang),
        "kind": one.kind,
        "phone": one.phone,
        "duties": [label(DUTY_WORDS, duty, lang) for duty in one.duty_roles],
        "stands_in": one.stands_in,
    }
