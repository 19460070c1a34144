"""Grid codes and area codes: what is well formed, and what is said about the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.code import CJT349_20, GB15, LOCAL, SCHEMES, SH_ZH, area_code, community_faults, scheme_for, scope
from gis.errors import CodeError, SequenceExhausted
from gis.finding import Severity

SHUNGENG = "370103016001"


def kinds(findings):
    """Give the kinds of findings, errors first by their order."""
    return [(finding.kind, finding.severity) for finding in findings]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("370103016001001", []),
        ("430204003002012", []),
        ("620902004200003", []),
        ("37010301600100", ["code_length"]),
        ("3701030160010011", ["code_length"]),
        ("", ["code_length", "code_character"]),
        ("37010301600100A", ["code_character"]),
        ("37010301600100１", ["code_character"]),
        (" 37010301600100", ["code_character"]),
        ("370103016001000", ["code_sequence"]),
        ("370103000001001", ["code_street"]),
        ("370103600001001", ["code_street"]),
        ("370103616001001", ["code_street"]),
        ("370103016000001", ["code_community"]),
        ("990103016001001", ["code_province"]),
        ("000000000000000", ["code_province", "code_street", "code_community", "code_sequence"]),
        ("370199016001001", []),
    ],
)
def test_a_gb15_code_is_judged_by_its_form(code, expected):
    """Length, characters, province, street, community and number are judged; whether a district exists is not."""
    assert kinds(GB15.validate(code)) == [(kind, Severity.ERROR) for kind in expected]
    if not expected:
        assert GB15.parse(code).text == code
        return
    with pytest.raises(CodeError) as refused:
        GB15.parse(code)
    assert str(refused.value) == " ".join(finding.en for finding in GB15.validate(code))


def test_streets_from_400_to_599_are_valid_with_a_note():
    """Units where government and enterprise are one have codes, and are pointed out."""
    assert kinds(GB15.validate("370117400001001")) == [("code_special_street", Severity.NOTE)]
    assert GB15.parse("370117400001001").street == "370117400"
    assert kinds(GB15.validate("370117599001001")) == [("code_special_street", Severity.NOTE)]
    assert GB15.validate("370117399001001") == ()


def test_a_fault_is_said_in_both_languages():
    """A finding about a code names the code and what is wrong with it."""
    (fault,) = GB15.validate("37010301600100A")
    assert fault.en == "Code '37010301600100A' has 'A' at position 15, where only the digits 0 to 9 may stand."
    assert fault.zh == "编码'37010301600100A'第15位为'A',只能使用数字0至9。"
    assert fault.subject == "37010301600100A"
    (fault,) = GB15.validate("37010301600100")
    assert fault.en == (
        "Code '37010301600100' has 14 characters; gb15 has 15 (6 district + 3 street + 3 community + 3 number)."
    )
    assert fault.zh == "编码'37010301600100'有14位,gb15应为15位。"


def test_a_gb15_code_comes_apart_into_district_street_community_and_number():
    """Each part is itself a code of the level above."""
    code = GB15.parse("620902004200003")
    assert (code.district, code.street, code.community, code.sequence) == ("620902", "620902004", "620902004200", 3)
    assert code.parent == code.community
    assert code.is_village
    assert not GB15.parse("370103016001001").is_village
    assert not GB15.parse("370103016400001").is_village


@pytest.mark.parametrize(
    ("scheme", "parent", "sequence", "code"),
    [
        (GB15, SHUNGENG, 1, "370103016001001"),
        (GB15, SHUNGENG, 999, "370103016001999"),
        (CJT349_20, "010203370103016601", 7, "01020337010301660107"),
        (CJT349_20, "010203370103016001", 0, "01020337010301600100"),
        (SH_ZH, "310101013", 1, "ZH31010101301"),
        (LOCAL, "BS-01", 12, "BS-01-012"),
        (LOCAL, "舜耕", 1, "舜耕-001"),
    ],
)
def test_a_code_is_written_and_read_back(scheme, parent, sequence, code):
    """Every scheme reads what it writes."""
    assert scheme.format(parent, sequence) == code
    read = scheme.parse(code)
    assert (read.scheme, read.parent, read.sequence) == (scheme.name, parent, sequence)


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_numbers_that_a_scheme_cannot_write_are_refused(scheme):
    """A number too long exhausts the sequence, one too low is no code."""
    parent = {"gb15": SHUNGENG, "cjt349_20": "010203" + SHUNGENG, "sh_zh": "310101013", "local": "A"}[scheme.name]
    with pytest.raises(SequenceExhausted):
        scheme.format(parent, scheme.last + 1)
    with pytest.raises(CodeError):
        scheme.format(parent, scheme.lowest - 1)


@pytest.mark.parametrize("parent", ["", "37010301600", "990103016001", "37010301600A", "3701030160010"])
def test_no_code_is_written_for_a_community_that_has_no_such_code(parent):
    """A grid's code is as sound as its community's."""
    with pytest.raises(CodeError):
        GB15.format(parent, 1)


def test_other_schemes_say_what_is_wrong():
    """Shanghai's codes begin with ZH; local ones end in a hyphen and three digits."""
    assert kinds(SH_ZH.validate("31010101301")) == [
        ("code_length", Severity.ERROR),
        ("code_character", Severity.ERROR),
    ]
    assert SH_ZH.validate("zh31010101301")[0].en == "Code zh31010101301 must begin with ZH."
    assert kinds(SH_ZH.validate("ZH31010101300")) == [("code_sequence", Severity.ERROR)]
    assert SH_ZH.parse("ZH31010101301").community == ""
    assert CJT349_20.parse("01020337010301660107").object == "010203"
    for code in ("A001", "-001", " -001", "A-01", "A-0001", "A-00x", "A\n-001", "", "A-００１"):
        assert kinds(LOCAL.validate(code)) == [("code_form", Severity.ERROR)]
    assert kinds(LOCAL.validate("A-000")) == [("code_sequence", Severity.ERROR)]


