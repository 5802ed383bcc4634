"""Wording cues: the fast matcher against a plain one, the grammar of phrases, bounded cost on hostile text."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadData
from core.evidence.rules.language import simplified
from core.evidence.rules.wording import Wording, load_wording

PHRASES = [
    "how many",
    "in front of",
    "compar*",
    "big|small",
    "# percent",
    "left .. of",
    "what is .. red|blue",
    "of the",
    "a",
]
WORDS = ["how", "many", "in", "front", "of", "compare", "comparison", "big", "small", "12", "3.5", "percent", "left", "what", "is",
         "red", "blue", "the", "a", "side"]  # fmt: skip
CHINESE = ["多少个", "左..右", "图", "图中", "红色"]


def _plain_hits(words: list[str], phrase: str) -> int:
    """The same phrase as a regular expression over words joined by single spaces, counted at every starting word."""
    pattern, gap = "", False
    for piece in phrase.split():
        if piece == "..":
            gap = True
            continue
        options = [
            r"\d[\d.,]*"
            if option == "#"
            else re.escape(option[:-1]) + r"[a-z']*"
            if option.endswith("*")
            else re.escape(option)
            for option in piece.split("|")
        ]
        between = r" (?:\S+ ){0,4}?" if gap else " "
        pattern += ("" if not pattern else between) + f"(?:{'|'.join(options)})"
        gap = False
    whole = re.compile(f"{pattern}(?= |$)")
    return sum(whole.match(" ".join(words[start:])) is not None for start in range(len(words)))


@given(st.lists(st.sampled_from(WORDS), max_size=25))
@settings(max_examples=300, deadline=None)
def test_english_hits_are_those_of_a_plain_search_for_each_phrase(words: list[str]) -> None:
    wording = Wording({f"cue{index}": {"en": phrase} for index, phrase in enumerate(PHRASES)}, "test")
    hits = wording.hits(" ".join(words), "en", "question")
    assert hits == {index: number for index, phrase in enumerate(PHRASES) if (number := _plain_hits(words, phrase))}


@given(st.text(alphabet="多少个左右图中红色一二", max_size=40))
@settings(max_examples=200, deadline=None)
def test_chinese_hits_are_those_of_a_plain_search_for_each_phrase(text: str) -> None:
    wording = Wording({f"cue{index}": {"zh": phrase} for index, phrase in enumerate(CHINESE)}, "test")
    expected = Counter(
        index
        for index, phrase in enumerate(CHINESE)
        for start in range(len(text))
        if re.match(".{0,6}?".join(map(re.escape, phrase.split(".."))), text[start:])
    )
    assert wording.hits(text, "zh", "answer") == dict(expected)


def test_a_cue_is_looked_for_only_where_it_belongs() -> None:
    wording = Wording({"asked": {"in": "question", "en": "why"}, "told": {"in": "answer", "en": "because"}}, "test")
    text = "why because"
    assert wording.hits(text, "en", "question") == {0: 1}
    assert wording.hits(text, "en", "answer") == {1: 1}


def test_case_punctuation_and_possessives_do_not_hide_a_word() -> None:
    wording = Wording({"dog": {"en": "dog"}, "what": {"en": "what's the"}}, "test")
    assert wording.hits("DOG, the dog's: dog-house?", "en", "question") == {0: 3}
    assert wording.hits("What’s the time", "en", "question") == {1: 1}


def test_both_chinese_scripts_are_heard() -> None:
    wording = load_wording()
    for text in ("图中最左边的苹果是什么颜色？", "圖中最左邊的蘋果是什麼顏色？"):
        names = {wording.names[cue] for cue in wording.hits(text, "zh", "question")}
        assert {"ask_colour", "place_strong", "food"} <= names


@pytest.mark.parametrize("phrase", ["..", ".. of", "of ..", "*", "a||b", "why?", "(x)"])
def test_a_phrase_that_cannot_be_read_is_named(phrase: str) -> None:
    with pytest.raises(BadData, match="cue broken"):
        Wording({"broken": {"en": phrase}}, "test")


@pytest.mark.parametrize("entry", [{"in": "title", "en": "why"}, {"fr": "pourquoi"}])
def test_an_entry_with_an_unknown_place_or_key_is_named(entry: dict[str, str]) -> None:
    with pytest.raises(BadData, match="broken"):
        Wording({"broken": entry}, "test")


def test_every_cue_of_the_file_speaks_both_languages_unless_it_is_a_mark() -> None:
    wording = load_wording()
    english = {phrase.cue for phrases in wording._exact.values() for phrase in phrases}
    english |= {phrase.cue for _, phrase in wording._stems} | {phrase.cue for phrase in wording._numbers}
    chinese = {phrase.cue for phrases in wording._chinese.values() for phrase in phrases}
    assert english == chinese == set(range(len(wording.names)))


def test_the_chinese_phrases_are_simplified_or_they_could_never_match() -> None:
    wording = load_wording()
    written = [part for phrases in wording._chinese.values() for phrase in phrases for part in phrase.parts]
    assert [part for part in written if simplified(part) != part] == []
