"""What a selector sees: the samples that pass a filter, with the evidence about them as aligned arrays.

Rows stand in ascending order of `sample_id`, whatever order they came in, so nothing that is computed from a pool can
depend on the order of the table it was read from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from core.errors import BadData, MissingEvidence
from core.evidence.vectors import read_vectors
from core.filters import Filter
from core.lens import Lens
from core.store.ids import MISSING, id_hex
from core.vocabulary import CAPABILITIES, CAPABILITY_KEYS, STYLES

UNSTYLED = "no style"
"""How a person reads the bin of the samples that carry no style."""

NUMBER_COLUMNS = ("num_images", "num_turns", "num_chars", "num_text_tokens", "width_px", "height_px")
"""What a workspace knows of every sample as a number, beside its scores."""

_MAX_STYLES = 32  # one bit each in a uint32


@dataclass(frozen=True, eq=False)
class Pool:
    """N samples and what is known about them; built by `from_arrays` or `from_lens`, never directly.

    sample_id: [N] uint64, ascending; original_id: [N] string; source: [N] int32 into `source_names`, which are sorted
    by code point; scores: [C, N] uint8, a row per capability in vocabulary order, stored scale (score x 50), 255
    missing; style_bits: [N] uint32, bit i = style_names[i], 0 for a sample without a style; row: [N] int64, the place
    each sample had where it came from; columns: further numbers per sample, [N] float64 each, NaN missing.
    tag: [N] int32 into `tag_names`, -1 for a sample without one; vectors: [N, D] float32, unit length, NaN rows for samples
    without one, by the producer `vectors_by`; None where they were not asked for or nobody made any.
    `origin` says where the pool came from (snapshot, its table versions, filter). It takes no part in the digest, nor do
    the vectors: a pool is the same with and without them, and the version of their table stands in `origin`.
    """

    sample_id: NDArray[np.uint64]
    original_id: Any
    source: NDArray[np.int32]
    source_names: tuple[str, ...]
    scores: NDArray[np.uint8]
    capabilities: tuple[str, ...]
    style_bits: NDArray[np.uint32]
    style_names: tuple[str, ...]
    row: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)
    tag: NDArray[np.int32] | None = None
    tag_names: tuple[str, ...] = ()
    vectors: NDArray[np.float32] | None = None
    vectors_by: str = ""

    def __len__(self) -> int:
        return len(self.sample_id)

    @classmethod
    def from_arrays(
        cls,
        *,
        sample_id: ArrayLike,
        source: ArrayLike,
        source_names: Sequence[str],
        scores: Mapping[str, ArrayLike],
        style_bits: ArrayLike,
        style_names: Sequence[str] = STYLES,
        original_id: Any = None,
        columns: Mapping[str, ArrayLike] | None = None,
        row: ArrayLike | None = None,
        origin: Mapping[str, Any] | None = None,
        tag: ArrayLike | None = None,
        tag_names: Sequence[str] = (),
        vectors: ArrayLike | None = None,
        vectors_by: str = "",
    ) -> Pool:
        """A pool from arrays in any row order.

        `source` indexes `source_names`, in any order; `scores` maps a capability key to stored scores (uint8), and a
        capability nobody scored may be left out; `tag` indexes `tag_names`, whose order is kept, since it is that of the
        tree. Two rows with one sample_id are BadData, and so are vectors that are not of unit length.
        """
        ids = np.asarray(sample_id, dtype=np.uint64)
        order = np.argsort(ids, kind="stable")
        ids = ids[order]
        doubled = np.flatnonzero(ids[1:] == ids[:-1])
        if doubled.size:
            raise BadData(
                f"{doubled.size:,} sample ids stand twice in the pool, the first is {id_hex(int(ids[doubled[0]]))}.",
                "Run `winnow check` on the workspace.",
            )
        given = tuple(source_names)
        if len(set(given)) != len(given):
            raise BadData("A source is listed twice.", "Give each source one name.")
        codes = np.asarray(source, dtype=np.int64)[order]
        used = np.flatnonzero(np.bincount(codes, minlength=len(given)))
        names = tuple(sorted(given[code] for code in used))  # Python compares text by code point
        place = np.zeros(len(given), dtype=np.int32)
        place_of = {name: at for at, name in enumerate(names)}
        place[used] = [place_of[given[code]] for code in used]
        keys = (*CAPABILITY_KEYS, *(key for key in scores if key not in CAPABILITY_KEYS))
        table = np.full((len(keys), len(ids)), MISSING, dtype=np.uint8)
        for index, key in enumerate(keys):
            if key in scores:
                table[index] = np.asarray(scores[key], dtype=np.uint8)[order]
        bits = np.asarray(style_bits, dtype=np.uint32)[order]
        styles = tuple(style_names)
        if len(styles) > _MAX_STYLES or (len(styles) < _MAX_STYLES and bool((bits >> np.uint32(len(styles))).any())):
            raise BadData(
                f"A sample carries a style beyond the {len(styles)} that are listed.", "Prepare the styles again."
            )
        ids_there = pa.array([str(value) for value in ids]) if original_id is None else _strings(original_id, order)
        return cls(
            sample_id=ids,
            original_id=ids_there,
            source=place[codes],
            source_names=names,
            scores=table,
            capabilities=keys,
            style_bits=bits,
            style_names=styles,
            row=order.astype(np.int64) if row is None else np.asarray(row, dtype=np.int64)[order],
            columns={key: np.asarray(value, dtype=np.float64)[order] for key, value in sorted((columns or {}).items())},
            origin=dict(origin or {}),
            tag=None if tag is None else np.asarray(tag, dtype=np.int32)[order],
            tag_names=tuple(tag_names),
            vectors=None if vectors is None else _unit_length(np.asarray(vectors, dtype=np.float32)[order]),
            vectors_by=vectors_by,
        )

    @classmethod
    def from_lens(cls, lens: Lens, chosen: Filter | None = None, *, vectors: bool = False) -> Pool:
        """The samples of a workspace that pass a filter; `row` is the lens's own row number.

        With `vectors` those of the most believed embedding come along, 4 bytes a number, where there is one.
        """
        table = lens.ask("pool_columns", chosen)
        source = table["source"].combine_chunks().dictionary_encode()
        pool = cls.from_arrays(
            sample_id=table["sample_id"].to_numpy(),
            source=source.indices.to_numpy(zero_copy_only=False),
            source_names=source.dictionary.to_pylist(),
            scores={key: table[key].fill_null(MISSING).to_numpy() for key in CAPABILITY_KEYS},
            style_bits=table["style_bits"].fill_null(0).to_numpy(),
            original_id=table["original_id"].combine_chunks(),
            columns={name: _numbers(table[name]) for name in (*NUMBER_COLUMNS, *lens.number_columns)},
            row=table["row"].to_numpy(),
            origin={
                "snapshot": lens.snapshot,
                "versions": dict(lens.versions),
                "filter": (chosen or Filter()).model_dump(mode="json", exclude_defaults=True),
            },
            tag=table["top_tag"].cast(pa.int32()).fill_null(-1).to_numpy() if lens.top_tags else None,
            tag_names=lens.top_tags,
        )
        return pool.with_vectors(lens) if vectors else pool

    def with_vectors(self, lens: Lens) -> Pool:
        """The same pool with the vectors of the lens's most believed embedding; as it is where there is none."""
        made = lens.producers.get("embedding", [])
        if not made:
            return self
        found = read_vectors(lens.workspace.store, made[0], lens.versions)
        values = np.full((len(self), found.values.shape[1]), np.nan, dtype=np.float32)
        place = np.minimum(np.searchsorted(found.sample_ids, self.sample_id), max(len(found.sample_ids) - 1, 0))
        if len(found.sample_ids):
            there = found.sample_ids[place] == self.sample_id
            values[there] = found.values[place[there]]
        return replace(self, vectors=_unit_length(values), vectors_by=f"{made[0].name} {made[0].version}")

    def only(self, rows: NDArray[np.int64]) -> Pool:
        """The pool of some of its samples; `row` and `origin` stay what they are."""
        return Pool.from_arrays(
            sample_id=self.sample_id[rows],
            source=self.source[rows],
            source_names=self.source_names,
            scores={key: self.scores[index][rows] for index, key in enumerate(self.capabilities)},
            style_bits=self.style_bits[rows],
            style_names=self.style_names,
            original_id=self.original_id.take(pa.array(rows)),
            columns={name: values[rows] for name, values in self.columns.items()},
            row=self.row[rows],
            origin=self.origin,
            tag=None if self.tag is None else self.tag[rows],
            tag_names=self.tag_names,
            vectors=None if self.vectors is None else self.vectors[rows],
            vectors_by=self.vectors_by,
        )

    @cached_property
    def digest(self) -> str:
        """32 hex digits over every aligned array, in sample_id order: the same samples with the same evidence."""
        head = {
            "sources": self.source_names,
            "capabilities": self.capabilities,
            "styles": self.style_names,
            "columns": list(self.columns),
            **({} if self.tag is None else {"tags": self.tag_names}),
        }
        state = blake2b(json.dumps(head, ensure_ascii=False).encode("utf-8"), digest_size=16)
        for array, dtype in (
            (self.sample_id, "<u8"),
            (self.source, "<i4"),
            (self.scores, "u1"),
            (self.style_bits, "<u4"),
            *((column, "<f8") for column in self.columns.values()),
            *(() if self.tag is None else ((self.tag, "<i4"),)),
        ):
            state.update(np.ascontiguousarray(array, dtype=dtype).tobytes())
        return state.hexdigest()

    @cached_property
    def capability_names(self) -> tuple[str, ...]:
        """The capabilities as people call them; an added one without an entry in the vocabulary goes by its key."""
        known = {capability.key: capability.name for capability in CAPABILITIES}
        return tuple(known.get(key, key) for key in self.capabilities)

    @cached_property
    def scored(self) -> tuple[str, ...]:
        """The capabilities in which at least one sample of the pool has a score."""
        return tuple(
            key for key, row in zip(self.capabilities, self.scores, strict=True) if bool((row != MISSING).any())
        )

    @cached_property
    def numbered(self) -> tuple[str, ...]:
        """The further columns in which at least one sample of the pool has a value."""
        return tuple(name for name, values in self.columns.items() if not bool(np.isnan(values).all()))

    def values(self, name: str) -> NDArray[np.float64]:
        """[N] float64, NaN missing: a capability's scores on the 0-5 scale, or a further column.

        MissingEvidence when nothing of that name is known about any sample of the pool.
        """
        if name in self.scored:
            stored = self.scores[self.capabilities.index(name)]
            return np.where(stored == MISSING, np.nan, stored / 50.0)
        if name in self.columns and not bool(np.isnan(self.columns[name]).all()):
            return self.columns[name]
        known = ", ".join((*self.scored, *self.columns)) or "nothing yet"
        if name in self.capabilities or name in self.columns:
            raise MissingEvidence(
                f"No sample of the pool has a value in {name!r}.",
                f"Run `winnow prepare` or import it, or name one of: {known}.",
            )
        raise MissingEvidence(
            f"There is no column {name!r} to order by.",
            f"Import it with `winnow import-evidence WS FILE --format numbers`, or name one of: {known}.",
        )

    def rows_of(self, sample_ids: ArrayLike) -> NDArray[np.int64]:
        """[K] int64: where these samples stand in the pool; BadData for one that is not in it."""
        wanted = np.asarray(sample_ids, dtype=np.uint64)
        if not wanted.size:
            return np.empty(0, np.int64)
        found = np.searchsorted(self.sample_id, wanted)
        there = found < len(self)
        there[there] = self.sample_id[found[there]] == wanted[there]
        if not bool(there.all()):
            absent = wanted[~there]
            raise BadData(
                f"{absent.size:,} samples are not in the pool, the first is {id_hex(int(absent[0]))}.",
                "Use the filter they were chosen with, or select again.",
            )
        return found.astype(np.int64)


def _strings(values: Any, order: NDArray[np.int64]) -> Any:
    array = values if isinstance(values, pa.Array) else pa.array(list(values), type=pa.string())
    return array.take(pa.array(order))


def _numbers(column: Any) -> NDArray[np.float64]:
    """[N] float64, NaN where the column is null."""
    numbers: NDArray[np.float64] = column.cast(pa.float64()).fill_null(float("nan")).to_numpy()
    return numbers


def _unit_length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors as they are; BadData for one whose length is neither 1 nor, where it is missing, NaN."""
    squares = np.einsum("nd,nd->n", vectors, vectors)
    astray = np.flatnonzero(np.abs(squares - 1) > 0.02)  # NaN compares as not astray
    if astray.size:
        raise BadData(
            f"{astray.size:,} vectors are not of unit length, the first has {float(squares[astray[0]]) ** 0.5:.3g}.",
            "Make the embedding again with `winnow prepare`.",
        )
    return vectors
