"""What happens in a sample town: of which kinds, how often, who answers for it, and what people say of it.

All texts are invented; the categories are our own words, of which `dispute` (矛盾纠纷) is the one that figures ask for.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One category. `share` is how often it comes, beside the others; `says` are titles, each with what is said under it."""

    category: str
    zh: str
    kind: str
    department: str
    """The district's, that answers for the matter."""
    board: str
    days: int
    """Work days that it may take."""
    share: float
    evening: bool
    """Whether it comes up in the evening more than in office hours."""
    at_work: float
    """How much more often it comes up where people work than where they live."""
    sources: tuple[float, float, float]
    """How much of it each of `SOURCES` brings."""
    says: tuple[tuple[str, str], ...]


SOURCES = ("hotline_12345", "urban_mgmt", "zongzhi")
"""The city's hotline, the management of streets and squares (数字城管), and the platform of public order (综治)."""

DEPARTMENTS = {
    "sanitation": "示例区环境卫生中心",
    "water": "示例区水务局",
    "urban": "示例区城市管理局",
    "traffic": "示例区交通秩序办公室",
    "housing": "示例区住房保障局",
    "emergency": "示例区应急管理局",
    "justice": "示例区司法局",
    "civil": "示例区民政局",
}
"""The district's departments, by what their codes end with."""

