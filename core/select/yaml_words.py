"""What is wrong with hand-written YAML, in plain words, and in which line a value of it stands."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

Place = tuple[str | int, ...]
"""Keys and positions that lead to a value: ("minimum", 0, "share")."""

_SHOWN_CHARS = 60
_WORDS = (
    (r"the key .* stands twice", "{0}", "Keep one of the two."),
    (r"found character '\\t'.*", "it is indented with a tab", "Indent with spaces."),
    (r".*(<stream end>|end of stream).*", "a bracket or a quotation mark is opened and not closed", "Close it."),
    (
        r"mapping values are not allowed here",
        "a colon stands where no key can be",
        "Put text that holds a colon in quotes, and each key at the beginning of its own line.",
    ),
    (
        r"expected ',' or '(.)'.*",
        "a comma or the closing {1} is missing",
        "Put a comma between entries and a {1} at the end; text that holds a colon or a comma stands in quotes.",
    ),
    (
        r"expected <block end>.*",
        "it does not stand under the lines before it",
        "Give keys of one level the same indent.",
    ),
    (r"found character '(.)' that cannot start.*", "text cannot begin with {1}", "Put the text in quotes."),
    (r"found undefined alias '(.*)'", "*{1} refers to nothing", "Put text that begins with * in quotes."),
    (r".*constructor for the tag '(.*)'", "{1} is no type that is known", "Put text that begins with ! in quotes."),
    (r"but found another document", "a second document begins", "Keep one, without --- between."),
    (
        r".*special characters are not allowed",
        "it holds a character that no text has",
        "Save it as plain text in UTF-8.",
    ),
    (r"'[a-z]+' codec.*|.*codec can't decode.*", "it is not UTF-8", "Save it as plain text in UTF-8."),
)
"""Complaints of the parser as they read, what they mean, and the one thing to do."""


def syntax_words(error: Exception, text: str) -> tuple[str, str]:
    """What follows "FILE is not YAML": the line and what is wrong with it; and the one thing to do."""
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or str(error).splitlines()[0].strip()
    lines = text.splitlines()
    number = -1 if mark is None else min(mark.line, len(lines) - 1)
    while number > 0 and not lines[number].strip():  # the end of the text is found behind its last line
        number -= 1
    shown = lines[number].strip() if number >= 0 else ""
    shown = shown if len(shown) <= _SHOWN_CHARS else f"{shown[: _SHOWN_CHARS - 1]}…"
    where = f" at line {number + 1} ({shown})" if shown else f" at line {number + 1}" if number >= 0 else ""
    for pattern, means, fix in _WORDS:
        if found := re.fullmatch(pattern, said, re.DOTALL):
            groups = (said, *found.groups())
            return f"{where}: {means.format(*groups)}.", fix.format(*groups)
    return f"{where}: {said}.", "Mend that line; text in quotes is always taken as it stands."


def line_in(text: str) -> Callable[[Place], int | None]:
    """A function that says in which line of a YAML text the value at a place begins, from 1; None where there is no such place."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        root = None

    def line(place: Place) -> int | None:
        node, found = root, None
        for piece in place:
            if isinstance(node, yaml.MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == str(piece)), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(piece, int) and piece < len(node.value):
                pair = (node.value[piece], node.value[piece])
            else:
                pair = None
            if pair is None:
                break
            found, node = int(pair[0].start_mark.line) + 1, pair[1]
        return found

    return line
