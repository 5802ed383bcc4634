"""A reading of a selection against its pool, counted by hand."""

from __future__ import annotations

import math

import numpy as np

from core.select.pool import Pool
from core.select.spread import Labels, counts, distances


def small_pool() -> tuple[Pool, Labels]:
    pool = Pool.from_arrays(
        sample_id=[10, 20, 30, 40],
        source=[0, 0, 1, 1],
        source_names=["a", "b"],
        scores={"ocr": np.array([0, 50, 250, 255], dtype=np.uint8)},
        style_bits=[1, 3, 0, 2],
    )
    labels = Labels(
        cluster=np.array([0, 0, 1, -1], dtype=np.int32),
        tag_offsets=np.array([0, 1, 3, 3, 4]),
        tag_codes=np.array([0, 0, 1, 1], dtype=np.int32),
        tag_names=("x", "y"),
    )
    return pool, labels


def test_counts_of_two_rows_by_hand() -> None:
    pool, labels = small_pool()
    found = counts(pool, labels, np.array([1, 2]))
    ocr = pool.capabilities.index("ocr")
    assert found.num == 2
    assert found.source.tolist() == [1, 1]
    assert found.style[[0, 1, -1]].tolist() == [1, 1, 1]
    assert found.tag.tolist() == [1, 1]
    assert found.bars[ocr].tolist() == [0, 1, 0, 0, 0, 1]
    assert found.mean[ocr] == 3.0
    assert math.isnan(found.mean[0])


def test_distances_by_hand_and_none_from_the_pool_itself() -> None:
    pool, labels = small_pool()
    everything = counts(pool, labels)
    rows = np.array([0, 1])
    said = distances(everything, counts(pool, labels, rows), labels, rows)
    assert said.source == 0.5  # (1, 0) against (1/2, 1/2)
    assert math.isclose(said.tag, 1 / 6)  # (2/3, 1/3) against (1/2, 1/2)
    assert math.isclose(said.capability, 1 / 3)  # (1/2, 1/2, 0) against (1/3, 1/3, 1/3)
    assert said.clusters == 0.5
    whole = distances(everything, everything, labels, np.arange(4))
    assert (whole.source, whole.style, whole.tag, whole.capability, whole.clusters) == (0, 0, 0, 0, 1)
