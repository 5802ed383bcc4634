"""How diverse a selection is, by its vectors and its copies, beside its pool and beside Random of the same size.

No such number means anything alone: fewer samples always lie further apart, and a pool of near copies has few directions.
These are diagnostics and no measure of quality; whether diversity helps is a question for an ablation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import BadData
from core.evidence.contents import Contents, read_contents
from core.lens import Lens
from core.progress import Progress, silent
from core.select.pool import Pool
from core.select.uniform import Random
from core.store.ids import purpose_key

NEAR_COSINE = 0.95
"""Above this cosine of their vectors two samples count as near copies."""

EXACT_ROWS = 10_000
"""Up to so many samples every one's nearest neighbour is looked for; above, those of the landmarks alone."""

LANDMARKS = 2_000
SPECTRUM_ROWS = 2_000
RANDOM_SEEDS = (1, 2, 3)

CLEAR = 5
"""So many times the spread of Random's seeds is a clear difference: Student's t of two degrees beyond 4.3."""

_BLOCK_CELLS = 8_000_000  # cosines held at once: 32 MB
_SECONDS_PER_PAIR, _SECONDS_PER_PRODUCT, _SECONDS_PER_SAMPLE = 4e-9, 2.5e-11, 2e-5  # measured on one core


@dataclass(frozen=True)
class Measure:
    """A number about a set of samples: what it is called, what it says and how it is written."""

    key: str
    title: str
    says: str
    form: Literal["distance", "number", "share"]


MEASURES = (
    Measure(
        "neighbour_distance",
        "Nearest neighbour",
        "Mean distance (1 minus cosine) of a sample's vector to the nearest other one of the same set. "
        "Fewer samples always lie further apart: compare with Random, not with the pool.",
        "distance",
    ),
    Measure(
        "vendi",
        "Vendi score",
        "How many samples that share nothing would be as varied as this set: order 1, cosine kernel (Friedman & Dieng 2022). "
        "1 when all are alike; at most the dimensions of the vectors.",
        "number",
    ),
    Measure(
        "effective_rank",
        "Effective rank",
        "How many directions the vectors use: exp of the entropy of their singular values (Roy & Vetterli 2007). "
        "1 when all point the same way; rare directions weigh more here than in the Vendi score.",
        "number",
    ),
    Measure(
        "exact",
        "Exact copies",
        "Samples with an exact copy in the same set: the same conversation over the same pictures.",
        "share",
    ),
    Measure(
        "near",
        "Near copies",
        f"Samples whose nearest neighbour in the set has a cosine above {NEAR_COSINE}; exact copies are among them. "
        "Templated charts and documents can lie as near without being copies.",
        "share",
    ),
    Measure(
        "picture",
        "Same picture",
        "Samples that show a picture which another sample of the set shows too. "
        "Many sources ask several questions of one picture on purpose.",
        "share",
    ),
)
"""In display order."""


@dataclass(frozen=True, eq=False)
class Material:
    """What the measures read of the N samples of a pool, in pool order.

    sample_id: [N] uint64; vectors: [N, D] float32, NaN rows where a sample has none, D = 0 without any embedding; `vectors_by` names
    who made them.
    """

    sample_id: NDArray[np.uint64]
    vectors: NDArray[np.float32]
    contents: Contents
    vectors_by: str = ""

    @classmethod
    def from_lens(cls, lens: Lens, pool: Pool) -> Material:
        """What a workspace knows of the samples of a pool that was read through the same lens."""
        seen = pool if pool.vectors is not None else pool.with_vectors(lens)
        vectors = np.zeros((len(pool), 0), dtype=np.float32) if seen.vectors is None else seen.vectors
        contents = read_contents(lens.workspace.store, pool.sample_id, lens.versions.get("samples"))
        return cls(pool.sample_id, vectors, contents, seen.vectors_by)

    def __post_init__(self) -> None:
        if not len(self.sample_id) == len(self.vectors) == len(self.contents.content):
            raise BadData("Vectors and contents are not of the samples they are measured for.", "Open the page again.")


@dataclass(frozen=True)
class Reading:
    """The measures of one set of samples by their keys; NaN where there is nothing to measure, shares from 0 to 1.

    `num_looked_at` samples had their nearest neighbour looked for, `num_in_spectrum` were in Vendi score and effective rank:
    fewer than `num_vectors` means sampled.
    """

    num: int
    num_vectors: int
    num_looked_at: int
    num_in_spectrum: int
    values: Mapping[str, float] = field(default_factory=dict)

    def sampled(self, key: str) -> int | None:
        """On how many samples a measure was taken, where it was not all that have a vector."""
        if key in ("neighbour_distance", "near"):
            looked_at = self.num_looked_at
        elif key in ("vendi", "effective_rank"):
            looked_at = self.num_in_spectrum
        else:
            return None
        return looked_at if looked_at < self.num_vectors else None


