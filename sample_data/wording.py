"""Putting questions into words: paraphrases, answer instructions, option lists and lists of names.

Public data asks one thing in many ways, with and without an instruction about the form of the answer; so do we.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import yaml

from sample_data.records import Turn

LETTERS = "ABCDEF"

SHORT_HINTS = (
    "", "", "", "", "\nAnswer the question using a single word or phrase.", "\nAnswer briefly.",
    "\nKeep it to a few words.", "\nAnswer with one word or a short phrase.", "\nGive a short answer.",
)  # fmt: skip
NUMBER_HINTS = (
    "", "", "", "", "\nAnswer with a number.", "\nGive only the number.",
    "\nAnswer the question using a single word or phrase.", "\nJust the number, please.",
)  # fmt: skip
YES_NO_HINTS = (
    "", "", "", "\nAnswer yes or no.", "\nPlease answer yes or no.", " Yes or no?", "\nReply with yes or no.",
)  # fmt: skip
CHOICE_HINTS = (
    "\nAnswer with the option's letter from the given choices directly.",
    "\nAnswer with the letter.",
    "\nChoose the correct option.",
    "\nPick one option.",
    "",
    "\nSelect the best answer.",
)
STEP_HINTS = (
    "\nThink step by step.",
    "\nExplain your reasoning, then give the answer.",
    "\nShow your working.",
    "\nReason it through before answering.",
    "\nLet's work it out step by step.",
    "\nWalk me through the steps.",
)

PEOPLE = (
    "Amina", "Ben", "Carla", "Dmitri", "Elena", "Farid", "Grace", "Hana", "Ivan", "Julia", "Kofi", "Lena", "Marco",
    "Nadia", "Omar", "Priya", "Quinn", "Rosa", "Sam", "Tara", "Umar", "Vera", "Wen", "Yusuf", "Zoe",
)  # fmt: skip
CITIES = (
    "Lisbon", "Oslo", "Vienna", "Nairobi", "Lima", "Kyoto", "Quito", "Dublin", "Prague", "Athens", "Hanoi", "Accra",
    "Porto", "Turin", "Bergen", "Leeds",
)  # fmt: skip
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip


@lru_cache(maxsize=1)
def _questions() -> dict[str, tuple[str, ...]]:
    raw = yaml.safe_load(Path(__file__).with_name("questions.yaml").read_text(encoding="utf-8"))
    return {kind: tuple(lines) for kind, lines in raw.items()}


def asked(kind: str) -> tuple[str, ...]:
    """The ways to put a task into words, from questions.yaml."""
    return _questions()[kind]


def word(number: int) -> str:
    return NUMBER_WORDS[number] if number < len(NUMBER_WORDS) else str(number)


def plural(noun: str, count: int = 2) -> str:
    if count == 1:
        return noun
    if noun.endswith(("s", "sh", "ch", "x")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def article(noun: str) -> str:
    return ("an " if noun[0].lower() in "aeiou" else "a ") + noun


def listing(items: Sequence[str], joiner: str = "and") -> str:
    """'a, b and c'."""
    if len(items) < 2:
        return "".join(items)
    return ", ".join(items[:-1]) + f" {joiner} {items[-1]}"


def pick(rng: random.Random, templates: Sequence[str], **values: object) -> str:
    return rng.choice(templates).format(**values)


def short(
    rng: random.Random, kind: str, templates: Sequence[str], answer: str, compare: bool = False, **values: object
) -> Turn:
    """A question answered by a word or a short phrase. Values double as the task's parameters."""
    number = answer.replace(".", "", 1).lstrip("-").isdigit()
    hints = NUMBER_HINTS if number else SHORT_HINTS
    styles = ("word/short-phrase", "comparison") if compare else ("word/short-phrase",)
    question = pick(rng, templates, **values) + rng.choice(hints)
    return Turn(kind, question, answer, styles, values, "number" if number else "short")


def yes_no(
    rng: random.Random, kind: str, templates: Sequence[str], truth: bool, compare: bool = False, because: str = "",
    **values: object,
) -> Turn:  # fmt: skip
    """A yes or no question; with `because`, the answer goes on with a short reason and carries a second style."""
    styles = ["yes/no"]
    if compare:
        styles.append("comparison")
    answer = rng.choice(("Yes", "yes", "Yes")) if truth else rng.choice(("No", "no", "No"))
    question = pick(rng, templates, **values)
    if because:
        styles.append("short description")
        question += rng.choice(
            (" Explain briefly.", " Say why in one sentence.", "\nAnswer yes or no and give the reason.")
        )
        answer = f"{answer.capitalize()}, {because}"
    else:
        question += rng.choice(YES_NO_HINTS)
    return Turn(kind, question, answer, tuple(styles), values, "open" if because else "yes_no")


