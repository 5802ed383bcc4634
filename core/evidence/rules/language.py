"""Which language a conversation is worded in: by its letters, then by its frequent words. No model, no network.

The answer only has to say whether the wording rules apply: English, Chinese, no words at all, or something else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import yaml

Language = Literal["en", "zh", "none", "other"]
"""`none`: figures, formulas or letters only, nothing in any language. `other`: some language the rules do not cover."""

_FILE = Path(__file__).with_name("languages.yaml")
_LOOK_CHARS = 4_000
"""A language shows in its first lines; the rest of a long text is not read."""

_NOT_LANGUAGE = re.compile(r"<image>|```[^`]{0,4000}```|\$[^$\n]{1,400}\$|\\[a-zA-Z]+|https?://\S{1,300}")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9d]")
_LATIN = re.compile(r"[a-zà-öø-ÿāăąćčďđēęěğģīįķľłńňőœŕřśşšţťūůűųźżžơưạ-ỹ'’]+\Z")
_OTHER_LETTER = re.compile(r"[^\W\d_a-zA-ZÀ-ÖØ-öø-ɏḀ-ỿ]")

_HAN_WORDS = 0.6
_KANA_WORDS = 0.5
_LETTERS_PER_WORD = 5.0
"""How many words of a language one character of its script stands for, roughly, so that scripts can be weighed."""


class _Words(NamedTuple):
    english: frozenset[str]
    code: frozenset[str]
    others: tuple[frozenset[str], ...]
    foreign_letters: frozenset[str]
    fold: dict[int, str]


@cache
def _words() -> _Words:
    data = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return _Words(
        english=frozenset(data["english"].split()),
        code=frozenset(data["code"].split()),
        others=tuple(frozenset(words.split()) for words in data["others"].values()),
        foreign_letters=frozenset(data["foreign_letters"]),
        fold={ord(pair[0]): pair[1] for pair in data["traditional"].split()},
    )


def simplified(text: str) -> str:
    """Chinese with traditional characters in their simplified form, as far as the wording lists use them."""
    return text if text.isascii() else text.translate(_words().fold)


def language_of(questions: Sequence[str], answers: Sequence[str], known: frozenset[str] = frozenset()) -> Language:
    """The language of a conversation: that of its questions if they show one, else that of everything.

    `known` are further English words (the wording lists') that decide when no frequent word occurs.
    """
    asked = text_language("\n".join(questions), known)
    if asked in ("en", "zh"):
        return asked
    whole = text_language("\n".join((*questions, *answers)), known)
    return asked if asked == "other" and whole != "en" else whole


def text_language(text: str, known: frozenset[str] = frozenset()) -> Language:
    """The language of one text."""
    plain = _NOT_LANGUAGE.sub(" ", text[:_LOOK_CHARS])
    words = [word.lower() for word in _WORD.findall(plain) if len(word) > 1 or word in ("a", "I")]  # not an option's A
    if plain.isascii():
        return _latin_language(words, known)
    num_han = len(_HAN.findall(plain))
    num_kana = len(_KANA.findall(plain))
    latin = [word for word in words if _LATIN.match(word)]
    num_letters = len(_OTHER_LETTER.findall(plain)) - num_han - num_kana
    weights = {
        "zh": num_han * _HAN_WORDS if num_kana * 8 < num_han else 0.0,
        "japanese": (num_han + num_kana) * _KANA_WORDS if num_kana * 8 >= num_han else 0.0,
        "script": max(num_letters, 0) / _LETTERS_PER_WORD if num_letters > 3 else 0.0,
        "latin": float(len(latin)),
    }
    best = max(weights, key=lambda name: weights[name])
    if weights[best] == 0:
        return "none"
    if best == "zh":
        return "zh"
    return _latin_language(latin, known) if best == "latin" else "other"


def _latin_language(words: Sequence[str], known: frozenset[str]) -> Language:
    lists = _words()
    counts = Counter(words[:400])
    if not counts:
        return "none"
    english = sum(number for word, number in counts.items() if word in lists.english or _clipped(word) in lists.english)
    foreign = max(sum(number for word, number in counts.items() if word in others) for others in lists.others)
    accented = sum(number for word, number in counts.items() if not lists.foreign_letters.isdisjoint(word))
    if english == foreign + accented == 0:
        recognised = sum(number for word, number in counts.items() if word in known or word in lists.code)
        return "en" if recognised * 2 >= sum(counts.values()) else "other"
    return "en" if english >= foreign + accented else "other"


def _clipped(word: str) -> str:
    """what's -> what, they're -> they: the part before the apostrophe."""
    return word.replace("’", "'").partition("'")[0]
