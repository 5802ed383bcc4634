"""Short programs shown in an editor window, with line numbers and coloured keywords.

The programs themselves, and what they print, are in programs.py.
"""

from __future__ import annotations

import random

from PIL import Image

from sample_data.drawing import Canvas, Colour
from sample_data.records import Turn
from sample_data.scenes.programs import HOW, NAMES, TASKS, WHAT, CodeScene, output, source, steps
from sample_data.wording import asked, choice, coordinates, free, pick, reasoned, short, yes_no

NAME = "code"
SCHEDULE = (
    "code_output", "code_language", "code_lines", "code_explain", "code_uses", "code_name", "code_trace",
    "code_transcribe", "code_choice", "code_caption", "code_literal", "code_docstring", "code_line_box",
    "code_what_if", "code_bug",
)  # fmt: skip
SHORT = ("code_lines", "code_uses", "code_name", "code_literal", "code_output", "code_language")

THEMES: tuple[dict[str, Colour], ...] = (
    {
        "back": (30, 33, 40),
        "bar": (44, 48, 58),
        "ink": (214, 219, 228),
        "key": (198, 120, 221),
        "number": (209, 154, 102),
        "text": (152, 195, 121),
        "call": (97, 175, 239),
        "gutter": (98, 106, 120),
    },
    {
        "back": (253, 252, 250),
        "bar": (232, 232, 236),
        "ink": (40, 44, 52),
        "key": (160, 32, 150),
        "number": (170, 86, 20),
        "text": (40, 130, 60),
        "call": (30, 90, 180),
        "gutter": (170, 174, 182),
    },
    {
        "back": (0, 43, 54),
        "bar": (7, 54, 66),
        "ink": (168, 180, 182),
        "key": (133, 153, 0),
        "number": (211, 54, 130),
        "text": (42, 161, 152),
        "call": (38, 139, 210),
        "gutter": (88, 110, 117),
    },
)
KEYWORDS = {
    "def",
    "return",
    "for",
    "in",
    "if",
    "while",
    "let",
    "const",
    "function",
    "else",
    "of",
    "public",
    "static",
    "int",
    "fn",
    "mut",
}


def make(rng: random.Random, level: int) -> CodeScene:
    task = rng.choice(
        (("countdown", "string repeat", "maximum"), ("sum of squares", "even filter", "countdown", "maximum"), TASKS)[
            level
        ]
    )
    if task in ("even filter", "maximum"):
        numbers = tuple(rng.sample(range(1, 40), 3 + level))
    else:
        numbers = (rng.randint(2, 4 + level),)
    return CodeScene(
        level,
        task,
        rng.choice(("Python", "Python", "JavaScript")),
        rng.choice(NAMES[task]),
        numbers,
        rng.choice(("ha", "go", "na", "la", "yo")),
        rng.randrange(3),
    )


def size(scene: CodeScene) -> tuple[int, int]:
    lines = source(scene)
    return max(288, round(58 + 8.2 * max(len(line) for line in lines) + 20)), 52 + 21 * len(lines) + 16


def line_box(scene: CodeScene, line: int) -> tuple[float, float, float, float]:
    return 40, 44 + 21 * line, size(scene)[0] - 10, 44 + 21 * (line + 1)


def draw(scene: CodeScene) -> list[Image.Image]:
    theme = THEMES[scene.theme]
    width, height = size(scene)
    canvas = Canvas(width, height, theme["back"])
    canvas.rectangle(0, 0, width, 30, fill=theme["bar"])
    for k, colour in enumerate(((237, 106, 94), (245, 191, 79), (98, 197, 84))):
        canvas.ellipse(16 + k * 18, 15, 5.5, 5.5, colour)
    canvas.text(
        width / 2, 15, scene.name + (".py" if scene.language == "Python" else ".js"), 12, theme["gutter"], anchor="mm"
    )
    for number, line in enumerate(source(scene)):
        y = 46 + 21 * number
        canvas.text(30, y, str(number + 1), 12, theme["gutter"], anchor="ra")
        x = 46.0
        for token, colour in _coloured(line, scene.name, theme):
            x = canvas.grid_text(x, y, token, 14, 8.2, colour)
    return [canvas.finish()]


