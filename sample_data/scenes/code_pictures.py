"""Short programs shown in an editor window, with line numbers and coloured keywords.

Each program is built from integers, and its printed output is computed by the same rule in `output`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image

from sample_data.drawing import Canvas, Colour
from sample_data.records import Turn
from sample_data.wording import choice, coordinates, free, pick, reasoned, short, yes_no

NAME = "code"
SCHEDULE = (
    "code_output", "code_language", "code_lines", "code_explain", "code_uses", "code_name", "code_trace",
    "code_transcribe",
    "code_choice", "code_caption", "code_literal", "code_docstring", "code_line_box", "code_what_if", "code_bug",
)  # fmt: skip
SHORT = ("code_lines", "code_uses", "code_name", "code_literal", "code_output", "code_language")

THEMES: tuple[dict[str, Colour], ...] = (
    {"back": (30, 33, 40), "bar": (44, 48, 58), "ink": (214, 219, 228), "key": (198, 120, 221), "number": (209, 154,
        102),
     "text": (152, 195, 121), "call": (97, 175, 239), "gutter": (98, 106, 120)},
    {"back": (253, 252, 250), "bar": (232, 232, 236), "ink": (40, 44, 52), "key": (160, 32, 150), "number": (170, 86,
        20),
     "text": (40, 130, 60), "call": (30, 90, 180), "gutter": (170, 174, 182)},
    {"back": (0, 43, 54), "bar": (7, 54, 66), "ink": (168, 180, 182), "key": (133, 153, 0), "number": (211, 54, 130),
     "text": (42, 161, 152), "call": (38, 139, 210), "gutter": (88, 110, 117)},
)  # fmt: skip
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
TASKS = ("sum of squares", "factorial", "countdown", "even filter", "maximum", "string repeat")
NAMES = {
    "sum of squares": ("total", "square_sum", "add_squares"), "factorial": ("fact", "factorial", "product"),
    "countdown": ("countdown", "ticks", "descend"), "even filter": ("evens", "pick_even", "keep_even"),
    "maximum": ("largest", "find_max", "peak"), "string repeat": ("echo", "shout", "repeat_word"),
}  # fmt: skip


@dataclass(frozen=True)
class CodeScene:
    """`numbers` feed the program; `language` is Python or JavaScript."""

    level: int
    task: str
    language: str
    name: str
    numbers: tuple[int, ...]
    text: str
    theme: int


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
    return CodeScene(level, task, rng.choice(("Python", "Python", "JavaScript")), rng.choice(NAMES[task]), numbers,
                     rng.choice(("ha", "go", "na", "la", "yo")), rng.randrange(3))  # fmt: skip


def source(scene: CodeScene) -> list[str]:
    """The program, line by line."""
    n, name = scene.numbers[0], scene.name
    items = "[" + ", ".join(str(number) for number in scene.numbers) + "]"
    if scene.language == "Python":
        return {
            "sum of squares": [f"def {name}(n):", "    s = 0", "    for k in range(1, n + 1):",
            "        s = s + k * k", "    return s", "", f"print({name}({n}))"],
            "factorial": [f"def {name}(n):", "    if n == 0:", "        return 1", f"    return n * {name}(n - 1)",
            "", f"print({name}({n}))"],
            "countdown": [f"def {name}(n):", "    while n > 0:", "        print(n)", "        n = n - 1", "",
            f"{name}({n})"],
            "even filter": [f"def {name}(items):", "    return [x for x in items", "            if x % 2 == 0]", "",
            f"print({name}({items}))"],
            "maximum": [f"def {name}(items):", "    best = items[0]", "    for x in items:", "        if x > best:",
            "            best = x", "    return best", "", f"print({name}({items}))"],
            "string repeat": [f"def {name}(word, n):", "    return word * n", "",
            f'print({name}("{scene.text}", {n}))'],
        }[scene.task]  # fmt: skip
    return {
        "sum of squares": [f"function {name}(n) {{", "  let s = 0;", "  for (let k = 1; k <= n; k++) {",
        "    s = s + k * k;", "  }", "  return s;", "}", f"console.log({name}({n}));"],
        "factorial": [f"function {name}(n) {{", "  if (n === 0) {", "    return 1;", "  }",
        f"  return n * {name}(n - 1);", "}", f"console.log({name}({n}));"],
        "countdown": [f"function {name}(n) {{", "  while (n > 0) {", "    console.log(n);", "    n = n - 1;", "  }",
        "}", f"{name}({n});"],
        "even filter": [f"function {name}(items) {{", "  return items.filter(", "    x => x % 2 === 0);", "}",
        f"console.log({name}({items}));"],
        "maximum": [f"function {name}(items) {{", "  let best = items[0];", "  for (const x of items) {",
        "    if (x > best) {", "      best = x;", "    }", "  }", "  return best;", "}",
        f"console.log({name}({items}));"],
        "string repeat": [f"function {name}(word, n) {{", "  return word.repeat(n);", "}",
        f'console.log({name}("{scene.text}", {n}));'],
    }[scene.task]  # fmt: skip


def output(scene: CodeScene) -> str:
    numbers = scene.numbers
    n = numbers[0]
    if scene.task == "sum of squares":
        return str(sum(k * k for k in range(1, n + 1)))
    if scene.task == "factorial":
        product = 1
        for k in range(2, n + 1):
            product *= k
        return str(product)
    if scene.task == "countdown":
        return ", ".join(str(k) for k in range(n, 0, -1))
    if scene.task == "even filter":
        kept = ", ".join(str(x) for x in numbers if x % 2 == 0)
        return f"[{kept}]" if scene.language == "Python" or not kept else f"[ {kept} ]"
    return str(max(numbers)) if scene.task == "maximum" else scene.text * n


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
                theme["key"] if word in KEYWORDS else theme["number"] if word.isdigit()
                else theme["call"] if word in (name, "print", "range", "console", "log", "filter",
                    "repeat") else theme["ink"]
            )  # fmt: skip
            tokens.append((word, colour))
            word = ""
        if character != "\0":
            tokens.append((character, theme["ink"]))
    return tokens


WHAT = {
    "sum of squares": "adds the squares of the numbers from 1 to n",
    "factorial": "multiplies all whole numbers from 1 to n",
    "countdown": "prints the numbers from n down to 1", "even filter": "keeps only the even numbers of a list",
    "maximum": "finds the largest number of a list", "string repeat": "repeats a word n times",
}  # fmt: skip
HOW = {
    "sum of squares": "A running sum starts at zero, and a loop adds k times k for every k up to n.",
    "factorial": "The function calls itself with n - 1 until it reaches zero, where it returns 1.",
    "countdown": "A while loop prints n and then lowers it by one, until n is no longer positive.",
    "even filter": "Each element is tested: it stays when the remainder after dividing by two is zero.",
    "maximum": "The first element is taken as the best so far, and every larger one replaces it.",
    "string repeat": "The word is simply joined to itself as often as the second argument says.",
}


def steps(scene: CodeScene) -> list[str]:
    n = scene.numbers[0]
    call = (
        f"The last line calls {scene.name} with "
        + ("the list " + str(list(scene.numbers)) if len(scene.numbers) > 1 else str(n))
        + "."
    )
    middle = {
        "sum of squares": " + ".join(f"{k}*{k}" for k in range(1, n + 1)) + f" = {output(scene)}.",
        "factorial": " * ".join(str(k) for k in range(n, 0, -1)) + f" = {output(scene)}.",
        "countdown": f"Each pass prints n and lowers it by one, which gives {output(scene)}.",
        "even filter": "Even numbers in the list: " + (output(scene).strip("[] ") or "none") + ".",
        "maximum": f"No element is larger than {output(scene)}.",
        "string repeat": f"The word {scene.text} is written {n} times in a row.",
    }[scene.task]
    return [call, HOW[scene.task], middle]


def ask(scene: CodeScene, kind: str, rng: random.Random) -> Turn | None:
    lines = source(scene)
    code = "\n".join(lines)
    if kind == "code_output":
        return short(rng, kind, ("What does this program print?", "What is the output of the code?",
            "What appears on the console when this runs?",
                                 "Give the output of the script shown."), output(scene))  # fmt: skip
    if kind == "code_trace":
        return reasoned(
            rng,
            kind,
            (
                "What does the program print?",
                "Trace the code and give its output.",
                "Which output does running this code produce?",
            ),
            steps(scene),
            output(scene),
        )
    if kind == "code_language":
        return choice(rng, kind, ("Which programming language is this?", "In which language is the program written?",
            "What language does the snippet use?"),
                      scene.language, ["Python", "JavaScript", "Haskell", "SQL", "Rust"])  # fmt: skip
    if kind == "code_lines":
        return short(
            rng,
            kind,
            (
                "How many lines does the editor number?",
                "What is the last line number shown?",
                "How many numbered lines are there?",
            ),
            str(len(lines)),
        )
    if kind == "code_name":
        return short(
            rng,
            kind,
            (
                "What is the function called?",
                "Name the function that is defined here.",
                "Which function name appears in the first line?",
            ),
            scene.name,
        )
    if kind == "code_literal":
        return short(
            rng,
            kind,
            (
                "Which number comes first in the last line?",
                "What is the first number in the call at the bottom?",
                "Read the first number on the last line.",
            ),
            str(scene.numbers[0]),
        )
    if kind == "code_uses":
        feature, truth = rng.choice((
            ("a while loop", scene.task == "countdown"), ("recursion", scene.task == "factorial"),
            ("a return statement", scene.task != "countdown"), ("a modulo operator", scene.task == "even filter"),
        ))  # fmt: skip
        return yes_no(
            rng,
            kind,
            (
                "Does the code use {feature}?",
                "Is there {feature} in this program?",
                "Does this snippet contain {feature}?",
            ),
            truth,
            feature=feature,
        )
    if kind == "code_choice":
        return choice(rng, kind, ("What does the function do?", "Which description fits the code?",
            "What is the purpose of this program?"),
                      "It " + WHAT[scene.task], ["It " + text for key, text in WHAT.items() if key != scene.task],
                      steps=HOW[scene.task] if rng.random() < 0.3 else "")  # fmt: skip
    if kind == "code_line_box":
        number = rng.choice([k for k, line in enumerate(lines) if line])
        return coordinates(
            rng,
            kind,
            ("Where is line {number} of the program?", "Locate line number {number} in the editor."),
            line_box(scene, number),
            size(scene),
            number=number + 1,
        )
    if kind == "code_caption":
        question = pick(
            rng,
            (
                "Describe the program in one sentence.",
                "What does this code do, in short?",
                "Summarise the snippet briefly.",
            ),
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
            (
                "Explain this code in detail.",
                "Give a detailed walk-through of the program for a beginner.",
                "Describe thoroughly how this program works.",
            ),
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
            (
                "Transcribe the code into a code block.",
                "Copy the program exactly, in a fenced Markdown block.",
                "OCR the source code and put it into a code fence.",
            ),
        )
        return free(kind, question, f"```{scene.language.lower()}\n{code}\n```", "specified style")
    if kind == "code_docstring":
        question = pick(rng, ("Write a one-line docstring for the function, in the imperative mood.",
            "Write a commit message of at most ten words for this code.",
                              "Describe the function as a limerick-like rhyme in two lines."))  # fmt: skip
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
            ("What would happen if the line that lowers n were removed, and why?", "Why does the loop come to an end?"),
        )
        answer = ("The loop would never stop, because n would stay positive for ever." if "removed" in question
                  else "Because n becomes smaller by one in each pass, so it reaches zero and the condition fails.")  # fmt: skip
        return free(kind, question, answer, "short description")
    if kind == "code_bug":
        if scene.task not in ("factorial", "maximum"):
            return None
        question = pick(
            rng,
            (
                "For which argument would this function fail, and why?",
                "What input makes this program crash, and what is the cause?",
            ),
        )
        answer = ("A negative number: n then never reaches zero, so the calls go on until the stack is full." if scene.task == "factorial"
                  else "An empty list, because there is no first element to start from.")  # fmt: skip
        return free(kind, question, answer, "short description")
    raise ValueError(f"code knows no task {kind!r}")
