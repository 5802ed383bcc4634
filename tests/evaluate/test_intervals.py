"""Intervals against another library's, and against what must be so."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap
from sklearn.metrics import f1_score

from core.evaluate.intervals import difference_interval, f1_interval, mean_interval


def test_a_mean_has_scipys_percentile_interval() -> None:
    scores = np.random.default_rng(3).random(200)
    ours = mean_interval(scores.tolist())
    theirs = bootstrap((scores,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(9))
    assert ours.value == pytest.approx(scores.mean())
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.004)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.004)


def test_a_paired_difference_is_narrower_than_two_intervals() -> None:
    hard = np.random.default_rng(1).random(300)
    before, after = (hard < 0.4).astype(float), (hard < 0.5).astype(float)
    gap = difference_interval(before.tolist(), after.tolist())
    assert gap.value == pytest.approx(after.mean() - before.mean())
    apart = mean_interval(after.tolist())
    assert gap.high - gap.low < apart.high - apart.low
    assert gap.low > 0


def test_f1_is_scikit_learns() -> None:
    generator = np.random.default_rng(4)
    gold, said = generator.random(120) < 0.5, generator.random(120) < 0.6
    ours = f1_interval(said.tolist(), gold.tolist())
    assert ours.value == pytest.approx(f1_score(gold, said))
    assert ours.low < ours.value < ours.high


def test_the_same_seed_gives_the_same_interval_and_one_question_has_no_width() -> None:
    assert mean_interval([0, 1, 1, 0.5], seed=2) == mean_interval([0, 1, 1, 0.5], seed=2)
    one = mean_interval([0.5])
    assert (one.low, one.value, one.high) == (0.5, 0.5, 0.5)


def test_no_question_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least one"):
        mean_interval([])
