"""School figures: right triangles, triangles with angles, rectangles, circles, straight lines in a grid, and levers.

Lengths are whole numbers and right triangles are Pythagorean, so every answer is exact.
"""

from __future__ import annotations

import random

from PIL import Image

from sample_data.records import Turn
from sample_data.scenes.geometry_drawing import GeometryScene, draw_figure
from sample_data.wording import asked, choice, free, pick, reasoned, short, yes_no

NAME = "geometry"
SCHEDULE = (
    "geo_area", "geo_right", "geo_hypotenuse", "geo_choice", "geo_perimeter", "geo_angle", "geo_lever",
    "geo_explain", "geo_name", "geo_caption", "geo_slope", "geo_longer", "geo_why", "geo_diameter", "geo_formula",
    "geo_fits",
)  # fmt: skip
SHORT = ("geo_area", "geo_perimeter", "geo_right", "geo_name", "geo_diameter", "geo_longer")

TRIPLES = ((3, 4, 5), (6, 8, 10), (5, 12, 13), (8, 15, 17), (9, 12, 15), (7, 24, 25), (12, 16, 20))
FORMS = ("right triangle", "rectangle", "circle", "triangle", "line", "lever")


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
        y1 = rng.randint(1, 2) if slope > 0 else rng.randint(5, 6)
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
    return [draw_figure(scene)]


def ask(scene: GeometryScene, kind: str, rng: random.Random) -> Turn | None:
    form, sizes, unit = scene.form, scene.sizes, scene.unit
    if kind == "geo_area":
        if form not in ("right triangle", "rectangle"):
            return None
        area = sizes[0] * sizes[1] / (2 if form == "right triangle" else 1)
        return short(rng, kind, asked("geo_area"), f"{area:g}", form=form, unit=unit)
    if kind == "geo_perimeter":
        if form not in ("right triangle", "rectangle"):
            return None
        length = sum(sizes) if form == "right triangle" else 2 * sum(sizes)
        return short(rng, kind, asked("geo_perimeter"), str(length), form=form, unit=unit)
    if kind == "geo_name":
        name = {"lever": "lever", "line": "line", "right triangle": "triangle"}.get(form, form)
        return short(rng, kind, asked("geo_name"), name)
    if kind == "geo_right":
        if form not in ("right triangle", "triangle"):
            return None
        return yes_no(rng, kind, asked("geo_right"), form == "right triangle" or 90 in sizes)
    if kind == "geo_diameter":
        if form != "circle":
            return None
        return short(rng, kind, asked("geo_diameter"), str(2 * sizes[0]), unit=unit)
    if kind == "geo_choice":
        if form == "triangle":
            largest = max(sizes)
            answer = "acute" if largest < 90 else "right" if largest == 90 else "obtuse"
            return choice(
                rng,
                kind,
                asked("geo_choice triangle"),
                answer,
                ["acute", "right", "obtuse", "equilateral"] if largest > 60 else ["acute", "right", "obtuse"],
            )
        if form == "circle":
            right = f"{sizes[0] ** 2} pi"
            wrong = [f"{2 * sizes[0]} pi", f"{sizes[0]} pi", f"{sizes[0] ** 2 * 2} pi", f"{sizes[0] ** 2 + 1} pi"]
            return choice(rng, kind, asked("geo_choice circle"), right, wrong, unit=unit)
        if form == "rectangle":
            right = str(sizes[0] * sizes[1])
            wrong = [str(2 * sum(sizes)), str(sizes[0] * sizes[1] + sizes[0]), str(sum(sizes)), str(sizes[0] ** 2)]
            return choice(
                rng,
                kind,
                asked("geo_choice rectangle"),
                right,
                wrong,
                unit=unit,
            )
        return None
    if kind == "geo_longer":
        if form not in ("right triangle", "rectangle"):
            return None
        a, b = sizes[1] if form == "right triangle" else sizes[0], sizes[0] if form == "right triangle" else sizes[1]
        return yes_no(rng, kind, asked("geo_longer"), a > b, compare=True)
    return _reasoning(scene, kind, rng)


