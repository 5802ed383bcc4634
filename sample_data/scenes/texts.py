"""Text-only conversations: facts of history, language and science, causes, letters, patterns to continue, comparisons."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image

from sample_data.records import Turn
from sample_data.scenes.text_facts import CAPITALS, CAUSES, COMPARISONS, ELEMENTS, ESSAYS, EVENTS, OPPOSITES, WORKS
from sample_data.wording import PEOPLE, asked, choice, free, pick, reasoned, short, yes_no

NAME = "dialogues"
SCHEDULE = (
    "text_capital", "text_work", "text_cause", "text_event", "text_letter", "text_element", "text_speed",
    "text_pattern", "text_compare", "text_choice", "text_essay", "text_earlier", "text_opposites", "text_rewrite",
    "text_riddle", "text_format",
)  # fmt: skip
SHORT = ("text_capital", "text_work", "text_event", "text_element", "text_earlier")


@dataclass(frozen=True)
class TextScene:
    """No picture: only a level and the seed of the facts chosen."""

    level: int
    seed: int


def make(rng: random.Random, level: int) -> TextScene:
    return TextScene(level, rng.randrange(10**9))


def draw(scene: TextScene) -> list[Image.Image]:
    return []


def ask(scene: TextScene, kind: str, rng: random.Random) -> Turn | None:
    if kind == "text_capital":
        country, capital = rng.choice(CAPITALS)
        return short(
            rng,
            kind,
            asked("text_capital"),
            capital,
            country=country,
        )
    if kind == "text_work":
        work, author = rng.choice(WORKS)
        return short(
            rng,
            kind,
            asked("text_work"),
            author,
            work=work,
        )
    if kind == "text_event":
        event, year = rng.choice(EVENTS)
        return short(
            rng,
            kind,
            asked("text_event"),
            str(year),
            event=event,
        )
    if kind == "text_earlier":
        (first, a), (second, b) = rng.sample(EVENTS, 2)
        if a == b:
            return None
        return yes_no(rng, kind, asked("text_earlier"), a < b, compare=True, first=first, second=second)
    if kind == "text_element":
        name, symbol, atomic = rng.choice(ELEMENTS)
        if rng.random() < 0.5:
            return short(
                rng,
                kind,
                asked("text_element symbol"),
                symbol,
                name=name,
            )
        return short(
            rng,
            kind,
            asked("text_element number"),
            str(atomic),
            name=name,
        )
    if kind == "text_choice":
        work, author = rng.choice(WORKS)
        return choice(
            rng,
            kind,
            asked("text_choice"),
            author,
            sorted({a for _, a in WORKS}),
            work=work,
        )
    if kind == "text_speed":
        speed, hours = rng.randrange(20, 120, 5), rng.randint(2, 6)
        name = rng.choice(PEOPLE)
        return reasoned(
            rng,
            kind,
            asked("text_speed"),
            ["Distance is speed times time.", f"{speed} km/h x {hours} h = {speed * hours} km."],
            f"{speed * hours} km",
            name=name,
            speed=speed,
            hours=hours,
        )
    if kind == "text_riddle":
        tall, middle, last = rng.sample(PEOPLE, 3)
        return reasoned(
            rng,
            kind,
            asked("text_riddle"),
            [
                f"{tall} comes before {middle}, and {middle} comes before {last}.",
                f"So the order is {tall}, {middle}, {last}, and {last} is last.",
            ],
            last,
            a=tall,
            b=middle,
            c=last,
        )
    return _texts(scene, kind, rng)


def _texts(scene: TextScene, kind: str, rng: random.Random) -> Turn:
    if kind == "text_cause":
        question, answer = rng.choice(CAUSES)
        return free(kind, question, answer, "short description")
    if kind == "text_compare":
        first, second, answer = rng.choice(COMPARISONS)
        question = pick(
            rng,
            asked("text_compare"),
            a=first,
            b=second,
        )
        return free(kind, question, answer, "comparison", "short description", a=first, b=second)
    if kind == "text_essay":
        question, answer = rng.choice(ESSAYS)
        return free(kind, question, answer, "detailed description")
    if kind == "text_letter":
        sender, receiver = rng.sample(PEOPLE, 2)
        matter, wish = rng.choice(
            (
                ("returning a library book late", "pay the fee at once"),
                ("missing our meeting on Tuesday", "propose Thursday at ten"),
                ("the noise of our party", "keep the music down from now on"),
                ("the delay of your parcel", "send a new one today"),
            )
        )
        question = pick(
            rng,
            asked("text_letter"),
            s=sender,
            r=receiver,
            m=matter,
        )
        answer = (
            f"Dear {receiver},\n\nI would like to apologise for {matter}. It was careless of me, and I "
            "understand that it caused you trouble. "
            f"To set it right, I will {wish}. Please let me know if there is anything else I can do.\n\nYours "
            f"sincerely,\n{sender}"
        )
        return free(kind, question, answer, "specified style", sender=sender, receiver=receiver)
    if kind == "text_pattern":
        count = (2, 3, 5)[scene.level]
        start, step = rng.randint(2, 9), rng.randint(2, 5)
        rows = [(start + k, (start + k) * step + 1) for k in range(count + 1)]
        shown = "\n".join(f"{a} -> {b}" for a, b in rows[:-1])
        question = (
            rng.choice(
                (
                    "Find the rule in these examples and complete the last line.\n",
                    "Examples:\n",
                    "Continue in the same way.\n",
                )
            )
            + f"{shown}\n{rows[-1][0]} ->"
        )
        return free(kind, question, str(rows[-1][1]), "word/short-phrase", start=start, step=step, asked=rows[-1][0])
    if kind == "text_opposites":
        chosen = rng.sample(OPPOSITES, (2, 3, 4)[scene.level])
        shown = "\n".join(f"{a}: {b}" for a, b in chosen[:-1])
        question = rng.choice(asked("text_opposites")) + f"{shown}\n{chosen[-1][0]}:"
        return free(kind, question, chosen[-1][1], "word/short-phrase", asked=chosen[-1][0])
    if kind == "text_rewrite":
        name, (country, capital) = rng.choice(PEOPLE), rng.choice(CAPITALS)
        plain = f"{name} went to {capital} in {country} and liked the food."
        question = pick(
            rng,
            asked("text_rewrite"),
            plain=plain,
        )
        if "fairy" in question:
            answer = (
                f"Once upon a time, a traveller called {name} set out for the golden towers of {capital}, far "
                f"away in {country}, and feasted there until the stars grew tired."
            )
        elif "rhyme" in question:
            answer = (
                f"To {capital} went {name} with an appetite so great,\nand what a happy traveller, and what an "
                "empty plate!"
            )
        else:
            answer = (
                f"Arr! {name} set sail for {capital} in {country}, and a finer plate o' grub no sailor ever did see!"
            )
        return free(kind, question, answer, "specified style")
    if kind == "text_format":
        chosen = rng.sample(CAPITALS, (2, 3, 4)[scene.level])
        solved = "\n".join(f"Input: {a}\nOutput: <{b.upper()}>" for a, b in chosen[:-1])
        question = f"Follow the format of the examples.\n{solved}\nInput: {chosen[-1][0]}\nOutput:"
        return free(kind, question, f"<{chosen[-1][1].upper()}>", "specified style", asked=chosen[-1][0])
    raise ValueError(f"dialogues knows no task {kind!r}")
