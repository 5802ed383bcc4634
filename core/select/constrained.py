"""A method's ordering under constraints.

Steps: never lists and conditions shrink the pool; the method orders what is left; pinned samples go to the front; a walk
down the line skips groups that are full; minima exchange samples at the cut. Shares are of the budget.
A method whose every prefix is valid stays so under pins, never lists, conditions and counted maxima.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.select.budget import Budget
from core.select.constraints import PARTITIONS, Constraints, Contradiction, Quota
from core.select.groups import Labels, Mask, is_in, members
from core.select.minima import Stuck, meet
from core.select.ordering import Ordering
from core.select.pool import Pool
from core.select.reasons import Label, Reasons, Woven
from core.select.selector import Selector
from core.store.ids import id_from_hex, id_hex

PINNED = "kept: pinned"
NEVER = "on the never list"
_LOOSEN = "Loosen one of the two, or take it away."


def order(
    selector: Selector,
    pool: Pool,
    *,
    budget: Budget | None = None,
    seed: int = 0,
    constraints: Constraints,
    labels: Labels | None = None,
) -> Ordering:
    """The method's ordering of the pool under constraints; Contradiction names two rules that cannot both hold.

    `labels` answers what the constraints ask beyond the pool's columns: see `groups.labels_for`. The ordering is exact for
    one budget where the method is, and where there is a minimum or a maximum that is a share; it says so.
    """
    if constraints.is_empty:
        return selector.order(pool, budget=budget, seed=seed)
    rules = _Rules(pool, constraints, labels or Labels())
    every_prefix = selector.prefix_valid and constraints.keeps_prefixes
    if budget is None and not every_prefix:
        raise BadInput("Minima and shares need a budget.", "Give one: the result holds for that budget only.")
    left = np.flatnonzero(rules.excluded == 0)
    smaller = pool if len(left) == len(pool) else pool.only(left)
    wanted = None if budget is None else budget.count(len(smaller))
    rules.check(wanted)
    exact = None if wanted is None else Budget.samples(wanted)
    base = selector.order(smaller, budget=exact, seed=seed)
    line = _Line(rules, left, [base])
    kept, blocked = line.walk(wanted)
    if wanted is not None and not selector.prefix_valid and line.falls_short(kept, wanted):
        # What stands behind the method's own choice for this budget is its ordering of everything that is left.
        whole = selector.order(smaller, budget=Budget.samples(len(smaller)), seed=seed)
        line = _Line(rules, left, [base, whole])
        kept, blocked = line.walk(wanted)
    return _finished(base, line, kept, blocked, None if every_prefix else wanted)


def num_left(pool: Pool, constraints: Constraints, labels: Labels | None = None) -> int:
    """How many samples of the pool never lists and conditions leave."""
    if constraints.is_empty:
        return len(pool)
    return int((_Rules(pool, constraints, labels or Labels()).excluded == 0).sum())


class _Rules:
    """The constraints over a pool: who is excluded and pinned, who belongs to each quota's group.

    excluded: [N] int64, 0 or 1 + an index into `exclusions`; pinned: [N] bool.
    """

    def __init__(self, pool: Pool, constraints: Constraints, labels: Labels) -> None:
        self.pool, self.constraints = pool, constraints
        self.exclusions: list[str] = []
        self.excluded = np.zeros(len(pool), dtype=np.int64)
        never, _ = _rows(pool, constraints.never)
        if len(never):
            self._exclude(NEVER, never)
        for text in constraints.include:
            self._exclude(f"outside the condition {text}", np.flatnonzero(~_condition(labels, text)))
        for text in constraints.exclude:
            self._exclude(f"left out by the condition {text}", np.flatnonzero(_condition(labels, text)))
        if len(pool) and not bool((self.excluded == 0).any()):
            conditions = bool(constraints.include or constraints.exclude)
            what = [name for name, there in (("never list", len(never)), ("conditions", conditions)) if there]
            raise BadInput(
                f"The {' and the '.join(what)} leave{'s' if what == ['never list'] else ''} none of the {len(pool):,} samples.",
                "Take one of them away." if len(what) > 1 or conditions else "Take samples off it.",
            )
        pinned, self.absent = _rows(pool, constraints.pins)
        self.pinned = np.zeros(len(pool), dtype=bool)
        self.pinned[pinned] = True
        self.flagged = 0 if labels.flagged is None else int((self.pinned & labels.flagged).sum())
        lost = pinned[self.excluded[pinned] > 0]
        if len(lost):
            why = self.exclusions[self.excluded[lost[0]] - 1]
            raise Contradiction(
                f"The sample {id_hex(int(pool.sample_id[lost[0]]))} is pinned and is {why} "
                f"(so are {len(lost):,} pinned samples in all).",
                "Take the pins off, or change the condition.",
            )
        masks = members(pool, (*constraints.minimum, *constraints.maximum), labels)
        self.least, self.most = masks[: len(constraints.minimum)], masks[len(constraints.minimum) :]

    def _exclude(self, why: str, rows: NDArray[np.int64]) -> None:
        self.exclusions.append(why)
        self.excluded[rows[self.excluded[rows] == 0]] = len(self.exclusions)

    def need(self, budget: int) -> list[int]:
        return [quota.num(budget, up=True) for quota in self.constraints.minimum]

    def limit(self, budget: int) -> list[int]:
        return [quota.num(budget, up=False) for quota in self.constraints.maximum]

    def check(self, budget: int | None) -> None:
        """Contradiction where two rules cannot both hold whatever the method prefers; without a budget only what all share."""
        limit = self.limit(budget or 0)
        for quota, mask, most in zip(self.constraints.maximum, self.most, limit, strict=True):
            num = int((mask & self.pinned).sum())
            if num > most and (budget is not None or quota.share is None):
                raise Contradiction(
                    f"{num:,} samples of {quota.group} are pinned, above its maximum of {_said(quota, most)}.",
                    _LOOSEN, larger_helps=quota.share is not None,
                )  # fmt: skip
        if budget is None:
            return
        num_pinned = int(self.pinned.sum())
        if num_pinned > budget:
            raise Contradiction(
                f"{num_pinned:,} samples must be kept and the budget is {budget:,}.",
                f"Give a budget of at least {num_pinned:,}, or take samples off the must-keep list.",
                larger_helps=True,
            )
        need = self.need(budget)
        self._fit_the_budget(need, budget)
        for quota, mask, least in zip(self.constraints.minimum, self.least, need, strict=True):
            rule = f"The minimum of {_said(quota, least)} for {quota.group}"
            for other, most in zip(self.constraints.maximum, limit, strict=True):
                if other.group == quota.group and least > most:
                    raise Contradiction(
                        f"{rule} is above its maximum of {_said(other, most)}.",
                        _LOOSEN, larger_helps=quota.share is None,
                    )  # fmt: skip
            others = int((self.pinned & ~mask).sum())
            if least + others > budget:
                raise Contradiction(
                    f"{rule} and the {others:,} pinned samples of other groups need {least + others:,} places, "
                    f"and the budget is {budget:,}.",
                    _LOOSEN, larger_helps=quota.share is None,
                )  # fmt: skip
            left = int((mask & (self.excluded == 0)).sum())
            if left < least:
                raise Contradiction(
                    f"{rule} cannot be met: {self._why_few(mask, left)}.", "Lower it, or let more samples in."
                )

    def _fit_the_budget(self, need: list[int], budget: int) -> None:
        minima = self.constraints.minimum
        for quota, least in zip(minima, need, strict=True):
            if least > budget:
                raise Contradiction(
                    f"The minimum of {_said(quota, least)} for {quota.group} is above the budget of {budget:,}.",
                    "Lower it, or give a larger budget.", larger_helps=True,
                )  # fmt: skip
        for kind in PARTITIONS:
            of_kind = sorted((i for i, quota in enumerate(minima) if quota.kind == kind), key=lambda i: -need[i])
            total = sum(need[i] for i in of_kind)
            if total > budget:
                first, second = (f"{_said(minima[i], need[i])} for {minima[i].group}" for i in of_kind[:2])
                more = f" with {len(of_kind) - 2} more" if len(of_kind) > 2 else ""
                raise Contradiction(
                    f"The minima of {first} and {second}{more} need {total:,} samples, and the budget is {budget:,}.",
                    "Lower one of them, or give a larger budget.",
                    larger_helps=any(minima[i].share is None for i in of_kind),
                )

    def _why_few(self, mask: Mask, left: int) -> str:
        """Which rule leaves so few samples of a group."""
        taken = np.bincount(self.excluded[mask], minlength=len(self.exclusions) + 1)[1:]
        if not taken.sum():
            return f"the pool has {left:,} of its samples"
        worst = int(np.argmax(taken))
        return f"{left:,} of its samples are left, because {taken[worst]:,} are {self.exclusions[worst]}"


@dataclass(frozen=True, eq=False)
class _Candidates:
    """rows: [M] pool rows, best first, the pinned ones at the front; source, place: where each one's reason is."""

    rows: NDArray[np.int64]
    source: NDArray[np.uint8]
    place: NDArray[np.int64]


