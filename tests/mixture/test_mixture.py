"""Recipes against a real workspace: repeats, training order, holdout, totals, and what is missing."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadData, BadInput
from core.filters import Filter
from core.lens import Lens
from core.mixture.cost import gpu_hours
from core.mixture.mixture import (
    LISTED_TWICE,
    NOT_IN_THE_WORKSPACE,
    Chosen,
    freeze,
    holdout,
    occurrence,
    recipe_for_file,
    repeated,
    resolve,
    stage_samples,
)
from core.mixture.recipe import Recipe, Stage, recipe_from_dict
from core.mixture.totals import plan_totals
from core.select import saved
from core.select.budget import Budget
from core.select.methods import choose
from core.select.mmssr import Mmssr
from core.select.pool import Pool
from core.train.tiles import Tiling
from tests.select import oracle


def recipe(**changes: Any) -> Recipe:
    raw: dict[str, Any] = {
        "winnow_recipe": 1,
        "name": "small",
        "selections": {
            "half": {"method": "mmssr", "budget": {"percent": 50}, "seed": 4},
            "few": {"where": "source = 'shapes' AND ocr >= 1", "method": "random", "budget": {"samples": 9}},
        },
        "stages": [
            {"name": "one", "parts": [{"selection": "half"}], "shuffle_seed": 11},
            {
                "name": "two",
                "parts": [{"selection": "few", "repeat": 2.5}, {"selection": "half", "repeat": 0.25}],
                "resolution": {"mode": "anyres", "px": 112, "max_tiles": 4},
                "epochs": 2,
            },
        ],
    }
    return recipe_from_dict({**raw, **changes})


def test_a_selection_of_a_recipe_is_what_the_method_chooses_from_the_filtered_pool(lens: Lens) -> None:
    mixture = resolve(recipe(), lens)
    half = choose(Mmssr(), Pool.from_lens(lens), Budget.percent(50), 4)
    assert mixture.chosen["half"].sample_ids.tolist() == half.sample_ids.tolist()
    allowed = Pool.from_lens(lens, Filter(where="source = 'shapes' AND ocr >= 1")).sample_id.tolist()
    assert set(mixture.chosen["few"].sample_ids.tolist()) <= set(allowed)


@given(num=st.integers(0, 12), repeat=st.one_of(st.floats(0.001, 5), st.sampled_from([0.1, 0.29, 1.0, 2.5, 3.0])))
def test_a_fractional_repeat_is_whole_copies_and_then_the_best_part(num: int, repeat: float) -> None:
    ids = np.arange(num, dtype=np.uint64) + np.uint64(7)
    found = repeated(ids, repeat).tolist()
    whole = int(repeat)
    assert found[: whole * num] == ids.tolist() * whole
    rest = found[whole * num :]
    assert rest == ids.tolist()[: len(rest)]
    assert len(rest) <= (repeat - whole) * num + 1e-6
    assert len(rest) > (repeat - whole) * num - 1 - 1e-6


def test_shares_of_a_copy_are_exact_decimals() -> None:
    assert len(repeated(np.arange(100, dtype=np.uint64), 0.29)) == 29
    assert len(repeated(np.arange(100, dtype=np.uint64), 1.57)) == 157


@given(st.lists(st.integers(0, 5), max_size=30))
def test_occurrence_counts_earlier_places_of_the_same_id(values: list[int]) -> None:
    expected = [values[:index].count(value) for index, value in enumerate(values)]
    assert occurrence(np.array(values, dtype=np.uint64)).tolist() == expected


@given(
    ids=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=12, unique=True),
    repeat=st.sampled_from([1.0, 0.5, 2.0, 3.5]),
    seed=st.integers(-3, 2**64),
)
@settings(max_examples=80, deadline=None)
def test_the_training_order_is_the_shuffle_key_of_the_sample_at_the_stages_seed(
    ids: list[int], repeat: float, seed: int
) -> None:
    stage = Stage.model_validate(
        {"name": "s", "parts": [{"selection": "a", "repeat": repeat}, {"selection": "b"}], "shuffle_seed": seed}
    )
    first, second = np.array(ids, dtype=np.uint64), np.array(ids[:3], dtype=np.uint64)
    samples = stage_samples(stage, {"a": Chosen("a", first, {}), "b": Chosen("b", second, {})})
    listed = repeated(first, repeat).tolist() + ids[:3]
    assert samples.listed.tolist() == listed
    copies = [listed[:index].count(value) for index, value in enumerate(listed)]
    keyed = sorted(
        range(len(listed)), key=lambda i: (oracle.purpose(listed[i], seed + copies[i], "shuffle"), listed[i], copies[i])
    )
    assert samples.order.tolist() == keyed


def test_another_seed_is_another_order_of_the_same_samples(lens: Lens) -> None:
    first = resolve(recipe(), lens).stages[1]
    raw = recipe().as_dict()
    raw["stages"][1]["shuffle_seed"] = 12
    second = resolve(recipe_from_dict(raw), lens).stages[1]
    assert Counter(first.listed.tolist()) == Counter(second.listed.tolist())
    assert first.listed[first.order].tolist() != second.listed[second.order].tolist()


@given(num=st.integers(0, 2000))
@settings(max_examples=40, deadline=None)
def test_the_holdout_is_three_percent_or_32_of_a_small_mixture_by_the_fold_key(num: int) -> None:
    ids = np.arange(1, num + 1, dtype=np.uint64)
    expected = sorted(ids.tolist(), key=lambda value: oracle.purpose(value, 0, "fold"))
    size = 0 if num < 2 else max(num * 3 // 100, min(num // 10, 32), 1)
    assert holdout(ids).tolist() == expected[:size]


def test_the_holdout_never_exceeds_256() -> None:
    assert len(holdout(np.arange(50_000, dtype=np.uint64))) == 256


def test_totals_are_sums_over_the_samples_of_a_stage(lens: Lens) -> None:
    mixture = resolve(recipe(), lens)
    totals = plan_totals(mixture)[1]
    facts = {row["sample_id"]: row for row in lens.ask("pool_columns").to_pylist()}
    tiling = Tiling("anyres", 112, 7, 4)
    text = image = tiles = 0
    for sample_id in mixture.stages[1].listed.tolist():
        row = facts[sample_id]
        text += row["num_text_tokens"]
        if row["num_images"]:
            args = (row["width_px"], row["height_px"], row["num_images"])
            image += row["num_images"] * tiling.num_tokens(*args)
            tiles += row["num_images"] * tiling.num_tiles(*args)
    assert (totals.num_text_tokens, totals.num_image_tokens, totals.num_tiles) == (text, image, tiles)
    assert totals.num_samples == 22 + 10, "2.5 of 9 and a quarter of 40"
    assert totals.num_steps == -(-2 * (text + image) // 8192)
    assert totals.num_estimated == 0
    assert totals.gpu_hours == pytest.approx(gpu_hours(totals.flops))
    assert totals.flops > 0


def test_samples_without_a_token_count_are_estimated_from_their_length_and_counted(lens: Lens) -> None:
    mixture = resolve(recipe(), lens)
    columns = dict(mixture.pool.columns)
    columns["num_text_tokens"] = np.full(len(mixture.pool), np.nan)
    blind = dataclasses.replace(mixture, pool=dataclasses.replace(mixture.pool, columns=columns))
    totals = plan_totals(blind)[0]
    chars = columns["num_chars"][mixture.pool.rows_of(mixture.stages[0].listed)]
    assert totals.num_estimated == totals.num_samples == 40
    assert totals.num_text_tokens == sum(-(-int(count) // 4) for count in chars)


def test_a_selection_in_no_stage_is_said_and_not_computed(lens: Lens) -> None:
    raw = recipe().as_dict()
    raw["selections"]["idle"] = {"method": "no such method", "budget": {"samples": 1}}
    mixture = resolve(recipe_from_dict(raw), lens)
    assert "The selection idle is in no stage." in mixture.notes


def selection_file(lens: Lens, folder: Path, num: int = 12) -> Path:
    path = folder / "sel.parquet"
    saved.write_parquet(choose(Mmssr(), Pool.from_lens(lens), Budget.samples(num)), path)
    return path


def test_a_selection_file_gives_its_samples_in_rank_order(lens: Lens, tmp_path: Path) -> None:
    path = selection_file(lens, tmp_path)
    mixture = resolve(recipe_for_file(path), lens, tmp_path)
    assert mixture.stages[0].listed.tolist() == saved.read_ids(path).tolist()


def test_a_selection_file_that_changed_is_refused(lens: Lens, tmp_path: Path) -> None:
    path = selection_file(lens, tmp_path)
    frozen = freeze(resolve(recipe_for_file(path), lens, tmp_path), lens).recipe
    assert len(resolve(frozen, lens, tmp_path).stages[0]) == 12
    selection_file(lens, tmp_path, 13)
    with pytest.raises(BadData, match="not the one the recipe was made with"):
        resolve(frozen, lens, tmp_path)


def test_samples_a_file_names_in_vain_are_left_out_with_a_reason(lens: Lens, tmp_path: Path) -> None:
    table = pq.read_table(selection_file(lens, tmp_path))
    strangers = pa.table(
        {
            "rank": pa.array([13, 14], pa.int64()),
            "sample_id": pa.array([5, table["sample_id"][0].as_py()], pa.uint64()),
            "original_id": ["x", "y"],
            "source": ["elsewhere", "elsewhere"],
            "reason": ["", ""],
        },
        schema=table.schema,
    )
    pq.write_table(pa.concat_tables([table, strangers]), tmp_path / "more.parquet")
    mixture = resolve(recipe_for_file(tmp_path / "more.parquet"), lens, tmp_path)
    assert len(mixture.stages[0]) == 12
    assert Counter(reason for _, reason in mixture.chosen["selection"].dropped) == {
        NOT_IN_THE_WORKSPACE: 1,
        LISTED_TWICE: 1,
    }
    pq.write_table(strangers.slice(0, 1), tmp_path / "none.parquet")
    with pytest.raises(BadData, match="its sources elsewhere are not there"):
        resolve(recipe_for_file(tmp_path / "none.parquet"), lens, tmp_path)


def test_a_missing_file_source_or_sample_says_what_to_do(lens: Lens, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"There is no selection file none\.parquet"):
        resolve(recipe_for_file(tmp_path / "none.parquet"), lens, tmp_path)
    with pytest.raises(BadInput, match="needs the source 'receipts'") as caught:
        resolve(recipe(sources=[{"name": "receipts"}]), lens)
    assert "--source receipts" in caught.value.fix
    with pytest.raises(BadData, match="has revision 'r1'; the recipe was made with 'r2'"):
        resolve(recipe(sources=[{"name": "shapes", "revision": "r2"}]), lens)
    nothing = {"few": {"where": "ocr > 5", "method": "random", "budget": {"samples": 1}}}
    stage = {"name": "s", "parts": [{"selection": "few"}]}
    with pytest.raises(BadInput, match="no sample passes 'ocr > 5'"):
        resolve(recipe(selections=nothing, stages=[stage]), lens)


def test_a_frozen_recipe_names_snapshot_and_sources_and_stays_the_same_mixture(lens: Lens) -> None:
    frozen = freeze(resolve(recipe(), lens), lens).recipe
    assert frozen.snapshot == lens.snapshot
    assert lens.workspace.pinned(frozen.snapshot) == lens.versions
    assert [(entry.name, entry.revision, entry.licence) for entry in frozen.sources] == [
        ("a/b 字", "r1", "CC0"),
        ("shapes", "r1", "CC0"),
    ]
    again, first = resolve(frozen, lens), resolve(recipe(), lens)
    assert [stage.listed.tolist() for stage in again.stages] == [stage.listed.tolist() for stage in first.stages]
    assert again.notes == first.notes
    moved = resolve(frozen.model_copy(update={"snapshot": "0" * 32}), lens)
    assert any("has changed since the recipe was frozen" in note for note in moved.notes)
