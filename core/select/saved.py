"""Saved selections: the ids as a Parquet file, how they came to be as an act; immutable, content-hashed, of one snapshot."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from core.errors import BadData, BadInput
from core.filters import Filter
from core.select.ordering import Selection
from core.store.acts import Acts
from core.store.ids import digest_of
from core.store.tables import writing
from core.workspace import Workspace

_KIND = "selection"
_ID_LENGTH = 12


class SavedSelection(BaseModel):
    """What is known about a saved selection; its ids are in `path`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    selection_id: str
    name: str
    method: str
    settings: dict[str, Any]
    seed: int
    budget: str
    chosen: Filter
    snapshot: str
    num_selected: int
    pool_size: int
    sha256: str
    path: str


def write_parquet(selection: Selection, path: Path) -> str:
    """Write rank, sample_id, original_id, source, reason; gives the sha256 of the file. Same selection, same bytes."""
    import pyarrow.parquet as pq

    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with writing(path.name):
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(selection.to_table(), temporary, compression="zstd", write_statistics=False)
            digest = sha256(temporary.read_bytes()).hexdigest()
            temporary.replace(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror}).", "Give a file you may write to.") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return digest


def read_ids(path: Path) -> NDArray[np.uint64]:
    """The sample ids of a selection file in rank order; BadInput for a file that is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise BadInput(f"There is no selection file {path}.", "Make one with `winnow select --out FILE.parquet`.")
    try:
        table = pq.read_table(path, columns=["rank", "sample_id"]).sort_by("rank")
        ids = table["sample_id"].cast(pa.uint64())
        if ids.null_count:
            raise KeyError(f"{ids.null_count} rows have no sample_id")
    except (pa.ArrowException, OSError, KeyError) as error:
        raise BadInput(
            f"{path} is not a selection ({str(error).splitlines()[0][:120]}).",
            "Make one with `winnow select --out FILE.parquet`; it needs the columns rank and sample_id.",
        ) from error
    return np.asarray(ids.to_numpy(), dtype=np.uint64)


def save(workspace: Workspace, selection: Selection, *, name: str, budget: str, chosen: Filter) -> SavedSelection:
    """Keep a selection under a name; saving the same one twice gives the same entry, under another name another one.

    What is pinned is the snapshot the pool was read at, which the tables may have left meanwhile.
    """
    made = selection.provenance()
    name = name or f"{made['method']} {budget}"
    snapshot = workspace.pin_snapshot(made.get("versions"))
    said = {"name": name, "budget": budget, "chosen": chosen.model_dump(mode="json")}
    ids = sha256(selection.sample_ids.tobytes()).hexdigest()
    selection_id = digest_of({"made": made, "said": said, "snapshot": snapshot, "ids": ids})[:_ID_LENGTH]
    path = workspace.path / "selections" / f"{selection_id}.parquet"
    digest = write_parquet(selection, path)
    entry = SavedSelection(
        selection_id=selection_id,
        name=name,
        method=made["method"],
        settings=made["settings"],
        seed=made["seed"],
        budget=budget,
        chosen=chosen,
        snapshot=snapshot,
        num_selected=made["num_selected"],
        pool_size=made["pool_size"],
        sha256=digest,
        path=str(path.relative_to(workspace.path)),
    )
    Acts(workspace.acts_path).put(_KIND, selection_id, entry.model_dump(mode="json"))
    return entry


def saved(workspace: Workspace) -> list[SavedSelection]:
    """All saved selections, oldest first."""
    return [SavedSelection.model_validate(entry) for entry in Acts(workspace.acts_path).all(_KIND).values()]


def find(workspace: Workspace, name_or_id: str) -> SavedSelection:
    """The newest saved selection with this id or name; BadInput lists what there is."""
    entries = saved(workspace)
    for entry in reversed(entries):
        if name_or_id in (entry.selection_id, entry.name):
            return entry
    known = ", ".join(entry.name for entry in entries) or "none yet"
    raise BadInput(f"There is no saved selection {name_or_id!r}.", f"The saved ones are: {known}.")


def ids_of(workspace: Workspace, entry: SavedSelection) -> NDArray[np.uint64]:
    """The ids of a saved selection in rank order, its file checked against its hash."""
    path = workspace.path / entry.path
    if not path.is_file() or sha256(path.read_bytes()).hexdigest() != entry.sha256:
        raise BadData(
            f"The file of the saved selection {entry.name!r} is missing or was changed.",
            "Select again with its settings; `winnow select --name` keeps the result.",
        )
    return read_ids(path)


def remove(workspace: Workspace, entry: SavedSelection) -> None:
    """Take a saved selection off the list; its file and the act that made it stay, so this can be undone."""
    Acts(workspace.acts_path).remove(_KIND, entry.selection_id)
