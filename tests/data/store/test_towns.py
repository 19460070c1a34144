"""A town goes into the store and comes out as the same value, snapshot after snapshot."""

from contextlib import closing
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from threading import Thread

import numpy as np
import pytest
import shapely
from psycopg2.errors import ForeignKeyViolation, UniqueViolation

from data.plan_files import assignment, geojson
from data.sample import write_sample
from data.store.households import changes, points_within
from data.store.pool import Pool, connect
from data.store.scope import Scope
from data.store.sql import many, one, run
from data.store.towns import import_town, load_town
from data.town import read_town
from gis.errors import Conflict, FrameError, NotFound
from gis.finding import Finding, Place, Severity
from gis.frame import Frame, centimetres
from gis.town import ExistingGrids, Households, LineKind
from partition.engine import divide
from partition.rules import Rules
from tests.drawn import Home, Line, sketch
from tests.stored import unmark
from tests.towns import write_town

DAY = date(2024, 5, 1)
LATER = date(2024, 6, 1)
NOW = datetime(2024, 5, 1, 8, tzinfo=UTC)
SQUARES = "A40x10 B40x10\nA40x10 B40x10"


def drawn(text=SQUARES, **changed):
    """Draw a town with something in every layer, and with what makes texts and numbers hard."""
    drawing = sketch(text)
    drawing.homes.append(Home(150.01, 0.0, 7, id="H\\N\t'\"\n户", building="楼,1"))
    drawing.homes.append(Home(-500.0, -500.0, 3, id="outside"))
    drawing.lines.append(Line(LineKind.RIVER, [(0, 33.33), (77.77, 44.44), (200, 55.55)], "清河\\"))
    drawing.compounds = [("小区", shapely.box(10, 10, 60, 60)), ("", shapely.box(70, 10, 90, 20))]
    drawing.dedicated = [("学校", shapely.box(120, 120, 180, 180))]
    town = drawing.town()
    found = [
        Finding(kind="k", severity=Severity.NOTE, en="en", zh="中", row=3, place=Place(0.1 + 0.2, 1e-7, "EPSG:4548")),
        Finding(kind="w", severity=Severity.WARNING, en="", zh="", file="a.csv", field="f", subject="s"),
    ]
    layers = {
        "existing_grids": ExistingGrids(("G1",), town.compounds.polygon[:1], np.array([9])),
        "findings": tuple(found),
        "digests": {"town.toml": "0" * 64, "a.csv": "1" * 64},
    }
    return replace(town, **(layers | changed))


def differences(a, b, where="town"):
    """Name every place where two values are not the very same: type, dtype, order, bytes, and who may write."""
    if is_dataclass(a):
        return [d for f in fields(a) for d in differences(getattr(a, f.name), getattr(b, f.name), f"{where}.{f.name}")]
    if isinstance(a, np.ndarray):
        if a.dtype != b.dtype or a.shape != b.shape or b.flags.writeable:
            return [f"{where}: {a.dtype} {a.shape}, {b.dtype} {b.shape}, writeable {b.flags.writeable}"]
        one_, other = (shapely.to_wkb(v, include_srid=True).tolist() if v.dtype == object else v.tobytes() for v in (a, b))
        return [] if one_ == other else [where]
    return [] if a == b else [f"{where}: {a!r} {b!r}"]


def outputs(town):
    """Divide a town and return the bytes of its files."""
    plan = divide(town, Rules(), seed=3)
    return geojson(plan, town), assignment(plan, town)


def moved(points, index, **changed):
    """Return the household points with the columns of one row changed."""
    columns = {f.name: list(getattr(points, f.name)) for f in fields(points)}
    for name, value in changed.items():
        columns[name][index] = value
    return rebuilt(columns)


def without(points, index):
    """Return the household points but one."""
    return rebuilt({f.name: [v for k, v in enumerate(getattr(points, f.name)) if k != index] for f in fields(points)})


