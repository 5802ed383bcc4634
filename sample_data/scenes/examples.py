"""In-context learning: a few worked examples with pictures, then one more picture to answer in the same way.

The rule is never stated: invented words for shapes, secret groups, or an output format that must be copied.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image

from sample_data.records import Turn
from sample_data.scenes import shapes
from sample_data.scenes.shapes import Shape, ShapeScene
from sample_data.wording import free, plural

NAME = "examples"
SCHEDULE = ("icl_label", "icl_count", "icl_group", "icl_format", "icl_arithmetic", "icl_choice")
SHORT: tuple[str, ...] = ()

INVENTED = ("blick", "dax", "wug", "zorp", "tulver", "fep", "moop", "gazzer")
COLOURS = ("red", "blue", "green", "yellow", "purple", "orange")


@dataclass(frozen=True)
class ExampleScene:
    """The last panel is the one asked about. `names` are the invented words for the kinds of shape."""

    level: int
    panels: tuple[ShapeScene, ...]
    names: tuple[tuple[str, str], ...]


def _panel(kind: str, colour: str, count: int) -> ShapeScene:
    """`count` equal shapes in a row, on a small picture that is the same for the same arguments."""
    radius = {1: 52.0, 2: 36.0, 3: 27.0, 4: 21.0}[count]
    row = tuple(Shape(kind, colour, 192 * (k + 0.5) / count, 80.0, radius) for k in range(count))
    return ShapeScene(0, "single" if count == 1 else "scatter", row, 192, 160, 0)


def make(rng: random.Random, level: int) -> ExampleScene:
    number = 1 + level + rng.randrange(2) if level < 2 else 3 + rng.randrange(2)
    kinds = rng.sample(shapes.KINDS[:5], 2 if level < 2 else 3)
    words = rng.sample(INVENTED, len(kinds))
    while True:
        described = [(rng.choice(kinds), rng.choice(COLOURS), rng.randint(1, 4)) for _ in range(number + 1)]
        shown = {kind for kind, _, _ in described[:-1]}
        telling = number == 1 or len(shown) > 1  # two examples with one answer would teach nothing
        if described[-1][0] in shown and telling and len(set(described)) == number + 1:
            break
    return ExampleScene(level, tuple(_panel(*one) for one in described), tuple(zip(kinds, words, strict=True)))


def draw(scene: ExampleScene) -> list[Image.Image]:
    return [image for panel in scene.panels for image in shapes.draw(panel)]


def label(scene: ExampleScene, kind: str, panel: ShapeScene) -> str:
    shape, count = panel.shapes[0], len(panel.shapes)
    if kind == "icl_label":
        return dict(scene.names)[shape.kind]
    if kind == "icl_count":
        return str(count)
    if kind in ("icl_group", "icl_choice"):
        return "A" if shape.colour in ("red", "orange", "yellow") else "B"
    if kind == "icl_format":
        return f"{count}|{shape.colour}|{shape.kind}"
    return str(2 * count + 1)


def ask(scene: ExampleScene, kind: str, rng: random.Random) -> Turn | None:
    shown, asked = scene.panels[:-1], scene.panels[-1]
    if kind in ("icl_group", "icl_choice") and len({label(scene, kind, panel) for panel in shown}) < 2:
        return None
    answers = [label(scene, kind, panel) for panel in shown]
    if kind == "icl_label" and scene.level == 2:
        answers = [f"{len(p.shapes)} {plural(a, len(p.shapes))}" for p, a in zip(shown, answers, strict=True)]
    final = label(scene, kind, asked)
    if kind == "icl_label" and scene.level == 2:
        final = f"{len(asked.shapes)} {plural(final, len(asked.shapes))}"
    form = rng.choice(
        (
            ("Example {k}: <image>\nAnswer: {a}", "Now this one: <image>\nAnswer:"),
            ("<image> -> {a}", "<image> -> ?"),
            ("Input: <image>\nOutput: {a}", "Input: <image>\nOutput:"),
            ("Q{k}: <image> What is it?\nA{k}: {a}", "Q: <image> What is it?\nA:"),
        )
    )
    lines = [form[0].format(k=k, a=answer) for k, answer in enumerate(answers, 1)]
    intro = rng.choice(
        (
            "Look at the examples and answer the last one in the same way.",
            "Learn the rule from these examples.",
            "Here are some solved examples. Continue.",
            "Follow the pattern of the examples.",
        )
    )
    hint = "\n(A) A\n(B) B\nAnswer with the option's letter." if kind == "icl_choice" else ""
    question = intro + "\n\n" + "\n".join([*lines, form[1]]) + hint
    styles = {"icl_choice": ("multi-choice",), "icl_format": ("specified style",)}.get(kind, ("word/short-phrase",))
    return free(kind, question, final, *styles, label=final)
