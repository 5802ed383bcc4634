"""Coloured shapes: one big one, scattered groups, rows with an odd one out, and repeating patterns.

Shapes never overlap, so counts are certain; colours are unmistakable and named in drawing.py.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from PIL import Image

from sample_data.drawing import NAMED_COLOURS, Canvas, Colour, regular_polygon, shade, star
from sample_data.records import Turn
from sample_data.wording import (
    article,
    asked,
    choice,
    coordinates,
    free,
    listing,
    pick,
    plural,
    reasoned,
    short,
    word,
    yes_no,
)

NAME = "shapes"
SCHEDULE = (
    "shape_colour", "shape_count", "shape_exists", "shape_kind", "shape_side", "shape_choice", "shape_more",
    "shape_colour", "shape_box", "shape_caption", "shape_exists", "shape_odd", "shape_next", "shape_tally",
    "shape_json", "shape_biggest", "shape_left_of", "shape_describe", "shape_rhyme",
)  # fmt: skip
SHORT = ("shape_colour", "shape_kind", "shape_exists", "shape_count", "shape_left_of", "shape_more", "shape_exists")

KINDS = ("circle", "square", "triangle", "star", "diamond", "hexagon", "cross")
BACKGROUNDS: tuple[Colour, ...] = ((255, 255, 255), (247, 244, 236), (236, 242, 248), (240, 240, 240), (252, 245, 247))


@dataclass(frozen=True)
class Shape:
    kind: str
    colour: str
    x: float
    y: float
    radius: float

    @property
    def name(self) -> str:
        return f"{self.colour} {self.kind}"

    @property
    def box(self) -> tuple[float, float, float, float]:
        return self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius


@dataclass(frozen=True)
class ShapeScene:
    level: int
    layout: str  # single | scatter | odd | pattern
    shapes: tuple[Shape, ...]
    width: int
    height: int
    background: int
    columns: int = 0
    odd: int = -1
    following: str = ""


def make(rng: random.Random, level: int) -> ShapeScene:
    layout = rng.choice(
        (("single", "single", "scatter"), ("scatter", "scatter", "odd"), ("scatter", "odd", "pattern"))[level]
    )
    return arrange(rng, level, layout)


def arrange(rng: random.Random, level: int, layout: str) -> ShapeScene:
    width, height = rng.choice(((256, 256), (288, 256), (320, 240), (320, 288)))
    background = rng.randrange(len(BACKGROUNDS))
    colours, columns, odd, following = list(NAMED_COLOURS), 0, -1, ""
    shapes: list[Shape] = []
    if layout == "single":
        radius = rng.uniform(60, 95)
        spot = (width / 2 + rng.uniform(-24, 24), height / 2 + rng.uniform(-16, 16))
        shapes.append(Shape(rng.choice(KINDS[:5]), rng.choice(colours[:6]), *spot, radius))
    elif layout == "scatter":
        used = rng.sample(colours, (2, 3, 4)[level])
        kinds = rng.sample(KINDS, (2, 3, 4)[level])
        wanted = rng.randint(*((2, 4), (4, 8), (8, 12))[level])
        while len(shapes) < wanted:
            radius = rng.uniform(*((26, 40), (18, 30), (14, 22))[level])
            x, y = rng.uniform(radius + 6, width - radius - 6), rng.uniform(radius + 6, height - radius - 6)
            if all((x - s.x) ** 2 + (y - s.y) ** 2 > (radius + s.radius + 5) ** 2 for s in shapes):
                shapes.append(Shape(rng.choice(kinds), rng.choice(used), x, y, radius))
    else:
        columns, rows = (rng.choice((4, 5, 6)), rng.choice((3, 4))) if layout == "odd" else (rng.choice((6, 7)), 1)
        radius = min(width / columns, height / rows) * 0.34
        first, second = rng.sample(colours, 2)
        kind, other = rng.sample(KINDS[:5], 2)
        odd = rng.randrange(columns * rows) if layout == "odd" else -1
        by_colour = rng.random() < 0.5
        cycle = ((kind, first), (other, second)) if by_colour else ((kind, first), (kind, first), (other, second))
        for k in range(columns * rows):
            x, y = width * (k % columns + 0.5) / columns, height * (k // columns + 0.5) / rows
            if layout == "pattern":
                shapes.append(Shape(*cycle[k % len(cycle)], x, y, radius))
            elif k == odd:
                shapes.append(Shape(kind if by_colour else other, second if by_colour else first, x, y, radius))
            else:
                shapes.append(Shape(kind, first, x, y, radius))
        if layout == "pattern":
            following = " ".join(reversed(cycle[columns % len(cycle)]))
    return ShapeScene(level, layout, tuple(shapes), width, height, background, columns, odd, following)


def draw(scene: ShapeScene) -> list[Image.Image]:
    canvas = Canvas(scene.width, scene.height, BACKGROUNDS[scene.background])
    for shape in scene.shapes:
        paint(canvas, shape)
    return [canvas.finish()]


def paint(canvas: Canvas, shape: Shape) -> None:
    """A soft shadow below, a flat fill and a darker edge."""
    fill = NAMED_COLOURS[shape.colour]
    edge, thick = shade(fill, 0.72), max(1.0, shape.radius / 22)
    x, y, radius = shape.x, shape.y, shape.radius
    if shape.kind == "circle":
        canvas.ellipse(x, y, radius, radius, fill, edge, thick)
    elif shape.kind == "square":
        side = radius * 0.84
        canvas.rectangle(x - side, y - side, x + side, y + side, fill, edge, thick)
    elif shape.kind == "cross":
        arm = radius * 0.34
        corners = [
            (-arm, -radius),
            (arm, -radius),
            (arm, -arm),
            (radius, -arm),
            (radius, arm),
            (arm, arm),
            (arm, radius),
            (-arm, radius),
            (-arm, arm),
            (-radius, arm),
            (-radius, -arm),
            (-arm, -arm),
        ]
        canvas.polygon([(x + dx, y + dy) for dx, dy in corners], fill, edge, thick)
    elif shape.kind == "star":
        canvas.polygon(star(x, y, radius), fill, edge, thick)
    else:
        corners_of = {"triangle": 3, "diamond": 4, "hexagon": 6}
        canvas.polygon(regular_polygon(x, y, radius, corners_of[shape.kind]), fill, edge, thick)


def place(scene: ShapeScene, shape: Shape) -> str:
    across = "left" if shape.x < scene.width / 2 else "right"
    return f"{'upper' if shape.y < scene.height / 2 else 'lower'} {across}"


def _unique(scene: ShapeScene, key: str) -> list[Shape]:
    counts = Counter(getattr(shape, key) for shape in scene.shapes)
    return [shape for shape in scene.shapes if counts[getattr(shape, key)] == 1]


def ask(scene: ShapeScene, kind: str, rng: random.Random) -> Turn | None:
    shapes = scene.shapes
    names = Counter(shape.name for shape in shapes)
    if kind in ("shape_odd", "shape_next") and scene.layout != {"shape_odd": "odd", "shape_next": "pattern"}[kind]:
        return None
    if kind == "shape_colour":
        one = _unique(scene, "kind")
        if not one:
            return None
        shape = rng.choice(one)
        return short(rng, kind, asked("shape_colour"), shape.colour, shape=shape.kind)
    if kind == "shape_kind":
        one = _unique(scene, "colour")
        if not one:
            return None
        shape = rng.choice(one)
        return short(rng, kind, asked("shape_kind"), shape.kind, colour=shape.colour)
    if kind == "shape_exists":
        if rng.random() < 0.5:
            shape = rng.choice(shapes)
            wanted = rng.choice((shape.name, shape.kind, shape.colour + " shape"))
            truth = True
        else:
            absent = [f"{c} {k}" for c in NAMED_COLOURS for k in KINDS if f"{c} {k}" not in names]
            wanted, truth = rng.choice(absent), False
        return yes_no(rng, kind, asked("shape_exists"), truth, wanted=article(wanted))
    if kind in ("shape_count", "shape_tally"):
        what = rng.choice(("all", "colour", "kind", "kind")) if scene.level else rng.choice(("all", "kind"))
        if what == "all":
            noun, count = "shapes", len(shapes)
        elif what == "colour":
            colour = rng.choice(shapes).colour
            noun, count = f"{colour} shapes", sum(s.colour == colour for s in shapes)
        else:
            form = rng.choice(shapes).kind if rng.random() < 0.85 else rng.choice(KINDS)
            noun, count = plural(form), sum(s.kind == form for s in shapes)
        if kind == "shape_count":
            return short(rng, kind, asked("shape_count"), str(count), noun=noun)
        rows = []
        for half, left in (("left", True), ("right", False)):
            inside = [s for s in shapes if (s.x < scene.width / 2) == left]
            rows.append(f"On the {half} half I find {len(inside)}: {listing([s.name for s in inside]) or 'nothing'}.")
        matching = {
            "all": "every one of them counts",
            "colour": f"only the {noun} count",
            "kind": f"only the {noun} count",
        }
        rows.append(f"Of these, {matching[what]}, which gives {count}.")
        return reasoned(rng, kind, asked("shape_tally"), rows, str(count), noun=noun)
    return _relations(scene, kind, rng, names)


def _relations(scene: ShapeScene, kind: str, rng: random.Random, names: Counter[str]) -> Turn | None:
    shapes = scene.shapes
    single = [shape for shape in shapes if names[shape.name] == 1]
    if kind in ("shape_side", "shape_left_of", "shape_choice"):
        if len(single) < 2:
            return None
        a, b = rng.sample(single, 2)
        if abs(a.x - b.x) < 15 or abs(a.y - b.y) < 15:
            return None
        values: dict[str, Any] = {"a": a.name, "b": b.name}
        if kind == "shape_left_of":
            relation = rng.choice(("left of", "right of", "above", "below"))
            truth = {"left of": a.x < b.x, "right of": a.x > b.x, "above": a.y < b.y, "below": a.y > b.y}[relation]
            says = f"to the {relation}" if "of" in relation else relation
            return yes_no(rng, kind, asked("shape_left_of"), truth, says=says, **values)
        if kind == "shape_side":
            return short(rng, kind, asked("shape_side"), "left" if a.x < b.x else "right", **values)
        truth_place = ("above" if a.y < b.y else "below") + " and to the " + ("left" if a.x < b.x else "right")
        options = [f"{v} and to the {h}" for v in ("above", "below") for h in ("left", "right")]
        return choice(rng, kind, asked("shape_choice"), truth_place, options, **values)
    if kind == "shape_more":
        colours = Counter(shape.colour for shape in shapes)
        if len(colours) < 2:
            return None
        first, second = rng.sample(sorted(colours), 2)
        return yes_no(
            rng, kind, asked("shape_more"), colours[first] > colours[second], compare=True, first=first, second=second
        )
    if kind == "shape_biggest":
        order = sorted(single, key=lambda s: -s.radius)
        if len(shapes) < 3 or not order or order[0].radius < max(s.radius for s in shapes) - 1e-6:
            return None
        if sorted(s.radius for s in shapes)[-2] > order[0].radius * 0.92:
            return None
        wrong = [s.name for s in shapes]
        return choice(rng, kind, asked("shape_biggest"), order[0].name, wrong)
    if kind == "shape_box":
        if not single:
            return None
        shape = rng.choice(single)
        return coordinates(
            rng,
            kind,
            asked("shape_box"),
            shape.box,
            (scene.width, scene.height),
            point=rng.random() < 0.3,
            shape=shape.name,
        )
    if kind == "shape_odd":
        row, column = scene.odd // scene.columns + 1, scene.odd % scene.columns + 1
        return short(rng, kind, asked("shape_odd"), f"row {row}, column {column}", row=row, column=column)
    if kind == "shape_next":
        last = Counter(s.name for s in shapes)
        extra = [f"{c} {k}" for c in list(NAMED_COLOURS)[:3] for k in KINDS[:2]]
        steps = (
            f"From left to right I see {listing([s.name for s in shapes])}. The block repeats from the start, so "
            "after the "
            f"last one comes {article(scene.following)}."
        )
        return choice(
            rng, kind, asked("shape_next"), scene.following, [*last, *extra], steps=steps if rng.random() < 0.5 else ""
        )
    return _texts(scene, kind, rng, names)


def _texts(scene: ShapeScene, kind: str, rng: random.Random, names: Counter[str]) -> Turn:
    shapes = scene.shapes
    groups = listing([f"{word(count)} {plural(name, count)}" for name, count in sorted(names.items())])
    if kind == "shape_caption":
        question = pick(rng, asked("shape_caption"))
        return free(kind, question, f"The image shows {groups} on a plain background.", "short description")
    if kind == "shape_describe":
        question = pick(rng, asked("shape_describe"))
        lines = [
            (
                f"The drawing holds {word(len(shapes))} {plural('shape', len(shapes))} on a plain, light background: "
                f"{groups}."
            )
        ]
        for shape in shapes[:8]:
            size = "large" if shape.radius > 45 else "medium-sized" if shape.radius > 24 else "small"
            lines.append(f"{article(size).capitalize()} {shape.name} is in the {place(scene, shape)} part.")
        lines.append("Nothing overlaps, and every shape has a thin, darker edge.")
        return free(kind, question, " ".join(lines), "detailed description")
    if kind == "shape_json":
        question = pick(rng, asked("shape_json"))
        return free(kind, question, json.dumps(dict(sorted(names.items()))), "specified style")
    if kind == "shape_rhyme":
        question = pick(rng, asked("shape_rhyme"))
        if "rhyme" in question:
            answer = f"I looked and found {groups} to see,\nall resting in the frame as calm as can be."
        elif "pirate" in question:
            answer = f"Arr, matey! I spy {groups} upon this chart, and not a ship in sight!"
        else:
            answer = f"Look, look! Can you find {groups}? Well done, you clever explorer!"
        return free(kind, question, answer, "specified style")
    raise ValueError(f"shapes knows no task {kind!r}")