def rebuilt(columns):
    """Make household points of lists."""
    kinds = {"xy": np.float64, "households": np.int64, "persons": np.int64, "row": np.int64}
    return Households(**{name: np.array(v, dtype=kinds[name]) if name in kinds else tuple(v) for name, v in columns.items()})


def test_a_town_comes_out_as_the_very_same_value(tx):
    """Every column, shape, finding and digest of a town comes out with its type, order and bytes, and read-only."""
    town = drawn()
    imported = import_town(tx, town, day=DAY, now=NOW)
    assert (imported.snapshot, imported.is_new) == (1, True)
    assert differences(town, load_town(tx, "drawn")) == []


def test_a_loaded_town_gives_the_same_plan_to_the_byte(tx):
    """A plan made from the store is the one made from memory, byte for byte."""
    town = drawn(on_overlap="error")
    import_town(tx, town, day=DAY, now=NOW)
    assert outputs(load_town(tx, "drawn")) == outputs(town)


def test_a_sample_from_files_gives_the_same_plan_to_the_byte(tx, tmp_path):
    """A sample town of 3,000 households gives the same grids and assignment from the store as from its files."""
    write_sample(tmp_path / "town", households=3000, seed=5)
    town = read_town(tmp_path / "town")
    import_town(tx, town, day=DAY, now=NOW)
    loaded = load_town(tx, town.name)
    assert differences(town, loaded) == []
    assert outputs(loaded) == outputs(town)


def test_a_town_from_files_comes_out_the_same(tx, tmp_path):
    """What the reader makes of files, degrees carried to centimetres, survives the store exactly."""
    town = read_town(write_town(tmp_path))
    import_town(tx, town, day=DAY, now=NOW)
    loaded = load_town(tx, "小城")
    assert differences(town, loaded) == []
    assert list(loaded.digests) == list(town.digests)


def test_coordinates_are_exact_to_the_last_bit(tx):
    """Every whole centimetre over a kilometre comes back as the same double, though few of them are sums of halves."""
    xy = np.stack([np.arange(50_000_000, 50_100_001, 37), np.arange(400_000_000, 400_100_001, 37)], axis=1) / 100
    count = len(xy)
    ids = tuple(f"p{n}" for n in range(count))
    ones = np.ones(count, dtype=np.int64)
    town = replace(drawn(), households=Households(ids, xy, ones, ones, ("",) * count, ids, np.arange(1, count + 1)))
    import_town(tx, town, day=DAY, now=NOW)
    loaded = load_town(tx, "drawn").households.xy
    assert loaded.tobytes() == xy.tobytes()
    assert (centimetres(loaded) == centimetres(xy)).all()


def test_the_same_town_again_is_nothing_new(tx):
    """Importing what is there already makes no snapshot and writes no row."""
    import_town(tx, drawn(), day=DAY, now=NOW)
    count = "SELECT (SELECT count(*) FROM wangge.household_point), (SELECT count(*) FROM wangge.town_feature), txid_current()"
    before = one(tx, count)
    again = import_town(tx, drawn(), day=LATER, now=NOW)
    assert (again.snapshot, again.is_new, again.layers) == (1, False, ())
    assert (again.households.added, again.households.unchanged) == (0, len(drawn().households.id))
    assert one(tx, count) == before
    assert one(tx, "SELECT count(*) FROM wangge.snapshot") == (1,)


def test_only_differences_are_written_and_every_snapshot_stays(tx):
    """A new import ends and begins only the rows that differ; both snapshots load as what they were."""
    first = drawn()
    import_town(tx, first, day=DAY, now=NOW)
    points = moved(first.households, 5, households=99)
    points = without(points, 7)
    points = moved(points, 0, id="new")
    second = replace(first, households=points, on_overlap="error", findings=(), digests={"town.toml": "2"})
    imported = import_town(tx, second, day=LATER, now=NOW)
    counts, total = imported.households, len(first.households.id)
    assert (counts.added, counts.removed, counts.changed, counts.unchanged) == (1, 2, 1, total - 3)
    gone = {first.households.id[0], first.households.id[7]}
    assert (set(imported.ids["removed"]), imported.ids["added"]) == (gone, ("new",))
    assert imported.ids["changed"] == (first.households.id[5],)
    assert counts.households_after - counts.households_before == 99 - 10 - 10
    assert imported.layers == ()
    assert one(tx, "SELECT count(*) FROM wangge.household_point") == (total + 2,)
    assert differences(first, load_town(tx, "drawn", snapshot=1)) == []
    assert differences(second, load_town(tx, "drawn", snapshot=2)) == []
    assert differences(second, load_town(tx, "drawn")) == []


