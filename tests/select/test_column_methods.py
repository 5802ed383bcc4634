"""The methods that sort by one number: middle perplexity, CLIP score, an imported order."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import percentileofscore

from core.errors import BadInput, MissingEvidence
from core.select.clip_score import ClipScore
from core.select.imported import Imported
from core.select.methods import settings as settings_of
from core.select.pool import Pool
from core.select.ppl_mid import PplMid
from tests.select import oracle
from tests.select.plain_vectors import bunches, pool_with

NUMBERS = st.lists(st.one_of(st.none(), st.integers(-5, 5), st.floats(-1e6, 1e6)), min_size=1, max_size=40).filter(
    lambda values: any(value is not None for value in values)
)


def with_column(name: str, values: list[float | None]) -> Pool:
    return pool_with(None, len(values), columns={name: [np.nan if value is None else value for value in values]})


def values_of(pool: Pool, name: str) -> dict[int, float]:
    pairs = zip(pool.sample_id.tolist(), pool.columns[name].tolist(), strict=True)
    return {key: value for key, value in pairs if value == value}


@given(values=NUMBERS, seed=st.integers(0, 2**64 - 1))
@settings(max_examples=150, deadline=None)
def test_the_middle_percentile_comes_first(values: list[float | None], seed: int) -> None:
    pool = with_column("ppl", values)
    there = values_of(pool, "ppl")

    def distance(key: int) -> Fraction:
        below = sum(other < there[key] for other in there.values())
        equal = sum(other == there[key] for other in there.values())
        return abs(Fraction(2 * below + equal, 2 * len(there)) - Fraction(1, 2))

    expected = sorted(there, key=lambda key: (distance(key), oracle.tie(key, seed)))
    ordering = PplMid().order(pool, seed=seed)
    assert ordering.sample_ids.tolist() == expected
    assert ordering.cut(len(pool)).left_out.get("no value in ppl", 0) == len(values) - len(there)
    first = there[expected[0]]
    said = float(ordering.reasons.text(0).split("percentile ")[1].split(",")[0])
    assert said == pytest.approx(percentileofscore(list(there.values()), first, kind="mean"), abs=0.01)


def test_the_median_of_five_is_first_and_the_extremes_are_last() -> None:
    ordering = PplMid(column="loss").order(with_column("loss", [9.0, 1.0, 4.0, 2.0, 7.0]))
    values = [ordering.pool.columns["loss"][row] for row in ordering.rows]
    assert values[0] == 4.0
    assert set(values[1:3]) == {2.0, 7.0}
    assert set(values[3:]) == {1.0, 9.0}
    assert ordering.reasons.text(0) == "kept: loss 4, percentile 50, rank 1 of 5"


@given(values=NUMBERS, best=st.sampled_from(["low", "high"]), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=150, deadline=None)
def test_an_imported_order_is_the_order_of_its_column(values: list[float | None], best: str, seed: int) -> None:
    pool = with_column("difficulty", values)
    there = values_of(pool, "difficulty")
    sign = 1 if best == "low" else -1
    expected = sorted(there, key=lambda key: (sign * there[key], oracle.tie(key, seed)))
    ordering = Imported(column="difficulty", best=best).order(pool, seed=seed)
    assert ordering.sample_ids.tolist() == expected
    assert ordering.cut(len(pool)).left_out.get("no value in difficulty", 0) == len(values) - len(there)


def test_a_capability_is_a_column_too() -> None:
    pool = pool_with(None, 3, sample_id=[1, 2, 3], scores={"ocr": [50, 255, 100]})
    ordering = Imported(column="ocr", best="high").order(pool)
    assert ordering.sample_ids.tolist() == [3, 1]
    assert ordering.reasons.text(0) == "kept: ocr 2, rank 1 of 2"


@pytest.mark.parametrize(("entry", "column"), [(PplMid(), "ppl"), (Imported(), "imported")])
def test_a_column_nobody_imported_is_named_with_the_way_to_get_it(entry: PplMid | Imported, column: str) -> None:
    with pytest.raises(MissingEvidence, match=f"no column '{column}'") as caught:
        entry.order(with_column("loss", [1.0, 2.0]))
    assert "winnow import-evidence WS FILE --format numbers" in caught.value.fix
    assert "loss" in caught.value.fix
    with pytest.raises(BadInput, match="column = ''"):
        settings_of(entry.key, {"column": ""})


def clip_pool(picture: np.ndarray, text: np.ndarray, picture_share: float = 0.5) -> Pool:
    """Vectors as open_clip embeds them: both halves weighted, the whole of unit length; zero halves stay zero."""
    joined = np.concatenate([picture * picture_share**0.5, text * (1 - picture_share) ** 0.5], axis=1)
    length = np.linalg.norm(joined, axis=1, keepdims=True)
    vectors = np.divide(joined, length, out=np.full_like(joined, np.nan), where=length > 0)
    stored = vectors.astype(np.float16).astype(np.float32)
    return pool_with(stored, sample_id=np.arange(1, len(stored) + 1), vectors_by="open_clip vit-b-32-0a1b2c3d")


@given(made=st.integers(0, 10**6), share=st.sampled_from([0.5, 0.2, 0.8]))
@settings(max_examples=40, deadline=None)
def test_the_similarity_is_the_cosine_of_the_two_halves_whatever_their_weights(made: int, share: float) -> None:
    picture, text = bunches(30, 8, made), bunches(30, 8, made + 1)
    picture[3], text[7], picture[11], text[11] = 0, 0, 0, 0
    ordering = ClipScore().order(clip_pool(picture, text, share))
    cosine = (picture.astype(np.float64) * text).sum(axis=1)
    assert ordering.cut(30).left_out == {"no picture": 1, "no text": 1, "no vector by open_clip vit-b-32-0a1b2c3d": 1}
    found = cosine[ordering.rows]
    assert (np.diff(found) < 3e-3).all(), "best first, up to the half precision of the store"
    said = [float(text.split("wording ")[1].split(",")[0]) for text in ordering.reasons.texts().to_pylist()]
    assert said == pytest.approx(found, abs=3e-3)


def test_a_column_of_similarities_comes_before_the_embedding() -> None:
    pool = clip_pool(bunches(3, 4, 0), bunches(3, 4, 1))
    with_numbers = pool_with(
        pool.vectors, sample_id=[1, 2, 3], vectors_by=pool.vectors_by, columns={"clip": [0.1, np.nan, 0.3]}
    )
    ordering = ClipScore().order(with_numbers)
    assert ordering.sample_ids.tolist() == [3, 1]
    assert ordering.cut(3).left_out == {"no value in clip": 1}
    assert ordering.reasons.text(0) == "kept: similarity of picture and wording 0.3, rank 1 of 2"


def test_neither_column_nor_open_clip_says_how_to_get_either() -> None:
    for pool in (pool_with(None, 2), pool_with(bunches(2, 4, 0))):  # none, and another embedding
        with pytest.raises(MissingEvidence, match="needs a number column 'clip' or an open_clip embedding") as caught:
            ClipScore().order(pool)
        assert "winnow prepare WS --embedding open_clip" in caught.value.fix
        assert "import-evidence" in caught.value.fix
