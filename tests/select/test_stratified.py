"""Stratified choice: every prefix against Webster's rule written out, and against the shares themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput, MissingEvidence
from core.select.methods import settings as settings_of
from core.select.pool import Pool
from core.select.stratified import Stratified
from tests.select import oracle
from tests.select.plain_vectors import pool_with, webster

NAMES = ["m", "a", "Z"]


def sources(codes: list[int], **more: object) -> Pool:
    return pool_with(None, len(codes), source=codes, source_names=NAMES, **more)


def strata_of(pool: Pool) -> dict[str, list[int]]:
    """Source to sample ids, by name."""
    found: dict[str, list[int]] = {name: [] for name in pool.source_names}
    for key, code in zip(pool.sample_id.tolist(), pool.source.tolist(), strict=True):
        found[pool.source_names[code]].append(key)
    return found


@given(
    codes=st.lists(st.integers(0, 2), min_size=1, max_size=50),
    shares=st.sampled_from(["proportional", "uniform", "square root"]),
    seed=st.integers(0, 2**64 - 1),
)
@settings(max_examples=120, deadline=None)
def test_every_prefix_follows_websters_rule(codes: list[int], shares: str, seed: int) -> None:
    pool = sources(codes)
    strata = strata_of(pool)
    weight = {"proportional": float, "uniform": lambda _: 1.0, "square root": math.sqrt}[shares]
    groups = [sorted(keys, key=lambda key: oracle.purpose(key, seed, "random")) for keys in strata.values()]
    ordering = Stratified(shares=shares).order(pool, seed=seed)
    assert ordering.sample_ids.tolist() == webster(groups, [weight(len(keys)) for keys in groups])


@given(codes=st.lists(st.integers(0, 2), min_size=30, max_size=90), budget=st.integers(1, 90))
@settings(max_examples=100, deadline=None)
def test_a_proportional_prefix_is_within_one_sample_of_its_share(codes: list[int], budget: int) -> None:
    pool = sources(codes)
    budget = min(budget, len(codes))
    kept = np.bincount(pool.source[Stratified().order(pool).rows[:budget]], minlength=len(pool.source_names))
    size = np.bincount(pool.source)
    assert np.abs(kept - budget * size / len(codes)).max() < 1.5  # Webster may miss a quota by a little more than one


def test_explicit_shares_hold_until_a_stratum_is_used_up_and_others_get_nothing() -> None:
    pool = sources([0] * 40 + [1] * 10 + [2] * 50)
    ordering = Stratified(shares="explicit", explicit={"m": 3, "a": 1}).order(pool)
    assert np.bincount(pool.source[ordering.rows[:40]], minlength=3).tolist() == [0, 10, 30]  # Z, a, m
    assert len(ordering) == 50
    selection = ordering.cut(100)
    assert selection.left_out == {"no share for its source": 50}
    assert selection.notes == (
        "Only 50 of the 100 samples asked for can be chosen: no candidate is left.",
        "The shares hold up to about 40 samples; then a is used up.",
    )
    assert ordering.reasons.text(0) == "kept: source m, place 1 of 40 by a random draw"


def test_uniform_shares_serve_small_strata_until_they_are_used_up() -> None:
    pool = sources([0] * 30 + [1] * 3 + [2] * 30)
    ordering = Stratified(shares="uniform").order(pool)
    assert np.bincount(pool.source[ordering.rows[:9]]).tolist() == [3, 3, 3]
    assert np.bincount(pool.source[ordering.rows[:23]]).tolist() == [10, 3, 10]
    assert ordering.notes == ("The shares hold up to about 9 samples; then a is used up.",)


def test_tags_are_strata_and_samples_without_one_are_their_own() -> None:
    pool = pool_with(None, 6, tag=[0, 1, -1, 0, 1, -1], tag_names=["Relation", "Coarse"])
    ordering = Stratified(by="tag", shares="uniform").order(pool)
    said = [text.split(",")[0] for text in ordering.reasons.texts(0, 3).to_pylist()]
    assert said == ["kept: tag Coarse", "kept: tag Relation", "kept: tag no tag"]
    with pytest.raises(MissingEvidence, match="No sample of the pool has an instruction tag") as caught:
        Stratified(by="tag").order(sources([0]))
    assert "winnow prepare" in caught.value.fix


def test_inside_a_stratum_the_best_come_first_and_what_has_no_value_is_left_out() -> None:
    pool = sources(
        [0, 0, 1, 1], sample_id=[1, 2, 3, 4], scores={"ocr": [50, 100, 255, 0]}, columns={"loss": [4, 3, 2, 1]}
    )
    by_score = Stratified(shares="uniform", inside="top score", column="ocr").order(pool)
    assert by_score.sample_ids.tolist() == [4, 2, 1]
    assert by_score.cut(4).left_out == {"no value in ocr": 1}
    assert by_score.reasons.text(1) == "kept: source m, place 1 of 2 by ocr"
    by_loss = Stratified(shares="uniform", inside="top score", column="loss").order(pool)
    assert by_loss.sample_ids.tolist() == [3, 1, 4, 2]
    by_mean = Stratified(inside="top score").order(pool)
    assert by_mean.reasons.text(0).endswith("by the mean of all capabilities")


def test_shares_from_a_command_line_and_mistakes_in_them() -> None:
    made = settings_of("stratified", {"shares": "explicit", "explicit": "m:0.7, a:0.3", "by": "source"})
    assert made.model_dump()["explicit"] == {"m": 0.7, "a": 0.3}
    for text in ("m", "m:x", "m:-1", "m:nan"):
        with pytest.raises(BadInput, match="explicit"):
            settings_of("stratified", {"explicit": text})
    pool = sources([0, 1])
    with pytest.raises(BadInput, match="the source 'q', which is not in the pool") as caught:
        Stratified(shares="explicit", explicit={"q": 1}).order(pool)
    assert caught.value.fix == "The sources of this pool are: a, m."
    for empty in ({}, {"a": 0}):
        with pytest.raises(BadInput, match="No explicit share is above 0"):
            Stratified(shares="explicit", explicit=empty).order(pool)
