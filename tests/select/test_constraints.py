"""Constraints on any method against a plain reading of their rules, with sets, lists and every pair tried."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from core.errors import BadInput, MissingEvidence, StudioError
from core.select.budget import Budget
from core.select.constrained import order
from core.select.constraints import Constraints, Contradiction, Quota, constraints_of
from core.select.groups import Labels
from core.select.methods import METHODS, choose
from core.select.pool import Pool
from core.store.ids import id_hex
from core.vocabulary import CAPABILITY_KEYS, STYLES

CHOSEN_METHODS = ("random", "top-score", "mmssr", "mmssr-nested")
SOURCES = ("a", "b", "c")
STYLES_USED = ("multi-choice", "coordinate", "unstyled")
TAGS = ("Seen", "Seen > Closely")
CONDITION = "small"


def random_pool(num: int, seed: int) -> tuple[Pool, Labels]:
    rng = np.random.default_rng(seed)
    pool = Pool.from_arrays(
        sample_id=rng.permutation(np.arange(1, num + 1)).astype(np.uint64) * np.uint64(0x123456789ABCDEF),
        source=rng.choice(3, num, p=[0.6, 0.3, 0.1]),
        source_names=list(SOURCES),
        scores={key: np.where(rng.random(num) < 0.3, 255, rng.integers(0, 251, num)) for key in ("ocr", "data")},
        style_bits=rng.integers(0, 4, num),
        columns={"num_text_tokens": rng.integers(1, 30, num)},
    )
    closely = rng.random(num) < 0.3
    tags = {"Seen": closely | (rng.random(num) < 0.3), "Seen > Closely": closely}
    return pool, Labels(conditions={CONDITION: rng.random(num) < 0.7}, tags=tags)


def belongs(pool: Pool, labels: Labels, quota: Quota) -> Callable[[int], bool]:
    """Whether a row of the pool is of a quota's group, from the words of the rules."""

    def capability(row: int) -> str | None:
        scores = {key: int(pool.scores[i][row]) for i, key in enumerate(pool.capabilities)}
        there = {key: score for key, score in scores.items() if score not in (0, 255)}
        best = max(there.values(), default=0)
        return next((key for key in CAPABILITY_KEYS if there.get(key) == best), None) if best else None

    def answer(row: int) -> bool:
        if quota.kind == "source":
            return pool.source_names[int(pool.source[row])] == quota.name
        if quota.kind == "style":
            carried = [name for i, name in enumerate(STYLES) if int(pool.style_bits[row]) >> i & 1]
            return quota.name in carried or (quota.name == "unstyled" and not carried)
        if quota.kind == "capability":
            return capability(row) == quota.name
        return bool(labels.tags[quota.name][row])

    return answer


class Impossible(Exception):
    """Two rules cannot both hold."""


class NoExchange(Impossible):
    """No exchange of two samples helps a short group; another choice may."""


class TooFew(Exception):
    """The rules leave fewer samples than the budget asks for."""


def by_hand(method: str, pool: Pool, labels: Labels, rules: Constraints, budget: int, seed: int) -> list[int]:
    """Rows of the pool, best first, as the rules say it; Impossible where they cannot all hold."""
    hexes = [id_hex(int(value)) for value in pool.sample_id]
    left = [
        row
        for row in range(len(pool))
        if hexes[row] not in rules.never
        and all(labels.conditions[text][row] for text in rules.include)
        and not any(labels.conditions[text][row] for text in rules.exclude)
    ]
    pins = [row for row in range(len(pool)) if hexes[row] in rules.pins]
    if left and any(row not in left for row in pins):
        raise Impossible
    if len(left) < budget:
        raise TooFew
    smaller = pool.only(np.array(left))

    def ranked(num: int) -> list[int]:
        return [left[row] for row in METHODS[method]().order(smaller, budget=Budget.samples(num), seed=seed).rows]

    behind = [*ranked(budget), *ranked(len(left))]
    known = list(dict.fromkeys(behind))
    here = [row for row in ranked(budget) if row in pins]
    line = here + [row for row in pins if row not in here]
    line += [row for row in known if row not in pins]
    least = [(belongs(pool, labels, quota), amount(quota, budget, math.ceil)) for quota in rules.minimum]
    most = [(belongs(pool, labels, quota), amount(quota, budget, math.floor)) for quota in rules.maximum]

    def holds(kept: list[int]) -> bool:
        return all(sum(map(member, kept)) <= limit for member, limit in most)

    if len(pins) > budget or not holds(pins):
        raise Impossible
    kept: list[int] = []
    for row in line:
        if len(kept) < budget and holds([*kept, row]):
            kept.append(row)
    shortage = [need - sum(map(member, kept)) for member, need in least]
    for short in sorted(range(len(least)), key=lambda index: -shortage[index]):
        member, need = least[short]
        while sum(map(member, kept)) < need:
            kept = exchanged(kept, line, pins, short, least, holds)
    return sorted(kept, key=line.index)


