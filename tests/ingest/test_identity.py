"""Which sample id each row gets: values computed by hand from the contract, repeated ids, foreign keys under one id."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import BadData
from core.ingest.identity import Survey, key_check
from core.store import schemas
from core.store.ids import sample_id
from core.workspace import Workspace
from tests.ingest.making import data_set, original_ids, read_in, text_only


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "ws")


def surveyed(keys: list[tuple[str, str]]) -> Survey:
    rows = sorted((sample_id(*key), key_check(*key)) for key in keys)
    ids, checks = np.array(rows, np.uint64).reshape(-1, 2).T
    return Survey([len(keys)], {}, ids, checks)


def names(given_ids: list[str]) -> list[str]:
    found = surveyed([("s", name) for name in given_ids])
    return [found.name("s", name)[1] for name in given_ids]


def test_repeated_ids_get_their_number() -> None:
    assert names(["a", "b", "a", "a", "b"]) == ["a", "b", "a#2", "a#3", "b#2"]


def test_a_number_that_is_a_real_id_is_left_out_also_when_it_comes_later() -> None:
    assert names(["a", "a", "a", "a#2"]) == ["a", "a#3", "a#4", "a#2"]
    assert names(["a#2", "a", "a", "a#2"]) == ["a#2", "a", "a#3", "a#2#2"]


@given(st.lists(st.sampled_from(["a", "a#2", "a#3", "a#2#2", "b", "#2", ""]), max_size=12))
def test_names_are_unique_and_real_ids_keep_theirs(given_ids: list[str]) -> None:
    got = names(given_ids)
    assert len(set(got)) == len(got)
    seen: Counter[str] = Counter()
    for name, real in zip(got, given_ids, strict=True):
        seen[real] += 1
        assert name == real if seen[real] == 1 else name.startswith(f"{real}#")


def test_the_id_of_a_sample_is_blake2b_of_source_and_id() -> None:
    expected = int.from_bytes(hashlib.blake2b("caf\u00e9\x1f00#2".encode(), digest_size=8).digest(), "big")
    assert surveyed([("caf\u00e9", "00")] * 2).name("caf\u00e9", "00") == (sample_id("caf\u00e9", "00"), "00")
    found = surveyed([("caf\u00e9", "00")] * 2)
    found.name("caf\u00e9", "00")
    assert found.name("caf\u00e9", "00") == (expected, "00#2")


def test_two_keys_with_one_id_in_a_data_set_stop_it() -> None:
    ids, checks = np.array([5, 5], np.uint64), np.array([1, 2], np.uint64)
    with pytest.raises(BadData, match="0000000000000005"):
        Survey([2], {}, ids, checks)


def test_rows_set_aside_count_for_the_number(workspace: Workspace, tmp_path: Path) -> None:
    broken = text_only(1, id="a") | {"conversations": []}
    read_in(workspace, data_set(tmp_path / "in", [broken, text_only(2, id="a"), text_only(3)]))
    assert original_ids(workspace) == ["a#2", "r3"]


def test_rows_beyond_the_limit_count_as_real_ids(workspace: Workspace, tmp_path: Path) -> None:
    rows = [text_only(1, id="a"), text_only(2, id="a"), text_only(3, id="a#2")]
    read_in(workspace, data_set(tmp_path / "in", rows), limit=2)
    assert original_ids(workspace) == ["a", "a#3"]
    report = read_in(workspace, tmp_path / "in")
    assert (report.ingested, report.already_known) == (1, 2)
    assert original_ids(workspace) == ["a", "a#3", "a#2"]


def test_numbers_go_on_over_the_files_of_one_source_but_not_over_sources(workspace: Workspace, tmp_path: Path) -> None:
    for name in ("b.json", "a.jsonl"):
        data_set(tmp_path / "in", [text_only(1, id=7), text_only(2, id="7")], name)
    read_in(workspace, tmp_path / "in", source="both")
    assert original_ids(workspace) == ["7", "7#2", "7#3", "7#4"]
    apart = Workspace.create(tmp_path / "apart")
    read_in(apart, tmp_path / "in")
    assert sorted(original_ids(apart)) == ["7", "7", "7#2", "7#2"]


def test_a_missing_id_is_the_files_name_and_row(workspace: Workspace, tmp_path: Path) -> None:
    read_in(workspace, data_set(tmp_path / "in", [text_only(0), text_only(1, id=None), text_only(2, id="shop.json:1")]))
    assert original_ids(workspace) == ["r0", "shop.json:1", "shop.json:1#2"]


def test_a_stored_sample_of_another_key_under_the_same_id_stops_the_ingest(
    workspace: Workspace, tmp_path: Path
) -> None:
    planted: dict[str, Any] = dict.fromkeys(schemas.SAMPLES.names)
    planted |= {"sample_id": sample_id("shop", "r1"), "source": "other", "original_id": "x", "content_hash": "0" * 32}
    workspace.store.append("samples", pa.Table.from_pylist([planted], schema=schemas.SAMPLES))
    with pytest.raises(BadData, match="Two different keys"):
        read_in(workspace, data_set(tmp_path / "in", [text_only(0), text_only(1)]))
    assert workspace.store.count("samples") == 1


@hypothesis_settings(max_examples=50)
@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=20))
def test_the_second_hash_of_a_key_tells_keys_apart(keys: list[tuple[str, str]]) -> None:
    plain = {key for key in keys if "\x1f" not in key[0]}
    assert len({key_check(*key) for key in plain}) == len(plain)
