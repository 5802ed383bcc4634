"""School figures: right triangles, triangles with angles, rectangles, circles, straight lines in a grid, and levers.

Lengths are whole numbers and right triangles are Pythagorean, so every answer is exact. Drawings are to scale.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from PIL import Image

from sample_data.drawing import GRID, INK, PAPER, SOFT_INK, Canvas, Colour, Point, mix
from sample_data.records import Turn
from sample_data.wording import choice, free, pick, reasoned, short, yes_no

NAME = "geometry"
SCHEDULE = (
    "geo_area", "geo_right", "geo_hypotenuse", "geo_choice", "geo_perimeter", "geo_angle", "geo_lever", "geo_explain",
    "geo_name", "geo_caption", "geo_slope", "geo_longer", "geo_why", "geo_diameter", "geo_formula", "geo_fits",
)  # fmt: skip
SHORT = ("geo_area", "geo_perimeter", "geo_right", "geo_name", "geo_diameter", "geo_longer")

TRIPLES = ((3, 4, 5), (6, 8, 10), (5, 12, 13), (8, 15, 17), (9, 12, 15), (7, 24, 25), (12, 16, 20))
FORMS = ("right triangle", "rectangle", "circle", "triangle", "line", "lever")
WIDTH, HEIGHT = 320, 256
ACCENTS: tuple[Colour, ...] = ((44, 110, 180), (190, 80, 60), (60, 140, 90), (120, 80, 160))


@dataclass(frozen=True)
class GeometryScene:
    """`sizes` by form: right triangle (leg, leg, hypotenuse); rectangle (width, height); circle (radius);
    triangle (angle, angle, angle) in degrees; line (x1, y1, x2, y2); lever (left kg, left arm, right kg, right arm)."""

    level: int
    form: str
    sizes: tuple[int, ...]
    unit: str
    letters: str
    accent: int
    squared: bool


def make(rng: random.Random, level: int) -> GeometryScene:
    form = rng.choice((FORMS[1:4], FORMS[:4] + FORMS[5:], FORMS)[level])
    if form == "right triangle":
        a, b, c = TRIPLES[rng.randrange(2 if level == 0 else len(TRIPLES))]
        sizes: tuple[int, ...] = rng.choice(((a, b, c), (b, a, c)))
    elif form == "rectangle":
        long = rng.randint(5, 20)
        side = rng.randint(max(2, long // 3), long - 1)
        sizes = rng.choice(((long, side), (side, long)))
    elif form == "circle":
        sizes = (rng.randint(2, 15),)
    elif form == "triangle":
        first = rng.randrange(30, 85, 5)
        second = rng.randrange(30, 85, 5)
        sizes = (first, second, 180 - first - second)
    elif form == "line":
        slope = rng.choice((-2, -1, 1, 2, 3))
        x1, run = rng.randint(0, 2), rng.choice((1, 2))
        y1 = rng.randint(0, 2) if slope > 0 else rng.randint(4, 6)
        sizes = (x1, y1, x1 + run, y1 + slope * run)
    else:
        while True:
            sizes = (rng.randint(1, 9), rng.randint(1, 4), rng.randint(1, 9), rng.randint(1, 4))
            if sizes[0] * sizes[1] != sizes[2] * sizes[3]:
                break
    letters = rng.choice(("ABC", "PQR", "XYZ", "KLM", "DEF"))
    return GeometryScene(
        level, form, sizes, rng.choice(("cm", "m", "mm")), letters, rng.randrange(4), rng.random() < 0.4
    )


def draw(scene: GeometryScene) -> list[Image.Image]:
    canvas = Canvas(WIDTH, HEIGHT)
    if scene.squared or scene.form == "line":
        for x in range(0, WIDTH, 16):
            canvas.line([(x, 0), (x, HEIGHT)], mix(GRID, PAPER, 0.35), 0.5)
        for y in range(0, HEIGHT, 16):
            canvas.line([(0, y), (WIDTH, y)], mix(GRID, PAPER, 0.35), 0.5)
    {"right triangle": _right, "rectangle": _rectangle, "circle": _circle, "triangle": _triangle, "line": _line,
     "lever": _lever}[scene.form](canvas, scene)  # fmt: skip
    return [canvas.finish()]


def _filled(canvas: Canvas, scene: GeometryScene, points: list[Point]) -> None:
    colour = ACCENTS[scene.accent]
    canvas.polygon(points, mix(colour, PAPER, 0.82), colour, 2)


def _right(canvas: Canvas, scene: GeometryScene) -> None:
    a, b, _ = scene.sizes
    scale = min(210 / b, 160 / a)
    x, y = (WIDTH - b * scale) / 2, (HEIGHT + a * scale) / 2
    corner, end, top = (x, y), (x + b * scale, y), (x, y - a * scale)
    _filled(canvas, scene, [corner, end, top])
    canvas.line([(x + 12, y), (x + 12, y - 12), (x, y - 12)], ACCENTS[scene.accent], 1.2)
    canvas.text((x + end[0]) / 2, y + 8, f"{b} {scene.unit}", 13, INK, anchor="ma")
    canvas.text(x - 8, (y + top[1]) / 2, f"{a} {scene.unit}", 13, INK, anchor="rm")
    canvas.text(
        (end[0] + top[0]) / 2 + 8, (end[1] + top[1]) / 2 - 6, "?", 15, ACCENTS[scene.accent], anchor="lb", bold=True
    )
    for point, letter, anchor in ((corner, 0, "rt"), (end, 1, "lt"), (top, 2, "rb")):
        canvas.text(point[0] + (4 if anchor[0] == "l" else -4), point[1] + (4 if anchor[1] == "t" else -4),
                    scene.letters[letter], 14, INK, anchor=anchor, bold=True)  # fmt: skip


def _rectangle(canvas: Canvas, scene: GeometryScene) -> None:
    width, height = scene.sizes
    scale = min(210 / width, 150 / height)
    x, y = (WIDTH - width * scale) / 2, (HEIGHT - height * scale) / 2
    _filled(
        canvas,
        scene,
        [(x, y), (x + width * scale, y), (x + width * scale, y + height * scale), (x, y + height * scale)],
    )
    canvas.text(WIDTH / 2, y + height * scale + 8, f"{width} {scene.unit}", 13, INK, anchor="ma")
    canvas.text(x - 8, HEIGHT / 2, f"{height} {scene.unit}", 13, INK, anchor="rm")


def _circle(canvas: Canvas, scene: GeometryScene) -> None:
    colour, radius = ACCENTS[scene.accent], 60 + scene.sizes[0] * 2.5
    x, y = WIDTH / 2, HEIGHT / 2
    canvas.ellipse(x, y, radius, radius, mix(colour, PAPER, 0.82), colour, 2)
    canvas.line([(x, y), (x + radius, y)], colour, 1.5)
    canvas.ellipse(x, y, 3, 3, colour)
    canvas.text(x + radius / 2, y - 5, f"r = {scene.sizes[0]} {scene.unit}", 13, INK, anchor="mb")
    canvas.text(x - 6, y + 4, "O", 13, INK, anchor="rt", bold=True)


def _triangle(canvas: Canvas, scene: GeometryScene) -> None:
    first, second, _ = scene.sizes
    base = 1.0
    height = base * math.tan(math.radians(first)) * math.tan(math.radians(second))
    height /= math.tan(math.radians(first)) + math.tan(math.radians(second))
    scale = min(230, 170 / height)
    x, y = (WIDTH - scale) / 2, (HEIGHT + height * scale) / 2
    top = (x + height * scale / math.tan(math.radians(first)), y - height * scale)
    _filled(canvas, scene, [(x, y), (x + scale, y), top])
    colour = ACCENTS[scene.accent]
    canvas.arc(x, y, 26, 360 - first, 360, colour, 1.4)
    canvas.arc(x + scale, y, 26, 180, 180 + second, colour, 1.4)
    half = math.radians(first / 2)
    canvas.text(x + 44 * math.cos(half), y - 44 * math.sin(half), f"{first}°", 12, INK, anchor="mm")
    half = math.radians(second / 2)
    canvas.text(x + scale - 44 * math.cos(half), y - 44 * math.sin(half), f"{second}°", 12, INK, anchor="mm")
    canvas.text(top[0], top[1] + 18, "?", 14, colour, anchor="ma", bold=True)
    for point, letter, anchor in (((x, y), 0, "rt"), ((x + scale, y), 1, "lt"), (top, 2, "mb")):
        shift = {"r": -4, "l": 4, "m": 0}[anchor[0]]
        canvas.text(
            point[0] + shift,
            point[1] + (2 if anchor[1] == "t" else -4),
            scene.letters[letter],
            14,
            INK,
            anchor=anchor,
            bold=True,
        )


def _line(canvas: Canvas, scene: GeometryScene) -> None:
    x0, y0, step = 48.0, 224.0, 24.0
    for k in range(9):
        canvas.text(x0 + k * step, y0 + 6, str(k), 10, SOFT_INK, anchor="ma")
        if k:
            canvas.text(x0 - 6, y0 - k * step, str(k), 10, SOFT_INK, anchor="rm")
    canvas.line([(x0, 16), (x0, y0), (304, y0)], INK, 1.4)
    canvas.text(304, y0 - 6, "x", 12, INK, anchor="rb")
    canvas.text(x0 + 6, 14, "y", 12, INK)
    x1, y1, x2, y2 = scene.sizes
    points = [(x0 + x1 * step, y0 - y1 * step), (x0 + x2 * step, y0 - y2 * step)]
    colour = ACCENTS[scene.accent]
    stretch = [
        (points[0][0] + (points[1][0] - points[0][0]) * t, points[0][1] + (points[1][1] - points[0][1]) * t)
        for t in (-0.3, 1.3)
    ]
    canvas.line(stretch, colour, 2)
    for (x, y), (a, b), letter in zip(points, ((x1, y1), (x2, y2)), scene.letters, strict=False):
        canvas.ellipse(x, y, 4, 4, colour, PAPER, 1)
        canvas.text(x + 9, y + 3, f"{letter} ({a}, {b})", 12, INK, anchor="lm")


def _lever(canvas: Canvas, scene: GeometryScene) -> None:
    left, left_arm, right, right_arm = scene.sizes
    x, y, step = WIDTH / 2, 160.0, 32.0
    colour = ACCENTS[scene.accent]
    canvas.line([(14, 216), (306, 216)], SOFT_INK, 1.5)
    canvas.polygon([(x, y + 4), (x - 26, 216), (x + 26, 216)], mix(colour, PAPER, 0.4), colour, 1.5)
    canvas.rectangle(x - 4.4 * step, y - 4, x + 4.4 * step, y + 4, fill=(120, 92, 62), radius=3)
    for k in range(-4, 5):
        canvas.line([(x + k * step, y - 4), (x + k * step, y + 4)], PAPER, 0.8)
    for mass, arm, side in ((left, left_arm, -1), (right, right_arm, 1)):
        half = 13 + mass * 1.4
        middle = x + side * arm * step
        canvas.rectangle(
            middle - half, y - 4 - half * 1.5, middle + half, y - 4, fill=mix(colour, PAPER, 0.15), radius=3
        )
        canvas.text(middle, y - 4 - half * 0.75, f"{mass} kg", 12, PAPER, anchor="mm", bold=True)
        canvas.text(middle, y + 14, f"{arm} m", 11, INK, anchor="ma")


def ask(scene: GeometryScene, kind: str, rng: random.Random) -> Turn | None:
    form, sizes, unit = scene.form, scene.sizes, scene.unit
    if kind == "geo_area":
        if form not in ("right triangle", "rectangle"):
            return None
        area = sizes[0] * sizes[1] / (2 if form == "right triangle" else 1)
        return short(rng, kind, (
            "What is the area of the {form} in square {unit}?",
            "Calculate the area of this {form} (in {unit} squared).",
            "How large is the area of the figure, in square {unit}?",
            "Find the area of the {form} shown. Unit: square {unit}.",
        ), f"{area:g}", form=form, unit=unit)  # fmt: skip
    if kind == "geo_perimeter":
        if form not in ("right triangle", "rectangle"):
            return None
        length = sum(sizes) if form == "right triangle" else 2 * sum(sizes)
        return short(rng, kind, (
            "What is the perimeter of the {form} in {unit}?", "Find the perimeter of the figure in {unit}.",
            "How long is the boundary of this {form}, in {unit}?",
        ), str(length), form=form, unit=unit)  # fmt: skip
    if kind == "geo_name":
        name = {"lever": "lever", "line": "line", "right triangle": "triangle"}.get(form, form)
        return short(rng, kind, ("What kind of figure is shown?", "Name the figure in the picture.",
            "Which object is drawn here?",
                                 "What geometric figure or device is this?"), name)  # fmt: skip
    if kind == "geo_right":
        if form not in ("right triangle", "triangle"):
            return None
        return yes_no(rng, kind, ("Is this a right triangle?", "Does the triangle have an angle of 90 degrees?",
                                  "Is one of the angles a right angle?"),
                                  form == "right triangle" or 90 in sizes)  # fmt: skip
    if kind == "geo_diameter":
        if form != "circle":
            return None
        return short(rng, kind, ("What is the diameter of the circle in {unit}?",
            "How long is the diameter, in {unit}?",
                                 "Find the diameter of the circle ({unit})."), str(2 * sizes[0]),
                                 unit=unit)  # fmt: skip
    if kind == "geo_choice":
        if form == "triangle":
            largest = max(sizes)
            answer = "acute" if largest < 90 else "right" if largest == 90 else "obtuse"
            return choice(rng, kind, ("What type of triangle is this by its angles?",
                "Classify the triangle by its largest angle."),
                          answer, ["acute", "right", "obtuse", "equilateral"] if largest > 60 else ["acute", "right",
                              "obtuse"])  # fmt: skip
        if form == "circle":
            right = f"{sizes[0] ** 2} pi"
            wrong = [f"{2 * sizes[0]} pi", f"{sizes[0]} pi", f"{sizes[0] ** 2 * 2} pi", f"{sizes[0] ** 2 + 1} pi"]
            return choice(rng, kind, ("What is the area of the circle, in square {unit}?",
                "Which expression gives the circle's area in square {unit}?"),
                          right, wrong, unit=unit)  # fmt: skip
        if form == "rectangle":
            right = str(sizes[0] * sizes[1])
            wrong = [str(2 * sum(sizes)), str(sizes[0] * sizes[1] + sizes[0]), str(sum(sizes)), str(sizes[0] ** 2)]
            return choice(
                rng,
                kind,
                ("How many unit squares fit into the rectangle?", "What is the area in square {unit}?"),
                right,
                wrong,
                unit=unit,
            )
        return None
    if kind == "geo_longer":
        if form not in ("right triangle", "rectangle"):
            return None
        a, b = sizes[1] if form == "right triangle" else sizes[0], sizes[0] if form == "right triangle" else sizes[1]
        return yes_no(rng, kind, ("Is the horizontal side longer than the vertical one?",
            "Comparing the two labelled sides, is the horizontal one longer?"),
                      a > b, compare=True)  # fmt: skip
    return _reasoning(scene, kind, rng)


def _reasoning(scene: GeometryScene, kind: str, rng: random.Random) -> Turn | None:
    form, sizes, unit = scene.form, scene.sizes, scene.unit
    if kind == "geo_hypotenuse":
        if form != "right triangle":
            return None
        a, b, c = sizes
        return reasoned(rng, kind, ("How long is the side marked with a question mark?", "Find the hypotenuse.",
            "What length replaces the question mark?"),
                        ["The triangle has a right angle, so the theorem of Pythagoras applies.",
                         f"The square of the hypotenuse is {a}^2 + {b}^2 = {a * a} + {b * b} = {c * c}.",
                         f"The square root of {c * c} is {c}."], f"{c} {unit}")  # fmt: skip
    if kind == "geo_angle":
        if form != "triangle":
            return None
        first, second, third = sizes
        return reasoned(rng, kind, ("What is the missing angle?", "Find the angle marked with a question mark.",
            "How many degrees is the unknown angle?"),
                        ["The angles of a triangle add up to 180 degrees.",
                            f"The known ones are {first} and {second} degrees, together {first + second}.",
                         f"180 - {first + second} = {third}."], f"{third} degrees")  # fmt: skip
    if kind == "geo_slope":
        if form != "line":
            return None
        x1, y1, x2, y2 = sizes
        slope = (y2 - y1) // (x2 - x1)
        return reasoned(rng, kind, ("What is the slope of the line?",
            "Determine the gradient of the line through both points."),
                        [f"The line passes through ({x1}, {y1}) and ({x2}, {y2}).",
                            f"The rise is {y2} - {y1} = {y2 - y1}, the run is {x2} - {x1} = {x2 - x1}.",
                         f"{y2 - y1} divided by {x2 - x1} is {slope}."], str(slope))  # fmt: skip
    if kind in ("geo_lever", "geo_why"):
        if form != "lever":
            return None
        left, right = sizes[0] * sizes[1], sizes[2] * sizes[3]
        side = "left" if left > right else "right"
        steps = (f"The left weight turns the beam with {sizes[0]} kg x {sizes[1]} m = {left}, the right one with "
                 f"{sizes[2]} kg x {sizes[3]} m = {right}. The larger product wins, so the {side} side sinks.")  # fmt: skip
        if kind == "geo_why":
            question = pick(rng, ("Why will the beam not stay level?",
                "What will happen to the beam when it is released, and why?",
                                  "What causes the beam to tip?"))  # fmt: skip
            return free(
                kind,
                question,
                f"It tips to the {side}, because {max(left, right)} is larger than {min(left, right)}: {steps}",
                "short description",
            )
        return choice(rng, kind, ("Which side of the lever goes down?", "The beam is released. What happens?"),
            f"the {side} side goes down",
                      ["the left side goes down", "the right side goes down", "it stays level"], num_options=3,
                      steps=steps if rng.random() < 0.6 else "")  # fmt: skip
    if kind == "geo_fits":
        if form != "rectangle":
            return None
        edge = rng.randint(2, 6)
        fits = (sizes[0] // edge) * (sizes[1] // edge)
        return reasoned(rng, kind, (("How many whole squares with side {side} {unit} fit into the rectangle without "
                                    "turning them?"),),
                        [f"{sizes[0]} divided by {edge}, rounded down, is {sizes[0] // edge}: so many squares lie along the width.",
                            f"{sizes[1]} divided by {edge}, rounded down, is {sizes[1] // edge}: so many lie along the height.",
                         f"{sizes[0] // edge} x {sizes[1] // edge} = {fits}."], str(fits), side=edge,
                         unit=unit)  # fmt: skip
    return _texts(scene, kind, rng)


FACTS = {
    "right triangle": ("a right triangle with two labelled legs and an unknown hypotenuse",
                       "In a right triangle the square over the hypotenuse equals the sum of the squares over the "
                       "legs. Knowing two sides "
                       "therefore fixes the third. The rule is named after Pythagoras, although Babylonian tablets "
                       "used it much earlier."),
    "rectangle": ("a rectangle with its width and height labelled",
                  "The area of a rectangle is width times height, because that many unit squares cover it. Its "
                  "perimeter adds each side "
                  "twice. Doubling both sides doubles the perimeter but makes the area four times as large."),
    "circle": ("a circle with its centre O and a labelled radius",
               "All points of a circle have the same distance from the centre, the radius. The circumference is 2 pi "
               "times the radius and "
               "the area is pi times the radius squared. Archimedes already enclosed pi between 223/71 and 22/7."),
    "triangle": ("a triangle with two known angles and one unknown angle",
                 "The three angles of any flat triangle add up to 180 degrees. Two of them therefore determine the "
                 "third. The longest side "
                 "always lies opposite the largest angle."),
    "line": ("a straight line through two labelled points in a coordinate grid",
             "The slope of a line is its rise divided by its run, and it is the same between any two of its points. "
             "A positive slope climbs "
             "to the right, a negative one descends. Together with one point it fixes the equation of the line."),
    "lever": ("a lever with one weight on each side of the pivot",
              "A lever balances when weight times distance is equal on both sides. A light weight far from the pivot "
              "can therefore lift a heavy "
              "one close to it. Archimedes described this law in antiquity."),
}  # fmt: skip
FORMULAS = {
    "right triangle": "$c = \\sqrt{a^2 + b^2}$", "rectangle": "$A = w \\cdot h$", "circle": "$A = \\pi r^2$",
    "triangle": "$\\alpha + \\beta + \\gamma = 180^\\circ$", "line": "$m = \\frac{y_2 - y_1}{x_2 - x_1}$",
    "lever": "$m_1 d_1 = m_2 d_2$",
}  # fmt: skip


def _texts(scene: GeometryScene, kind: str, rng: random.Random) -> Turn:
    shown, theory = FACTS[scene.form]
    if kind == "geo_caption":
        question = pick(
            rng,
            (
                "Describe the figure in one sentence.",
                "What does this diagram show?",
                "Give a brief caption for the diagram.",
            ),
        )
        return free(kind, question, f"The diagram shows {shown}.", "short description")
    if kind == "geo_explain":
        question = pick(rng, ("Explain the mathematics or physics behind this figure in detail.",
            "Write a detailed explanation of the rule this figure illustrates.",
                              "Give a thorough lesson on what can be calculated from this drawing."))  # fmt: skip
        return free(
            kind,
            question,
            f"The figure shows {shown}. {theory} That is what one needs to work with the numbers given here.",
            "detailed description",
        )
    if kind == "geo_formula":
        question = pick(
            rng,
            (
                "Write the formula that belongs to this figure in LaTeX only.",
                "Give the matching law as a LaTeX formula, nothing else.",
            ),
        )
        return free(kind, question, FORMULAS[scene.form], "specified style")
    raise ValueError(f"geometry knows no task {kind!r}")
