"""Painting school figures to scale: triangles, rectangles, circles, lines in a grid and levers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image

from sample_data.drawing import GRID, INK, PAPER, SOFT_INK, Canvas, Colour, Point, mix

WIDTH, HEIGHT = 320, 256
AXIS_X, AXIS_Y, UNIT = 48, 224, 24  # origin of the coordinate grid and its unit, in pixels
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


def draw_figure(scene: GeometryScene) -> Image.Image:
    canvas = Canvas(WIDTH, HEIGHT)
    if scene.form == "line":
        _grid(canvas, AXIS_X % UNIT, AXIS_Y % UNIT, UNIT)
    elif scene.squared:
        _grid(canvas, 0, 0, 16)
    {
        "right triangle": _right,
        "rectangle": _rectangle,
        "circle": _circle,
        "triangle": _triangle,
        "line": _line,
        "lever": _lever,
    }[scene.form](canvas, scene)
    return canvas.finish()


def _grid(canvas: Canvas, first_x: int, first_y: int, step: int) -> None:
    for x in range(first_x, WIDTH, step):
        canvas.line([(x, 0), (x, HEIGHT)], mix(GRID, PAPER, 0.35), 0.5)
    for y in range(first_y, HEIGHT, step):
        canvas.line([(0, y), (WIDTH, y)], mix(GRID, PAPER, 0.35), 0.5)


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
        canvas.text(
            point[0] + (4 if anchor[0] == "l" else -4),
            point[1] + (4 if anchor[1] == "t" else -4),
            scene.letters[letter],
            14,
            INK,
            anchor=anchor,
            bold=True,
        )


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
    x0, y0, step = AXIS_X, AXIS_Y, UNIT
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
