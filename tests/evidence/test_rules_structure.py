"""The shape of turns: forms of answers, options, counts of words, and bounded cost on hostile text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evidence.rules.structure import AnswerForm, count_words, read_turn


@pytest.mark.parametrize(
    ("question", "answer", "form"),
    [
        ("What is it?\n(A) 3\n(B) 4", "B", "option"),
        ("What is it?\n(A) 3\n(B) 4", "(A) 3", "option"),
        ("哪个正确？ A. 红 B. 蓝", "答案是B", "option"),
        ("Where should the mouse click?", "(0.25, 0.61)", "coordinate"),
        ("Give the box of the cup.", "[12, 30, 88, 120]", "coordinate"),
        ("Is there a dog?", "Yes", "yes/no"),
        ("True or false?", "false.", "yes/no"),
        ("有猫吗？", "没有。", "yes/no"),
        ("What address?", "NO 8, JALAN 7/118B, DESA TUN RAZAK", "phrase"),
        ("What is the first line?", "NO.2, JALAN", "phrase"),
        ("What is on the table?", "books, lamp", "phrase"),
        ("How many?", "3", "phrase"),
        ("Say it.", "It rains.", "phrase"),
        ("What is happening?", "A man rides a horse along the beach.", "sentence"),
        ("图中发生了什么？", "一个男人在海滩上骑马，旁边有一条狗在追他。", "sentence"),
        ("Describe.", "It rains. " * 30, "text"),
        ("Describe.", "", "empty"),
    ],
)
def test_the_form_of_an_answer(question: str, answer: str, form: AnswerForm) -> None:
    assert read_turn(question, answer).form == form


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("Which?\n(A) x\n(B) y\n(C) z", 3),
        ("Which? choice: (A) Yes (B) No", 2),
        ("Which?\nA. red\nB. blue\nC. green\nD. grey", 4),
        ("Which one is it?\nChoices: Sunday, Monday, Tuesday", 3),
        ("选哪个？\nA．一\nB．二", 2),
        ("What does A. B. Smith do?", 0),
        ("Find the midpoint of A and B.", 0),
        ("Is plan (A) good?", 0),
    ],
)
def test_options_are_counted_from_a_on(question: str, number: int) -> None:
    assert read_turn(question, "x").num_options == number


def test_words_are_counted_and_chinese_ones_estimated() -> None:
    assert count_words("It's 3.5 metres, isn't it?") == 5
    assert count_words("一个男人") == 3  # four characters, one and a half a word, rounded up
    assert count_words("") == 0


def test_marks_are_found() -> None:
    turn = read_turn("What does `print(x)` show? def f(x):", "$\\frac{1}{2}$ = 0.5 kg, 20 % of $30 on 2018-03-25")
    assert turn.question_marks.keys() >= {"code"}
    assert turn.answer_marks.keys() >= {"formula", "unit", "money", "percent", "date"}
    assert read_turn("", "Day | Cups\nMonday | 3\nTuesday | 5").answer_marks["cells"] == 3
    assert read_turn("", "1. Open it\n2. Close it").num_list_lines == 2


HOSTILE = [
    "a" * 100_000, "$" * 100_000, "(" * 100_000, "1," * 50_000, "(A) " * 25_000, "A&" * 50_000, "| " * 50_000, '"' * 100_000,
    " " * 100_000, "\n" * 100_000, "1.1" * 33_000, "how many " * 11_000, "what is " * 12_500, "</" * 50_000, "左" * 100_000,
    "\\frac" * 20_000, "SELECT " * 14_000, "=>" * 50_000, "[1,2," * 20_000, "x@" * 50_000, "A''" * 33_000, "Choices: " * 11_000,
]  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text[:4]) for text in HOSTILE])
def test_a_hundred_thousand_hostile_characters_are_read_like_any_text(text: str) -> None:
    from core.evidence.rules import judge

    conversation = [{"role": "human", "text": text}, {"role": "gpt", "text": text}]
    assert judge([conversation] * 3, [[]] * 3, [1] * 3).scores.shape == (3, 14)


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_has_a_shape(question: str, answer: str) -> None:
    turn = read_turn(question, answer)
    assert turn.num_words >= 0
    assert 0 <= turn.upper_share <= 1
    assert (turn.form == "empty") == (not answer.strip())
