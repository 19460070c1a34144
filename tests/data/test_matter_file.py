"""Matters as a file: headings and words of both kinds, what is left out, and every fault at its row and column."""

import pytest

from data.matter_file import COLUMNS, MatterText, read_matters
from gis.errors import InputError

FULL = MatterText(
    code="0101",
    name="暴露垃圾",
    category="市容环境",
    level="community",
    board="livelihood",
    list_class="public",
    department="cgj",
    co_departments=("hbj", "jtj"),
    limit=(3, "work_day"),
    filing_condition="有垃圾",
    closing_condition="已清运",
    standard="当日清运",
    power_delegated=True,
    funding="区财政",
    batch="第一批",
)


def faults(text: str) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(InputError) as caught:
        read_matters(text.encode())
    found = caught.value.findings
    assert all(each.en and each.zh and each.en != each.zh for each in found)
    return [(each.kind, each.row, each.field) for each in found]


def test_a_file_in_our_words_and_in_local_ones_is_the_same():
    """English and Chinese headings and words, in any order and with any delimiter, make the same matter."""
    ours = (
        "code,name,category,level,board,list_class,department,co_departments,limit_value,limit_unit,filing_condition,"
        "closing_condition,standard,power_delegated,funding,batch\n"
        "0101,暴露垃圾,市容环境,community,livelihood,public,cgj,hbj;jtj,3,work_day,有垃圾,已清运,当日清运,true,区财政,第一批\n"
    )
    local = (
        "批次\t事项编码\t事项名称\t类别\t承接层级\t板块\t清单类别\t责任部门\t协办部门\t办理时限\t时限单位\t立案条件\t结案条件\t处置标准\t权限下放\t经费来源\n"
        "第一批\t0101\t暴露垃圾\t市容环境\t社区\t民生服务\t公共服务\tcgj\thbj、jtj、hbj\t3\t工作日\t有垃圾\t已清运\t当日清运\t是\t区财政\n"
    )
    assert read_matters(ours.encode()).matters == read_matters(local.encode()).matters == (FULL,)


def test_a_spreadsheet_of_windows_is_read():
    """GBK, and UTF-8 with a byte order mark, are read and said; blank lines are not rows."""
    text = "事项编码,事项名称,类别\n\n0101,暴露垃圾,市容环境\n,,\n0102,占道经营,街面秩序\n"
    for raw, said in ((text.encode("gbk"), "encoding_guessed"), (text.encode("utf-8-sig"), "byte_order_mark")):
        read = read_matters(raw)
        assert [matter.name for matter in read.matters] == ["暴露垃圾", "占道经营"]
        assert read.row == (1, 2)
        assert [note.kind for note in read.notes] == [said]


def test_what_a_file_leaves_out_is_open():
    """A matter needs a code, a name and a category; all else may be left out, or left empty."""
    bare = MatterText(code="1", name="a", category="b")
    assert read_matters(b"code,name,category\n1,a,b\n").matters == (bare,)
    every = ",".join(COLUMNS) + "\n" + ",".join({"code": "1", "name": "a", "category": "b"}.get(n, "") for n in COLUMNS) + "\n"
    assert read_matters(every.encode()).matters == (bare,)
    assert read_matters(b"code,name,category\n").matters == ()


def test_all_faults_come_at_once():
    """Every cell that cannot be used is named by row and column, those of one row together."""
    heading = "code,name,category,board,list_class,level,limit_value,limit_unit,is_enforcement,power_delegated"
    rows = (
        "a b,x,c,justice,free,city,0,week,maybe,是",
        ",,c,,,,3,,,",
        "1,x,c,,,,,work_day,,",
        "1,x,c,party,paid,street,10000,minute,0,1",
        "2,x",
        "3,x,c,,,,,,,,y",
        "summary,x,c,,,,,,,",
        f"4,{'x' * 201},c,,,,10001,day,,",
        "a/b,x,c,,,,３,day,,",
    )
    assert faults("\n".join([heading, *rows])) == [
        ("matter_code", 1, "code"),
        ("matter_choice", 1, "level"),
        ("matter_choice", 1, "board"),
        ("matter_choice", 1, "list_class"),
        ("matter_flag", 1, "is_enforcement"),
        ("matter_choice", 1, "limit_unit"),
        ("matter_limit", 1, "limit_value"),
        ("matter_empty", 2, "code"),
        ("matter_empty", 2, "name"),
        ("matter_limit", 2, "limit_unit"),
        ("matter_limit", 3, "limit_value"),
        ("matter_twice", 4, "code"),
        ("short_row", 5, None),
        ("long_row", 6, None),
        ("matter_code", 7, "code"),
        ("matter_too_long", 8, "name"),
        ("matter_limit", 8, "limit_value"),
        ("matter_code", 9, "code"),
        ("matter_limit", 9, "limit_value"),
    ]


def test_headings_are_judged_before_rows():
    """An unknown heading, one that stands twice in whatever words, and one that is missing are told, and no row is read."""
    assert faults("code,事项编码,nmae,category\n,,,\n1,2,3,4") == [
        ("matter_column_unknown", None, "nmae"),
        ("column_twice", None, "code"),
        ("matter_column_missing", None, "name"),
    ]
    assert faults("") == faults("\n\n") == [("unreadable_file", None, None)]


def test_too_many_co_departments_are_refused():
    """A matter has at most fifty co-departments, which is what the store keeps."""
    many = ";".join(f"d{n}" for n in range(51))
    assert faults(f"code,name,category,co_departments\n1,a,b,{many}") == [("matter_co_departments", 1, "co_departments")]
