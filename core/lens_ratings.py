"""People's ratings in the table `samples` of a lens: laid over what producers said, cell by cell, and lifted again when taken back.

Only the samples that were rated since are written, in place: nothing is loaded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.lens_tables import BARS, OR_0
from core.store import ratings
from core.store.ids import MISSING, SCORE_SCALE
from core.vocabulary import CAPABILITY_KEYS
from core.workspace import RATINGS, Workspace

_BY = tuple(f"{key}_by" for key in CAPABILITY_KEYS)
_CELLS = ", ".join(f'"{name}"' for name in (*CAPABILITY_KEYS, *_BY))


@dataclass(frozen=True)
class _Below:
    """A sample as it is scored without people: its row, and stored scores and producers by capability, MISSING for none."""

    row: int
    cells: tuple[int, ...]


class LensRatings:
    """The ratings in a lens; given: all that stand, whether they count or not."""

    def __init__(
        self,
        workspace: Workspace,
        database: duckdb.DuckDBPyConnection,
        said_by: int,
        at: Mapping[str, int] | None = None,
    ) -> None:
        """`said_by` is what the columns that name producers hold for people; `at` is the snapshot of a lens that stays there."""
        self._store, self._database, self._said_by = workspace.store, database, said_by
        self._hashes: dict[int, str] = {}
        self._below: dict[int, _Below] = {}
        self._num_scores: dict[int, int] = {}
        self._version = None if at is None else at.get("samples")
        self.given = ratings.Ratings(workspace, None if at is None else at.get(RATINGS, 0))
        # Cells that are not yet as `given` has them.
        self._behind = {(one, key) for one in self.given.sample_ids for key, _ in self.given.of(one)}
        self._lay()

    @property
    def num_scores(self) -> int:
        """How many scores are people's."""
        return sum(self._num_scores.values())

    @property
    def num_samples(self) -> int:
        """How many samples have a score that is people's."""
        return sum(num > 0 for num in self._num_scores.values())

    def follow(self) -> None:
        """Bring the table up to the ratings as they stand now."""
        self._behind |= self.given.follow()
        self._lay()

    def content_hash(self, sample_id: int) -> str | None:
        """The content a rated sample has in this lens; None for one that nobody rated or that is not there."""
        return self._hashes.get(sample_id)

    def below(self, sample_id: int) -> dict[str, tuple[int, int]]:
        """(stored score, place of its producer) by capability, as they would be without people; nothing of a sample nobody rated."""
        found = self._below.get(sample_id)
        if found is None:
            return {}
        pairs = zip(CAPABILITY_KEYS, found.cells[: len(_BY)], found.cells[len(_BY) :], strict=True)
        return {key: (score, by) for key, score, by in pairs if score != MISSING}

    def _lay(self) -> None:
        """Give the samples that are behind the scores that people, or else producers, give them now."""
        moved = sorted({one for one, _ in self._behind})
        if not moved:
            return
        self._hashes.update(
            ratings.contents(self._store, [one for one in moved if one not in self._hashes], self._version)
        )
        cursor = self._database.cursor()
        try:
            self._look_below(cursor, [one for one in moved if one not in self._below])
            # In the order of the table: out of it 12,000 rows take 3 s to write and not 30 ms.
            there = sorted((one for one in moved if one in self._below), key=lambda one: self._below[one].row)
            keys = {key for _, key in self._behind}  # one, mostly: writing all columns takes three times as long
            names = [name for key in keys for name in (key, f"{key}_by", OR_0[key])]
            names += ["top_capability", *(name for name, packed in BARS.items() if keys.intersection(packed))]
            cursor.register("rated_in", self._cells(there).select(["row", *names]))
            changed = ", ".join(f'"{name}" = n."{name}"' for name in names)
            cursor.execute(f"UPDATE samples SET {changed} FROM rated_in n WHERE samples.row = n.row")
        finally:
            cursor.close()
        self._behind = set()

    def _look_below(self, cursor: duckdb.DuckDBPyConnection, sample_ids: Sequence[int]) -> None:
        """Remember what is about to be covered."""
        if not sample_ids:
            return
        cursor.register("asked_in", pa.table({"sample_id": pa.array(sample_ids, pa.uint64())}))
        rows = cursor.execute(f"SELECT sample_id, row, {_CELLS} FROM samples SEMI JOIN asked_in USING (sample_id)")
        for sample_id, row, *cells in rows.fetchall():
            self._below[sample_id] = _Below(row, tuple(MISSING if one is None else one for one in cells))

    def _cells(self, sample_ids: Sequence[int]) -> pa.Table:
        """The columns of `samples` that follow from scores, for these samples as they are scored now."""
        num = len(CAPABILITY_KEYS)
        found = np.array([self._below[one].cells for one in sample_ids], dtype=np.uint8).reshape(-1, 2 * num)
        scores, by = found[:, :num], found[:, num:]
        for at, one in enumerate(sample_ids):
            given = self.given.scores(one, self._hashes.get(one))
            self._num_scores[one] = len(given)
            for key, score in given.items():
                place = CAPABILITY_KEYS.index(key)
                scores[at, place], by[at, place] = score, self._said_by
        known = np.where(scores == MISSING, 0, scores)
        best = np.where(known.max(axis=1, initial=0) > 0, known.argmax(axis=1), MISSING).astype(np.uint8)
        columns = {key: _nullable(scores[:, place]) for place, key in enumerate(CAPABILITY_KEYS)}
        columns |= {name: _nullable(by[:, place]) for place, name in enumerate(_BY)}
        columns |= {"top_capability": _nullable(best), **{name: _bars(scores, keys) for name, keys in BARS.items()}}
        columns |= {name: pa.array(known[:, place]) for place, name in enumerate(OR_0.values())}
        return pa.table({"row": pa.array([self._below[one].row for one in sample_ids], pa.uint32()), **columns})


def _nullable(values: NDArray[np.uint8]) -> pa.Array:
    return pa.array(values, mask=values == MISSING)


def _bars(scores: NDArray[np.uint8], keys: Iterable[str]) -> pa.Array:
    """Rounded scores of some capabilities in one number, as `BARS` says."""
    packed = np.zeros(len(scores), dtype=np.uint16)
    for at, key in enumerate(keys):
        stored = scores[:, CAPABILITY_KEYS.index(key)].astype(np.uint16)
        rounded = np.where(stored == MISSING, 7, (stored + SCORE_SCALE // 2) // SCORE_SCALE).astype(np.uint16)
        packed |= rounded << np.uint16(3 * at)
    return pa.array(packed)
