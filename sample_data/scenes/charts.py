"""Charts of made-up surveys, sales and measurements, and questions on their values, colours, trends and totals.

Values are round enough to be read from the axis. A category's value is unique in its chart, so "highest" has one answer.
"""

from __future__ import annotations

import json
import random
from typing import Any

from PIL import Image

from sample_data.records import Turn
from sample_data.scenes.chart_drawing import ChartScene, bar_boxes, draw_chart, number
from sample_data.wording import (
    CITIES,
    DAYS,
    MONTHS,
    asked,
    choice,
    coordinates,
    free,
    listing,
    pick,
    reasoned,
    short,
    yes_no,
)  # fmt: skip

NAME = "charts"
SCHEDULE = (
    "chart_value", "chart_max", "chart_exceeds", "chart_choice", "chart_describe", "chart_total", "chart_difference",
    "chart_trend", "chart_table", "chart_compare", "chart_min", "chart_title", "chart_box", "chart_threshold",
    "chart_count", "chart_mean", "chart_headline",
)  # fmt: skip
SHORT = ("chart_value", "chart_max", "chart_exceeds", "chart_min", "chart_difference", "chart_title", "chart_count")

# title, axis, unit word, noun of a category, category pool, lowest, highest, step
TOPICS = (
    ("Visitors to the museum", "Visitors", "visitors", "day", DAYS, 40, 480, 20),
    ("Monthly rainfall", "Rainfall (mm)", "mm", "month", MONTHS, 10, 190, 10),
    ("Bicycles rented", "Bicycles", "bicycles", "month", MONTHS, 100, 950, 50),
    ("Average temperature", "Degrees C", "degrees", "city", CITIES, 4, 34, 2),
    (
        "Books borrowed by genre",
        "Books",
        "books",
        "genre",
        ("Mystery", "Poetry", "History", "Science", "Travel", "Comics", "Drama"),
        20,
        240,
        10,
    ),
    (
        "Favourite fruit in class 5B",
        "Pupils",
        "pupils",
        "fruit",
        ("Apple", "Banana", "Cherry", "Mango", "Grape", "Pear", "Kiwi"),
        2,
        24,
        1,
    ),
    (
        "Coffee sold per branch",
        "Cups",
        "cups",
        "branch",
        ("Harbour", "Station", "Market", "Airport", "Campus", "Old Town"),
        60,
        900,
        40,
    ),
    (
        "Electricity by source",
        "Output (GWh)",
        "GWh",
        "source",
        ("Wind", "Solar", "Hydro", "Gas", "Coal", "Nuclear"),
        10,
        140,
        5,
    ),
    (
        "Medals per team",
        "Medals",
        "medals",
        "team",
        ("Falcons", "Tigers", "Otters", "Wolves", "Eagles", "Bears"),
        1,
        18,
        1,
    ),
    (
        "Commuters by transport",
        "Commuters",
        "commuters",
        "mode",
        ("Bus", "Train", "Car", "Bicycle", "Walking", "Tram"),
        50,
        800,
        50,
    ),
    ("Trees planted", "Trees", "trees", "year", ("2019", "2020", "2021", "2022", "2023", "2024", "2025"), 100, 980, 20),
    ("Support tickets closed", "Tickets", "tickets", "weekday", DAYS[:5], 10, 95, 5),
    (
        "Population of villages",
        "Residents",
        "residents",
        "village",
        ("Ashby", "Brook", "Corley", "Denholm", "Elmstead", "Fenwick"),
        200,
        1900,
        100,
    ),
    ("Crop yield", "Tonnes", "tonnes", "crop", ("Wheat", "Barley", "Maize", "Oats", "Rye", "Beans"), 10, 180, 10),
)
SERIES_NAMES = (
    ("2023", "2024"),
    ("Online", "In store"),
    ("Adults", "Children"),
    ("North", "South"),
    ("Plan", "Actual"),
)
ORDERED = {"day", "month", "year", "weekday"}


def make(rng: random.Random, level: int) -> ChartScene:
    title, axis, unit, noun, pool, low, high, step = rng.choice(TOPICS)
    num_labels = min(len(pool), (3, 4, 6)[level] + rng.randrange(2))
    if noun in ORDERED:
        start = rng.randrange(len(pool) - num_labels + 1)
        labels = pool[start : start + num_labels]
        form = rng.choice(("bar", "line", "line", "bar", "grouped") if level else ("bar", "line"))
    else:
        labels = tuple(rng.sample(pool, num_labels))
        form = rng.choice(("bar", "hbar", "pie", "grouped") if level else ("bar", "hbar", "pie"))
    if form == "bar" and level == 1 and rng.random() < 0.2:
        form = "scatter"
    series = rng.choice(SERIES_NAMES) if form == "grouped" or (form == "line" and level == 2) else (axis,)
    if noun == "year" and series == ("2023", "2024"):
        series = ("North", "South")
    steps = range(low, high + 1, step)
    rows = []
    for _ in series:
        rows.append(tuple(float(value) for value in rng.sample(steps, num_labels)))
    if form == "pie":
        title, axis, unit = f"{title} (share)", "Share", "%"
        rows = [_percentages(rng, num_labels)]
    return ChartScene(
        level=level,
        form=form,
        title=title,
        axis=axis,
        unit=unit,
        noun=noun,
        labels=tuple(labels),
        series=tuple(series),
        values=tuple(rows),
        width=rng.choice((360, 384, 420, 448)),
        height=rng.choice((270, 288, 300)),
        palette=rng.randrange(4),
        background=rng.randrange(5),
        show_values=level == 0 or rng.random() < 0.4,
        colour_each=len(series) == 1 and rng.random() < 0.4,
    )


