"""Small pools made up in a test: every column known, sources and lengths by hand or by chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.select.pool import Pool
from core.vocabulary import CAPABILITY_KEYS


def pool_of(
    source: Sequence[int], tokens: Sequence[float], *, chars: Sequence[int] | None = None, seed: int = 0
) -> Pool:
    """Samples 0, 1, 2, ... (which are their ids and rows); a token count of NaN is unknown. Pictures and scores by seed."""
    size, chance = len(source), np.random.default_rng(seed)
    images = chance.integers(0, 3, size)
    return Pool.from_arrays(
        sample_id=np.arange(size, dtype=np.uint64),
        source=np.array(source, dtype=np.int64),
        source_names=[f"s{number}" for number in range(max(source, default=0) + 1)],
        scores={key: chance.choice([0, 50, 149, 150, 200, 250, 255], size) for key in CAPABILITY_KEYS},
        style_bits=chance.integers(0, 8, size),
        columns={
            "num_images": images,
            "num_text_tokens": np.array(tokens, dtype=np.float64),
            "num_chars": np.array(chars if chars is not None else [40] * size),
            "width_px": np.where(images > 0, chance.integers(20, 900, size), np.nan),
            "height_px": np.where(images > 0, chance.integers(20, 900, size), np.nan),
        },
    )
