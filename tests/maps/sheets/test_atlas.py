"""Many sheets: what is made, what is left as it lies, and what the manifest says of it."""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gis.errors import InputError, WanggeError
from maps.sheets import printing
from maps.sheets.atlas import make_atlas
from maps.sheets.manifest import MANIFEST, file_name
from maps.sheets.printing import PRINTED, WORTH_A_POOL
from maps.sheets.values import Form, Post, SheetOptions, Volume
from maps.words import catalogue
from tests.maps.sheets.printed import draw_ground, said_by

ROWS = (0, 1, 2)


def manifest(folder):
    with (folder / MANIFEST).open(encoding="utf-8-sig", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def test_the_manifest_lists_every_file(tmp_path):
    """Each sheet is named by its code and stands in the manifest with its scale, its size and its digest."""
    ground = draw_ground()
    made = make_atlas(ground, ROWS, SheetOptions(), tmp_path)

    listed = manifest(tmp_path)
    assert made.made == 3
    assert set(listed) == {f"{ground.code[row]}.pdf" for row in ROWS}
    assert {path.name for path in tmp_path.iterdir()} == {*listed, MANIFEST}
    for name, row in listed.items():
        content = (tmp_path / name).read_bytes()
        assert (row["bytes"], row["sha256"]) == (str(len(content)), hashlib.sha256(content).hexdigest())
    assert listed["370103001001001.pdf"]["name"] == "安宁社区第1网格"
    assert listed["370103001001001.pdf"]["scale"] == "2000"


def test_a_second_run_makes_nothing(tmp_path):
    """What is there and has not changed is left as it lies."""
    make_atlas(draw_ground(), ROWS, SheetOptions(), tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.pdf")}

    again = make_atlas(draw_ground(), ROWS, SheetOptions(), tmp_path)

    assert (again.made, again.kept) == (0, 3)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.pdf")} == before


def test_only_what_has_changed_is_made(tmp_path):
    """Other households make the sheet of their grid anew; a file that is missing or spoiled is made again."""
    ground = draw_ground()
    make_atlas(ground, ROWS, SheetOptions(), tmp_path)
    households = ground.households.copy()
    households[1] += 7

    assert make_atlas(replace(ground, households=households), ROWS, SheetOptions(), tmp_path).made == 1
    (tmp_path / "370103001001001.pdf").unlink()
    (tmp_path / "370103001002003.pdf").write_bytes(b"half")
    assert make_atlas(replace(ground, households=households), ROWS, SheetOptions(), tmp_path).made == 2
    assert make_atlas(replace(ground, households=households), ROWS, SheetOptions(), tmp_path).made == 0


OPTIONS = (
    {"review_number": "鲁S001"},
    {"day": "2026-11-22"},
    {"lang": "en"},
    {"staff": {"370103001001001": (Post("leader", "王芳"),)}},
)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: next(iter(options)))
def test_options_are_part_of_the_input(tmp_path, options):
    """Sheets are made again when they are to say something else; a grid's staff concern its own sheet only."""
    make_atlas(draw_ground(), ROWS, SheetOptions(), tmp_path)

    assert make_atlas(draw_ground(), ROWS, SheetOptions(**options), tmp_path).made == (1 if "staff" in options else 3)


@pytest.mark.parametrize(("key", "made"), [("sheet.households", 3), ("plan.kind.residential", 3), ("desk.title", 0)])
def test_words_of_other_pages_change_no_sheet(tmp_path, monkeypatch, key, made):
    """Another word on the sheets makes them anew; one of a page on the screen leaves them as they lie."""
    make_atlas(draw_ground(), ROWS, SheetOptions(), tmp_path)
    words = {**catalogue("zh"), key: "别的"}
    monkeypatch.setattr("maps.sheets.printing.catalogue", lambda _: words)

    assert make_atlas(draw_ground(), ROWS, SheetOptions(), tmp_path).made == made


def test_every_word_of_a_sheet_is_part_of_its_input():
    """Sheets take their words from the parts of the catalogue that a change of makes them anew."""
    folder = Path(printing.__file__).parent
    used = {
        key for file in folder.glob("*.py") for key in re.findall(r'word\(\s*f?"([a-z_]+\.)', file.read_text(encoding="utf-8"))
    }

    assert used == set(PRINTED)


def test_a_neighbour_that_changes_its_name(tmp_path):
    """A sheet is made again when a neighbour on it has another name, and not for a grid beyond its frame."""
    ground = draw_ground()
    make_atlas(ground, (0,), SheetOptions(), tmp_path)
    beside = replace(ground, name=(ground.name[0], "春和社区第9网格", *ground.name[2:]))

    assert make_atlas(beside, (0,), SheetOptions(), tmp_path).made == 1
    far = replace(beside, name=(*beside.name[:8], "春和社区第8网格"))
    assert make_atlas(far, (0,), SheetOptions(), tmp_path).made == 0


def test_what_was_cut_off_is_gone_on_with(tmp_path):
    """A run that stops at a fault keeps what it has made, leaves no half file, and the next makes the rest."""
    ground = draw_ground()

    def stop(done, _):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_atlas(ground, ROWS, SheetOptions(), tmp_path, progress=stop)

    assert len(manifest(tmp_path)) == 2
    assert not list(tmp_path.glob(".*"))
    assert make_atlas(ground, ROWS, SheetOptions(), tmp_path).made == 1


def test_volumes(tmp_path):
    """A volume holds the sheets of a community, a street or all, and is made again when one of them changes."""
    ground = draw_ground()
    make_atlas(ground, ROWS, SheetOptions(), tmp_path, volume=Volume.STREET)

    assert "Pages:           3" in said_by("pdfinfo", tmp_path / "street-清河街道.pdf")
    assert "安宁社区第2网格" in said_by("pdftotext", tmp_path / "street-清河街道.pdf", "-")
    assert manifest(tmp_path)["street-学府街道.pdf"]["pages"] == "2"
    households = ground.households.copy()
    households[2] += 7
    again = make_atlas(replace(ground, households=households), ROWS, SheetOptions(), tmp_path, volume=Volume.STREET)
    assert (again.made, again.kept) == (2, 3)


def test_volumes_need_pages(tmp_path):
    """A picture has no pages: asking for a volume of pictures is refused before anything is made."""
    with pytest.raises(WanggeError, match="only a PDF has pages"):
        make_atlas(draw_ground(), ROWS, SheetOptions(form=Form.PNG), tmp_path / "new", volume=Volume.ALL)
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_processes_make_the_same(tmp_path):
    """Two processes make the same bytes as one, in the same order of the manifest."""
    few = draw_ground()
    twice = {name: tuple(getattr(few, name)) * 2 for name in ("name", "subtype", "bounds")}
    arrays = {name: np.tile(getattr(few, name), 2) for name in ("dedicated", "households", "area_m2", "community", "polygon")}
    ground = replace(few, code=(*few.code, *(f"9{code}" for code in few.code)), **twice, **arrays)
    rows = tuple(range(18))
    assert len(rows) >= WORTH_A_POOL
    make_atlas(ground, rows, SheetOptions(), tmp_path / "one", workers=1)
    make_atlas(ground, rows, SheetOptions(), tmp_path / "two", workers=2)

    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name


def test_codes_that_are_no_names_of_files(tmp_path):
    """A code with slashes or dots stays in its folder; two that differ only in case are refused, both named."""
    assert file_name("../../etc/甲 1") == "%2F..%2Fetc%2F甲%201"
    assert file_name("..") == "%"
    ground = draw_ground(code=("a1", "A1", *map(str, range(7))))

    with pytest.raises(InputError, match="a1 and A1"):
        make_atlas(ground, ROWS, SheetOptions(), tmp_path)


def test_characters_that_the_font_lacks_are_said(tmp_path):
    """A name with a character that cannot be printed is printed with a mark, and the run says which."""
    ground = draw_ground(name=("ก社区第1网格", *draw_ground().name[1:]))
    made = make_atlas(ground, (0,), SheetOptions(), tmp_path)

    (finding,) = made.findings
    assert "ก" in finding.zh
    assert "〓社区第1网格" in said_by("pdftotext", tmp_path / "370103001001001.pdf", "-")


def test_a_manifest_of_somebody_else_is_not_believed(tmp_path):
    """Where the manifest is another's, every sheet is made."""
    (tmp_path / MANIFEST).write_text("file,what\n370103001001001.pdf,something\n", encoding="utf-8")

    assert make_atlas(draw_ground(), ROWS, SheetOptions(), tmp_path).made == 3
