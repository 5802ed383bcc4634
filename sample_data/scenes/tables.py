"""Tables as pictures: timetables, score boards, price lists, class registers and stock lists.

The first column names the row; at least one column holds numbers that are distinct, so extremes have one answer.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from PIL import Image

from sample_data.drawing import INK, PAPER, SOFT_INK, Canvas, Colour, text_width
from sample_data.records import Turn
from sample_data.wording import CITIES, PEOPLE, asked, choice, coordinates, free, listing, pick, reasoned, short, yes_no

NAME = "tables"
SCHEDULE = (
    "table_cell", "table_max", "table_exceeds", "table_sum", "table_markdown", "table_rows", "table_choice",
    "table_describe", "table_min", "table_compare", "table_header", "table_lookup", "table_json", "table_filter",
    "table_cell_box", "table_note",
)  # fmt: skip
SHORT = ("table_cell", "table_max", "table_exceeds", "table_rows", "table_min", "table_lookup", "table_header")

THEMES: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((52, 84, 128), PAPER, (240, 244, 249)),
    ((60, 110, 90), PAPER, (240, 247, 243)),
    ((233, 236, 240), INK, PAPER),
    ((122, 72, 60), PAPER, (249, 243, 240)),
)
# title, name of a row, (column, unit, lowest, highest, step, text pool)
Column = tuple[str, str, int, int, int, tuple[str, ...]]
TOPICS: tuple[tuple[str, str, tuple[str, ...], tuple[Column, ...]], ...] = (
    (
        "Train departures",
        "Destination",
        CITIES,
        (
            ("Platform", "", 1, 14, 1, ()),
            ("Minutes", "min", 20, 240, 5, ()),
            ("Fare", "EUR", 8, 96, 2, ()),
            ("Status", "", 0, 0, 0, ("on time", "delayed", "boarding")),
        ),
    ),
    (
        "League table",
        "Team",
        ("Falcons", "Tigers", "Otters", "Wolves", "Eagles", "Bears", "Ravens", "Bulls"),
        (("Wins", "games", 1, 20, 1, ()), ("Losses", "games", 1, 20, 1, ()), ("Goals", "goals", 9, 80, 1, ())),
    ),
    (
        "Test results",
        "Pupil",
        PEOPLE,
        (
            ("Maths", "points", 40, 100, 1, ()),
            ("Reading", "points", 40, 100, 1, ()),
            ("Science", "points", 40, 100, 1, ()),
        ),
    ),
    (
        "Bakery price list",
        "Item",
        ("Baguette", "Croissant", "Muffin", "Pretzel", "Rye bread", "Scone", "Bagel", "Tart"),
        (("Price", "cents", 80, 640, 10, ()), ("Weight", "g", 60, 900, 20, ()), ("Sold", "pieces", 5, 140, 5, ())),
    ),
    (
        "Stock of the tool shed",
        "Tool",
        ("Hammer", "Saw", "Drill", "Spanner", "Chisel", "Ladder", "Level", "Clamp"),
        (
            ("In stock", "pieces", 1, 48, 1, ()),
            ("On loan", "pieces", 0, 25, 1, ()),
            ("Shelf", "", 0, 0, 0, ("A1", "A2", "B1", "B2", "C1")),
        ),
    ),
    (
        "Observatory log",
        "Planet",
        ("Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"),
        (("Sessions", "nights", 1, 40, 1, ()), ("Photos", "photos", 20, 900, 10, ())),
    ),
    (
        "Museum opening hours",
        "Gallery",
        ("Antiquity", "Painting", "Textiles", "Maritime", "Printing", "Sculpture"),
        (
            ("Rooms", "rooms", 2, 24, 1, ()),
            ("Works", "works", 40, 900, 20, ()),
            ("Closed on", "", 0, 0, 0, ("Monday", "Tuesday", "never")),
        ),
    ),
)


@dataclass(frozen=True)
class TableScene:
    level: int
    title: str
    row_noun: str
    columns: tuple[str, ...]
    units: tuple[str, ...]
    numeric: tuple[bool, ...]
    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    theme: int
    zebra: bool
    size: int


def make(rng: random.Random, level: int) -> TableScene:
    title, row_noun, pool, columns = rng.choice(TOPICS)
    num_rows = min(len(pool), (3, 5, 7)[level] + rng.randrange(2))
    chosen = columns[: 2 + (level > 0)] if level < 2 else columns
    names = rng.sample(pool, num_rows)
    filled = []
    for _, _, low, high, step, texts in chosen:
        if texts:
            filled.append([rng.choice(texts) for _ in names])
        else:
            filled.append([str(value) for value in rng.sample(range(low, high + 1, step), num_rows)])
    cells = tuple(tuple(column[k] for column in filled) for k in range(num_rows))
    return TableScene(
        level,
        title,
        row_noun,
        tuple(c[0] for c in chosen),
        tuple(c[1] for c in chosen),
        tuple(not c[5] for c in chosen),
        tuple(names),
        cells,
        rng.randrange(len(THEMES)),
        rng.random() < 0.6,
        rng.choice((12, 13, 14)),
    )


def _layout(scene: TableScene) -> tuple[list[float], float, float, int, int]:
    """Left edges of the columns (one more than columns), top of the header, row height, picture width and height."""
    grid = [[scene.row_noun, *scene.columns]] + [
        [name, *row] for name, row in zip(scene.names, scene.cells, strict=True)
    ]
    edges = [14.0]
    for column in range(len(scene.columns) + 1):
        edges.append(edges[-1] + max(text_width(line[column], scene.size) for line in grid) + 30)
    shortfall = 270 - (edges[-1] + 14)
    if shortfall > 0:
        edges = [edge + shortfall * k / (len(edges) - 1) for k, edge in enumerate(edges)]
    height = scene.size * 2.0
    return edges, 44.0, height, round(edges[-1] + 14), round(44 + height * len(grid) + 16)


def draw(scene: TableScene) -> list[Image.Image]:
    edges, top, pitch, width, height = _layout(scene)
    head, head_ink, stripe = THEMES[scene.theme]
    canvas = Canvas(width, height)
    canvas.text(14, 14, scene.title, scene.size + 3, INK, bold=True)
    canvas.rectangle(edges[0], top, edges[-1], top + pitch, fill=head)
    for column, text in enumerate([scene.row_noun, *scene.columns]):
        numeric = column > 0 and scene.numeric[column - 1]
        x = edges[column + 1] - 12 if numeric else edges[column] + 10
        canvas.text(x, top + pitch / 2, text, scene.size, head_ink, anchor="rm" if numeric else "lm", bold=True)
    for row, (name, cells) in enumerate(zip(scene.names, scene.cells, strict=True)):
        y = top + pitch * (row + 1)
        if scene.zebra and row % 2:
            canvas.rectangle(edges[0], y, edges[-1], y + pitch, fill=stripe)
        for column, text in enumerate([name, *cells]):
            numeric = column > 0 and scene.numeric[column - 1]
            x = edges[column + 1] - 12 if numeric else edges[column] + 10
            canvas.text(x, y + pitch / 2, text, scene.size, INK, anchor="rm" if numeric else "lm")
        canvas.line([(edges[0], y + pitch), (edges[-1], y + pitch)], (214, 219, 225), 0.5)
    canvas.rectangle(edges[0], top, edges[-1], top + pitch * (len(scene.names) + 1), outline=SOFT_INK, width=0.5)
    return [canvas.finish()]


def cell_box(scene: TableScene, row: int, column: int) -> tuple[float, float, float, float]:
    """Box of a data cell; column 0 is the first numeric or text column, not the name."""
    edges, top, pitch, _, _ = _layout(scene)
    y = top + pitch * (row + 1)
    return edges[column + 1], y, edges[column + 2], y + pitch


def ask(scene: TableScene, kind: str, rng: random.Random) -> Turn | None:
    numeric = [k for k, flag in enumerate(scene.numeric) if flag]
    column = rng.choice(numeric)
    heading = scene.columns[column]
    values = [int(row[column]) for row in scene.cells]
    k, other = rng.sample(range(len(values)), 2)
    name, second = scene.names[k], scene.names[other]
    low, high = min(range(len(values)), key=values.__getitem__), max(range(len(values)), key=values.__getitem__)
    common: dict[str, Any] = {"column": heading, "name": name, "noun": scene.row_noun.lower()}
    if kind == "table_cell":
        any_column = rng.randrange(len(scene.columns))
        return short(
            rng,
            kind,
            asked("table_cell"),
            scene.cells[k][any_column],
            **{**common, "column": scene.columns[any_column]},
        )
    if kind in ("table_max", "table_min"):
        best = high if kind == "table_max" else low
        side = ("highest", "largest", "top") if kind == "table_max" else ("lowest", "smallest", "least")
        return short(rng, kind, asked("table_extreme"), scene.names[best], side=rng.choice(side), **common)
    if kind == "table_exceeds":
        return yes_no(
            rng, kind, asked("table_exceeds"), values[k] > values[other], compare=True, second=second, **common
        )
    if kind == "table_rows":
        return short(rng, kind, asked("table_rows"), str(len(scene.names)), **common)
    if kind == "table_lookup":
        return short(rng, kind, asked("table_lookup"), name, value=values[k], **common)
    if kind == "table_header":
        return short(rng, kind, asked("table_header"), scene.columns[-1], **common)
    if kind == "table_choice":
        return choice(rng, kind, asked("table_choice"), scene.names[high], scene.names, **common)
    if kind == "table_sum":
        total = values[k] + values[other]
        return reasoned(
            rng,
            kind,
            asked("table_sum"),
            [
                f"In the row of {name} the column {heading} reads {values[k]}.",
                f"In the row of {second} it reads {values[other]}.",
                f"{values[k]} + {values[other]} = {total}.",
            ],
            str(total),
            second=second,
            **common,
        )
    if kind == "table_filter":
        limit = sorted(values)[len(values) // 2]
        hits = [scene.names[p] for p, value in enumerate(values) if value > limit]
        lines = [
            f"{scene.names[p]} has {value}: {'counts' if value > limit else 'does not count'}."
            for p, value in enumerate(values)
        ]
        return reasoned(rng, kind, asked("table_filter"), lines, str(len(hits)), limit=limit, **common)
    if kind == "table_cell_box":
        width, height = _layout(scene)[3:]
        return coordinates(rng, kind, asked("table_cell_box"), cell_box(scene, k, column), (width, height), **common)
    return _texts(scene, kind, rng, common, (k, other), column, values)


def _texts(
    scene: TableScene,
    kind: str,
    rng: random.Random,
    common: dict[str, Any],
    pair: tuple[int, int],
    column: int,
    values: list[int],
) -> Turn:
    k, other = pair
    name, second, heading = scene.names[k], scene.names[other], scene.columns[column]
    unit = f" {scene.units[column]}" if scene.units[column] else ""
    if kind == "table_markdown":
        question = pick(rng, asked("table_markdown"))
        lines = [" | ".join([scene.row_noun, *scene.columns])]
        if "Markdown" in question:
            lines.append(" | ".join(["---"] * (len(scene.columns) + 1)))
        lines += [" | ".join([n, *row]) for n, row in zip(scene.names, scene.cells, strict=True)]
        return free(kind, question, "\n".join(lines), "specified style")
    if kind == "table_json":
        question = pick(rng, asked("table_json"), **common)
        record = {scene.row_noun: name, **dict(zip(scene.columns, scene.cells[k], strict=True))}
        return free(kind, question, json.dumps(record), "specified style", **common)
    if kind == "table_compare":
        question = pick(rng, asked("table_compare"), second=second, **common)
        high, low = (k, other) if values[k] > values[other] else (other, k)
        answer = (
            f"{scene.names[high]} has the higher {heading} with {values[high]}{unit}; {scene.names[low]} has "
            f"{values[low]}{unit}. That is {values[high] - values[low]}{unit} more."
        )
        return free(kind, question, answer, "comparison", "short description", second=second, **common)
    if kind == "table_describe":
        question = pick(rng, asked("table_describe"))
        best, worst = values.index(max(values)), values.index(min(values))
        lines = [
            (
                f'The table is called "{scene.title}" and has {len(scene.names)} rows and {len(scene.columns) + 1} '
                "columns."
            ),
            f"Each row stands for one {scene.row_noun.lower()}; the other columns are {listing(scene.columns)}.",
            f"The rows are {listing(scene.names)}.",
            f"In the column {heading}, {scene.names[best]} is highest with {max(values)}{unit} and "
            f"{scene.names[worst]} lowest "
            f"with {min(values)}{unit}, so the values span {max(values) - min(values)}{unit}.",
            f"The first entry, {scene.names[0]}, reads {listing(scene.cells[0])}.",
        ]
        return free(kind, question, " ".join(lines), "detailed description", **common)
    if kind == "table_note":
        question = pick(rng, asked("table_note"))
        best = values.index(max(values))
        answer = (
            f"It lists {listing(scene.columns)} for {len(scene.names)} entries, and {scene.names[best]} leads in "
            f"{heading} with {max(values)}."
        )
        return free(kind, question, answer, "short description", **common)
    raise ValueError(f"tables knows no task {kind!r}")
