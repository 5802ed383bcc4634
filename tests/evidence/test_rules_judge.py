"""What the rules say about plain conversations in both languages: scores in the order a person would give, styles, tags."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import BadData
from core.evidence.rules import PRODUCER, VERSION, ImageFacts, Judgement, RulesSettings, judge
from core.evidence.rules.cues import cue_columns, question_answer_pairs, read_cues
from core.evidence.rules.scores import parse_points, reasons, score
from core.evidence.rules.tags import parse_tags
from core.vocabulary import CAPABILITY_KEYS, INSTRUCTION_TAGS, STYLES

PHOTO = ImageFacts(1.3, 0.1, 0.05, 0.2, 0.5, 150, 0.1, 0.6, 0.0, 0.1, 0.2, 1.0)
PAGE = ImageFacts(0.5, 0.2, 0.1, 1.0, 0.0, 12, 0.7, 0.6, 0.7, 0.0, 1.0, 0.0)
CHART = ImageFacts(1.3, 0.1, 0.06, 0.8, 0.4, 40, 0.6, 0.8, 0.6, 0.0, 1.0, 0.0)
SHAPES = ImageFacts(1.0, 0.02, 0.0, 0.0, 0.4, 15, 0.8, 0.95, 0.7, 0.0, 0.0, 0.0)


def _judge(*texts: str, facts: ImageFacts | None = None) -> Judgement:
    turns = [{"role": "human" if i % 2 == 0 else "gpt", "text": text} for i, text in enumerate(texts)]
    return judge([turns], [[facts] if facts else []], [1 if facts else 0])


def _score(key: str, *texts: str, facts: ImageFacts | None = None) -> float:
    return float(_judge(*texts, facts=facts).scores[0, CAPABILITY_KEYS.index(key)])


STRONG_AND_WEAK = [
    # capability, a sample that trains it, one that hardly does: what people would order the same way, in both languages
    ("spatial", ("Where should the mouse click? Answer with coordinates.", "(0.2, 0.6)", PAGE), ("What colour is it?", "red", SHAPES)),
    ("spatial", ("杯子在盘子的左边还是右边？", "左边", PHOTO), ("图中有几只猫？", "3", PHOTO)),
    ("attribute", ("What colour and shape is the large object?", "a red cube", SHAPES), ("Read the text.", "TOTAL 3.00", PAGE)),
    ("attribute", ("这个圆是什么颜色？", "红色", SHAPES), ("收据上的日期是什么？", "2018年3月", PAGE)),
    ("logical", ("If every box holds at least 3 balls and only two are red, how many balls must there be? Explain your reasoning.",
                 "Each box holds at least 3 balls. Since only two are red, the rest follow. Therefore there are 6 balls.", SHAPES),
     ("What is this?", "a cat", PHOTO)),
    ("scene", ("Describe the scene in the photo.", "A busy street in a city at night, with people walking past shops.", PHOTO),
     ("What is 3+5?", "8", None)),
    ("finegrained", ("What breed of dog is this exactly?", "Border collie", PHOTO), ("Is it day?", "yes", PHOTO)),
    ("langgen", ("Write a short story about the picture.", "Once upon a time there was a lighthouse keeper. " * 12, PHOTO),
     ("How many?", "2", PHOTO)),
    ("icl", ("Example 1: Input: cat Output: animal\nExample 2: Input: rose Output: plant\nInput: oak Output:", "plant", None),
     ("What is on the table?", "a cup", PHOTO)),
    ("comparative", ("Compare the two images: which one has more birds than the other?", "The first one.", PHOTO),
     ("Read the text.", "EXIT", PAGE)),
    ("activity", ("What is the man doing?", "He is riding a horse.", PHOTO), ("What is the total?", "31.80", PAGE)),
    ("causal", ("Why did the glass break?", "Because it fell; the impact caused the crack.", PHOTO), ("What is this?", "a glass", PHOTO)),
    ("causal", ("如果不浇水会发生什么？为什么？", "植物会枯萎，因为缺水导致细胞失去压力。", PHOTO), ("这是什么？", "植物", PHOTO)),
    ("humanities", ("Which dynasty built this temple and what did it mean in the culture of the time?", "The Tang dynasty.", PHOTO),
     ("How many cups?", "2", PHOTO)),
    ("stem", ("Find the area of the triangle with base 4 cm and height $h = 3$ cm.", "$A = \\frac{1}{2} \\cdot 4 \\cdot 3 = 6$", SHAPES),
     ("What is the girl doing?", "singing", PHOTO)),
    ("data", ("According to the bar chart, which month has the highest sales?", "May", CHART), ("What animal is this?", "cat", PHOTO)),
    ("ocr", ("Transcribe all the text on the receipt.", "TOTAL RM 31.80", PAGE), ("What is the dog doing?", "running", PHOTO)),
    ("ocr", ("读出图中的文字。", "出口", PAGE), ("图中有几只狗？", "2", PHOTO)),
]  # fmt: skip


@pytest.mark.parametrize(("key", "strong", "weak"), STRONG_AND_WEAK)
def test_a_sample_that_trains_a_capability_scores_well_above_one_that_does_not(
    key: str, strong: tuple[str, str, ImageFacts], weak: tuple[str, str, ImageFacts]
) -> None:
    high = _score(key, strong[0], strong[1], facts=strong[2])
    low = _score(key, weak[0], weak[1], facts=weak[2])
    assert high >= 2, high
    assert high - low >= 1.5, (high, low)


def test_scores_stay_between_0_and_5_and_do_not_depend_on_the_batch() -> None:
    conversations = [
        [{"role": "human", "text": strong[0] * 3}, {"role": "gpt", "text": strong[1] * 3}]
        for _, strong, _ in STRONG_AND_WEAK
    ]
    facts = [[strong[2]] if strong[2] else [] for _, strong, _ in STRONG_AND_WEAK]
    num_images = [len(pictures) for pictures in facts]
    whole = judge(conversations, facts, num_images)
    assert ((whole.scores >= 0) & (whole.scores <= 5)).all()
    for row in range(len(conversations)):
        alone = judge(conversations[row : row + 1], facts[row : row + 1], num_images[row : row + 1])
        np.testing.assert_array_equal(alone.scores[0], whole.scores[row])
        assert (alone.styles[0], alone.instruction_tags[0], alone.image_tags[0]) == (
            whole.styles[row], whole.instruction_tags[row], whole.image_tags[row],
        )  # fmt: skip


def test_the_reasons_of_a_score_add_up_to_it() -> None:
    conversation = [{"role": "human", "text": "What is left of the lamp?"}, {"role": "gpt", "text": "a chair"}]
    cues = read_cues([conversation], [[PHOTO]], [1])
    given = reasons(cues, 0, "spatial")
    assert given[0][0] == "q_place_strong"
    assert sum(points for _, points in given) == pytest.approx(float(score(cues)[0, 0]), abs=1e-4)


@pytest.mark.parametrize(
    ("question", "answer", "styles"),
    [
        ("Which is it?\n(A) red\n(B) blue", "B", ("multi-choice",)),
        ("下列哪一项正确？\nA. 红\nB. 蓝", "A", ("multi-choice",)),
        ("Where is the button?", "(0.25, 0.61)", ("coordinate",)),
        ("Is there a dog?", "no", ("yes/no",)),
        ("图中有狗吗？", "没有", ("yes/no",)),
        ("What is on the table?", "a lamp", ("word/short-phrase",)),
        ("桌子上有什么？", "台灯", ("word/short-phrase",)),
        ("What is happening?", "A man rides a horse along the beach.", ("short description",)),
        ("图中发生了什么？", "一个男人在海滩上骑马，旁边有一条狗。", ("short description",)),
        ("Describe the picture in detail.", "A man rides a brown horse along a wide beach. " * 6, ("detailed description",)),
        ("Compare the two fields. Which one is larger?", "The left field.", ("word/short-phrase", "comparison")),
        ("How many apples are left? Think step by step.",
         "First, there are 9 apples. Then 4 are eaten, so 9 - 4 = 5. The answer is 5.", ("chain-of-thought",)),
        ("还剩几个苹果？", "首先有9个苹果。然后吃掉4个，所以 9 - 4 = 5。因此答案是5。", ("chain-of-thought",)),
        ("List the colours as JSON.", '{"colours": ["red", "blue"]}', ("specified style",)),
        ("Write a formal e-mail to the shop.", "Dear Sir or Madam, the lamp arrived broken.", ("specified style",)),
        ("Does the chart reach more than 11?", "No", ("yes/no",)),
        ("Write a haiku about the picture.", "old silent pond\na frog jumps in\nthe sound of water", ("specified style",)),
        ("写一首诗描述这张图。", "床前明月光，疑是地上霜。举头望明月，低头思故乡。", ("specified style",)),
    ],
)  # fmt: skip
def test_each_style_is_told_in_both_languages(question: str, answer: str, styles: tuple[str, ...]) -> None:
    assert _judge(question, answer, facts=PHOTO).styles == [styles]


def test_a_conversation_has_the_styles_of_all_its_turns_in_vocabulary_order() -> None:
    found = _judge("What shape is it?", "circle", "Is it red?", "yes", facts=SHAPES)
    assert found.styles == [("yes/no", "word/short-phrase")]
    assert list(found.styles[0]) == [name for name in STYLES if name in found.styles[0]]


def test_forms_that_need_no_words_are_told_in_any_language() -> None:
    found = _judge("Laquelle est la bonne ?\n(A) rouge\n(B) bleu", "B", facts=SHAPES)
    assert found.styles == [("multi-choice",)]
    assert np.isnan(found.scores).all()


@pytest.mark.parametrize(
    ("question", "answer", "facts", "tag"),
    [
        ("What colour is the cup?", "red", PHOTO, "Attribute Recognition > Recognize color"),
        ("How many dogs are there?", "2", PHOTO, "Object Localization > Count objects"),
        ("Transcribe the text.", "EXIT", PAGE, "OCR > Transcribe text from image"),
        ("读出图中的文字。", "出口", PAGE, "OCR > Transcribe text from image"),
        (
            "Which bar of the bar chart is the highest?",
            "May",
            CHART,
            "Structuralized Image-Text Understanding > Parse bar charts",
        ),
        ("What is behind the sofa?", "a lamp", PHOTO, "Spatial Relationship > Determine relative position"),
        (
            "Where on the screen should I click? Give coordinates.",
            "(0.2, 0.6)",
            PAGE,
            "Object Localization > Determine coordinates",
        ),
        (
            "Why did the glass break?",
            "Because the fall caused a crack.",
            PHOTO,
            "Physical Relation > Identify cause-effect relationships",
        ),
    ],
)
def test_instruction_tags_follow_the_question(question: str, answer: str, facts: ImageFacts, tag: str) -> None:
    found = _judge(question, answer, facts=facts).instruction_tags[0]
    assert any(path.endswith(f"> {tag}") for path in found), found


def test_every_instruction_tag_is_a_path_of_the_tree_and_nobody_goes_without() -> None:
    for texts, facts in [
        (("Hm?", "Well."), PHOTO),
        (("Hm?", "Well."), PAGE),
        (("Hm?", "Well."), None),
        (("你好", "你好"), None),
    ]:
        tags = _judge(*texts, facts=facts).instruction_tags[0]
        assert tags
        assert set(tags) <= set(INSTRUCTION_TAGS)


@pytest.mark.parametrize(
    ("question", "facts", "tag"),
    [
        ("Which month has the highest bar in the chart?", CHART, "chart"),
        ("What is the total on this receipt?", PAGE, "receipt"),
        ("What is on the sofa?", PHOTO, "indoor"),
        ("What is the woman holding?", PHOTO, "person"),
        ("Which button should be clicked on the screen?", PAGE, "screenshot"),
        ("地图上哪个城市在北边？", CHART, "map"),
    ],
)
def test_image_tags_join_wording_and_look(question: str, facts: ImageFacts, tag: str) -> None:
    assert tag in _judge(question, "x", facts=facts).image_tags[0]
    assert _judge(question, "x").image_tags == [()]


def test_the_settings_limit_the_tags() -> None:
    conversation = [
        {"role": "human", "text": "How many red dogs are left of the sofa and what colour is it?"},
        {"role": "gpt", "text": "2"},
    ]
    found = judge([conversation], [[PHOTO]], [1], RulesSettings(max_instruction_tags=1, max_image_tags=2))
    assert (len(found.instruction_tags[0]), len(found.image_tags[0])) == (1, 2)


def test_questions_are_what_stands_before_an_answer() -> None:
    turns = [
        ("system", "You are a pirate."),
        ("human", "Who?"),
        ("human", "Where?"),
        ("gpt", "Here."),
        ("human", "And?"),
    ]
    pairs = question_answer_pairs([{"role": role, "text": text} for role, text in turns])
    assert pairs == [("You are a pirate.\nWho?\nWhere?", "Here."), ("And?", "")]


def test_the_data_files_are_checked() -> None:
    with pytest.raises(BadData, match="disagree"):
        parse_points({"spatial": {}}, "scores.yaml")
    with pytest.raises(BadData, match="no cue"):
        parse_points({key: {"smell": 1.0} for key in CAPABILITY_KEYS}, "scores.yaml")
    with pytest.raises(BadData, match="not in the tree"):
        parse_tags({"Nonsense > Tag": "photo"}, "instruction_tags.yaml", INSTRUCTION_TAGS)


def test_the_version_names_the_content_of_the_data_files() -> None:
    number, _, digest = VERSION.partition("-")
    assert PRODUCER == "rules"
    assert number.isdecimal()
    assert len(digest) == 8
    assert len(cue_columns()) == len(set(cue_columns()))
