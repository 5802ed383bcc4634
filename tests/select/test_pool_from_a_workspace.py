"""A pool read through the lens of a real workspace."""

from __future__ import annotations

from pathlib import Path

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
from core.vocabulary import CAPABILITY_KEYS
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
