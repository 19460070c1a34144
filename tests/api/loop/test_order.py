"""Service orders: two variants, each step by its tier and in its turn."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.loop.incident import Party, Person
from api.loop.order import (
    JIUQUAN,
    VARIANTS,
    YUNYANG,
    Order,
    OrderRecord,
    Step,
    offered,
    order_columns,
    replay_order,
    take_order,
    variant_from,
    variant_rows,
)
from api.who.caller import Tier
from gis.errors import Conflict, ParameterError, Refused, RulesError, StoreError
from tests.api.loop.ward import COMMUNITY, HOUR, ORGS, PEOPLE, START

KNOWN = {Party(is_org=True, id=each.id): each for each in ORGS.values()}
KNOWN[Party(is_org=False, id="bob")] = Person(id="bob", tier=Tier.GRID, path=COMMUNITY)
SAID = {
    "dispatched": {"to": {"org": "sweepers"}},
    "finished": {"result": "swept"},
    "rated": {"result": "satisfied"},
}
WAYS = {
    "yunyang": [
        ("placed", "ann"), ("sorted", "clerk"), ("dispatched", "sam"), ("taken", "swee"), ("finished", "swee"),
        ("rated", "ann"),
    ],
    "jiuquan": [("placed", "ann"), ("dispatched", "clerk"), ("taken", "swee"), ("finished", "swee"), ("rated", "ann")],
}  # fmt: skip


def goes(order: Order, step: str, name: str, *, hours: int = 1, **said) -> tuple[Order, OrderRecord]:
    at = START + hours * HOUR
    return take_order(order, step, SAID.get(step, {}) | said, PEOPLE[name], at, known=KNOWN)


def after(variant: str, count: int) -> tuple[Order, list[OrderRecord]]:
    order, log = Order(variant=VARIANTS[variant], path=COMMUNITY), list[OrderRecord]()
    for hours, (step, name) in enumerate(WAYS[variant][:count], start=1):
        order, record = goes(order, step, name, hours=hours)
        log.append(record)
    return order, log


@pytest.mark.parametrize("variant", WAYS)
def test_the_whole_way(variant) -> None:
    """An order goes through its variant's steps, each by its own people, and its log replays to it through JSON."""
    order, log = after(variant, 9)
    assert order.next is None
    assert [step for step, _ in order.done] == [step for step, _ in WAYS[variant]]
    assert all(one <= other for (_, one), (_, other) in pairwise(order.done))
    read = [OrderRecord.of_json(json.loads(json.dumps(record.as_json()))) for record in log]
    assert replay_order(VARIANTS[variant], COMMUNITY, read) == order
    with pytest.raises(StoreError):
        replay_order(VARIANTS[variant], COMMUNITY, read[1:])


def test_variants_are_lists_of_steps_and_tiers() -> None:
    """云阳 sorts in the community and dispatches from the street; 酒泉 dispatches from the community, and does not sort."""
    assert [(each.step, each.tier) for each in YUNYANG.steps][:3] == [
        (Step.PLACED, Tier.NONE),
        (Step.SORTED, Tier.COMMUNITY),
        (Step.DISPATCHED, Tier.STREET),
    ]
    assert [each.step for each in JIUQUAN.steps] == [Step.PLACED, Step.DISPATCHED, Step.TAKEN, Step.FINISHED, Step.RATED]
    assert JIUQUAN.steps[1].tier is Tier.COMMUNITY


@pytest.mark.parametrize(
    ("variant", "count", "name", "code"),
    [
        ("yunyang", 1, "sam", "wrong-tier"),
        ("yunyang", 1, "ann", "scope-denied"),
        ("yunyang", 1, "neighbour", "scope-denied"),
        ("yunyang", 2, "clerk", "wrong-tier"),
        ("yunyang", 2, "dan", "wrong-tier"),
        ("yunyang", 3, "wu", "not-the-owner"),
        ("yunyang", 3, "nobody", "scope-denied"),
        ("yunyang", 4, "ann", "not-the-owner"),
        ("yunyang", 5, "bob", "scope-denied"),
        ("yunyang", 5, "sam", "wrong-tier"),
        ("jiuquan", 1, "sam", "wrong-tier"),
    ],
)
def test_wrong_people_are_refused(variant, count, name, code) -> None:
    """Each step is refused to whoever is not its tier, its target or its resident."""
    order, _ = after(variant, count)
    step = WAYS[variant][count][0]
    with pytest.raises(Refused) as refused:
        goes(order, step, name, hours=count + 1)
    assert refused.value.code == code
    assert offered(order, PEOPLE[name]) is None


