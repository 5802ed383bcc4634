"""Records: ids and sources by the contract, turns and image marks as they stand, each defect under its own reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import BadInput
from core.ingest import IngestSettings
from core.ingest.reader import RawRecord
from core.ingest.reasons import REASONS, Rejected, shown
from core.ingest.records import draft, fields, original_id, record_source
from tests.ingest.making import record, text_only


def reason_of(entry: Any) -> str:
    with pytest.raises(Rejected) as caught:
        draft(fields(RawRecord(0, entry, json.dumps(entry))))
    return caught.value.reason


def turns(*speakers: str, text: str = "words") -> list[dict[str, str]]:
    return [{"from": speaker, "value": text} for speaker in speakers]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", "a"), ("", ""), (" a\t", " a\t"), (7, "7"), (-7, "-7"), (10**30, "1" + "0" * 30), ("7", "7")],
)
def test_ids_are_whole_numbers_in_decimal_and_text_as_it_is(value: Any, expected: str) -> None:
    assert original_id({"id": value}, "f.json", 3) == expected


@pytest.mark.parametrize("entry", [{}, {"id": None}])
def test_a_row_without_an_id_gets_the_files_name_and_its_row(entry: dict[str, Any]) -> None:
    assert original_id(entry, "f.json", 3) == "f.json:3"


@pytest.mark.parametrize("value", [True, 1.0, 1.5, [], {}, float("nan"), "\ud800", "a\udcff"])
def test_any_other_id_is_set_aside(value: Any) -> None:
    with pytest.raises(Rejected) as caught:
        original_id({"id": value}, "f.json", 3)
    assert caught.value.reason == "bad_id"


def test_a_source_from_a_field_is_composed_text() -> None:
    assert record_source({"image_source": "Cafe\u0301"}, "image_source") == "Caf\u00e9"


@pytest.mark.parametrize("value", [None, "", " ", 3, "a\x00b", "a\nb", "\ud800", ["a"]])
def test_a_field_that_names_no_source_is_set_aside(value: Any) -> None:
    with pytest.raises(Rejected) as caught:
        record_source({"image_source": value}, "image_source")
    assert caught.value.reason == "bad_source"


@pytest.mark.parametrize(
    ("speakers", "roles"),
    [
        (("human", "gpt"), ["human", "gpt"]),
        (("user", "assistant", "human", "gpt"), ["human", "gpt", "human", "gpt"]),
        (("system", "human", "gpt"), ["system", "human", "gpt"]),
    ],
)
def test_speakers_become_roles(speakers: tuple[str, ...], roles: list[str]) -> None:
    content = draft({"conversations": turns(*speakers)})
    assert [role for role, _ in content.turns] == roles
    assert content.num_turns == roles.count("human")


@pytest.mark.parametrize(
    "speakers",
    [
        ("gpt", "human"),
        ("human",),
        ("human", "human", "gpt"),
        ("human", "gpt", "human"),
        ("human", "gpt", "system"),
        ("system",),
    ],
)
def test_turns_that_do_not_alternate_are_set_aside(speakers: tuple[str, ...]) -> None:
    assert reason_of({"conversations": turns(*speakers)}) == "turn_order"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ([1], "not_an_object"),
        ("text", "not_an_object"),
        (None, "not_an_object"),
        ({"id": 1}, "no_conversation"),
        ({"conversations": []}, "no_conversation"),
        ({"conversations": "hello"}, "no_conversation"),
        ({"conversations": ["hello"]}, "bad_turn"),
        ({"conversations": [{"from": "human"}]}, "bad_turn"),
        ({"conversations": [{"from": "human", "value": 3}]}, "bad_turn"),
        ({"conversations": [{"from": None, "value": "a"}]}, "bad_turn"),
        ({"conversations": turns("human", "bing")}, "unknown_role"),
        ({"conversations": turns("human", "gpt", text=" \n")}, "empty_turn"),
        ({"conversations": [*turns("human"), {"from": "gpt", "value": "\u200b"}]}, "empty_turn"),
        ({"conversations": [*turns("human"), {"from": "gpt", "value": "\ud800"}]}, "unencodable_text"),
        ({"conversations": turns("human", "gpt"), "note": "\ud800"}, "unencodable_text"),
        ({"conversations": turns("human", "gpt"), "image": "a\ud800"}, "unencodable_text"),
        (record(image=3), "bad_image_field"),
        (record(image=""), "bad_image_field"),
        (record(image=[None]), "bad_image_field"),
        (record(image={"path": "a"}), "bad_image_field"),
        (record(image=["a.png", "b.png"]), "image_count"),
        (record(image=[]), "image_count"),
        (record(image=None), "image_count"),
        (text_only() | {"image": "a.png"}, "image_count"),
    ],
)
def test_each_defect_has_its_reason(entry: Any, reason: str) -> None:
    assert reason_of(entry) == reason


def test_bytes_that_are_not_utf8_suffer_alone() -> None:
    with pytest.raises(Rejected) as caught:
        fields(RawRecord(0, {"id": "\udce9"}, '{"id": "\udce9"}'))
    assert caught.value.reason == "not_utf8"


@pytest.mark.parametrize(
    ("image", "marks", "paths"),
    [
        ("a.png", 1, ("a.png",)),
        (["a.png"], 1, ("a.png",)),
        (["a.png", "a.png"], 2, ("a.png", "a.png")),
        ([], 0, ()),
        (None, 0, ()),
    ],
)
def test_an_image_is_a_path_a_list_of_paths_or_nothing(image: Any, marks: int, paths: tuple[str, ...]) -> None:
    conversations = [{"from": "human", "value": "<image>\n" * marks + "Look"}, {"from": "gpt", "value": "ok"}]
    assert draft({"image": image, "conversations": conversations}).image_paths == paths


def test_text_is_kept_verbatim_and_the_question_is_without_marks() -> None:
    conversations = [{"from": "human", "value": "<image>\n Wh\x00y?\u3000 "}, {"from": "gpt", "value": "\tSo.\r\n"}]
    content = draft({"image": "a.png", "conversations": conversations})
    assert content.turns == (("human", "<image>\n Wh\x00y?\u3000 "), ("gpt", "\tSo.\r\n"))
    assert content.question == "Wh\x00y?"
    assert content.num_chars == len("\n Wh\x00y?\u3000 ") + len("\tSo.\r\n")


def test_a_caption_record_may_ask_with_the_picture_alone() -> None:
    conversations = [{"from": "human", "value": "<image>"}, {"from": "gpt", "value": "A cat."}]
    assert draft({"image": "a.png", "conversations": conversations}).question == ""


def test_what_else_a_record_holds_is_kept_also_inside_turns() -> None:
    entry = record(3, idx=9, tags=["a", None], score=0.5)
    entry["conversations"][1]["model"] = "m\u00fc"
    extra = draft(entry).extra
    assert extra is not None
    assert "m\u00fc" in extra
    assert json.loads(extra) == {
        "idx": 9,
        "tags": ["a", None],
        "score": 0.5,
        "conversations": [{}, {"model": "m\u00fc"}],
    }
    assert draft(record(3)).extra is None
    assert draft(text_only(3) | {"image": None}).extra is None


def test_reasons_say_what_is_wrong_and_what_to_do() -> None:
    for key, reason in REASONS.items():
        assert key == key.lower()
        assert reason.says.endswith(".")
        assert reason.fix.endswith(".")


@given(st.text() | st.binary() | st.lists(st.text()))
def test_what_a_message_shows_can_always_be_written(value: object) -> None:
    shown(value).encode("utf-8")
    assert len(shown("x" * 9999)) == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"images": "move"},
        {"max_megapixels": 0},
        {"paths": ()},
        {"colour": 1},
    ],
)
def test_settings_that_contradict_themselves_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        IngestSettings(**{"paths": ("a",), **wrong})


def test_a_source_has_one_origin() -> None:
    with pytest.raises(BadInput, match="exclude each other"):
        IngestSettings(paths=(Path("a"),), source="a", source_from="b")
    with pytest.raises(BadInput, match="source name"):
        IngestSettings(paths=(Path("a"),), source="a\nb")
