"""Index lists made elsewhere, best first: each sample's place in the list, from 1, becomes a number column.

    import_index_list(Workspace.open(path), Path("icons_indices.txt"), name="icons", by="row", source="mix665k")

A text file with an id a line (ICONS, XMAS), a `.npy` of row numbers (COINCIDE) or of DataComp's 128-bit uids, or the Parquet
file of a selection. An id is found among ours (16 hex digits), then among those of the data set; row numbers are told as
such, since nothing in a number says which it is. Cost: one pass over ids and list.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import BadData, BadInput
from core.evidence.imports_numbers import (
    Key,
    NumbersReport,
    Samples,
    column_name,
    existing,
    joins_nothing,
    read_samples,
    write_column,
)
from core.evidence.set_aside import Aside
from core.ingest.reasons import Rejected, shown
from core.progress import Progress, silent
from core.store.ids import id_hex
from core.store.locks import writer_lock
from core.workspace import Workspace

NAME = "imported"
"""The column where nobody gives a name; the method of the same name orders by it."""


def import_index_list(
    workspace: Workspace,
    file: Path,
    *,
    name: str = NAME,
    source: str | None = None,
    by: Key | None = None,
    progress: Progress = silent,
) -> NumbersReport:
    """Read a list into the column `name`, which it replaces: places of two lists mean nothing together.

    `by` says what the entries are; without it a `.npy` of whole numbers holds row numbers, and anything else ids.
    """
    started = time.monotonic()
    path, column = existing(file), column_name(name)
    entries, kinds = _entries(path)
    with writer_lock(workspace.path, "import-evidence"):
        progress(0, len(entries), "reading samples")
        found_by, samples = _samples(workspace, source, (by,) if by else kinds, entries)
        places = np.full(len(samples.sample_id), np.nan)
        aside = Aside(workspace.store, path)
        for place, entry in enumerate(entries, 1):
            try:
                rows = samples.rows(entry)
                if rows and not np.isnan(places[rows[0]]):
                    raise Rejected("repeated_reply", f"id {shown(entry)}")
            except Rejected as problem:
                aside.add(problem, source or "", place - 1, entry, place=f"entry {place}")
                continue
            if not rows:
                aside.nobody(entry, f"entry {place}")
            places[rows] = place
        aside.write()
        aside.finish()
        said = ~np.isnan(places)
        if not said.any():
            more = "" if by else ", or give --by row where the list holds row numbers"
            raise joins_nothing(path, len(entries), entries[0] if entries else "", samples, more)
        write_column(workspace, column, samples, places, said, path, replace=True)
    return NumbersReport(
        imported=int(said.sum()),
        samples=int(said.sum()),
        columns={column: int(said.sum())},
        joined_by=found_by,
        rejected=dict(aside.rejected.most_common()),
        examples=aside.examples,
        ignored_columns={},
        seconds=round(time.monotonic() - started, 3),
    )


def _samples(
    workspace: Workspace, source: str | None, kinds: tuple[Key, ...], entries: list[str]
) -> tuple[Key, Samples]:
    """The samples by the first kind of key that any entry is; by the last where none is."""
    for kind in kinds:
        samples = read_samples(workspace, source, kind)
        if any(entry in samples.keys for entry in entries):
            break
    return kind, samples


def _entries(path: Path) -> tuple[list[str], tuple[Key, ...]]:
    """The entries in order, and what they may be."""
    kind = path.suffix.lower()
    if kind == ".npy":
        return _array(path)
    if kind == ".parquet":
        return _selection(path), ("sample_id",)
    text = path.read_text(encoding="utf-8-sig", errors="backslashreplace")
    entries = [line.strip() for line in text.splitlines() if line.strip()]
    if not entries:
        raise BadData(f"{path} holds no entry.", "Give a file with an id a line, best first.")
    return entries, ("sample_id", "id")


def _array(path: Path) -> tuple[list[str], tuple[Key, ...]]:
    try:
        array: Any = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BadData(f"{path} cannot be read as an array ({error}).", "Write it with `numpy.save`.") from error
    if array.dtype.names and len(array.dtype.names) == 2:  # DataComp: the two halves of a uid
        high, low = (array[half].tolist() for half in array.dtype.names)
        return [f"{one:016x}{other:016x}" for one, other in zip(high, low, strict=True)], ("id",)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer) or not array.size:
        raise BadData(
            f"{path} holds {array.dtype} of shape {array.shape}, not one line of whole numbers.",
            "Give row numbers, or uids as pairs (u8, u8).",
        )
    return [str(one) for one in array.tolist()], ("row",)


def _selection(path: Path) -> list[str]:
    """Our ids in the order of `rank`, or of the rows where there is no such column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise BadData(
            f"{path} cannot be read as Parquet ({str(error).splitlines()[0][:160]}).", "Write the file again."
        ) from error
    if "sample_id" not in table.column_names:
        has = ", ".join(table.column_names)
        raise BadInput(
            f"{path} has no column sample_id (it has {has}).", "Give a file written by `winnow select --out`."
        )
    if "rank" in table.column_names:
        table = table.sort_by("rank")
    return [id_hex(one) if isinstance(one, int) else str(one) for one in table["sample_id"].to_pylist()]
