"""mmSSR as one would write it with pandas: the published algorithm read step by step, for the ratio that is printed.

One row per sample and style; every turn filters, sorts and groups the candidates anew. It gives the same ids as `core.select.mmssr`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.select.pool import Pool
from core.store.ids import MISSING, tie_key


def frame_of(pool: Pool, seed: int) -> pd.DataFrame:
    """One row per sample and style: sample (row of the pool), style, source, tie, a column per capability (NaN missing)."""
    unstyled = len(pool.style_names)
    bits = pool.style_bits
    member = [(bits >> np.uint32(style)) & np.uint32(1) == 1 for style in range(unstyled)]
    sample, style = np.nonzero(np.column_stack([*member, bits == 0]))
    scores = {
        key: np.where(pool.scores[row] == MISSING, np.nan, pool.scores[row])[sample]
        for row, key in enumerate(pool.capabilities)
    }
    tie = tie_key(pool.sample_id, seed)[sample]
    return pd.DataFrame({"sample": sample, "style": style, "source": pool.source[sample], "tie": tie, **scores})


def pandas_mmssr(frame: pd.DataFrame, num_samples: int, capabilities: Sequence[str], budget: int) -> NDArray[np.int64]:
    """Rows of the pool in order of choice."""
    alive = list(capabilities)
    chosen = np.zeros(num_samples, dtype=bool)
    order: list[NDArray[np.int64]] = []
    num_chosen = 0
    while num_chosen < budget and alive:
        share = max((budget - num_chosen) // len(alive), 1)
        dry = []
        for capability in alive:
            wanted = min(share, budget - num_chosen)
            if wanted == 0:
                break
            free = (frame[capability] > 0) & ~chosen[frame["sample"]]
            candidates = frame.loc[free, ["sample", "style", "source", "tie", capability]]
            if candidates.empty:
                dry.append(capability)
                continue
            candidates = candidates.sort_values([capability, "tie"], ascending=[False, True])
            bins = candidates.groupby(["style", "source"])
            sizes = bins.size().reset_index(name="size").sort_values(["size", "style", "source"])
            quota, debt, taken = max(wanted // len(sizes), 1), 0, 0
            for style, source in zip(sizes["style"], sizes["source"], strict=True):
                best = bins.get_group((style, source))["sample"].to_numpy()
                gives = best[~chosen[best]][: min(quota + debt, wanted - taken)]
                chosen[gives] = True
                order.append(gives)
                taken += len(gives)
                debt += quota - len(gives)
                if taken == wanted:
                    break
            num_chosen += taken
        alive = [capability for capability in alive if capability not in dry]
    return np.concatenate(order)