def test_a_layer_that_differs_is_written_anew(tx):
    """One changed compound writes the compounds again and no other layer."""
    first = drawn()
    import_town(tx, first, day=DAY, now=NOW)
    second = replace(first, compounds=replace(first.compounds, name=("小区", "别名")))
    assert import_town(tx, second, day=LATER, now=NOW).layers == ("compound",)
    rows = dict(many(tx, "SELECT layer, count(*) FROM wangge.town_feature WHERE lower(seen) = 2 GROUP BY layer"))
    assert rows == {"compound": 2}
    assert differences(first, load_town(tx, "drawn", snapshot=1)) == []
    assert differences(second, load_town(tx, "drawn")) == []


def lies(conn):
    """Return where each row of household points lies in its table: another place for each that has been written."""
    return dict(many(conn, "SELECT id, ctid::text FROM wangge.household_point"))


def in_order(points, order):
    """Return household points in another order, numbered anew."""
    columns = {f.name: [getattr(points, f.name)[k] for k in order] for f in fields(points)}
    return rebuilt(columns | {"row": list(range(1, len(order) + 1))})


def test_another_place_in_the_file_is_no_change(tx):
    """A point more at the top of a file moves all others, and writes no row but its own; both snapshots have their own rows."""
    first = drawn()
    import_town(tx, first, day=DAY, now=NOW)
    before = lies(tx)
    columns = {f.name: list(getattr(first.households, f.name)) for f in fields(Households)}
    top = {name: [values[5], *values] for name, values in columns.items()}
    top |= {"id": ["top", *columns["id"]], "row": [1, *(row + 1 for row in columns["row"])]}
    second = replace(first, households=rebuilt(top))
    imported = import_town(tx, second, day=LATER, now=NOW)
    assert (imported.households.added, imported.households.changed, imported.households.unchanged) == (1, 0, len(before))
    after = lies(tx)
    assert before.items() <= after.items()
    assert len(after) == len(before) + 1
    assert differences(first, load_town(tx, "drawn", snapshot=1)) == []
    assert differences(second, load_town(tx, "drawn", snapshot=2)) == []


def test_a_file_in_another_order_writes_no_point_and_keeps_its_order(tx):
    """A file turned upside down, with gaps between its rows, comes out upside down, and no row has been written for it."""
    first = drawn()
    import_town(tx, first, day=DAY, now=NOW)
    before = lies(tx)
    turned = in_order(first.households, range(len(first.households.id))[::-1])
    second = replace(first, households=replace(turned, row=turned.row * 1000))
    assert import_town(tx, second, day=LATER, now=NOW).is_new
    assert lies(tx) == before
    assert differences(first, load_town(tx, "drawn", snapshot=1)) == []
    assert differences(second, load_town(tx, "drawn", snapshot=2)) == []


def test_points_that_come_and_go_have_their_rows_in_every_snapshot(tx):
    """Points go, come back, come in between and change over five imports, and each snapshot loads as it came."""
    drawing = drawn()
    count = len(drawing.households.id)
    rng = np.random.default_rng(3)
    came = [drawing]
    for number in range(2, 5):
        order = rng.permutation(count)[: count - number].tolist()
        points = moved(in_order(drawing.households, order), number, persons=1000 + number)
        came.append(replace(drawing, households=points))
    # The points stay where they are and another layer comes.
    came.append(replace(came[-1], compounds=replace(drawing.compounds, name=("小区", "别名"))))
    for town in came:
        import_town(tx, town, day=DAY, now=NOW)
    for number, town in enumerate(came, 1):
        assert differences(town, load_town(tx, "drawn", snapshot=number)) == []


