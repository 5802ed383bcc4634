"""The short programs of the code pictures: their lines in two languages, what they print, and why.

Each is built from integers; its printed output is computed by the same rule in `output`.
"""

from __future__ import annotations

from dataclasses import dataclass

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


def source(scene: CodeScene) -> list[str]:
    """The program, line by line."""
    n, name = scene.numbers[0], scene.name
    items = "[" + ", ".join(str(number) for number in scene.numbers) + "]"
    if scene.language == "Python":
        return {
            "sum of squares": [
                f"def {name}(n):",
                "    s = 0",
                "    for k in range(1, n + 1):",
                "        s = s + k * k",
                "    return s",
                "",
                f"print({name}({n}))",
            ],
            "factorial": [
                f"def {name}(n):",
                "    if n == 0:",
                "        return 1",
                f"    return n * {name}(n - 1)",
                "",
                f"print({name}({n}))",
            ],
            "countdown": [
                f"def {name}(n):",
                "    while n > 0:",
                "        print(n)",
                "        n = n - 1",
                "",
                f"{name}({n})",
            ],
            "even filter": [
                f"def {name}(items):",
                "    return [x for x in items",
                "            if x % 2 == 0]",
                "",
                f"print({name}({items}))",
            ],
            "maximum": [
                f"def {name}(items):",
                "    best = items[0]",
                "    for x in items:",
                "        if x > best:",
                "            best = x",
                "    return best",
                "",
                f"print({name}({items}))",
            ],
            "string repeat": [
                f"def {name}(word, n):",
                "    return word * n",
                "",
                f'print({name}("{scene.text}", {n}))',
            ],
        }[scene.task]
    return {
        "sum of squares": [
            f"function {name}(n) {{",
            "  let s = 0;",
            "  for (let k = 1; k <= n; k++) {",
            "    s = s + k * k;",
            "  }",
            "  return s;",
            "}",
            f"console.log({name}({n}));",
        ],
        "factorial": [
            f"function {name}(n) {{",
            "  if (n === 0) {",
            "    return 1;",
            "  }",
            f"  return n * {name}(n - 1);",
            "}",
            f"console.log({name}({n}));",
        ],
        "countdown": [
            f"function {name}(n) {{",
            "  while (n > 0) {",
            "    console.log(n);",
            "    n = n - 1;",
            "  }",
            "}",
            f"{name}({n});",
        ],
        "even filter": [
            f"function {name}(items) {{",
            "  return items.filter(",
            "    x => x % 2 === 0);",
            "}",
            f"console.log({name}({items}));",
        ],
        "maximum": [
            f"function {name}(items) {{",
            "  let best = items[0];",
            "  for (const x of items) {",
            "    if (x > best) {",
            "      best = x;",
            "    }",
            "  }",
            "  return best;",
            "}",
            f"console.log({name}({items}));",
        ],
        "string repeat": [
            f"function {name}(word, n) {{",
            "  return word.repeat(n);",
            "}",
            f'console.log({name}("{scene.text}", {n}));',
        ],
    }[scene.task]


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


WHAT = {
    "sum of squares": "adds the squares of the numbers from 1 to n",
    "factorial": "multiplies all whole numbers from 1 to n", "countdown": "prints the numbers from n down to 1",
    "even filter": "keeps only the even numbers of a list", "maximum": "finds the largest number of a list",
    "string repeat": "repeats a word n times",
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
