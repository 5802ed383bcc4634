"""DEITA against a walk written out with lists and dicts."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput, MissingEvidence
from core.select.deita import Deita
from core.select.methods import settings as settings_of
from core.select.pool import Pool
from core.select.spherical import num_clusters
from tests.select import oracle, plain_vectors
from tests.select.plain_vectors import ONE, bunches, pool_with, product


class EightExact(Deita):
    exact_picks: ClassVar[int] = 8


def walk(pool: Pool, most: int, seed: int, exact: int = 20_000) -> list[int]:
    """Sample ids in order: best product first, none above `most` with an accepted one."""
    vectors = plain_vectors.whole_of(pool)
    values = {
        key: c * q
        for key, c, q in zip(pool.sample_id.tolist(), *(pool.columns[n].tolist() for n in ("complexity", "quality")), strict=True)
        if key in vectors and c == c and q == q
    }  # fmt: skip
    line = sorted(values, key=lambda key: (-values[key], oracle.tie(key, seed)))
    label, _ = plain_vectors.k_means({key: vectors[key] for key in line}, num_clusters(len(line)), seed)
    accepted: list[int] = []
    for key in line:
        others = accepted if len(accepted) < exact else [one for one in accepted if label[one] == label[key]]
        if all(product(vectors[key], vectors[other]) <= most for other in others):
            accepted.append(key)
    return accepted


@given(
    num=st.integers(1, 50),
    made=st.integers(0, 10**6),
    seed=st.integers(0, 2**64 - 1),
    most=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_deita_is_the_walk_it_says(num: int, made: int, seed: int, most: float) -> None:
    rng = np.random.default_rng(made)
    vectors = bunches(num, 5, made)
    vectors[1:][rng.random(num - 1) < 0.1] = np.nan
    columns = {
        name: np.where(rng.random(num) < 0.1, np.nan, rng.integers(0, 4, num)) for name in ("complexity", "quality")
    }
    for values in columns.values():
        values[0] = 1
    pool = pool_with(vectors, columns=columns)
    ordering = Deita(most_cosine=most).order(pool, seed=seed)
    expected = walk(pool, round(most * ONE * ONE), seed)
    assert ordering.sample_ids.tolist() == expected
    counts = ordering.cut(num).left_out
    no_complexity = np.isnan(pool.columns["complexity"])
    no_quality = np.isnan(pool.columns["quality"])
    no_vector = np.isnan(pool.vectors[:, 0])
    assert counts.get("no vector by descriptors 1", 0) == no_vector.sum()
    assert counts.get("no value in complexity", 0) == (no_complexity & ~no_vector).sum()
    assert counts.get("no value in quality", 0) == (no_quality & ~no_complexity & ~no_vector).sum()
    assert sum(counts.values()) + len(expected) == num


@given(num=st.integers(10, 70), made=st.integers(0, 10**6), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=40, deadline=None)
def test_beyond_the_exact_picks_a_sample_is_compared_inside_its_cluster(num: int, made: int, seed: int) -> None:
    rng = np.random.default_rng(made)
    pool = pool_with(
        bunches(num, 4, made), columns={name: rng.integers(1, 9, num) for name in ("complexity", "quality")}
    )
    ordering = EightExact().order(pool, seed=seed)
    assert ordering.sample_ids.tolist() == walk(pool, round(0.9 * ONE * ONE), seed, exact=8)
    assert ordering.notes or len(ordering) <= 8
    assert not ordering.notes or len(ordering) >= 8
    assert all(note.startswith("Approximate: after the first 8 picks") for note in ordering.notes)


def test_copies_are_skipped_with_their_reason_and_the_score_is_said() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    pool = pool_with(vectors, sample_id=[1, 2, 3], columns={"complexity": [2, 3, 1], "quality": [2, 2, 0.5]})
    selection = Deita().order(pool).cut(3)
    assert selection.sample_ids.tolist() == [2, 3]
    assert selection.reason(1) == "kept: complexity x quality 6, rank 1 of 3, apart from all before it"
    assert selection.reason(0) == "not kept: cosine above 0.9 with an accepted sample"
    assert selection.notes[0].startswith("Only 2 of the 3 samples asked for")


def test_capabilities_serve_as_columns_on_their_own_scale() -> None:
    vectors = np.eye(3, dtype=np.float32)
    pool = pool_with(vectors, sample_id=[1, 2, 3], scores={"logical": [100, 150, 255], "langgen": [150, 50, 50]})
    ordering = Deita(complexity="logical", quality="langgen").order(pool)
    assert ordering.sample_ids.tolist() == [1, 2]
    assert ordering.reasons.text(0) == "kept: logical x langgen 6, rank 1 of 2, apart from all before it"
    assert Deita(complexity="logical", quality="logical").order(pool).sample_ids.tolist() == [2, 1]


def test_a_column_nobody_made_is_named_with_the_way_to_import_it() -> None:
    with pytest.raises(MissingEvidence, match="no column 'complexity'") as caught:
        Deita().order(pool_with(bunches(3, 3, 0)))
    assert "import-evidence" in caught.value.fix
    with pytest.raises(BadInput, match="most_cosine = '2'"):
        settings_of("deita", {"most_cosine": "2"})


def test_the_cost_is_said_before_a_long_start_and_only_then() -> None:
    assert Deita().cost(10_000, 3000) is None
    assert Deita().cost(200_000, 10) == "about 25 s for 200,000 samples"
    assert Deita().cost(1_000_000, 10) == "about 2 min for 1,000,000 samples"
