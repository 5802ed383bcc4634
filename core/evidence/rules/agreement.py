"""How well two sets of evidence about the same samples agree: Spearman per capability, F1 per style.

Used to compare the rules with known skills and with ratings by eye; it holds for any two producers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import f1_score, precision_recall_fscore_support

from core.vocabulary import CAPABILITY_KEYS, STYLES


class ScoreAgreement(NamedTuple):
    """Rank agreement of one capability over the samples scored on both sides."""

    spearman: float
    """-1 to 1; NaN when either side is constant or fewer than three samples count"""
    num_samples: int


class StyleAgreement(NamedTuple):
    """Agreement about the styles of the same samples, the second side taken as the truth."""

    micro_f1: float
    macro_f1: float
    """mean over the styles that either side uses"""
    by_style: dict[str, tuple[float, float, float, int]]
    """precision, recall, F1 and the number of samples that truly carry it, for styles that either side uses"""


def score_agreement(scores: NDArray[np.floating], reference: NDArray[np.floating]) -> dict[str, ScoreAgreement]:
    """Spearman by capability key between two tables [N, 14] in vocabulary order; rows missing (NaN) on a side are left out."""
    found: dict[str, ScoreAgreement] = {}
    for column, key in enumerate(CAPABILITY_KEYS):
        left, right = scores[:, column], reference[:, column]
        both = ~(np.isnan(left) | np.isnan(right))
        left, right = left[both], right[both]
        if len(left) < 3 or np.ptp(left) == 0 or np.ptp(right) == 0:
            found[key] = ScoreAgreement(math.nan, len(left))
        else:
            found[key] = ScoreAgreement(float(spearmanr(left, right).statistic), len(left))
    return found


def mean_spearman(agreement: dict[str, ScoreAgreement]) -> float:
    """Mean over the capabilities that have a figure; NaN without any."""
    figures = [entry.spearman for entry in agreement.values() if not math.isnan(entry.spearman)]
    return sum(figures) / len(figures) if figures else math.nan


def style_agreement(styles: Sequence[Sequence[str]], reference: Sequence[Sequence[str]]) -> StyleAgreement:
    """F1 of styles against reference styles of the same samples, in the same order."""
    told, true = _indicator(styles), _indicator(reference)
    used = np.flatnonzero(told.any(axis=0) | true.any(axis=0))
    if not len(used):
        return StyleAgreement(math.nan, math.nan, {})
    told, true = told[:, used], true[:, used]
    precision, recall, f1, support = precision_recall_fscore_support(true, told, average=None, zero_division=0)
    by_style = {
        STYLES[style]: (float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
        for i, style in enumerate(used)
    }
    return StyleAgreement(
        micro_f1=float(f1_score(true, told, average="micro", zero_division=0)),
        macro_f1=float(np.mean(f1)),
        by_style=by_style,
    )


def _indicator(styles: Sequence[Sequence[str]]) -> NDArray[np.int8]:
    """[N, 9] int8; an unknown style is a KeyError, never a silent zero."""
    column = {name: index for index, name in enumerate(STYLES)}
    table = np.zeros((len(styles), len(STYLES)), dtype=np.int8)
    for row, names in enumerate(styles):
        for name in names:
            table[row, column[name]] = 1
    return table
