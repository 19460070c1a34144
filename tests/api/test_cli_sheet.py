"""`wangge sheet`: a plan on disk becomes printed sheets."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from api.cli import run
from tests.maps.sheets.printed import said_by
from tests.towns import write_town

STAFF = (
    "工号,姓名,办公电话,网格,岗位,力量类别,服务项目,终止日期\n"
    "1,王芳,0531-82000001,{0},网格长,,,\n"
    "2,李强,0531-82000002,{0},专职网格员,,证照代办、助老送餐,\n"
    "3,赵敏,0531-82000003,{0},专业力量,民警,,\n"
    "4,孙磊,0531-82000004,{0},兼职网格员,,理发,2026-01-01\n"
    "5,周正,0531-82000005,{0},专业力量,traffic_police,,\n"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small town with its plan; and the code of one of its grids."""
    folder = tmp_path_factory.mktemp("sheets")
    write_town(folder / "town")
    assert run(["divide", str(folder / "town"), "--out", str(folder / "plan"), "--workers", "1"]) == 0
    with (folder / "plan" / "grids.geojson").open(encoding="utf-8") as file:
        codes = sorted(feature["id"] for feature in json.load(file)["features"])
    return folder, codes


@pytest.fixture(scope="module")
def compared(made):
    """A plan of the same town with larger grids; and its folder's name."""
    folder, _ = made
    (folder / "rules.toml").write_text("minimum = 500\ntarget = 700\nmaximum = 900\n", encoding="utf-8")
    words = [folder / "town", "--out", folder / "larger", "--workers", "1", "--rules", folder / "rules.toml"]
    assert run(["divide", *map(str, words)]) == 0
    return "larger"


def grids_of(plan):
    """The grids of a plan's folder, as its layer tells of them."""
    with (plan / "grids.geojson").open(encoding="utf-8") as file:
        return [feature["properties"] for feature in json.load(file)["features"]]


@pytest.fixture
def says(made, tmp_path, capsys):
    """Print sheets of the plan; return what is said as JSON, or the exit code with what is refused."""
    folder, _ = made

    def run_it(*words, plan="plan"):
        capsys.readouterr()
        where = [folder / plan, "--town", folder / "town", "--out", tmp_path / "out"]
        code = run(["sheet", *map(str, (*where, "--json", *words))])
        said = capsys.readouterr()
        return json.loads(said.out) if code == 0 else (code, said.err)

    return run_it


def text(tmp_path, code):
    return said_by("pdftotext", tmp_path / "out" / f"{code}.pdf", "-")


def test_every_grid_has_its_sheet(made, says, tmp_path):
    """`--all` writes one PDF for each grid, with its bounds as the plan has them; again, nothing is to do."""
    _, codes = made
    said = says("--all", "--workers", 1)

    assert (said["made"], said["kept"]) == (len(codes), 0)
    assert said["files"] == [f"{code}.pdf" for code in codes]
    printed = text(tmp_path, codes[0])
    assert codes[0] in printed
    assert "东至" in printed
    assert "舜耕街道" in printed
    assert says("--all")["kept"] == len(codes)


def test_every_grid_of_a_community_has_its_sheet(made, says):
    """`--community` prints the grids of that community and no others, beside single ones; an unknown one is refused by name."""
    _, codes = made
    homes = sorted({code[:12] for code in codes})
    wanted = [code for code in codes if code.startswith(homes[0])]
    other = next(code for code in codes if not code.startswith(homes[0]))

    assert says("--community", homes[0])["files"] == [f"{code}.pdf" for code in wanted]
    assert says("--community", homes[0], "--grid", other)["files"] == [f"{code}.pdf" for code in sorted([*wanted, other])]
    code, said = says("--community", homes[0][:-1] + "x")
    assert code == 1
    assert f"方案中没有社区 {homes[0][:-1]}x" in said


def test_two_plans_are_compared(made, says, compared, tmp_path):
    """`--compare` prints every community that changed, with the names of both plans and the households that left their grid."""
    folder, codes = made
    said = says("--all", "--compare", folder / "plan", "--volume", "all", plan=compared)
    homes = sorted({code[:12] for code in codes})
    changed = [home for home in homes if f"change-{home}.pdf" in said["files"]]
    book = next(name for name in said["files"] if name.startswith("changes-"))

    assert changed
    text = said_by("pdftotext", "-layout", tmp_path / "out" / f"change-{changed[0]}.pdf", "-")
    assert "原方案：plan；新方案：larger" in text
    # Two grids have become one: those of the smaller have changed theirs.
    households = [grid["households"] for grid in grids_of(folder / "plan") if grid["community"] == changed[0]]
    assert [grid["community"] for grid in grids_of(folder / compared)].count(changed[0]) == 1
    assert f"{sum(households) - max(households)} " in text
    assert f"{100 - 100 * max(households) / sum(households):.1f}%" in text
    pages = said_by("pdftotext", "-layout", tmp_path / "out" / book, "-").split("\f")
    assert sum("网格调整对比图" in page for page in pages) == len(pages) - 1
    assert says("--all", "--compare", folder / "plan", "--volume", "all", plan=compared)["made"] == 0


