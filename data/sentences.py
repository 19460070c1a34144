"""Every fault that a town's files can have: how much it matters, and the sentence that says what to do.

One table, so that the severities and both languages of a finding stand side by side. `fault` makes a finding from it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from gis.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gis.finding import Place


class Sentence(NamedTuple):
    """A kind of finding: its usual severity and its sentence in English and Chinese, with `{names}` to fill in."""

    severity: Severity
    en: str
    zh: str


E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE

_MANIFEST = {
    "manifest_missing": Sentence(
        E,
        "There is no {path}; write a town.toml that names the town's files.",
        "找不到 {path}；请编写 town.toml，列出本地区的数据文件。",
    ),
    "manifest_not_utf8": Sentence(
        E,
        "The manifest is not UTF-8; save it as UTF-8.",
        "清单文件不是 UTF-8 编码；请另存为 UTF-8。",
    ),
    "manifest_syntax": Sentence(
        E,
        "The manifest cannot be parsed: {detail}; correct that line.",
        "清单文件语法有误：{detail}；请改正该行。",
    ),
    "unknown_table": Sentence(
        E,
        "The manifest has no table called [{name}]{hint}; correct or delete it.",
        "清单中没有名为 [{name}] 的表{hint}；请改正或删除。",
    ),
    "unknown_key": Sentence(
        E,
        "[{table}] has no key called {name}{hint}; correct or delete it.",
        "[{table}] 中没有名为 {name} 的键{hint}；请改正或删除。",
    ),
    "missing_table": Sentence(
        E,
        "The manifest lacks the table [{name}]; add it.",
        "清单缺少 [{name}] 表；请补上。",
    ),
    "missing_key": Sentence(
        E,
        "[{table}] lacks the key {name}; add it.",
        "[{table}] 缺少键 {name}；请补上。",
    ),
    "wrong_value": Sentence(
        E,
        "[{table}] {name} must be {expected}, not {value}.",
        "[{table}] 的 {name} 的值 {value} 不对，应为：{expected}。",
    ),
    "unknown_kind": Sentence(
        E,
        "[{table}] {name} is no kind of line{hint}; write one of {known}.",
        "[{table}] 的 {name} 不是线的类别{hint}；可用的类别有：{known}。",
    ),
    "unknown_coordinates": Sentence(
        E,
        "[{table}] coordinates = {value} is unknown{hint}; "
        "write wgs84, cgcs2000, gcj02 (AMap, Tencent), bd09 (Baidu) or EPSG:n.",
        "[{table}] 的 coordinates = {value} 无法识别{hint}；"
        "请写 wgs84、cgcs2000、gcj02（高德、腾讯）、bd09（百度）或 EPSG:编号。",
    ),
    "bad_frame": Sentence(
        E,
        "frame = {value} cannot be used ({detail}); name a metric system such as EPSG:4548, or leave the key out.",
        "frame = {value} 不可用（{detail}）；请填写以米为单位的坐标系，如 EPSG:4548，或删去此键由程序选择。",
    ),
    "frame_distorts": Sentence(
        W,
        "In the frame {value} a kilometre at the town's centre measures {metres:.1f} m; "
        "leave the key frame out, or name the zone of this place.",
        "在坐标系 {value} 中，本地区中心的一公里量得 {metres:.1f} 米；请删去 frame，或改用本地所在分带。",
    ),
}

_FILES = {
    "file_missing": Sentence(
        E,
        "[{table}] names the file {name}, which does not exist{hint}; correct the name or add the file.",
        "[{table}] 所列文件 {name} 不存在{hint}；请改正文件名或补上文件。",
    ),
    "unreadable_file": Sentence(
        E,
        "The file cannot be read: {detail}; export it again.",
        "文件无法读取：{detail}；请重新导出。",
    ),
    "unknown_format": Sentence(
        E,
        "Files ending in {name} are not read; use .csv, .geojson, .gpkg, .shp or .parquet.",
        "不支持 {name} 文件；请使用 .csv、.geojson、.gpkg、.shp 或 .parquet。",
    ),
    "layer_missing": Sentence(
        E,
        "The file has no layer called {name}{hint}; its layers are {known}.",
        "文件中没有名为 {name} 的图层{hint}；现有图层：{known}。",
    ),
    "several_layers": Sentence(
        E,
        'The file has several layers ({known}); say which with layer = "…" in [{table}].',
        '文件中有多个图层（{known}）；请在 [{table}] 中用 layer = "…" 指定。',
    ),
    "empty_layer": Sentence(
        E,
        "[{table}] has no row{where}; check the file and the key where.",
        "[{table}] 没有任何记录{where}；请检查文件和 where 条件。",
    ),
    "no_geometry": Sentence(
        E,
        "The file has no geometry; give a file with shapes, or lon and lat for points.",
        "文件中没有图形；请提供带图形的文件，点数据可给出 lon 和 lat 两列。",
    ),
    "coordinates_missing": Sentence(
        E,
        'The file does not say its coordinate system; write coordinates = "wgs84" '
        "(or cgcs2000, gcj02, bd09, EPSG:n) in [{table}].",
        '文件没有注明坐标系；请在 [{table}] 中写明 coordinates = "wgs84"（或 cgcs2000、gcj02、bd09、EPSG:编号）。',
    ),
    "coordinates_contradicted": Sentence(
        W,
        "The file says {own} but the manifest says {value}; the manifest was followed, check that it is right.",
        "文件自带坐标系为 {own}，清单写的是 {value}；已按清单处理，请核对。",
    ),
    "shift_undone": Sentence(
        N,
        "Coordinates in {value} were converted to WGS 84, which is accurate to about a metre.",
        "坐标已由 {value} 换算为 WGS 84，精度约一米。",
    ),
    "reader_remark": Sentence(
        N,
        "The file reader remarks: {detail}; check the file if that is not expected.",
        "读取程序提示：{detail}；如非预期请检查文件。",
    ),
    "encoding_guessed": Sentence(
        N,
        "The text was read as {value}, because it is not UTF-8 and names no encoding; save it as UTF-8 to be sure.",
        "文件不是 UTF-8 且未注明编码，已按 {value} 读取；建议另存为 UTF-8。",
    ),
    "encoding_contradicted": Sentence(
        W,
        "The file says that its text is {own}, but it reads as {value} and was read so; correct the .cpg file.",
        "文件声明编码为 {own}，实际内容为 {value}，已按后者读取；请改正 .cpg 文件。",
    ),
    "byte_order_mark": Sentence(
        N,
        "The file begins with a byte order mark, which was skipped; nothing to do.",
        "文件开头有 BOM 标记，已跳过；无须处理。",
    ),
    "mojibake": Sentence(
        W,
        "The text {value!r} was read in a wrong encoding before it came here{hint}; export it again.",
        "文字 {value!r} 是乱码，在导出之前已损坏{hint}；请从原系统重新导出。",
    ),
    "missing_column": Sentence(
        E,
        "[{table}] {key} names the column {name}, which the file does not have{hint}; its columns are {known}.",
        "[{table}] 的 {key} 所指的列 {name} 不存在{hint}；文件中的列有：{known}。",
    ),
    "column_twice": Sentence(
        E,
        "The column {name} stands {count} times in the file; rename or delete all but one.",
        "列 {name} 在文件中出现 {count} 次；请只保留一列或改名。",
    ),
    "short_row": Sentence(
        E,
        "The row has {count} cells and the heading has {expected}; add the missing cells.",
        "该行只有 {count} 个单元格，表头有 {expected} 个；请补齐。",
    ),
    "long_row": Sentence(
        E,
        "The row has {count} cells and the heading has {expected}; put quotes around cells that contain commas.",
        "该行有 {count} 个单元格，表头只有 {expected} 个；含逗号的单元格请加引号。",
    ),
}

_VALUES = {
    "empty_value": Sentence(E, "{field} is empty; fill it in.", "{field} 为空；请填写。"),
    "not_a_number": Sentence(
        E,
        "{field} = {value!r} is not a number; write digits only.",
        "{field} = {value!r} 不是数字；请只写数字。",
    ),
    "decimal_comma": Sentence(
        E,
        "{field} = {value!r} uses a comma; write {hint} with a point for decimals and nothing between thousands.",
        "{field} = {value!r} 含有逗号；请写成 {hint}，小数用点号，千位不加分隔。",
    ),
    "not_finite": Sentence(
        E,
        "{field} is not a finite number; give a real value.",
        "{field} 不是有限的数值；请填写实际数值。",
    ),
    "negative_count": Sentence(
        E,
        "{field} = {value} is negative; a count is 0 or more.",
        "{field} = {value} 为负数；数量应为 0 或正整数。",
    ),
    "fractional_count": Sentence(
        E,
        "{field} = {value} is not whole; a count is a whole number.",
        "{field} = {value} 不是整数；数量应为整数。",
    ),
    "implausible_count": Sentence(
        W,
        "{field} = {value} is more than any building holds; check that the column is right.",
        "{field} = {value} 超出一栋楼可能的数量；请核对所用的列。",
    ),
    "spreadsheet_number": Sentence(
        E,
        "{field} = {value!r} was shortened by a spreadsheet; format the column as text and export it again.",
        "{field} = {value!r} 已被表格软件改成科学计数；请将该列设为文本后重新导出。",
    ),
    "spaces_stripped": Sentence(
        N,
        "{field} = {value!r} has spaces around it, which were removed.",
        "{field} = {value!r} 首尾有空格，已去除。",
    ),
    "not_addressable": Sentence(
        E,
        "{field} = {value!r} cannot be part of a web address, by which areas are found; write it without /, not as . or ..",
        "{field} = {value!r} 不能写入网址，而城镇和区划靠它查找；请改写，不含“/”，也不要只写“.”或“..”。",
    ),
    "duplicate_id": Sentence(
        E,
        "The id {subject} stands in row {first} already; give every row its own id.",
        "编号 {subject} 已在第 {first} 行出现；每行应有唯一编号。",
    ),
    "duplicate_code": Sentence(
        E,
        "The code {subject} stands in row {first} already; merge the rows or give each its own code.",
        "编码 {subject} 已在第 {first} 行出现；请合并记录或使用唯一编码。",
    ),
    "duplicate_grid_code": Sentence(
        W,
        "The grid code {subject} stands in row {first} already; give every grid its own code.",
        "网格编码 {subject} 已在第 {first} 行出现；每个网格应有唯一编码。",
    ),
    "row_number_as_id": Sentence(
        N,
        '[households] names no id, so each row\'s number is its id; add id = "…" to keep ids when the file changes.',
        '[households] 没有 id，已用行号代替；请指定 id = "…"，以便文件变动后编号不变。',
    ),
    "kind_unmapped": Sentence(
        E,
        '{count} rows have {field} = {value!r}, which kind_from does not list; add it or add otherwise = "ignore".',
        '有 {count} 条记录的 {field} = {value!r}，kind_from 中未列出；请补上，或加 otherwise = "ignore"。',
    ),
}

_SHAPES = {
    "empty_geometry": Sentence(
        E,
        "The row has no shape, or one that cannot be read; draw it or delete the row.",
        "该记录没有图形或图形无法读取；请补画或删除。",
    ),
    "wrong_geometry_type": Sentence(
        E,
        "The row is a {value}, but [{table}] needs {expected}; convert it or filter it out with where.",
        "该记录的图形是 {value}，[{table}] 需要 {expected}；请转换或用 where 排除。",
    ),
    "invalid_polygon": Sentence(
        E,
        "The polygon is invalid ({detail}); redraw its ring at this place.",
        "面图形无效（{detail}）；请在该处重新勾画边界。",
    ),
    "repaired_after_rounding": Sentence(
        N,
        "Rounded to the centimetre the polygon touched itself and was cleaned; nothing wider than 1 cm changed.",
        "按厘米取整后边界自相接触，已清理；变化不超过 1 厘米。",
    ),
    "vanished": Sentence(
        N,
        "The shape is smaller than a centimetre and was left out; delete the row.",
        "图形小于一厘米，已略去；请删除该记录。",
    ),
    "outside_world": Sentence(
        E,
        "The coordinates {x}, {y} lie outside the world in {crs}; check lon and lat, and coordinates in the manifest.",
        "坐标 {x}, {y} 超出 {crs} 的有效范围；请检查经纬度和清单中的 coordinates。",
    ),
    "zero_coordinate": Sentence(
        E,
        "The coordinates are 0, 0, which geocoders write when they fail; find the place or delete the row.",
        "坐标为 0, 0，通常是地址解析失败；请补查位置或删除该记录。",
    ),
    "axes_swapped": Sentence(
        E,
        "The two coordinates are the wrong way round in {count} of {total} rows; {remedy}.",
        "{total} 条记录中有 {count} 条的两个坐标写反了；{remedy_zh}。",
    ),
    "axes_swapped_row": Sentence(
        E,
        "The two coordinates of this row are the wrong way round; exchange them.",
        "该记录的两个坐标写反了；请对调。",
    ),
    "layer_elsewhere": Sentence(
        E,
        'Nothing here lies within a kilometre of the communities; check the file and coordinates = "…" in [{table}].',
        "文件中没有任何内容位于社区一公里以内；请检查文件以及 [{table}] 的 coordinates。",
    ),
}

_TOWN = {
    "outside_communities": Sentence(
        W,
        "The point lies in no community ({count} households) and will be in no grid; move it or extend a community.",
        "该点不在任何社区内（{count} 户），将不属于任何网格；请移动该点或调整社区边界。",
    ),
    "shared_coordinate": Sentence(
        N,
        "{count} points share their coordinates with another point (places of that kind: {places}, the first is here); "
        "they are kept as they are.",
        "有 {count} 个点与其他点坐标相同（共 {places} 处，此为第一处）；均已保留。",
    ),
    "zero_households": Sentence(
        N,
        "{count} of {total} points have no households; they are kept and count nothing.",
        "{total} 个点中有 {count} 个户数为 0；已保留，不计数。",
    ),
    "building_in_two_communities": Sentence(
        W,
        "The building {subject} has points in {count} communities; give different buildings different names.",
        "楼栋 {subject} 的点分布在 {count} 个社区；不同楼栋请用不同名称。",
    ),
    "building_spread": Sentence(
        W,
        "The points of building {subject} lie up to {metres:.0f} m apart; give different buildings different names.",
        "楼栋 {subject} 的点相距达 {metres:.0f} 米；不同楼栋请用不同名称。",
    ),
    "overlap": Sentence(
        E,
        "The communities {subject} overlap in {area:.0f} m2, up to {width:.2f} m wide; "
        'correct the boundary or write on_overlap = "first" in [communities].',
        "社区 {subject} 重叠 {area:.0f} 平方米，最宽 {width:.2f} 米；"
        '请改正边界，或在 [communities] 中写 on_overlap = "first"。',
    ),
    "overlap_to_first": Sentence(
        W,
        "The communities {subject} overlap in {area:.0f} m2, up to {width:.2f} m wide; "
        "the ground goes to the first, as the manifest says.",
        "社区 {subject} 重叠 {area:.0f} 平方米，最宽 {width:.2f} 米；按清单归前者。",
    ),
    "overlap_sliver": Sentence(
        N,
        "The communities {subject} overlap in a sliver {width:.2f} m wide; it will be settled onto one side.",
        "社区 {subject} 有宽 {width:.2f} 米的细缝重叠；将划归一侧。",
    ),
    "gap": Sentence(
        W,
        "Between the communities {subject} {area:.0f} m2 belong to none, up to {width:.2f} m wide, and stay outside; "
        "extend a community if the land is theirs.",
        "社区 {subject} 之间有 {area:.0f} 平方米不属于任何社区，最宽 {width:.2f} 米，不划入网格；如属社区请调整边界。",
    ),
    "gap_sliver": Sentence(
        N,
        "Between the communities {subject} there is a gap {width:.2f} m wide; it will be settled onto one side.",
        "社区 {subject} 之间有宽 {width:.2f} 米的细缝；将划归一侧。",
    ),
    "community_hole": Sentence(
        N,
        "The community {subject} has a hole of {area:.0f} m2 that belongs to no community; it stays outside.",
        "社区 {subject} 中有 {area:.0f} 平方米的空洞，不属于任何社区，不划入网格。",
    ),
    "multipart_community": Sentence(
        N,
        "The community {subject} has {count} separate parts; each is divided by itself.",
        "社区 {subject} 由 {count} 个不相连的部分组成；各部分分别划分。",
    ),
    "no_households": Sentence(
        N,
        "The community {subject} has no households; it will be one grid.",
        "社区 {subject} 没有住户；将作为一个网格。",
    ),
    "compound_straddles": Sentence(
        N,
        "The compound {subject} lies in {count} communities; it will be cut at their boundary.",
        "小区 {subject} 跨 {count} 个社区；将在社区边界处分开。",
    ),
    "dedicated_overlap": Sentence(
        W,
        "The dedicated areas {subject} overlap in {area:.0f} m2; the ground goes to the first, correct the outlines.",
        "专属网格范围 {subject} 重叠 {area:.0f} 平方米；按先后归前者，请改正轮廓。",
    ),
    "dedicated_outside": Sentence(
        W,
        "{area:.0f} m2 of the dedicated area {subject} lie in no community and stay outside; correct its outline.",
        "专属网格范围 {subject} 有 {area:.0f} 平方米不在任何社区内，不划入网格；请改正轮廓。",
    ),
    "shift_suspected": Sentence(
        W,
        '[{table}] seems to be in {value}: {evidence}; write coordinates = "{value}" in [{table}] if that is right.',
        '[{table}] 的坐标疑似 {value}：{evidence_zh}；如属实，请在 [{table}] 中写 coordinates = "{value}"。',
    ),
    "shift_doubted": Sentence(
        W,
        "[{table}] is declared as {value} but seems not to be: {evidence}; "
        'write coordinates = "wgs84" in [{table}] if that is right.',
        '[{table}] 声明为 {value}，但疑似不是：{evidence_zh}；如属实，请在 [{table}] 中写 coordinates = "wgs84"。',
    ),
}

SENTENCES: Mapping[str, Sentence] = MappingProxyType({**_MANIFEST, **_FILES, **_VALUES, **_SHAPES, **_TOWN})


def fault(
    kind: str,
    *,
    file: str | None = None,
    row: int | None = None,
    field: str | None = None,
    place: Place | None = None,
    subject: str | None = None,
    severity: Severity | None = None,
    **values: object,
) -> Finding:
    """Make the finding `kind` with its sentence filled in.

    Parameters
    ----------
    kind
        A key of `SENTENCES`; a word that is not there is a defect of the caller.
    severity
        Instead of the usual one.
    values
        What the sentence names beside `field` and `subject`. `hint` may be left out. A name that ends in `_zh` is for
        Chinese.
    """
    sentence = SENTENCES[kind]
    words = {"hint": "", "field": field, "subject": subject, **values}
    return Finding(
        kind=kind,
        severity=severity or sentence.severity,
        en=sentence.en.format_map(words),
        zh=sentence.zh.format_map(_chinese(words)),
        file=file,
        row=row,
        field=field,
        place=place,
        subject=subject,
    )


def _chinese(words: Mapping[str, object]) -> dict[str, object]:
    """Say the hint and other turns of phrase in Chinese."""
    return {name: words.get(f"{name}_zh", value) for name, value in words.items()}
