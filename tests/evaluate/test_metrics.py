"""Metrics against figures worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluate.metrics import (
    METRICS,
    anls,
    contains,
    edit_distance,
    exact_match,
    math,
    multiple_choice,
    normalise,
    option,
    point,
    relaxed,
    same_list,
    score,
    token_f1,
    vqa,
    yes_no,
)
from core.evaluate.questions import KINDS, Question


def ask(kind: str, *answers: str, choices: tuple[str, ...] = ()) -> Question:
    return Question("q", (), "?", kind, answers, choices)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Red one.", "red one"),
        ("3,5", "3,5"),
        ("1.5 m", "1.5 m"),
        ("-4", "-4"),
        ("well-known!", "well known"),
        ("红色。", "红色"),
        ("10:30", "10:30"),
        ("", ""),
    ],
)
def test_normalising_keeps_words_and_numbers(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_exact_match_is_of_normalised_texts_and_any_reference() -> None:
    assert exact_match("A red Circle.", ask("short", "red circle")) == 1
    assert exact_match("azure", ask("short", "blue", "azure")) == 1
    assert exact_match("red", ask("short", "red circle")) == 0
    assert exact_match("", ask("short", "red")) == 0


@pytest.mark.parametrize(
    ("said", "letter"),
    [("B", "B"), ("b", "B"), ("(B)", "B"), ("B.", "B"), ("B) two", "B"), ("The answer is (C)", "C"), ("Answer: B", "B"),
     ("two", "B"), ("A dog", None), ("E", None), ("", None), ("none of them", None)],
)  # fmt: skip
def test_an_option_is_its_letter_or_its_text(said: str, letter: str | None) -> None:
    assert option(said, ("one", "two", "three")) == letter


def test_multiple_choice_takes_gold_letters_and_gold_texts() -> None:
    assert multiple_choice("B", ask("choice", "B", choices=("6", "3"))) == 1
    assert multiple_choice("3", ask("choice", "B", choices=("6", "3"))) == 1
    assert multiple_choice("April", ask("choice_text", "April", choices=("May", "April"))) == 1
    assert multiple_choice("B", ask("choice_text", "April", choices=("May", "April"))) == 1
    assert multiple_choice("A", ask("choice", "B", choices=("6", "3"))) == 0
    assert multiple_choice("D", ask("choice", "D")) == 1


def test_yes_no_takes_the_first_verdict_and_silence_is_wrong() -> None:
    assert yes_no("Yes, it is.", ask("yes_no", "yes")) == 1
    assert yes_no("True", ask("true_false", "true")) == 1
    assert yes_no("no", ask("yes_no", "yes")) == 0
    assert yes_no("red", ask("yes_no", "no")) == 0


@pytest.mark.parametrize(
    ("said", "gold", "expected"),
    [("21", "20", 1), ("21.01", "20", 0), ("19", "20", 1), ("1,040", "1000", 1), ("0", "0", 1), ("0.1", "0", 0),
     ("31%", "31 %", 1), ("31", "31%", 0), ("Blue.", "blue", 1), ("17 cells", "17", 0), ("-5", "5", 0), ("$5", "5", 1)],
)  # fmt: skip
def test_a_number_is_right_within_five_percent(said: str, gold: str, expected: float) -> None:
    assert relaxed(said, ask("number", gold)) == expected


def test_anls_is_one_minus_the_edit_distance_and_zero_from_half_on() -> None:
    assert anls("INVOICE 12", ask("text", "invoice 12")) == 1
    assert anls("invoice 13", ask("text", "invoice 12")) == pytest.approx(0.9)
    assert anls("abcd", ask("text", "abxy")) == 0  # exactly half
    assert anls("abcd", ask("text", "zzzz", "abce")) == pytest.approx(0.75)


def test_edit_distance_known_values() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("", "abc") == 3
    assert edit_distance("flaw", "lawn") == 2


@given(st.text(max_size=12), st.text(max_size=12))
def test_edit_distance_is_symmetric_and_bounded(first: str, second: str) -> None:
    distance = edit_distance(first, second)
    assert distance == edit_distance(second, first)
    assert abs(len(first) - len(second)) <= distance <= max(len(first), len(second))
    assert (distance == 0) == (first == second)


def test_ten_people_agree_by_thirds_leaving_one_out() -> None:
    """Two of ten say red: leaving one of them out 1/3, leaving another out 2/3; (2 x 1/3 + 8 x 2/3) / 10 = 0.6."""
    people = ask("vqa", "blue", *["red"] * 2, *["blue"] * 8)
    assert vqa("red", people) == pytest.approx(0.6)
    assert vqa("blue", people) == 1
    assert vqa("Two", ask("vqa", "2", *["2"] * 10)) == 1
    assert vqa("green", people) == 0


def test_contains_wants_whole_words() -> None:
    assert contains("the total is 12.50 euro", ask("text", "12.50")) == 1
    assert contains("total", ask("text", "tot")) == 0


def test_math_equates_fractions_and_else_texts() -> None:
    assert math("0.75", ask("math", "\\frac{3}{4}")) == 1
    assert math("$1,200$", ask("math", "1200")) == 1
    assert math("x + 1", ask("math", "x+1")) == 1
    assert math("3", ask("math", "4")) == 0


def test_token_f1_by_hand() -> None:
    assert token_f1("a red small cat", ask("open", "the small red dog")) == pytest.approx(2 * 2 / (3 + 3))
    assert token_f1("nothing", ask("open", "else")) == 0


def test_lists_ignore_order_and_points_have_a_tolerance() -> None:
    assert same_list("yellow and green", ask("list", "green, yellow")) == 1
    assert same_list("green", ask("list", "green, yellow")) == 0
    assert point("(0.45, 0.22)", ask("point", "(0.42, 0.18)")) == 1
    assert point("(0.46, 0.22)", ask("point", "(0.42, 0.18)")) == 0
    assert point("top", ask("point", "(0.42, 0.18)")) == 0


def test_every_kind_has_metrics_and_the_first_is_the_score() -> None:
    assert set(METRICS) == set(KINDS)
    assert score("21", ask("number", "20")) == {"score": 1.0, "relaxed_number": 1.0, "exact_match": 0.0}


@given(st.sampled_from(KINDS), st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_any_texts_score_between_zero_and_one_and_the_answer_itself_is_right(kind: str, said: str, gold: str) -> None:
    question = ask(kind, gold)
    assert all(0 <= value <= 1 for value in score(said, question).values())
    if kind in ("short", "text", "number", "math", "vqa"):
        assert score(gold, question)["score"] == 1
