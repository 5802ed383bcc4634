"""Second opinions on the answers: each task recomputed from the scene's parameters, by another way than the generator's."""

from __future__ import annotations

import contextlib
import io
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sample_data.records import Turn
from sample_data.scenes import programs, receipts
from sample_data.scenes.screen_drawing import APPS
from sample_data.scenes.text_facts import CAPITALS, ELEMENTS, EVENTS, OPPOSITES, WORKS

Oracle = Callable[[Any, Turn], object]


def said(turn: Turn) -> str:
    """What the turn answers in the end: the option's text, the result after the steps, yes or no, or the answer itself."""
    if turn.choices or "chain-of-thought" in turn.styles:
        return str(turn.about["answer"])
    if turn.styles[0] == "yes/no":
        return turn.answer.split(",")[0].lower()
    return turn.answer


def yes(truth: object) -> str:
    return "yes" if truth else "no"


def plain(value: float) -> str:
    return f"{value:g}"


def _pairs(scene: Any, turn: Turn) -> dict[str, float]:
    return dict(zip(scene.labels, scene.values[turn.about["series"]], strict=True))


def _ranked(scene: Any, turn: Turn) -> list[str]:
    pairs = _pairs(scene, turn)
    return sorted(pairs, key=pairs.__getitem__)


def _column(scene: Any, turn: Turn) -> dict[str, int]:
    position = scene.columns.index(turn.about["column"])
    return {name: int(row[position]) for name, row in zip(scene.names, scene.cells, strict=True)}


def _most(values: dict[str, Any], sign: int = 1) -> str:
    return max(values, key=lambda name: sign * values[name])


def _lines(scene: Any) -> dict[str, int]:
    return {name: quantity * price for name, quantity, price in scene.items}


def _total(scene: Any) -> int:
    net = sum(_lines(scene).values())
    return net + math.floor(net * scene.tax_percent / 100 + 0.5)


def _money(cents: int) -> str:
    return f"{cents / 100:.2f}"


def _spot(scene: Any, name: str) -> tuple[int, int]:
    return next((column, row) for place, column, row in scene.spots if place == name)


def _walk(scene: Any, a: str, b: str) -> int:
    return sum(abs(p - q) for p, q in zip(_spot(scene, a), _spot(scene, b), strict=True))


def _compass(scene: Any, turn: Turn) -> str:
    (x1, y1), (x2, y2) = _spot(scene, turn.about["a"]), _spot(scene, turn.about["b"])
    return ("", "south", "north")[(y2 > y1) - (y2 < y1)] + ("", "east", "west")[(x2 > x1) - (x2 < x1)]


def _named(scene: Any, name: str) -> Any:
    return next(shape for shape in scene.shapes if f"{shape.colour} {shape.kind}" == name)


def _matching(scene: Any, noun: str) -> int:
    """How many shapes the noun of a counting question means: 'shapes', 'red shapes' or 'triangles'."""
    words = noun.split()
    if words == ["shapes"]:
        return len(scene.shapes)
    if words[-1] == "shapes":
        return sum(shape.colour == words[0] for shape in scene.shapes)
    return sum(noun in (shape.kind + "s", shape.kind + "es") for shape in scene.shapes)


def _wanted(scene: Any, text: str) -> bool:
    words = text.split()[1:]
    if len(words) == 1:
        return any(shape.kind == words[0] for shape in scene.shapes)
    return any(shape.colour == words[0] and words[1] in (shape.kind, "shape") for shape in scene.shapes)


def _relative(scene: Any, turn: Turn) -> str:
    a, b = _named(scene, turn.about["a"]), _named(scene, turn.about["b"])
    truth = {"to the left of": a.x < b.x, "to the right of": a.x > b.x, "above": a.y < b.y, "below": a.y > b.y}
    return yes(truth[turn.about["says"]])


def _corner(scene: Any, turn: Turn) -> str:
    a, b = _named(scene, turn.about["a"]), _named(scene, turn.about["b"])
    return f"{'above' if a.y < b.y else 'below'} and to the {'left' if a.x < b.x else 'right'}"


