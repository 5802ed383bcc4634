"""The language of a conversation: what the wording rules may judge and what they must leave alone."""

from __future__ import annotations

import numpy as np
import pytest

from core.evidence.rules import judge
from core.evidence.rules.language import language_of, simplified, text_language


@pytest.mark.parametrize(
    "text",
    [
        "What is 3+5?",
        "How many red cells are visible in this blood smear?",
        "Describe the image.",
        "Count the shapes and give the number.",
        "What does the sign 出口 mean?",
        "What is the name of the café?",
        "Which country is this: Côte d'Ivoire?",
        "Find the area of triangle ABC if $AB = 3$ and $BC = 4$.",
        "def area(r):\n    return 3.14 * r ** 2\nWhat does it print?",
        "IS THIS A RECEIPT?",
    ],
)
def test_english_is_english_even_with_figures_formulas_code_or_foreign_names(text: str) -> None:
    assert text_language(text) == "en"


@pytest.mark.parametrize(
    "text",
    [
        "答案是B",
        "图中有几只猫？",
        "圖中有幾隻貓？",
        "请翻译 Hello World 这句话",
        "求 x^2+1=5 的解",
        "这张图表的标题是什么？",
    ],
)
def test_chinese_is_chinese_in_both_scripts_and_beside_latin_letters(text: str) -> None:
    assert text_language(text) == "zh"


OTHERS = [
    "Combien de chats y a-t-il sur cette image ?",
    "Qu'est-ce que c'est ?",
    "Was ist auf dem Bild zu sehen?",
    "Beschreibe das Bild.",
    "Wie viele Katzen sind das?",
    "¿Cuántos gatos hay en la imagen?",
    "Describe la imagen.",
    "Descreva a imagem.",
    "Quanti gatti ci sono?",
    "Hoeveel katten zijn er?",
    "Opisz obraz.",
    "Hur många katter finns det på bilden?",
    "Bạn thấy gì trong hình?",
    "Bu resimde ne var?",
    "Berapa kucing yang ada di gambar ini?",
    "これは何ですか？",
    "東京駅はどこですか",
    "이것은 무엇입니까?",
    "Что изображено на картинке?",
    "ما هذا؟",
    "מה זה?",
    "นี่คืออะไร",
    "यह क्या है?",
]


@pytest.mark.parametrize("text", OTHERS)
def test_other_languages_are_recognised_as_such(text: str) -> None:
    assert text_language(text) == "other"


@pytest.mark.parametrize("text", ["", "3+5=?", "x^2+1", "B", "(A) 3 (B) 4", "<image>", "α+β=γ", "12:30"])
def test_figures_and_single_letters_are_no_language(text: str) -> None:
    assert text_language(text) == "none"


def test_the_question_decides_before_the_answer() -> None:
    assert language_of(["What does the poster say?"], ["Le chat est sur la table et il dort."]) == "en"
    assert language_of(["Que dit l'affiche dans la rue ?"], ["Closed"]) == "other"
    assert language_of(["3+5=?"], ["答案是8"]) == "zh"


def test_traditional_characters_are_read_as_simplified_ones() -> None:
    assert simplified("圖中有幾隻貓？") == "图中有几隻猫？"
    assert simplified("plain") == "plain"


@pytest.mark.parametrize("text", OTHERS)
def test_every_score_is_missing_never_zero_in_another_language(text: str) -> None:
    conversation = [{"role": "human", "text": f"<image>\n{text}"}, {"role": "gpt", "text": text}]
    found = judge([conversation], [[]], [1])
    assert np.isnan(found.scores).all()
    assert found.instruction_tags == [()]


def test_a_sum_in_figures_is_scored_because_it_needs_no_language() -> None:
    conversation = [{"role": "human", "text": "3 + 5 = ?"}, {"role": "gpt", "text": "8"}]
    found = judge([conversation], [[]], [0])
    assert not np.isnan(found.scores).any()


def test_a_conversation_without_a_word_or_figure_is_missing() -> None:
    found = judge([[], [{"role": "human", "text": "<image>"}, {"role": "gpt", "text": ""}]], [[], []], [0, 1])
    assert np.isnan(found.scores).all()
    assert found.styles == [(), ()]
