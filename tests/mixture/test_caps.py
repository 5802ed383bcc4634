"""Caps, repeats and shares of a part against plain counting."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.mixture.lengths import Ruler
from core.mixture.mixture import Chosen, stage_samples
from core.mixture.recipe import CapEntry, PartEntry, Recipe, Stage, parse_recipe
from core.mixture.stage_share import repeat_for_share, shortest_repeat
from core.mixture.uses import copies, stage_uses, within_caps
from tests.mixture.pools import pool_of

PERCENTS = st.decimals(Decimal("0.1"), 100, places=1)
CAPS = st.one_of(
    st.none(),
    st.builds(CapEntry, samples=st.integers(1, 12)),
    st.builds(CapEntry, percent=PERCENTS),
    st.builds(CapEntry, tokens=st.integers(1, 60)),
)
SAMPLES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=14)


def plainly(cap: CapEntry | None, each: CapEntry | None, samples: list[tuple[int, int]]) -> list[int]:
    """The four rules of core.mixture.uses, one sample after the other."""

    def beginning(places: list[int], limit: CapEntry | None, base: int) -> list[int]:
        kept: list[int] = []
        for place in places:
            if limit is None:
                fits = True
            elif limit.tokens is not None:
                fits = sum(samples[one][1] for one in [*kept, place]) <= limit.tokens
            else:
                most = limit.samples if limit.samples is not None else int(base * Fraction(limit.percent or 0) / 100)
                fits = len(kept) < most
            if not fits:
                break
            kept.append(place)
        return kept

    everything = list(range(len(samples)))
    alone = len(beginning(everything, cap, len(samples)))
    if each is not None:
        of_source = [
            beginning([place for place in everything if samples[place][0] == source], each, alone)
            for source in range(4)
        ]
        everything = sorted(place for places in of_source for place in places)
    return beginning(everything, cap, len(samples))


@given(samples=SAMPLES, cap=CAPS, each=CAPS)
@settings(max_examples=300, deadline=None)
def test_caps_keep_what_the_rules_say_sample_by_sample(
    samples: list[tuple[int, int]], cap: CapEntry | None, each: CapEntry | None
) -> None:
    part = PartEntry(selection="a", cap=cap, cap_per_source=each)
    source, tokens = (np.array([one[at] for one in samples], dtype=np.int64) for at in (0, 1))
    assert within_caps(part, source, tokens).tolist() == plainly(cap, each, samples)


def test_a_cap_of_each_kind_by_hand() -> None:
    source, tokens = np.array([0, 0, 0, 1, 1, 0]), np.array([5, 5, 5, 5, 5, 5])

    def kept(**caps: CapEntry) -> list[int]:
        found: list[int] = within_caps(PartEntry(selection="a", **caps), source, tokens).tolist()
        return found

    assert kept() == [0, 1, 2, 3, 4, 5]
    assert kept(cap=CapEntry(samples=2)) == [0, 1]
    assert kept(cap=CapEntry(percent=Decimal("49.9"))) == [0, 1]
    assert kept(cap=CapEntry(percent=Decimal(50))) == [0, 1, 2]
    assert kept(cap=CapEntry(tokens=14)) == [0, 1]
    assert kept(cap_per_source=CapEntry(samples=2)) == [0, 1, 3, 4]
    assert kept(cap_per_source=CapEntry(samples=2), cap=CapEntry(samples=3)) == [0, 1, 3]
    assert kept(cap_per_source=CapEntry(percent=Decimal(50)), cap=CapEntry(samples=4)) == [0, 1, 3, 4]
    assert kept(cap_per_source=CapEntry(tokens=5)) == [0, 3]


@given(
    samples=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=12),
    parts=st.lists(st.tuples(CAPS, CAPS, st.sampled_from([0.3, 0.5, 1.0, 2.0, 2.5])), min_size=1, max_size=3),
)
@settings(max_examples=100, deadline=None)
def test_counting_uses_and_listing_samples_agree(
    samples: list[tuple[int, int]], parts: list[tuple[CapEntry | None, CapEntry | None, float]]
) -> None:
    pool = pool_of([one[0] for one in samples], [one[1] for one in samples])
    order = np.random.default_rng(1).permutation(len(samples))
    chosen = {"a": Chosen("a", pool.sample_id[order], {})}
    entries = tuple(PartEntry(selection="a", cap=c, cap_per_source=e, repeat=r) for c, e, r in parts)
    stage = Stage(name="s", parts=entries)
    listed = stage_samples(stage, chosen, pool).listed.tolist()
    uses = stage_uses(stage, [order] * len(parts), Ruler(pool, "tiny"))
    assert Counter(listed) == Counter({place: int(n) for place, n in enumerate(uses.times) if n})
    assert sum(uses.sizes) == len(listed)


def test_a_cap_in_tokens_counts_samples_without_a_count_by_their_length() -> None:
    pool = pool_of([0, 0, 0], [float("nan"), float("nan"), 1], chars=[9, 40, 0])
    part = PartEntry(selection="a", cap=CapEntry(tokens=13))
    stage = Stage(name="s", parts=(part,))
    assert len(stage_samples(stage, {"a": Chosen("a", pool.sample_id, {})}, pool)) == 2  # 3 + 10 tokens


# -- the recipe -----------------------------------------------------------------------------------------------------------

YAML = """winnow_recipe: 1
name: capped
selections:
  some: {method: random, budget: {samples: 12}}
