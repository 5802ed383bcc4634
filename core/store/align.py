"""Tables that speak of samples, brought into one order, so that they stand side by side without a join."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SAID = "said"
"""The field of a column of structs that says whether there is a row about the sample as it is now."""


class InOrder:
    """Samples by source, their row there and id, and the rows of other tables beside them.

    samples: sorted, `source` as a dictionary of names by code point, without content_hash; source_names: all of them, sorted.
    """

    def __init__(self, samples: pa.Table) -> None:
        """`samples` has at least sample_id, source, content_hash and ingest_row."""
        source = samples["source"].combine_chunks().dictionary_encode()
        names = source.dictionary.to_pylist()
        self.source_names = sorted(names)  # text by code point
        rank = np.empty(len(names), dtype=np.uint16 if len(names) < 2**16 else np.uint32)
        rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
        own = rank[source.indices.to_numpy(zero_copy_only=False)]
        row = samples["ingest_row"].fill_null(np.iinfo(np.int64).max).to_numpy()
        self._read_ids, self._read_hashes = samples["sample_id"].to_numpy(), samples["content_hash"]
        self._order = _sorted(own, row, self._read_ids)
        taken = {name: _take(samples[name], self._order) for name in samples.column_names if name != "content_hash"}
        taken["source"] = pa.DictionaryArray.from_arrays(own[self._order], pa.array(self.source_names, pa.string()))
        self.samples = pa.table(taken)
        self._ids = self.samples["sample_id"].to_numpy()
        self._seen: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._places = self._look_up(self._seen)

    def beside(self, about: pa.Table) -> pa.Array:
        """Rows of an evidence table as a column of structs beside the samples they speak of: `said` in place of sample_id and
        content_hash, false and NULL in every other field where none speaks of the sample as it is now."""
        ids = about["sample_id"].to_numpy()
        if np.array_equal(ids, self._read_ids):  # as a producer writes that has gone through all samples
            place = self._order
            same = pc.equal(about["content_hash"], self._read_hashes).fill_null(False).to_numpy()[place]
        else:
            if not np.array_equal(ids, self._seen):  # many tables have the order of the one before
                self._seen, self._places = ids, self._look_up(ids)
            place, found = self._places
            hashes = about["content_hash"].take(pa.array(place, mask=~found))
            same = pc.equal(hashes, self._hashes).fill_null(False).to_numpy()
        values = about.drop(["sample_id", "content_hash"])
        rows = pa.array(place, mask=None if same.all() else ~same)
        taken = [_take(column, rows) for column in values.columns]
        return pa.StructArray.from_arrays([pa.array(same), *taken], [SAID, *values.column_names])

    @cached_property
    def _hashes(self) -> pa.Array:
        return _take(self._read_hashes, self._order)

    @cached_property
    def _ascending(self) -> NDArray[np.int64]:
        return np.argsort(self._ids, kind="stable")

    def _look_up(self, ids: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """(place in `ids`, whether it is there) of each sample; [N] each."""
        place = np.zeros(len(self._ids), dtype=np.int64)
        if not len(ids):
            return place, np.zeros(len(self._ids), dtype=bool)
        order = np.argsort(ids, kind="stable")
        # Looked up in ascending order, which stays in the cache.
        at = np.searchsorted(ids[order], self._ids[self._ascending])
        place[self._ascending] = order[np.minimum(at, len(ids) - 1)]
        return place, ids[place] == self._ids


def _sorted(own: NDArray[Any], row: NDArray[np.int64], ids: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The order by source, row and id; samples mostly stand in it but for the sources, which a sort of small numbers mends."""
    order = np.argsort(own, kind="stable")
    a, b, c = own[order], row[order], ids[order]
    falls = (b[1:] < b[:-1]) | ((b[1:] == b[:-1]) & (c[1:] < c[:-1]))
    return np.lexsort((ids, row, own)) if bool((falls & (a[1:] == a[:-1])).any()) else order


def _take(column: pa.ChunkedArray, rows: Any) -> pa.Array:
    """The rows of a column; out of one piece, because every row of many pieces is looked for in all of them."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    taken = whole.take(pa.array(rows) if isinstance(rows, np.ndarray) else rows)
    return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken
