"""Latent semantics of text, learnt on the workspace itself: hashed words and pairs, TF-IDF, a truncated SVD.

Words of any script; Chinese, Japanese kana and other unspaced scripts go by characters and pairs of characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HASHES = 2**18
_TEXT_CHARS = 4_000
"""A sample's topic shows in its first pages; the rest of a long text is not read."""

_TOKEN = re.compile(r"[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f]|[^\W\d_]+|\d+|[^\w\s]")


def terms(text: str) -> list[str]:
    """Words, characters of unspaced scripts, digit runs by their length, marks; and pairs of neighbours."""
    found = ["0" * min(len(one), 4) if one.isdigit() else one for one in _TOKEN.findall(text[:_TEXT_CHARS].lower())]
    words = [one for one in found if one[0].isalnum()]
    return found + [f"{left} {right}" for left, right in pairwise(words)]


def _counts(texts: Sequence[str]) -> Any:
    """[N, _HASHES] sparse float64 of 1 + log(count)."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(analyzer=terms, n_features=_HASHES, norm=None, alternate_sign=False)
    counts = hasher.transform(texts)
    counts.data = 1.0 + np.log(counts.data)
    return counts


@dataclass(frozen=True)
class TextSemantics:
    """A learnt projection of text; `features` are the hashes that occur in two texts or more."""

    features: NDArray[np.int32]
    """[F] ascending"""
    weights: NDArray[np.float32]
    """[F] inverse document frequency"""
    components: NDArray[np.float16]
    """[F, K], columns of unit length"""

    @classmethod
    def learn(cls, texts: Sequence[str], num_dimensions: int, seed: int) -> TextSemantics:
        """Learn on texts; the same texts in the same order give the same projection.

        Fewer than `num_dimensions` directions in the texts leave zero columns. Cost: 10 s for 20,000 texts of 100 words.
        """
        counts = _counts(texts)
        frequency = np.bincount(counts.indices, minlength=_HASHES)
        features = np.flatnonzero(frequency >= min(2, len(texts)))
        weights = np.log((1 + len(texts)) / (1 + frequency[features])) + 1
        components = np.zeros((len(features), num_dimensions), dtype=np.float16)
        weighted = _weighted(counts, features, weights)
        rank = min(num_dimensions, len(features), len(texts))
        if rank == min(weighted.shape) and rank:  # too few texts for the randomised method
            _, _, right = np.linalg.svd(weighted.toarray(), full_matrices=False)
            components[:, :rank] = right[:rank].T
        elif rank:
            from sklearn.utils.extmath import randomized_svd

            _, _, right = randomized_svd(weighted, rank, n_iter=3, random_state=seed)
            components[:, :rank] = right.T
        return cls(features.astype(np.int32), weights.astype(np.float32), components)

    def project(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """[N, K] float32; an empty text, or one of unknown words alone, is a zero row."""
        weighted = _weighted(_counts(texts), self.features, self.weights)
        return np.asarray(weighted @ self.components.astype(np.float32), dtype=np.float32)


def _weighted(counts: Any, features: NDArray[Any], weights: NDArray[Any]) -> Any:
    """[N, F] sparse, rows of unit length."""
    from sklearn.preprocessing import normalize

    kept = counts[:, features]
    kept.data *= np.asarray(weights, dtype=np.float64)[kept.indices]
    return normalize(kept, copy=False)
