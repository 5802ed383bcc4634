"""COINCIDE (arXiv 2406.10995): clusters of skills share the budget by how sparse they are and how much they transfer.

Steps: K clusters of a spherical k-means. A cluster's density is the mean Gaussian kernel over its pairs (1 for a single
sample), its transferability the mean cosine of its centre with the others; its share of the budget is the softmax of
transferability / (tau x density). A cluster that holds less than its share gives all it has, and the rest is shared out anew
among the others until none overflows; then fractions are cut off and what is left goes to the largest of them. Clusters come
in order of share; inside one, greedy picks bring the maximum mean discrepancy to the whole cluster lowest, with the same
kernel. Exact for its budget only. Cost: a kernel row per pick, about 10 s for 30 % of 100,000 samples.
Not for a slider: each budget is a computation of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.errors import BadInput
from core.select.budget import Budget
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.reasons import Number, Reasons
from core.select.selector import Selector
from core.select.spherical import COSINE_ONE, k_means, k_means_seconds, num_clusters, whole_vectors

KERNEL_ONE = 1 << 20
"""A kernel of 1 in whole numbers."""

_STEPS = 4096  # the table has cosines in steps of 1/4096, about as fine as the vectors are rounded
_WEIGHT_ONE = 1 << 60
_BLOCK_NUMBERS = 1 << 22


class Coincide(Selector):
    """Budget shares by density and transferability."""

    key: ClassVar[str] = "coincide"
    title: ClassVar[str] = "COINCIDE"
    summary: ClassVar[str] = "Clusters share the budget, more to those that are sparse and near to others."
    prefix_valid: ClassVar[bool] = False
    needs_vectors: ClassVar[bool] = True

    num_clusters: Annotated[
        int,
        Field(
            title="Clusters (0: automatic)",
            ge=0,
            le=100_000,
            description="How many; 0 takes the square root of the number of samples.",
        ),
    ] = 0
    tau: Annotated[
        float,
        Field(
            title="Temperature",
            gt=0,
            le=100,
            description="Tau of the shares: small favours few clusters, large treats all alike.",
        ),
    ] = 0.1
    gamma: Annotated[
        float,
        Field(
            title="Gamma", gt=0, le=100, description="The kernel is exp(-gamma x squared distance) of two unit vectors."
        ),
    ] = 1.0

    def order(self, pool: Pool, *, budget: Budget | None = None, seed: int = 0) -> Ordering:
        if budget is None:
            raise BadInput("coincide needs a budget.", "Give one, or use a method whose every prefix is valid.")
        wanted = budget.count(len(pool))
        vectors = whole_vectors(pool, seed, self.title)
        count = min(self.num_clusters or num_clusters(len(vectors)), len(vectors))
        clusters = k_means(vectors.values, pool.sample_id[vectors.rows], count, seed)
        members, kernel = clusters.members(), Kernel(self.gamma)
        sums = [kernel.sums(vectors.values[one]) for one in members]
        weights = share_weights(transferability(clusters.centroids), [density(one) for one in sums], self.tau)
        quotas = share_out(wanted, [len(one) for one in members], weights)
        served = sorted(range(len(members)), key=lambda index: (-weights[index], index))
        picks = [
            members[index][nearest_in_mean(kernel, vectors.values[members[index]], sums[index], quotas[index])]
            for index in served
        ]
        at = np.concatenate([np.empty(0, np.int64), *picks])
        cluster = clusters.label[at]
        place = np.concatenate([np.empty(0, np.int64), *(np.arange(len(one)) for one in picks)])
        share = np.array(weights, dtype=np.float64) / float(sum(weights))
        size = np.bincount(clusters.label, minlength=len(members))
        return Ordering(
            pool=pool,
            method=self.key,
            settings=self.model_dump(mode="json"),
            seed=seed,
            rows=vectors.rows[at],
            reasons=Reasons(
                len(at),
                (
                    "kept: cluster ",
                    Number(cluster + 1),
                    f" of {len(members)}, share ",
                    Number(100 * share[cluster]),
                    " %, pick ",
                    Number(place + 1),
                    " of its ",
                    Number(size[cluster]),
                ),
            ),
            left_out=vectors.left_out,
            left_out_reasons=(vectors.left_out_reason,),
            budget=wanted,
            notes=_notes(size, quotas),
        )

    def seconds(self, pool_size: int, budget: int) -> float:
        count = max(self.num_clusters or num_clusters(pool_size), 1)
        held = pool_size / count
        return k_means_seconds(pool_size, count) + pool_size * held * 2e-8 + budget * (5e-5 + held * 1e-7)


class Kernel:
    """exp(-gamma x squared distance) of whole vectors, in whole numbers.

    It is a table over cosines made in decimal arithmetic, so that no two machines disagree about a digit.
    """

    def __init__(self, gamma: float) -> None:
        self._table = _table(str(gamma))

    def of(self, cosines: NDArray[np.float32]) -> NDArray[np.int64]:
        """Kernels of whole-number cosines; any shape."""
        steps = np.rint(cosines.astype(np.float64) * (_STEPS / COSINE_ONE)).astype(np.int64)
        return self._table[np.clip(steps + _STEPS, 0, 2 * _STEPS)]

    def sums(self, values: NDArray[np.float32]) -> NDArray[np.int64]:
        """[n]: the kernel of each of [n, D] whole vectors with all others, and 1 with itself, summed."""
        rows = max(_BLOCK_NUMBERS // len(values), 1)
        blocks = (values[at : at + rows] for at in range(0, len(values), rows))
        with_all = np.concatenate([self.of(block @ values.T).sum(axis=1) for block in blocks])
        # Rounding leaves a vector's product with itself near 1, not at it.
        found: NDArray[np.int64] = with_all - self.of(np.einsum("nd,nd->n", values, values)) + KERNEL_ONE
        return found


@lru_cache(maxsize=8)
def _table(gamma: str) -> NDArray[np.int64]:
    """[8193] kernels of the cosines from -1 to 1; squared distance is 2 - 2 x cosine."""
    with localcontext(Context(prec=20)):
        double = 2 * Decimal(gamma)
        exponents = (double * (Decimal(step) / _STEPS - 1) for step in range(-_STEPS, _STEPS + 1))
        return np.array([int((one.exp() * KERNEL_ONE).to_integral_value()) for one in exponents], dtype=np.int64)


def density(sums: NDArray[np.int64]) -> Decimal:
    """Mean kernel over the pairs of a cluster, from `Kernel.sums` of its [n] samples; never 0."""
    num = len(sums)
    if num == 1:
        return Decimal(1)
    return Decimal(max(int(sums.sum()) - num * KERNEL_ONE, 1)) / (num * (num - 1) * KERNEL_ONE)


def transferability(centroids: NDArray[np.float32]) -> list[Decimal]:
    """Mean cosine of each of [K, D] centres with the others; 0 for one alone."""
    wide = centroids.astype(np.float64)
    others = wide @ wide.sum(axis=0) - np.einsum("kd,kd->k", wide, wide)
    return [Decimal(int(one)) / (max(len(wide) - 1, 1) * COSINE_ONE) for one in others]


def share_weights(transfer: Sequence[Decimal], dense: Sequence[Decimal], tau: float) -> list[int]:
    """Softmax of transferability / (tau x density) as whole numbers, the largest near 2^60 and none 0."""
    with localcontext(Context(prec=40)):
        heat = Decimal(str(tau))
        raised = [one / (heat * other) for one, other in zip(transfer, dense, strict=True)]
        top = max(raised, default=Decimal(0))
        return [int((one - top).exp() * _WEIGHT_ONE) + 1 for one in raised]


def share_out(wanted: int, room: Sequence[int], weights: Sequence[int]) -> list[int]:
    """How many each group gives: shares of `wanted` by weight, none above its room, the unfilled spread over the others.

    All in whole numbers. What cutting fractions off leaves goes to the largest fractions, then weights, then earlier groups.
    """
    given = [0] * len(room)
    still = list(range(len(room)))
    left = min(wanted, sum(room))
    while still:
        total = sum(weights[index] for index in still)
        full = [index for index in still if left * weights[index] >= room[index] * total]
        if not full:
            break
        for index in full:
            given[index] = room[index]
        left -= sum(room[index] for index in full)
        still = [index for index in still if index not in set(full)]
    if still:
        for index in still:
            given[index] = left * weights[index] // total
        more = left - sum(given[index] for index in still)
        by_fraction = sorted(still, key=lambda index: (-(left * weights[index] % total), -weights[index], index))
        for index in by_fraction[:more]:
            given[index] += 1
    return given


def nearest_in_mean(
    kernel: Kernel, values: NDArray[np.float32], sums: NDArray[np.int64], num: int
) -> NDArray[np.int64]:
    """[num] positions of [n, D] whole vectors: each brings the discrepancy between the picks and all of them lowest.

    With m picks, adding x changes it by (2 a(x) + 1) / (m+1)^2 - 2 b(x) / ((m+1) n) and a constant, a and b being the sums of
    x's kernels with the picks and with all; so the smallest n a(x) - (m+1) b(x) is taken, the earlier among equals.
    """
    size = len(values)
    with_picks = np.zeros(size, dtype=np.int64)
    order = np.empty(num, dtype=np.int64)
    taken = np.zeros(size, dtype=bool)
    for index in range(num):
        gain = size * with_picks - (index + 1) * sums
        gain[taken] = np.iinfo(np.int64).max
        order[index] = pick = int(gain.argmin())
        taken[pick] = True
        with_picks += kernel.of(values @ values[pick])
    return order


def _notes(size: NDArray[np.int64], quotas: Sequence[int]) -> tuple[str, ...]:
    full = sum(quota == num for quota, num in zip(quotas, size.tolist(), strict=True))
    empty = sum(quota == 0 for quota in quotas)
    said = [f"{full:,} of {len(quotas):,} clusters give all they hold"] if full else []
    said += [f"{empty:,} give nothing"] if empty else []
    return (f"{', '.join(said)}.",) if said else ()
