"""SemDeDup against a plain reading."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.select.semdedup import SemDeDup
from core.select.spherical import num_clusters
from tests.select import oracle, plain_vectors
from tests.select.plain_vectors import ONE, bunches, pool_with, product


@given(
    num=st.integers(1, 60), made=st.integers(0, 10**6), seed=st.integers(0, 2**64 - 1),
    epsilon=st.sampled_from(["0", "0.05", "0.1", "0.3", "1"]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_semdedup_keeps_one_of_each_meaning_and_puts_the_copies_last(
    num: int, made: int, seed: int, epsilon: str
) -> None:
    pool = pool_with(bunches(num, 4, made, 0.3))
    vectors = plain_vectors.whole_of(pool)
    label, centres = plain_vectors.k_means(vectors, num_clusters(num), seed)
    most = (1 - Decimal(epsilon)) * ONE * ONE
    kept: list[list[int]] = [[] for _ in centres]
    dropped: list[list[int]] = [[] for _ in centres]
    for key in sorted(vectors, key=lambda key: (product(vectors[key], centres[label[key]]), oracle.tie(key, seed))):
        apart = all(product(vectors[key], vectors[other]) <= most for other in kept[label[key]])
        (kept if apart else dropped)[label[key]].append(key)
    expected = [
        key for groups in (kept, dropped) for key in plain_vectors.webster(groups, [float(len(one)) for one in groups])
    ]
    ordering = SemDeDup(epsilon=float(epsilon)).order(pool, seed=seed)
    assert ordering.sample_ids.tolist() == expected
    num_kept = sum(map(len, kept))
    assert ordering.reasons.counts("rule").get("unlike every kept one", 0) == num_kept
    assert ordering.reasons.counts("rule", num_kept) == {"unlike every kept one": num_kept}
    assert f"{num_kept:,} samples are unlike each other; {num - num_kept:,} come after" in ordering.notes[0]


def test_every_prefix_holds_the_clusters_in_proportion_to_what_they_keep() -> None:
    pool = pool_with(bunches(400, 6, 1))
    ordering = SemDeDup().order(pool, seed=0)
    vectors = plain_vectors.whole_of(pool)
    label, _ = plain_vectors.k_means(vectors, num_clusters(400), 0)
    kept = [label[key] for key in ordering.sample_ids.tolist()][
        : ordering.reasons.counts("rule")["unlike every kept one"]
    ]
    whole = np.bincount(kept)
    half = np.bincount(kept[: len(kept) // 2], minlength=len(whole))
    assert np.abs(half - whole / 2).max() <= 1
