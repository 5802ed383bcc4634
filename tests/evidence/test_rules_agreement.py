"""Agreement of two tables of evidence, against figures worked out by hand and by a second formula."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import rankdata

from core.evidence.rules.agreement import mean_spearman, score_agreement, style_agreement
from core.vocabulary import CAPABILITY_KEYS


def test_spearman_is_the_correlation_of_ranks_over_the_rows_both_sides_scored() -> None:
    rng = np.random.default_rng(7)
    reference = rng.integers(0, 6, (40, 14)).astype(np.float32)
    scores = reference + rng.normal(0, 1, (40, 14)).astype(np.float32)
    scores[:5, 0] = np.nan
    reference[35:, 0] = np.nan
    found = score_agreement(scores, reference)
    assert found["spatial"].num_samples == 30
    for column, key in enumerate(CAPABILITY_KEYS):
        both = ~np.isnan(scores[:, column]) & ~np.isnan(reference[:, column])
        ranks = np.corrcoef(rankdata(scores[both, column]), rankdata(reference[both, column]))[0, 1]
        assert found[key].spearman == pytest.approx(ranks)
    assert mean_spearman(found) == pytest.approx(np.mean([entry.spearman for entry in found.values()]))


def test_a_constant_side_has_no_spearman_and_does_not_count_in_the_mean() -> None:
    scores = np.tile(np.arange(6, dtype=np.float32)[:, None], (1, 14))
    reference = scores.copy()
    reference[:, 3] = 2
    found = score_agreement(scores, reference)
    assert math.isnan(found["attribute"].spearman) == (CAPABILITY_KEYS[3] == "attribute")
    assert math.isnan(found[CAPABILITY_KEYS[3]].spearman)
    assert mean_spearman(found) == pytest.approx(1)


def test_style_f1_by_hand() -> None:
    told = [("yes/no",), ("yes/no", "comparison"), ("multi-choice",), ()]
    true = [("yes/no",), ("comparison",), ("multi-choice", "yes/no"), ("multi-choice",)]
    found = style_agreement(told, true)
    # yes/no: 1 right, 1 wrong, 1 missed; comparison: 1 right; multi-choice: 1 right, 1 missed.
    assert found.by_style["yes/no"] == (0.5, 0.5, 0.5, 2)
    assert found.by_style["comparison"] == (1, 1, 1, 1)
    assert found.by_style["multi-choice"] == pytest.approx((1, 0.5, 2 / 3, 2))
    assert found.macro_f1 == pytest.approx((0.5 + 1 + 2 / 3) / 3)
    assert found.micro_f1 == pytest.approx(2 * 3 / (2 * 3 + 1 + 2))


def test_no_style_at_all_is_no_figure_and_an_unknown_one_an_error() -> None:
    assert math.isnan(style_agreement([()], [()]).micro_f1)
    with pytest.raises(KeyError):
        style_agreement([("haiku",)], [()])
