"""A pool read through the lens of a real workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.filters import Filter, ScoreRange
from core.lens import Lens
from core.select.budget import Budget
from core.select.methods import choose
from core.select.mmssr import Mmssr
from core.select.pool import Pool
from core.store import evidence, schemas
from core.store.ids import sample_id
from core.vocabulary import CAPABILITY_KEYS, INSTRUCTION_TAGS
from core.workspace import Workspace

RECORDS = [  # source, original id, ocr, styles, text tokens
    ("a", "1", 250, ["yes/no"], 10),
    ("a", "2", None, ["yes/no", "comparison"], None),
    ("b", "1", 0, [], 30),
    ("b", "2", 100, None, 40),
]


@pytest.fixture
def lens(tmp_path: Path) -> Lens:
    workspace = Workspace.create(tmp_path / "ws")
    ids = [sample_id(source, original) for source, original, *_ in RECORDS]
    hashes = [f"{index:032x}" for index in range(len(RECORDS))]
    samples = {name: pa.nulls(len(RECORDS), schemas.SAMPLES.field(name).type) for name in schemas.SAMPLES.names} | {
        "sample_id": pa.array(ids, pa.uint64()),
        "source": pa.array([record[0] for record in RECORDS]),
        "original_id": pa.array([record[1] for record in RECORDS]),
        "content_hash": pa.array(hashes),
        "num_images": pa.array([1, 0, 1, 1], pa.int32()),
        "width_px": pa.array([640, None, 100, 100], pa.int32()),
        "ingest_row": pa.array(range(len(RECORDS)), pa.int64()),
    }
    workspace.store.append("samples", pa.table(samples, schema=schemas.SAMPLES))
    key = {"sample_id": pa.array(ids, pa.uint64()), "content_hash": hashes}
    scores = {name: pa.nulls(4, pa.uint8()) for name in CAPABILITY_KEYS}
    scores["ocr"] = pa.array([record[2] for record in RECORDS], pa.uint8())
    who = evidence.producer("scores", "rules", "1")
    evidence.write(workspace.store, who, pa.table({**key, **scores}))
    styled = [index for index, record in enumerate(RECORDS) if record[3] is not None]
    evidence.write(
        workspace.store,
        evidence.producer("styles", "rules", "1"),
        pa.table({name: pa.array(value).take(styled) for name, value in key.items()}
                 | {"styles": [RECORDS[index][3] for index in styled]}),
    )  # fmt: skip
    tokens = pa.array([record[4] for record in RECORDS], pa.int32())
    evidence.write(
        workspace.store, evidence.producer("tokens", "words", "1"), pa.table({**key, "num_text_tokens": tokens})
    )
    return Lens(workspace)


def test_every_column_stands_beside_its_sample_and_nulls_stay_missing(lens: Lens) -> None:
    pool = Pool.from_lens(lens)
    assert pool.source_names == ("a", "b")
    seen = {}
    for at in range(len(pool)):
        source, original = pool.source_names[pool.source[at]], pool.original_id[at].as_py()
        assert int(pool.sample_id[at]) == sample_id(source, original)
        seen[source, original] = (
            int(pool.scores[pool.capabilities.index("ocr"), at]),
            int(pool.style_bits[at]),
            str(pool.columns["num_text_tokens"][at]),
            str(pool.columns["width_px"][at]),
        )
    assert seen == {
        ("a", "1"): (250, 0b100, "10.0", "640.0"),
        ("a", "2"): (255, 0b1000100, "nan", "nan"),
        ("b", "1"): (0, 0, "30.0", "100.0"),
        ("b", "2"): (100, 0, "40.0", "100.0"),
    }
    assert sorted(pool.row.tolist()) == [0, 1, 2, 3]
    assert pool.scored == ("ocr",)


def test_a_filter_shrinks_the_pool_and_is_part_of_where_a_selection_came_from(lens: Lens) -> None:
    chosen = Filter(sources=("b",), scores=(ScoreRange(capability="ocr", low=1),))
    pool = Pool.from_lens(lens, chosen)
    assert pool.original_id.to_pylist() == ["2"]
    made = choose(Mmssr(), pool, Budget.percent(100)).provenance()
    assert made["snapshot"] == lens.snapshot
    assert made["filter"]["sources"] == ["b"]


def test_a_filter_that_lets_nothing_through_gives_an_empty_pool(lens: Lens) -> None:
    assert len(Pool.from_lens(lens, Filter(where="ocr > 5"))) == 0


def write_vectors(workspace: Workspace, name: str, keys: list[tuple[str, str]], contents: list[int]) -> None:
    """An embedding of the width 4: sample i of RECORDS points along axis i; `contents` are those of the hashes."""
    rows = [[(record[0], record[1]) for record in RECORDS].index(key) for key in keys]
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(np.eye(4, dtype=np.float16)[rows].ravel()), 4)
    evidence.write(
        workspace.store,
        evidence.producer("embedding", name, "1"),
        pa.table(
            {
                "sample_id": pa.array([sample_id(*key) for key in keys], pa.uint64()),
                "content_hash": [f"{content:032x}" for content in contents],
                "vector": vectors,
            }
        ),
    )


def test_vectors_come_along_where_they_are_asked_for_by_the_most_believed_embedding(lens: Lens) -> None:
    assert Pool.from_lens(lens, vectors=True).vectors is None, "nobody has made any"
    workspace = lens.workspace
    write_vectors(workspace, "descriptors", [("a", "1"), ("b", "1"), ("b", "2")], [0, 2, 7])  # b 2 had another content
    now = Lens(workspace)
    assert Pool.from_lens(now).vectors is None
    pool = Pool.from_lens(now, vectors=True)
    assert pool.vectors_by == "descriptors 1"
    found = {
        pool.original_id[at].as_py() + pool.source_names[pool.source[at]]: pool.vectors[at].tolist() for at in range(4)
    }
    assert found["1a"] == [1, 0, 0, 0]
    assert found["1b"] == [0, 0, 1, 0]
    assert np.isnan(found["2a"]).all()
    assert np.isnan(found["2b"]).all(), "said about another content"
    assert pool.digest == Pool.from_lens(now).digest, "a pool is the same with and without them"
    write_vectors(workspace, "open_clip", [("a", "2")], [1])
    assert Pool.from_lens(now, vectors=True).vectors_by == "descriptors 1", "the snapshot of the lens"
    assert Pool.from_lens(Lens(workspace), vectors=True).vectors_by == "open_clip 1"
    part = pool.only(pool.rows_of([sample_id("b", "1")]))
    assert part.vectors.tolist() == [[0, 0, 1, 0]]


def test_a_sample_counts_for_the_first_of_its_tags_in_the_order_of_the_tree(lens: Lens) -> None:
    assert Pool.from_lens(lens).tag is None
    tops = list(dict.fromkeys(path.split(" > ")[0] for path in INSTRUCTION_TAGS))
    tags = [[f"{tops[3]} > x", f"{tops[1]} > y"], [], [f"{tops[3]} > x", "A new one > z"], ["A new one > z"]]
    key = {
        "sample_id": pa.array([sample_id(record[0], record[1]) for record in RECORDS], pa.uint64()),
        "content_hash": [f"{index:032x}" for index in range(4)],
    }
    store = lens.workspace.store
    evidence.write(store, evidence.producer("instruction_tags", "rules", "1"), pa.table({**key, "tags": tags}))
    images = pa.array([[f"{tops[0]} > a picture"]] * 4, pa.list_(pa.string()))
    evidence.write(store, evidence.producer("image_tags", "ram", "1"), pa.table({**key, "tags": images}))
    pool = Pool.from_lens(Lens(lens.workspace))
    assert pool.tag_names == (tops[1], tops[3], "A new one")
    found = {int(key): int(tag) for key, tag in zip(pool.sample_id, pool.tag, strict=True)}
    assert [found[sample_id(record[0], record[1])] for record in RECORDS] == [0, -1, 1, 2]


def test_imported_numbers_are_columns_of_the_pool_and_of_conditions(lens: Lens) -> None:
    key = {
        "sample_id": pa.array([sample_id(record[0], record[1]) for record in RECORDS], pa.uint64()),
        "content_hash": ["0" * 31 + "0", "0" * 31 + "1", "stale", "0" * 31 + "3"],
    }
    for version, values in (("1", [1.0, 2.0, 3.0, 4.0]), ("2", [10.0, None, 30.0, 40.0])):
        who = evidence.producer("numbers", "ppl", version)
        evidence.write(lens.workspace.store, who, pa.table({**key, "value": pa.array(values, pa.float64())}))
    now = Lens(lens.workspace)
    pool = Pool.from_lens(now)
    found = dict(zip(pool.sample_id.tolist(), pool.columns["ppl"].tolist(), strict=True))
    assert str([found[sample_id(record[0], record[1])] for record in RECORDS]) == "[10.0, nan, nan, 40.0]"
    assert Pool.from_lens(now, Filter(where="ppl > 10")).original_id.to_pylist() == ["2"]
    assert now.count(Filter(where="ppl IS NULL")) == 2