def test_the_next_code_is_the_lowest_that_was_never_used():
    """Codes in force and retired ones are passed over; other communities' do not count."""
    assert GB15.next(SHUNGENG, set()) == SHUNGENG + "001"
    assert GB15.next(SHUNGENG, {SHUNGENG + "001", SHUNGENG + "002", "370103016002003"}) == SHUNGENG + "003"
    assert GB15.next(SHUNGENG, {SHUNGENG + "801"}, first=801) == SHUNGENG + "802"


def test_a_community_runs_out_of_numbers():
    """After 999 grids, or at the end of a series, no code is left and the error says so."""
    every = {GB15.format(SHUNGENG, n) for n in range(1, 1000)}
    assert GB15.next(SHUNGENG, every - {SHUNGENG + "999"}) == SHUNGENG + "999"
    with pytest.raises(SequenceExhausted, match="370103016001 has used all its grid numbers from 001 to 999"):
        GB15.next(SHUNGENG, every)
    with pytest.raises(SequenceExhausted, match="from 001 to 800"):
        GB15.next(SHUNGENG, {GB15.format(SHUNGENG, n) for n in range(1, 801)}, last=800)


@pytest.mark.parametrize(
    ("community", "scheme"),
    [
        (SHUNGENG, "gb15"),
        ("370117400001", "gb15"),
        ("BSSZ01", "local"),
        ("37010301600", "local"),
        ("37010301600A", "local"),
        ("250250001001", "local"),
    ],
)
def test_the_communitys_code_chooses_the_scheme(community, scheme):
    """Twelve digits that can be a Chinese community's are; anything else, a census block group too, is local."""
    assert scheme_for(community).name == scheme
    assert scheme_for(community).parse(scheme_for(community).format(community, 5)).community == community


def test_a_community_code_is_judged_by_itself():
    """The faults of a community's code can be had before any grid is numbered."""
    assert community_faults(SHUNGENG) == ()
    assert kinds(community_faults("370117400001")) == [("code_special_street", Severity.NOTE)]
    assert kinds(community_faults("990103016000")) == [
        ("code_province", Severity.ERROR),
        ("code_community", Severity.ERROR),
    ]
    assert kinds(community_faults("3701A")) == [("code_length", Severity.ERROR), ("code_character", Severity.ERROR)]


@pytest.mark.parametrize(
    ("filled", "bare"),
    [
        ("370103002000", "370103002"),
        ("370103000000", "370103"),
        ("370100000000", "3701"),
        ("441900003000", "441900003"),
        ("370103016001", "370103016001"),
        ("370103016", "370103016"),
        ("370103", "370103"),
        ("3701", "3701"),
    ],
)
def test_an_area_code_loses_the_zeros_that_fill_it(filled, bare):
    """City, district, street and community have 4, 6, 9 and 12 digits, however a list writes them."""
    assert area_code(filled) == bare
    assert area_code(bare) == bare
    assert scope(filled) == bare


@pytest.mark.parametrize(
    "code",
    [
        "",
        "37",
        "37010",
        "37010301",
        "3701030160",
        "370000000000",
        "000000000000",
        "9901",
        "370103000",
        "370103616",
        "37O1",
    ],
)
def test_what_is_no_area_is_refused(code):
    """Lengths other than 4, 6, 9 and 12, unknown provinces and impossible streets are no area."""
    with pytest.raises(CodeError):
        area_code(code)
    with pytest.raises(CodeError):
        scope(code)


def test_a_scope_may_also_be_a_grid_or_a_city_of_six_digits():
    """Fifteen digits are one grid; a city's GB/T 2260 code reaches all that is in the city."""
    assert scope("370103016001001") == "370103016001001"
    assert scope("370100") == "3701"
    with pytest.raises(CodeError):
        scope("370103016001000")


@given(st.text(max_size=24))
def test_any_text_is_judged_without_failing(text):
    """Whatever somebody types is either a code or refused with a reason in both languages."""
    for scheme in SCHEMES.values():
        faults = scheme.validate(text)
        assert all(fault.en and fault.zh for fault in faults)
        if not faults:
            assert scheme.parse(text).text == text
    scheme_for(text)