@pytest.mark.parametrize("kept", [False, True])
def test_an_id_that_comes_twice_is_refused(tx, kept):
    """Two points of one id, which the reader never lets pass, are refused by the store, also where the point is there."""
    first = drawn()
    if kept:
        import_town(tx, first, day=DAY, now=NOW)
    twice = in_order(first.households, [*range(len(first.households.id)), 0])
    with pytest.raises(UniqueViolation):
        import_town(tx, replace(first, households=twice), day=LATER, now=NOW)


def test_who_sees_some_points_reads_their_rows(db):
    """Somebody who plans for one community loads its points with the rows and in the order of the whole file."""
    town = drawn()
    with closing(connect(db.admin)) as conn:
        run(conn, "BEGIN")
        import_town(conn, town, day=DAY, now=NOW)
        (path,) = one(conn, "SELECT path::text FROM wangge.area WHERE code = 'B'")
        run(conn, "COMMIT")
    with closing(Pool(db.app, size=1)) as pool, pool.read(Scope(areas_1=(path,), areas_2=(path,), areas_3=(path,))) as conn:
        seen = load_town(conn, "drawn", communities=["B"]).households
    row_of = dict(zip(town.households.id, town.households.row.tolist(), strict=True))
    assert 0 < len(seen.id) < len(town.households.id)
    assert [row_of[identity] for identity in seen.id] == seen.row.tolist() == sorted(seen.row.tolist())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wangge.household_point SET town_id = -1 WHERE external_id = 'outside'",
        """INSERT INTO wangge.household_point (town_id, seen, external_id, path, households, persons, compound, building, shape)
           SELECT -1, seen, external_id, path, households, persons, compound, building, shape FROM wangge.household_point""",
    ],
)
def test_a_point_belongs_to_a_town_that_is_there(tx, statement):
    """No household point can be written for a town that the store does not have, by an import or by hand."""
    import_town(tx, drawn(), day=DAY, now=NOW)
    with pytest.raises(ForeignKeyViolation):
        run(tx, statement)


def test_a_dry_run_tells_and_leaves_nothing(tx):
    """A dry run counts the same changes as the import after it, and writes none of them."""
    told = import_town(tx, drawn(), day=DAY, now=NOW, dry_run=True)
    assert (told.snapshot, told.households.added) == (1, len(drawn().households.id))
    assert one(tx, "SELECT count(*) FROM wangge.area") == (0,)
    with pytest.raises(NotFound):
        load_town(tx, "drawn")
    done = import_town(tx, drawn(), day=DAY, now=NOW)
    assert (done.households, done.areas, done.ids) == (told.households, told.areas, told.ids)


def test_another_frame_is_refused(tx):
    """A town that is kept in one frame cannot come in another, nor in one that PostGIS does not know."""
    import_town(tx, drawn(), day=DAY, now=NOW)
    with pytest.raises(Conflict, match="EPSG:4548"):
        import_town(tx, replace(drawn(), frame=Frame("EPSG:4547")), day=LATER, now=NOW)
    with pytest.raises(FrameError, match="ESRI:102012"):
        import_town(tx, drawn(name="far", frame=Frame("ESRI:102012")), day=DAY, now=NOW)


def test_a_community_belongs_to_one_town(tx):
    """A second town with the first one's community codes is refused by name: two plans would divide the same ground."""
    import_town(tx, drawn(), day=DAY, now=NOW)
    with pytest.raises(Conflict, match="community A is in the town drawn"):
        import_town(tx, drawn(name="other"), day=DAY, now=NOW)


