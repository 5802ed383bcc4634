"""Town maps: a street grid with a river, parks and named places, a compass rose and a scale bar.

Places stand on distinct street crossings, so directions and nearest places have one answer. North is up.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

from PIL import Image

from sample_data.drawing import INK, PAPER, Canvas, Colour, text_width
from sample_data.records import Turn
from sample_data.wording import asked, choice, coordinates, free, listing, pick, reasoned, short, yes_no

NAME = "maps"
SCHEDULE = (
    "map_direction", "map_north", "map_point", "map_route", "map_street", "map_describe", "map_nearest", "map_count",
    "map_choice", "map_guide", "map_caption", "map_farther", "map_culture", "map_blocks", "map_why",
)  # fmt: skip
SHORT = ("map_direction", "map_north", "map_street", "map_nearest", "map_count")

PLACES: dict[str, tuple[Colour, str]] = {
    "Museum": ((128, 72, 150), "shows paintings and finds from the town's past"),
    "Castle": ((120, 94, 70), "was the seat of the lords who ruled the region in the Middle Ages"),
    "Temple": ((190, 60, 60), "is the oldest house of worship in the town"),
    "Theatre": ((176, 48, 110), "stages plays from Sophocles to the present day"),
    "Library": ((60, 100, 170), "keeps manuscripts and the town chronicle"),
    "Hospital": ((214, 54, 54), "treats patients around the clock"),
    "School": ((230, 150, 30), "teaches children from six to sixteen"),
    "Station": ((70, 76, 86), "connects the town with the capital"),
    "Market": ((34, 140, 90), "sells fruit, cheese and cloth twice a week"),
    "Harbour": ((28, 110, 170), "receives ferries and fishing boats"),
    "Hotel": ((150, 110, 40), "offers rooms to travellers"),
    "Bank": ((50, 120, 120), "changes money"),
}
CULTURAL = ("Museum", "Castle", "Temple", "Theatre", "Library")
STREETS_ACROSS = ("Elm Street", "Oak Street", "Mill Street", "Lime Street", "Bridge Street", "Rose Street")
STREETS_DOWN = ("First Ave", "Second Ave", "Third Ave", "Fourth Ave", "Fifth Ave", "Sixth Ave")
TOWNS = (
    "Northwick",
    "Ashford Bay",
    "Rivermouth",
    "Stonebridge",
    "Marlow Heath",
    "Port Ellery",
    "Fallow Green",
    "Kingsmere",
)
LAND: tuple[Colour, ...] = ((243, 240, 232), (238, 241, 234), (245, 243, 240))


@dataclass(frozen=True)
class MapScene:
    """`spots`: (place, column, row) of the crossing it stands on; row 0 is the northernmost street."""

    level: int
    town: str
    columns: int
    rows: int
    spots: tuple[tuple[str, int, int], ...]
    parks: tuple[tuple[int, int], ...]
    river_row: int
    land: int
    width: int = 384
    height: int = 320


def make(rng: random.Random, level: int) -> MapScene:
    columns, rows = ((3, 3), (4, 4), (5, 4))[level]
    chosen = rng.sample(sorted(PLACES), (3, 5, 7)[level])
    crossings = rng.sample([(c, r) for c in range(columns) for r in range(rows)], len(chosen))
    river_row = rng.choice((-1, 0, rows - 2))
    parks = rng.sample([(c, r) for c in range(columns - 1) for r in range(rows - 1) if r != river_row], 1 + (level > 0))
    return MapScene(
        level,
        rng.choice(TOWNS),
        columns,
        rows,
        tuple((name, *cell) for name, cell in zip(chosen, crossings, strict=True)),
        tuple(parks),
        river_row,
        rng.randrange(3),
    )


def crossing(scene: MapScene, column: int, row: int) -> tuple[float, float]:
    return 76 + column * (scene.width - 128) / (scene.columns - 1), 62 + row * (scene.height - 132) / (scene.rows - 1)


def draw(scene: MapScene) -> list[Image.Image]:
    canvas = Canvas(scene.width, scene.height, LAND[scene.land])
    for column, row in scene.parks:
        (left, top), (right, bottom) = crossing(scene, column, row), crossing(scene, column + 1, row + 1)
        canvas.rectangle(left + 10, top + 10, right - 10, bottom - 10, fill=(198, 224, 184), radius=6)
        for k in range(4):
            x = left + 22 + (right - left - 44) * k / 3
            canvas.ellipse(x, (top + bottom) / 2 + (8 if k % 2 else -8), 5, 5, (140, 186, 122))
    if scene.river_row >= 0:
        y = (crossing(scene, 0, scene.river_row)[1] + crossing(scene, 0, scene.river_row + 1)[1]) / 2
        points = [(x, y + 8 * math.sin(x / 34 + scene.land)) for x in range(-20, scene.width + 30, 6)]
        canvas.line(points, (150, 196, 226), 13)
    for row in range(scene.rows):
        y = crossing(scene, 0, row)[1]
        canvas.line([(0, y), (scene.width, y)], (206, 202, 194), 11)
        canvas.line([(0, y), (scene.width, y)], PAPER, 9)
        canvas.text(5, y - 1, STREETS_ACROSS[row], 9, (118, 114, 108), anchor="lm")
    for column in range(scene.columns):
        x = crossing(scene, column, 0)[0]
        canvas.line([(x, 34), (x, scene.height - 26)], (206, 202, 194), 11)
        canvas.line([(x, 34), (x, scene.height - 26)], PAPER, 9)
        canvas.text(x, scene.height - 36, STREETS_DOWN[column], 9, (118, 114, 108), anchor="mm")
    for name, column, row in scene.spots:
        x, y = crossing(scene, column, row)
        colour = PLACES[name][0]
        canvas.ellipse(x, y, 8, 8, colour, PAPER, 1.6)
        half = text_width(name, 11) / 2 + 5
        canvas.rectangle(x - half, y + 10, x + half, y + 25, fill=PAPER, outline=(210, 208, 202), width=0.5, radius=4)
        canvas.text(x, y + 17.5, name, 11, INK, anchor="mm")
    canvas.rectangle(0, 0, scene.width, 32, fill=(52, 66, 84))
    canvas.text(12, 16, f"Map of {scene.town}", 14, PAPER, anchor="lm", bold=True)
    x, y = scene.width - 20, 16
    canvas.polygon([(x, y - 12), (x - 6, y + 8), (x, y + 4), (x + 6, y + 8)], (240, 240, 240))
    canvas.text(x - 18, y, "N", 13, PAPER, anchor="mm", bold=True)
    canvas.line([(12, scene.height - 12), (76, scene.height - 12)], INK, 2)
    canvas.text(82, scene.height - 12, "200 m", 10, INK, anchor="lm")
    return [canvas.finish()]


def direction(a: tuple[str, int, int], b: tuple[str, int, int]) -> str:
    """Compass direction from a to b."""
    vertical = "south" if b[2] > a[2] else "north" if b[2] < a[2] else ""
    horizontal = "east" if b[1] > a[1] else "west" if b[1] < a[1] else ""
    return vertical + horizontal


def blocks(a: tuple[str, int, int], b: tuple[str, int, int]) -> int:
    return abs(a[1] - b[1]) + abs(a[2] - b[2])


def route(a: tuple[str, int, int], b: tuple[str, int, int]) -> list[str]:
    """First along the street, then along the avenue."""
    steps = []
    if a[1] != b[1]:
        count = abs(a[1] - b[1])
        steps.append(
            f"Go {'east' if b[1] > a[1] else 'west'} on {STREETS_ACROSS[a[2]]} for {count} block{'s' * (count > 1)}."
        )
    if a[2] != b[2]:
        count = abs(a[2] - b[2])
        steps.append(
            f"Go {'south' if b[2] > a[2] else 'north'} on {STREETS_DOWN[b[1]]} for {count} block{'s' * (count > 1)}."
        )
    return steps


def ask(scene: MapScene, kind: str, rng: random.Random) -> Turn | None:
    a, b = rng.sample(scene.spots, 2)
    names = [spot[0] for spot in scene.spots]
    values: dict[str, Any] = {"a": a[0], "b": b[0], "town": scene.town}
    if kind == "map_direction":
        return short(rng, kind, asked("map_direction"), direction(a, b), **values)
    if kind == "map_north":
        word = rng.choice(("north", "south", "east", "west"))
        truth = word in direction(b, a)
        return yes_no(rng, kind, asked("map_north"), truth, word=word, **values)
    if kind == "map_point":
        x, y = crossing(scene, a[1], a[2])
        return coordinates(
            rng,
            kind,
            asked("map_point"),
            (x - 8, y - 8, x + 8, y + 8),
            (scene.width, scene.height),
            point=rng.random() < 0.6,
            **values,
        )
    if kind == "map_street":
        return short(rng, kind, asked("map_street"), STREETS_ACROSS[a[2]], **values)
    if kind == "map_nearest":
        order = sorted((blocks(a, spot), spot[0]) for spot in scene.spots if spot != a)
        if len(order) > 1 and order[0][0] == order[1][0]:
            return None
        return short(rng, kind, asked("map_nearest"), order[0][1], **values)
    if kind == "map_count":
        return short(
            rng,
            kind,
            asked("map_count"),
            str(len(names)),
        )
    if kind == "map_choice":
        answer = direction(a, b)
        options = ["north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest"]
        return choice(
            rng,
            kind,
            asked("map_choice"),
            answer,
            options,
            **values,
        )
    if kind == "map_blocks":
        across, down = abs(a[1] - b[1]), abs(a[2] - b[2])
        return reasoned(
            rng,
            kind,
            asked("map_blocks"),
            [
                f"The {a[0]} is at {STREETS_ACROSS[a[2]]} and {STREETS_DOWN[a[1]]}.",
                f"The {b[0]} is at {STREETS_ACROSS[b[2]]} and {STREETS_DOWN[b[1]]}.",
                f"That is {across} across and {down} up or down: {across} + {down} = {across + down}.",
            ],
            str(across + down),
            **values,
        )
    if kind == "map_farther":
        c = rng.choice([spot for spot in scene.spots if spot not in (a, b)])
        first, second = blocks(a, b), blocks(a, c)
        if first == second:
            return None
        answer = b[0] if first < second else c[0]
        return short(rng, kind, asked("map_farther"), answer, compare=True, c=c[0], **values)
    return _texts(scene, kind, rng, a, b)


def _texts(
    scene: MapScene, kind: str, rng: random.Random, a: tuple[str, int, int], b: tuple[str, int, int]
) -> Turn | None:
    names = [spot[0] for spot in scene.spots]
    values: dict[str, Any] = {"a": a[0], "b": b[0], "town": scene.town}
    culture = [name for name in names if name in CULTURAL]
    if kind == "map_route":
        return reasoned(
            rng,
            kind,
            asked("map_route"),
            [f"Start at the {a[0]}.", *route(a, b)],
            f"{blocks(a, b)} block{'s' * (blocks(a, b) > 1)} to the {b[0]}",
            **values,
        )
    if kind == "map_caption":
        question = pick(rng, asked("map_caption"))
        water = " and a river" if scene.river_row >= 0 else ""
        return free(
            kind,
            question,
            f"It is a street map of {scene.town} with {len(names)} marked places, a park{water}.",
            "short description",
        )
    if kind == "map_describe":
        question = pick(
            rng,
            asked("map_describe"),
        )
        lines = [
            f"The map shows {scene.town}; north is at the top and a scale bar marks 200 metres.",
            (
                f"{scene.rows} streets run from west to east ({listing(STREETS_ACROSS[: scene.rows])}) and "
                f"{scene.columns} avenues from north to south."
            ),
        ]
        lines += [
            f"The {name} is at the corner of {STREETS_ACROSS[row]} and {STREETS_DOWN[column]}."
            for name, column, row in scene.spots
        ]
        if scene.river_row >= 0:
            lines.append(
                f"A river crosses the town between {STREETS_ACROSS[scene.river_row]} and "
                f"{STREETS_ACROSS[scene.river_row + 1]}."
            )
        return free(kind, question, " ".join(lines), "detailed description")
    if kind == "map_guide":
        if not culture:
            return None
        question = pick(rng, asked("map_guide"))
        sights = " ".join(f"The {name} {PLACES[name][1]}." for name in culture)
        answer = (
            f"Welcome, dear travellers, to {scene.town}! {sights} Come, walk our streets, and let centuries of "
            "history speak to you!"
        )
        return free(kind, question, answer, "specified style")
    if kind == "map_culture":
        if len(culture) != 1 or len(names) < 3:
            return None
        return choice(rng, kind, asked("map_culture"), culture[0], names)
    if kind == "map_why":
        if scene.river_row < 0:
            return None
        question = pick(
            rng,
            asked("map_why"),
        )
        answer = (
            "Because a river gave drinking water, fish, power for mills and a way to carry goods, so trade and "
            "people gathered on its banks."
        )
        return free(kind, question, answer, "short description")
    raise ValueError(f"maps knows no task {kind!r}")
