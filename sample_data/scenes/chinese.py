"""Conversations in Chinese about pictures of the other families, and some without a picture.

The answers come from the same parameters; colours, shapes and actions are translated by the tables below.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from sample_data.records import Turn
from sample_data.scenes import charts, geometry, outdoors, receipts, shapes
from sample_data.scenes.chart_drawing import number
from sample_data.scenes.receipts import money
from sample_data.wording import LETTERS, asked, free

NAME = "chinese"
SCHEDULE = (
    "zh_colour", "zh_count", "zh_exists", "zh_caption", "zh_weather", "zh_doing", "zh_max", "zh_compare", "zh_total",
    "zh_date", "zh_area", "zh_steps", "zh_why", "zh_describe", "zh_poem", "zh_choice", "zh_box", "zh_history",
    "zh_translate", "zh_cause", "zh_json",
)  # fmt: skip
SHORT = ("zh_colour", "zh_count", "zh_exists", "zh_weather", "zh_doing", "zh_max", "zh_total", "zh_date")

COLOURS = {
    "red": "红色",
    "blue": "蓝色",
    "green": "绿色",
    "yellow": "黄色",
    "orange": "橙色",
    "purple": "紫色",
    "pink": "粉色",
    "brown": "棕色",
    "gray": "灰色",
    "black": "黑色",
}
KINDS = {
    "circle": "圆形",
    "square": "正方形",
    "triangle": "三角形",
    "star": "星形",
    "diamond": "菱形",
    "hexagon": "六边形",
    "cross": "十字形",
}
WEATHER = {"sunny": "晴天", "clear": "晴朗", "cloudy": "多云", "rainy": "下雨", "snowy": "下雪"}
HOURS = {"day": "白天", "evening": "傍晚", "night": "夜晚"}
PLACES = {"beach": "海滩", "park": "公园", "street": "城市街道", "mountains": "山区"}
ACTIONS = {
    "running": "跑步", "waving": "挥手", "sitting": "坐着", "kicking a ball": "踢球", "holding an umbrella": "打伞",
    "jumping": "跳跃", "flying a kite": "放风筝", "riding a bicycle": "骑自行车", "reading a book": "看书", "fishing": "钓鱼",
}  # fmt: skip
HISTORY = (
    ("《红楼梦》的作者是谁？", "曹雪芹"),
    ("秦始皇在哪一年统一六国？", "公元前221年"),
    ("中国古代四大发明是哪四项？", "造纸术、印刷术、火药和指南针"),
    ("唐代诗人李白被人们称为什么？", "诗仙"),
    ("丝绸之路的起点是哪座古城？", "长安"),
    ("故宫建于哪个朝代？", "明代"),
)
CAUSES = (
    ("为什么冬天白天比较短？", "因为地轴是倾斜的，冬季时我们所在的半球背向太阳，阳光照射的时间就短。"),
    ("为什么冰会浮在水面上？", "因为水结冰时体积变大，密度比水小，所以会浮起来。"),
    ("为什么下雨之后有时会出现彩虹？", "因为阳光进入空气中的小水滴后发生折射和反射，分成了不同的颜色。"),
    ("为什么造纸术的发明如此重要？", "因为纸张轻便又便宜，知识和文化因此可以更快地传播。"),
)
PHRASES = (
    ("早上好", "good morning"),
    ("谢谢", "thank you"),
    ("再见", "goodbye"),
    ("图书馆", "library"),
    ("火车站", "train station"),
    ("数学", "mathematics"),
)
FAMILY_OF = {
    "shapes": ("zh_colour", "zh_count", "zh_exists", "zh_caption", "zh_box", "zh_json", "zh_compare"),
    "scenes": ("zh_weather", "zh_doing", "zh_why", "zh_describe", "zh_poem", "zh_choice", "zh_caption"),
    "charts": ("zh_max", "zh_compare", "zh_json"), "receipts": ("zh_total", "zh_date", "zh_json"),
    "geometry": ("zh_area", "zh_steps"), "none": ("zh_history", "zh_translate", "zh_cause"),
}  # fmt: skip
MODULES: dict[str, Any] = {
    "shapes": shapes,
    "scenes": outdoors,
    "charts": charts,
    "receipts": receipts,
    "geometry": geometry,
}


@dataclass(frozen=True)
class ChineseScene:
    level: int
    family: str
    inner: Any


def make(rng: random.Random, level: int) -> ChineseScene:
    family = rng.choice(
        ("shapes", "shapes", "scenes", "scenes", "charts", "receipts", "geometry", "geometry", "none", "none")
    )
    if family == "none":
        return ChineseScene(level, family, rng.randrange(10**9))
    inner = MODULES[family].make(rng, level)
    while family == "geometry" and inner.form not in ("rectangle", "right triangle"):
        inner = MODULES[family].make(rng, level)
    return ChineseScene(level, family, inner)


def draw(scene: ChineseScene) -> list[Image.Image]:
    return MODULES[scene.family].draw(scene.inner) if scene.family != "none" else []


def ask(scene: ChineseScene, kind: str, rng: random.Random) -> Turn | None:
    if kind not in FAMILY_OF[scene.family]:
        return None
    makers: dict[str, Callable[[Any, str, random.Random], Turn | None]] = {
        "shapes": _shapes,
        "scenes": _scenes,
        "charts": _charts,
        "receipts": _receipts,
        "geometry": _geometry,
        "none": _text,
    }
    return makers[scene.family](scene.inner, kind, rng)


def _shape_name(shape: shapes.Shape) -> str:
    return COLOURS[shape.colour] + "的" + KINDS[shape.kind]


def _shapes(scene: shapes.ShapeScene, kind: str, rng: random.Random) -> Turn | None:
    items = scene.shapes
    if kind == "zh_colour":
        single = [s for s in items if sum(o.kind == s.kind for o in items) == 1]
        if not single:
            return None
        shape = rng.choice(single)
        question = rng.choice(
            ("图中的{}是什么颜色？", "{}是什么颜色的？", "请问{}的颜色是什么？请用一个词回答。")
        ).format(KINDS[shape.kind])
        return free(kind, question, COLOURS[shape.colour], "word/short-phrase", shape=shape.kind)
    if kind == "zh_count":
        question = rng.choice(asked("zh_count"))
        return free(kind, question, str(len(items)), "word/short-phrase")
    if kind == "zh_exists":
        truth = rng.random() < 0.5
        name = _shape_name(rng.choice(items))
        if not truth:
            present = {_shape_name(s) for s in items}
            name = rng.choice(
                [c + "的" + k for c in COLOURS.values() for k in KINDS.values() if c + "的" + k not in present]
            )
        question = rng.choice(asked("zh_exists")).format(name)
        return free(kind, question, "是" if truth else "否", "yes/no", wanted=name)
    if kind == "zh_box":
        shape = rng.choice(items)
        if sum(s.name == shape.name for s in items) > 1:
            return None
        left, top, right, bottom = (
            value / edge for value, edge in zip(shape.box, (scene.width, scene.height) * 2, strict=True)
        )
        question = f"请给出{_shape_name(shape)}的边界框坐标，格式为 [x1, y1, x2, y2]。"
        return free(
            kind,
            question,
            f"[{left:.2f}, {top:.2f}, {right:.2f}, {bottom:.2f}]",
            "coordinate",
            box=(left, top, right, bottom),
        )
    if kind == "zh_json":
        counts: dict[str, int] = {}
        for shape in items:
            counts[KINDS[shape.kind]] = counts.get(KINDS[shape.kind], 0) + 1
        body = ", ".join(f'"{name}": {count}' for name, count in sorted(counts.items()))
        return free(kind, "请用 JSON 格式列出每种形状的数量。", "{" + body + "}", "specified style")
    if kind == "zh_compare":
        colours = sorted({s.colour for s in items})
        if len(colours) < 2:
            return None
        a, b = rng.sample(colours, 2)
        more = sum(s.colour == a for s in items) > sum(s.colour == b for s in items)
        return free(
            kind,
            f"比较一下，{COLOURS[a]}图形比{COLOURS[b]}图形多吗？",
            "是" if more else "否",
            "yes/no",
            "comparison",
            first=a,
            second=b,
        )
    return free(
        "zh_caption",
        rng.choice(("请用一句话描述这张图片。", "简要描述图片内容。")),
        "图中有" + "、".join(_shape_name(s) for s in items) + "，背景为浅色。",
        "short description",
    )


def _scenes(scene: Any, kind: str, rng: random.Random) -> Turn | None:
    person = scene.people[0]
    setting = f"{HOURS[scene.hour]}的{PLACES[scene.place]}"
    if kind == "zh_weather":
        return free(
            kind,
            rng.choice(asked("zh_weather")),
            WEATHER[scene.weather],
            "word/short-phrase",
        )
    if kind == "zh_doing":
        return free(
            kind,
            f"穿{COLOURS[person.shirt]}上衣的人在做什么？",
            ACTIONS[person.activity],
            "word/short-phrase",
            shirt=person.shirt,
        )
    doing = "，".join(f"一个穿{COLOURS[p.shirt]}上衣的人正在{ACTIONS[p.activity]}" for p in scene.people)
    if kind == "zh_caption":
        return free(
            kind,
            rng.choice(asked("zh_caption")),
            f"{setting}，{doing}，天气是{WEATHER[scene.weather]}。",
            "short description",
        )
    if kind == "zh_why":
        reason = {
            "rainy": "因为正在下雨，雨水会把地面打湿。",
            "snowy": "因为正在下雪，雪覆盖了地面。",
            "sunny": "因为天空没有云，阳光可以直接照到地面。",
            "clear": "因为没有云遮挡，所以星星和月亮看得很清楚。",
            "cloudy": "因为云层挡住了阳光，所以光线比较暗。",
        }[scene.weather]
        question = {
            "rainy": "为什么地面会变湿？",
            "snowy": "为什么地面是白的？",
            "sunny": "为什么光线这么亮？",
            "clear": "为什么能看到月亮和星星？",
            "cloudy": "为什么光线比较暗？",
        }[scene.weather]
        return free(kind, question + rng.choice(("", "请说明原因。")), reason, "short description")
    if kind == "zh_describe":
        answer = (
            f"这幅画描绘的是{setting}。天气是{WEATHER[scene.weather]}，从天空的颜色就可以看出来。"
            f"画面中一共有{len(scene.people)}个人。{doing}。"
            "他们身后还有一些景物，整个画面色彩简单明快。"
        )
        return free(
            kind,
            rng.choice(asked("zh_describe")),
            answer,
            "detailed description",
        )
    if kind == "zh_poem":
        return free(
            kind,
            rng.choice(asked("zh_poem")),
            f"{PLACES[scene.place]}{HOURS[scene.hour]}好，\n{WEATHER[scene.weather]}意不同。\n有人{ACTIONS[person.activity]}去，\n笑语入长空。",
            "specified style",
        )
    options = list(PLACES)
    rng.shuffle(options)
    listed = "\n".join(f"{LETTERS[k]}. {PLACES[place]}" for k, place in enumerate(options))
    return free(
        "zh_choice",
        f"这张图片里的地点是哪里？\n{listed}\n请直接回答选项字母。",
        LETTERS[options.index(scene.place)],
        "multi-choice",
    )


def _charts(scene: Any, kind: str, rng: random.Random) -> Turn | None:
    row = scene.values[0]
    where = f"（{scene.series[0]} 系列）" if len(scene.series) > 1 else ""
    best = max(range(len(row)), key=row.__getitem__)
    if kind == "zh_max":
        return free(
            kind,
            rng.choice(asked("zh_max")).format(where),
            scene.labels[best],
            "word/short-phrase",
        )
    if kind == "zh_json":
        body = ", ".join(f'"{label}": {number(value)}' for label, value in zip(scene.labels, row, strict=True))
        return free(kind, f"请把图表中的数据转换成 JSON 格式{where}。", "{" + body + "}", "specified style")
    a, b = rng.sample(range(len(row)), 2)
    high, low = (a, b) if row[a] > row[b] else (b, a)
    answer = (
        f"{scene.labels[high]} 更高，为 {number(row[high])}，{scene.labels[low]} 为 {number(row[low])}，两者相差 "
        f"{number(row[high] - row[low])}。"
    )
    return free(
        "zh_compare",
        f"请比较 {scene.labels[a]} 和 {scene.labels[b]}{where}。",
        answer,
        "comparison",
        "short description",
        first=scene.labels[a],
        second=scene.labels[b],
    )


def _receipts(scene: Any, kind: str, rng: random.Random) -> Turn | None:
    if kind == "zh_total":
        return free(
            kind,
            rng.choice(asked("zh_total")),
            money(scene.total),
            "word/short-phrase",
        )
    if kind == "zh_date":
        return free(kind, rng.choice(asked("zh_date")), scene.date, "word/short-phrase")
    return free(
        "zh_json",
        "请提取店名、日期和总金额，以 JSON 格式输出。",
        f'{{"店名": "{scene.shop}", "日期": "{scene.date}", "总金额": "{money(scene.total)}"}}',
        "specified style",
    )


def _geometry(scene: Any, kind: str, rng: random.Random) -> Turn | None:
    a, b = scene.sizes[0], scene.sizes[1]
    if kind == "zh_area":
        area = a * b / (2 if scene.form == "right triangle" else 1)
        return free(
            kind,
            f"图中图形的面积是多少平方{scene.unit}？" + rng.choice(("", "只回答数字。")),
            f"{area:g}",
            "word/short-phrase",
        )
    if scene.form == "rectangle":
        steps = (
            f"第一步：长方形的周长等于长加宽的两倍。\n第二步：{a} + {b} = {a + b}。\n第三步：{a + b} × 2 = {2 * (a + b)}。\n所以周长是 "
            f"{2 * (a + b)} {scene.unit}。"
        )
        return free("zh_steps", "这个长方形的周长是多少？请一步一步思考。", steps, "chain-of-thought")
    c = scene.sizes[2]
    steps = (
        f"第一步：这是直角三角形，可以用勾股定理。\n第二步：{a}² + {b}² = {a * a + b * b}。\n"
        f"第三步：{a * a + b * b} 的平方根是 {c}。\n所以答案是 {c} {scene.unit}。"
    )
    return free("zh_steps", "问号处的边长是多少？请写出推理过程。", steps, "chain-of-thought")


def _text(seed: int, kind: str, rng: random.Random) -> Turn | None:
    if kind == "zh_history":
        question, answer = rng.choice(HISTORY)
        return free(kind, question, answer, "word/short-phrase")
    if kind == "zh_cause":
        question, answer = rng.choice(CAUSES)
        return free(kind, question, answer, "short description")
    first, second, third = rng.sample(PHRASES, 3)
    question = f"请按照例子翻译。\n{first[0]} -> {first[1]}\n{second[0]} -> {second[1]}\n{third[0]} ->"
    return free("zh_translate", question, third[1], "word/short-phrase", asked=third[0])
