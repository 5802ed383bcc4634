"""What the shape of a turn tells, whatever its language: options, coordinates, numbers, formulas, lists, length.

Every expression here is linear in the text, and texts are clipped before they are searched.
"""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple

AnswerForm = Literal["empty", "option", "coordinate", "yes/no", "phrase", "sentence", "text"]
"""What an answer is, by its outside: `sentence` is one or two sentences, `text` is more than that."""

_READ_CHARS = 12_000
_PHRASE_WORDS = 6
_LABEL_WORDS = 14
_SENTENCE_WORDS = 45

_OPTION = re.compile(r"(?:^|[\s,;:.?])[(\[]?([A-H])[).:、．]\s?(?=\S)|\(([a-hA-H]|[1-8])\)\s?(?=\S)", re.MULTILINE)
_CHOICES = re.compile(r"\b(?:choices|options|choice)\s?:|(?:选项|可选)[:：]", re.IGNORECASE)
_OFFER = re.compile(r"\b(?:options?|choices?|letter)\b|选项|[A-D] ?[,、] ?[A-D]\b", re.IGNORECASE)
_OPTION_ANSWER = re.compile(r"\W{0,3}(?:option |answer:? |选项?|答案是?)?\(?([A-H])(?:[).:、．]|\Z|\s*\n|，|。)")
_YES_NO = re.compile(
    r"\W{0,3}(?:(?:[Yy]es|[Nn]o|[Tt]rue|[Ff]alse)(?=[,;:!.]\s|[,;:!.]?\W{0,2}\Z)|(?:YES|NO|TRUE|FALSE)\W?\Z"
    r"|(?:是的?|不是的?|否|有的?|没有|对的?|不对|正确|错误|不正确)(?=[,;:!.，；：！。\s]|\Z))"
)
_NUMBER = r"[-−+]?\d+(?:\.\d+)?"
_TUPLE = re.compile(rf"[(\[<{{]\s?{_NUMBER}\s?,\s?{_NUMBER}(?:\s?,\s?{_NUMBER}\s?,\s?{_NUMBER})?\s?[)\]>}}]")
_BOX = re.compile(rf"[(\[<{{]\s?{_NUMBER}\s?,\s?{_NUMBER}\s?,\s?{_NUMBER}\s?,\s?{_NUMBER}\s?[)\]>}}]")
_ONLY_NUMBER = re.compile(
    rf"\W{{0,2}}(?:[$€£¥]\s?)?{_NUMBER}(?:,\d{{3}})*(?:\.\d+)?\s?(?:%|°|[a-zA-Z]{{1,3}}|个|只|元|人)?\W{{0,2}}\Z"
)
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")
_FORMULA = re.compile(
    r"\\(?:frac|sqrt|int|sum|text|mathrm|angle|circ|times|cdot|pi|theta|Delta|left|begin|overline|vec)\b"
    r"|\$[^$\n]{1,200}\$|[²³√∠△∫∑π≤≥≠]|\b[a-zA-Z]\^[{\d]"
)
_EQUATION = re.compile(r"[\d)a-zA-Z]\s?[=≈]\s?[-−\\$(\d]|\d\s?[×÷*+]\s?\d|\d\s[-−/x]\s\d")
_CODE = re.compile(
    r"```|\bdef \w+\(|\bprint\(|\breturn \w|\bfor \w+ in \w+:|#include|\bpublic static|console\.log|=> ?\{|</\w+>"
    r"|\bSELECT\b.{1,80}\bFROM\b"
)
_UNIT = re.compile(
    r"\d\s?(?:(?:cm|mm|km|kg|mg|ml|mph|kWh|mol|kJ|Hz|ohm|m|g|s|L|N|J|W|V)\b|°|Ω|厘米|毫米|千米|公里|米|千克|克|升|度)|\(unit:"
)
_MONEY = re.compile(r"[$€£¥]\s?\d|\d\s?(?:元|美元|dollars|USD|RM)\b|\bRM\s?\d")
_PERCENT = re.compile(r"\d\s?[%％]")
_DATE = re.compile(r"\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b|\b\d{4}-\d{2}-\d{2}\b|\b(?:19|20)\d\d\b|\d年|\d月")
_CELLS = re.compile(r"^[^|\n]{0,200}\|[^\n]{0,400}$", re.MULTILINE)
_LIST_LINE = re.compile(r"^\s{0,8}(?:\d{1,2}[.)、]|[-*•])\s?\S", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?](?=\s|\Z)|[。！？]")
_QUOTED = re.compile(r"[\"“「『][^\"”」』\n]{1,200}[\"”」』]")
_PAIR = re.compile(
    r"(?:^|\n)\s{0,4}(?:q|question|input|example|问|例|输入|示例)\s?\d{0,2}\s?[:：]|(?:->|=>|→|⇒)", re.IGNORECASE
)
_CODED = re.compile(r"\w\s?\|\s?\w|<\w[^<>\n]{0,80}>|\{[^{}\n]{1,200}\}|\[\w[^\[\]\n]{0,200}\]")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+(?:[.,:/-]\d+)*")
_HAN = re.compile(r"[\u3400-\u9fff\u3041-\u30ff]")
_UPPER = re.compile(r"\b[A-Z][A-Z&'./-]+\b")
_WEB = re.compile(r"https?://|www\.|\b\w+@\w+\.\w+")