def test_one_community_is_compared(made, says, compared):
    """`--compare` with `--community` prints that community and its street; a plan beside itself has nothing but the table."""
    folder, codes = made
    home = codes[0][:12]
    said = says("--community", home, "--compare", folder / "plan", plan=compared)

    assert {name for name in said["files"] if name.startswith("change-")} <= {f"change-{home}.pdf"}
    assert sum(name.startswith("street-") for name in said["files"]) == 1
    assert all(name.startswith("street-") for name in says("--all", "--compare", folder / "plan")["files"])
    assert says("--grid", codes[0], "--compare", folder / "plan")[0] == 1
    assert "用 --community 指定要对比的社区编码" in says("--compare", folder / "plan")[1]


def test_one_grid_in_another_form(made, says, tmp_path):
    """A single grid is printed as a picture or as SVG, on either paper, in English."""
    _, codes = made
    assert says("--grid", codes[0], "--format", "png", "--paper", "A3", "--lang", "en")["made"] == 1
    assert (tmp_path / "out" / f"{codes[0]}.png").read_bytes().startswith(b"\x89PNG")
    assert says("--grid", codes[0], "--format", "svg")["made"] == 1
    assert "<svg" in (tmp_path / "out" / f"{codes[0]}.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), "用 --grid 指定网格编码"),
        (("--all", "--grid", "1"), "用 --grid 指定网格编码"),
        (("--grid", "37010301600100x", "--grid", "nothing"), "方案中没有网格 nothing"),
        (("--all", "--date", "22 November"), "2026-01-31"),
        (("--all", "--card-url", "https://grid.example/"), "{code}"),
    ],
    ids=["none", "both", "unknown", "no date", "no card"],
)
def test_wrong_wishes_are_refused(says, tmp_path, words, wanted):
    """What cannot be printed is said before anything is written, every unknown grid by its code."""
    code, said = says(*words)

    assert code == 1
    assert wanted in said
    assert not (tmp_path / "out").exists()


def test_all_unknown_grids_at_once(says):
    """Each grid that the plan does not have is named, with the one that was probably meant."""
    _, said = says("--grid", "37010301600100x", "--grid", "nothing")

    assert "37010301600100x（是否应为" in said
    assert "nothing" in said


SHOWN = {
    "nothing": ((), (), ("王芳", "82000001", "孙磊", "交警", "服务项目")),
    "names": (("--show", "names"), ("王芳", "李强", "赵敏"), ("82000001", "孙磊")),
    "phones": (("--show", "phones"), ("0531-82000001", "0531-82000003"), ("王芳", "孙磊")),
    "both": (("--show", "names", "--show", "phones"), ("王芳", "0531-82000002"), ("孙磊", "周正", "82000005")),
    "forces": (("--show", "forces"), ("交警",), ("周正", "82000005")),
    "services": (("--show", "services"), ("服务项目", "证照代办、助老送餐"), ("李强", "理发")),
    "all": (
        ("--show", "names", "--show", "phones", "--show", "forces", "--show", "services"),
        ("王芳", "周正", "0531-82000005", "证照代办、助老送餐"),
        ("孙磊",),
    ),
}


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_staff_are_shown_as_far_as_it_is_asked_for(made, says, tmp_path, shown):
    """Names and telephones of the office are printed only by their own switch; who no longer serves is never printed."""
    (_, codes), (show, seen, unseen) = made, shown
    (tmp_path / "staff.csv").write_text(STAFF.format(codes[0]), encoding="utf-8")
    says("--grid", codes[0], "--staff", tmp_path / "staff.csv", "--date", "2026-11-22", *show)
    printed = text(tmp_path, codes[0])

    assert "民警" in printed
    assert all(word in printed for word in seen)
    assert not any(word in printed for word in unseen)


def test_a_bad_list_of_staff_is_refused(made, says, tmp_path):
    """A list with a fault stops the printing, and the fault is said with its row."""
    _, codes = made
    (tmp_path / "staff.csv").write_text(f"工号,网格,岗位\n1,{codes[0]},国王\n", encoding="utf-8")

    code, said = says("--grid", codes[0], "--staff", tmp_path / "staff.csv")

    assert code == 1
    assert "国王" in said


def test_a_missing_font_says_what_to_install(says, tmp_path):
    """Without the font nothing is printed, and the command says how to get it."""
    (tmp_path / "empty").mkdir()
    code, said = says("--all", "--fonts", tmp_path / "empty")

    assert code == 1
    assert "fonts-noto-cjk" in said


def test_a_plan_of_another_town(says):
    """A folder that is no plan is refused, with its name."""
    code, said = says("--all", plan="town")

    assert code == 1
    assert "town" in said


def test_other_commands_do_not_wait_for_the_library_that_draws():
    """Importing every command, and everything that says what a sheet is, leaves matplotlib alone."""
    code = "import sys, api.cli, maps.sheets.values, maps.sheets.crop; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