class _Line:
    """The candidates in line: pinned samples, then the orderings one behind the other, each sample at its first place."""

    def __init__(self, rules: _Rules, left: NDArray[np.int64], orderings: Sequence[Ordering]) -> None:
        self.rules, self.orderings, self.left = rules, orderings, left
        rows = np.concatenate([left[one.rows] for one in orderings])
        source = np.repeat(np.arange(1, len(orderings) + 1, dtype=np.uint8), [len(one) for one in orderings])
        place = np.concatenate([np.arange(len(one)) for one in orderings])
        if len(orderings) > 1:
            first = np.sort(np.unique(rows, return_index=True)[1])
            rows, source, place = rows[first], source[first], place[first]
        pinned = rules.pinned[rows]
        first_ones = rows[pinned & (source == 1)]
        unranked = rules.pinned.copy()  # pinned samples that the method would not keep; they stand by their id
        unranked[first_ones] = False
        self.rows = np.concatenate([first_ones, np.flatnonzero(unranked), rows[~pinned]])
        self.num_pinned = len(self.rows) - int((~pinned).sum())
        forced = np.zeros(self.num_pinned, dtype=np.int64)
        self.source = np.concatenate([forced.astype(np.uint8), source[~pinned]])
        self.place = np.concatenate([forced, place[~pinned]])

    def walk(self, budget: int | None) -> tuple[Mask, NDArray[np.int64]]:
        """Which places a walk that skips full groups keeps, beyond the budget too; and the maximum that skips the others.

        kept: [M] bool; blocked: [M] int64, -1 or the maximum that filled first of those the sample would exceed.
        """
        rules = self.rules
        kept, blocked = np.ones(len(self.rows), dtype=bool), np.full(len(self.rows), -1, dtype=np.int64)
        waiting = {i: np.flatnonzero(mask[self.rows]) for i, mask in enumerate(rules.most)}
        limit = rules.limit(budget or 0)
        while waiting:
            # the group that fills first; nothing before that place depends on the others
            full_at = {
                i: (-1 if limit[i] == 0 else int(places[limit[i] - 1]))
                for i, places in waiting.items()
                if len(places) > limit[i]
            }
            if not full_at:
                break
            first = min(full_at, key=lambda i: (full_at[i], i))
            skipped = waiting.pop(first)[limit[first] :]
            kept[skipped] = False
            blocked[skipped] = first
            waiting = {i: places if self._apart(i, first) else places[kept[places]] for i, places in waiting.items()}
        if budget is not None:  # whoever stands behind the cut is not kept for that reason alone
            cut = np.flatnonzero(kept)[budget - 1 : budget]
            blocked[int(cut[0]) + 1 if len(cut) else len(blocked) :] = -1
        return kept, blocked

    def _apart(self, one: int, other: int) -> bool:
        """Whether the groups of two maxima share no sample by their kind."""
        maxima = self.rules.constraints.maximum
        return maxima[one].kind == maxima[other].kind and maxima[one].kind in PARTITIONS

    def falls_short(self, kept: Mask, budget: int) -> bool:
        """Whether the line has too few samples for the budget or for a minimum."""
        inside = self.rows[np.flatnonzero(kept)[:budget]]
        need = self.rules.need(budget)
        return len(inside) < budget or any(
            int(mask[inside].sum()) < least for mask, least in zip(self.rules.least, need, strict=True)
        )


