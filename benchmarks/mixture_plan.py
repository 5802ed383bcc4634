"""How long a recipe over a workspace is planned for: samples, counts, tokens, cost, shares, lengths, packs and warnings.

The recipe has as many stages as the largest preset publishes (six) and takes its selections from those saved in the workspace and
one of every sample, which together are planned twice: with the selections still to be read, and again after a repeat has changed.
Loading the lens, which every page needs, is timed apart.

    python -m benchmarks.mixture_plan WS
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import measured, peak_gigabytes
from core.lens import Lens
from core.mixture import breakdown
from core.mixture.lengths import Ruler
from core.mixture.mixture import Chosen, choose_samples
from core.mixture.plan import Plan, plan
from core.mixture.recipe import (
    PartEntry,
    Recipe,
    recipe_from_dict,
)
from core.mixture.warnings import findings, known_of
from core.select import saved
from core.select.pool import Pool
from core.train.presets import preset
from core.workspace import Workspace

PRESET = "aquila-vl-2b"
TARGET_SECONDS = 3.0
PACK_TOKENS = 32768


def recipe_over(workspace: Workspace) -> Recipe:
    """Six published stages: the first over every sample, the others over what is saved, all of it."""
    everything = {"method": "random", "budget": {"percent": 100}}
    kept = saved.saved(workspace)
    selections = {"all": everything, **{one.selection_id: {"file": one.path, "sha256": one.sha256} for one in kept}}
    names = list(selections)
    stages = [
        {
            **values,
            "parts": [
                {"selection": names[0 if place == 0 else place % len(names)]},
                {"selection": names[-1], "repeat": 0.5},
            ],
        }
        for place, values in enumerate(preset(PRESET).stages)
    ]
    return recipe_from_dict(
        {
            "winnow_recipe": 1,
            "name": "benchmark",
            "selections": selections,
            "model": {"preset": PRESET},
            "stages": stages,
        }
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path, metavar="WS")
    chosen = parser.parse_args(arguments)
    workspace = Workspace.open(chosen.workspace)
    lens, took = measured(lambda: Lens(workspace))
    print(f"{'loading the lens (before)':44} {took.wall:6.2f} s")
    recipe = recipe_over(workspace)
    total = 0.0

    def timed(what: str, work):  # type: ignore[no-untyped-def]
        nonlocal total
        result, one = measured(work)
        total += one.wall
        print(f"{what:44} {one.wall:6.2f} s   {one.cpu:6.2f} s CPU")
        return result

    pool: Pool = timed("reading the pool", lambda: Pool.from_lens(lens))
    samples: dict[str, Chosen] = timed("the samples of the selections", lambda: choose_samples(recipe, lens, pool))
    rows = timed("their rows", lambda: {key: pool.rows_of(one.sample_ids) for key, one in samples.items()})
    ruler: Ruler = timed("text tokens and pictures", lambda: Ruler(pool, recipe.model.preset))
    made: Plan = timed("counts, tokens, FLOPs, hours", lambda: plan(recipe, rows, ruler))
    print(f"{'  counts, tokens and cost so far':44} {total:6.2f} s   target {TARGET_SECONDS:g} s")
    weights: breakdown.Weights = timed("weights of the shares", lambda: breakdown.Weights.of(made.stages, ruler))
    timed(
        "shares by source, licence, style, capability",
        lambda: [
            breakdown.by_source(weights),
            breakdown.by_licence(weights, {}),
            breakdown.by_style(weights),
            breakdown.by_capability(weights),
        ],
    )
    tags = timed("the tags", lambda: breakdown.tags_of(lens, pool, "instruction_tags"))
    timed("shares by tag, three levels", lambda: [breakdown.by_tag(weights, tags, n) for n in (1, 2, 3)])
    timed(
        "token lengths, of the pool too",
        lambda: [(made.lengths(n), made.pool_lengths(n)) for n in range(len(made.stages))],
    )
    timed("packs of every stage", lambda: [made.packing(n, PACK_TOKENS) for n in range(len(made.stages))])
    timed("warnings", lambda: findings(made, known_of(lens, pool)))
    listed = sum(one.num_samples for one in made.totals)
    print(f"{'all together':44} {total:6.2f} s   {listed:,} samples in {len(made.stages)} stages")
    again = recipe.model_copy(
        update={
            "stages": tuple(
                stage.model_copy(update={"parts": (PartEntry(selection=stage.parts[0].selection, repeat=1.5),)})
                for stage in recipe.stages
            )
        }
    )
    _, took = measured(lambda: plan(again, rows, ruler))
    print(f"{'counts after a repeat has changed':44} {took.wall:6.2f} s")
    print(f"{'peak memory':44} {peak_gigabytes():6.2f} GB")


if __name__ == "__main__":
    main()