def amount(quota: Quota, budget: int, rounded: Callable[[Fraction], int]) -> int:
    return quota.count if quota.count is not None else rounded(Fraction(repr(quota.share)) * budget)


def exchanged(
    kept: list[int],
    line: list[int],
    pins: list[int],
    short: int,
    least: list[tuple[Callable[[int], bool], int]],
    holds: Callable[[list[int]], bool],
) -> list[int]:
    for new in line:
        if new in kept or not least[short][0](new):
            continue
        for old in sorted(kept, key=line.index, reverse=True):
            if old in pins:
                continue
            tried = [row for row in kept if row != old] + [new]
            counts = [(sum(map(member, kept)), sum(map(member, tried)), need) for member, need in least]
            others = all(after >= min(before, need) for before, after, need in counts)
            if counts[short][1] > counts[short][0] and others and holds(tried):
                return tried
    raise NoExchange


def quotas(unit: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[tuple[Quota, ...]]:
    groups = [
        *(("source", name) for name in SOURCES),
        *(("style", name) for name in STYLES_USED),
        *(("capability", name) for name in ("ocr", "data")),
        *(("tag", name) for name in TAGS),
    ]
    one = st.builds(lambda group, how: Quota(kind=group[0], name=group[1], **how), st.sampled_from(groups), unit)
    return st.lists(one, max_size=3, unique_by=lambda quota: quota.group).map(tuple)


COUNTS = st.integers(0, 8).map(lambda count: {"count": count})
SHARES = st.integers(0, 100).map(lambda percent: {"share": percent / 100})


@st.composite
def rules_for(draw: st.DrawFn, pool: Pool, *, live: bool = False) -> Constraints:
    hexes = [id_hex(int(value)) for value in pool.sample_id]
    listed = draw(st.lists(st.sampled_from(hexes), unique=True, max_size=6))
    pins = draw(st.integers(0, min(3, len(listed))))
    conditions = st.sampled_from([(), (), (CONDITION,)])
    unit = COUNTS if live else COUNTS | SHARES
    try:
        return Constraints(
            pins=tuple(listed[:pins]),
            never=tuple(listed[pins:]),
            include=draw(conditions),
            exclude=() if not live else draw(conditions.filter(lambda texts: not texts)),
            minimum=() if live else draw(quotas(unit)),
            maximum=draw(quotas(unit)),
        )
    except ValueError:  # a minimum above its maximum is refused when it is written
        return Constraints(never=tuple(listed[pins:]))


@pytest.mark.parametrize("method", CHOSEN_METHODS)
@given(num=st.integers(1, 24), pool_seed=st.integers(0, 99), seed=st.integers(0, 2**64 - 1), data=st.data())
@settings(max_examples=80, deadline=None)
def test_any_method_under_any_constraints_keeps_what_the_rules_say(
    method: str, num: int, pool_seed: int, seed: int, data: st.DataObject
) -> None:
    pool, labels = random_pool(num, pool_seed)
    rules = data.draw(rules_for(pool))
    budget = data.draw(st.integers(1, num))
    try:
        wanted = by_hand(method, pool, labels, rules, budget, seed)
    except Impossible as error:
        if isinstance(error, NoExchange) and met_all_the_same(method, pool, labels, rules, budget, seed):
            return
        with pytest.raises(Contradiction) as caught:
            choose(METHODS[method](), pool, Budget.samples(budget), seed, rules, labels)
        groups = {quota.group for quota in (*rules.minimum, *rules.maximum)}
        named = {"aximum", "inned", "must be kept", "budget", "condition", "never list", "pool", method, *groups}
        assert sum(word in caught.value.problem for word in named) >= 2, caught.value.problem
        return
    except MissingEvidence:  # nobody is left whom the method knows anything of
        reject()
    except TooFew:
        with pytest.raises(BadInput, match=r"more than the|leaves? none of"):
            choose(METHODS[method](), pool, Budget.samples(budget), seed, rules, labels)
        return
    selection = choose(METHODS[method](), pool, Budget.samples(budget), seed, rules, labels)
    assert selection.rows.tolist() == wanted
    assert selection.num + sum(selection.left_out.values()) == num
    said_why(pool, labels, rules, selection)


def met_all_the_same(method: str, pool: Pool, labels: Labels, rules: Constraints, budget: int, seed: int) -> bool:
    """Whether a choice was found where exchanges get stuck; it keeps the rules (tests/select/test_minima.py: it is the nearest)."""
    try:
        selection = choose(METHODS[method](), pool, Budget.samples(budget), seed, rules, labels)
    except Contradiction:
        return False
    kept = selection.rows.tolist()
    assert len(kept) == len(set(kept)) <= budget
    assert {row for row in range(len(pool)) if id_hex(int(pool.sample_id[row])) in rules.pins} <= set(kept)
    for quota in rules.minimum:
        assert sum(map(belongs(pool, labels, quota), kept)) >= amount(quota, budget, math.ceil)
    for quota in rules.maximum:
        assert sum(map(belongs(pool, labels, quota), kept)) <= amount(quota, budget, math.floor)
    said_why(pool, labels, rules, selection)
    return True


def test_two_groups_that_are_short_together_are_not_mistaken_for_each_other() -> None:
    pool, labels = random_pool(9, 0)
    rules = Constraints(
        minimum=(Quota(kind="source", name="a", count=2), Quota(kind="style", name="multi-choice", share=0.51))
    )
    selection = choose(METHODS["random"](), pool, Budget.samples(2), 0, rules, labels)
    assert selection.rows.tolist() == by_hand("random", pool, labels, rules, 2, 0)


def said_why(pool: Pool, labels: Labels, rules: Constraints, selection: Any) -> None:
    """Every reason is true of its sample."""
    texts = selection.to_table()["reason"].to_pylist()
    for row in range(len(pool)):
        why, sample = selection.reason(row), id_hex(int(pool.sample_id[row]))
        rank = int(selection.rank[row])
        assert why.startswith("kept: ") == (rank > 0)
        if rank:
            assert texts[rank - 1] == why
        assert (why == "kept: pinned") == (sample in rules.pins)
        assert (why == "not kept: on the never list") == (sample in rules.never)
        for quota in rules.minimum:
            if why in (f"kept: minimum of {quota.amount} for {quota.group}",):
                assert belongs(pool, labels, quota)(row)
        for quota in rules.maximum:
            if why == f"not kept: beyond the maximum of {quota.amount} for {quota.group}":
                assert belongs(pool, labels, quota)(row)


@pytest.mark.parametrize("method", ["random", "top-score", "mmssr-nested"])
@given(num=st.integers(1, 24), pool_seed=st.integers(0, 99), data=st.data())
@settings(max_examples=30, deadline=None)
def test_pins_never_lists_conditions_and_counted_maxima_leave_every_prefix_valid(
    method: str, num: int, pool_seed: int, data: st.DataObject
) -> None:
    pool, labels = random_pool(num, pool_seed)
    rules = data.draw(rules_for(pool, live=True))
    try:
        whole = order(METHODS[method](), pool, seed=5, constraints=rules, labels=labels)
    except StudioError:
        reject()
    assert whole.prefix_valid
    for budget in range(max(whole.num_pinned, 1), whole.pool_size + 1):
        assert whole.cut(budget).rows.tolist() == by_hand(method, pool, labels, rules, budget, 5)
    if whole.num_pinned > 1:
        with pytest.raises(Contradiction, match="must be kept"):
            whole.cut(whole.num_pinned - 1)


def test_shares_and_minima_make_an_ordering_that_says_it_holds_for_one_budget() -> None:
    pool, labels = random_pool(20, 1)
    for rules in (
        Constraints(maximum=(Quota(kind="source", name="a", share=0.5),)),
        Constraints(minimum=(Quota(kind="source", name="c", count=1),)),
    ):
        made = order(METHODS["random"](), pool, budget=Budget.samples(10), seed=0, constraints=rules, labels=labels)
        assert (made.prefix_valid, made.budget) == (False, 10)
        with pytest.raises(BadInput, match="made for 10 samples"):
            made.cut(11)
        with pytest.raises(BadInput, match="need a budget"):
            order(METHODS["random"](), pool, seed=0, constraints=rules, labels=labels)


@pytest.mark.parametrize("method", CHOSEN_METHODS)
@given(pool_seed=st.integers(0, 99), limit=st.integers(1, 260), data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_token_budget_under_constraints_keeps_the_most_that_fits(
    method: str, pool_seed: int, limit: int, data: st.DataObject
) -> None:
    pool, labels = random_pool(18, pool_seed)
    rules = data.draw(rules_for(pool, live=data.draw(st.booleans())))
    most_that_fits(method, pool, labels, rules, limit)


def test_a_number_between_one_that_fits_and_one_that_shares_rule_out_is_found() -> None:
    """Of 18 samples: 7 cannot hold two thirds of a source and of a style, 5 can."""
    pool, labels = random_pool(18, 3)
    shares = (("source", "b"), ("style", "multi-choice"))
    minimum = [{"kind": kind, "name": name, "share": "67%"} for kind, name in shares]
    rules = Constraints.model_validate({"minimum": [{"kind": "source", "name": "a", "count": 0}, *minimum]})
    most_that_fits("mmssr-nested", pool, labels, rules, 85)


def most_that_fits(method: str, pool: Pool, labels: Labels, rules: Constraints, limit: int) -> None:
    live = METHODS[method].prefix_valid and rules.keeps_prefixes
    tokens = pool.columns["num_text_tokens"]

    def tried(num: int) -> Any:
        try:
            return choose(METHODS[method](), pool, Budget.samples(num), 3, rules, labels)
        except StudioError:
            return None

    fits = [
        found.rows.tolist()
        for num in range(1, 19)
        if (found := tried(num)) is not None and found.num and tokens[found.rows].sum() <= limit
    ]
    try:
        kept = choose(METHODS[method](), pool, Budget.tokens(limit), 3, rules, labels)
    except StudioError:
        assert not fits or not live
        return
    assert tokens[kept.rows].sum() <= limit
    assert kept.rows.tolist() in fits
    if live:
        assert kept.rows.tolist() == fits[-1], "prefixes only grow, so the last one that fits is the longest"
    else:
        following = tried(kept.budget + 1)
        assert following is None or tokens[following.rows].sum() > limit


# -- hand-computed ---------------------------------------------------------------------------------------------------------


def ranked_pool(sources: str, styles: list[int] | None = None) -> Pool:
    """Samples 1, 2, 3, ... in falling order of `ocr`, each of the source its letter names."""
    names = sorted(set(sources))
    num = len(sources)
    return Pool.from_arrays(
        sample_id=np.arange(1, num + 1),
        source=[names.index(letter) for letter in sources],
        source_names=names,
        scores={"ocr": 250 - np.arange(num)},
        style_bits=np.zeros(num) if styles is None else styles,
    )


def kept(pool: Pool, budget: int, **rules: Any) -> list[int]:
    made = constraints_of(rules)
    return choose(METHODS["top-score"](), pool, Budget.samples(budget), 0, made).sample_ids.tolist()


def source(name: str, **how: float) -> dict[str, Any]:
    return {"kind": "source", "name": name, **how}


def test_a_maximum_skips_and_a_minimum_replaces_from_the_end() -> None:
    pool = ranked_pool("aaaabbbcc")
    assert kept(pool, 5) == [1, 2, 3, 4, 5]
    assert kept(pool, 5, maximum=[source("a", count=2)]) == [1, 2, 5, 6, 7]
    assert kept(pool, 5, maximum=[source("a", share=0.5)]) == [1, 2, 5, 6, 7], "half of five is two"
    assert kept(pool, 5, minimum=[source("c", count=2)]) == [1, 2, 3, 8, 9]
    assert kept(pool, 5, minimum=[source("c", share=0.3)]) == [1, 2, 3, 8, 9], "0.3 of five is two at least"
    assert kept(pool, 5, minimum=[source("c", count=1), source("b", count=2)]) == [1, 2, 5, 6, 8]
    assert kept(pool, 4, minimum=[source("b", count=1), source("c", count=2)]) == [1, 5, 8, 9]


def test_where_single_exchanges_get_stuck_the_nearest_choice_is_found_and_says_why() -> None:
    """Of samples 1 and 2 neither may go for 5 alone: 1 is the only one of source a, 2 the only one of its style."""
    pool = ranked_pool("abaabbaa", [0, 1, 1, 1, 2, 0, 1, 1])
    style = {name: {"kind": "style", "name": name, "count": 1} for name in ("multi-choice", "coordinate")}
    rules = constraints_of({"minimum": [source("a", count=1), *style.values()]})
    selection = choose(METHODS["top-score"](), pool, Budget.samples(2), 0, rules)
    assert selection.sample_ids.tolist() == [3, 5], (
        "the best of source a with the style, and the only one with the other"
    )
    assert selection.reason(2) == "kept: minimum of 1 for source a"
    assert selection.reason(4) == "kept: minimum of 1 for style coordinate"
    assert selection.reason(0) == "not kept: gave way to the minimum of 1 for style coordinate"
    assert selection.reason(1) == "not kept: gave way to the minimum of 1 for source a"


def test_maxima_that_let_too_few_in_are_said_to_be_the_reason() -> None:
    rules = constraints_of({"maximum": [source("a", count=2), source("b", count=1)]})
    selection = choose(METHODS["top-score"](), ranked_pool("aaaabbbcc"), Budget.samples(8), 0, rules)
    assert selection.sample_ids.tolist() == [1, 2, 5, 8, 9]
    assert selection.notes[0] == "Only 5 of the 8 samples asked for can be chosen: the maxima let no more in."
    assert selection.left_out == {
        "beyond the maximum of 2 for source a": 2,
        "beyond the maximum of 1 for source b": 2,
    }


def test_pins_come_first_and_count_in_the_budget() -> None:
    pool = ranked_pool("aaaabbbcc")
    assert kept(pool, 4, pins=["0000000000000009", "0000000000000002"]) == [2, 9, 1, 3]
    assert kept(pool, 4, pins=["0000000000000009"], never=["0000000000000001"]) == [9, 2, 3, 4]
    assert kept(pool, 3, pins=["0000000000000009"], maximum=[source("c", count=1)]) == [9, 1, 2]


def test_a_share_of_the_budget_is_one_of_what_the_never_list_leaves() -> None:
    pool = ranked_pool("a" * 10)
    rules = Constraints(never=tuple(f"{number:016x}" for number in range(1, 6)))
    selection = choose(METHODS["random"](), pool, Budget.percent(40), 0, rules)
    assert (selection.num, selection.provenance()["pool_size"], selection.left_out["on the never list"]) == (2, 5, 5)
    with pytest.raises(BadInput, match="more than the 5 of the pool"):
        choose(METHODS["random"](), pool, Budget.samples(6), 0, rules)


def test_a_pinned_sample_the_method_leaves_out_is_kept_all_the_same() -> None:
    pool = Pool.from_arrays(
        sample_id=[1, 2, 3], source=[0, 0, 0], source_names=["a"], scores={"ocr": [100, 0, 50]}, style_bits=[0, 0, 0]
    )
    for name in ("mmssr", "mmssr-nested"):
        selection = choose(METHODS[name](), pool, Budget.samples(2), 0, Constraints(pins=("0000000000000002",)))
        assert selection.sample_ids.tolist() == [2, 1]
        assert selection.reason(1) == "kept: pinned"
        assert selection.reason(0).startswith("kept: optical")


def test_pinned_samples_outside_the_filter_or_flagged_are_said() -> None:
    pool = ranked_pool("aab")
    flagged = Labels(flagged=np.array([True, False, False]))
    rules = Constraints(pins=("0000000000000001", "00000000000000ff"))
    selection = choose(METHODS["random"](), pool, Budget.samples(2), 0, rules, flagged)
    assert selection.notes[:2] == (
        "1 pinned sample is outside the filter and so not kept, such as 00000000000000ff.",
        "1 pinned sample is flagged, and kept all the same.",
    )


@pytest.mark.parametrize(
    ("rules", "budget", "named"),
    [
        ({"minimum": [source("a", count=4)], "maximum": [source("a", share=0.4)]}, 5, ("minimum of 4", "maximum of 40 %")),
        ({"minimum": [source("a", count=3), source("b", count=3)]}, 5, ("3 for source a", "3 for source b")),
        ({"minimum": [source("a", count=6)]}, 5, ("minimum of 6 for source a", "budget of 5")),
        ({"minimum": [source("c", count=3)]}, 5, ("minimum of 3 for source c", "the pool has 2")),
        ({"minimum": [source("c", count=2)], "never": ["0000000000000009"]}, 5, ("source c", "on the never list")),
        ({"minimum": [source("c", count=2)], "pins": [f"{n:016x}" for n in (1, 2, 3, 4)]}, 5, ("source c", "4 pinned")),
        ({"maximum": [source("a", count=1)], "pins": [f"{n:016x}" for n in (1, 2)]}, 5, ("2 samples", "maximum of 1")),
        ({"pins": [f"{n:016x}" for n in (1, 2, 3)]}, 2, ("3 samples must be kept", "budget is 2")),
        (
            {
                "minimum": [{"kind": "style", "name": "multi-choice", "count": 3}],
                "maximum": [source("c", count=1), source("b", count=1)],
            },
            5,
            ("minimum of 3 for style multi-choice", "maximum of 1 for source"),
        ),
        (
            {
                "minimum": [{"kind": "style", "name": "multi-choice", "count": 3}, source("a", count=3)],
            },
            5,
            ("minimum of 3 for style multi-choice", "minimum of 3 for source a"),
        ),
    ],
)  # fmt: skip
def test_an_impossible_combination_names_its_two_rules(rules: Any, budget: int, named: tuple[str, str]) -> None:
    pool = ranked_pool("aaaabbbcc", [0, 0, 0, 0, 0, 1, 1, 1, 1])
    with pytest.raises(Contradiction) as caught:
        kept(pool, budget, **rules)
    assert all(words in caught.value.problem for words in named), caught.value.problem


def test_a_pin_that_a_condition_leaves_out_is_a_contradiction_that_names_both() -> None:
    pool = ranked_pool("aab")
    labels = Labels(conditions={"ocr < 3": np.array([True, False, False])})
    rules = Constraints(pins=("0000000000000001",), exclude=("ocr < 3",))
    with pytest.raises(Contradiction, match="0000000000000001 is pinned and is left out by the condition ocr < 3"):
        choose(METHODS["random"](), pool, Budget.samples(1), 0, rules, labels)


def test_rules_that_leave_nothing_are_an_error() -> None:
    pool = ranked_pool("aab")
    rules = Constraints(never=tuple(f"{number:016x}" for number in (1, 2, 3)))
    with pytest.raises(BadInput, match=r"leaves? none of the 3 samples"):
        choose(METHODS["random"](), pool, Budget.samples(1), 0, rules)


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"minimum": [{"kind": "colour", "name": "red", "count": 1}]}, "minimum[0].kind"),
        ({"maximum": [source("a", share=1.5)]}, "maximum[0].share"),
        ({"maximum": [source("a")]}, "exactly one of share and count"),
        ({"maximum": [source("a", share=0.5, count=3)]}, "exactly one of share and count"),
        ({"maximum": [source("a", count=-1)]}, "maximum[0].count"),
        ({"minimum": [source("a", count=5)], "maximum": [source("a", count=4)]}, "minimum of 5 for source a"),
        ({"minimum": [source("a", count=5), source("a", share=0.4)]}, "names source a twice"),
        ({"pins": ["12"]}, "16 hexadecimal digits"),
        ({"pins": [1234567890123456]}, "in quotes"),
        ({"pins": ["00000000000000ff"], "never": ["00000000000000FF"]}, "00000000000000ff is among the pins and"),
        ({"pins": ["00000000000000ff", "00000000000000FF"]}, "twice"),
        ({"pin": []}, "pin is not a key"),
        ({"minimum": [{"kind": "source", "name": "a", "count": 1, "weight": 2}]}, "minimum[0].weight is not a key"),
        ({"include": [""]}, "include[0]"),
        (["pins"], "not a list of constraints"),
    ],
)
def test_a_mistake_in_written_constraints_names_its_place(raw: Any, named: str) -> None:
    with pytest.raises(BadInput) as caught:
        constraints_of(raw)
    assert named in caught.value.problem
    assert caught.value.fix


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_written_constraints_read_back_as_they_were(data: st.DataObject) -> None:
    rules = data.draw(rules_for(random_pool(12, 0)[0]))
    assert constraints_of(rules.model_dump(mode="json")) == rules
    assert constraints_of({}).is_empty
