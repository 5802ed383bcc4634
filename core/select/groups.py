"""Who belongs to what a constraint names: the samples of a pool in a group, and those a condition or a tag holds for.

Sources, styles and capabilities are columns of the pool; conditions and tags are asked of the lens once and handed on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.filters import UNSTYLED, Filter
from core.lens import Lens
from core.select.constraints import Constraints, Quota
from core.select.pool import Pool
from core.store.ids import MISSING, id_from_hex
from core.vocabulary import CAPABILITY_KEYS, STYLES

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Labels:
    """What constraints ask of a pool and its columns do not say: [N] bool per condition and per tag, and who is flagged."""

    conditions: Mapping[str, Mask] = field(default_factory=dict)
    tags: Mapping[str, Mask] = field(default_factory=dict)
    flagged: Mask | None = None


def labels_for(lens: Lens, pool: Pool, constraints: Constraints) -> Labels:
    """The answers of the workspace to what the constraints ask; a name it does not know is BadInput."""
    check_names(lens, constraints)
    conditions = {text: _holds(lens, pool, Filter(where=text)) for text in (*constraints.include, *constraints.exclude)}
    quotas = (*constraints.minimum, *constraints.maximum)
    tags = {quota.name: _holds(lens, pool, Filter(tags=(quota.name,))) for quota in quotas if quota.kind == "tag"}
    flagged = _holds(lens, pool, Filter(where="len(flags) > 0")) if constraints.pins else None
    return Labels(conditions, tags, flagged)


def _holds(lens: Lens, pool: Pool, chosen: Filter) -> Mask:
    ids = lens.ask("ids_of_visible", chosen)["sample_id"].to_numpy()
    return is_in(pool.sample_id, ids)


def is_in(wanted: NDArray[np.uint64], ascending: NDArray[np.uint64]) -> Mask:
    """[K] bool: which of the wanted ids are among the ascending ones."""
    place = np.minimum(np.searchsorted(ascending, wanted), max(len(ascending) - 1, 0))
    found: Mask = ascending[place] == wanted if len(ascending) else np.zeros(len(wanted), dtype=bool)
    return found


def check_names(lens: Lens, constraints: Constraints) -> None:
    """BadInput for a group or a sample that the workspace does not know."""
    known = {"source": lens.source_names, "style": (*STYLES, UNSTYLED), "capability": CAPABILITY_KEYS}
    for quota in (*constraints.minimum, *constraints.maximum):
        if quota.kind == "tag":
            if not lens.tag_subtree([quota.name]):
                raise BadInput(f"No sample carries the tag {quota.name!r}.", _near(quota.name, lens.tag_paths))
        else:
            _refuse_unknown(quota, known[quota.kind])
    ids = [id_from_hex(text) for text in (*constraints.pins, *constraints.never)]
    if ids:
        wanted = np.array(ids, dtype=np.uint64)
        there = is_in(wanted, lens.ask("ids_of_visible")["sample_id"].to_numpy())
        absent = wanted[~there]
        if len(absent):
            more = f" (and {len(absent) - 1:,} more)" if len(absent) > 1 else ""
            raise BadInput(
                f"The workspace has no sample {int(absent[0]):016x}{more}.",
                "Take it off the list of pinned or never kept samples; Browse shows the id of a sample under Provenance.",
            )


def _near(name: str, paths: list[str]) -> str:
    words = name.casefold().split(" > ")[-1]
    near = [path for path in paths if words in path.casefold()][:5]
    return f"Tags like it are: {'; '.join(near)}." if near else "Give a path such as Coarse Perception > Image Scene."


def members(pool: Pool, quotas: Sequence[Quota], labels: Labels) -> list[Mask]:
    """[N] bool each: the samples of the group a quota is about."""
    top = top_capability(pool) if any(quota.kind == "capability" for quota in quotas) else np.empty(0, np.int64)
    return [_members(pool, quota, labels, top) for quota in quotas]


def _members(pool: Pool, quota: Quota, labels: Labels, top: NDArray[np.int64]) -> Mask:
    found: Mask
    if quota.kind == "source":
        found = pool.source == (pool.source_names.index(quota.name) if quota.name in pool.source_names else -1)
    elif quota.kind == "style" and quota.name == UNSTYLED:
        found = pool.style_bits == 0
    elif quota.kind == "style":
        _refuse_unknown(quota, (*pool.style_names, UNSTYLED))
        found = (pool.style_bits >> np.uint32(pool.style_names.index(quota.name))) & np.uint32(1) == 1
    elif quota.kind == "capability":
        _refuse_unknown(quota, pool.capabilities)
        found = top == pool.capabilities.index(quota.name)
    elif quota.name in labels.tags:
        found = labels.tags[quota.name]
    else:
        raise BadInput(f"Nothing is known about the tag {quota.name!r} here.", "Give the tags of the pool as `labels`.")
    return found


def _refuse_unknown(quota: Quota, names: Sequence[str]) -> None:
    if quota.name not in names:
        raise BadInput(f"There is no {quota.kind} {quota.name!r}.", f"The known ones are: {', '.join(names)}.")


def top_capability(pool: Pool) -> NDArray[np.int64]:
    """[N] int64: the capability with the highest score, ties in table order; -1 where every score is 0 or missing."""
    best, top = np.zeros(len(pool), dtype=np.uint8), np.full(len(pool), -1, dtype=np.int64)
    for index, scores in enumerate(
        pool.scores
    ):  # one row at a time: a pool of ten million is copied once, not 14 times
        better = (scores > best) & (scores != MISSING)
        best[better] = scores[better]
        top[better] = index
    return top
