"""The tree of areas: who belongs to whom, on which day, and on what ground."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
import shapely

from data.store.area_tree import Parent, area_tree
from data.store.area_versions import from_ewkb
from data.store.areas import areas_at
from data.store.sql import many, one, run
from data.store.towns import import_town
from gis.errors import Conflict
from gis.frame import Frame, transform
from gis.town import Communities
from tests.drawn import placed, sketch

FIRST, SECOND, THIRD = date(2021, 1, 1), date(2022, 1, 1), date(2024, 1, 1)
NOW = datetime(2024, 5, 1, 8, tzinfo=UTC)


def town_of(rows, *, name="town", shift=0.0):
    """Draw a town of square communities in a row: each of code, name, street, district, and where it may be a shape."""
    codes = tuple(row[0] for row in rows)
    squares = [shapely.box(100 * k + shift, 0, 100 * k + 100 + shift, 100) for k in range(len(rows))]
    shapes = [placed(row[4] if len(row) > 4 else square) for row, square in zip(rows, squares, strict=True)]
    polygon = np.empty(len(rows), dtype=object)
    polygon[:] = shapes
    names, streets, districts = (tuple(row[k] for row in rows) for k in (1, 2, 3))
    return replace(
        sketch("A1").town(),
        name=name,
        communities=Communities(codes, names, streets, districts, polygon, np.arange(1, len(rows) + 1)),
    )


def bring(conn, rows, day=FIRST, **how):
    """Import a town of such communities."""
    return import_town(conn, town_of(rows, **how), day=day, now=NOW)


def tree_of(*rows, town="town"):
    """Return the tree that communities (code, street, district) ask for."""
    columns = list(zip(*rows, strict=True))
    nothing = np.empty(len(rows), dtype=object)
    return area_tree(Communities(columns[0], columns[0], columns[1], columns[2], nothing, np.arange(1, len(rows) + 1)), town)


def links(conn, day=FIRST):
    """Return what each area belonged to on a day, by code."""
    return {area.code: area.parent for area in areas_at(conn, day)}


def ground(conn, code):
    """Return the shape of an area that is open."""
    (text,) = one(
        conn,
        """SELECT v.shape FROM wangge.area_version v JOIN wangge.area a ON a.id = v.area_id
        WHERE a.code = %s AND upper_inf(v.valid)""",
        [code],
    )
    return shapely.set_srid(from_ewkb([text])[0], 0)


def test_digits_type_the_parents_that_are_not_given():
    """A 12-digit code names street, district and city where the files name none, filled with zeros or not."""
    tree = tree_of(("370103016001", "", ""), ("370103016002", "370103016000", "370103000000"))
    assert tree.city == Parent("3701", "3701")
    assert (tree.districts, tree.streets) == ((Parent("370103", "370103"),), (Parent("370103016", "370103016"),))
    assert tree.findings == ()


def test_a_parent_by_name_stays_a_name():
    """A street and a district given by name are not turned into the digits of the community's code."""
    tree = tree_of(("370103016001", "舜耕街道", "市中区"))
    assert (tree.districts, tree.streets) == ((Parent("", "市中区"),), (Parent("", "舜耕街道"),))
    assert tree.city == Parent("3701", "3701")


def test_a_town_without_parents_gets_one_of_each():
    """Codes that are no digits and no parents given make one district and one street called like the town."""
    tree = tree_of(("A", "", ""), ("B", "", ""))
    assert (tree.city, tree.districts, tree.streets) == (None, (Parent("", "town"),), (Parent("", "town"),))


def test_several_districts_without_digits_lie_in_one_city():
    """Where no digits name a city, several districts hang below one called like the town, so that it has one root."""
    assert tree_of(("A", "S", "one"), ("B", "S", "two")).city == Parent("", "town")


