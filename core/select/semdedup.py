"""SemDeDup (arXiv 2303.09540): samples that mean the same are kept once.

Steps: spherical k-means with K = round(sqrt N); inside a cluster, from the sample least like the centre to the one most like
it, keep a sample if its cosine with every kept one is at most 1 - epsilon. Kept ones come first, the clusters taking turns
in proportion to what each keeps, so that a small budget is the deduplicated pool in small; dropped ones come last, taking
turns alike. Cost: k-means and a walk inside each cluster, about 4 s for 100,000 samples.
Not a ranking: it says nothing about which of two different samples is better.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.reasons import Label, Number, Reasons
from core.select.selector import Selector
from core.select.spherical import (
    cosine,
    interleaved,
    k_means,
    k_means_seconds,
    keep_apart,
    num_clusters,
    stored_cosine,
    whole_vectors,
)


class SemDeDup(Selector):
    """One of each meaning."""

    key: ClassVar[str] = "semdedup"
    title: ClassVar[str] = "SemDeDup"
    summary: ClassVar[str] = "Near copies in meaning are kept once; the copies come last."
    prefix_valid: ClassVar[bool] = True
    needs_vectors: ClassVar[bool] = True

    epsilon: Annotated[
        float,
        Field(ge=0, le=1, description="Two samples mean the same when their cosine is above 1 minus this."),
    ] = 0.05

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        vectors = whole_vectors(pool, seed, self.title)
        clusters = k_means(vectors.values, pool.sample_id[vectors.rows], num_clusters(len(vectors)), seed)
        most = stored_cosine(1 - Decimal(str(self.epsilon)))
        kept, dropped = [], []
        for members in clusters.members():
            walk = members[np.argsort(clusters.closeness[members], kind="stable")]
            apart, _ = keep_apart(vectors.values[walk], most)
            kept.append(walk[apart])
            dropped.append(walk[~apart])
        order, rule = [], []
        for code, groups in enumerate((kept, dropped)):
            sizes = np.array([len(group) for group in groups], dtype=np.int64)
            cluster, place = interleaved(sizes, np.maximum(sizes, 1).astype(np.float64))
            order.append(np.concatenate([np.empty(0, np.int64), *groups])[(np.cumsum(sizes) - sizes)[cluster] + place])
            rule.append(np.full(len(cluster), code, dtype=np.uint8))
        at, rules = np.concatenate(order), np.concatenate(rule)
        num_kept = len(order[0])
        return Ordering(
            pool=pool,
            method=self.key,
            settings=self.model_dump(mode="json"),
            seed=seed,
            rows=vectors.rows[at],
            reasons=Reasons(
                len(at),
                (
                    "kept: ",
                    Label("rule", rules, ("unlike every kept one", "a near copy, since the budget reaches that far")),
                    ", cluster ",
                    Number(clusters.label[at] + 1),
                    f" of {len(clusters.centroids)}, cosine with its centre ",
                    Number(cosine(clusters.closeness[at])),
                ),
            ),
            left_out=vectors.left_out,
            left_out_reasons=(vectors.left_out_reason,),
            notes=(
                f"{num_kept:,} samples are unlike each other; {len(at) - num_kept:,} come after them, "
                f"within {self.epsilon:g} of one of these.",
            ),
        )

    def seconds(self, pool_size: int, budget: int) -> float:
        return k_means_seconds(pool_size, num_clusters(pool_size))
