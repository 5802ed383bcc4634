"""Reading embeddings: whole matrices of the samples as they are now, and the samples most like one.

The most believed embedding that is there is used, unless a producer is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.errors import BadInput, MissingEvidence
from core.store import Store, evidence
from core.store.evidence import Producer
from core.store.ids import id_hex
from core.workspace import Workspace

_PREPARE = "Run `winnow prepare` on the workspace."


@dataclass(frozen=True)
class Vectors:
    """An embedding of the samples as they are now, by ascending sample id."""

    sample_ids: NDArray[np.uint64]
    """[N]"""
    content_hashes: pa.Array
    """[N] text"""
    values: NDArray[np.float32]
    """[N, D], unit length up to the rounding of float16"""


def embedding_of(store: Store) -> Producer:
    """The most believed embedding of a workspace; MissingEvidence without any."""
    found = evidence.producers(store, "embedding")
    if not found:
        raise MissingEvidence("The workspace has no embedding yet.", _PREPARE)
    return found[0]


def current_rows(store: Store, table: pa.Table, version: int | None = None) -> NDArray[np.int64]:
    """Rows of an evidence table (sample_id, content_hash, ...) that speak of samples as they are, by sample id.

    As they are now, or in a version of the samples.
    """
    samples = store.read("samples", ["sample_id", "content_hash"], version)
    known, said = samples["sample_id"].to_numpy(), table["sample_id"].to_numpy()
    order = np.argsort(known)
    if not len(known) or not len(said):
        return np.zeros(0, dtype=np.int64)
    place = order[np.minimum(np.searchsorted(known, said, sorter=order), len(known) - 1)]
    same = pc.equal(samples["content_hash"].take(pa.array(place)), table["content_hash"])
    rows = np.flatnonzero((known[place] == said) & same.to_numpy(zero_copy_only=False).astype(bool))
    return rows[np.argsort(said[rows])]


def read_vectors(store: Store, who: Producer, versions: Mapping[str, int] | None = None) -> Vectors:
    """All current vectors of a producer, now or at the versions of a snapshot."""
    at = versions or {}
    table = store.read(who.table, version=at.get(who.table))
    table = table.take(pa.array(current_rows(store, table, at.get("samples"))))
    column = table["vector"].combine_chunks()
    width = column.type.list_size
    values = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, width).astype(np.float32)
    return Vectors(table["sample_id"].to_numpy(), table["content_hash"].combine_chunks(), values)


def similar(workspace: Workspace, sample_id: int, k: int = 12, who: Producer | None = None) -> list[tuple[int, float]]:
    """(sample_id, cosine similarity) of the `k` samples most like one, best first, itself left out."""
    store = workspace.store
    producer = who or embedding_of(store)
    if not store.exists(producer.table):
        raise MissingEvidence(f"The workspace has no embedding {producer.name} {producer.version}.", _PREPARE)
    own = store.dataset(producer.table).to_table(columns=["vector"], filter=f"sample_id = {int(sample_id)}")
    if not own.num_rows:
        if not store.samples([sample_id], ["sample_id"]).num_rows:
            raise BadInput(f"There is no sample {id_hex(sample_id)}.", "Give the id of a sample of this workspace.")
        raise MissingEvidence(f"Sample {id_hex(sample_id)} has no vector in {producer.name}.", _PREPARE)
    vector = own["vector"][0].as_py()
    found = store.nearest(producer.table, [float(value) for value in vector], k + 1)
    return [(key, closeness) for key, closeness in found if key != sample_id][:k]
