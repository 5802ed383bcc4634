"""Gathering a report from a workspace, for the download on the pages and for `winnow report`: two saved selections at most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import StudioError
from core.filters import Filter
from core.lens import Lens
from core.select import compare, saved, spread
from core.select.pool import Pool
from core.select.report import NUM_EXAMPLES, Example, Report, Subject, spread_out, to_html
from core.select.saved import SavedSelection
from core.select.words import filter_words
from core.store.ids import id_hex
from core.vocabulary import CAPABILITIES, STYLES, TAG_SEPARATOR
from core.workspace import Workspace

_QUESTION_CHARS = 2000


def report_html(lens: Lens, first: SavedSelection, second: SavedSelection | None = None) -> str:
    """The report of a saved selection, or of two beside each other, as one HTML file."""
    return to_html(gather(lens, first, second))


def gather(lens: Lens, first: SavedSelection, second: SavedSelection | None = None) -> Report:
    """Read everything a report says; the pool is that of the filter the selections share, else the whole workspace."""
    here = lens.workspace
    entries = (first,) if second is None else (first, second)
    ids = [saved.ids_of(here, one) for one in entries]
    pool, chosen = _pool(lens, entries, ids)
    labels = _labels(lens, pool, chosen)
    everything = spread.counts(pool, labels)
    subjects = [_subject(here, pool, labels, everything, one, own) for one, own in zip(entries, ids, strict=True)]
    words = f"all {len(pool):,} samples"
    if not chosen.is_empty:
        words = f"the {len(pool):,} samples of the filter {filter_words(chosen)}"
    parts = between = None
    if second is None:
        places = spread_out(len(ids[0]), NUM_EXAMPLES)
        examples = [(f"{len(places)} samples, evenly by rank", _examples(here, first, ids[0], ids[0][places]))]
    else:
        parts = compare.split(ids[0], ids[1])
        between = spread.between(subjects[0].counts, subjects[1].counts, labels, float("nan"))
        examples = []
        for entry, own, only, letter in (
            (first, ids[0], parts.only_first, "A"),
            (second, ids[1], parts.only_second, "B"),
        ):
            shown = only[spread_out(len(only), NUM_EXAMPLES // 2)]
            examples.append((f"Only in {letter}: {len(shown)} of {len(only):,}", _examples(here, entry, own, shown)))
    return Report(
        workspace=here.name,
        pool_words=words,
        everything=everything,
        names={
            "source": pool.source_names,
            "style": (*STYLES, "unstyled"),
            "tag": [name.split(TAG_SEPARATOR)[-1] for name in labels.tag_names],
            "capability": [one.name for one in CAPABILITIES],
        },
        first=subjects[0],
        examples=examples,
        second=subjects[1] if second is not None else None,
        split=parts,
        between=between,
    )


def _pool(lens: Lens, entries: Sequence[SavedSelection], ids: Sequence[NDArray[np.uint64]]) -> tuple[Pool, Filter]:
    filters = [one.chosen for one in entries]
    if all(one == filters[0] for one in filters) and not filters[0].is_empty:
        try:
            pool = Pool.from_lens(lens, filters[0])
        except StudioError:  # a condition over columns that are gone
            pool = None
        if pool is not None and all(bool(np.isin(own, pool.sample_id).all()) for own in ids):
            return pool, filters[0]
    return Pool.from_lens(lens), Filter()


def _labels(lens: Lens, pool: Pool, chosen: Filter) -> spread.Labels:
    places = lens.ask("map_points", chosen)
    cluster = np.full(len(pool), -1, dtype=np.int32)
    cluster[pool.rows_of(places["sample_id"].to_numpy())] = places["cluster"].fill_null(-1).to_numpy()
    return spread.labels_of(pool, cluster, lens.ask("tags_of_visible", chosen))


def _subject(
    here: Workspace,
    pool: Pool,
    labels: spread.Labels,
    everything: spread.Counts,
    entry: SavedSelection,
    ids: NDArray[np.uint64],
) -> Subject:
    there = ids[np.isin(ids, pool.sample_id)]
    rows = pool.rows_of(there)
    counts = spread.counts(pool, labels, rows)
    return Subject(
        entry=entry,
        made=saved.provenance_of(here, entry),
        saved_at=saved.saved_at(here, entry),
        reasons=saved.reason_counts(here, entry),
        older=saved.moved_since(here, entry),
        num_gone=len(ids) - len(there),
        counts=counts,
        distances=spread.distances(everything, counts, labels, rows),
    )


def _examples(
    here: Workspace, entry: SavedSelection, ranked: NDArray[np.uint64], shown: NDArray[np.uint64]
) -> list[Example]:
    """Samples to look at, in rank order; those the workspace does not hold any more are left out."""
    rank_of = {int(one): int(np.flatnonzero(ranked == one)[0]) + 1 for one in shown}
    reasons = saved.reasons_at(here, entry, list(rank_of.values()))
    columns = ["sample_id", "source", "question", "conversations", "image_keys"]
    rows = here.store.samples(shown.tolist(), columns).to_pylist()
    keys = [row["image_keys"][0] for row in rows if row["image_keys"]]
    thumbs = {
        row["image_key"]: row["thumbnail"] for row in here.store.images(keys, ["image_key", "thumbnail"]).to_pylist()
    }
    made = []
    for row in rows:
        answers = [turn["text"] for turn in row["conversations"] or () if turn["role"] != "human"]
        rank = rank_of[row["sample_id"]]
        made.append(
            Example(
                rank=rank,
                sample_id=id_hex(row["sample_id"]),
                source=row["source"],
                question=(row["question"] or "")[:_QUESTION_CHARS],
                answer=(answers[0] if answers else "")[:_QUESTION_CHARS],
                reason=reasons[rank],
                thumbnail=thumbs.get(row["image_keys"][0]) if row["image_keys"] else None,
            )
        )
    return made