TOPICS = (
    Topic(
        category="rubbish", zh="环境卫生", kind="problem", department="sanitation", board="livelihood", days=1, share=17,
        evening=False, at_work=0.8, sources=(0.5, 0.5, 0.0),
        says=(
            ("垃圾桶满溢未清运", "桶边又堆了几袋生活垃圾，天热味道很大，请安排清运。"),
            ("楼道堆放杂物", "二层到三层的平台上放着旧沙发和纸箱，搬东西过不去。"),
            ("装修垃圾无人清理", "空地上的装修垃圾放了好几天，一下雨就往外淌泥水。"),
            ("绿化带内有垃圾", "冬青丛里有不少塑料袋和饭盒，保洁没有扫到。"),
        ),
    ),
    Topic(
        category="pipes", zh="供水排水", kind="problem", department="water", board="livelihood", days=2, share=11,
        evening=False, at_work=0.9, sources=(0.7, 0.3, 0.0),
        says=(
            ("雨水井盖松动", "车一压就响，井圈边上已经裂开，怕有人踩空。"),
            ("检查井返水", "污水从井口往外冒，路面积了一大片，行人绕着走。"),
            ("早晚水压不足", "五楼以上做饭时间几乎没有水，已经持续一周。"),
            ("消防栓漏水", "消防栓接口一直滴水，夜里结了薄冰。"),
        ),
    ),
    Topic(
        category="lamps", zh="路灯照明", kind="problem", department="urban", board="livelihood", days=2, share=7,
        evening=True, at_work=1.0, sources=(0.4, 0.6, 0.0),
        says=(
            ("路灯不亮", "路口向东连着三盏灯都不亮，晚上接孩子看不清路。"),
            ("楼道灯损坏", "单元里的声控灯喊不亮，老人上下楼摸黑。"),
            ("灯杆倾斜", "前几天大风过后灯杆歪了，看着不牢靠。"),
        ),
    ),
    Topic(
        category="parking", zh="停车秩序", kind="problem", department="traffic", board="safety_rule_of_law", days=1, share=13,
        evening=True, at_work=1.5, sources=(0.7, 0.2, 0.1),
        says=(
            ("消防通道停车", "通道里停着两辆轿车，大车肯定进不来。"),
            ("电动车占满人行道", "店门口的电动车一直停到盲道上，推婴儿车只能走机动车道。"),
            ("私装车位锁", "公共车位被人装了地锁，邻居们意见很大。"),
            ("僵尸车长期占位", "一辆没有牌照的面包车停了大半年，轮胎都瘪了。"),
        ),
    ),
    Topic(
        category="noise", zh="噪音扰民", kind="problem", department="urban", board="safety_rule_of_law", days=1, share=10,
        evening=True, at_work=0.9, sources=(0.8, 0.2, 0.0),
        says=(
            ("夜间施工噪音", "晚上十点以后还在切割，孩子没法睡觉。"),
            ("广场音响声音大", "两支队伍比着放音乐，关上窗户也听得清。"),
            ("设备低频噪音", "楼下机房整夜嗡嗡响，床板都跟着震。"),
        ),
    ),
    Topic(
        category="property", zh="物业管理", kind="problem", department="housing", board="livelihood", days=3, share=9,
        evening=False, at_work=0.4, sources=(0.9, 0.0, 0.1),
        says=(
            ("电梯停运", "一部电梯停了两天，没有贴通知，也没人来修。"),
            ("单元门禁损坏", "门一直敞着，发传单的随便进。"),
            ("公共收益未公示", "电梯广告的收入从来没有贴出来过，希望公开。"),
        ),
    ),
    Topic(
        category="stalls", zh="占道经营", kind="problem", department="urban", board="economy", days=1, share=6,
        evening=True, at_work=2.0, sources=(0.3, 0.7, 0.0),
        says=(
            ("流动摊点占道", "傍晚路口摆了七八个摊，公交车进站都困难。"),
            ("店外堆放货物", "货架摆到人行道中间，只剩一条窄缝。"),
            ("招牌遮挡路口视线", "落地招牌正好挡住右转的视线，容易出事故。"),
        ),
    ),
    Topic(
        category="safety", zh="安全隐患", kind="problem", department="emergency", board="safety_rule_of_law", days=1, share=8,
        evening=False, at_work=1.4, sources=(0.3, 0.2, 0.5),
        says=(
            ("电动车电池入户充电", "有人把电池提回家充，走廊里还拖着接线板。"),
            ("外墙瓷砖松动", "六楼外墙鼓了一块，楼下是孩子们玩的地方。"),
            ("配电箱门敞开", "箱门合不上，里面的线头露在外面。"),
            ("疏散通道上锁", "后门用链条锁着，钥匙在谁手里没人知道。"),
        ),
    ),
    Topic(
        category="dispute", zh="矛盾纠纷", kind="problem", department="justice", board="safety_rule_of_law", days=5, share=7,
        evening=False, at_work=0.5, sources=(0.2, 0.0, 0.8),
        says=(
            ("邻里渗水纠纷", "楼上卫生间渗水，两家对修理费用谈不拢。"),
            ("停车位使用纠纷", "同一个车位两户都说是自己租下的，昨天吵了起来。"),
            ("宠物伤人纠纷", "遛狗没有牵绳，老人被扑倒，双方对赔偿有分歧。"),
            ("租金押金纠纷", "租期已满，房东不退押金，租客请社区帮助协调。"),
        ),
    ),
    Topic(
        category="facilities", zh="公共设施", kind="problem", department="urban", board="livelihood", days=3, share=6,
        evening=False, at_work=0.7, sources=(0.5, 0.5, 0.0),
        says=(
            ("健身器材损坏", "漫步机的踏板断了一边，还有老人在用。"),
            ("休息座椅断裂", "木条断了两根，坐上去会夹手。"),
            ("无障碍坡道破损", "坡道下沿缺了一角，轮椅上不去。"),
        ),
    ),
    Topic(
        category="care", zh="民生求助", kind="request", department="civil", board="livelihood", days=2, share=4,
        evening=False, at_work=0.1, sources=(0.8, 0.0, 0.2),
        says=(
            ("独居老人需要探访", "邻居反映老人两天没有出门，请派人上门看看。"),
            ("申请助餐服务", "腿脚不便，想了解社区食堂能不能送餐。"),
            ("咨询临时救助", "家里突然用钱，想问需要准备哪些材料。"),
        ),
    ),
    Topic(
        category="service", zh="意见建议", kind="opinion", department="civil", board="party", days=3, share=2,
        evening=False, at_work=0.8, sources=(1.0, 0.0, 0.0),
        says=(
            ("建议延长服务站开放时间", "上班族赶不上，希望每周有一晚开到八点。"),
            ("建议增设非机动车棚", "车子没地方停才乱放，空地可以搭个棚。"),
            ("建议增加社区公告渠道", "通知只贴在门口，很多人看不到，建议也发到群里。"),
        ),
    ),
)  # fmt: skip
