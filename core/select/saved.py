"""Saved selections: the ids as a Parquet file, how they came to be as an act; immutable, content-hashed, of one snapshot.

A name is a label: renaming keeps id and file, a copy shares the file. Every state is an act, so each can be put back.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from core.errors import BadData, BadInput
from core.filters import Filter
from core.select.constraints import Constraints
from core.select.ordering import Selection
from core.store.acts import Acts
from core.store.ids import digest_of
from core.store.tables import writing
from core.workspace import Workspace

_KIND = "selection"
_ID_LENGTH = 12
_OF_THIS_SAMPLE = re.compile(r"\s-?[\d.e+-]+$")  # in a reason: what tells a sample from others kept for the same one


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
    constraints: Constraints = Constraints()
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
    # A filter's list came later than selections were saved: without one it says what it said before.
    filtered = chosen.model_dump(mode="json", exclude=None if chosen.listed else {"listed"})
    said = {"name": name, "budget": budget, "chosen": filtered}
    ids = sha256(selection.sample_ids.tobytes()).hexdigest()
    selection_id = digest_of({"made": made, "said": said, "snapshot": snapshot, "ids": ids})[:_ID_LENGTH]
    taken = {entry.selection_id: entry.name for entry in saved(workspace)}
    while taken.get(selection_id, name) != name:  # the same one, renamed since: this is another entry
        selection_id = digest_of({"beside": selection_id})[:_ID_LENGTH]
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
        constraints=Constraints.model_validate(made.get("constraints", {})),
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
    return checked_ids(workspace, entry.path, entry.sha256, entry.name)


def checked_ids(workspace: Workspace, relative_path: str, digest: str, name: str) -> NDArray[np.uint64]:
    """The ids of the file that has this hash, whatever entries name it; BadData when it has another one."""
    path = workspace.path / relative_path
    if not path.is_file() or sha256(path.read_bytes()).hexdigest() != digest:
        raise BadData(
            f"The file of the saved selection {name!r} is missing or was changed.",
            "Select again with its settings; `winnow select --name` keeps the result.",
        )
    return read_ids(path)


def remove(workspace: Workspace, entry: SavedSelection) -> None:
    """Take a saved selection off the list; its file and the act that made it stay, so this can be undone."""
    put_back(workspace, entry.selection_id, None)


def put_back(workspace: Workspace, selection_id: str, state: dict[str, Any] | None) -> None:
    """Give a saved selection a state it had before (`entry.model_dump(mode="json")`), or none: what undo and redo do."""
    acts = Acts(workspace.acts_path)
    if state is None:
        acts.remove(_KIND, selection_id)
    else:
        acts.put(_KIND, selection_id, SavedSelection.model_validate(state).model_dump(mode="json"))


def rename(workspace: Workspace, entry: SavedSelection, name: str) -> SavedSelection:
    """The same selection under another name; BadInput for an empty or a taken one."""
    name = _free_name(workspace, name, besides=entry.selection_id)
    renamed = entry.model_copy(update={"name": name})
    put_back(workspace, entry.selection_id, renamed.model_dump(mode="json"))
    return renamed


def duplicate(workspace: Workspace, entry: SavedSelection, name: str = "") -> SavedSelection:
    """A second entry for the same file, named "... copy" unless told otherwise: to rename, or to keep when the first goes."""
    if name:
        name = _free_name(workspace, name)
    else:
        taken = {one.name for one in saved(workspace)}
        tries = (f"{entry.name} copy{'' if number == 1 else f' {number}'}" for number in count(1))
        name = next(text for text in tries if text not in taken)
    known = {one.selection_id for one in saved(workspace)}
    tries = (digest_of({"copy": entry.selection_id, "name": name, "number": number})[:_ID_LENGTH] for number in count())
    copy_id = next(one for one in tries if one not in known)
    copied = entry.model_copy(update={"selection_id": copy_id, "name": name})
    put_back(workspace, copy_id, copied.model_dump(mode="json"))
    return copied


def _free_name(workspace: Workspace, name: str, besides: str = "") -> str:
    name = name.strip()
    if not name:
        raise BadInput("The selection has no name.", "Type one.")
    if any(one.name == name and one.selection_id != besides for one in saved(workspace)):
        raise BadInput(f"Another saved selection is called {name!r}.", "Type another name.")
    return name


def moved_since(
    workspace: Workspace, entry: SavedSelection, versions: Mapping[str, int] | None = None
) -> tuple[str, ...]:
    """The tables that changed after the data this selection was made of, by name; none when it is of the data as it is now.

    `versions` are those of now where they are known: asking the tables takes milliseconds, which a list of many notices.
    """
    now = workspace.versions() if versions is None else versions
    if entry.snapshot == digest_of(dict(now)):
        return ()
    then = workspace.pinned(entry.snapshot) or {}
    return tuple(sorted(table for table in {*then, *now} if then.get(table) != now.get(table))) or ("snapshot",)


def saved_at(workspace: Workspace, entry: SavedSelection) -> str:
    """When a saved selection first appeared, as UTC in ISO 8601; "" when the acts do not know."""
    acts = Acts(workspace.acts_path).history(_KIND, entry.selection_id)
    return acts[0][0] if acts else ""


def provenance_of(workspace: Workspace, entry: SavedSelection) -> dict[str, Any]:
    """What its file says of how it was made: see `Selection.provenance`."""
    import pyarrow.parquet as pq

    ids_of(workspace, entry)  # the file is the one that was written
    metadata = pq.read_schema(workspace.path / entry.path).metadata or {}
    said: dict[str, Any] = json.loads(metadata.get(b"winnow", b"{}"))
    return said


def reason_counts(workspace: Workspace, entry: SavedSelection) -> dict[str, int]:
    """How many samples were kept for which reason, most first: the words before the first comma, without a last number."""
    import pyarrow.parquet as pq

    texts = pq.read_table(workspace.path / entry.path, columns=["reason"])["reason"].to_pylist()
    counted = Counter(_OF_THIS_SAMPLE.sub("", (text or "kept").partition(",")[0]) for text in texts)
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def reasons_at(workspace: Workspace, entry: SavedSelection, ranks: Sequence[int]) -> dict[int, str]:
    """Why the samples of these ranks (from 1) were kept."""
    import pyarrow.parquet as pq

    texts = pq.read_table(workspace.path / entry.path, columns=["rank", "reason"]).sort_by("rank")["reason"]
    return {rank: str(texts[rank - 1].as_py() or "") for rank in ranks}
