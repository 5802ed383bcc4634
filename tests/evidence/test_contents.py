"""What samples are made of, against a comparison of every pair."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.evidence.contents import Contents, read_contents
from core.store import Store, schemas

Record = tuple[str, list[str], str | None]  # content hash, image keys, text


def store_of(path: Path, records: list[Record]) -> Store:
    store = Store(path)
    columns = {name: pa.nulls(len(records), schemas.SAMPLES.field(name).type) for name in schemas.SAMPLES.names} | {
        "sample_id": pa.array([10 * (len(records) - at) for at in range(len(records))], pa.uint64()),  # descending
        "source": pa.array(["a"] * len(records)),
        "original_id": pa.array([str(at) for at in range(len(records))]),
        "content_hash": pa.array([record[0] for record in records]),
        "image_keys": pa.array([record[1] for record in records], pa.list_(pa.string())),
        "text": pa.array([record[2] for record in records], pa.string()),
    }
    store.create("samples", pa.table(columns, schema=schemas.SAMPLES), replace=True)
    return store


def shown(contents: Contents, at: int) -> set[int]:
    return set(contents.picture_codes[contents.picture_offsets[at] : contents.picture_offsets[at + 1]].tolist())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(
        st.tuples(
            st.sampled_from("pqrs"),
            st.lists(st.sampled_from("xyz"), max_size=3),
            st.sampled_from(["one", "two", None]),
        ),
        min_size=1,
        max_size=9,
    )
)
def test_samples_are_copies_by_content_hash_or_by_pictures_and_text(tmp_path: Path, records: list[Record]) -> None:
    store = store_of(tmp_path / "tables", records)
    ids = np.array(sorted(10 * (at + 1) for at in range(len(records))), dtype=np.uint64)
    found = read_contents(store, ids)
    ours = records[::-1]  # as the ids ascend
    copies = [[a[0] == b[0] or (a[2] is not None and a[1:] == b[1:]) for b in ours] for a in ours]
    for _ in ours:  # a copy of a copy is a copy
        copies = [[any(row[k] and copies[k][j] for k in range(len(ours))) for j in range(len(ours))] for row in copies]
    for a, first in enumerate(ours):
        for b, second in enumerate(ours):
            assert (found.content[a] == found.content[b]) == copies[a][b]
            assert len(shown(found, a) & shown(found, b)) == len(set(first[1]) & set(second[1]))


def test_only_the_samples_asked_for_are_read_and_one_that_is_gone_equals_nothing(tmp_path: Path) -> None:
    store = store_of(tmp_path / "tables", [("p", ["x"], "one"), ("p", ["x"], "one"), ("q", [], "two")])
    found = read_contents(store, np.array([5, 10, 20, 25], dtype=np.uint64))
    assert found.content.tolist()[::3] == [-1, -1]
    assert found.content[1] != found.content[2]
    assert found.picture_offsets.tolist() == [0, 0, 0, 1, 1]


def test_a_version_of_the_table_is_read_as_it_was(tmp_path: Path) -> None:
    store = store_of(tmp_path / "tables", [("p", [], "one"), ("q", [], "two")])
    before = store.versions()["samples"]
    store_of(tmp_path / "tables", [("p", [], "one"), ("p", [], "one")])
    ids = np.array([10, 20], dtype=np.uint64)
    assert len(set(read_contents(store, ids, before).content.tolist())) == 2
    assert len(set(read_contents(store, ids).content.tolist())) == 1
