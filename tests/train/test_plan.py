"""A stage's order is fixed, whole and within its limits, and nothing is left out without a count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from core.errors import BadData, BadInput
from core.mixture.cost import ModelCost
from core.train.data import Export, Feeder
from core.train.encode import Encoder
from core.train.plan import (
    Cost,
    Limits,
    Ruler,
    epoch_order,
    micro_batches,
    plan_held_out,
    plan_stage,
    read_plan,
    write_plan,
)
from core.train.tiles import Tiling

from .exports import make_samples, sample, stage, write_export

LIMITS = Limits(document_tokens=400, batch_tokens=300, batch_tiles=8)
COST = ModelCost(1.0, 1.0, 1.0, 0.0, 1.0)
EVERY = ("vision", "projector", "language")


def planned(export: Export, encoder: Encoder, tmp_path: Path, **changes: Any) -> Any:
    options: dict[str, Any] = {"tiling": Tiling("anyres", 32, 4, 2), "trains": EVERY, "tokens_per_step": 700,
                               "limits": LIMITS, "model_cost": COST, **changes}  # fmt: skip
    table = plan_stage(Ruler(export, encoder), export, export.stage_rows(1), **options)
    write_plan(table, tmp_path / "plan.parquet")
    return table, read_plan(tmp_path / "plan.parquet", "one")


def test_every_sample_of_the_stage_is_planned_once_in_steps_of_the_exported_order(
    export_dir: Path, encoder: Encoder, tmp_path: Path
) -> None:
    export = Export(export_dir)
    _, plan = planned(export, encoder, tmp_path)
    order = export.stage_rows(1).tolist()
    place = 0
    for step in plan.steps:
        rows = [row for batch in step for row in batch.rows]
        assert sorted(rows) == sorted(order[place : place + len(rows)])
        assert sum(batch.tokens for batch in step) <= 700
        place += len(rows)
    assert place == len(order) == plan.num_samples
    assert plan.dropped == {}


def test_planned_lengths_are_those_of_the_batches(export_dir: Path, encoder: Encoder, tmp_path: Path) -> None:
    export = Export(export_dir)
    for tiling in (Tiling("square", 32, 4, 1), Tiling("anyres", 32, 4, 4)):
        table, plan = planned(export, encoder, tmp_path, tiling=tiling)
        feeder = Feeder(export, encoder, tiling)
        for record, batch in zip(table.to_pylist(), (b for step in plan.steps for b in step), strict=True):
            built = feeder.batch(batch.rows)
            assert int((built.ids != encoder.padding_id).sum()) == batch.tokens
            assert built.ids.size == record["padded_tokens"]
            assert int(built.targets.sum()) == batch.supervised
            assert len(built.tiles) == batch.tiles
            assert int((built.ids == encoder.image_id).sum()) == record["image_tokens"]


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 12)), min_size=1, max_size=60))
@example_settings(max_examples=200, deadline=None)
def test_micro_batches_keep_their_limits_and_lose_nothing(lengths: list[tuple[int, int]]) -> None:
    samples = [(row, Cost(tokens, 1, 0, tiles)) for row, (tokens, tiles) in enumerate(lengths)]
    batches = micro_batches(samples, LIMITS)
    assert sorted(row for batch in batches for row, _ in batch) == list(range(len(samples)))
    for batch in batches:
        if len(batch) > 1:
            assert max(cost.tokens for _, cost in batch) * len(batch) <= LIMITS.batch_tokens
            assert sum(cost.tiles for _, cost in batch) <= LIMITS.batch_tiles


def test_what_cannot_be_trained_on_is_left_out_with_a_reason_and_never_cut(encoder: Encoder, tmp_path: Path) -> None:
    """Trap 10, and the pictures' own troubles."""
    folder = tmp_path / "data"
    samples = make_samples(folder, 10)
    (folder / samples[0]["images"][0]).unlink()
    (folder / samples[1]["images"][0]).write_bytes(b"no picture")
    samples[2]["widths"] = [1000]
    samples[3]["conversations"][0]["text"] += " word" * 400
    samples[6]["conversations"][0]["text"] = "<image>\n<image>\nwhich?"
    samples.append(sample(99, "words", [("human", "no answer")], [], []))
    export = Export(write_export(folder, samples, [stage("one")], holdout=0))
    table, plan = planned(export, encoder, tmp_path)
    expected = {"image_missing": 1, "image_unreadable": 1, "image_size_differs": 1, "too_long": 1,
                "image_marks_differ": 1, "nothing_to_learn": 1}  # fmt: skip
    assert plan.dropped == expected
    assert plan.num_samples == 11 - 6
    left_out = {record["reason"]: record["sample_ids"] for record in table.to_pylist() if record["reason"]}
    assert left_out["too_long"] == [samples[3]["sample_id"]]


def test_a_stage_of_the_projector_alone_leaves_out_samples_without_a_picture(
    export_dir: Path, encoder: Encoder, tmp_path: Path
) -> None:
    _, plan = planned(Export(export_dir), encoder, tmp_path, trains=("projector",))
    assert plan.dropped == {"no_image_to_learn_from": 5}


def test_a_stage_with_nothing_left_says_why(encoder: Encoder, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    samples = [sample(1, "words", [("human", "hi"), ("gpt", "ho")], [], [])]
    export = Export(write_export(folder, samples, [stage("one")], holdout=0))
    with pytest.raises(BadInput, match="1 no_image_to_learn_from"):
        planned(export, encoder, tmp_path, trains=("projector",))


def test_further_epochs_are_other_orders_of_the_same_samples() -> None:
    rows = np.arange(50, 90)
    order = epoch_order(rows, 2.5, seed=4).tolist()
    assert order[:40] == rows.tolist()
    assert sorted(order[40:80]) == rows.tolist() != order[40:80]
    assert len(order) == 100
    assert set(order[80:]) < set(rows.tolist())
    assert order == epoch_order(rows, 2.5, seed=4).tolist() != epoch_order(rows, 2.5, seed=5).tolist()
    assert epoch_order(rows, 2, seed=None).tolist() == rows.tolist() * 2


def test_repeats_in_the_export_are_trained_as_often(encoder: Encoder, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = write_export(tmp_path / "data", make_samples(tmp_path / "data", 4), [stage("one")], holdout=0)
    ids = Export(folder).sample_ids.tolist()
    again = pa.table({"position": [2, 0, 1], "sample_id": pa.array([ids[0], ids[1], ids[0]], pa.uint64())})
    pq.write_table(again, folder / "stage_1.parquet")
    assert Export(folder).stage_rows(1).tolist() == [1, 0, 0]


def test_held_out_samples_are_those_of_the_file(export_dir: Path, encoder: Encoder) -> None:
    export = Export(export_dir)
    plan = plan_held_out(Ruler(export, encoder), export, Tiling("square", 32, 4, 1), LIMITS, 100)
    assert sorted(row for batch in plan for row in batch.rows) == list(range(30, 36))
    assert len([row for b in plan_held_out(Ruler(export, encoder), export, Tiling("square", 32, 4, 1), LIMITS, 2)
                for row in b.rows]) == 2  # fmt: skip


def test_a_stage_file_that_names_unknown_samples_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = write_export(tmp_path / "data", make_samples(tmp_path / "data", 3), [stage("one")], holdout=0)
    pq.write_table(pa.table({"position": [0], "sample_id": pa.array([7], pa.uint64())}), folder / "stage_1.parquet")
    with pytest.raises(BadData, match="0000000000000007"):
        Export(folder).stage_rows(1)


def test_a_missing_export_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"samples\.parquet"):
        Export(tmp_path)
