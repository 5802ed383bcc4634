"""Two pictures at a time: the same shapes with one change, the same place in other weather, one survey in two years."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from sample_data.drawing import NAMED_COLOURS
from sample_data.records import Turn
from sample_data.scenes import charts, outdoors, shapes
from sample_data.scenes.chart_drawing import number
from sample_data.wording import asked, choice, free, listing, pick, plural, reasoned, short, yes_no

NAME = "compare"
SCHEDULE = (
    "pair_more", "pair_same", "pair_changed", "pair_describe", "pair_difference", "pair_choice", "pair_bullets",
    "pair_total", "pair_which", "pair_short", "pair_because",
)  # fmt: skip
SHORT = ("pair_more", "pair_same", "pair_difference", "pair_which")


@dataclass(frozen=True)
class PairScene:
    """`change`: (what, before, after) in words; for shapes: colour, removed or added; for outdoors: weather or hour."""

    level: int
    form: str  # shapes | outdoors | charts
    first: Any
    second: Any
    change: tuple[str, str, str]


def make(rng: random.Random, level: int) -> PairScene:
    form = rng.choice(("shapes", "shapes", "outdoors", "charts"))
    if form == "shapes":
        first = shapes.arrange(rng, level, "scatter")
        position = rng.randrange(len(first.shapes))
        old = first.shapes[position]
        what = rng.choice(("colour", "removed", "kind"))
        rest = first.shapes[:position] + first.shapes[position + 1 :]
        if what == "removed":
            return PairScene(level, form, first, replace(first, shapes=rest), ("removed", old.name, ""))
        taken = {shape.name for shape in first.shapes}
        if what == "colour":
            new = replace(
                old, colour=rng.choice([c for c in NAMED_COLOURS if f"{c} {old.kind}" not in taken and c != old.colour])
            )
        else:
            options = [k for k in shapes.KINDS if k != old.kind and f"{old.colour} {k}" not in taken]
            if not options:
                return make(rng, level)
            new = replace(old, kind=rng.choice(options))
        return PairScene(level, form, first, replace(first, shapes=(*rest, new)), (what, old.name, new.name))
    if form == "outdoors":
        place = outdoors.make(rng, level)
        people = tuple(p for p in place.people if p.activity != "holding an umbrella")
        people = people or (replace(place.people[0], activity="waving"),)
        sunny = replace(place, people=people, weather="sunny", hour="day")
        if rng.random() < 0.4:
            other, what = replace(sunny, hour="night", weather="clear"), "time of day"
        else:
            other, what = replace(sunny, weather=rng.choice(("rainy", "snowy"))), "weather"
        before, after = (sunny, other) if rng.random() < 0.5 else (other, sunny)
        attribute = "hour" if what == "time of day" else "weather"
        return PairScene(level, form, before, after, (what, getattr(before, attribute), getattr(after, attribute)))
    chart = charts.make(rng, level)
    while chart.form not in ("bar", "hbar") or chart.unit == "%":
        chart = charts.make(rng, level)
    values = list(chart.values[0])
    while values == list(chart.values[0]):
        rng.shuffle(values)
    old_year, new_year = "2023", "2024"
    base = replace(chart, title=f"{chart.title}, {old_year}", show_values=True)
    later = replace(chart, title=f"{chart.title}, {new_year}", values=(tuple(values),), show_values=True)
    return PairScene(level, form, base, later, ("year", old_year, new_year))


def draw(scene: PairScene) -> list[Image.Image]:
    family = {"shapes": shapes, "outdoors": outdoors, "charts": charts}[scene.form]
    return [*family.draw(scene.first), *family.draw(scene.second)]


def _names(scene: Any) -> Counter[str]:
    return Counter(shape.name for shape in scene.shapes)


def ask(scene: PairScene, kind: str, rng: random.Random) -> Turn | None:
    first, second, (what, before, after) = scene.first, scene.second, scene.change
    if kind == "pair_more":
        if scene.form == "shapes":
            if len(first.shapes) == len(second.shapes):
                return None
            return short(
                rng,
                kind,
                asked("pair_more shapes"),
                "the first" if len(first.shapes) > len(second.shapes) else "the second",
                compare=True,
            )
        if scene.form == "charts":
            k = rng.randrange(len(first.labels))
            a, b = first.values[0][k], second.values[0][k]
            if a == b:
                return None
            return short(
                rng,
                kind,
                asked("pair_more charts"),
                "the first" if a > b else "the second",
                compare=True,
                label=first.labels[k],
            )
        return None
    if kind == "pair_which":
        if scene.form != "outdoors":
            return None
        wanted = rng.choice((before, after))
        words = {"sunny": "sunny weather", "rainy": "rain", "snowy": "snow", "day": "daylight", "night": "night"}
        return short(
            rng,
            kind,
            asked("pair_which"),
            "the first" if wanted == before else "the second",
            compare=True,
            wanted=words[wanted],
        )
    if kind == "pair_same":
        if scene.form == "charts":
            k = rng.randrange(len(first.labels))
            return yes_no(
                rng,
                kind,
                asked("pair_same charts"),
                first.values[0][k] == second.values[0][k],
                compare=True,
                label=first.labels[k],
            )
        if scene.form == "outdoors":
            subject, truth = rng.choice(
                (
                    ("weather", first.weather == second.weather),
                    ("number of people", True),
                    ("place", True),
                    ("time of day", first.hour == second.hour),
                )
            )
        else:
            subject, truth = rng.choice(
                (
                    ("number of shapes", len(first.shapes) == len(second.shapes)),
                    ("set of shapes and colours", _names(first) == _names(second)),
                    ("background", True),
                )
            )
        return yes_no(rng, kind, asked("pair_same"), truth, compare=True, subject=subject)
    if kind == "pair_difference":
        if scene.form == "charts":
            k = rng.randrange(len(first.labels))
            gap = abs(first.values[0][k] - second.values[0][k])
            return short(rng, kind, asked("pair_difference charts"), number(gap), compare=True, label=first.labels[k])
        if scene.form == "shapes":
            colour = rng.choice(first.shapes).colour
            gap = abs(sum(s.colour == colour for s in first.shapes) - sum(s.colour == colour for s in second.shapes))
            return short(
                rng,
                kind,
                asked("pair_difference shapes"),
                str(gap),
                compare=True,
                colour=colour,
            )
        return None
    if kind == "pair_choice":
        right = statement(scene)
        if scene.form == "outdoors":
            wrong = ["The place changes", "A person leaves", "The season stays but a house appears"] + (
                ["The weather turns stormy"] if what != "weather" else ["It becomes night"]
            )
        elif scene.form == "shapes":
            other = rng.choice([s.name for s in first.shapes if s.name != before] or ["white ring"])
            wrong = [
                f"The {other} disappears",
                f"The {before} becomes larger",
                "Nothing changes",
                f"A second {before} is added",
            ]
        else:
            rising = [
                label for label, a, b in zip(first.labels, first.values[0], second.values[0], strict=True) if b > a
            ]
            wrong = [f"{label} falls" for label in rising] + ["All values rise", "Nothing changes"]
        return choice(rng, kind, asked("pair_choice"), right, wrong, compare=True)
    return _texts(scene, kind, rng)


def statement(scene: PairScene) -> str:
    """The change as a short sentence without a full stop."""
    what, before, after = scene.change
    if scene.form == "charts":
        gains = [
            (b - a, label)
            for label, a, b in zip(scene.first.labels, scene.first.values[0], scene.second.values[0], strict=True)
        ]
        return f"{max(gains)[1]} rises"
    if what == "removed":
        return f"The {before} disappears"
    if scene.form == "shapes":
        return f"The {before} becomes a {after}" if after[0] not in "aeiou" else f"The {before} becomes an {after}"
    return f"The {what} changes from {before} to {after}"


def _texts(scene: PairScene, kind: str, rng: random.Random) -> Turn | None:
    first, second, (what, before, after) = scene.first, scene.second, scene.change
    if kind == "pair_changed":
        question = pick(
            rng,
            asked("pair_changed"),
        )
        rest = " from one year to the next." if scene.form == "charts" else "; everything else stays as it was."
        return free(kind, question, statement(scene) + rest, "comparison", "short description")
    if kind == "pair_short":
        question = pick(rng, asked("pair_short"))
        return free(
            kind,
            question,
            f"Both show the same subject, but this differs: {statement(scene)[0].lower()}{statement(scene)[1:]}.",
            "comparison",
            "short description",
        )
    if kind == "pair_describe":
        question = pick(rng, asked("pair_describe"))
        if scene.form == "shapes":
            lists = [
                listing([f"{count} {plural(name, count)}" for name, count in sorted(_names(part).items())])
                for part in (first, second)
            ]
            lines = [
                f"The first image contains {lists[0]}.",
                f"The second image contains {lists[1]}.",
                "Background, size and the positions of the other shapes are the same in both.",
            ]
        elif scene.form == "outdoors":
            lines = [
                (
                    f"Both images show the same place, {outdoors.PLACES[first.place]}, and the same foreground: "
                    f"{outdoors.people_text(first)}."
                ),
                (
                    f"In the first it is {first.hour} and {first.weather}; in the second it is {second.hour} and "
                    f"{second.weather}."
                ),
                "Objects behind the people do not move from one picture to the other.",
            ]
        else:
            lines = [
                (
                    f'Both charts are about "{first.title}" and its follow-up, with the same {len(first.labels)} '
                    "categories."
                )
            ]
            lines += [
                f"{label} goes from {number(a)} to {number(b)}."
                for label, a, b in zip(first.labels, first.values[0], second.values[0], strict=True)
            ]
        return free(
            kind,
            question,
            " ".join([*lines, f"The key difference: {statement(scene)[0].lower()}{statement(scene)[1:]}."]),
            "comparison",
            "detailed description",
        )
    if kind == "pair_bullets":
        question = pick(
            rng,
            asked("pair_bullets"),
        )
        common = {
            "shapes": "background and other shapes",
            "outdoors": "place and people",
            "charts": "categories and axis",
        }[scene.form]
        return free(
            kind, question, f"- Equal: {common}\n- Different: {statement(scene)}", "comparison", "specified style"
        )
    if kind == "pair_total":
        if scene.form == "outdoors":
            return None
        if scene.form == "shapes":
            a, b = len(first.shapes), len(second.shapes)
            return reasoned(
                rng,
                kind,
                asked("pair_total shapes"),
                [f"The first image has {a} shapes.", f"The second image has {b} shapes.", f"{a} + {b} = {a + b}."],
                str(a + b),
                compare=False,
            )
        k = rng.randrange(len(first.labels))
        x, y = first.values[0][k], second.values[0][k]
        return reasoned(
            rng,
            kind,
            asked("pair_total charts"),
            [
                f"The first chart gives {number(x)} for {first.labels[k]}.",
                f"The second gives {number(y)}.",
                f"{number(x)} + {number(y)} = {number(x + y)}.",
            ],
            number(x + y),
            label=first.labels[k],
        )
    if kind == "pair_because":
        if scene.form != "outdoors":
            return None
        question = pick(
            rng,
            asked("pair_because"),
        )
        cause = (
            "the Earth has turned, so the same place lies in the light at one hour and in the dark at another"
            if what == "time of day"
            else f"a change of weather passed over the place: it was {before} first and {after} later"
        )
        return free(kind, question, f"Because {cause}.", "comparison", "short description")
    raise ValueError(f"compare knows no task {kind!r}")