def _finished(base: Ordering, line: _Line, kept: Mask, blocked: NDArray[np.int64], budget: int | None) -> Ordering:
    """The ordering that a walk gives, exchanged at the cut where there are minima; with everybody's reason."""
    rules = line.rules
    minima, maxima = rules.constraints.minimum, rules.constraints.maximum
    brought = gave = np.full(len(kept), -1, dtype=np.int64)
    places = came = np.flatnonzero(kept)
    if minima:
        assert budget is not None
        chosen = np.zeros(len(kept), dtype=bool)
        chosen[places[:budget]] = True
        line_of = [mask[line.rows] for mask in rules.least], [mask[line.rows] for mask in rules.most]
        try:
            done = meet(
                chosen, line.num_pinned, line_of[0], rules.need(budget), line_of[1], rules.limit(budget), budget
            )
        except Stuck as stuck:
            raise _stuck(stuck, rules, base, line, budget) from None
        brought, gave = done.brought, done.gave
        behind = (kept & ~chosen) | (gave >= 0)
        behind[done.kept] = False
        places = came = np.flatnonzero(done.kept)
        if len(places) == budget:  # where fewer can be kept, nobody may move up into the budget
            places = np.concatenate([places, np.flatnonzero(behind)])
    num_base, num_left = len(base.left_out_reasons), len(rules.exclusions)
    code = np.zeros(len(rules.pool), dtype=np.int64)
    code[line.left] = base.left_out
    code[rules.excluded > 0] = num_base + rules.excluded[rules.excluded > 0]
    code[line.rows] = np.where(blocked < 0, 0, num_base + num_left + 1 + blocked)
    code[line.rows[came]] = 0
    code[line.rows[gave >= 0]] = num_base + num_left + len(maxima) + 1 + gave[gave >= 0]
    source, place = line.source.copy(), line.place.copy()
    source[brought >= 0] = 0
    place[brought >= 0] = 1 + brought[brought >= 0]
    said = (PINNED, *(f"kept: minimum of {quota.amount} for {quota.group}" for quota in minima))
    forced = Reasons(len(said), (Label("rule", np.arange(len(said)), said),))
    return replace(
        base,
        pool=rules.pool,
        rows=line.rows[places],
        reasons=Woven(
            len(places), (), (forced, *(one.reasons for one in line.orderings)), source[places], place[places]
        ),
        left_out=code.astype(np.uint8 if code.max(initial=0) < 256 else np.uint16),
        left_out_reasons=(
            *base.left_out_reasons,
            *rules.exclusions,
            *(f"beyond the maximum of {quota.amount} for {quota.group}" for quota in maxima),
            *(f"gave way to the minimum of {quota.amount} for {quota.group}" for quota in minima),
        ),
        budget=budget,
        notes=(*_notes(rules, brought), *base.notes),
        constraints=rules.constraints.model_dump(mode="json"),
        num_excluded=int((rules.excluded > 0).sum()),
        num_pinned=line.num_pinned,
    )


