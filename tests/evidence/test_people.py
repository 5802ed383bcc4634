"""Agreement of people with the rules is scipy's over the pairs a plain loop finds, and says nothing of too few."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from core.evidence import people
from core.store import evidence, ratings
from core.store.ratings import Rating
from tests.studio.small_workspace import make_workspace


def test_agreement_is_that_of_the_pairs_a_plain_loop_finds(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "ws")
    who = evidence.producers(workspace.store, "scores")[0]
    rows = evidence.read(workspace.store, who).to_pylist()
    dice = random.Random(5)
    pairs: list[tuple[int, float]] = []
    for row in rows[:30]:
        score = dice.randrange(6)
        ratings.rate(workspace, row["sample_id"], "ocr", score, "ana")
        if row["ocr"] is not None:
            pairs.append((score, row["ocr"] / 50))
    for row in rows[30:]:  # of other content
        ratings.put(workspace, row["sample_id"], "ocr", "ana", Rating(5, "0" * 32), None)
    for row in [row for row in rows if row["stem"] is not None][: people.LEAST_PAIRS - 1]:
        ratings.rate(workspace, row["sample_id"], "stem", 3, "ana")
    found = people.agreement(workspace)
    left, right = zip(*pairs, strict=True)
    assert found["ocr"].num_pairs == len(pairs) >= people.LEAST_PAIRS
    assert found["ocr"].spearman == pytest.approx(spearmanr(left, right).statistic)
    assert found["ocr"].difference == pytest.approx(np.mean(left) - np.mean(right))
    assert (found["stem"].num_pairs, found["stem"].spearman) == (people.LEAST_PAIRS - 1, None)
    assert found["data"] == people.Agreement(0, None, None)
    assert people.agreement(workspace, "nobody")["ocr"] == people.Agreement(0, None, None)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 250)), min_size=2, max_size=30))
def test_spearman_is_scipys(pairs: list[tuple[int, int]]) -> None:
    left, right = (np.array(side, dtype=np.float64) for side in zip(*pairs, strict=True))
    found = people.spearman(left, right)
    if np.ptp(left) == 0 or np.ptp(right) == 0:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(left, right).statistic)
