"""What a change of a recipe does, held against counting by hand over the samples that train."""

from __future__ import annotations

import copy
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from core.lens import Lens
from core.mixture.mixture import Mixture, resolve
from core.mixture.recipe import Recipe, recipe_from_dict
from core.mixture.recipe_diff import recipe_diff
from core.mixture.recipe_effect import SPREADS, Effect, effect, side
from core.mixture.totals import stage_totals
from core.store import evidence

RAW: dict[str, Any] = {
    "winnow_recipe": 1,
    "name": "first",
    "selections": {
        "best": {"method": "mmssr", "budget": {"percent": 30}, "seed": 4},
        "shapes": {"where": "source = 'shapes'", "method": "random", "budget": {"samples": 10}},
        "some": {"where": "ocr >= 1", "method": "random", "budget": {"samples": 20}, "seed": 3},
    },
    "stages": [
        {"name": "one", "parts": [{"selection": "shapes"}, {"selection": "some", "repeat": 2}]},
        {"name": "two", "parts": [{"selection": "best", "repeat": 0.5}]},
        {"name": "three", "parts": [{"selection": "some"}]},
    ],
}


def second() -> Recipe:
    raw = copy.deepcopy(RAW)
    raw["selections"]["wide"] = raw["selections"].pop("best")
    raw["selections"]["some"]["where"] = "ocr >= 3"
    raw["selections"]["some"]["budget"] = {"percent": 100}
    del raw["selections"]["shapes"]
    raw["selections"]["more"] = {"method": "random", "budget": {"samples": 7}, "seed": 9}
    raw["stages"] = [
        {"name": "one", "parts": [{"selection": "more"}, {"selection": "some", "repeat": 1.5}]},
        {"name": "second", "parts": [{"selection": "wide", "repeat": 0.5}]},
        {"name": "last", "parts": [{"selection": "wide", "repeat": 1}], "epochs": 2, "resolution": {"px": 112}},
    ]
    return recipe_from_dict({**raw, "name": "second"})


@pytest.fixture(scope="module")
def both(lens: Lens) -> tuple[Mixture, Mixture]:
    return resolve(recipe_from_dict(RAW), lens), resolve(second(), lens)


@pytest.fixture(scope="module")
def found(lens: Lens) -> Effect:
    first = recipe_from_dict(RAW)
    return effect(side(first, lens), side(second(), lens), recipe_diff(first, second()))


def listed(mixture: Mixture, stage: int | None) -> list[int]:
    stages = mixture.stages if stage is None else (mixture.stages[stage],)
    return [int(value) for one in stages for value in one.listed]


def test_totals_of_stages_are_those_of_the_mixture_and_stages_find_each_other_by_name(
    found: Effect, both: tuple[Mixture, Mixture]
) -> None:
    told = {one.name: (one.before, one.after) for one in found.stages}
    assert list(told) == ["one", "second", "last", "three"]  # two is called second now
    by_hand = [
        {one.stage.name: stage_totals(one, mixture.pool, "tiny", 989e12, 0.3) for one in mixture.stages}
        for mixture in both
    ]
    assert told["one"] == (by_hand[0]["one"], by_hand[1]["one"])
    assert told["second"] == (by_hand[0]["two"], by_hand[1]["second"])
    assert told["last"] == (None, by_hand[1]["last"])
    assert told["three"] == (by_hand[0]["three"], None)
    for one, mixture, totals in zip((found.before, found.after), both, by_hand, strict=True):
        assert one.figures["num_samples"] == len(listed(mixture, None))
        assert one.figures["num_unique_samples"] == len(set(listed(mixture, None)))
        assert one.figures["num_steps"] == sum(each.num_steps for each in totals.values())
        assert one.figures["flops"] == pytest.approx(sum(each.flops for each in totals.values()))


def names_of(lens: Lens) -> dict[str, dict[int, set[str]]]:
    """By dimension the names each sample carries, read from the tables of the workspace and not through the lens."""
    store = lens.workspace.store
    rows = {row["sample_id"]: row["source"] for row in store.read("samples", ["sample_id", "source"]).to_pylist()}
    licences = {row["source"]: row["licence"] for row in store.read("sources").to_pylist()}
    said = {
        kind: {row["sample_id"]: row for row in evidence.read(store, evidence.producer(kind, "rules", "1")).to_pylist()}
        for kind in ("styles", "instruction_tags", "scores")
    }
    pool = {
        key: index
        for index, key in enumerate(said["scores"][next(iter(rows))])
        if key not in ("sample_id", "content_hash")
    }
    from core.vocabulary import capability_name

    return {
        "source": {key: {source} for key, source in rows.items()},
        "licence": {key: {licences[source]} for key, source in rows.items()},
        "style": {key: set(said["styles"][key]["styles"]) or {"no style"} for key in rows},
        "tag": {
            key: {" > ".join(tag.split(" > ")[:2]) for tag in said["instruction_tags"][key]["tags"] if " > " in tag}
            for key in rows
        },
        "capability": {
            key: {capability_name(name) for name in pool if (said["scores"][key][name] or 0) >= 150} for key in rows
        },
    }


