"""Names and codes of a sample town: streets are real, everything below them is visibly invented."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

COMMUNITIES_PER_STREET = 199
"""The statistical codes of urban communities end on 001 to 199."""

_FIRST = "海春秋金玉银翠碧紫丹青兰芳清明和锦云星月晨虹霞雪松柏竹梅桂枫"
_SECOND = "棠晖榆桐荷泉溪桥林苑坪庭风光华辰岚池堤汀"
_BEFORE = "东西南北新上下大小前后"
_DIGITS = "零一二三四五六七八九"
_GROUNDS = ("苑", "园", "小区", "花园", "家园", "公寓", "新村", "雅居", "名邸", "馨苑")
_SIDES = ("", "东", "西", "南", "北", "中")
_STREETS = {
    ("370103", "济南市市中区"): (
        "002大观园 003杆石桥 004四里村 006魏家庄 008二七 009七里山 010六里山 012舜玉路 014泺源 015王官庄 016舜耕 "
        "017白马山 018七贤 019十六里河 020兴隆 021党家 022陡沟"
    ),
    ("370117", "济南市钢城区"): "001艾山 002里辛 003汶源 004颜庄 005辛庄",
    ("430204", "株洲市石峰区"): "001田心 002响石岭 003清水塘 004铜塘湾 005井龙",
    ("500235", "重庆市云阳县"): "001双江 002青龙 003人和 004盘龙",
}


class Street(NamedTuple):
    """A street (街道): a real nine-digit code and its names."""

    code: str
    name: str
    district: str


def streets() -> tuple[Street, ...]:
    """Return the streets whose codes a sample may carry, Jinan's Shizhong district first."""
    return tuple(
        Street(county + entry[:3], f"{entry[3:]}街道", district)
        for (county, district), entries in _STREETS.items()
        for entry in entries.split()
    )


def chinese(number: int) -> str:
    """Write a number from 1 to 999 in Chinese, as street signs do: 三, 十一, 二十四, 一百零三."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones else "")


def words(count: int, rng: np.random.Generator) -> list[str]:
    """Return `count` different invented words, such as 海棠; one of them names a community and all that lies in it."""
    length = len(_FIRST) * len(_SECOND)
    batches = -(-count // length)
    result: list[str] = []
    for before in islice(_prefixes(), batches):
        batch = [before + first + second for first, second in product(_FIRST, _SECOND)]
        result.extend(batch[k] for k in rng.permutation(length))
    return result[:count]


def _prefixes() -> Iterator[str]:
    size = 0
    while True:
        yield from ("".join(parts) for parts in product(_BEFORE, repeat=size))
        size += 1


def compound_names(word: str) -> Iterator[str]:
    """Give names for the compounds of one community, never the same twice."""
    for phase in ("", *(f"{chinese(number)}期" for number in range(2, 100))):
        for ground in _GROUNDS:
            for side in _SIDES:
                yield f"{word}{side}{ground}{phase}"
