"""The workspace's tokenizer: what it counts, that it is the same every time, and that others can load it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from core.errors import BadData
from core.evidence.tokens import TextTokenizer, learn_tokenizer, tokenizer_dir, workspace_tokenizer
from core.tokenizer import SPECIAL_TOKENS, vocab_size_of
from core.workspace import Workspace
from tests.evidence.samples import FAMILIES, add, family, small_workspace

TEXTS = [turn[1] for name in FAMILIES for sample in family(name, 30) for turn in sample.turns]
LEARNT = learn_tokenizer(TEXTS, 400)


def test_the_same_texts_give_the_same_tokenizer() -> None:
    assert learn_tokenizer(TEXTS, 400).hash == LEARNT.hash
    assert learn_tokenizer(TEXTS, 350).hash != LEARNT.hash


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60).map(lambda text: text.replace("<image>", "")))
def test_any_text_is_counted_by_its_bytes_at_most(text: str) -> None:
    count = int(LEARNT.count([text])[0])
    assert count <= 4 * max(len(text.encode()), 1)
    assert (count > 0) == bool(text)


def test_words_it_learnt_on_are_shorter_than_words_it_never_saw() -> None:
    known, unknown = LEARNT.count(["Which colour is the round shape?", "Xylq vbrwz jy qqx zvkkp wjjzx?"])
    assert known < unknown


def test_image_marks_are_left_out_and_spelt_special_tokens_are_text() -> None:
    plain, marked = LEARNT.count(["Which colour?", "<image>Which colour?<image>"])
    assert plain == marked
    assert LEARNT.count(["<|im_end|>"])[0] > 1


def test_transformers_loads_what_is_kept_and_counts_the_same(tmp_path: Path) -> None:
    LEARNT.save(tmp_path / "tokenizer")
    theirs = AutoTokenizer.from_pretrained(tmp_path / "tokenizer")
    texts = [text.replace("<image>", "") for text in TEXTS[:40]] + ["数据 and data, 12.5 %"]
    expected = [len(ids) for ids in theirs(texts, add_special_tokens=False)["input_ids"]]
    assert LEARNT.count(texts).tolist() == expected
    assert all(len(theirs(token, add_special_tokens=False)["input_ids"]) == 1 for token in SPECIAL_TOKENS)
    assert (theirs.eos_token, theirs.pad_token) == ("<|im_end|>", "<|endoftext|>")


def test_a_workspace_keeps_its_first_tokenizer_and_its_order_of_ingest_does_not_matter(tmp_path: Path) -> None:
    forwards = small_workspace(tmp_path / "a", per_family=6)
    backwards = Workspace.create(tmp_path / "b")
    add(backwards, [sample for name in reversed(FAMILIES) for sample in family(name, 6)][::-1])
    first = workspace_tokenizer(forwards, 400)
    assert workspace_tokenizer(backwards, 400).hash == first.hash
    add(forwards, family("circles", 9, first=80))
    assert workspace_tokenizer(forwards, 999).hash == first.hash
    assert isinstance(first, TextTokenizer)


def test_a_damaged_tokenizer_is_refused_with_a_remedy(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=2)
    workspace_tokenizer(workspace, 400)
    (tokenizer_dir(workspace) / "tokenizer.json").write_text('{"version": ', "utf-8")
    with pytest.raises(BadData, match="cannot be read") as caught:
        workspace_tokenizer(workspace, 400)
    assert str(tokenizer_dir(workspace)) in caught.value.fix


def test_the_size_of_a_kept_vocabulary_is_what_the_tokenizer_says(tmp_path: Path) -> None:
    assert vocab_size_of(tmp_path) is None
    LEARNT.save(tmp_path / "kept")
    assert vocab_size_of(tmp_path / "kept") == len(AutoTokenizer.from_pretrained(str(tmp_path / "kept")))
    (tmp_path / "kept" / "tokenizer.json").write_text("{", "utf-8")
    assert vocab_size_of(tmp_path / "kept") is None
