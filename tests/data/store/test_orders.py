"""Orders in the store: variants as rows, numbers, and a finish rate that SQL can count."""

from datetime import UTC, date, datetime, timedelta

import psycopg2
import pytest

from api.loop.order import VARIANTS, variant_from, variant_rows
from data.store import orders
from data.store.plans import area_named
from data.store.sql import run
from tests.published import COMMUNITIES, DISTRICT, publish
from tests.stored import owner

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_the_variants_of_the_store_are_those_of_the_rules(tx) -> None:
    """A fresh store holds the variants of two places, as the rules know them."""
    found = {name: variant_from(name, steps) for name, steps in orders.variants(tx).items()}
    assert found == dict(VARIANTS)
    assert {name: variant_rows(variant) for name, variant in found.items()} == orders.variants(tx)


def test_numbers_run_by_district_and_day(tx) -> None:
    """Each district counts its own orders, every day from one, and an order's number begins with an O."""
    day = date(2026, 3, 2)
    assert [orders.number(tx, district=DISTRICT, day=day) for _ in range(2)] == ["O2026030237010300001", "O2026030237010300002"]
    assert orders.number(tx, district="370104", day=day) == "O2026030237010400001"
    assert orders.number(tx, district=DISTRICT, day=day + timedelta(days=1)) == "O2026030337010300001"


def test_the_finish_rate_is_counted(db) -> None:
    """Of 4,200 orders 4,124 are finished, which is 98.2 %; an order placed after the time is in neither number."""
    path = publish(db.admin)
    with owner(db.admin) as conn:
        run(
            conn,
            """INSERT INTO wangge.service_order (no, path, variant, category, title, state, target_org, satisfaction, placed_at,
                 dispatched_at, finished_at, rated_at, revision, at)
               SELECT 'O' || n, %(path)s, 'jiuquan', 'repair', 'a lamp', CASE WHEN n <= 4124 THEN 'finished' ELSE 'taken' END,
                 'sanitation', NULL, %(at)s, %(at)s, CASE WHEN n <= 4124 THEN %(at)s::timestamptz END, NULL, 4, %(at)s
               FROM generate_series(1, 4200) n""",
            {"path": path[COMMUNITIES[0]], "at": START},
        )
        run(
            conn,
            """INSERT INTO wangge.service_order (no, path, variant, category, title, state, placed_at, revision, at)
               VALUES ('O4201', %s, 'jiuquan', 'repair', 'a lamp', 'placed', %s, 1, %s)""",
            [path[COMMUNITIES[2]], START, START],
        )
        window = {"placed_from": START, "placed_to": START + timedelta(days=1)}
        done, all_of_them = orders.finished(conn, area=path[COMMUNITIES[0]], **window)
        assert (done, all_of_them, round(100 * done / all_of_them, 1)) == (4124, 4200, 98.2)
        assert orders.finished(conn, area=None, **window) == (4124, 4201)
        later = {"placed_from": START + timedelta(days=1), "placed_to": START + timedelta(days=2)}
        assert orders.finished(conn, area=None, **later) == (0, 0)


def test_the_nearest_area_says_the_variant(db) -> None:
    """Orders go by the variant of the nearest area above that says one; where none does, there is none."""
    path = publish(db.admin)
    with owner(db.admin) as conn:
        assert orders.variant_at(conn, path[COMMUNITIES[0]]) is None
        orders.set_flow(conn, area_named(conn, DISTRICT).id, path[DISTRICT], "yunyang")
        orders.set_flow(conn, area_named(conn, COMMUNITIES[0]).id, path[COMMUNITIES[0]], "jiuquan")
        assert [orders.variant_at(conn, path[code]) for code in COMMUNITIES[:2]] == ["jiuquan", "yunyang"]
        orders.set_flow(conn, area_named(conn, COMMUNITIES[0]).id, path[COMMUNITIES[0]], "yunyang")
        assert orders.variant_at(conn, path[COMMUNITIES[0]]) == "yunyang"


def test_a_row_cannot_contradict_itself(tx) -> None:
    """The store refuses an order that is dispatched to nobody, or rated by no word."""
    for columns, values in (("dispatched_at", "now()"), ("rated_at", "now()"), ("target_org", "'sanitation'")):
        run(tx, "SAVEPOINT before")
        with pytest.raises(psycopg2.errors.CheckViolation):
            run(
                tx,
                f"""INSERT INTO wangge.service_order (no, path, variant, category, title, state, placed_at, revision, at,
                      {columns}) VALUES ('O1', '1', 'jiuquan', 'repair', 'a lamp', 'placed', now(), 1, now(), {values})""",
            )
        run(tx, "ROLLBACK TO before")
