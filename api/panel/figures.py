"""The figures of the panel: each with its formula, and the counts that it is made of (`api/panel/panel.py` counts them)."""

from __future__ import annotations

from functools import partial

from api.matters.admission import ExitKind
from api.stats.catalogue import BY_ID
from api.stats.metric import Basis, Metric, Unit, count, rate

_count = partial(count, basis=Basis.STOCK)
_rate = partial(rate, basis=Basis.STOCK)
_ratio = partial(rate, basis=Basis.STOCK, unit=Unit.RATIO)


FIGURES: tuple[Metric, ...] = (
    # --- the ground
    _count("grids", "网格数", "Grids", "当日有效的居民区网格与专属网格", "grids in force on the day, residential and dedicated",
           parts=("residential", "dedicated")),
    _count("communities", "社区数", "Communities", "当日存在的社区（村）", "communities that there were on the day"),
    _count("households", "户数", "Households", "有效网格内的户数", "households in the grids in force"),
    _count("persons", "人口", "Persons", "有效网格内的人数", "persons in the grids in force"),
    _ratio("grids_per_community", "社区平均网格数", "Grids per community", "网格数÷社区数", "grids / communities",
           ("grids", "communities")),
    _ratio("persons_per_grid", "网格平均人数", "Persons per grid", "人口÷网格数", "persons / grids", ("persons", "grids"),
           digits=1),
    _count("out_of_band", "规模不达标网格", "Grids out of the band", "居民区网格中超出方案规模的",
           "residential grids that hold more or less than the profile says", needs="judged"),
    _rate("size_compliance", "规模达标率", "Grids in the band", "规模达标的居民区网格÷有规模要求的居民区网格",
           "residential grids in the band / those that a profile has a band for", ("in_band", "judged")),
    _ratio("persons_per_household", "户均人口", "Persons per household", "人口÷户数", "persons / households",
           ("persons", "households")),
    _ratio("persons_per_household_least", "户均人口下限（按规模上限推算）", "Persons per household, at least",
           "居民区人口÷各网格户数上限之和", "persons of residential grids / the most households that they may hold",
           ("band_persons", "most_households")),
    _ratio("persons_per_household_most", "户均人口上限（按规模下限推算）", "Persons per household, at most",
           "居民区人口÷各网格户数下限之和", "persons of residential grids / the fewest households that they may hold",
           ("band_persons", "fewest_households")),
    Metric(
        id="balance_cv", zh="均衡度（变异系数）", en="Balance: spread of households",
        formula={"zh": "居民区网格户数的标准差÷平均数；n为平方和，d为户数之和",
                 "en": "standard deviation of the households of residential grids / their mean; n is the sum of squares, "
                 "d the sum"},
        numerator="households_squared", denominator="residential_households", spread_of="residential", basis=Basis.STOCK,
        unit=Unit.RATIO, digits=3,
    ),
    Metric(
        id="balance_ratio", zh="均衡度（最大÷最小）", en="Balance: largest to smallest",
        formula={"zh": "居民区网格的最多户数÷最少户数",
                 "en": "households of the residential grid with most / of the one with fewest"},
        numerator="most_in_grid", denominator="fewest_in_grid", basis=Basis.STOCK, unit=Unit.RATIO, is_sum=False,
    ),
    Metric(
        id="coverage_defect_m2", zh="盲区与重叠面积", en="Ground in no grid, or in two",
        formula={"zh": "已有网格的社区内无网格的面积，加网格重叠及越出社区的面积（各部分以平方厘米计）",
                 "en": "ground of communities with grids that is in none, and ground in two or beyond the community; "
                 "the parts are square centimetres"},
        numerator="defect_cm2", basis=Basis.STOCK, unit=Unit.SQUARE_METRES, needs="netted", parts=("gap_cm2", "overlap_cm2"),
    ),
    _count("legacy_nets", "部门原有网", "Departments' own nets", "各部门各地区截至当日有过的条线网之和",
           "nets that departments had of their own by the day, one for each department and area",
           parts=("legacy_active", "legacy_retired")),
    _count("legacy_cells", "在用的部门原有网格", "Cells of departments' own nets", "当日仍在用的部门原有网格",
           "cells of departments' own nets that were in use on the day", needs="legacy_nets"),
    # --- who works there
    _rate("full_time_filled", "专职网格员到岗率", "Full-time posts filled", "按配备规则到岗的专职岗÷应配专职岗",
           "full-time posts that the staffing rule asks for and that are filled / those that it asks for",
           ("full_time_have", "full_time_need")),
    _count("full_time_gap", "专职网格员缺口", "Full-time posts missing", "应配而未到岗的专职岗",
           "full-time posts that the staffing rule asks for and nobody has", needs="full_time_need"),
    _rate("staff_compliance", "配备达标率", "Grids staffed as ruled", "达到配备规则的网格÷有规则的网格",
           "grids that comply with their staffing rule / grids that have one", ("compliant", "ruled")),
    _ratio("workers_per_grid", "网格平均力量", "Workers per grid", "在岗人员（一人计一次）÷网格数",
           "people with a post, each once where they are employed / grids", ("workers", "grids")),
    _ratio("part_time_per_residential", "居民区网格平均兼职网格员", "Part-time workers per residential grid",
           "兼职岗÷居民区网格", "part-time posts / residential grids", ("part_time_posts", "residential")),
    _ratio("part_time_per_grid", "网格平均兼职网格员", "Part-time workers per grid", "兼职岗÷网格数", "part-time posts / grids",
           ("part_time_posts", "grids")),
    _count("beyond_core", "其他力量（N）", "Beyond the core", "在岗数－配备公式中数字所指的在岗数",
           "posts held / less those that the numbers of the formula ask for", needs="ruled"),
    _rate("pairs_complete", "AB岗配齐率", "Grids with A and B", "AB岗由两人担任的网格÷应设AB岗的网格",
           "grids with two people as A and B / grids whose rule asks for both", ("paired", "to_be_paired")),
    _count("without_b", "无B岗网格", "Grids without B", "应设AB岗而无B岗的网格", "grids whose rule asks for a B that nobody is",
           needs="to_be_paired"),
    _rate("duty_roles_full", "网格五员齐全率", "Workers with every duty", "兼齐方案所列职责（五员）的专职岗÷专职岗",
          "full-time posts that carry every duty that the profile names / full-time posts where a profile names any",
          ("posts_with_all_duties", "posts_with_duties_due")),
    _ratio("yuan_per_worker", "人均投入（元）", "Yuan per worker", "方案所列经费÷该岗人数",
           "the profile's budget / the people of the role that it is for", ("budget_yuan", "budget_persons"), unit=Unit.YUAN,
           needs="budget_yuan"),
    _count("stations", "驿站数", "Stations", "当日在用驿站", "stations that were open on the day"),
    _ratio("grids_per_station", "驿站平均网格数", "Grids per station", "网格数÷驿站数", "grids / stations",
           ("grids", "stations")),
    _rate("station_coverage", "驿站覆盖率", "Households near a station",
          "驿站服务范围内的户数÷户数；无范围的按方案所列生活圈（无方案为一刻钟步行）",
          "households within the service area or the circle of a station, else the walk that the profile states "
          "(a quarter of an hour without one) / households",
          ("households_reached", "households_to_reach")),
    # A square decimetre for a household is a square metre for a hundred of them.
    _ratio("facility_m2_per_100hh", "每百户阵地面积（平方米）", "Square metres of centers per 100 households",
           "社区服务中心面积÷（户数÷100），以已登记面积的社区计；n为平方分米",
           "square metres of communities' centers / hundreds of households, where the size is known; n is square decimetres",
           ("center_dm2", "center_households"), digits=1),
    _count("party_units", "党支部与党小组", "Party branches and groups", "所登记的党支部与党小组之和",
           "branches and groups that were brought along", parts=("party_branches", "party_groups")),
    # --- what they do
    _count("matters", "有处置标准的事项", "Matters of departments", "当日在册、有责任部门的事项",
           "matters in force that a department answers for"),
    _ratio("matter_in_force", "网格平均在册事项", "Matters in force per grid", "各网格所承担的当日在册事项之和÷网格数",
           "matters in force on the day that each grid answered for then / grids",
           ("matters_of_grids", "grids")),
    _count("departments", "责任部门", "Departments", "当日在册事项的责任部门", "departments that answer for matters in force"),
    _count("listed", "清单事项", "Matters on lists", "三张清单（公共服务、群众自治、有偿服务）在册事项之和",
           "matters in force on the lists of public, own and paid services",
           parts=("list_public", "list_self_governance", "list_paid")),
    _count("list_items", "清单在列事项（五张清单）", "Items on the lists", "当日前列入前四张清单的事项",
           "items that were put on the first four lists by the day"),
    _count("list_items_incomplete", "缺来源或联系方式的清单事项", "Items without source or contact",
           "无来源的实事与无联系电话的服务（按现在所记）",
           "promises without a source and services without a contact, by what is said of them now",
           needs="list_items", parts=("without_source", "without_contact")),
    _count("exits", "已退出事项", "Matters that have exited", "当日已退出且未再准入的事项、证明、牌匾、盖章、台账之和",
           "affairs, certificates, plaques, stamps and ledgers that had exited by the day and not come back",
           parts=tuple(f"exit_{kind}" for kind in ExitKind)),
    _rate("visit_coverage", "走访覆盖率", "Household points visited", "周期内走访过的住户点÷住户点",
          "household points visited in the period that holds there, up to the day / household points", ("visited", "points")),
    _rate("group_coverage", "入群率", "Households in the group", "网格群内户数÷户数",
          "households in their grid's group / households", ("in_group", "group_households")),
    rate("patrol_compliance", "巡查达标率", "Days with the patrol done",
         "期内巡查（含走访）时长达标的人日÷期内专职网格员应巡查的人日（工作日，休假除外，至昨日止）",
         "work days of full-time workers with as many minutes as the rule asks, visits included / work days without leave, "
         "until the day or yesterday",
         ("patrols_met", "patrols_owed")),
    BY_ID["resolution_rate"],
    rate("order_finish_rate", "订单办结率", "Orders finished", "期内点单且已办结÷期内点单",
         "orders placed in the window and finished / orders placed in it", ("orders_finished", "orders"), basis=Basis.COHORT),
)  # fmt: skip
"""Every figure, in the order of the panel."""
