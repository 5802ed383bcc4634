"""Evidence: one table per producer, a row counts only for the content it was said about, missing means no such row."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from core.errors import BadInput
from core.store import Store, evidence, schemas
from core.store.evidence import Producer


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path)
    rows = [
        {"sample_id": number, "source": "s", "original_id": str(number), "content_hash": f"h{number}"}
        for number in range(6)
    ]
    store.append("samples", pa.Table.from_pylist(rows, schema=schemas.SAMPLES))
    return store


def tokens(numbers: list[int], value: int = 1, digest: str = "h") -> pa.Table:
    return pa.table(
        {
            "sample_id": pa.array(numbers, pa.uint64()),
            "content_hash": [f"{digest}{number}" for number in numbers],
            "num_text_tokens": pa.array([value] * len(numbers), pa.int32()),
        }
    )


def missing(store: Store, who: Producer) -> list[int]:
    return sorted(evidence.missing(store, who)["sample_id"].to_pylist())


def test_missing_are_samples_without_a_row_about_what_they_are_now(store: Store) -> None:
    who = evidence.producer("tokens", "rules", "1")
    assert missing(store, who) == [0, 1, 2, 3, 4, 5]
    evidence.write(store, who, tokens([0, 1, 2]))
    evidence.write(store, who, tokens([3], digest="old"))
    assert missing(store, who) == [3, 4, 5]
    assert missing(store, evidence.producer("tokens", "rules", "2")) == [0, 1, 2, 3, 4, 5]
    assert evidence.missing(Store(store.path / "none"), who).num_rows == 0


def test_a_later_row_replaces_the_earlier_one_and_settings_stay(store: Store) -> None:
    who = evidence.producer("tokens", "rules", "1")
    evidence.write(store, who, tokens([0, 1]), {"vocabulary": 9})
    evidence.write(store, who, tokens([1, 2], value=5))
    rows = {row["sample_id"]: row["num_text_tokens"] for row in evidence.read(store, who).to_pylist()}
    assert rows == {0: 1, 1: 5, 2: 5}
    assert evidence.settings_of(store, who) == {"vocabulary": 9}


def test_replace_starts_anew(store: Store) -> None:
    who = evidence.producer("tokens", "rules", "1")
    evidence.write(store, who, tokens([0, 1]), {"seed": 1})
    evidence.write(store, who, tokens([4]), {"seed": 2}, replace=True)
    assert evidence.read(store, who)["sample_id"].to_pylist() == [4]
    assert evidence.settings_of(store, who) == {"seed": 2}


def test_producers_stand_in_order_of_belief_newer_versions_first(store: Store) -> None:
    for name, version in (
        ("rules", "1"),
        ("zz", "1"),
        ("rules", "10"),
        ("rules", "9"),
        ("aa", "1"),
        ("person", "1"),
        ("mmssr", "1"),
    ):
        evidence.write(store, evidence.producer("tokens", name, version), tokens([0]))
    found = [(who.name, who.version) for who in evidence.producers(store, "tokens")]
    assert found == [
        ("person", "1"),
        ("mmssr", "1"),
        ("rules", "10"),
        ("rules", "9"),
        ("rules", "1"),
        ("aa", "1"),
        ("zz", "1"),
    ]
    assert evidence.producers(store, "styles") == []


def test_missing_samples_come_in_table_order_however_many_there_are(tmp_path: Path) -> None:
    store, num = Store(tmp_path), 100_000
    table = pa.table(
        {name: pa.array([f"h{n}" for n in range(num)]) for name in ("source", "original_id", "content_hash")}
    ).add_column(0, schemas.SAMPLES.field("sample_id"), pa.array(range(num), pa.uint64()))
    store.create("samples", table)
    who = evidence.producer("tokens", "rules", "1")
    evidence.write(store, who, tokens(list(range(0, num, 1000))))
    left = evidence.missing(store, who)["sample_id"].to_pylist()
    assert left == [number for number in range(num) if number % 1000]


def _say(path: Path, number: int) -> None:
    evidence.write(Store(path), evidence.producer("tokens", "rules", "1"), tokens([number]))


def test_of_several_who_write_first_nobody_is_lost(store: Store) -> None:
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        for future in [pool.submit(_say, store.path, number) for number in range(3)]:
            future.result()
    assert missing(store, evidence.producer("tokens", "rules", "1")) == [3, 4, 5]


@pytest.mark.parametrize("part", ["Rules", "a--b", "", "../x", "1/2", "a b"])
def test_names_that_cannot_be_a_table_are_refused(part: str) -> None:
    for kind, name, version in (("tokens", part, "1"), ("tokens", "rules", part), ("colours", "rules", "1")):
        with pytest.raises(BadInput):
            evidence.producer(kind, name, version)