def _notes(rules: _Rules, brought: NDArray[np.int64]) -> tuple[str, ...]:
    notes = []
    if len(rules.absent):
        first = id_hex(int(rules.absent[0]))
        notes.append(
            f"{_samples(len(rules.absent), 'pinned sample')} outside the filter and so not kept, such as {first}."
        )
    if rules.flagged:
        notes.append(f"{_samples(rules.flagged, 'pinned sample')} flagged, and kept all the same.")
    for index, quota in enumerate(rules.constraints.minimum):
        num = int((brought == index).sum())
        if num:
            notes.append(f"The minimum of {quota.amount} for {quota.group} brought in {num:,}.")
    for quota, mask in zip(rules.constraints.maximum, rules.most, strict=True):
        if not mask.any():
            notes.append(f"The maximum for {quota.group} changes nothing: no sample here is of it.")
    return tuple(notes)


def _stuck(stuck: Stuck, rules: _Rules, base: Ordering, line: _Line, budget: int) -> Contradiction:
    quota, mask = rules.constraints.minimum[stuck.short], rules.least[stuck.short]
    rule = f"The minimum of {_said(quota, rules.need(budget)[stuck.short])} for {quota.group}"
    if stuck.blocker is None:
        ranked = int(mask[line.rows].sum())
        codes = base.left_out[mask[line.left]]
        why = np.bincount(codes, minlength=len(base.left_out_reasons) + 1)[1:]
        named = f": {base.left_out_reasons[int(np.argmax(why))]}" if why.sum() else ""
        return Contradiction(
            f"{rule} cannot be met: {base.method} orders {ranked:,} of its samples only{named}.",
            "Lower the minimum, or choose another method.",
        )
    kind, index = stuck.blocker
    if kind == "pins":
        other = f"the {line.num_pinned:,} pinned samples"
    else:
        group = (rules.constraints.minimum if kind == "minimum" else rules.constraints.maximum)[index]
        num = (rules.need if kind == "minimum" else rules.limit)(budget)[index]
        other = f"the {kind} of {_said(group, num)} for {group.group}"
    more = f" and {stuck.more} more rule{'s' if stuck.more > 1 else ''}" if stuck.more else ""
    cannot = (
        "cannot be met" if stuck.proven else "was not met by exchanging samples, and a way to meet it was not found,"
    )
    return Contradiction(
        f"{rule} {cannot} beside {other}{more} within {budget:,} samples.", _LOOSEN,
        larger_helps=stuck.larger_helps and any(one.share is None for one in rules.constraints.minimum),
    )  # fmt: skip


def _said(quota: Quota, num: int) -> str:
    """An amount with what a share comes to: '30 % (12 samples)'."""
    return quota.amount if quota.share is None else f"{quota.amount} ({num:,} sample{'' if num == 1 else 's'})"


def _samples(num: int, noun: str) -> str:
    return f"1 {noun} is" if num == 1 else f"{num:,} {noun}s are"


def _condition(labels: Labels, text: str) -> Mask:
    if text not in labels.conditions:
        raise BadInput(f"Nothing is known about the condition {text!r} here.", "Give its answer as `labels`.")
    return labels.conditions[text]


def _rows(pool: Pool, ids: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Where the listed samples stand in the pool, and those that do not."""
    wanted = np.sort(np.array([id_from_hex(text) for text in ids], dtype=np.uint64))
    there = is_in(wanted, pool.sample_id)
    return pool.rows_of(wanted[there]), wanted[~there]
