"""The interaction styles of a sample, from the form of its answers and what its questions ask for. Several may hold.

Each turn gives the style of its answer's form, and `comparison` and `specified style` besides when the question asks
for them; a sample has the styles of its turns. In a language the wording rules do not cover only the forms that need no
words (multi-choice, coordinate) are told.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.evidence.rules.cues import Cues, TurnCues
from core.evidence.rules.language import Language
from core.evidence.rules.wording import load_wording
from core.vocabulary import STYLES

MULTI_CHOICE, COORDINATE, YES_NO, PHRASE, SHORT, DETAILED, COMPARISON, CHAIN, SPECIFIED = STYLES

_LONG_YES_NO_WORDS = 8
"""A yes or no followed by more words than this is also a description."""


def styles(cues: Cues) -> list[tuple[str, ...]]:
    """The styles of each row in vocabulary order; an empty tuple where none could be told."""
    found: list[tuple[str, ...]] = []
    for language, turns in zip(cues.languages, cues.turns, strict=True):
        names = {name for turn in turns for name in _turn_styles(turn, language)}
        found.append(tuple(name for name in STYLES if name in names))
    return found


def _turn_styles(turn: TurnCues, language: Language) -> set[str]:
    shape = turn.shape
    if shape.form == "empty":
        return set()
    names: set[str] = set()
    if shape.num_options >= 2 or shape.form == "option":
        names.add(MULTI_CHOICE)
    if shape.form == "coordinate":
        names.add(COORDINATE)
    if language == "other":
        return names
    if _compares(turn.question):
        names.add(COMPARISON)
    if shape.says_yes_no:
        names.add(YES_NO)
    specified = _asks(turn.question, "ask_format", "ask_voice") or (shape.num_pairs > 0 and shape.coded)
    if specified:
        names.add(SPECIFIED)
    if turn.worked:
        names.add(CHAIN)
    elif not specified:
        names |= _form_styles(turn, names)
    return names


def _form_styles(turn: TurnCues, names: set[str]) -> set[str]:
    """The style of a plain answer's length, for answers that are not already an option, a place or a bare yes or no."""
    shape = turn.shape
    if shape.form == "phrase":
        return set() if MULTI_CHOICE in names else {PHRASE}
    if shape.form == "sentence" and not (shape.says_yes_no and shape.num_words <= _LONG_YES_NO_WORDS):
        return {SHORT}
    return {DETAILED} if shape.form == "text" else set()


def _compares(question: Mapping[int, int]) -> bool:
    """Two things are set side by side; 'more than 11' alone sets nothing beside anything."""
    index = load_wording().index
    comparisons = question.get(index["ask_compare"], 0) - question.get(index["than_number"], 0)
    return comparisons > 0 or index["between_items"] in question


def _asks(question: Mapping[int, int], *names: str) -> bool:
    index = load_wording().index
    return any(index[name] in question for name in names)