def test_a_prefix_that_disagrees_is_a_warning_and_the_link_holds():
    """云田镇 carries one district's digits and belongs to another: the given link holds, with a warning in both languages."""
    tree = tree_of(("430204102001", "", "430202"), ("430204003001", "430204004", ""))
    assert tree.districts[tree.district_of[tree.street_of[0]]] == Parent("430202", "430202")
    assert tree.streets[tree.street_of[1]] == Parent("430204004", "430204004")
    assert [(f.kind, f.severity.value, f.subject, f.row) for f in tree.findings] == [
        ("area_prefix", "warning", "430204102001", 1),
        ("area_prefix", "warning", "430204003001", 2),
    ]


def test_a_street_by_code_lies_in_one_district():
    """Where communities disagree about a street's district the majority holds; streets by name may be one in each."""
    street = "370103016"
    tree = tree_of(*((f"37010301600{k}", street, d) for k, d in enumerate(("甲区", "甲区", "乙区"), 1)))
    assert (tree.districts, len(tree.streets)) == ((Parent("", "甲区"),), 1)
    assert [f.kind for f in tree.findings] == ["area_two_parents"]
    assert len(tree_of(("A", "人民路", "甲区"), ("B", "人民路", "乙区")).streets) == 2


def test_links_and_local_codes(tx):
    """Areas by name have their name for a code, behind their parent's where it is taken; links are real."""
    rows = [("A", "社区", "人民路", "甲区"), ("B", "社区", "人民路", "乙区"), ("甲路", "社区", "甲区", "甲区")]
    bring(tx, rows)
    assert links(tx) == {
        "town": None,
        "甲区": "town",
        "乙区": "town",
        "人民路": "甲区",
        "乙区/人民路": "乙区",
        "甲区/甲区": "甲区",
        "A": "人民路",
        "B": "乙区/人民路",
        "甲路": "甲区/甲区",
    }
    assert [a.name for a in areas_at(tx, FIRST, "street")] == ["人民路", "人民路", "甲区"]


def test_a_code_of_another_kind_of_area_is_refused(tx):
    """A community cannot have the code of a street that is there."""
    bring(tx, [("A", "a", "S", "D")])
    with pytest.raises(Conflict, match="S is the code of a street"):
        bring(tx, [("S", "s", "T", "D")], name="other")


def test_areas_of_any_day(tx):
    """Five communities three years ago and 22 today: each day has its own, and what was below a street is asked as it was."""
    few = [(f"C{k:02}", f"c{k}", "S", "D") for k in range(5)]
    bring(tx, few)
    bring(tx, [*few, *((f"C{k:02}", f"c{k}", "S" if k < 12 else "T", "D") for k in range(5, 22))], THIRD)
    assert len(areas_at(tx, SECOND, "community")) == 5
    assert len(areas_at(tx, THIRD, "community")) == 22
    assert len(areas_at(tx, THIRD, "community", "T")) == 10
    assert areas_at(tx, SECOND, under="T") == []
    assert areas_at(tx, date(2020, 12, 31)) == []
    assert [a.code for a in areas_at(tx, FIRST, under="C03")] == ["C03"]


def test_what_does_not_change_is_not_written(tx):
    """A change to one community closes its version and its parents', and leaves its neighbour's as it was."""
    bring(tx, [("A", "a", "S", "D"), ("B", "b", "T", "D")])
    imported = bring(tx, [("A", "a", "S", "D"), ("B", "new name", "T", "D")], SECOND)
    assert imported.areas == {"new": (), "closed": (), "changed": ("B",)}
    rows = many(
        tx,
        """SELECT a.code, v.name, v.valid::text FROM wangge.area_version v JOIN wangge.area a ON a.id = v.area_id
        WHERE a.level = 'community' ORDER BY a.code, v.valid""",
    )
    assert rows == [
        ("A", "a", "[2021-01-01,)"),
        ("B", "b", "[2021-01-01,2022-01-01)"),
        ("B", "new name", "[2022-01-01,)"),
    ]


