"""Samples in their order, and what is said about them beside them: held against a look-up row by row."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from core.store.align import InOrder

IDS = st.one_of(st.integers(0, 12), st.integers(2**64 - 4, 2**64 - 1))
HASHES = st.sampled_from(["one", "two"])
SAMPLES = st.lists(
    st.tuples(
        IDS, st.sampled_from(["b", "a", "Ä", "字", "\U0001f600", "\uffff"]), HASHES, st.none() | st.integers(0, 3)
    ),
    max_size=12,
    unique_by=lambda row: row[0],
)
SAID = st.lists(st.tuples(IDS, HASHES, st.none() | st.integers(-5, 5)), max_size=12, unique_by=lambda row: row[0])
NO_ROW = float("inf")


def samples_of(rows: list[tuple[int, str, str, int | None]]) -> pa.Table:
    kinds = {"sample_id": pa.uint64(), "source": pa.string(), "content_hash": pa.string(), "ingest_row": pa.int64()}
    return pa.table({name: pa.array([row[at] for row in rows], kind) for at, (name, kind) in enumerate(kinds.items())})


@given(rows=SAMPLES, tables=st.lists(SAID, max_size=3))
def test_every_sample_has_what_is_said_of_its_present_content_beside_it(
    rows: list[tuple[int, str, str, int | None]], tables: list[list[tuple[int, str, int | None]]]
) -> None:
    order = InOrder(samples_of(rows))
    expected = sorted(rows, key=lambda row: (row[1].encode(), NO_ROW if row[3] is None else row[3], row[0]))
    assert order.samples["sample_id"].to_pylist() == [row[0] for row in expected]
    assert order.samples["source"].to_pylist() == [row[1] for row in expected]
    assert order.source_names == sorted({row[1] for row in rows}, key=str.encode)
    as_read = [(row[0], row[2] if at % 3 else "three", at) for at, row in enumerate(rows)]
    for said in [as_read, *tables, *tables[:1]]:
        table = pa.table(
            {
                "sample_id": pa.array([entry[0] for entry in said], pa.uint64()),
                "content_hash": pa.array([entry[1] for entry in said], pa.string()),
                "value": pa.array([entry[2] for entry in said], pa.int32()),
            }
        )
        known = {(sample_id, content): value for sample_id, content, value in said}
        wanted: list[dict[str, Any]] = [
            {"said": True, "value": known[row[0], row[2]]}
            if (row[0], row[2]) in known
            else {"said": False, "value": None}
            for row in expected
        ]
        assert order.beside(table).to_pylist() == wanted
