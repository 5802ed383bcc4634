"""Finds the wording cues of wording.yaml in text: English phrases over words, Chinese ones over characters.

One pass over the text with a dictionary look-up per word or character; no regular expression per phrase, so that the
cost grows with the text and hardly with the number of phrases.

Phrases are listed with commas between them. A phrase is words separated by spaces (Chinese: characters). In English
`word*` stands for every word that begins so, `a|b` for either, `#` for a number, and `..` for up to four words between;
in Chinese `..` is up to six characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from core.errors import BadData
from core.evidence.rules.language import simplified

Place = Literal["question", "answer", "any"]

_FILE = Path(__file__).with_name("wording.yaml")
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+(?:[.,]\d+)*")
_ENGLISH_GAP = 4
_CHINESE_GAP = 6
_NUMBER = "#"
_GAP = ".."
_CACHE_SIZE = 200_000
_READ_CHARS = 12_000
"""A cue that has not appeared in the first and last half of this many characters adds nothing: bounds the cost."""


class _Part(NamedTuple):
    """One word of an English phrase: exact alternatives, beginnings, and whether a gap may come before it."""

    words: frozenset[str]
    stems: tuple[str, ...]
    number: bool
    gap: bool

    def matches(self, token: str) -> bool:
        return (
            token in self.words
            or (self.number and token[0].isdigit())
            or (bool(self.stems) and token.startswith(self.stems))
        )


class _Phrase(NamedTuple):
    cue: int
    rest: tuple[_Part, ...]


class _Start(NamedTuple):
    """What may begin with one word, sorted by what the next word must be, so that few phrases are tried."""

    alone: tuple[int, ...]
    """cues of phrases of this one word"""
    followed: dict[str, list[_Phrase]]
    """by the second word, when it is given exactly"""
    loose: tuple[_Phrase, ...]
    """phrases whose second part is a beginning, a number or comes after a gap"""


class _ChinesePhrase(NamedTuple):
    cue: int
    parts: tuple[str, ...]


class Wording:
    """The cues of a wording file: `names` in file order with their `index`, `places` where each is looked for."""

    def __init__(self, cues: Mapping[str, Mapping[str, Any]], origin: str) -> None:
        self.names: tuple[str, ...] = tuple(cues)
        self.places: tuple[Place, ...] = tuple(_place(name, entry, origin) for name, entry in cues.items())
        self.index: dict[str, int] = {name: index for index, name in enumerate(cues)}
        self._exact: dict[str, list[_Phrase]] = {}
        self._stems: list[tuple[str, _Phrase]] = []
        self._numbers: list[_Phrase] = []
        self._chinese: dict[str, list[_ChinesePhrase]] = {}
        self._starts: dict[str, _Start] = {}
        for index, (name, entry) in enumerate(cues.items()):
            for text in _phrase_texts(entry.get("en", "")):
                self._add_english(index, text, f"{origin}, cue {name}")
            for text in _phrase_texts(entry.get("zh", "")):
                self._add_chinese(index, text, f"{origin}, cue {name}")
        self.english_words: frozenset[str] = frozenset(self._exact)

    def hits(self, text: str, language: str, place: Literal["question", "answer"]) -> dict[int, int]:
        """How often each cue of this place occurs: {index of the cue: number of hits}, without zeros."""
        if len(text) > _READ_CHARS:
            text = f"{text[: _READ_CHARS // 2]}\n{text[-_READ_CHARS // 2 :]}"
        found: dict[int, int] = {}
        cues = self._chinese_cues(simplified(text).lower()) if language == "zh" else self._english_cues(text)
        for cue in cues:
            if self.places[cue] in ("any", place):
                found[cue] = found.get(cue, 0) + 1
        return found

    def _english_cues(self, text: str) -> Iterable[int]:
        tokens = [token.replace("’", "'") for token in _TOKEN.findall(text.lower())]
        starts = [self._starts.get(token) or self._start(token) for token in tokens]
        last = len(tokens) - 1
        for position, start in enumerate(starts):
            yield from start.alone
            if position == last:
                continue
            if start.followed:
                for phrase in start.followed.get(tokens[position + 1], ()):
                    if len(phrase.rest) == 1 or _continues(tokens, position + 2, phrase.rest[1:]):
                        yield phrase.cue
            for phrase in start.loose:
                if _continues(tokens, position + 1, phrase.rest):
                    yield phrase.cue

    def _start(self, token: str) -> _Start:
        """The phrases that may begin with a word; remembered, because words repeat."""
        if len(self._starts) >= _CACHE_SIZE:
            self._starts.clear()
        phrases = [*self._exact.get(token, ()), *(phrase for stem, phrase in self._stems if token.startswith(stem))]
        if token[0].isdigit():
            phrases += self._numbers
        if token.endswith("'s"):
            phrases += self._exact.get(token[:-2], ())
        followed: dict[str, list[_Phrase]] = {}
        loose: list[_Phrase] = []
        for phrase in phrases:
            if phrase.rest and (phrase.rest[0].gap or phrase.rest[0].stems or phrase.rest[0].number):
                loose.append(phrase)
            elif phrase.rest:
                for word in sorted(phrase.rest[0].words):
                    followed.setdefault(word, []).append(phrase)
        start = _Start(tuple(phrase.cue for phrase in phrases if not phrase.rest), followed, tuple(loose))
        self._starts[token] = start
        return start

    def _chinese_cues(self, text: str) -> Iterable[int]:
        for position, character in enumerate(text):
            for phrase in self._chinese.get(character, ()):
                if _follows(text, position, phrase.parts):
                    yield phrase.cue

    def _add_english(self, cue: int, text: str, where: str) -> None:
        parts = _english_parts(text, where)
        first, phrase = parts[0], _Phrase(cue, tuple(parts[1:]))
        for word in sorted(first.words):
            self._exact.setdefault(word, []).append(phrase)
        self._stems.extend((stem, phrase) for stem in first.stems)
        if first.number:
            self._numbers.append(phrase)

    def _add_chinese(self, cue: int, text: str, where: str) -> None:
        parts = tuple(part.strip() for part in text.split(_GAP))
        if not all(parts):
            raise BadData(
                f"The phrase {text!r} ({where}) has an empty part.", "Write characters on both sides of '..'."
            )
        self._chinese.setdefault(parts[0][0], []).append(_ChinesePhrase(cue, parts))


@cache
def load_wording() -> Wording:
    """The wording file of this package."""
    return Wording(yaml.safe_load(_FILE.read_text(encoding="utf-8")), _FILE.name)


def _phrase_texts(listed: str) -> list[str]:
    return [text.strip() for text in listed.split(",") if text.strip()]


def _place(name: str, entry: Mapping[str, Any], origin: str) -> Place:
    place = entry.get("in", "any")
    if place not in ("question", "answer", "any"):
        raise BadData(f"The cue {name} of {origin} is looked for in {place!r}.", "Use question, answer or any.")
    unknown = set(entry) - {"in", "en", "zh"}
    if unknown:
        raise BadData(f"The cue {name} of {origin} has unknown keys {sorted(unknown)}.", "Use in, en and zh.")
    return place  # type: ignore[no-any-return]


def _english_parts(text: str, where: str) -> list[_Part]:
    parts: list[_Part] = []
    gap = False
    for piece in text.lower().split():
        if piece == _GAP:
            gap = True
            continue
        options = piece.split("|")
        stems = tuple(option[:-1] for option in options if option.endswith("*"))
        words = frozenset(option for option in options if not option.endswith("*") and option != _NUMBER)
        if any(not stem for stem in stems) or any(_TOKEN.fullmatch(word) is None for word in words):
            raise BadData(
                f"The phrase {text!r} ({where}) cannot be read at {piece!r}.", "Use words, word*, a|b, # and '..'."
            )
        parts.append(_Part(words, stems, _NUMBER in options, gap))
        gap = False
    if not parts or gap or parts[0].gap:
        raise BadData(
            f"The phrase {text!r} ({where}) begins or ends with a gap, or is empty.", "Begin and end with a word."
        )
    return parts


def _continues(tokens: Sequence[str], start: int, parts: Sequence[_Part]) -> bool:
    """Whether the parts follow from `start` on; a gap takes its nearest match, which keeps this linear."""
    position = start
    for part in parts:
        last = min(position + (_ENGLISH_GAP if part.gap else 0), len(tokens) - 1)
        while position <= last and not part.matches(tokens[position]):
            position += 1
        if position > last:
            return False
        position += 1
    return True


def _follows(text: str, start: int, parts: Sequence[str]) -> bool:
    if not text.startswith(parts[0], start):
        return False
    position = start + len(parts[0])
    for part in parts[1:]:
        found = text.find(part, position, position + _CHINESE_GAP + len(part))
        if found < 0:
            return False
        position = found + len(part)
    return True