def test_a_polygon_that_begins_elsewhere_is_the_same_ground(tx):
    """The same ring written from another corner opens no new version."""
    square = shapely.box(0, 0, 100, 100)
    corners = shapely.get_coordinates(square)[:-1]
    turned = shapely.Polygon(np.roll(corners, 2, axis=0))
    bring(tx, [("A", "a", "S", "D", square)])
    imported = bring(tx, [("A", "a", "S", "D", turned)], SECOND)
    assert (imported.is_new, imported.areas["changed"]) == (True, ())


def test_a_community_that_is_gone_is_closed_and_names_its_heir(tx):
    """A merged community ends on the day and says who has most of its ground; the code opens again if it comes back."""
    halves = [shapely.box(0, 0, 170, 100), shapely.box(170, 0, 300, 100)]
    three = [(code, code, "S", "D") for code in "ABC"]
    bring(tx, three)
    two = [("A", "A", "S", "D", halves[0]), ("C", "C", "S", "D", halves[1])]
    imported = bring(tx, two, SECOND)
    assert imported.areas == {"new": (), "closed": ("B",), "changed": ("A", "C")}
    (gone,) = areas_at(tx, FIRST, "community", "B")
    assert (gone.valid_to, gone.replaced_by) == (SECOND, "A")
    assert [a.code for a in areas_at(tx, SECOND, "community")] == ["A", "C"]
    assert bring(tx, three, THIRD).areas["new"] == ("B",)
    assert [a.code for a in areas_at(tx, THIRD, "community")] == ["A", "B", "C"]


def test_a_street_without_communities_is_closed(tx):
    """A street whose last community went to another one ends that day; the other one grows."""
    bring(tx, [("A", "a", "S", "D"), ("B", "b", "T", "D")])
    imported = bring(tx, [("A", "a", "S", "D"), ("B", "b", "S", "D")], SECOND)
    assert imported.areas == {"new": (), "closed": ("T",), "changed": ("B", "S")}
    assert ground(tx, "S").equals(placed(shapely.box(0, 0, 200, 100)))


def test_streets_and_districts_are_the_union_of_what_is_in_them(tx):
    """The ground of a street is its communities' exactly, and a district's its streets', where they overlap too."""
    third = shapely.box(190.005, 0, 300, 100)
    bring(tx, [("A", "a", "S", "D"), ("B", "b", "S", "D"), ("C", "c", "T", "D", third)])
    assert ground(tx, "S").equals(placed(shapely.box(0, 0, 200, 100)))
    assert ground(tx, "D").area == 30_000
    assert ground(tx, "D").is_valid


def test_a_correction_of_the_same_day_replaces(tx):
    """Two imports on one day leave one version of each area: a day has one state."""
    bring(tx, [("A", "a", "S", "D"), ("B", "b", "S", "D")])
    bring(tx, [("A", "new", "S", "D")])
    assert [(a.code, a.name) for a in areas_at(tx, FIRST, "community")] == [("A", "new")]
    assert one(tx, "SELECT count(*) FROM wangge.area_version v JOIN wangge.area a ON a.id = area_id WHERE code = 'A'") == (1,)


def test_the_past_is_not_rewritten(tx):
    """An import for a day before what is known is refused with the day."""
    bring(tx, [("A", "a", "S", "D")], SECOND)
    with pytest.raises(Conflict, match="2021-01-01"):
        bring(tx, [("A", "new", "S", "D")], FIRST)


