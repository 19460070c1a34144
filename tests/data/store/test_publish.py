"""A plan takes effect: what is checked before, what holds after, and what can be read of every day for ever."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely

from data.store import plans
from data.store.adopt import adopt, put_in_force
from data.store.approval import seal, send_back
from data.store.log import broken
from data.store.nets import digest, load_net
from data.store.publish import check, compare, town_of
from data.store.rehome import rehome_town
from data.store.sql import many, one, run
from data.store.towns import import_town
from gis.errors import Conflict, NotFound
from partition.engine import divide
from partition.net import net_of
from partition.rules import Rules
from tests.drawn import Home
from tests.stored import NOW, TODAY, brought, cut, drafted, owner, published, village

JUNE = date(2026, 6, 1)


def codes_on(conn, day):
    return [code for (code,) in many(conn, "SELECT code FROM wangge.grid WHERE in_force @> %s::date ORDER BY code", [day])]


def approved(conn, plan):
    """Let a draft pass every tier, without the people."""
    plan = plans.note_check(conn, plan, findings=[], digest=digest(plans.net(conn, plan)), now=NOW)
    seal(conn, plan, actor=None, now=NOW)
    return plans.move(conn, plan, "district_approved", now=NOW)


def redrawn(made, *, minimum=300, maximum=700, target=600):
    """Divide the same town into other grids: two to a community instead of three."""
    rules = Rules(minimum=minimum, target=target, maximum=maximum)
    return net_of(divide(made.town, rules, seed=1), made.town), rules


def drafted_by(conn, made, net, rules):
    maker = plans.Maker(town=made.imported.town, snapshot=made.imported.snapshot, srid=4548, author=None, now=NOW)
    wanted = {"rules": {"minimum": rules.minimum, "target": rules.target, "maximum": rules.maximum}}
    return plans.create(conn, net, maker, plans.Origin(title="two", reason="", made_with=wanted, metrics={}))


def test_a_net_comes_out_as_it_went_in(tx) -> None:
    """Every vertex, figure, reason and household of a net is the same after the store, and so is its digest."""
    made = brought(tx, village().town())
    plan = drafted(tx, made)
    again = load_net(tx, plan=plan.id, version=1)
    assert digest(again) == digest(made.net)
    order = np.argsort(made.net.code)
    assert again.code == tuple(made.net.code[g] for g in order)
    assert all(a.equals_exact(made.net.polygon[g], 0) for a, g in zip(again.polygon, order, strict=True))
    assert again.bounds == tuple(made.net.bounds[g] for g in order)
    assert {c: shapely.to_wkb(s) for c, s in again.outline.items()} == {
        c: shapely.to_wkb(s) for c, s in made.net.outline.items()
    }


def test_the_first_plan_is_adopted(tx) -> None:
    """A first plan takes effect without decisions, and its decision says that the operator adopted it."""
    made, plan = published(tx)
    assert plan.state == "effective"
    assert codes_on(tx, TODAY) == sorted(made.net.code)
    assert many(tx, "SELECT step, verdict FROM wangge.decision") == [("adopt", "pass")]
    assert broken(tx) == ()


def test_a_second_plan_is_not_adopted(tx) -> None:
    """Where a plan is in force another needs its approval, whoever asks."""
    made, _ = published(tx)
    with pytest.raises(Conflict, match="in force"):
        adopt(tx, drafted(tx, made), cut(JUNE))
    with pytest.raises(Conflict, match="approved"):
        put_in_force(tx, drafted(tx, made), cut(JUNE))


def test_the_old_net_ends_the_day_before(tx) -> None:
    """Each day has one net: the old one to the day before, the new one from its day on; the past never changes."""
    made, _ = published(tx)
    before = codes_on(tx, date(2026, 5, 31))
    net, rules = redrawn(made)
    plan = put_in_force(tx, approved(tx, drafted_by(tx, made, net, rules)), cut(JUNE))
    assert (plan.state, plan.effective_from) == ("effective", JUNE)
    assert codes_on(tx, date(2026, 5, 31)) == before
    assert len(codes_on(tx, JUNE)) == len(net) == 4
    assert one(tx, "SELECT count(*) FROM wangge.plan_community WHERE in_force @> %s::date", [JUNE]) == (2,)


def test_codes_are_kept_by_the_largest_part_and_never_used_again(tx) -> None:
    """Three grids become two and then three again: codes of the retired one stay retired, new grids get new numbers."""
    made, _ = published(tx, communities=1)
    first = codes_on(tx, TODAY)
    net, rules = redrawn(made)
    put_in_force(tx, approved(tx, drafted_by(tx, made, net, rules)), cut(JUNE))
    second = codes_on(tx, JUNE)
    assert set(second) < set(first)
    july = date(2026, 7, 1)
    put_in_force(tx, approved(tx, drafted_by(tx, made, made.net, Rules())), cut(july))
    third = codes_on(tx, july)
    retired = set(first) - set(second)
    assert len(third) == 3
    assert not retired & set(third)
    assert one(tx, "SELECT count(*) FROM wangge.grid_code") == (4,)


def test_lineage_conserves_households(tx) -> None:
    """What left the old grids arrived in the new ones: the moves of a plan add up from either side."""
    made, _ = published(tx)
    net, rules = redrawn(made)
    plan = put_in_force(tx, approved(tx, drafted_by(tx, made, net, rules)), cut(JUNE))
    rows = many(tx, "SELECT from_code, to_code, op, households_moved FROM wangge.lineage WHERE plan_id = %s", [plan.id])
    assert {op for _, _, op, _ in rows} <= {"keep", "reshape", "split", "merge", "new", "retire"}
    assert {old for old, _, _, _ in rows if old} == set(codes_on(tx, TODAY))
    assert {new for _, new, _, _ in rows if new} == set(codes_on(tx, JUNE))
    assert sum(moved for *_, moved in rows) > 0


def test_a_kept_grid_keeps_the_day_since_when_it_has_its_shape(tx) -> None:
    """A grid that a new plan leaves alone is since the day of the old plan, though the new plan's row begins later."""
    made, _ = published(tx)
    put_in_force(tx, approved(tx, drafted(tx, made)), cut(JUNE))
    assert many(tx, "SELECT DISTINCT since, lower(in_force) FROM wangge.grid WHERE in_force @> %s::date", [JUNE]) == [
        (TODAY, JUNE)
    ]