def _continued(scene: Any) -> str:
    """The shortest period that explains the row gives the next shape."""
    names = [f"{shape.colour} {shape.kind}" for shape in scene.shapes]
    for period in (2, 3):
        if all(names[k] == names[k % period] for k in range(len(names))):
            return names[len(names) % period]
    raise AssertionError(names)


def _run(scene: Any) -> str:
    """What Python prints for the program; the JavaScript one is the same program, lists apart."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec("\n".join(programs.source(replace(scene, language="Python"))), {})
    text = printed.getvalue().strip().replace("\n", ", ")
    if scene.language == "JavaScript" and scene.task == "even filter" and text != "[]":
        text = text.replace("[", "[ ").replace("]", " ]")
    return text


def _feature(scene: Any, turn: Turn) -> str:
    code = "\n".join(programs.source(scene))
    signs = {"a while loop": "while", "a return statement": "return", "a modulo operator": "%"}
    if turn.about["feature"] == "recursion":
        return yes(code.count(scene.name + "(") > 2)
    return yes(signs[turn.about["feature"]] in code)


def _who(scene: Any, who: str) -> Any:
    found = [person for person in scene.people if f"{person.shirt} shirt" in who or person.activity in who]
    return found[0] if found else scene.people[0]


def _pair_same(scene: Any, turn: Turn) -> str:
    first, second = scene.first, scene.second
    if scene.form == "charts":
        k = first.labels.index(turn.about["label"])
        return yes(first.values[0][k] == second.values[0][k])
    same = {
        "weather": lambda: first.weather == second.weather,
        "number of people": lambda: len(first.people) == len(second.people),
        "place": lambda: first.place == second.place,
        "time of day": lambda: first.hour == second.hour,
        "number of shapes": lambda: len(first.shapes) == len(second.shapes),
        "set of shapes and colours": lambda: (
            sorted(s.name for s in first.shapes) == sorted(s.name for s in second.shapes)
        ),
        "background": lambda: first.background == second.background,
    }
    return yes(same[turn.about["subject"]]())


def _pair_more(scene: Any, turn: Turn) -> str:
    if scene.form == "charts":
        k = scene.first.labels.index(turn.about["label"])
        return "the first" if scene.first.values[0][k] > scene.second.values[0][k] else "the second"
    return "the first" if len(scene.first.shapes) > len(scene.second.shapes) else "the second"


def _pair_difference(scene: Any, turn: Turn) -> str:
    if scene.form == "charts":
        k = scene.first.labels.index(turn.about["label"])
        return plain(abs(scene.first.values[0][k] - scene.second.values[0][k]))
    a, b = (sum(shape.colour == turn.about["colour"] for shape in part.shapes) for part in (scene.first, scene.second))
    return str(abs(a - b))


def _pair_total(scene: Any, turn: Turn) -> str:
    if scene.form == "shapes":
        return str(len(scene.first.shapes) + len(scene.second.shapes))
    k = scene.first.labels.index(turn.about["label"])
    return plain(scene.first.values[0][k] + scene.second.values[0][k])


def _pair_which(scene: Any, turn: Turn) -> str:
    states = {"sunny weather": "sunny", "rain": "rainy", "snow": "snowy", "daylight": "day", "night": "night"}
    state = states[turn.about["wanted"]]
    return "the first" if state in (scene.first.weather, scene.first.hour) else "the second"


def _after_examples(scene: Any, turn: Turn) -> str:
    """The answer by the rule behind the examples; the examples shown must follow it too."""
    asked = scene.panels[-1]
    shape, count = asked.shapes[0], len(asked.shapes)
    if turn.kind == "icl_label":
        name = dict(scene.names)[shape.kind]
        if scene.level < 2:
            return name
        return f"{count} {name}" + ("" if count == 1 else "es" if name.endswith("x") else "s")
    return {
        "icl_count": str(count),
        "icl_group": "A" if shape.colour in ("red", "orange", "yellow") else "B",
        "icl_choice": "A" if shape.colour in ("red", "orange", "yellow") else "B",
        "icl_format": f"{count}|{shape.colour}|{shape.kind}",
        "icl_arithmetic": str(count + count + 1),
    }[turn.kind]


def _element(turn: Turn) -> str:
    symbol, atomic = next((s, n) for name, s, n in ELEMENTS if name == turn.about["name"])
    return symbol if "symbol" in turn.question else str(atomic)


def _area(scene: Any) -> float:
    a, b = scene.sizes[:2]
    return a * b / (2 if scene.form == "right triangle" else 1)


def _geo_choice(scene: Any, turn: Turn) -> str:
    if scene.form == "triangle":
        return {True: "acute", False: "obtuse"}[max(scene.sizes) < 90] if max(scene.sizes) != 90 else "right"
    return f"{scene.sizes[0] * scene.sizes[0]} pi" if scene.form == "circle" else str(scene.sizes[0] * scene.sizes[1])


def _falls(scene: Any) -> str:
    moment = scene.sizes[0] * scene.sizes[1] - scene.sizes[2] * scene.sizes[3]
    return f"the {'left' if moment > 0 else 'right'} side goes down"


def _useful(scene: Any) -> str:
    things = {"rainy": "an umbrella", "snowy": "warm gloves", "sunny": "a sun hat", "cloudy": "a light jacket"}
    return things.get(scene.weather, "a torch")


def _zh_max(scene: Any) -> str:
    inner = scene.inner
    return _most(dict(zip(inner.labels, inner.values[0], strict=True)))


SCREEN_TEXT: dict[str, Callable[[Any], str]] = {
    "the title at the top": lambda s: APPS[s.app][0],
    "the text on the big button": lambda s: APPS[s.app][3],
    "the time in the status bar": lambda s: s.clock,
    "the battery level": lambda s: f"{s.battery}%",
}

ORACLES: dict[str, Oracle] = {
    "chart_value": lambda s, t: plain(_pairs(s, t)[t.about["label"]]),
    "chart_max": lambda s, t: _ranked(s, t)[-1],
    "chart_min": lambda s, t: _ranked(s, t)[0],
    "chart_exceeds": lambda s, t: yes(_pairs(s, t)[t.about["label"]] > _pairs(s, t)[t.about["second"]]),
    "chart_threshold": lambda s, t: yes(
        _pairs(s, t)[t.about["label"]] > float(t.about["limit"].replace("%", " ").split()[0])
    ),
    "chart_choice": lambda s, t: _ranked(s, t)[-2 if t.about["place"] == "second highest" else -1],
    "chart_difference": lambda s, t: plain(abs(_pairs(s, t)[t.about["first"]] - _pairs(s, t)[t.about["second"]])),
    "chart_count": lambda s, t: str(len(set(s.labels))),
    "chart_title": lambda s, t: s.title,
    "chart_total": lambda s, t: plain(math.fsum(_pairs(s, t).values())),
    "chart_mean": lambda s, t: plain((_pairs(s, t)[t.about["first"]] + _pairs(s, t)[t.about["last"]]) / 2),
    "table_cell": lambda s, t: s.cells[s.names.index(t.about["name"])][s.columns.index(t.about["column"])],
    "table_max": lambda s, t: _most(_column(s, t)),
    "table_min": lambda s, t: _most(_column(s, t), -1),
    "table_choice": lambda s, t: _most(_column(s, t)),
    "table_exceeds": lambda s, t: yes(_column(s, t)[t.about["name"]] > _column(s, t)[t.about["second"]]),
    "table_rows": lambda s, t: str(len(s.cells)),
    "table_lookup": lambda s, t: next(name for name, value in _column(s, t).items() if value == t.about["value"]),
    "table_header": lambda s, t: s.columns[-1],
    "table_sum": lambda s, t: str(_column(s, t)[t.about["name"]] + _column(s, t)[t.about["second"]]),
    "table_filter": lambda s, t: str(sum(value > t.about["limit"] for value in _column(s, t).values())),
    "receipt_total": lambda s, t: _money(_total(s)),
    "receipt_date": lambda s, t: s.date,
    "receipt_store": lambda s, t: s.shop,
    "receipt_address": lambda s, t: dict(receipts.SHOPS)[s.shop],
    "receipt_price": lambda s, t: _money(_lines(s)[t.about["item"]]),
    "receipt_has": lambda s, t: yes(t.about["item"] in _lines(s)),
    "receipt_choice": lambda s, t: _money(_total(s)) if "total" in t.question else ("cash" if s.cash else "card"),
    "receipt_dearest": lambda s, t: _most(_lines(s)),
    "receipt_cheaper": lambda s, t: yes(_lines(s)[t.about["first"]] < _lines(s)[t.about["second"]]),
    "receipt_lines": lambda s, t: str(len(_lines(s))),
    "receipt_change": lambda s, t: _money(round(float(t.about["note"]) * 100) - _total(s)),
    "receipt_split": lambda s, t: _money(math.ceil(_total(s) / 2)),
    "geo_area": lambda s, t: plain(_area(s)),
    "geo_perimeter": lambda s, t: str(sum(s.sizes) * (2 if s.form == "rectangle" else 1)),
    "geo_name": lambda s, t: s.form.replace("right ", ""),
    "geo_right": lambda s, t: yes(s.form == "right triangle" or max(s.sizes) == 90),
    "geo_diameter": lambda s, t: str(s.sizes[0] + s.sizes[0]),
    "geo_choice": _geo_choice,
    "geo_longer": lambda s, t: yes((s.sizes[0] > s.sizes[1]) if s.form == "rectangle" else (s.sizes[1] > s.sizes[0])),
    "geo_hypotenuse": lambda s, t: f"{math.hypot(s.sizes[0], s.sizes[1]):g} {s.unit}",
    "geo_angle": lambda s, t: f"{180 - s.sizes[0] - s.sizes[1]} degrees",
    "geo_slope": lambda s, t: plain((s.sizes[3] - s.sizes[1]) / (s.sizes[2] - s.sizes[0])),
    "geo_lever": lambda s, t: _falls(s),
    "geo_fits": lambda s, t: str((s.sizes[0] // t.about["side"]) * (s.sizes[1] // t.about["side"])),
    "map_direction": _compass,
    "map_choice": _compass,
    "map_north": lambda s, t: yes(
        t.about["word"] in _compass(s, replace(t, about={"a": t.about["b"], "b": t.about["a"]}))
    ),
    "map_street": lambda s, t: ("Elm", "Oak", "Mill", "Lime")[_spot(s, t.about["a"])[1]] + " Street",
    "map_nearest": lambda s, t: _most({n: _walk(s, t.about["a"], n) for n, _, _ in s.spots if n != t.about["a"]}, -1),
    "map_count": lambda s, t: str(len(s.spots)),
    "map_blocks": lambda s, t: str(_walk(s, t.about["a"], t.about["b"])),
    "map_route": lambda s, t: _walk(s, t.about["a"], t.about["b"]),
    "map_farther": lambda s, t: min((t.about["b"], t.about["c"]), key=lambda name: _walk(s, t.about["a"], name)),
    "map_culture": lambda s, t: next(
        n for n, _, _ in s.spots if n in ("Museum", "Castle", "Temple", "Theatre", "Library")
    ),
    "screen_state": lambda s, t: yes(next(state for label, state, _ in s.rows if label == t.about["label"])),
    "screen_app": lambda s, t: s.app,
    "screen_text": lambda s, t: SCREEN_TEXT[t.about["named"]](s),
    "screen_count": lambda s, t: str(sum(state for _, state, _ in s.rows) if t.about["what"] == "on" else len(s.rows)),
    "screen_colour": lambda s, t: s.accent,
    "screen_position": lambda s, t: yes(
        [row[0] for row in s.rows].index(t.about["label"]) < [row[0] for row in s.rows].index(t.about["second"])
    ),
    "screen_choice": lambda s, t: APPS[s.app][1],
    "screen_steps": lambda s, t: str(len([1 for _, state, _ in s.rows if not state])),
    "code_output": lambda s, t: _run(s),
    "code_trace": lambda s, t: _run(s),
    "code_language": lambda s, t: "Python" if programs.source(s)[0].startswith("def ") else "JavaScript",
    "code_lines": lambda s, t: str(len("\n".join(programs.source(s)).split("\n"))),
    "code_name": lambda s, t: programs.source(s)[0].split("(")[0].split()[1],
    "code_literal": lambda s, t: "".join(c if c.isdigit() else " " for c in programs.source(s)[-1]).split()[0],
    "code_uses": _feature,
    "code_choice": lambda s, t: "It " + programs.WHAT[s.task],
    "shape_colour": lambda s, t: next(shape.colour for shape in s.shapes if shape.kind == t.about["shape"]),
    "shape_kind": lambda s, t: next(shape.kind for shape in s.shapes if shape.colour == t.about["colour"]),
    "shape_exists": lambda s, t: yes(_wanted(s, t.about["wanted"])),
    "shape_count": lambda s, t: str(_matching(s, t.about["noun"])),
    "shape_tally": lambda s, t: str(_matching(s, t.about["noun"])),
    "shape_left_of": _relative,
    "shape_side": lambda s, t: "left" if _named(s, t.about["a"]).x < _named(s, t.about["b"]).x else "right",
    "shape_choice": _corner,
    "shape_more": lambda s, t: yes(
        Counter(x.colour for x in s.shapes)[t.about["first"]] > Counter(x.colour for x in s.shapes)[t.about["second"]]
    ),
    "shape_biggest": lambda s, t: max(s.shapes, key=lambda shape: shape.radius).name,
    "shape_odd": lambda s, t: f"row {s.odd // s.columns + 1}, column {s.odd % s.columns + 1}",
    "shape_next": lambda s, t: _continued(s),
    "pair_same": _pair_same,
    "pair_more": _pair_more,
    "pair_difference": _pair_difference,
    "pair_total": _pair_total,
    "pair_which": _pair_which,
    "scene_activity": lambda s, t: _who(s, t.about["who"]).activity,
    "scene_activity_choice": lambda s, t: _who(s, t.about["who"]).activity,
    "scene_doing": lambda s, t: yes(t.about["activity"] in [person.activity for person in s.people]),
    "scene_weather": lambda s, t: s.weather,
    "scene_place": lambda s, t: s.place,
    "scene_hour": lambda s, t: s.hour,
    "scene_people": lambda s, t: str(len(s.people)),
    "scene_shirt": lambda s, t: _who(s, t.about["target"]).shirt,
    "scene_thing": lambda s, t: next(colour for thing, colour, _ in s.things if thing in t.about["thing"]),
    "scene_left": lambda s, t: yes(_who(s, t.about["who"]).x < _who(s, t.about["other"]).x),
    "scene_unlikely": lambda s, t: _useful(s),
    "scene_deduce": lambda s, t: yes(s.hour == "night" or s.weather in ("rainy", "snowy")),
    "icl_label": _after_examples,
    "icl_count": _after_examples,
    "icl_group": _after_examples,
    "icl_format": _after_examples,
    "icl_arithmetic": _after_examples,
    "text_capital": lambda s, t: dict(CAPITALS)[t.about["country"]],
    "text_work": lambda s, t: dict(WORKS)[t.about["work"]],
    "text_choice": lambda s, t: dict(WORKS)[t.about["work"]],
    "text_event": lambda s, t: str(dict(EVENTS)[t.about["event"]]),
    "text_earlier": lambda s, t: yes(dict(EVENTS)[t.about["first"]] < dict(EVENTS)[t.about["second"]]),
    "text_element": lambda s, t: _element(t),
    "text_speed": lambda s, t: f"{t.about['speed'] * t.about['hours']} km",
    "text_riddle": lambda s, t: t.about["c"],
    "text_pattern": lambda s, t: str(t.about["asked"] * t.about["step"] + 1),
    "text_opposites": lambda s, t: dict(OPPOSITES)[t.about["asked"]],
    "text_format": lambda s, t: f"<{dict(CAPITALS)[t.about['asked']].upper()}>",
    "zh_count": lambda s, t: str(len(s.inner.shapes)),
    "zh_max": lambda s, t: _zh_max(s),
    "zh_total": lambda s, t: _money(_total(s.inner)),
    "zh_date": lambda s, t: s.inner.date,
    "zh_area": lambda s, t: plain(_area(s.inner)),
}
"""Kinds with one right answer. The open ones (descriptions, explanations, dictated styles) are checked for their facts."""