@pytest.mark.parametrize(("stage", "places"), [("", (None, None)), ("one", (0, 0)), ("second", (1, 1))])
def test_shares_are_counted_over_the_samples_that_train_repeats_included(
    found: Effect, both: tuple[Mixture, Mixture], lens: Lens, stage: str, places: tuple[int | None, int | None]
) -> None:
    for dimension, names in names_of(lens).items():
        told = found.spread(dimension, stage)  # type: ignore[arg-type]
        assert told is not None
        counts = []
        for mixture, place in zip(both, places, strict=True):
            ids = listed(mixture, place)
            counts.append((Counter(name for one in ids for name in names[one]), len(ids)))
        (before, num_before), (after, num_after) = counts
        assert {one.name for one in told.shares} == {*before, *after}
        for one in told.shares:
            assert one.before == pytest.approx(before[one.name] / num_before)
            assert one.after == pytest.approx(after[one.name] / num_after)
        moves = [abs(one.after - one.before) for one in told.shares]
        assert moves == sorted(moves, reverse=True)
        p, q = ({name: num / sum(one.values()) for name, num in one.items()} for one in (before, after))
        by_hand = sum(abs(p.get(name, 0) - q.get(name, 0)) for name in {*p, *q}) / 2
        assert told.distance == pytest.approx(by_hand)


def test_a_stage_that_one_side_does_not_have_has_no_shares(found: Effect) -> None:
    assert found.spread("source", "last") is None
    assert found.spread("source", "three") is None
    assert found.spread("source", "nowhere") is None


def test_samples_that_came_and_went_are_counted_once_each_by_what_explains_them(
    found: Effect, both: tuple[Mixture, Mixture], lens: Lens
) -> None:
    first, last = both
    old, new = set(listed(first, None)), set(listed(last, None))
    told = found.samples
    assert told is not None
    assert (set(told.kept.tolist()), set(told.removed.tolist()), set(told.added.tolist())) == (
        old & new,
        old - new,
        new - old,
    )
    ocr = {
        row["sample_id"]: row["ocr"]
        for row in evidence.read(lens.workspace.store, evidence.producer("scores", "rules", "1")).to_pylist()
    }
    removed: Counter[str] = Counter()
    ids = {key: one.sample_ids.tolist() for key, one in first.chosen.items()}
    for one in old - new:
        # the first selection that a stage takes it from, in the order of the stages and their parts
        user = next(
            part.selection for stage in first.stages for part in stage.stage.parts if one in ids[part.selection]
        )
        if user == "shapes":
            removed["the selection shapes is not used any more"] += 1
        elif user == "some":
            removed[
                "the condition of some does not let it through any more"
                if (ocr[one] or 0) < 150
                else "some keeps others"
            ] += 1
        else:
            removed["wide is used less (stages, caps, repeats)"] += 1
    assert told.removed_because == dict(removed)
    assert sum(told.added_because.values()) == len(new - old)
    assert told.added_because["wide is used more (stages, caps, repeats)"] > 0
    num_more = len([one for one in last.chosen["more"].sample_ids.tolist() if one in new - old])
    assert told.added_because["the selection more was not used before"] == num_more


def test_a_side_that_cannot_be_had_says_why_and_the_other_keeps_its_numbers(lens: Lens) -> None:
    first = recipe_from_dict(RAW)
    broken = recipe_from_dict({**RAW, "selections": {**RAW["selections"], "best": {"file": "nowhere.parquet"}}})
    found = effect(side(first, lens), side(broken, lens), recipe_diff(first, broken))
    assert found.after.problem is not None
    assert "nowhere.parquet" in found.after.problem.problem
    assert [(one.before is None, one.after is None) for one in found.stages] == [(False, True)] * 3
    assert found.samples is None
    assert [found.spread(dimension) for dimension in SPREADS] == [None] * len(SPREADS)
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain["before"]["num_samples"] == len(listed(resolve(first, lens), None))
    assert set(plain["after"]) == {"problem", "fix"}


def test_a_recipe_beside_itself_moves_nothing(lens: Lens) -> None:
    first = recipe_from_dict(RAW)
    found = effect(side(first, lens), side(first, lens), recipe_diff(first, first))
    assert found.samples is not None
    assert (len(found.samples.added), len(found.samples.removed)) == (0, 0)
    for dimension in SPREADS:
        told = found.spread(dimension)
        assert told is not None
        assert told.distance == 0
        assert np.all([one.before == one.after for one in told.shares])