def test_a_plan_that_was_overtaken_must_be_made_anew(tx) -> None:
    """Two plans on one community: when the first takes effect the second is refused, and says where."""
    made, _ = published(tx, communities=1)
    one_, two = approved(tx, drafted(tx, made)), approved(tx, drafted(tx, made))
    put_in_force(tx, one_, cut(JUNE))
    with pytest.raises(Conflict) as refused:
        put_in_force(tx, two, cut(date(2026, 7, 1)))
    assert refused.value.code == "stale-base"
    assert refused.value.extra["communities"] == ["370103016001"]


def test_a_base_that_was_replaced_in_part_counts_where_it_still_holds(tx) -> None:
    """Of two communities one got another plan since: a plan of both stands beside each one's own net, no grid of it twice."""
    made, first = published(tx)
    one_home, other_home = sorted(made.net.outline)
    rows = [g for g, community in enumerate(made.net.community) if community == one_home]
    second = put_in_force(tx, approved(tx, drafted(tx, made, net=made.net.take(rows))), cut(JUNE))
    net, rules = redrawn(made)
    third = drafted_by(tx, made, net, rules)
    bases = dict(
        many(
            tx,
            """SELECT a.code, c.base::text FROM wangge.plan_community c JOIN wangge.area a ON a.id = c.area_id
               WHERE plan_id = %s""",
            [third.id],
        )
    )
    assert bases == {one_home: second.id, other_home: first.id}

    new = plans.net(tx, third)
    found = compare(tx, third, town_of(tx, third, communities=tuple(new.outline), divided=new), new)

    assert sorted(found.old.code) == codes_on(tx, JUNE)
    assert found.old.households.sum() == found.new.households.sum() == 2400


def test_no_plan_takes_effect_in_the_past(tx) -> None:
    """What was in force yesterday stays so."""
    made = brought(tx, village().town())
    with pytest.raises(Conflict) as refused:
        adopt(tx, drafted(tx, made), cut(date(2025, 12, 31), today=TODAY))
    assert refused.value.code == "past-day"


@pytest.mark.parametrize("fault", ["gap", "overlap", "missing", "vertex"])
def test_grids_that_do_not_tile_are_refused(tx, fault) -> None:
    """A gap, an overlap, a grid too few and a vertex that the neighbour lacks: each stops the cut-over with its findings."""
    made = brought(tx, village(communities=1).town())
    net = made.net
    polygon = net.polygon.copy()
    if fault == "missing":
        net = net.take([0, 1])
    elif fault == "vertex":
        xy = shapely.get_coordinates(polygon[0])
        polygon[0] = shapely.Polygon(np.insert(xy, 1, np.round((xy[0] + xy[1]) / 2, 2), axis=0))
        net = replace(net, polygon=polygon)
    else:
        wide = 0.01 if fault == "overlap" else -0.01
        polygon[0] = shapely.set_precision(shapely.buffer(polygon[0], wide, join_style="mitre"), 0.01)
        net = replace(net, polygon=polygon)
    plan = drafted(tx, made, net=net)
    if fault == "vertex":
        assert not check(tx, plan)[2].exact
    with pytest.raises(Conflict) as refused:
        adopt(tx, plan, cut())
    assert refused.value.code == "coverage"


