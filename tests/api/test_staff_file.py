"""Lists of staff as files: read whatever they hold, in either language."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.duty.roles import DutyRole
from api.staff_file import HEADINGS, read_staff_file

CELL = st.text(st.characters(codec="utf-8", exclude_characters='\r\n",'), max_size=12)


@given(st.binary(max_size=200))
def test_any_bytes_are_read(raw) -> None:
    """Whatever a file holds, it is read, or its faults are told; nothing else happens."""
    file = read_staff_file(raw)
    assert file.rows >= 0
    assert file.staff == () or "number" in raw.decode("utf-8", "replace") or "工号" in raw.decode("utf-8", "replace")


@given(st.lists(st.lists(CELL, min_size=len(HEADINGS), max_size=len(HEADINGS)), max_size=5))
def test_any_cells_are_read(rows) -> None:
    """Whatever stands in the cells of a right heading, each row is somebody or a fault of that row."""
    text = "\n".join([",".join(HEADINGS), *(",".join(row) for row in rows)])
    file = read_staff_file(text.encode())
    told = {finding.row for finding in file.findings}
    known = {each.number for each in file.staff}
    for row, cells in enumerate((cells for cells in rows if any(cell.strip() for cell in cells)), 1):
        assert row in told or cells[0].strip() in known


@pytest.mark.parametrize(
    "text",
    [
        (
            "工号,姓名,党员,已培训,网格,岗位,AB岗,五员,服务项目,起始日期\n"
            "7,王芳,是,否,g1,专职网格员,a岗,网格环保员、网格党建员,证照代办、助老送餐;证照代办,2026-03-01\n"
        ),
        (
            "valid_from,letter,role,grid,number,duty_roles,trained,party_member,name,services\n"
            "2026-03-01,A,full-time grid worker,g1,7,party;environment;party,no,yes,王芳,证照代办; 助老送餐\n"
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_either_language_says_the_same(text, encoding) -> None:
    """Headings and values in Chinese or English, columns in any order, in the encodings that office programs write."""
    file = read_staff_file(text.encode(encoding))
    assert not [finding for finding in file.findings if finding.severity == "error"]
    (said,), (post,) = file.staff, file.posts
    assert (said.number, dict(said.said)) == ("7", {"name": "王芳", "party_member": True, "trained": False})
    assert (post.grid, post.role, post.letter, post.duty_roles, post.valid_from) == (
        "g1", DutyRole.FULL_TIME_WORKER, "A", ("party", "environment"), date(2026, 3, 1),
    )  # fmt: skip
    assert post.services == ("证照代办", "助老送餐")
