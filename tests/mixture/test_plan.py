"""A plan against listing every sample: totals, lengths, and shares by every dimension."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from core.filters import NO_LICENCE
from core.lens import Lens
from core.mixture import breakdown
from core.mixture.breakdown import Breakdown, Weights
from core.mixture.manifest import HIGH_SCORE
from core.mixture.mixture import Mixture, resolve
from core.mixture.plan import Plan, plan_of
from core.mixture.recipe import recipe_from_dict
from core.mixture.stage_share import part_weights, repeat_of_part
from core.mixture.totals import plan_totals
from core.mixture.uses import copies
from core.select.pool import UNSTYLED
from core.train.tiles import Tiling
from core.vocabulary import capability_name

RAW = {
    "winnow_recipe": 1,
    "name": "planned",
    "selections": {
        "half": {"method": "mmssr", "budget": {"percent": 50}, "seed": 4},
        "few": {"where": "source = 'shapes'", "method": "random", "budget": {"samples": 9}},
    },
    "stages": [
        {"name": "one", "parts": [{"selection": "half", "cap_per_source": {"samples": 11}}]},
        {
            "name": "two",
            "parts": [{"selection": "few", "repeat": 2.5}, {"selection": "half", "repeat": 0.25}],
            "resolution": {"mode": "anyres", "px": 112, "max_tiles": 4},
            "epochs": 2,
        },
        {"name": "none"},
    ],
}


@pytest.fixture(scope="module")
def mixture(lens: Lens) -> Mixture:
    return resolve(recipe_from_dict(RAW), lens)


@pytest.fixture(scope="module")
def made(mixture: Mixture) -> Plan:
    return plan_of(mixture)


def tokens_of(mixture: Mixture, row: int, stage: int) -> int:
    """Of one sample, as the trainer's own tiling counts."""
    values = {
        name: mixture.pool.columns[name][row] for name in ("num_images", "num_text_tokens", "width_px", "height_px")
    }
    resolution = mixture.recipe.stages[stage].resolution
    tiling = Tiling(resolution.mode, resolution.px, 7, resolution.max_tiles)
    num = int(values["num_images"])
    pictures = num * tiling.num_tokens(int(values["width_px"]), int(values["height_px"]), num) if num else 0
    return int(values["num_text_tokens"]) + pictures


def rows(mixture: Mixture, stage: int) -> list[int]:
    return mixture.pool.rows_of(mixture.stages[stage].listed).tolist()  # type: ignore[no-any-return]


def test_a_plan_has_the_totals_of_the_samples_that_are_listed(mixture: Mixture, made: Plan) -> None:
    assert made.totals == plan_totals(mixture)
    assert made.num_samples == sum(len(stage) for stage in mixture.stages)
    assert made.num_unique == len(mixture.sample_ids())


def test_lengths_are_counted_sample_by_sample(mixture: Mixture, made: Plan) -> None:
    for stage in range(3):
        counted = Counter(tokens_of(mixture, row, stage) for row in rows(mixture, stage))
        lengths, counts = made.lengths(stage)
        assert dict(zip(lengths.tolist(), counts.tolist(), strict=True)) == counted
    lengths, counts = made.pool_lengths(1)
    everything = Counter(tokens_of(mixture, row, 1) for row in range(len(mixture.pool)))
    assert dict(zip(lengths.tolist(), counts.tolist(), strict=True)) == everything


def check(found: Breakdown, mixture: Mixture, names_of: dict[int, set[str]]) -> None:
    """names_of: by pool row what a sample counts for."""
    stages = [rows(mixture, stage) for stage in range(3)]
    lists = [(list(range(len(mixture.pool))), 2), *((listed, at) for at, listed in enumerate(stages))]
    for place, (listed, stage) in enumerate(lists):
        samples, tokens = Counter[str](), Counter[str]()
        for row in listed:
            for name in names_of.get(row, ()):
                samples[name] += 1
                tokens[name] += tokens_of(mixture, row, stage)
        for at, name in enumerate(found.names):
            assert (found.num_samples[place, at], found.num_tokens[place, at]) == (samples[name], tokens[name]), name
        assert set(samples) <= set(found.names)
        assert found.totals[place].tolist() == [len(listed), sum(tokens_of(mixture, row, stage) for row in listed)]
    assert found.num_samples[4].tolist() == found.num_samples[1:4].sum(axis=0).tolist()
    assert found.num_tokens[4].tolist() == found.num_tokens[1:4].sum(axis=0).tolist()