@dataclass(frozen=True)
class Diversity:
    """A selection's measures with those of its pool and of Random with as many samples, once per seed."""

    chosen: Reading
    pool: Reading
    random: tuple[Reading, ...]
    vectors_by: str = ""

    def expected(self, key: str) -> tuple[float, float]:
        """Mean and sample standard deviation of a measure over the random selections."""
        values = np.array([reading.values[key] for reading in self.random])
        return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else float("nan")

    def against_random(self, key: str) -> int:
        """1 or -1 where a measure of the selection lies above or below Random's by more than luck explains, else 0.

        More than CLEAR times the spread from the mean, where there is a spread: with three seeds about one in twenty random
        selections would do so too.
        """
        mean, spread = self.expected(key)
        away = self.chosen.values[key] - mean
        return int(np.sign(away)) if spread > 0 and abs(away) > CLEAR * spread else 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about these numbers: what was left out, what was sampled."""
        said = []
        without = self.chosen.num - self.chosen.num_vectors
        if without:
            said.append(
                f"{without:,} of the {self.chosen.num:,} selected samples have no vector and are in the copies alone."
            )
        readings = (("selection", self.chosen), ("pool", self.pool))
        sampled = []
        for what, key in (("nearest neighbours", "neighbour_distance"), ("Vendi score and effective rank", "vendi")):
            counts = [(name, one.sampled(key)) for name, one in readings]
            parts = [f"{count:,} of the {name}" for name, count in counts if count is not None]
            if parts:
                sampled.append(f"{what} on {' and '.join(parts)}")
        if sampled:
            said.append(f"Sampled by the landmark key: {'; '.join(sampled)}.")
        return tuple(said)

    def as_json(self) -> dict[str, Any]:
        """Every measure of the selection, of Random (mean, spread over the seeds) and of the pool, with what was sampled."""
        measures = {}
        for one in MEASURES:
            mean, spread = self.expected(one.key)
            measures[one.key] = {
                "selection": self.chosen.values[one.key],
                "random": {"mean": mean, "spread": spread},
                "pool": self.pool.values[one.key],
                "sampled": {"selection": self.chosen.sampled(one.key), "pool": self.pool.sampled(one.key)},
            }
        return {
            "vectors_by": self.vectors_by,
            "num_vectors": {"selection": self.chosen.num_vectors, "pool": self.pool.num_vectors},
            "near_cosine": NEAR_COSINE,
            "random_seeds": list(RANDOM_SEEDS),
            "measures": measures,
            "notes": list(self.notes),
        }


# -- one set of samples --------------------------------------------------------------------------------------------------


def measure(material: Material, rows: NDArray[np.int64] | None = None) -> Reading:
    """The measures of some rows of a pool ([K] int64, no repeats, any order), or of all of it.

    Cost: min(K, LANDMARKS) x K cosines above EXACT_ROWS, K x K below, and the spectrum of at most SPECTRUM_ROWS rows. With 192
    dimensions on one core 10,000 samples take about 0.6 s, 100,000 about 1 s, a million about 9 s.
    """
    rows = np.arange(len(material.sample_id)) if rows is None else np.sort(rows)
    there = rows[~np.isnan(material.vectors[rows, 0])] if material.vectors.shape[1] else rows[:0]
    looked_at = there if len(there) <= EXACT_ROWS else landmarks(material.sample_id, there, LANDMARKS)
    in_spectrum = landmarks(material.sample_id, there, SPECTRUM_ROWS)
    values = dict.fromkeys((one.key for one in MEASURES), float("nan"))
    if len(there) > 1:
        cosine = nearest_cosine(material.vectors, there, looked_at)
        values["neighbour_distance"] = float(np.mean(1 - cosine, dtype=np.float64))
        values["near"] = float((cosine > NEAR_COSINE).mean())
    if len(there):
        sizes = singular_values(material.vectors[in_spectrum])
        values["vendi"], values["effective_rank"] = vendi_score(sizes), effective_rank(sizes)
    if len(rows):
        values["exact"] = float(with_copy(material.contents, rows).mean())
        values["picture"] = float(with_same_picture(material.contents, rows).mean())
    return Reading(len(rows), len(there), len(looked_at), len(in_spectrum), values)


def landmarks(sample_id: NDArray[np.uint64], rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """At most `count` of the rows, ascending: those with the smallest landmark key, so that a set has always the same."""
    if len(rows) <= count:
        return rows
    return np.sort(rows[np.argsort(purpose_key(sample_id[rows], 0, "landmark"), kind="stable")[:count]])


def nearest_cosine(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], looked_at: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The largest cosine of each of `looked_at` with any other of `rows`, exact: [Q] float32, -1 to 1.

    rows: [K] int64, ascending, at least two; looked_at: [Q], some of them. The neighbours of a sample of the set are looked for in all
    of the set: looked for within the sample alone they would be further away than they are.
    """
    questions = _unit(vectors[looked_at])
    own = np.searchsorted(rows, looked_at)
    best = np.full(len(looked_at), -1, dtype=np.float32)
    block = max(1, _BLOCK_CELLS // max(1, len(looked_at)))
    for start in range(0, len(rows), block):
        near = questions @ _unit(vectors[rows[start : start + block]]).T
        inside = np.flatnonzero((own >= start) & (own < start + block))
        near[inside, own[inside] - start] = -1  # nobody is their own neighbour
        np.maximum(best, near.max(axis=1), out=best)
    return np.minimum(best, np.float32(1))  # rounding takes equal vectors a little above


def singular_values(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Singular values of [n, D] vectors brought to unit length, not centred, largest first: [min(n, D)] float64.

    As roots of the eigenvalues of the smaller Gram matrix, which takes a tenth of the time of a decomposition of the vectors (far less
    on busy cores); what that leaves uncertain is about 1e-8 of the largest, and is taken as nought.
    """
    unit = _unit(vectors.astype(np.float64))
    gram = unit @ unit.T if len(unit) <= unit.shape[1] else unit.T @ unit
    squares = np.linalg.eigvalsh(gram)[::-1]
    rounding = squares[0] * len(unit) * np.finfo(np.float64).eps
    return np.asarray(np.sqrt(np.where(squares > rounding, squares, 0.0)))


def vendi_score(singular: NDArray[np.float64]) -> float:
    """Exp of the entropy of the eigenvalues of K / n, K the cosines of n unit vectors; of order 1.

    Friedman & Dieng, "The Vendi Score: A Diversity Evaluation Metric for Machine Learning" (2022). K / n has the squares of
    the vectors' singular values over n as its eigenvalues, so the n x n matrix is never made.
    """
    return _exp_entropy(singular**2)


def effective_rank(singular: NDArray[np.float64]) -> float:
    """Exp of the entropy of the singular values divided by their sum.

    Roy & Vetterli, "The effective rank: a measure of effective dimensionality" (EUSIPCO 2007).
    """
    return _exp_entropy(singular)


def with_copy(contents: Contents, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the rows have an exact copy among the others: [K] bool."""
    codes = contents.content[rows]
    _, place, count = np.unique(codes, return_inverse=True, return_counts=True)
    return np.asarray((count[place] > 1) & (codes >= 0))


def with_same_picture(contents: Contents, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the rows show a picture that another of them shows too: [K] bool."""
    first, shown = contents.picture_offsets[rows], np.diff(contents.picture_offsets)[rows]
    row = np.repeat(np.arange(len(rows)), shown)
    within = np.arange(len(row)) - np.repeat(np.cumsum(shown) - shown, shown)
    codes = contents.picture_codes[np.repeat(first, shown) + within]
    shared = np.bincount(codes, minlength=1)[codes] > 1
    return np.bincount(row, weights=shared, minlength=len(rows)) > 0


def _unit(vectors: NDArray[Any]) -> NDArray[Any]:
    """[n, D] of unit length: stored vectors are float16, whose rounding would show in cosines near 1."""
    length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]
    return np.asarray(vectors / np.where(length == 0, 1, length))


def _exp_entropy(parts: NDArray[np.float64]) -> float:
    total = parts.sum()
    shares = parts[parts > 0] / total if total > 0 else parts[:0]
    return float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else float("nan")


# -- beside the pool and beside Random ----------------------------------------------------------------------------------


SETS = ("selection", *(f"random {seed}" for seed in RANDOM_SEEDS), "pool")
"""What is measured beside each other; Random with as many samples as the selection, once per seed."""


def rows_of_set(name: str, pool: Pool, chosen: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The rows of one of SETS, given those of the selection; None is all of the pool."""
    if name == "selection":
        return chosen
    if name == "pool":
        return None
    return Random().order(pool, seed=RANDOM_SEEDS[SETS.index(name) - 1]).rows[: len(chosen)]


def beside(material: Material, pool: Pool, sample_ids: NDArray[np.uint64], progress: Progress = silent) -> Diversity:
    """A selection ([K] uint64 ids of samples of the pool) measured with its pool and with Random of the same size."""
    chosen = pool.rows_of(sample_ids)
    readings = []
    for done, name in enumerate(SETS):
        progress(done, len(SETS), f"Measuring {name}")
        readings.append(measure(material, rows_of_set(name, pool, chosen)))
    progress(len(SETS), len(SETS), "Measured")
    return of_readings(readings, material.vectors_by)


def of_readings(readings: list[Reading], vectors_by: str) -> Diversity:
    """Readings in the order of SETS as one answer."""
    chosen, *random, pool = readings
    return Diversity(chosen, pool, tuple(random), vectors_by)


def seconds_for(num: int, pool_size: int, num_dimensions: int) -> float:
    """About how long `beside` and reading what it needs take for `num` of `pool_size` samples; within a factor of two or so."""
    pairs = 0
    for size in (*[num] * (1 + len(RANDOM_SEEDS)), pool_size):
        pairs += size * (size if size <= EXACT_ROWS else LANDMARKS)
    return pairs * (_SECONDS_PER_PAIR + num_dimensions * _SECONDS_PER_PRODUCT) + pool_size * _SECONDS_PER_SAMPLE
