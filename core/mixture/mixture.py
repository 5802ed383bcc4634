"""A recipe against a workspace: which sample trains in which stage, in which order, and what is left out and why.

Files of saved selections are read, everything else comes through the lens; only freezing writes, the pin of a snapshot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadData, BadInput
from core.filters import Filter
from core.lens import Lens
from core.mixture.moved import Gone, Moved, moved, refuse_unmet, source_entries
from core.mixture.recipe import BudgetEntry, PartEntry, Recipe, SelectionByMethod, SelectionFromFile, Stage
from core.mixture.uses import repeated, rows_used
from core.select import saved
from core.select.budget import Budget
from core.select.groups import is_in, labels_for
from core.select.methods import choose
from core.select.methods import settings as settings_of
from core.select.pool import Pool
from core.store.ids import purpose_key

HOLDOUT_PERCENT = 3
HOLDOUT_LEAST = 32  # of a mixture ten times as large: fewer samples say nothing steady about a loss
HOLDOUT_MOST = 256

NOT_IN_THE_WORKSPACE = "not in the workspace"
SOURCE_REMOVED = "of a source that was removed"
LISTED_TWICE = "listed twice in its selection file"


@dataclass(frozen=True, eq=False)
class Chosen:
    """A selection of the recipe with its samples, best first: sample_ids [K] uint64.

    `made` says how it came to be; `dropped` lists (sample_id, reason) of what its file names and cannot be used.
    """

    key: str
    sample_ids: NDArray[np.uint64]
    made: dict[str, Any]
    dropped: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class StageSamples:
    """The samples of a stage, repeats included: [K] uint64 ids and [K] int32 indices into `selection_keys`.

    `listed` is part by part, best first; `order` gives the positions of `listed` in training order, [K] int64.
    """

    stage: Stage
    listed: NDArray[np.uint64]
    selection: NDArray[np.int32]
    selection_keys: tuple[str, ...]
    order: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.listed)


@dataclass(frozen=True, eq=False)
class Mixture:
    """A recipe with its samples; `pool` holds every sample of the workspace, for counts before and after.

    `moved` is what differs from the snapshot that the recipe was frozen at, None where nothing does.
    """

    recipe: Recipe
    snapshot: str
    pool: Pool
    chosen: dict[str, Chosen]
    stages: tuple[StageSamples, ...]
    notes: tuple[str, ...]
    moved: Moved | None = None

    def sample_ids(self) -> NDArray[np.uint64]:
        """[U] uint64, ascending: every sample that any stage trains on."""
        return np.unique(np.concatenate([stage.listed for stage in self.stages]))


def resolve(
    recipe: Recipe, lens: Lens, folder: Path | None = None, *, accept_newer: bool = False, pool: Pool | None = None
) -> Mixture:
    """Find the samples of every stage; `pool` is the whole workspace, where it is read already.

    `folder` is where the recipe's file stands, for relative paths of selection files. A source or a file that is not
    there is BadInput; single samples that are not there are left out with a reason. With `accept_newer` sources may be gone or
    other ones than the recipe was made with: what can still be had is taken, and `moved` says what differs.
    """
    pool = Pool.from_lens(lens) if pool is None else pool
    chosen = choose_samples(recipe, lens, pool, folder, accept_newer=accept_newer)
    since = moved(recipe, lens)
    notes = [f"{key}: {note}" for key, one in chosen.items() for note in one.notes]
    notes += [f"The selection {key} is in no stage." for key in recipe.selections if key not in chosen]
    if since is not None:
        notes += since.sentences()
        if recipe.snapshot and (since.tables or not since.is_kept):
            notes.append("The workspace has changed since the recipe was frozen; selections by method may differ.")
    return Mixture(
        recipe=recipe,
        snapshot=lens.snapshot,
        pool=pool,
        chosen=chosen,
        stages=tuple(stage_samples(stage, chosen, pool) for stage in recipe.stages),
        notes=tuple(notes),
        moved=since,
    )


def choose_samples(
    recipe: Recipe, lens: Lens, pool: Pool, folder: Path | None = None, *, accept_newer: bool = False
) -> dict[str, Chosen]:
    """The samples of every selection that a stage uses; `pool` is the whole workspace."""
    if not accept_newer:
        refuse_unmet(recipe, lens)
    gone = cache(lambda: Gone.since(recipe, lens))
    pools = {"": pool}
    used = {part.selection for stage in recipe.stages for part in stage.parts}
    chosen = {}
    for key, entry in recipe.selections.items():
        if key not in used:
            continue
        if isinstance(entry, SelectionFromFile):
            chosen[key] = _from_file(key, entry, lens, pool, folder, gone, accept_newer)
        else:
            if entry.where not in pools:
                pools[entry.where] = Pool.from_lens(lens, Filter(where=entry.where))
            chosen[key] = _by_method(key, entry, pools[entry.where], lens, accept_newer)
    return chosen


def stage_samples(stage: Stage, chosen: dict[str, Chosen], pool: Pool | None = None) -> StageSamples:
    """The parts of a stage within their caps and with their repeats (see `core.mixture.uses`), and the training order.

    `pool` knows sources and tokens, which caps need; it must hold every sample.
    Order: ascending `shuffle` key of the sample at the stage's seed; the c-th further copy of a sample takes the key at
    seed + c, so that copies spread over the stage instead of standing side by side.
    """
    keys = tuple(chosen)
    ids = [repeated(_used(part, chosen[part.selection].sample_ids, pool), part.repeat) for part in stage.parts]
    listed = np.concatenate([np.empty(0, np.uint64), *ids])
    selection = np.repeat(
        np.array([keys.index(part.selection) for part in stage.parts], dtype=np.int32), [len(each) for each in ids]
    )
    copy = occurrence(listed)
    order_key = np.zeros(len(listed), dtype=np.uint64)
    for number in range(int(copy.max(initial=0)) + 1):
        of_copy = copy == number
        order_key[of_copy] = purpose_key(listed[of_copy], stage.shuffle_seed + number, "shuffle")
    return StageSamples(stage, listed, selection, keys, np.lexsort((copy, listed, order_key)))


def _used(part: PartEntry, sample_ids: NDArray[np.uint64], pool: Pool | None) -> NDArray[np.uint64]:
    if part.cap is None and part.cap_per_source is None:
        return sample_ids
    assert pool is not None, "caps need the pool"
    return pool.sample_id[rows_used(part, pool.rows_of(sample_ids), pool)]


def occurrence(sample_ids: NDArray[np.uint64]) -> NDArray[np.int64]:
    """[K] int64: how often each id stands earlier in the list, 0 at its first place."""
    order = np.argsort(sample_ids, kind="stable")
    sorted_ids = sample_ids[order]
    starts = np.flatnonzero(np.concatenate(([True], sorted_ids[1:] != sorted_ids[:-1]))) if len(order) else order
    lengths = np.diff(np.concatenate((starts, [len(order)])))
    counts = np.empty(len(order), dtype=np.int64)
    counts[order] = np.arange(len(order)) - np.repeat(starts, lengths)
    return counts


def holdout(sample_ids: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The samples kept out of training for a held-out loss: 3 %, at most 256, first by the key of purpose `fold`.

    A small mixture gives more than that: 32, but no more than a tenth; one of fewer than 20 samples gives one, a single
    sample none. The result is in the order of the key.
    """
    size = len(sample_ids)
    least = max(min(size // 10, HOLDOUT_LEAST), 1)
    num = min(max(size * HOLDOUT_PERCENT // 100, least), HOLDOUT_MOST) if size > 1 else 0
    return sample_ids[np.argsort(purpose_key(sample_ids, 0, "fold"), kind="stable")[:num]]


def _by_method(key: str, entry: SelectionByMethod, pool: Pool, lens: Lens, may_be_empty: bool) -> Chosen:
    if not len(pool) and may_be_empty:
        note = f"It keeps nothing: no sample passes {entry.where!r}."
        return Chosen(key, np.empty(0, np.uint64), {"method": entry.method, "num_selected": 0}, notes=(note,))
    if not len(pool):
        raise BadInput(f"The selection {key} keeps nothing: no sample passes {entry.where!r}.", "Widen its condition.")
    selector = settings_of(entry.method, entry.settings)
    read = pool.with_vectors(lens) if selector.needs_vectors else pool
    labels = None if entry.constraints.is_empty else labels_for(lens, read, entry.constraints)
    budget = budget_of(entry.budget)
    notes: tuple[str, ...] = ()
    if may_be_empty and entry.budget.samples is not None and entry.budget.samples > len(pool):
        budget = Budget.samples(len(pool))
        notes = (f"It keeps all {len(pool):,} samples there are, {entry.budget.samples:,} were asked for.",)
    selection = choose(selector, read, budget, entry.seed, entry.constraints, labels)
    return Chosen(key, selection.sample_ids, selection.provenance(), notes=(*notes, *selection.notes))


def budget_of(entry: BudgetEntry) -> Budget:
    """A recipe's budget as the selectors take it."""
    if entry.percent is not None:
        return Budget.percent(entry.percent)
    return Budget.samples(entry.samples) if entry.samples is not None else Budget.tokens(entry.tokens or 0)


def _from_file(
    key: str,
    entry: SelectionFromFile,
    lens: Lens,
    pool: Pool,
    folder: Path | None,
    gone: Callable[[], Gone],
    may_be_empty: bool,
) -> Chosen:
    path = selection_path(entry, lens, folder)
    digest = sha256(path.read_bytes()).hexdigest()
    if entry.sha256 and digest != entry.sha256:
        raise BadData(
            f"The selection file {path} is not the one the recipe was made with (its sha256 is {digest[:12]}...).",
            "Put the original file back, or take `sha256` out of the recipe to use this one.",
        )
    ids = saved.read_ids(path)
    again = occurrence(ids) > 0
    dropped = [(int(value), LISTED_TWICE) for value in ids[again]]
    ids = ids[~again]
    there = is_in(ids, pool.sample_id)  # which is ascending: `np.isin` takes seconds for a million
    if not there.all():
        was_removed = gone().among(ids[~there], lambda: _named_sources(path))
        dropped += [
            (value, SOURCE_REMOVED if value in was_removed else NOT_IN_THE_WORKSPACE) for value in ids[~there].tolist()
        ]
    if len(ids) and not there.any() and not may_be_empty:
        raise BadData(
            f"None of the {len(ids):,} samples in {path} is in the workspace{_sources_named(path, lens)}.",
            "Ingest the sources they came from, with the same --source names.",
        )
    counts = Counter(reason for _, reason in dropped)
    notes = [f"{count:,} samples of {path.name} are {reason}." for reason, count in counts.items()]
    made = {"file": entry.file, "sha256": digest, "num_selected": int(there.sum()), "num_listed": len(there)}
    return Chosen(key, ids[there], made, tuple(dropped), tuple(notes))


def selection_path(entry: SelectionFromFile, lens: Lens, folder: Path | None) -> Path:
    """Where a recipe's selection file is: absolute, from the recipe's folder, or from the workspace."""
    tried = [place / entry.file for place in (folder or Path.cwd(), lens.workspace.path)]
    for path in tried:
        if path.is_file():
            return path
    raise BadInput(
        f"There is no selection file {entry.file} in {tried[0].parent} or in the workspace.",
        "Make it with `winnow select --out`, or mend the path in the recipe.",
    )


def _sources_named(path: Path, lens: Lens) -> str:
    """What a selection file says about sources that the workspace does not have, for an error."""
    named = sorted(set(_named_sources(path).values()) - set(lens.source_names))
    return f"; its sources {', '.join(map(str, named[:5]))} are not there" if named else ""


def _named_sources(path: Path) -> dict[int, str]:
    """The source of each sample of a selection file, where the file says so."""
    import pyarrow.parquet as pq

    if "source" not in pq.read_schema(path).names:
        return {}
    table = pq.read_table(path, columns=["sample_id", "source"])
    return dict(zip(table["sample_id"].to_pylist(), table["source"].to_pylist(), strict=True))


def freeze(mixture: Mixture, lens: Lens) -> Mixture:
    """The mixture with everything written into its recipe that makes it repeatable: snapshot, sources, hashes of selection files.

    The snapshot is pinned in the workspace, so that no clean-up removes what it names.
    """
    selections = {
        key: entry.model_copy(update={"sha256": mixture.chosen[key].made["sha256"]})
        if isinstance(entry, SelectionFromFile) and key in mixture.chosen
        else entry
        for key, entry in mixture.recipe.selections.items()
    }
    update = {
        "snapshot": lens.workspace.pin_snapshot(lens.versions),
        "sources": source_entries(lens),
        "selections": selections,
    }
    return replace(mixture, recipe=mixture.recipe.model_copy(update=update))


def recipe_for_file(path: Path, name: str = "selection", digest: str = "") -> Recipe:
    """The recipe `winnow export --selection FILE` means: one stage, every sample of the file once.

    It names the file without its folder, which is to be given to `resolve`; `digest` is the sha256 it must have, if known.
    """
    return Recipe(
        name=name,
        selections={"selection": SelectionFromFile(file=path.name, sha256=digest)},
        stages=(Stage(name="all", parts=(PartEntry(selection="selection"),)),),
    )
