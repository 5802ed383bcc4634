"""How an answer is scored, by kind of question, from 0 to 1; definitions as in the usual evaluation kits.

Each metric is a plain function of (prediction, question). A kind's first metric is its score; the others are reported
beside it.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction

from core.evaluate.questions import Question

Metric = Callable[[str, Question], float]

POINT_TOLERANCE = 0.05
RELAXED_TOLERANCE = 0.05
ANLS_THRESHOLD = 0.5

_ARTICLES = frozenset({"a", "an", "the"})
_YES, _NO = frozenset({"yes", "true"}), frozenset({"no", "false"})
_NUMBER_WORDS = {
    "none": "0", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10",
}  # fmt: skip
# A letter counts as an option when it stands alone, is bracketed or punctuated, or is announced; "A dog" is no option A.
_OPTION = re.compile(
    r"^\s*\(?([A-Za-z])(?:\s*$|\)|[.:,])|(?i:answer|option|choice)\s*(?:is|:)?\s*\(?([A-Z])\b", re.ASCII
)
_LATEX_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}")


def normalise(text: str) -> str:
    """Lower case, no articles, no punctuation but inside numbers, single spaces: "The  Red one." is "red one"."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(_kept(folded, place) for place in range(len(folded)))
    return " ".join(word for word in kept.split() if word not in _ARTICLES)


def _kept(text: str, place: int) -> str:
    char = text[place]
    if char not in string.punctuation and unicodedata.category(char)[0] != "P":
        return char
    after_digit = place + 1 < len(text) and text[place + 1].isdigit()
    between = char in ".,/:" and place > 0 and text[place - 1].isdigit() and after_digit
    minus = char == "-" and after_digit and (place == 0 or text[place - 1].isspace())
    return char if between or minus else " "


def exact_match(prediction: str, question: Question) -> float:
    """1 when the normalised prediction is a normalised reference."""
    said = normalise(prediction)
    return float(any(said == normalise(answer) for answer in question.answers))


def multiple_choice(prediction: str, question: Question) -> float:
    """1 when the option named by its letter or by its whole text is the gold one."""
    gold = option(question.answer, question.choices)
    said = option(prediction, question.choices)
    if gold is None:
        return exact_match(prediction, question)
    return float(said == gold)


def option(text: str, choices: Sequence[str]) -> str | None:
    """The letter a text means: the text of a choice first, since a choice may itself be a letter or begin with one."""
    spoken = [normalise(choice) for choice in choices]
    if spoken.count(normalise(text)) == 1 and len(text.strip()) > 1:
        return string.ascii_uppercase[spoken.index(normalise(text))]
    found = _OPTION.search(text)
    if found:
        letter = (found.group(1) or found.group(2)).upper()
        if not choices or string.ascii_uppercase.index(letter) < len(choices):
            return letter
    return string.ascii_uppercase[spoken.index(normalise(text))] if spoken.count(normalise(text)) == 1 else None


def verdict(text: str) -> bool | None:
    """The first yes or no, true or false of a text."""
    for word in normalise(text).split():
        if word in _YES or word in _NO:
            return word in _YES
    return None


def yes_no(prediction: str, question: Question) -> float:
    """1 when the first yes/no or true/false of the prediction is the gold one; neither is wrong."""
    said, gold = verdict(prediction), verdict(question.answer)
    return float(said is not None and said == gold)


def relaxed(prediction: str, question: Question) -> float:
    """1 when both are numbers within 5 % of the gold one, else when they are equal in lower case."""
    said = to_number(prediction)
    for answer in question.answers:
        gold = to_number(answer)
        if said is not None and gold is not None:
            close = said == gold if gold == 0 else abs(said - gold) / abs(gold) <= RELAXED_TOLERANCE
        else:
            close = prediction.strip().rstrip(".").casefold() == answer.strip().rstrip(".").casefold()
        if close:
            return 1.0
    return 0.0


def to_number(text: str) -> float | None:
    """The number a whole text is; a percentage is a hundredth of its figure. "1,200" is 1200, "17 cells" is none."""
    bare = text.strip().rstrip(".").removeprefix("$").replace(",", "").strip()
    share = bare.endswith("%")
    try:
        number = float(bare.removesuffix("%").strip())
    except ValueError:
        return None
    return number / 100 if share else number


def anls(prediction: str, question: Question) -> float:
    """1 minus the edit distance over the longer length, best over references; half of the letters wrong is 0."""
    return max(_likeness(prediction, answer) for answer in question.answers)