_STRUCTURES = (
    ("formula", _FORMULA), ("equation", _EQUATION), ("code", _CODE), ("unit", _UNIT), ("money", _MONEY),
    ("percent", _PERCENT), ("date", _DATE), ("cells", _CELLS), ("list", _LIST_LINE), ("web", _WEB),
)  # fmt: skip
STRUCTURE_NAMES: tuple[str, ...] = tuple(name for name, _ in _STRUCTURES)


class Turn(NamedTuple):
    """The shape of one question and its answer.

    `coded`: the answer is written with separators or brackets; `num_pairs`: marks of solved examples in the question.
    """

    form: AnswerForm
    num_options: int
    num_words: int
    num_sentences: int
    num_list_lines: int
    boxed: bool
    says_yes_no: bool
    numeric: bool
    num_numbers: int
    upper_share: float
    num_pairs: int
    coded: bool
    quoted: bool
    question_words: int
    question_marks: dict[str, int]
    answer_marks: dict[str, int]


def read_turn(question: str, answer: str) -> Turn:
    """The shape of one turn; very long texts are read at both ends."""
    question, answer = _clip(question).replace("<image>", " "), _clip(answer).strip()
    num_options = _num_options(question)
    num_words = count_words(answer)
    upper = _UPPER.findall(answer)
    answer_marks = _marks(answer)
    num_sentences = len(_SENTENCE_END.findall(answer)) + (1 if answer and answer[-1] not in ".!?。！？" else 0)
    numbers = _NUMBERS.findall(answer)
    upper_share = sum(len(word) for word in upper) / max(len(answer), 1)
    return Turn(
        form=_answer_form(
            answer,
            num_options >= 2,
            num_options >= 2 or _OFFER.search(question) is not None,
            num_words,
            num_sentences,
            upper_share,
            len(numbers),
        ),
        num_options=num_options,
        num_words=num_words,
        num_sentences=num_sentences,
        num_list_lines=answer_marks.get("list", 0),
        says_yes_no=_YES_NO.match(answer) is not None,
        boxed=_BOX.search(answer) is not None,
        numeric=_ONLY_NUMBER.match(answer) is not None,
        num_numbers=len(numbers),
        upper_share=upper_share,
        num_pairs=len(_PAIR.findall(question)),
        coded=_CODED.search(answer) is not None,
        quoted=_QUOTED.search(question) is not None,
        question_words=count_words(question),
        question_marks=_marks(question),
        answer_marks=answer_marks,
    )


def count_words(text: str) -> int:
    """Words, where a Chinese word is taken as one and a half characters."""
    if text.isascii():
        return len(_WORD.findall(text))
    num_han = len(_HAN.findall(text))
    return len(_WORD.findall(_HAN.sub(" ", text))) + math.ceil(num_han / 1.5)


def _clip(text: str) -> str:
    return text if len(text) <= _READ_CHARS else f"{text[: _READ_CHARS // 2]}\n{text[-_READ_CHARS // 2 :]}"


def _num_options(question: str) -> int:
    """Options offered by a question: distinct letters in order from A, or a list after 'Choices:'."""
    letters = {(first or second).upper() for first, second in _OPTION.findall(question)}
    for start in "A1":
        run = 0
        while chr(ord(start) + run) in letters:
            run += 1
        if run >= 2:
            return run
    listed = _CHOICES.search(question)
    if listed is None:
        return 0
    rest = question[listed.end() :].strip().split("\n", 1)[0]
    return max(len(re.split(r"[,;、，；/]", rest)), 2) if rest else 0


def _answer_form(
    answer: str,
    lists_options: bool,
    offers: bool,
    num_words: int,
    num_sentences: int,
    upper_share: float,
    num_numbers: int,
) -> AnswerForm:
    if not answer:
        return "empty"
    if offers and _OPTION_ANSWER.match(answer) and (lists_options or len(answer) <= 3) and num_words <= _LABEL_WORDS:
        return "option"
    if _TUPLE.search(answer) and (num_words - num_numbers) <= 8:
        return "coordinate"
    if _YES_NO.match(answer) and num_words <= _PHRASE_WORDS:
        return "yes/no"
    if num_words <= _PHRASE_WORDS and num_sentences <= 1 and not (answer.endswith((".", "。")) and num_words > 3):
        return "phrase"
    if num_words <= _LABEL_WORDS and upper_share > 0.3:
        return "phrase"  # an address or a printed line is no sentence, however long
    return "sentence" if num_words <= _SENTENCE_WORDS and num_sentences <= 3 else "text"


def _marks(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, pattern in _STRUCTURES:
        number = len(pattern.findall(text))
        if number:
            found[name] = number
    return found
