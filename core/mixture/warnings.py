"""What to look at before a mixture is trained on or handed on: errors, warnings and notes, each with the one thing to do.

Computed from a plan and from what the workspace knows, for the page, the command line and the manifest alike. None of them stops
anything: an error here is a mixture that trains badly or must not be trained on, not one that cannot be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.lens import Lens
from core.mixture import licences
from core.mixture.evaluation_overlap import shares_a_picture
from core.mixture.mixture import Mixture
from core.mixture.plan import Plan, plan_of
from core.mixture.uses import Rows, StageUses
from core.select.pool import Pool

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")

MOST_REPEATS = 4
"""Samples seen more often than this teach little that is new (arXiv 2305.16264)."""

_CONTAMINATION = ("contamin", "benchmark", "test set", "test-set", "leak", "held-out", "held out", "evaluation")
_NAMED = 4


@dataclass(frozen=True)
class Finding:
    """One thing to look at: in which stages (all of the recipe for none), what is so, and what to do about it.

    `count` is of samples, each once, or of what `problem` counts; `code` stays the same when words change.
    """

    level: Level
    code: str
    problem: str
    fix: str
    stages: tuple[str, ...] = ()
    count: int = 0

    @property
    def text(self) -> str:
        """In one line, as the command line prints it."""
        where = f"{', '.join(self.stages)}: " if self.stages else ""
        return f"{where}{self.problem} {self.fix}"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "stages": list(self.stages)}


@dataclass(frozen=True, eq=False)
class Known:
    """What a workspace knows of the samples of a pool beside its columns.

    licences: of each source, those without one left out; allowed: the curator's list, None without one; flagged: by flag the rows
    of the samples that carry it; evaluated: rows of samples that share a picture with the workspace's evaluation questions, None
    where it has none.
    """

    licences: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] | None = None
    flagged: Mapping[str, Rows] = field(default_factory=dict)
    evaluated: Rows | None = None


def known_of(lens: Lens, pool: Pool) -> Known:
    """What the workspace of a lens knows; the pool is all of it."""
    rows = lens.ask("sources_table").to_pylist()
    flagged: dict[str, Rows] = {}
    if "flags" in lens.producers:
        found = lens.ask("flags_of_samples")
        names, ids = np.array(found["flag"].to_pylist(), dtype=object), found["sample_id"].to_numpy()
        flagged = {str(name): pool.rows_of(ids[names == name]) for name in dict.fromkeys(names.tolist())}
    return Known(
        licences={row["source"]: row["licence"].strip() for row in rows if (row["licence"] or "").strip()},
        allowed=licences.allowed(lens.workspace),
        flagged=flagged,
        evaluated=shares_a_picture(lens, pool),
    )


def look_at(mixture: Mixture, lens: Lens, longest: int | None = None) -> tuple[Finding, ...]:
    """What to look at in a mixture of this workspace; `longest` are the most tokens of a sample that its trainer takes."""
    made = plan_of(mixture)
    return findings(made, known_of(lens, mixture.pool), longest=longest, notes=mixture.notes)


def lines(mixture: Mixture, lens: Lens, *, trains_here: bool = True) -> tuple[str, ...]:
    """Errors and warnings about a mixture in one line each, for the notes of an export; without `trains_here` it goes to another
    trainer, which has steps of its own."""
    found = (one for one in look_at(mixture, lens) if one.level != "note" and (trains_here or one.code != "one-step"))
    return tuple(f"{one.level}: {one.text}" for one in found)


def findings(
    made: Plan, known: Known, *, longest: int | None = None, notes: tuple[str, ...] = ()
) -> tuple[Finding, ...]:
    """Errors first, then warnings, then notes; in each, what is about single stages before what is about all of them."""
    found: list[Finding] = []
    for place in range(len(made.stages)):
        found += _of_stage(made, place, longest)
    found += _flags(made, known)
    found += _evaluation(made, known)
    found += _licences(made, known)
    found += _whole(made, notes)
    return tuple(sorted(found, key=lambda one: LEVELS.index(one.level)))


# -- one stage ------------------------------------------------------------------------------------------------------------


def _of_stage(made: Plan, place: int, longest: int | None) -> list[Finding]:
    uses, totals = made.stages[place], made.totals[place]
    stage, where = uses.stage, (uses.stage.name,)
    first_px = made.stages[0].stage.resolution.px
    found = []
    if stage.resolution.px != first_px:
        found.append(
            Finding(
                "error", "tile-size", f"Tiles have {stage.resolution.px} px, those of the first stage {first_px} px.",
                "Make them equal: a tower sees one size.", where, 1,
            )
        )  # fmt: skip
    if not totals.num_samples:
        return [
            *found,
            Finding("error", "empty-stage", "Holds no sample.", "Add a part, or remove the stage.", where, 1),
        ]
    found += _pictures(uses, totals.num_images)
    found += _parts(uses)
    tokens = (totals.num_text_tokens + totals.num_image_tokens) * stage.epochs
    if tokens < stage.tokens_per_step:
        found.append(
            Finding(
                "warning", "one-step", f"Its {tokens:,.0f} tokens do not fill one step of {stage.tokens_per_step:,}.",
                "Lower the tokens of a step, or give the stage more samples.", where, totals.num_samples,
            )
        )  # fmt: skip
    if longest is not None:
        long = made.ruler.at(stage.resolution).tokens > longest
        num = int(np.count_nonzero(long & (uses.times > 0)))
        if num:
            found.append(
                Finding(
                    "warning", "too-long", f"{_samples(num)} longer than {longest:,} tokens; training leaves them out.",
                    "Lower the most tiles of the stage, or exclude long samples.", where, num,
                )
            )  # fmt: skip
    return found


def _pictures(uses: StageUses, num_images: int) -> list[Finding]:
    trains = set(uses.stage.trainable)
    if num_images or not trains & {"vision", "projector"}:
        return []
    parts = " and ".join(name for name in ("vision", "projector") if name in trains)
    return [
        Finding(
            "warning" if "language" in trains else "error", "no-pictures",
            f"Holds no picture, and trains {parts}.",
            "Add samples with pictures, or train the language model alone.", (uses.stage.name,), int(uses.times.sum()),
        )
    ]  # fmt: skip


def _parts(uses: StageUses) -> list[Finding]:
    stage, where = uses.stage, (uses.stage.name,)
    found = []
    for part, size in zip(stage.parts, uses.sizes, strict=True):
        seen = part.repeat * stage.epochs
        if not size:
            found.append(
                Finding(
                    "warning", "empty-part", f"The part {part.selection} brings no sample.",
                    "Raise its repeat, widen its cap, or take it out.", where, 1,
                )
            )  # fmt: skip
        elif seen > MOST_REPEATS:
            epochs = f" ({part.repeat:g} copies over {stage.epochs:g} epochs)" if stage.epochs != 1 else ""
            found.append(
                Finding(
                    "warning", "repeats",
                    f"Samples of {part.selection} are seen {seen:g} times{epochs}; beyond {MOST_REPEATS} little is learnt.",
                    "Lower the repeat or the epochs, or choose more samples.", where, size,
                )
            )  # fmt: skip
    twice = np.zeros(len(uses.times), dtype=np.int8)
    for rows, size in zip(uses.parts, uses.sizes, strict=True):
        if size:
            twice[rows[: min(size, len(rows))]] += 1
    num = int(np.count_nonzero(twice > 1))
    if num:
        found.append(
            Finding(
                "warning", "in-two-parts", f"{_samples(num)} in more than one of its parts, and counted in each.",
                "Choose selections that do not overlap, or keep it so on purpose.", where, num,
            )
        )  # fmt: skip
    return found


# -- across stages --------------------------------------------------------------------------------------------------------


def _flags(made: Plan, known: Known) -> list[Finding]:
    found = []
    for flag, rows in known.flagged.items():
        num, where = _inside(made, rows)
        if not num:
            continue
        spoils = any(word in flag.casefold() for word in _CONTAMINATION)
        says = "Exclude them on Curate with NOT list_contains(flags, '" + flag.replace("'", "''") + "')"
        found.append(
            Finding(
                "error" if spoils else "warning", "contaminated" if spoils else "flagged",
                f"{_samples(num)} flagged {flag!r}" + ("; a model trained on them cannot be judged." if spoils else "."),
                f"{says}, or in the selection's `where`.", where, num,
            )
        )  # fmt: skip
    return found


def _evaluation(made: Plan, known: Known) -> list[Finding]:
    num, where = (0, ()) if known.evaluated is None else _inside(made, known.evaluated)
    if not num:
        return []
    says = f"{num:,} sample{' shares a picture' if num == 1 else 's share pictures'} with the workspace's evaluation questions."
    return [
        Finding("error", "evaluation", says, "Exclude them, or other questions measure nothing but memory.", where, num)
    ]


def _licences(made: Plan, known: Known) -> list[Finding]:
    pool = made.ruler.pool
    without: list[int] = []
    refused: dict[str, list[int]] = {}
    for code, source in enumerate(pool.source_names):
        licence = known.licences.get(source)
        if licence is None:
            without.append(code)
        elif not licences.is_allowed(licence, known.allowed):
            refused.setdefault(licence, []).append(code)
    found = []
    for licence, codes in refused.items():
        rows = np.flatnonzero(np.isin(pool.source, codes))
        num, where = _inside(made, rows)
        if num:
            found.append(
                Finding(
                    "error", "licence-refused",
                    f"{_samples(num)} under {licence}, which is not on the list of allowed licences ({_used(made, codes)}).",
                    "Exclude these sources, or put the licence on the list.", where, num,
                )
            )  # fmt: skip
    rows = np.flatnonzero(np.isin(pool.source, without))
    num, where = _inside(made, rows)
    if num:
        found.append(
            Finding(
                "warning", "no-licence", f"{_samples(num)} from sources without a licence ({_used(made, without)}).",
                "State it with `winnow ingest --licence`, or exclude them.", where, num,
            )
        )  # fmt: skip
    return found


def _whole(made: Plan, notes: tuple[str, ...]) -> list[Finding]:
    found = []
    stages = np.zeros(len(made.ruler.pool), dtype=np.int16)
    for uses in made.stages:
        stages += uses.times > 0
    several = int(np.count_nonzero(stages > 1))
    if several:
        found.append(
            Finding(
                "note", "several-stages", f"{_samples(several)} in more than one stage.",
                "Fine where later stages show them at a higher resolution.", (), several,
            )
        )  # fmt: skip
    estimated = int(np.count_nonzero(made.ruler.estimated & (stages > 0)))
    if estimated:
        found.append(
            Finding(
                "note", "estimated", f"{_samples(estimated)} without a token count; it is estimated, four characters a token.",
                "Count them with `winnow prepare`.", (), estimated,
            )
        )  # fmt: skip
    used = {part.selection for uses in made.stages for part in uses.stage.parts}
    for key in made.recipe.selections:
        if key not in used:
            found.append(
                Finding(
                    "note", "idle", f"Nothing trains on the selection {key}.", "Add it to a stage, or leave it.", (), 1
                )
            )
    said = [note for note in notes if not note.endswith("is in no stage.")]
    return [*found, *(Finding("note", "chosen", note, "Another method or budget changes it.", (), 1) for note in said)]


def _inside(made: Plan, rows: Rows) -> tuple[int, tuple[str, ...]]:
    """How many of these samples stand in any stage, each once, and in which stages; none where they are in all that hold any."""
    total: NDArray[np.bool_] = np.zeros(len(rows), dtype=bool)
    where = []
    for uses in made.stages:
        there = uses.times[rows] > 0
        if bool(there.any()):
            where.append(uses.stage.name)
            total |= there
    return int(np.count_nonzero(total)), () if len(where) == sum(
        bool(one.num_samples) for one in made.totals
    ) else tuple(where)


def _used(made: Plan, codes: list[int]) -> str:
    """The sources among these that a stage uses, by name; only some where there are many."""
    pool = made.ruler.pool
    any_use = np.logical_or.reduce([uses.times > 0 for uses in made.stages])
    there = np.bincount(pool.source[any_use], minlength=len(pool.source_names))
    names = [pool.source_names[code] for code in codes if there[code]]
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _samples(num: int) -> str:
    return f"{num:,} sample{' is' if num == 1 else 's are'}"