def choice(
    rng: random.Random, kind: str, templates: Sequence[str], answer: str, wrong: Sequence[str],
    num_options: int = 4, steps: str = "", compare: bool = False, **values: object,
) -> Turn:  # fmt: skip
    """A multiple-choice question. With `steps`, the answer reasons first: two styles."""
    others = [option for option in dict.fromkeys(wrong) if option != answer]
    options = [*rng.sample(others, min(num_options - 1, len(others))), answer]
    rng.shuffle(options)
    letter = LETTERS[options.index(answer)]
    form = rng.choice(("({}) {}", "{}. {}", "{}) {}", "({}) {}"))
    listed = "\n".join(form.format(LETTERS[k], option) for k, option in enumerate(options))
    intro = rng.choice(("", "", "\nChoices:", "\nOptions:"))
    question = pick(rng, templates, **values) + intro + "\n" + listed
    if steps:
        styles: tuple[str, ...] = ("multi-choice", "chain-of-thought")
        question += rng.choice(STEP_HINTS)
        reply = f"{steps} " + rng.choice(("So the answer is {}.", "The answer is {}.", "Therefore, option {}.")).format(
            letter
        )
    else:
        styles = ("multi-choice",)
        hint = rng.choice(CHOICE_HINTS)
        question += hint
        reply = letter if "letter" in hint or rng.random() < 0.5 else form.format(letter, answer)
    if compare:
        styles = (*styles, "comparison")
    values = {**values, "answer": answer}
    return Turn(kind, question, reply, styles, values, "open" if steps else "choice", tuple(options))


def reasoned(
    rng: random.Random, kind: str, templates: Sequence[str], steps: Sequence[str], answer: str, compare: bool = False,
    **values: object,
) -> Turn:  # fmt: skip
    """A question whose answer shows its steps and ends with the result."""
    question = pick(rng, templates, **values) + rng.choice(STEP_HINTS)
    layout = rng.choice(("lines", "prose", "numbered"))
    if layout == "lines":
        text = "\n".join(steps)
    elif layout == "numbered":
        text = "\n".join(f"{k}. {step}" for k, step in enumerate(steps, 1))
    else:
        text = " ".join(steps)
    closing = rng.choice(("So the answer is {}.", "Answer: {}", "The answer is {}.", "Therefore the answer is {}."))
    separator = " " if layout == "prose" else "\n"
    styles = ("chain-of-thought", "comparison") if compare else ("chain-of-thought",)
    return Turn(kind, question, text + separator + closing.format(answer), styles, {**values, "answer": answer})


def free(kind: str, question: str, answer: str, *styles: str, **values: object) -> Turn:
    """An open answer: descriptions, comparisons, coordinates, dictated styles."""
    return Turn(kind, question, answer, styles, values)


def coordinates(
    rng: random.Random, kind: str, templates: Sequence[str], box: tuple[float, float, float, float], size: tuple[int,
        int],
    point: bool = False, **values: object,
) -> Turn:  # fmt: skip
    """A place in the picture, relative to its size, as a box [x1, y1, x2, y2] or a point (x, y)."""
    width, height = size
    left, top, right, bottom = box[0] / width, box[1] / height, box[2] / width, box[3] / height
    values = {**values, "box": (left, top, right, bottom)}
    if point:
        answer = f"({(left + right) / 2:.2f}, {(top + bottom) / 2:.2f})"
        ending = rng.choice((
            " Answer with relative coordinates (x, y) between 0 and 1.", " Give the point as (x, y), both from 0 to 1.",
            " Reply with normalised (x, y).",
        ))  # fmt: skip
    else:
        answer = f"[{left:.2f}, {top:.2f}, {right:.2f}, {bottom:.2f}]"
        ending = rng.choice((
            " Provide the bounding box coordinates.", " Give the box as [x1, y1, x2, y2], relative to the picture.",
            " Answer with the bounding box [x1, y1, x2, y2].", " Return its bounding box in normalised coordinates.",
        ))  # fmt: skip
    return Turn(kind, pick(rng, templates, **values) + ending, answer, ("coordinate",), values)