def _reasoning(scene: GeometryScene, kind: str, rng: random.Random) -> Turn | None:
    form, sizes, unit = scene.form, scene.sizes, scene.unit
    if kind == "geo_hypotenuse":
        if form != "right triangle":
            return None
        a, b, c = sizes
        return reasoned(
            rng,
            kind,
            asked("geo_hypotenuse"),
            [
                "The triangle has a right angle, so the theorem of Pythagoras applies.",
                f"The square of the hypotenuse is {a}^2 + {b}^2 = {a * a} + {b * b} = {c * c}.",
                f"The square root of {c * c} is {c}.",
            ],
            f"{c} {unit}",
        )
    if kind == "geo_angle":
        if form != "triangle":
            return None
        first, second, third = sizes
        return reasoned(
            rng,
            kind,
            asked("geo_angle"),
            [
                "The angles of a triangle add up to 180 degrees.",
                f"The known ones are {first} and {second} degrees, together {first + second}.",
                f"180 - {first + second} = {third}.",
            ],
            f"{third} degrees",
        )
    if kind == "geo_slope":
        if form != "line":
            return None
        x1, y1, x2, y2 = sizes
        slope = (y2 - y1) // (x2 - x1)
        return reasoned(
            rng,
            kind,
            asked("geo_slope"),
            [
                f"The line passes through ({x1}, {y1}) and ({x2}, {y2}).",
                f"The rise is {y2} - {y1} = {y2 - y1}, the run is {x2} - {x1} = {x2 - x1}.",
                f"{y2 - y1} divided by {x2 - x1} is {slope}.",
            ],
            str(slope),
        )
    if kind in ("geo_lever", "geo_why"):
        if form != "lever":
            return None
        left, right = sizes[0] * sizes[1], sizes[2] * sizes[3]
        side = "left" if left > right else "right"
        steps = (
            f"The left weight turns the beam with {sizes[0]} kg x {sizes[1]} m = {left}, the right one with "
            f"{sizes[2]} kg x {sizes[3]} m = {right}. The larger product wins, so the {side} side sinks."
        )
        if kind == "geo_why":
            question = pick(rng, asked("geo_why"))
            return free(
                kind,
                question,
                f"It tips to the {side}, because {max(left, right)} is larger than {min(left, right)}: {steps}",
                "short description",
            )
        return choice(
            rng,
            kind,
            asked("geo_lever"),
            f"the {side} side goes down",
            ["the left side goes down", "the right side goes down", "it stays level"],
            num_options=3,
            steps=steps if rng.random() < 0.6 else "",
        )
    if kind == "geo_fits":
        if form != "rectangle":
            return None
        edge = rng.randint(2, 6)
        fits = (sizes[0] // edge) * (sizes[1] // edge)
        return reasoned(
            rng,
            kind,
            asked("geo_fits"),
            [
                f"{sizes[0]} divided by {edge}, rounded down, is {sizes[0] // edge}: so many squares lie along the width.",
                f"{sizes[1]} divided by {edge}, rounded down, is {sizes[1] // edge}: so many lie along the height.",
                f"{sizes[0] // edge} x {sizes[1] // edge} = {fits}.",
            ],
            str(fits),
            side=edge,
            unit=unit,
        )
    return _texts(scene, kind, rng)


FACTS = {
    "right triangle": (
        "a right triangle with two labelled legs and an unknown hypotenuse",
        "In a right triangle the square over the hypotenuse equals the sum of the squares over the "
        "legs. Knowing two sides "
        "therefore fixes the third. The rule is named after Pythagoras, although Babylonian tablets "
        "used it much earlier.",
    ),
    "rectangle": (
        "a rectangle with its width and height labelled",
        "The area of a rectangle is width times height, because that many unit squares cover it. Its "
        "perimeter adds each side "
        "twice. Doubling both sides doubles the perimeter but makes the area four times as large.",
    ),
    "circle": (
        "a circle with its centre O and a labelled radius",
        "All points of a circle have the same distance from the centre, the radius. The circumference is 2 pi "
        "times the radius and "
        "the area is pi times the radius squared. Archimedes already enclosed pi between 223/71 and 22/7.",
    ),
    "triangle": (
        "a triangle with two known angles and one unknown angle",
        "The three angles of any flat triangle add up to 180 degrees. Two of them therefore determine the "
        "third. The longest side "
        "always lies opposite the largest angle.",
    ),
    "line": (
        "a straight line through two labelled points in a coordinate grid",
        "The slope of a line is its rise divided by its run, and it is the same between any two of its points. "
        "A positive slope climbs "
        "to the right, a negative one descends. Together with one point it fixes the equation of the line.",
    ),
    "lever": (
        "a lever with one weight on each side of the pivot",
        "A lever balances when weight times distance is equal on both sides. A light weight far from the pivot "
        "can therefore lift a heavy "
        "one close to it. Archimedes described this law in antiquity.",
    ),
}
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
            asked("geo_caption"),
        )
        return free(kind, question, f"The diagram shows {shown}.", "short description")
    if kind == "geo_explain":
        question = pick(rng, asked("geo_explain"))
        return free(
            kind,
            question,
            f"The figure shows {shown}. {theory} That is what one needs to work with the numbers given here.",
            "detailed description",
        )
    if kind == "geo_formula":
        question = pick(
            rng,
            asked("geo_formula"),
        )
        return free(kind, question, FORMULAS[scene.form], "specified style")
    raise ValueError(f"geometry knows no task {kind!r}")