def _coloured(line: str, name: str, theme: dict[str, Colour]) -> list[tuple[str, Colour]]:
    tokens: list[tuple[str, Colour]] = []
    word, quoted = "", False
    for character in line + "\0":
        if quoted or character == '"':
            word += character
            if character == '"':
                if quoted:
                    tokens.append((word, theme["text"]))
                    word = ""
                quoted = not quoted
            continue
        if character.isalnum() or character == "_":
            word += character
            continue
        if word:
            colour = (
                theme["key"]
                if word in KEYWORDS
                else theme["number"]
                if word.isdigit()
                else theme["call"]
                if word in (name, "print", "range", "console", "log", "filter", "repeat")
                else theme["ink"]
            )
            tokens.append((word, colour))
            word = ""
        if character != "\0":
            tokens.append((character, theme["ink"]))
    return tokens


def ask(scene: CodeScene, kind: str, rng: random.Random) -> Turn | None:
    lines = source(scene)
    code = "\n".join(lines)
    if kind == "code_output":
        return short(rng, kind, asked("code_output"), output(scene))
    if kind == "code_trace":
        return reasoned(
            rng,
            kind,
            asked("code_trace"),
            steps(scene),
            output(scene),
        )
    if kind == "code_language":
        return choice(
            rng, kind, asked("code_language"), scene.language, ["Python", "JavaScript", "Haskell", "SQL", "Rust"]
        )
    if kind == "code_lines":
        return short(
            rng,
            kind,
            asked("code_lines"),
            str(len(lines)),
        )
    if kind == "code_name":
        return short(
            rng,
            kind,
            asked("code_name"),
            scene.name,
        )
    if kind == "code_literal":
        return short(
            rng,
            kind,
            asked("code_literal"),
            str(scene.numbers[0]),
        )
    if kind == "code_uses":
        feature, truth = rng.choice(
            (
                ("a while loop", scene.task == "countdown"),
                ("recursion", scene.task == "factorial"),
                ("a return statement", scene.task != "countdown"),
                ("a modulo operator", scene.task == "even filter"),
            )
        )
        return yes_no(
            rng,
            kind,
            asked("code_uses"),
            truth,
            feature=feature,
        )
    if kind == "code_choice":
        return choice(
            rng,
            kind,
            asked("code_choice"),
            "It " + WHAT[scene.task],
            ["It " + text for key, text in WHAT.items() if key != scene.task],
            steps=HOW[scene.task] if rng.random() < 0.3 else "",
        )
    if kind == "code_line_box":
        number = rng.choice([k for k, line in enumerate(lines) if line])
        return coordinates(
            rng,
            kind,
            asked("code_line_box"),
            line_box(scene, number),
            size(scene),
            number=number + 1,
        )
    if kind == "code_caption":
        question = pick(
            rng,
            asked("code_caption"),
        )
        return free(
            kind,
            question,
            f"A {scene.language} function named {scene.name} that {WHAT[scene.task]}.",
            "short description",
        )
    if kind == "code_explain":
        question = pick(
            rng,
            asked("code_explain"),
        )
        answer = (
            f"The picture shows a {scene.language} program of {len(lines)} lines in an editor. It defines the "
            f"function {scene.name}, which {WHAT[scene.task]}. "
            f"{HOW[scene.task]} At the end it is called and the result is {output(scene)}. The names are short, but "
            "the indentation makes the blocks easy to see."
        )
        return free(kind, question, answer, "detailed description")
    if kind == "code_transcribe":
        question = pick(
            rng,
            asked("code_transcribe"),
        )
        return free(kind, question, f"```{scene.language.lower()}\n{code}\n```", "specified style")
    if kind == "code_docstring":
        question = pick(rng, asked("code_docstring"))
        plain = WHAT[scene.task]
        if "commit" in question:
            answer = f"Add {scene.name}: {plain}"
        elif "rhyme" in question:
            answer = f"A function named {scene.name} had one single chore:\nit {plain}, and nothing more."
        else:
            answer = (
                f'"""{plain.split()[0].replace("ies", "ys").rstrip("s").capitalize()} {" ".join(plain.split()[1:])}."""'
            )
        return free(kind, question, answer, "specified style")
    if kind == "code_what_if":
        if scene.task != "countdown":
            return None
        question = pick(
            rng,
            asked("code_what_if"),
        )
        answer = (
            "The loop would never stop, because n would stay positive for ever."
            if "removed" in question
            else "Because n becomes smaller by one in each pass, so it reaches zero and the condition fails."
        )
        return free(kind, question, answer, "short description")
    if kind == "code_bug":
        if scene.task not in ("factorial", "maximum"):
            return None
        question = pick(
            rng,
            asked("code_bug"),
        )
        answer = (
            "A negative number: n then never reaches zero, so the calls go on until the stack is full."
            if scene.task == "factorial"
            else "An empty list, because there is no first element to start from."
        )
        return free(kind, question, answer, "short description")
    raise ValueError(f"code knows no task {kind!r}")
