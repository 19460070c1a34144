"""The manifest: every slip in it is named, with the word that was probably meant."""

from __future__ import annotations

import pytest

from data.manifest import IGNORE, KINDS, read_manifest
from data.town import check_town
from gis.finding import Finding, Severity
from gis.town import LineKind
from tests.towns import write_town


def only(findings: tuple[Finding, ...], kind: str) -> Finding:
    """Return the one finding of a kind, and see to it that no error of another kind is there."""
    errors = {finding.kind for finding in findings if finding.severity is Severity.ERROR}
    assert errors <= {kind}, findings
    (one,) = [finding for finding in findings if finding.kind == kind]
    return one


def set_in(*path, value):
    """Make a change to the manifest: the value at a path of keys."""

    def change(values):
        for key in path[:-1]:
            values = values[key]
        values[path[-1]] = value

    return change


def drop(*path):
    """Make a change to the manifest: one key less."""

    def change(values):
        for key in path[:-1]:
            values = values[key]
        del values[path[-1]]

    return change


SLIPS = {
    "table": (set_in("barrier", value={"file": "x"}), "unknown_table", "barriers"),
    "key": (set_in("households", "longitude", value="lon"), "unknown_key", None),
    "near key": (set_in("communities", "nam", value="name"), "unknown_key", "name"),
    "misplaced key": (set_in("on_overlap", value="first"), "unknown_table", "[communities]"),
    "no table": (drop("communities"), "missing_table", None),
    "no key": (drop("communities", "code"), "missing_key", None),
    "no file": (drop("households", "file"), "missing_key", None),
    "half a point": (drop("households", "lat"), "missing_key", None),
    "kind": (set_in("barriers", 0, "kind", value="raod"), "unknown_kind", "road"),
    "two kinds": (set_in("barriers", 0, "kind_from", value={"column": "type"}), "missing_key", None),
    "kind in the table": (
        lambda values: (
            values["barriers"][0].update(kind_from={"column": "type", "road": "rode"}) or values["barriers"][0].pop("kind")
        ),
        "unknown_kind",
        "road",
    ),
    "coordinates": (set_in("households", "coordinates", value="gcj-02"), "unknown_coordinates", "gcj02"),
    "registry number": (set_in("households", "coordinates", value="EPSG:99999"), "unknown_coordinates", None),
    "degrees as frame": (set_in("frame", value="EPSG:4326"), "bad_frame", None),
    "unknown frame": (set_in("frame", value="EPSG:0"), "bad_frame", None),
    "overlap rule": (set_in("communities", "on_overlap", value="last"), "wrong_value", None),
    "number for a name": (set_in("communities", "code", value=7), "wrong_value", None),
    "list for a table": (
        set_in("communities", value=[{"file": "communities.geojson", "code": "code"}]),
        "wrong_value",
        None,
    ),
    "where": (set_in("compounds", 0, "where", value="residential"), "wrong_value", None),
    "count below nothing": (set_in("households", "households", value=-1), "wrong_value", None),
    "name of the town": (set_in("name", value=3), "wrong_value", None),
    "name that is no part of an address": (set_in("name", value="济南/市中"), "not_addressable", None),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_each_slip_is_named(tmp_path, slip):
    """A slip in the manifest is one error, with the nearest right word where there is one."""
    change, kind, meant = SLIPS[slip]

    errors = [f for f in check_town(write_town(tmp_path, change=change)) if f.severity is Severity.ERROR]

    named = [finding for finding in errors if finding.kind == kind and finding.file == "town.toml"]
    assert named, errors
    assert meant is None or any(meant in finding.en and meant in finding.zh for finding in named)


def test_no_manifest(tmp_path):
    """A folder without a manifest is told to have one."""
    assert only(check_town(tmp_path), "manifest_missing").severity is Severity.ERROR


def test_syntax_error_has_its_line(tmp_path):
    """A manifest that is no TOML is an error with the number of the line."""
    folder = write_town(tmp_path)
    (folder / "town.toml").write_text('name = "x"\n[communities\nfile = 1\n', encoding="utf-8")

    assert only(check_town(folder), "manifest_syntax").row == 2


def test_gbk_manifest(tmp_path):
    """A manifest in GBK is refused, for TOML is UTF-8."""
    folder = write_town(tmp_path)
    (folder / "town.toml").write_bytes("name = '小城'".encode("gbk"))

    only(check_town(folder), "manifest_not_utf8")


def test_byte_order_mark_in_the_manifest(tmp_path):
    """A manifest with a byte order mark is read, with a note."""
    folder = write_town(tmp_path)
    (folder / "town.toml").write_bytes(b"\xef\xbb\xbf" + (folder / "town.toml").read_bytes())

    assert [finding.kind for finding in check_town(folder)] == ["byte_order_mark"]


def test_all_slips_at_once(tmp_path):
    """Several slips are all named in one run, whatever else is wrong."""

    def change(values):
        values["barrier"] = {"file": "x"}
        values["communities"]["nam"] = "name"
        values["barriers"][0]["kind"] = "raod"
        values["households"]["coordinates"] = "mars"

    kinds = {finding.kind for finding in check_town(write_town(tmp_path, change=change))}

    assert kinds >= {"unknown_table", "unknown_key", "unknown_kind", "unknown_coordinates"}


def test_kinds_are_the_line_kinds_of_the_ground():
    """Every kind of line can be written in a manifest, but not what the program itself draws."""
    assert KINDS == {
        "underground": LineKind.UNDERGROUND,
        "drain": LineKind.DRAIN,
        "wall": LineKind.WALL,
        "lane": LineKind.LANE,
        "road": LineKind.ROAD,
        "main_road": LineKind.MAIN_ROAD,
        "expressway": LineKind.EXPRESSWAY,
        "railway": LineKind.RAILWAY,
        "river": LineKind.RIVER,
        "ignore": IGNORE,
    }


def test_manifest_by_its_own_name(tmp_path):
    """A manifest may have any name; its files lie beside it."""
    folder = write_town(tmp_path)
    (folder / "town.toml").rename(folder / "jinan.toml")

    assert check_town(folder / "jinan.toml") == ()


def test_package_with_a_manifest_beside_it(tmp_path):
    """Beside X.gpkg, X.toml may leave `file` out: the GeoPackage is meant, and the layer of the table's name."""
    (tmp_path / "jinan.toml").write_text('[communities]\ncode = "id"\n[[barriers]]\nkind = "road"\n', encoding="utf-8")
    found: list[Finding] = []

    manifest = read_manifest(tmp_path / "jinan.gpkg", found)

    assert [finding.kind for finding in found] == ["missing_table"]
    assert manifest is not None
    assert manifest.communities is not None
    assert (manifest.communities.path, manifest.communities.layer) == (tmp_path / "jinan.gpkg", "communities")
    assert manifest.barriers[0].layer == "barriers"
