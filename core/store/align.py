"""Tables that speak of samples, brought into one order, so that they stand side by side without a join."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


class InOrder:
    """Samples by source, their row there and id, and the rows of other tables beside them."""

    def __init__(self, samples: pa.Table) -> None:
        """`samples` has at least sample_id, source, content_hash and ingest_row."""
        source = samples["source"].combine_chunks().dictionary_encode()
        names = source.dictionary.to_pylist()
        rank = np.empty(len(names), dtype=np.int64)
        rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))  # text by code point
        own = rank[source.indices.to_numpy(zero_copy_only=False)]
        row = samples["ingest_row"].fill_null(np.iinfo(np.int64).max).to_numpy()
        self.samples = samples.take(pa.array(np.lexsort((samples["sample_id"].to_numpy(), row, own))))
        self._ids = self.samples["sample_id"].to_numpy()
        self._ascending = np.argsort(self._ids, kind="stable")
        self._seen: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._places = self._look_up(self._seen)

    def beside(self, said: pa.Table) -> pa.Array:
        """Rows of an evidence table as a column of structs beside the samples they speak of, content_hash left out; NULL in
        every field where none speaks of the sample as it is now."""
        ids = said["sample_id"].to_numpy()
        if not np.array_equal(ids, self._seen):  # most tables have the order of the one before
            self._seen, self._places = ids, self._look_up(ids)
        place, found = self._places
        hashes = said["content_hash"].take(pa.array(place, mask=~found))
        same = pc.equal(hashes, self.samples["content_hash"]).fill_null(False).to_numpy()
        rows = pa.array(place, mask=~same)
        taken = [column.take(rows).combine_chunks() for column in said.drop(["content_hash"]).columns]
        return pa.StructArray.from_arrays(taken, said.drop(["content_hash"]).column_names)

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