def test_the_line_to_a_neighbour_must_be_the_same(tx) -> None:
    """A plan whose outer line has a vertex that the neighbour's net does not have is refused, and names the neighbour."""
    made, _ = published(tx)
    mine = made.net.take([g for g, c in enumerate(made.net.community) if c == "370103016001"])
    x = 500_000 + 400
    added = [np.array([x, 4_000_000 + 123.45])]

    def with_vertex(shape):
        ring = shapely.get_coordinates(shape).tolist()
        for k in range(len(ring) - 1):
            (x0, y0), (x1, y1) = ring[k], ring[k + 1]
            if x0 == x1 == x and min(y0, y1) < added[0][1] < max(y0, y1):
                return shapely.Polygon([*ring[: k + 1], added[0].tolist(), *ring[k + 1 :]])
        return shape

    polygon = np.array([with_vertex(shape) for shape in mine.polygon], dtype=object)
    outline = {code: with_vertex(shape) for code, shape in mine.outline.items()}
    plan = approved(tx, drafted(tx, made, net=replace(mine, polygon=polygon, outline=outline)))
    with pytest.raises(Conflict) as refused:
        put_in_force(tx, plan, cut(JUNE))
    assert (refused.value.code, refused.value.extra["communities"]) == ("line-mismatch", ["370103016002"])


def test_what_was_submitted_does_not_change(tx) -> None:
    """No statement changes a grid of a submitted version; who rejects it begins a version with the same grids."""
    made = brought(tx, village(communities=1).town())
    plan = drafted(tx, made)
    plan = plans.note_check(tx, plan, findings=[], digest=digest(made.net), now=NOW)
    seal(tx, plan, actor=None, now=NOW)
    plan = plans.move(tx, plan, "submitted", now=NOW)
    for statement in (
        "UPDATE wangge.grid SET households = households + 1",
        "UPDATE wangge.grid SET shape = ST_Translate(shape, 0.01, 0)",
        "DELETE FROM wangge.grid",
    ):
        run(tx, "SAVEPOINT s")
        with pytest.raises(Exception, match="does not change"):
            run(tx, statement)
        run(tx, "ROLLBACK TO SAVEPOINT s")
    run(tx, "SAVEPOINT s")
    with pytest.raises(Exception, match="only who rejects"):
        send_back(tx, plan, now=NOW)
    run(tx, "ROLLBACK TO SAVEPOINT s")
    (person,) = one(
        tx,
        """INSERT INTO wangge.person (login, name, created_at) VALUES ('s', 'S', now())
           RETURNING set_config('wangge.person', id::text, true)""",
    )
    run(
        tx,
        """INSERT INTO wangge.decision (plan_id, version, step, verdict, area_id, path, actor, comment, at)
           SELECT %s, 1, 'street_review', 'reject', id, path, %s, 'no', now() FROM wangge.area WHERE level = 'street'""",
        [plan.id, person],
    )
    again = send_back(tx, plan, now=NOW)
    assert again.version == 2
    assert digest(load_net(tx, plan=plan.id, version=1)) == digest(load_net(tx, plan=plan.id, version=2)) == digest(made.net)
    run(tx, "UPDATE wangge.grid SET households = households + 1 WHERE version = 2")


def test_new_households_find_their_grid_and_say_which_grids_are_too_large(tx) -> None:
    """After an import every point of the new snapshot has its grid, and the grids that left the band are named."""
    made, plan = published(tx, communities=1)
    drawing = village(communities=1)
    drawing.homes += [Home(26 + 50 * k, 26, 60) for k in range(3)]
    imported = import_town(tx, drawing.town(), day=TODAY, now=NOW)
    (moved,) = rehome_town(tx, imported.town, imported.snapshot, TODAY)
    assert (moved.plan, moved.points, moved.outside) == (plan.id, 51, 0)
    assert len(moved.out_of_band) == 1
    assert next(iter(moved.out_of_band.values())) > 500
    assert many(tx, "SELECT snapshot, count(*) FROM wangge.assignment GROUP BY 1 ORDER BY 1") == [(1, 48), (2, 51)]
    assert rehome_town(tx, imported.town, imported.snapshot, TODAY) == []
    assert made.imported.snapshot == 1


def test_a_community_that_the_store_does_not_have_is_named(tx) -> None:
    """A net for communities that were never imported is refused by their codes."""
    made = brought(tx, village(communities=1).town())
    net = replace(made.net, outline={"370103016009": next(iter(made.net.outline.values()))})
    with pytest.raises(NotFound, match="370103016009"):
        drafted(tx, made, net=net)


def test_two_cut_overs_in_one_transaction(db) -> None:
    """A plan that takes effect and one that takes its place, committed together, leave one net a day and no false alarm."""
    with owner(db.admin) as conn:
        made, _ = published(conn)
        put_in_force(conn, approved(conn, drafted(conn, made)), cut(JUNE))
    with owner(db.admin) as conn:
        assert len(codes_on(conn, TODAY)) == len(codes_on(conn, JUNE)) == 6