def _percentages(rng: random.Random, count: int) -> tuple[float, ...]:
    """Distinct whole percentages, at least 4 each, that add up to 100."""
    while True:
        cuts = sorted(rng.sample(range(1, 100), count - 1))
        parts = [b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
        if min(parts) >= 4 and len(set(parts)) == count:
            return tuple(float(part) for part in parts)


def draw(scene: ChartScene) -> list[Image.Image]:
    return [draw_chart(scene)]


def amount(scene: ChartScene, value: float) -> str:
    return f"{number(value)}%" if scene.unit == "%" else f"{number(value)} {scene.unit}"


def ask(scene: ChartScene, kind: str, rng: random.Random) -> Turn | None:
    """None when the task does not fit the chart (a total over a pie, a box around a line)."""
    s = rng.randrange(len(scene.series))
    row = scene.values[s]
    where = f" in the {scene.series[s]} series" if len(scene.series) > 1 else ""
    order = sorted(range(len(row)), key=lambda k: row[k])
    k, other = rng.sample(range(len(row)), 2)
    label, second = scene.labels[k], scene.labels[other]
    measure = "share" if scene.unit == "%" else "value"
    common: dict[str, Any] = {
        "series": s,
        "where": where,
        "noun": scene.noun,
        "unit": scene.unit,
        "measure": measure,
        "label": label,
    }
    if kind == "chart_value":
        if scene.form == "scatter":
            return None
        if scene.unit == "%":
            return short(rng, kind, asked("chart_value pie"), number(row[k]), **common)
        return short(rng, kind, asked("chart_value"), number(row[k]), **common)
    if kind in ("chart_max", "chart_min"):
        end = order[-1] if kind == "chart_max" else order[0]
        words = ("highest", "largest", "greatest") if kind == "chart_max" else ("lowest", "smallest", "least")
        return short(rng, kind, asked("chart_extreme"), scene.labels[end], word=rng.choice(words), **common)
    if kind == "chart_exceeds":
        return yes_no(rng, kind, asked("chart_exceeds"), row[k] > row[other], compare=True, second=second, **common)
    if kind == "chart_threshold":
        limit = (row[order[len(order) // 2]] + row[order[len(order) // 2 - 1]]) / 2
        above = row[k] > limit
        reason = (
            f"{label} is at {amount(scene, row[k])}, which is {'more' if above else 'less'} than "
            f"{amount(scene, limit)}."
        )
        return yes_no(
            rng,
            kind,
            asked("chart_threshold"),
            above,
            because=reason if rng.random() < 0.4 else "",
            limit=amount(scene, limit),
            **common,
        )
    if kind == "chart_choice":
        place = rng.choice((1, 2, 2)) if scene.level else 1
        wanted = scene.labels[order[-place]]
        return choice(
            rng,
            kind,
            asked("chart_choice"),
            wanted,
            [name for name in scene.labels if name != wanted],
            place=("highest", "second highest")[place - 1],
            **common,
        )
    if kind == "chart_difference":
        high, low = (k, other) if row[k] > row[other] else (other, k)
        return short(
            rng,
            kind,
            asked("chart_difference"),
            number(row[high] - row[low]),
            compare=True,
            first=scene.labels[high],
            **{**common, "second": scene.labels[low]},
        )
    if kind == "chart_count":
        if scene.form == "pie":
            return short(rng, kind, asked("chart_count pie"), str(len(scene.labels)), **common)
        return short(rng, kind, asked("chart_count"), str(len(scene.labels)), **common)
    if kind == "chart_title":
        return short(rng, kind, asked("chart_title"), scene.title, **common)
    return _long(scene, kind, rng, common, row, order, (k, other))


def _long(
    scene: ChartScene,
    kind: str,
    rng: random.Random,
    common: dict[str, Any],
    row: tuple[float, ...],
    order: list[int],
    pair: tuple[int, int],
) -> Turn | None:
    k, other = pair
    second, where = scene.labels[other], str(common["where"])
    top, bottom = scene.labels[order[-1]], scene.labels[order[0]]
    if kind == "chart_total":
        if scene.form in ("pie", "scatter"):
            return None
        parts = " + ".join(number(value) for value in row)
        return reasoned(
            rng,
            kind,
            asked("chart_total"),
            [
                "I read the values: "
                + listing([f"{name} {number(v)}" for name, v in zip(scene.labels, row, strict=True)])
                + ".",
                f"Adding them: {parts} = {number(sum(row))}.",
            ],
            number(sum(row)),
            **common,
        )
    if kind == "chart_mean":
        chosen = rng.sample(range(len(row)), 2)
        first, last = (scene.labels[position] for position in chosen)
        total = sum(row[position] for position in chosen)
        return reasoned(
            rng,
            kind,
            asked("chart_mean"),
            [
                f"The value of {first} is {number(row[chosen[0]])}, that of {last} is {number(row[chosen[1]])}.",
                f"Their sum is {number(total)}, and half of it is {number(total / 2)}.",
            ],
            number(total / 2),
            first=first,
            last=last,
            **common,
        )
    if kind == "chart_trend":
        if scene.form not in ("line", "bar", "scatter") or scene.noun not in ("day", "month", "year", "weekday"):
            return None
        change = row[-1] - row[0]
        direction = "rises" if change > 0 else "falls" if change < 0 else "ends where it began"
        question = pick(rng, asked("chart_trend"), **common)
        answer = (
            f"From {scene.labels[0]} to {scene.labels[-1]} the number {direction}, from {amount(scene, row[0])} to "
            f"{amount(scene, row[-1])}, with its peak in {top}."
        )
        return free(kind, question, answer, "short description", direction=direction, **common)
    if kind == "chart_describe":
        question = rng.choice(asked("chart_describe"))
        forms = {
            "bar": "a vertical bar chart",
            "hbar": "a horizontal bar chart",
            "grouped": "a grouped bar chart",
            "line": "a line chart",
            "pie": "a pie chart",
            "scatter": "a dot plot",
        }
        lines = [
            f'The picture is {forms[scene.form]} with the title "{scene.title}".',
            f"It covers {len(scene.labels)} entries: {listing(scene.labels)}.",
        ]
        for name, figures in zip(scene.series, scene.values, strict=True):
            subject = f"For {name}, the" if len(scene.series) > 1 else "The"
            best = max(range(len(figures)), key=lambda position: figures[position])
            worst = min(range(len(figures)), key=lambda position: figures[position])
            lines.append(
                f"{subject} values are "
                f"{listing([f'{a} {amount(scene, v)}' for a, v in zip(scene.labels, figures, strict=True)])}."
            )
            lines.append(
                f"The largest is {scene.labels[best]} and the smallest is {scene.labels[worst]}, a gap of "
                f"{amount(scene, figures[best] - figures[worst])}."
            )
        lines.append(f"Overall the figure makes it easy to see how much the {scene.noun} matters.")
        return free(kind, question, " ".join(lines), "detailed description", **common)
    if kind == "chart_table":
        form = rng.choice(("json", "csv", "markdown"))
        question = {
            "json": rng.choice(asked("chart_table json")),
            "csv": rng.choice(asked("chart_table csv")),
            "markdown": rng.choice(asked("chart_table markdown")),
        }[form] + (f" Use the {scene.series[int(str(common['series']))]} series only." if where else "")
        if form == "json":
            answer = json.dumps({name: int(v) for name, v in zip(scene.labels, row, strict=True)})
        elif form == "csv":
            answer = "\n".join(
                [f"{scene.noun},value"] + [f"{a},{number(v)}" for a, v in zip(scene.labels, row, strict=True)]
            )
        else:
            cells = "\n".join(f"| {a} | {number(v)} |" for a, v in zip(scene.labels, row, strict=True))
            answer = f"| {scene.noun} | value |\n|---|---|\n{cells}"
        return free(kind, question, answer, "specified style", form=form, **common)
    if kind == "chart_compare":
        question = pick(rng, asked("chart_compare"), **{**common, "second": second})
        high, low = (k, other) if row[k] > row[other] else (other, k)
        ratio = row[high] / row[low]
        answer = (
            f"{scene.labels[high]} is ahead with {amount(scene, row[high])}, while {scene.labels[low]} has "
            f"{amount(scene, row[low])}. The difference is {amount(scene, row[high] - row[low])}, so the first is "
            "about "
            f"{ratio:.1f} times the second."
        )
        return free(kind, question, answer, "comparison", "short description", **{**common, "second": second})
    if kind == "chart_box":
        if scene.form not in ("bar", "hbar", "grouped"):
            return None
        box = bar_boxes(scene)[int(str(common["series"])), k]
        return coordinates(rng, kind, asked("chart_box"), box, (scene.width, scene.height), **common)
    if kind == "chart_headline":
        question = pick(rng, asked("chart_headline"))
        if "capital" in question:
            answer = f"{top.upper()} ON TOP: {amount(scene, row[order[-1]]).upper()} IN {scene.title.upper()}"
        elif "haiku" in question:
            answer = (
                f"{top} stands the tallest,\n{bottom} stays close to the ground,\n{len(scene.labels)} entries in all."
            )
        elif "tweet" in question:
            answer = f"{scene.title}: {top} leads with {amount(scene, row[order[-1]])}, {bottom} trails. #data"
        else:
            answer = (
                f"And it is {top}, {top} takes it with {amount(scene, row[order[-1]])}, what a finish, while "
                f"{bottom} can only watch!"
            )
        return free(kind, question, answer, "specified style", **common)
    raise ValueError(f"charts knows no task {kind!r}")
