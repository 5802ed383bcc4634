"""The rules against the known skills of the sample data: what the README promises of them, capability by capability.

Known skills come from how a sample was made, never from its words; the rules see only conversations and pictures.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rules_agreement import SAMPLE_DATA, Known, judge_samples, read_known, read_samples
from core.evidence.rules import Judgement
from core.evidence.rules.agreement import score_agreement, style_agreement
from core.vocabulary import CAPABILITY_KEYS, STYLES


@pytest.fixture(scope="module")
def known() -> list[Known]:
    return read_known(SAMPLE_DATA / "pool" / "known.jsonl")


@pytest.fixture(scope="module")
def told(known: list[Known]) -> Judgement:
    pool = SAMPLE_DATA / "pool"
    return judge_samples(pool, read_samples(pool, known))


@pytest.mark.parametrize("key", CAPABILITY_KEYS)
def test_each_score_follows_the_known_skill(key: str, known: list[Known], told: Judgement) -> None:
    reference = np.array([[row.scores[name] for name in CAPABILITY_KEYS] for row in known], dtype=np.float32)
    assert score_agreement(told.scores, reference)[key].spearman >= 0.5


def test_styles_are_told_as_they_were_made(known: list[Known], told: Judgement) -> None:
    found = style_agreement(told.styles, [row.styles for row in known])
    assert set(found.by_style) == set(STYLES)
    assert found.micro_f1 >= 0.9
    assert found.macro_f1 >= 0.9


def test_every_score_uses_most_of_its_range_and_no_sample_is_without_any(known: list[Known], told: Judgement) -> None:
    assert (np.nanmin(told.scores, axis=0) == 0).all()
    assert (np.nanmax(told.scores, axis=0) >= 3).all()
    assert np.mean(np.nanmax(told.scores, axis=1) > 0) >= 0.9
    assert set(told.languages) == {"en", "zh"}