def test_a_few_communities_come_with_what_lies_near(tx):
    """Of one community come its own points, also those on its line that are its own, and the lines within 200 m."""
    drawing = sketch("A4x10 . . . . . B4x10")
    drawing.homes.append(Home(100.0, 50.0, 5, id="on the line"))
    drawing.compounds = [("a", shapely.box(10, 10, 20, 20)), ("b", shapely.box(610, 10, 620, 20))]
    town = replace(drawing.town(), name="wide")
    import_town(tx, town, day=DAY, now=NOW)
    part = load_town(tx, "wide", communities=["A"])
    assert part.communities.code == ("A",)
    assert part.compounds.name == ("a",)
    assert "on the line" in part.households.id
    assert part.households.households.sum() == 45
    # Cross streets every 100 m: those at 0, 100, 200 and 300 m are near the first cell, and two run along.
    assert sorted(set(part.barriers.name)) == ["横0", "横100", "纵0", "纵100", "纵200", "纵300"]
    with pytest.raises(NotFound, match="C"):
        load_town(tx, "wide", communities=["A", "C"])


def test_what_is_not_there_is_not_found(tx):
    """An unknown town, and a snapshot that was never taken, are said to be missing."""
    import_town(tx, drawn(), day=DAY, now=NOW)
    for name, snapshot in (("nowhere", None), ("drawn", 2)):
        with pytest.raises(NotFound):
            load_town(tx, name, snapshot=snapshot)


def test_two_imports_at_once_make_one_snapshot(db):
    """Whoever imports the same town at the same time waits, and finds nothing new."""
    made = []

    def bring():
        with closing(connect(db.admin)) as conn:
            run(conn, "BEGIN")
            made.append(import_town(conn, drawn(), day=DAY, now=NOW).is_new)
            run(conn, "COMMIT")

    threads = [Thread(target=bring) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, False, True]


def test_changes_are_told_in_pages(tx):
    """The changes between two snapshots come by id with what was and what is, page by page, backwards too."""
    first = drawn()
    import_town(tx, first, day=DAY, now=NOW)
    points = moved(moved(first.households, 3, persons=1), 4, compound="新")
    town = import_town(tx, replace(first, households=points), day=LATER, now=NOW).town
    told = changes(tx, town, 1, 2)
    assert [(c.id, c.op) for c in told] == [("H0004", "changed"), ("H0005", "changed")]
    assert (told[0].before.persons, told[0].after.persons, told[1].after.compound) == (30, 1, "新")
    assert (told[0].after.x, told[0].after.y) == tuple(first.households.xy[3])
    assert [c.id for c in changes(tx, town, 1, 2, limit=1, past="H0004")] == ["H0005"]
    assert [c.op for c in changes(tx, town, 0, 1, limit=3)] == ["added"] * 3
    assert changes(tx, town, 2, 1)[0].after.persons == 30


@pytest.mark.parametrize("leakproof", [True, False])
def test_points_in_a_box_are_seen_by_their_scope(db, leakproof):
    """Points in a box come out for whoever may see household points there, and for nobody else, by index or by function."""
    with closing(connect(db.admin)) as conn:
        run(conn, "BEGIN")
        town = import_town(conn, drawn(), day=DAY, now=NOW).town
        (path,) = one(conn, "SELECT path::text FROM wangge.area WHERE code = 'A'")
        if not leakproof:
            unmark(conn)
        run(conn, "COMMIT")
    pool = Pool(db.app, size=1)
    with closing(pool):
        with pool.read(Scope(areas_3=(path,))) as conn:
            seen = points_within(conn, (110.0, 30.0, 125.0, 40.0), town=town, snapshot=1)
            assert points_within(conn, (0.0, 0.0, 1.0, 1.0), town=town, snapshot=1) == []
            assert points_within(conn, (110.0, 30.0, 125.0, 40.0), town=town, snapshot=0) == []
        with pool.read(Scope(areas_1=(path,), areas_2=(path,))) as conn:
            assert points_within(conn, (110.0, 30.0, 125.0, 40.0), town=town, snapshot=1) == []
    assert sum(point.households for point in seen) == 2 * 40 * 10
    assert all(116 < point.lon < 118 and 35 < point.lat < 37 for point in seen)
