"""What every method promises, whatever it orders by."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.select.budget import Budget
from core.select.methods import METHODS, choose, method, several_seeds
from core.select.methods import settings as settings_of
from core.select.pool import Pool
from core.vocabulary import CAPABILITY_KEYS, STYLES


def random_pool(num: int, seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    return {
        "sample_id": rng.integers(0, 2**64, num, dtype=np.uint64),
        "source": rng.integers(0, 3, num),
        "source_names": ["z", "a", "m"],
        "scores": {
            key: np.where(rng.random(num) < 0.2, 255, rng.integers(0, 251, num)) for key in CAPABILITY_KEYS[::2]
        },
        "style_bits": rng.integers(0, 2 ** len(STYLES), num) & rng.integers(0, 2 ** len(STYLES), num),
        "columns": {
            "num_text_tokens": rng.integers(1, 50, num),
            "complexity": rng.integers(0, 4, num),
            "quality": rng.integers(1, 4, num),
            "ppl": rng.integers(1, 9, num),
            "clip": rng.integers(-3, 4, num) / 10,
            "imported": rng.permutation(num) // 2,
        },
        "tag": rng.integers(-1, 2, num),
        "tag_names": ["y", "b"],
        "vectors": unit_vectors(num, 6, seed),
        "vectors_by": "made up",
    }


def unit_vectors(num: int, width: int, seed: int, spread: float = 0.4) -> np.ndarray:
    """[num, width] float32: bunches of vectors, some of them equal."""
    rng = np.random.default_rng(seed)
    bunches = rng.normal(size=(max(num // 6, 1), width))
    vectors = bunches[rng.integers(0, len(bunches), num)]
    vectors = vectors + rng.normal(size=vectors.shape) * spread * (rng.random((num, 1)) < 0.8)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def shuffled(arrays: dict[str, object], order: np.ndarray) -> dict[str, object]:
    """The same pool with its rows in another order and its sources listed the other way round."""
    names = list(reversed(arrays["source_names"]))
    return {
        "sample_id": arrays["sample_id"][order],
        "source": (len(names) - 1 - arrays["source"])[order],
        "source_names": names,
        "scores": {key: value[order] for key, value in reversed(arrays["scores"].items())},
        "style_bits": arrays["style_bits"][order],
        "columns": {key: value[order] for key, value in arrays["columns"].items()},
        "tag": arrays["tag"][order],
        "tag_names": arrays["tag_names"],
        "vectors": arrays["vectors"][order],
        "vectors_by": arrays["vectors_by"],
    }


@pytest.mark.parametrize("name", METHODS)
@given(num=st.integers(1, 60), pool_seed=st.integers(0, 9), seed=st.integers(0, 2**64 - 1), data=st.data())
@settings(max_examples=40, deadline=None)
def test_no_repeats_never_over_budget_same_seed_same_result_and_no_trace_of_row_order(
    name: str, num: int, pool_seed: int, seed: int, data: st.DataObject
) -> None:
    arrays = random_pool(num, pool_seed)
    arrays["scores"]["spatial"][0] = 7
    pool, budget = Pool.from_arrays(**arrays), Budget.samples(data.draw(st.integers(1, num)))
    selection = choose(METHODS[name](), pool, budget, seed)
    ids = selection.sample_ids.tolist()
    assert len(set(ids)) == len(ids) <= int(budget.amount)
    assert set(ids) <= set(pool.sample_id.tolist())
    other = Pool.from_arrays(**shuffled(arrays, np.random.default_rng(seed).permutation(num)))
    assert other.digest == pool.digest
    again = choose(METHODS[name](), other, budget, seed)
    assert again.to_table().select(["rank", "sample_id", "source", "reason"]) == selection.to_table().select(
        ["rank", "sample_id", "source", "reason"]
    )
    assert selection.num + sum(selection.left_out.values()) == num


@pytest.mark.parametrize("name", [name for name, entry in METHODS.items() if entry.prefix_valid])
def test_a_prefix_valid_method_gives_the_first_samples_of_a_larger_budget(name: str) -> None:
    pool = Pool.from_arrays(**random_pool(80, 1))
    whole = METHODS[name]().order(pool, seed=4)
    for budget in (1, 10, 79):
        small = choose(METHODS[name](), pool, Budget.samples(budget), 4)
        assert small.sample_ids.tolist() == whole.sample_ids.tolist()[:budget]


@pytest.mark.parametrize("name", METHODS)
def test_the_table_of_a_selection_has_the_promised_columns_and_says_how_it_was_made(name: str) -> None:
    pool = Pool.from_arrays(**random_pool(50, 2))
    table = choose(METHODS[name](), pool, Budget.percent(20), 9).to_table()
    assert table.column_names == ["rank", "sample_id", "original_id", "source", "reason"]
    assert str(table.schema.field("sample_id").type) == "uint64"
    assert table["rank"].to_pylist() == list(range(1, 11))
    assert all(reason.startswith("kept: ") for reason in table["reason"].to_pylist())
    made = json.loads(table.schema.metadata[b"winnow"])
    assert (made["method"], made["seed"], made["pool"], made["pool_size"]) == (name, 9, pool.digest, 50)
    assert settings_of(name, made["settings"]) is not None, "frozen settings are settings of the method"


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("limit", [90, 300, 100_000])
def test_a_token_budget_keeps_the_most_that_fits(name: str, limit: int) -> None:
    pool = Pool.from_arrays(**random_pool(60, 3))
    selection = choose(METHODS[name](), pool, Budget.tokens(limit))
    tokens = pool.columns["num_text_tokens"]
    assert tokens[selection.rows].sum() <= limit
    if selection.num < len(selection.ordering.pool) - sum(
        count for reason, count in selection.left_out.items() if reason != "beyond the budget"
    ):
        more = choose(METHODS[name](), pool, Budget.samples(selection.num + 1))
        assert tokens[more.rows].sum() > limit


def test_a_token_budget_too_small_for_one_sample_is_an_error() -> None:
    pool = Pool.from_arrays(**random_pool(60, 3))
    for name in METHODS:
        with pytest.raises(BadInput, match="Not one sample fits"):
            choose(METHODS[name](), pool, Budget.tokens(0))


def test_an_unknown_method_lists_the_known_ones_in_display_order() -> None:
    with pytest.raises(BadInput) as caught:
        method("mmsr")
    assert caught.value.fix == (
        "The known ones are: mmssr, mmssr-nested, top-score, deita, ppl-mid, clip-score, semdedup, k-center, coincide, "
        "stratified, imported, random."
    )


def test_settings_come_from_text_and_mistakes_name_the_field() -> None:
    made = settings_of("mmssr", {"threshold": "2.5", "capabilities": "ocr, data"})
    assert made.model_dump() == {"threshold": 2.5, "capabilities": ("ocr", "data"), "weights": {}}
    with pytest.raises(BadInput, match="no setting 'treshold'") as caught:
        settings_of("mmssr", {"treshold": "2.5"})
    assert "threshold" in caught.value.fix
    with pytest.raises(BadInput, match="threshold = '7'"):
        settings_of("mmssr-nested", {"threshold": "7"})
    with pytest.raises(BadInput, match="threshold = 'high'"):
        settings_of("mmssr", {"threshold": "high"})


def test_every_setting_of_every_method_is_described() -> None:
    for entry in METHODS.values():
        assert entry.title
        assert entry.summary
        assert all(field.description for field in entry.model_fields.values()), entry.key


def test_the_readme_lists_the_methods_in_display_order_and_which_are_valid_at_every_prefix() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    said = {row[0].strip("`"): row[-1] == "yes" for row in rows if row[0].strip("`") in METHODS}
    assert list(said.items()) == [(name, entry.prefix_valid) for name, entry in METHODS.items()]


def test_several_seeds_of_random_differ_and_each_is_reproducible() -> None:
    pool = Pool.from_arrays(**random_pool(200, 4))
    runs = several_seeds(METHODS["random"](), pool, Budget.percent(10), range(3))
    assert len({tuple(run.sample_ids.tolist()) for run in runs}) == 3
    assert runs[1].sample_ids.tolist() == choose(METHODS["random"](), pool, Budget.percent(10), 1).sample_ids.tolist()