stages:
  - name: first
    parts:
      - {selection: some}
      - {selection: some, cap: {percent: 12.5}, cap_per_source: {samples: 3}}
"""


def test_a_part_without_caps_is_written_and_hashed_as_before() -> None:
    recipe = parse_recipe(YAML)
    plain, capped = recipe.as_dict()["stages"][0]["parts"]
    assert plain == {"selection": "some", "repeat": 1}
    assert capped == {"selection": "some", "repeat": 1, "cap": {"percent": 12.5}, "cap_per_source": {"samples": 3}}
    assert parse_recipe(recipe.to_yaml()) == recipe
    assert Recipe.model_validate(recipe.model_dump()) == recipe
    without = YAML.rsplit("\n", 2)[0] + "\n"
    assert parse_recipe(without).content_hash() == "472f68e4a9d846884c9c9135ce2d610f"


@pytest.mark.parametrize(
    ("cap", "where"),
    [("{samples: 0}", "stages[0].parts[1].cap.samples"), ("{samples: -3}", "stages[0].parts[1].cap.samples"),
     ("{percent: 101}", "stages[0].parts[1].cap.percent"), ("{percent: .nan}", "stages[0].parts[1].cap.percent"),
     ("{samples: 1, tokens: 2}", "exactly one of samples, percent and tokens"), ("{}", "exactly one of"),
     ("{share: 3}", "stages[0].parts[1].cap.share is not a key of a recipe"), ("all", "stages[0].parts[1].cap")],
)  # fmt: skip
def test_a_cap_that_is_none_is_told_with_its_place(cap: str, where: str) -> None:
    with pytest.raises(BadInput) as told:
        parse_recipe(YAML.replace("{percent: 12.5}", cap))
    assert where in told.value.problem


@pytest.mark.parametrize("repeat", ["-1", "0", ".nan", ".inf", "1001", "1e999"])
def test_a_repeat_that_is_none_is_told_with_its_place(repeat: str) -> None:
    with pytest.raises(BadInput, match=r"stages\[0\].parts\[0\].repeat"):
        parse_recipe(YAML.replace("- {selection: some}", f"- {{selection: some, repeat: {repeat}}}"))


# -- shares ---------------------------------------------------------------------------------------------------------------


@given(size=st.integers(1, 60), number=st.integers(1, 400))
def test_the_shortest_repeat_gives_the_number_and_no_shorter_decimal_does(size: int, number: int) -> None:
    repeat = shortest_repeat(number, size)
    whole, first = copies(repeat, size)
    assert whole * size + first == number
    digits = len(str(repeat).partition(".")[2].rstrip("0"))
    for fewer in range(digits):
        tried = {Fraction(number * 10**fewer // size + step, 10**fewer) for step in (0, 1)}
        assert all(int(one * size) != number for one in tried)


@given(
    weights=st.lists(st.integers(0, 20), min_size=1, max_size=12).filter(any),
    others=st.integers(1, 200),
    percent=st.integers(1, 999),
)
@settings(max_examples=300, deadline=None)
def test_a_typed_share_is_met_to_the_nearest_sample(weights: list[int], others: int, percent: int) -> None:
    asked = Fraction(percent, 1000)

    def reached(number: int) -> Fraction:
        whole, first = divmod(number, len(weights))
        brings = whole * sum(weights) + sum(weights[:first])
        return Fraction(brings, brings + others)

    most = 1000 * len(weights)
    try:
        repeat = repeat_for_share(asked, np.array(weights, dtype=np.int64), others)
    except BadInput:
        assert reached(most) < asked
        return
    whole, first = copies(repeat, len(weights))
    ours = abs(reached(whole * len(weights) + first) - asked)
    around = int(asked * others / (1 - asked) // sum(weights)) * len(weights)
    near = range(max(1, around - 2), min(most, around + 2 * len(weights) + 2) + 1)
    assert ours == min(abs(reached(number) - asked) for number in near)


def test_thirty_percent_beside_seventy_samples_is_thirty() -> None:
    assert repeat_for_share(Fraction(3, 10), np.ones(60, dtype=np.int64), 70) == 0.5
    assert repeat_for_share(Fraction(3, 10), np.ones(10, dtype=np.int64), 70) == 3.0


@pytest.mark.parametrize(
    ("share", "size", "others", "says"),
    [(Fraction(0), 3, 3, "above 0"), (Fraction(1), 3, 3, "below 100"), (Fraction(-1, 10), 3, 3, "-10 %"),
     (Fraction(1, 2), 0, 3, "no sample"), (Fraction(1, 2), 3, 0, "all of it"), (Fraction(99, 100), 1, 100, "1,000 copies")],
)  # fmt: skip
def test_a_share_that_cannot_be_met_is_told(share: Fraction, size: int, others: int, says: str) -> None:
    with pytest.raises(BadInput) as told:
        repeat_for_share(share, np.ones(size, dtype=np.int64), others)
    assert says in f"{told.value.problem} {told.value.fix}"