def test_shares_by_source_licence_style_and_capability_are_plain_counts(mixture: Mixture, made: Plan) -> None:
    pool, weights = mixture.pool, Weights.of(made.stages, made.ruler)
    source = {row: pool.source_names[pool.source[row]] for row in range(len(pool))}
    check(breakdown.by_source(weights), mixture, {row: {name} for row, name in source.items()})
    found = breakdown.by_licence(weights, {"shapes": "CC0"})
    check(found, mixture, {row: {"CC0" if name == "shapes" else NO_LICENCE} for row, name in source.items()})
    styles = {
        row: {name for at, name in enumerate(pool.style_names) if int(pool.style_bits[row]) >> at & 1} or {UNSTYLED}
        for row in source
    }
    check(breakdown.by_style(weights), mixture, styles)
    high = {
        row: {
            capability_name(key)
            for at, key in enumerate(pool.capabilities)
            if pool.scores[at, row] != 255 and pool.scores[at, row] / 50 >= HIGH_SCORE
        }
        for row in source
    }
    check(breakdown.by_capability(weights), mixture, high)


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("kind", ["instruction_tags", "image_tags"])
def test_a_tag_counts_once_for_a_sample_at_every_level(
    lens: Lens, mixture: Mixture, made: Plan, kind: str, level: int
) -> None:
    kinds = {row["path"]: row["kind"] for row in lens.ask("tag_kinds").to_pylist()}
    names: dict[int, set[str]] = {}
    for row in lens.ask("samples_marks", ids=mixture.pool.sample_id).to_pylist():
        paths = [lens.tag_paths[at].split(" > ") for at in row["tag_ids"] or () if kinds[lens.tag_paths[at]] == kind]
        place = int(mixture.pool.rows_of([row["sample_id"]])[0])
        names[place] = {" > ".join(path[:level]) for path in paths if len(path) >= level}
    tags = breakdown.tags_of(lens, mixture.pool, kind)
    assert (len(tags.rows) > 0) == any(names.values()) or level > 1
    check(breakdown.by_tag(Weights.of(made.stages, made.ruler), tags, level), mixture, names)


def test_shares_are_parts_of_their_row_and_an_empty_stage_has_none(made: Plan) -> None:
    found = breakdown.by_source(Weights.of(made.stages, made.ruler))
    for of_tokens in (False, True):
        shares = found.shares(of_tokens=of_tokens)
        assert shares.sum(axis=1).tolist() == pytest.approx([1, 1, 1, 0, 1])
    assert np.array_equal(found.num_samples[0], np.sort(found.num_samples[0])[::-1])


@pytest.mark.parametrize("of_tokens", [False, True])
def test_a_part_set_to_a_share_of_its_stage_has_it_to_the_nearest_sample(made: Plan, of_tokens: bool) -> None:
    for percent in (1, 30, 50, 97):
        repeat = repeat_of_part(made, 1, 0, Fraction(percent, 100), of_tokens=of_tokens)
        (weights, _), (_, others) = part_weights(made, 1, of_tokens=of_tokens)
        whole, first = copies(repeat, len(weights))
        mine = whole * int(weights.sum()) + int(weights[:first].sum())
        heaviest = int(weights.max())
        assert abs(mine / (mine + others) - percent / 100) <= heaviest / (mine + others - heaviest)
    rows = [len(weights) for weights, _ in part_weights(made, 0, of_tokens=of_tokens)]
    assert rows == [len(made.stages[0].parts[0])]
