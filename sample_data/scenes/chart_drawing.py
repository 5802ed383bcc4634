"""Painting charts: bars, grouped bars, horizontal bars, lines, pies and scatter plots with axes, ticks and legends.

The boxes of the marks are computed by `bar_boxes`, which both the painter and the questions about places use.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image

from sample_data.drawing import GRID, INK, PALETTES, PAPER, SOFT_INK, Canvas, Colour, mix, text_width

BACKGROUNDS: tuple[Colour, ...] = (PAPER, PAPER, PAPER, (250, 248, 243), (246, 248, 251))


@dataclass(frozen=True)
class ChartScene:
    """`values[s][k]` belongs to series s and category k. A pie has one series whose values are percentages."""

    level: int
    form: str  # bar | grouped | hbar | line | pie | scatter
    title: str
    axis: str
    unit: str
    noun: str
    labels: tuple[str, ...]
    series: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    width: int
    height: int
    palette: int
    background: int
    show_values: bool
    colour_each: bool


def number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:.1f}"


def axis_top(values: list[float]) -> tuple[float, float]:
    """The top of the value axis and its step: 4 to 6 round ticks above the largest value."""
    peak = max(values) * 1.05
    power = 10 ** math.floor(math.log10(peak))
    for step in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0):
        if peak / (step * power) <= 6:
            size = step * power
            return math.ceil(peak / size) * size, size
    return 10 * power, 2 * power


def plot_area(scene: ChartScene) -> tuple[float, float, float, float]:
    left = 52.0 if scene.form != "hbar" else 22 + max(text_width(label, 11) for label in scene.labels)
    return left, 40.0, scene.width - 14.0, scene.height - (54.0 if len(scene.series) > 1 else 38.0)


def series_colour(scene: ChartScene, position: int) -> Colour:
    palette = PALETTES[scene.palette]
    return palette[position % len(palette)]


def bar_boxes(scene: ChartScene) -> dict[tuple[int, int], tuple[float, float, float, float]]:
    """(series, category) -> left, top, right, bottom of the bar, in pixels of the finished picture."""
    left, top, right, bottom = plot_area(scene)
    peak, _ = axis_top([value for row in scene.values for value in row])
    boxes = {}
    slots = len(scene.labels)
    for s, row in enumerate(scene.values):
        for k, value in enumerate(row):
            if scene.form == "hbar":
                pitch = (bottom - top) / slots
                middle = top + pitch * (k + 0.5)
                boxes[s, k] = (left, middle - pitch * 0.33, left + (right - left) * value / peak, middle + pitch * 0.33)
            else:
                pitch = (right - left) / slots
                wide = pitch * 0.7 / len(scene.series)
                start = left + pitch * k + pitch * 0.15 + wide * s
                boxes[s, k] = (start, bottom - (bottom - top) * value / peak, start + wide, bottom)
    return boxes


def draw_chart(scene: ChartScene) -> Image.Image:
    canvas = Canvas(scene.width, scene.height, BACKGROUNDS[scene.background])
    canvas.text(scene.width / 2, 12, scene.title, 15, INK, anchor="ma", bold=True)
    if scene.form == "pie":
        _pie(canvas, scene)
    else:
        _axes(canvas, scene)
        if scene.form == "line":
            _lines(canvas, scene)
        elif scene.form == "scatter":
            _dots(canvas, scene)
        else:
            _bars(canvas, scene)
        if len(scene.series) > 1:
            _legend(canvas, scene)
    return canvas.finish()


def _axes(canvas: Canvas, scene: ChartScene) -> None:
    left, top, right, bottom = plot_area(scene)
    peak, step = axis_top([value for row in scene.values for value in row])
    for k in range(round(peak / step) + 1):
        tick = number(round(step * k, 6))
        if scene.form == "hbar":
            x = left + (right - left) * k * step / peak
            canvas.line([(x, top), (x, bottom)], GRID)
            canvas.text(x, bottom + 5, tick, 10, SOFT_INK, anchor="ma")
        else:
            y = bottom - (bottom - top) * k * step / peak
            canvas.line([(left, y), (right, y)], GRID)
            canvas.text(left - 6, y, tick, 10, SOFT_INK, anchor="rm")
    slots = len(scene.labels)
    for k, label in enumerate(scene.labels):
        if scene.form == "hbar":
            canvas.text(left - 6, top + (bottom - top) * (k + 0.5) / slots, label, 11, INK, anchor="rm")
        else:
            canvas.text(left + (right - left) * (k + 0.5) / slots, bottom + 6, label, 11, INK, anchor="ma")
    canvas.line([(left, top), (left, bottom)], SOFT_INK)
    canvas.line([(left, bottom), (right, bottom)], SOFT_INK)
    if scene.form == "hbar":
        canvas.text((left + right) / 2, scene.height - 18, scene.axis, 10, SOFT_INK, anchor="ma")
    else:
        canvas.upright_text(13, (top + bottom) / 2, scene.axis, 10, SOFT_INK)


def _bars(canvas: Canvas, scene: ChartScene) -> None:
    for (s, k), (left, top, right, bottom) in bar_boxes(scene).items():
        canvas.rectangle(left, top, right, bottom, fill=series_colour(scene, k if scene.colour_each else s))
        if scene.show_values and len(scene.series) == 1:
            text = number(scene.values[s][k])
            if scene.form == "hbar":
                canvas.text(right + 4, (top + bottom) / 2, text, 10, INK, anchor="lm")
            else:
                canvas.text((left + right) / 2, top - 3, text, 10, INK, anchor="mb")


def _lines(canvas: Canvas, scene: ChartScene) -> None:
    left, top, right, bottom = plot_area(scene)
    peak, _ = axis_top([value for row in scene.values for value in row])
    for s, row in enumerate(scene.values):
        points = [
            (left + (right - left) * (k + 0.5) / len(row), bottom - (bottom - top) * value / peak)
            for k, value in enumerate(row)
        ]
        colour = series_colour(scene, s)
        canvas.line(points, colour, 2.0)
        for (x, y), value in zip(points, row, strict=True):
            canvas.ellipse(x, y, 3.4, 3.4, fill=colour, outline=PAPER, width=1)
            if scene.show_values and len(scene.series) == 1:
                canvas.text(x, y - 7, number(value), 10, INK, anchor="mb")


def _dots(canvas: Canvas, scene: ChartScene) -> None:
    left, top, right, bottom = plot_area(scene)
    peak, _ = axis_top([value for row in scene.values for value in row])
    for k, value in enumerate(scene.values[0]):
        x = left + (right - left) * (k + 0.5) / len(scene.labels)
        canvas.ellipse(x, bottom - (bottom - top) * value / peak, 5, 5, fill=series_colour(scene, 0), outline=PAPER)


def _legend(canvas: Canvas, scene: ChartScene) -> None:
    widths = [text_width(name, 11) + 26 for name in scene.series]
    x = (scene.width - sum(widths)) / 2
    y = scene.height - 18
    for s, name in enumerate(scene.series):
        canvas.rectangle(x, y, x + 11, y + 11, fill=series_colour(scene, s), radius=2)
        canvas.text(x + 15, y + 6, name, 11, INK, anchor="lm")
        x += widths[s]


def _pie(canvas: Canvas, scene: ChartScene) -> None:
    radius = (scene.height - 70) / 2
    x, y = radius + 26, 46 + radius
    start = -90.0
    for k, value in enumerate(scene.values[0]):
        end = start + 3.6 * value
        colour = series_colour(scene, k)
        canvas.pie(x, y, radius, start, end, colour)
        middle = math.radians((start + end) / 2)
        if value >= 6:
            spot = (x + radius * 0.68 * math.cos(middle), y + radius * 0.68 * math.sin(middle))
            light = sum(colour) > 480
            canvas.text(*spot, f"{number(value)}%", 11, INK if light else PAPER, anchor="mm", bold=True)
        start = end
    legend_x = x + radius + 24
    legend_y = y - len(scene.labels) * 11
    for k, label in enumerate(scene.labels):
        canvas.rectangle(
            legend_x, legend_y + k * 22, legend_x + 12, legend_y + k * 22 + 12, fill=series_colour(scene, k), radius=2
        )
        canvas.text(legend_x + 18, legend_y + k * 22 + 6, label, 11, mix(INK, SOFT_INK, 0.2), anchor="lm")
