"""What an audit says: for each kind of finding its severity and one sentence in English and in Chinese.

The words in braces are: `who` the grids, `first` and `rest` the first of them and the others, `community` and
`other` community codes, `area` square metres, `width` metres, `points` household points, `households` their
households, `claimed`, `amount` and `band` what a grid holds and may hold, `reason`, `example` an id.
"""

from __future__ import annotations

from dataclasses import dataclass

from gis.finding import Severity

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE


@dataclass(frozen=True, slots=True)
class Words:
    """How one kind of finding is said. Several may share the kind that machines see."""

    kind: str
    severity: Severity
    en: str
    zh: str


WORDS: dict[str, Words] = {
    "gap": Words(
        "gap",
        E,
        "Community {community} has a gap of {area} m², {width} m wide, that no grid covers: give it to a neighbouring grid.",
        "社区{community}有一处空白未被任何网格覆盖，面积{area}平方米、宽{width}米，请并入相邻网格。",
    ),
    "missing_grid": Words(
        "missing_grid",
        E,
        "Community {community} has {area} m² without any grid, as much as a grid: draw the grid that is missing there.",
        "社区{community}有{area}平方米没有网格，相当于缺少一个网格，请补划。",
    ),
    "hole": Words(
        "hole",
        E,
        "Grid {who} has a hole of {area} m² that no grid fills: fill it, or draw the grid that belongs there.",
        "网格{who}内有{area}平方米的空洞未被其他网格填满，请填补或补划网格。",
    ),
    "filled_hole": Words(
        "hole",
        N,
        "Grid {who} surrounds {area} m² that belong to other grids: see whether that is meant.",
        "网格{who}包围了其他网格的{area}平方米，请核对是否有意为之。",
    ),
    "overlap": Words(
        "overlap",
        E,
        "Grids {who} overlap by {area} m², {width} m wide: give the piece to one of them.",
        "网格{who}重叠{area}平方米、宽{width}米，请划归其中一个网格。",
    ),
    "spill_over": Words(
        "spill_over",
        E,
        "Grid {who} reaches beyond every community by {area} m², {width} m wide: cut it at the community line.",
        "网格{who}超出社区边界{area}平方米、宽{width}米，请沿社区边界裁剪。",
    ),
    "crosses_community": Words(
        "crosses_community",
        E,
        "Grid {who} of community {community} reaches {area} m² ({width} m wide)"
        " into community {other}: cut it at the community line.",
        "社区{community}的网格{who}进入社区{other}达{area}平方米、宽{width}米，请沿社区边界裁剪。",
    ),
    "spike": Words(
        "spike",
        E,
        "Grid {who} has a spike here ({area} m² outside the grid's own ground): remove the vertex at its tip.",
        "网格{who}在此处有尖刺（越界{area}平方米），请删除尖端节点。",
    ),
    "unmatched_vertex": Words(
        "unmatched_vertex",
        E,
        "An edge of grid {first} passes a vertex here that it does not have ({rest}): insert the vertex on both sides.",
        "网格{first}的边在此处经过一个自身没有的节点（{rest}），请在两侧都加上该节点。",
    ),
    "unmatched_edge": Words(
        "unmatched_edge",
        E,
        "An edge of grid {who}, {width} m long, is met by no other grid and lies"
        " on no community line: draw it again along its neighbour.",
        "网格{who}有一条长{width}米的边既不与其他网格相接也不在社区边界上，请沿相邻网格重新绘制。",
    ),
    "unproven": Words(
        "unproven",
        E,
        "The certificate of community {community} does not hold, and nothing above"
        " says why: the grids' areas add up to {area} m² too much.",
        "社区{community}的覆盖证明不成立且上文未指出原因：网格面积之和多出{area}平方米。",
    ),
    "duplicate_grid": Words(
        "duplicate_grid",
        E,
        "Grids {who} are the same polygon of {area} m²: keep one.",
        "网格{who}是同一个多边形，面积{area}平方米，请只保留一个。",
    ),
    "duplicate_code": Words(
        "duplicate_code",
        E,
        "The code {who} is used by {points} grids: give each its own.",
        "编码{who}被{points}个网格使用，请分别编码。",
    ),
    "invalid_polygon": Words(
        "invalid_polygon",
        E,
        "Grid {who} is no usable polygon and was left out ({reason}): draw it again.",
        "网格{who}不是可用的多边形，已排除（{reason}），请重新绘制。",
    ),
    "invalid_community": Words(
        "invalid_community",
        E,
        "Community {community} is no usable polygon and was left out ({reason}): correct the community layer.",
        "社区{community}不是可用的多边形，已排除（{reason}），请修正社区图层。",
    ),
    "crossing_rings": Words(
        "invalid_polygon",
        E,
        "The outline of grid {who} crosses itself here: draw it without the loop.",
        "网格{who}的边界在此处自相交，请重新绘制去掉环扣。",
    ),
    "stray_hole": Words(
        "invalid_polygon",
        E,
        "A hole of grid {who} lies outside the grid or in another hole: remove it.",
        "网格{who}的一个内环位于网格之外或另一内环之中，请删除。",
    ),
    "pinch": Words(
        "contact_too_narrow",
        E,
        "Grid {who} touches itself here, so that it hangs together by a single point: widen it or divide it there.",
        "网格{who}在此处与自身相触，仅以一点相连，请拓宽或在此处拆分。",
    ),
    "neck": Words(
        "contact_too_narrow",
        W,
        "Grid {who} is less than 1 m wide here, and {area} m² hang on that neck: widen it or divide it there.",
        "网格{who}在此处宽度不足1米，其后连着{area}平方米，请拓宽或在此处拆分。",
    ),
    "multipart_grid": Words(
        "multipart_grid",
        E,
        "Grid {who} is in {points} parts, the smallest of {area} m²: give each part a grid of its own, or to a neighbour.",
        "网格{who}由{points}部分组成，最小一块{area}平方米，请分别成格或并入相邻网格。",
    ),
    "spans_parts": Words(
        "multipart_grid",
        W,
        "Grid {who} joins {points} parts of community {community}, which is in parts itself: see whether that is meant.",
        "网格{who}跨越社区{community}的{points}个独立部分，请核对是否有意为之。",
    ),
    "household_in_none": Words(
        "household_in_none",
        E,
        "In community {community}, {points} household points ({households} households)"
        " lie in no grid, the first of them {example}:"
        " cover them.",
        "社区{community}有{points}个住户点（{households}户）不在任何网格内，首个为{example}，请覆盖。",
    ),
    "household_in_two": Words(
        "household_in_two",
        E,
        "{points} household points ({households} households) lie in more than"
        " one of the grids {who}, the first of them {example}:"
        " remove the overlap.",
        "有{points}个住户点（{households}户）同时落在网格{who}内，首个为{example}，请消除重叠。",
    ),
    "households_outside": Words(
        "households_outside",
        W,
        "{points} household points ({households} households) lie outside every community,"
        " the first of them {example}: correct the points"
        " or the community lines.",
        "有{points}个住户点（{households}户）位于所有社区之外，首个为{example}，请修正点位或社区边界。",
    ),
    "wrong_count": Words(
        "wrong_count",
        E,
        "Grid {who} says that it has {claimed} households, and {households} lie in it: correct the count or the outline.",
        "网格{who}登记{claimed}户，实际落入{households}户，请更正户数或边界。",
    ),
    "wrong_persons": Words(
        "wrong_count",
        E,
        "Grid {who} says that it has {claimed} persons, and {persons} live in it: correct the count or the outline.",
        "网格{who}登记{claimed}人，实际落入{persons}人，请更正人数或边界。",
    ),
    "out_of_band": Words(
        "out_of_band",
        E,
        "Grid {who} has {amount}, not {band}, and no reason is given: move the line or state the exception.",
        "网格{who}有{amount}，不在{band}之间且未注明原因，请调整边界或登记例外。",
    ),
    "excepted": Words(
        "out_of_band",
        W,
        "Grid {who} has {amount}, not {band}; the reason given is: {reason}.",
        "网格{who}有{amount}，不在{band}之间，登记的例外原因为：{reason}。",
    ),
    "unknown_community": Words(
        "unknown_community",
        W,
        "Grid {who} names the community {reason}, which the town does not have; it was taken for {community} by its place.",
        "网格{who}登记的社区{reason}不存在，已按位置归入社区{community}。",
    ),
}
"""By the word that the audit uses inside; `Words.kind` is the word outside."""

REASONS = {
    1: ("no polygon, or an empty one", "不是多边形或为空"),
    2: ("coordinates that are no numbers", "坐标不是数值"),
    3: ("coordinates far outside the frame", "坐标远超坐标系范围"),
    4: ("no area is left on the 1 cm grid", "按1厘米取整后没有面积"),
}
"""By `partition.certificate.Fault`."""