def test_a_street_that_moves_takes_all_paths_along(tx):
    """A street that goes to another district keeps its identity, and every path below it follows: areas, points, plans."""
    rows = [("A", "a", "S", "D"), ("B", "b", "T", "E")]
    town = bring(tx, rows).town
    (street, community) = (one(tx, "SELECT id FROM wangge.area WHERE code = %s", [code])[0] for code in "SA")
    run(
        tx,
        """INSERT INTO wangge.plan (town_id, snapshot, path, paths, title, created_at, updated_at)
        SELECT %s, 1, path, ARRAY[path, (SELECT path FROM wangge.area WHERE code = 'B')], 'p', %s, %s
        FROM wangge.area WHERE code = 'A' """,
        [town, NOW, NOW],
    )
    run(tx, "INSERT INTO wangge.event (kind, path) SELECT 'k', path FROM wangge.area WHERE code = 'A' ")
    (logged,) = one(tx, "SELECT path::text FROM wangge.event")
    imported = bring(tx, [("A", "a", "S", "E"), ("B", "b", "T", "E")], SECOND)
    assert imported.areas == {"new": (), "closed": ("D",), "changed": ("S", "E")}
    (district, city) = (one(tx, "SELECT id FROM wangge.area WHERE code = %s", [code])[0] for code in ("E", "town"))
    path = f"{city}.{district}.{street}.{community}"
    assert one(tx, "SELECT path::text FROM wangge.area WHERE code = 'A'") == (path,)
    assert one(tx, "SELECT path::text, paths[1]::text FROM wangge.plan") == (path, path)
    assert one(tx, "SELECT count(*) FROM wangge.plan p, wangge.area a WHERE a.code = 'B' AND a.path = p.paths[2]") == (1,)
    assert many(tx, "SELECT DISTINCT v.path::text FROM wangge.area_version v WHERE area_id = %s", [community]) == [(path,)]
    assert many(tx, "SELECT DISTINCT path::text FROM wangge.household_point") == [(path,)]
    assert many(tx, "SELECT DISTINCT path::text FROM wangge.town_feature WHERE code = 'A'") == [(path,)]
    assert one(tx, "SELECT path::text FROM wangge.event") == (logged,)
    assert (links(tx, FIRST)["S"], links(tx, SECOND)["S"]) == ("D", "E")


def test_towns_share_a_street(tx):
    """A second town in the same street adds its ground to it, and neither town's communities move."""
    bring(tx, [("370103016001", "a", "370103016", "370103")])
    bring(tx, [("370103016002", "b", "370103016", "370103")], SECOND, name="second", shift=100.0)
    assert len(areas_at(tx, SECOND, "street")) == 1
    assert ground(tx, "370103").area == 20_000
    assert ground(tx, "3701").area == 20_000


def test_a_street_of_the_same_name_elsewhere_is_another(tx):
    """人民路街道 of a second town in another district is not the first one's, and does not carry it off."""
    bring(tx, [("A", "a", "人民路", "甲区")])
    bring(tx, [("B", "b", "人民路", "乙区")], SECOND, name="second")
    assert links(tx, SECOND)["A"] == "人民路"
    assert links(tx, SECOND)["B"] == "乙区/人民路"


def test_a_typing_error_does_not_carry_a_district_off(tx):
    """A district with other towns' communities in it cannot be pulled into another city by a second town's digits."""
    bring(tx, [("370103016001", "a", "", "370103")])
    rows = [("430204003001", "b", "", "430204"), ("430204003002", "c", "", "430204"), ("X", "x", "s", "370103")]
    with pytest.raises(Conflict, match="370103"):
        bring(tx, rows, SECOND, name="second")


def test_the_frame_of_a_shared_area_stays(tx):
    """An area of two towns in two frames keeps the frame it began with; the second town's ground is carried into it."""
    bring(tx, [("370103016001", "a", "370103016", "370103")])
    town = replace(town_of([("370103016002", "b", "370103016", "370103")], name="second"), frame=Frame("EPSG:4547"))
    import_town(tx, town, day=SECOND, now=NOW)
    frames = many(
        tx,
        """SELECT DISTINCT a.level, ST_SRID(v.shape) FROM wangge.area_version v JOIN wangge.area a ON a.id = v.area_id
        WHERE a.level IN ('community', 'street') ORDER BY 1, 2""",
    )
    assert frames == [("community", 4547), ("community", 4548), ("street", 4548)]
    here, there = placed(shapely.box(0, 0, 100, 100)), placed(shapely.box(0, 0, 100, 100))
    there = shapely.transform(there, lambda xy: transform(xy, "EPSG:4547", "EPSG:4548"))
    assert ground(tx, "370103016").hausdorff_distance(shapely.union(here, there)) < 0.01