@settings(deadline=None)
@given(st.sampled_from(sorted(WAYS)), st.integers(0, 6), st.sampled_from(list(Step)), st.sampled_from(sorted(PEOPLE)))
def test_what_is_offered_is_what_can_be_done(variant, count, step, name) -> None:
    """A step succeeds if and only if it is the one that is offered; any other is a conflict that names the next."""
    order, _ = after(variant, count)
    offer = offered(order, PEOPLE[name])
    if offer is not None and offer[0].step is step:
        assert offer[1] == tuple(SAID.get(step, {}))
        assert goes(order, step, name, hours=9)[1].step is step
        return
    with pytest.raises((Conflict, Refused)) as caught:
        goes(order, step, name, hours=9)
    if order.next is None or order.next.step is not step:
        assert caught.value.extra["allowed"] == ([] if order.next is None else [order.next.step])


def test_the_community_rates_for_whoever_has_no_account() -> None:
    """An order of somebody without an account is rated by the community that they told, and by no stranger."""
    order, _ = goes(Order(variant=JIUQUAN, path=COMMUNITY), "placed", "nobody")
    assert order.placed_by is None
    for hours, (step, name) in enumerate(WAYS["jiuquan"][1:4], start=2):
        order, _ = goes(order, step, name, hours=hours)
    with pytest.raises(Refused):
        goes(order, "rated", "nobody", hours=9)
    rated, _ = goes(order, "rated", "clerk", hours=9, result="basic")
    assert rated.satisfaction == "basic"


def test_wrong_fields_and_times() -> None:
    """A target that nobody knows or that works elsewhere, a missing or unknown field, an earlier time: each is refused."""
    order, _ = after("jiuquan", 1)
    for said, code in (
        ({"to": {"org": "unheard-of"}}, "unknown-party"),
        ({"to": {"org": "other-street"}}, "out-of-area"),
        ({"to": None}, "missing-field"),
        ({"why": "so"}, "unknown-field"),
    ):
        with pytest.raises(ParameterError) as refused:
            goes(order, "dispatched", "clerk", hours=2, **said)
        assert refused.value.code == code
    with pytest.raises(Conflict):
        goes(order, "dispatched", "clerk", hours=0)
    member, _ = goes(order, "dispatched", "clerk", hours=2, to={"person": "bob"})
    assert goes(member, "taken", "bob", hours=3)[1].org is None
    with pytest.raises(Refused):
        goes(member, "taken", "ann", hours=3)


def test_variants_are_rows() -> None:
    """Every variant comes back from its rows; rows of another place's own making are a variant as well."""
    for name, variant in VARIANTS.items():
        assert variant_from(name, variant_rows(variant)) == variant
    rows = variant_rows(JIUQUAN)
    rows[1]["by"] = "district"
    assert variant_from("other", rows).steps[1].tier is Tier.DISTRICT


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[:-1],
        lambda rows: rows[1:],
        lambda rows: [rows[0], rows[2], rows[1], *rows[3:]],
        lambda rows: [*rows, rows[-1]],
        lambda rows: [rows[0], {"step": "sorted", "by": "target"}, *rows[2:]],
        lambda rows: [rows[0], {"step": "sorted", "by": "mayor"}, *rows[2:]],
        lambda rows: [rows[0], {"step": "shelved", "by": "community"}, *rows[2:]],
        lambda rows: [rows[0], {"by": "community"}, *rows[2:]],
    ],
    ids=["no end", "no beginning", "out of order", "twice", "wrong people", "unknown people", "unknown step", "no step"],
)
def test_rows_that_are_no_variant(change) -> None:
    """A step that is missing, twice, out of order, of the wrong people or unknown makes no variant."""
    with pytest.raises(RulesError, match="variant v"):
        variant_from("v", change(variant_rows(YUNYANG)))


@pytest.mark.parametrize("variant", WAYS)
def test_a_row_says_what_the_log_says(variant) -> None:
    """After every step the row has its state, its time, whose it is and what was said of it, and nothing of later steps."""
    for count in range(1, len(WAYS[variant]) + 1):
        order, log = after(variant, count)
        row = order_columns(order)
        taken = [step for step, _ in WAYS[variant][:count]]
        assert (row["state"], row["revision"], row["at"]) == (taken[-1], count, log[-1].at)
        assert {step for step in Step if row[f"{step}_at"] is not None} == set(taken)
        assert row["target_org"] == ("sweepers" if "dispatched" in taken else None)
        assert (row["target_person"], row["satisfaction"]) == (None, "satisfied" if "rated" in taken else None)
