"""What a selector sees: the samples that pass a filter, with the evidence about them as aligned arrays.

Rows stand in ascending order of `sample_id`, whatever order they came in, so nothing that is computed from a pool can
depend on the order of the table it was read from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from core.errors import BadData, MissingEvidence
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
    `origin` says where the pool came from (snapshot, its table versions, filter) and takes no part in the digest.
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
    ) -> Pool:
        """A pool from arrays in any row order.

        `source` indexes `source_names`, in any order; `scores` maps a capability key to stored scores (uint8), and a
        capability nobody scored may be left out. Two rows with one sample_id are BadData.
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
        )

    @classmethod
    def from_lens(cls, lens: Lens, chosen: Filter | None = None) -> Pool:
        """The samples of a workspace that pass a filter; `row` is the lens's own row number."""
        table = lens.ask("pool_columns", chosen)
        source = table["source"].combine_chunks().dictionary_encode()
        return cls.from_arrays(
            sample_id=table["sample_id"].to_numpy(),
            source=source.indices.to_numpy(zero_copy_only=False),
            source_names=source.dictionary.to_pylist(),
            scores={key: table[key].fill_null(MISSING).to_numpy() for key in CAPABILITY_KEYS},
            style_bits=table["style_bits"].fill_null(0).to_numpy(),
            original_id=table["original_id"].combine_chunks(),
            columns={name: _numbers(table[name]) for name in NUMBER_COLUMNS},
            row=table["row"].to_numpy(),
            origin={
                "snapshot": lens.snapshot,
                "versions": dict(lens.versions),
                "filter": (chosen or Filter()).model_dump(mode="json", exclude_defaults=True),
            },
        )

    @cached_property
    def digest(self) -> str:
        """32 hex digits over every aligned array, in sample_id order: the same samples with the same evidence."""
        head = {
            "sources": self.source_names,
            "capabilities": self.capabilities,
            "styles": self.style_names,
            "columns": list(self.columns),
        }
        state = blake2b(json.dumps(head, ensure_ascii=False).encode("utf-8"), digest_size=16)
        for array, dtype in (
            (self.sample_id, "<u8"),
            (self.source, "<i4"),
            (self.scores, "u1"),
            (self.style_bits, "<u4"),
            *((column, "<f8") for column in self.columns.values()),
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
        raise MissingEvidence(f"There is no column {name!r} to order by.", f"Name one of: {known}.")

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
