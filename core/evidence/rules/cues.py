"""Reads conversations and pictures into one table of cues, each between 0 and 1, that all rules share.

A cue is a wording (wording.yaml), the shape of turns (structure.py), or the look of pictures (facts.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.evidence.rules.facts import ImageFacts
from core.evidence.rules.language import Language, language_of
from core.evidence.rules.structure import STRUCTURE_NAMES, Turn, read_turn
from core.evidence.rules.wording import Wording, load_wording

Conversation = Sequence[Mapping[str, str]]
"""Turns in order, each with `role` (human, gpt or system) and `text`."""

_SHAPE_CUES = (
    "has_image", "several_images", "text_only", "several_turns", "many_turns",
    "options", "option_answer", "coordinate_answer", "box_answer", "yes_no_answer", "phrase_answer", "sentence_answer",
    "text_answer", "number_answer", "printed_answer", "worked_answer", "answer_length", "long_question", "many_numbers",
    "quoted", "pairs", "coded_answer", "similar_turns", "answer_cells", "answer_list", "answer_equation", "answer_code",
)  # fmt: skip
_PICTURE_CUES = (
    "photo", "graphic", "print", "some_print", "ruled", "vivid", "grey_page", "white_page", "dark_screen", "busy",
    "few_colours", "scenic", "labelled", "tall",
)  # fmt: skip
_FIRST_HIT, _NEXT_HIT = 0.7, 0.15
"""The first hit of a wording is most of it; the second and third fill it up."""
_MIN_WORKED_WORDS = 12


@dataclass(frozen=True)
class TurnCues:
    """One question and its answer: its shape and how often each wording cue occurs on each side."""

    shape: Turn
    question: Mapping[int, int]
    answer: Mapping[int, int]
    worked: bool
    """The answer shows how it was reached."""


@dataclass(frozen=True)
class Cues:
    """A batch, read once.

    `values` is [N, C] float32 from 0 to 1 with the columns of `cue_columns()`; `turns` and `languages` have length N.
    """

    values: NDArray[np.float32]
    languages: tuple[Language, ...]
    turns: tuple[tuple[TurnCues, ...], ...]

    def spoken(self) -> NDArray[np.bool_]:
        """[N] bool: the wording rules may judge the row (English, Chinese, or nothing that needs a language)."""
        return np.array([language != "other" for language in self.languages], dtype=np.bool_)


@cache
def cue_columns() -> dict[str, int]:
    """The column of every cue, in the order of the table."""
    wording = load_wording()
    asked = (f"q_{name}" for name, place in zip(wording.names, wording.places, strict=True) if place == "any")
    names = (*wording.names, *asked, *STRUCTURE_NAMES, *_SHAPE_CUES, *_PICTURE_CUES)
    return {name: column for column, name in enumerate(names)}


def read_cues(
    conversations: Sequence[Conversation], facts: Sequence[Sequence[ImageFacts]], num_images: Sequence[int]
) -> Cues:
    """The cues of a batch.

    `facts` holds, per sample, the facts of those of its pictures that could be read (none for a text-only sample);
    `num_images` how many pictures it has.
    """
    wording, columns = load_wording(), cue_columns()
    values = np.zeros((len(conversations), len(columns)), dtype=np.float32)
    languages: list[Language] = []
    turns: list[tuple[TurnCues, ...]] = []
    for row, (conversation, pictures, number) in enumerate(zip(conversations, facts, num_images, strict=True)):
        pairs = question_answer_pairs(conversation)
        language = language_of([q for q, _ in pairs], [a for _, a in pairs], wording.english_words)
        read = tuple(_read_turn(question, answer, language, wording) for question, answer in pairs)
        found = {**_wording_values(read, wording), **_shape_values(read, number), **_picture_values(pictures)}
        for name, value in found.items():
            values[row, columns[name]] = value
        languages.append(language)
        turns.append(read)
    return Cues(values, tuple(languages), tuple(turns))


def question_answer_pairs(conversation: Conversation) -> list[tuple[str, str]]:
    """(question, answer) texts: what stands before an answer, system text included, is its question."""
    pairs: list[tuple[str, str]] = []
    asked: list[str] = []
    for turn in conversation:
        if turn["role"] == "gpt":
            pairs.append(("\n".join(asked), turn["text"]))
            asked = []
        else:
            asked.append(turn["text"])
    if asked:
        pairs.append(("\n".join(asked), ""))
    return pairs


def _read_turn(question: str, answer: str, language: Language, wording: Wording) -> TurnCues:
    shape = read_turn(question, answer)
    if language == "other":
        return TurnCues(shape, {}, {}, False)
    asked = wording.hits(question, language, "question")
    told = wording.hits(answer, language, "answer")
    return TurnCues(shape, asked, told, _is_worked(shape, asked, told, wording))


def _is_worked(shape: Turn, asked: Mapping[int, int], told: Mapping[int, int], wording: Wording) -> bool:
    """Whether an answer shows its reasoning: it concludes, after sentences or equations that lead there."""
    if shape.num_words < _MIN_WORKED_WORDS or shape.form not in ("sentence", "text", "option", "coordinate"):
        return False
    if _asks(
        asked,
        wording,
        "ask_describe",
        "ask_detail",
        "ask_why",
        "ask_write",
        "ask_voice",
        "between_items",
        "ask_explain",
    ) and not _asks(asked, wording, "ask_steps"):
        return _asks(told, wording, "final_answer")  # telling and explaining use the words of reasoning too
    count = {name: told.get(wording.index[name], 0) for name in ("reasoning", "conclusion", "step_marker")}
    equations = shape.answer_marks.get("equation", 0)
    leads = shape.num_sentences >= 2 or equations > 0 or shape.num_list_lines >= 2
    if _asks(asked, wording, "ask_steps"):
        return shape.num_sentences >= 2 or shape.num_list_lines >= 2 or count["reasoning"] + equations >= 1
    return leads and (
        (count["conclusion"] >= 1 and count["reasoning"] + equations >= 2)
        or (count["step_marker"] >= 3 and equations >= 1)
        or (equations >= 2 and count["reasoning"] >= 1)
    )


def _asks(hits: Mapping[int, int], wording: Wording, *names: str) -> bool:
    return any(wording.index[name] in hits for name in names)


def _wording_values(turns: Sequence[TurnCues], wording: Wording) -> dict[str, float]:
    """Cues over all turns; `q_` before a name that is looked for everywhere: in the questions alone."""
    asked: dict[int, int] = {}
    for turn in turns:
        for cue, number in turn.question.items():
            asked[cue] = asked.get(cue, 0) + number
    hits = dict(asked)
    for turn in turns:
        for cue, number in turn.answer.items():
            hits[cue] = hits.get(cue, 0) + number
    found = {wording.names[cue]: _strength(number) for cue, number in hits.items()}
    return found | {
        f"q_{wording.names[cue]}": _strength(number) for cue, number in asked.items() if wording.places[cue] == "any"
    }


def _strength(hits: int) -> float:
    return min(_FIRST_HIT + _NEXT_HIT * (hits - 1), 1.0)


def _ramp(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _shape_values(turns: Sequence[TurnCues], num_images: int) -> dict[str, float]:
    shapes = [turn.shape for turn in turns]
    forms = [shape.form for shape in shapes]
    found = {
        name: _strength(number)
        for name in STRUCTURE_NAMES
        if (number := sum(s.question_marks.get(name, 0) + s.answer_marks.get(name, 0) for s in shapes))
    }
    found |= {
        f"answer_{name}": _strength(number)
        for name in ("cells", "list", "equation", "code")
        if (number := sum(s.answer_marks.get(name, 0) for s in shapes))
    }
    if not shapes:
        return found
    longest = max(shape.num_words for shape in shapes)
    return found | {
        "has_image": float(num_images > 0),
        "several_images": float(num_images > 1),
        "text_only": float(num_images == 0),
        "several_turns": float(len(shapes) > 1),
        "many_turns": _ramp(len(shapes), 1, 5),
        "options": float(any(shape.num_options >= 2 for shape in shapes)),
        "option_answer": float("option" in forms),
        "coordinate_answer": float("coordinate" in forms),
        "box_answer": float(any(shape.boxed for shape in shapes)),
        "yes_no_answer": float(any(shape.says_yes_no for shape in shapes)),
        "phrase_answer": float("phrase" in forms),
        "sentence_answer": float("sentence" in forms),
        "text_answer": float("text" in forms),
        "number_answer": float(any(shape.numeric for shape in shapes)),
        "printed_answer": float(any(shape.upper_share > 0.3 and shape.num_words > 1 for shape in shapes)),
        "worked_answer": float(any(turn.worked for turn in turns)),
        "answer_length": _ramp(math.log(max(longest, 1)), math.log(4), math.log(160)),
        "long_question": _ramp(max(shape.question_words for shape in shapes), 20, 100),
        "many_numbers": _ramp(max(shape.num_numbers for shape in shapes), 1, 9),
        "quoted": float(any(shape.quoted for shape in shapes)),
        "pairs": _ramp(max(shape.num_pairs for shape in shapes), 1, 3),
        "coded_answer": float(any(shape.coded for shape in shapes)),
        "similar_turns": _similar_turns(shapes),
    }


def _similar_turns(shapes: Sequence[Turn]) -> float:
    """Later turns answered in the form of the first one: its example shows how to answer."""
    later = [shape.form == shapes[0].form for shape in shapes[1:]]
    return sum(later) / len(later) if later else 0.0


def _scenic(facts: ImageFacts) -> float:
    """No page behind it: the picture is filled to its edges, as photographs and illustrated scenes are."""
    return (1.0 - _ramp(facts.top_share, 0.25, 0.45)) * _ramp(facts.num_colours, 15, 30)


def _labelled(facts: ImageFacts) -> float:
    """Lines with some print on a page, and no photograph: charts, tables, plots, labelled drawings."""
    return (1.0 - facts.photo_likeness) * _ramp(facts.text_likeness, 0.12, 0.30) * _ramp(facts.rulings, 0.15, 0.45)


def _picture_values(pictures: Sequence[ImageFacts]) -> dict[str, float]:
    if not pictures:
        return {}
    photo = max(facts.photo_likeness for facts in pictures)
    text = max(facts.text_likeness for facts in pictures)
    return {
        "photo": photo,
        "graphic": 1.0 - photo,
        "print": _ramp(text, 0.55, 0.95),
        "some_print": _ramp(text, 0.05, 0.35),
        "ruled": max(facts.rulings for facts in pictures),
        "vivid": _ramp(max(facts.colourfulness for facts in pictures), 0.05, 0.40),
        "grey_page": 1.0 - _ramp(max(facts.colourfulness for facts in pictures), 0.02, 0.10),
        "white_page": _ramp(max(facts.white_share for facts in pictures), 0.4, 0.7),
        "dark_screen": _ramp(max(facts.dark_share for facts in pictures), 0.4, 0.7),
        "busy": _ramp(max(facts.edge_density for facts in pictures), 0.03, 0.15),
        "scenic": max(_scenic(facts) for facts in pictures),
        "labelled": max(_labelled(facts) for facts in pictures),
        "tall": 1.0 - _ramp(min(facts.aspect for facts in pictures), 0.6, 0.9),
        "few_colours": 1.0 - _ramp(max(facts.num_colours for facts in pictures), 12, 40),
    }