def _likeness(prediction: str, answer: str) -> float:
    said, gold = " ".join(prediction.casefold().split()), " ".join(answer.casefold().split())
    longest = max(len(said), len(gold))
    if longest == 0:
        return 1.0
    distance = edit_distance(said, gold) / longest
    return 1.0 - distance if distance < ANLS_THRESHOLD else 0.0


def edit_distance(first: str, second: str) -> int:
    """Insertions, deletions and replacements between two texts."""
    row = list(range(len(second) + 1))
    for number, one in enumerate(first, start=1):
        diagonal, row[0] = row[0], number
        for place, other in enumerate(second, start=1):
            diagonal, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, diagonal + (one != other))
    return row[-1]


def contains(prediction: str, question: Question) -> float:
    """1 when a normalised reference stands in the normalised prediction as whole words."""
    said = f" {normalise(prediction)} "
    return float(any(f" {normalise(answer)} " in said for answer in question.answers if normalise(answer)))


def vqa(prediction: str, question: Question) -> float:
    """Agreement with several people: over each of them, min(1, matches among the others / 3), averaged."""
    people = [_spoken(answer) for answer in question.answers[1:] or question.answers]
    said = _spoken(prediction)
    if len(people) == 1:
        return float(said == people[0])
    scores = [
        min(1.0, sum(said == other for place, other in enumerate(people) if place != left_out) / 3)
        for left_out in range(len(people))
    ]
    return sum(scores) / len(scores)


def _spoken(text: str) -> str:
    return " ".join(_NUMBER_WORDS.get(word, word) for word in normalise(text).split())


def math(prediction: str, question: Question) -> float:
    """1 when both are the same fraction, else when their normalised texts are equal. Not symbolic."""
    said = to_fraction(prediction)
    for answer in question.answers:
        gold = to_fraction(answer)
        if said == gold if said is not None and gold is not None else normalise(prediction) == normalise(answer):
            return 1.0
    return 0.0


def to_fraction(text: str) -> Fraction | None:
    """The rational number a text is: `3/4`, `0.75`, `\\frac{3}{4}`, `$1,200$`; None for anything else."""
    bare = _LATEX_FRACTION.sub(r"\1/\2", text.replace("\\left", "").replace("\\right", "")).strip(" $.\\()")
    try:
        return Fraction(bare.replace(",", "").replace(" ", ""))
    except (ValueError, ZeroDivisionError):
        return None


def token_f1(prediction: str, question: Question) -> float:
    """Harmonic mean of the shares of common words, best over references."""
    return max(_overlap(normalise(prediction).split(), normalise(answer).split()) for answer in question.answers)


def _overlap(said: Sequence[str], gold: Sequence[str]) -> float:
    common = sum((Counter(said) & Counter(gold)).values())
    return 2 * common / (len(said) + len(gold)) if common else 0.0


def same_list(prediction: str, question: Question) -> float:
    """1 when the comma-separated items are the same, in any order."""
    return float(any(_items(prediction) == _items(answer) for answer in question.answers))


def _items(text: str) -> frozenset[str]:
    return frozenset(filter(None, (normalise(item) for item in re.split(r",|;|\band\b", text))))


def point(prediction: str, question: Question) -> float:
    """1 when both are two relative coordinates at most 0.05 apart; our own tolerance."""
    said, gold = _coordinates(prediction), _coordinates(question.answer)
    if said is None or gold is None:
        return exact_match(prediction, question)
    distance = ((said[0] - gold[0]) ** 2 + (said[1] - gold[1]) ** 2) ** 0.5
    return float(distance <= POINT_TOLERANCE + 1e-9)


def _coordinates(text: str) -> tuple[float, float] | None:
    found = re.findall(r"\d*\.?\d+", text)
    return (float(found[0]), float(found[1])) if len(found) == 2 else None


METRICS: dict[str, tuple[tuple[str, Metric], ...]] = {
    "short": (("exact_match", exact_match),),
    "text": (("anls", anls), ("exact_match", exact_match), ("contains", contains)),
    "choice": (("multiple_choice", multiple_choice),),
    "choice_text": (("multiple_choice", multiple_choice),),
    "number": (("relaxed_number", relaxed), ("exact_match", exact_match)),
    "math": (("math", math),),
    "yes_no": (("yes_no", yes_no),),
    "true_false": (("yes_no", yes_no),),
    "open": (("token_f1", token_f1),),
    "list": (("list", same_list),),
    "point": (("point", point),),
    "vqa": (("vqa", vqa),),
}
"""The metrics of each kind of question; the first is its score."""


def score(prediction: str, question: Question) -> dict[str, float]:
    """Every metric of a question's kind, and `score`, the first of them."""
    found = {name: metric(prediction, question) for name, metric in METRICS[question.kind]}
    return {"score": next(iter(found.values())), **found}
