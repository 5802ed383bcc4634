"""Every prefix's distributions equal the direct reading of its rows, whatever lies between two cuts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.select import spread
from core.select.pool import Pool
from core.select.prefixes import NUM_CUTS, Prefixes
from core.vocabulary import CAPABILITY_KEYS


def made(num: int, seed: int, clusters: bool = True) -> tuple[Pool, spread.Labels, np.ndarray]:
    chance = np.random.default_rng(seed)
    scores = {key: np.where(chance.random(num) < 0.2, 255, chance.integers(0, 251, num)) for key in CAPABILITY_KEYS[:3]}
    pool = Pool.from_arrays(
        sample_id=np.arange(1, num + 1),
        source=chance.integers(0, 3, num),
        source_names=("a", "b", "c"),
        scores=scores,
        style_bits=chance.integers(0, 2**9, num) * (chance.random(num) < 0.7),
    )
    lengths = chance.integers(0, 4, num)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    labels = spread.Labels(
        cluster=chance.integers(-1, 12 if clusters else 0, num).astype(np.int32),
        tag_offsets=offsets,
        tag_codes=chance.integers(0, 5, int(lengths.sum())).astype(np.int32),
        tag_names=tuple("vwxyz"),
    )
    length = int(chance.integers(1, num + 1))  # an order may leave samples out
    return pool, labels, chance.permutation(num)[:length]


def check(pool: Pool, labels: spread.Labels, rows: np.ndarray, prefixes: Prefixes, num: int) -> None:
    everything = spread.counts(pool, labels)
    found, wanted = prefixes.counts(num), spread.counts(pool, labels, rows[:num])
    assert found.num == wanted.num == num
    for name in ("source", "style", "tag", "bars", "mean"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=name)
    said, direct = prefixes.distances(num), spread.distances(everything, wanted, labels, rows[:num])
    np.testing.assert_array_equal(list(vars(said).values()), list(vars(direct).values()))


@given(num=st.integers(1, 40), seed=st.integers(0, 10**6), clusters=st.booleans())
@settings(max_examples=40, deadline=None)
def test_all_prefixes_of_small_orders_are_read_as_if_counted_anew(num: int, seed: int, clusters: bool) -> None:
    pool, labels, rows = made(num, seed, clusters)
    prefixes = Prefixes(pool, labels, spread.counts(pool, labels), rows)
    for length in {0, 1, len(rows) // 2, len(rows)}:
        check(pool, labels, rows, prefixes, length)


@pytest.mark.parametrize("seed", [1, 2])
def test_prefixes_between_two_cuts_of_a_long_order_are_exact(seed: int) -> None:
    pool, labels, rows = made(5000, seed)
    prefixes = Prefixes(pool, labels, spread.counts(pool, labels), rows)
    assert len(prefixes.cuts) == min(NUM_CUTS, len(rows)) + 1
    for length in (1, len(rows) // 3, len(rows) // 3 + 7, len(rows) - 1):
        check(pool, labels, rows, prefixes, length)


def test_a_workspace_without_tags_and_clusters_has_prefixes_too() -> None:
    pool, _, rows = made(30, 3)
    bare = spread.Labels(np.full(30, -1, np.int32), np.zeros(31, np.int64), np.empty(0, np.int32), ())
    check(pool, bare, rows, Prefixes(pool, bare, spread.counts(pool, bare), rows), len(rows) // 2)
