"""`winnow recipe`: recipes as text people read: one shown, two beside each other, one planned against a workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from studio.terminal import bar, perform

if TYPE_CHECKING:
    from core.mixture.kept import Found
    from core.mixture.newer import Newer
    from core.workspace import Workspace

recipes = typer.Typer(
    help="Show a recipe, compare two, plan one against a workspace.", no_args_is_help=True, rich_markup_mode=None
)

WorkspaceOption = Annotated[
    Path | None, typer.Option("--workspace", metavar="WS", help="The workspace: its recipes by name, and numbers.")
]
NewerOption = Annotated[
    bool,
    typer.Option("--accept-newer", help="Go on when sources of the recipe are gone or other ones, and say the effect."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object; everything else goes to stderr.")]

_RECIPE = "A YAML file, an export's folder, or with --workspace the name of a recipe that is kept there."
_MOST_SHARES = 4
_Answer = tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]


def add_to(app: typer.Typer) -> None:
    """Give the command its verb."""
    app.add_typer(recipes, name="recipe")


def _workspace(path: Path | None) -> Workspace | None:
    from core.workspace import Workspace

    return None if path is None else Workspace.open(path)


# -- show ---------------------------------------------------------------------------------------------------------------------


@recipes.command()
def show(
    recipe: Annotated[str, typer.Argument(metavar="R", help=_RECIPE)],
    workspace: WorkspaceOption = None,
    yaml: Annotated[bool, typer.Option("--yaml", help="Print its one YAML form instead.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what a recipe holds: its selections, and its stages with their parts."""

    def act() -> _Answer:
        from core.mixture.kept import find_recipe

        found = find_recipe(recipe, _workspace(workspace))
        text = found.recipe.to_yaml().rstrip("\n")
        return {**_head(found), "recipe": found.recipe.as_dict()}, lambda r: [text] if yaml else _shown(found)

    perform(as_json, act)


def _head(found: Found) -> dict[str, Any]:
    return {"name": found.recipe.name, "recipe_hash": found.recipe.content_hash(), "snapshot": found.recipe.snapshot}


def _shown(found: Found) -> list[str]:
    from core.mixture import recipe_words as words

    one, plain = found.recipe, found.recipe.as_dict()
    frozen = (
        f"frozen at snapshot {one.snapshot[:12]} with {len(one.sources):,} sources" if one.snapshot else "not frozen"
    )
    lines = [f"{one.name} ({one.content_hash()[:12]}), {frozen}; trains {one.model.preset}"]
    lines += [
        "Selections:",
        *(f"  {key}: {words.selection_words(entry)}" for key, entry in plain["selections"].items()),
    ]
    lines += ["Stages:", *(f"  {stage['name']}: {words.stage_words(stage)}" for stage in plain["stages"])]
    return lines


# -- diff ---------------------------------------------------------------------------------------------------------------------


@recipes.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help=_RECIPE)],
    second: Annotated[str, typer.Argument(metavar="B", help="The same, for the recipe that is compared with it.")],
    workspace: WorkspaceOption = None,
    accept_newer: NewerOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say what is otherwise in recipe B than in A and, with a workspace, what that does (exit status 0 whether or not they differ)."""

    def act() -> _Answer:
        from core.mixture import recipe_words as words
        from core.mixture.kept import find_recipe
        from core.mixture.recipe_diff import recipe_diff

        here = _workspace(workspace)
        a, b = find_recipe(first, here), find_recipe(second, here)
        found = recipe_diff(a.recipe, b.recipe)
        result: dict[str, Any] = {
            "before": _head(a),
            "after": _head(b),
            "changes": [
                {
                    **change.as_dict(),
                    "says": words.sentence(change),
                    "key": words.description((a if change.kind == "removed" else b).recipe, change.at),
                }
                for change in found.changes
            ],
        }
        if here is not None:
            from core.lens import Lens
            from core.mixture.recipe_effect import effect, side

            with bar("choosing the samples of both"):
                lens = Lens(here)
                before = side(a.recipe, lens, a.folder, accept_newer=accept_newer)
                after = side(b.recipe, lens, b.folder, accept_newer=accept_newer)
                result["effect"] = effect(before, after, found).as_dict()
        return result, _diff_lines

    perform(as_json, act)


def _diff_lines(done: dict[str, Any]) -> list[str]:
    changes = done["changes"]
    lines = [
        f"{len(changes):,} difference{'' if len(changes) == 1 else 's'}:" if changes else "The recipes are the same."
    ]
    lines += [f"  {change['says']}" for change in changes]
    return [*lines, *effect_lines(done["effect"])] if "effect" in done else lines


_FIGURES = {
    "num_samples": "samples",
    "num_unique_samples": "different samples",
    "num_text_tokens": "text tokens",
    "num_image_tokens": "image tokens",
    "num_steps": "steps",
    "flops": "FLOPs",
    "gpu_hours": "time on one H200",
}
_STAGE_FIGURES = ("num_samples", "num_text_tokens", "num_image_tokens", "num_steps", "gpu_hours")


def effect_lines(told: Mapping[str, Any]) -> list[str]:
    """The effect of a change for a person: figures, stages, samples by reason, the shares that moved most."""
    before, after = told["before"], told["after"]
    lines = [
        f"{name} cannot be resolved: {one['problem']} {one['fix']}"
        for name, one in (("A", before), ("B", after))
        if "problem" in one
    ]
    lines.append("Effect:" if not lines else "What is known of the effect:")
    for key, noun in _FIGURES.items():
        lines.append(f"  {noun:<18}{_pair(key, before.get(key), after.get(key))}")
    for stage in told["stages"]:
        lines.append(f"  stage {stage['name']}:")
        sides = [stage["before"] or {}, stage["after"] or {}]
        lines += [f"    {_FIGURES[key]:<16}{_pair(key, *(one.get(key) for one in sides))}" for key in _STAGE_FIGURES]
    samples = told["samples"]
    if samples is not None:
        lines.append(
            f"Samples: {samples['kept']:,} in both, {samples['added']:,} added, {samples['removed']:,} removed."
        )
        for side in ("added", "removed"):
            lines += [f"  {num:>9,} {side}: {why}" for why, num in samples[f"{side}_because"].items()]
    lines += [_share_line(name, one) for name, one in told["shares"].items()]
    return lines


def _pair(key: str, before: float | None, after: float | None) -> str:
    text = f"{_number(key, before):>14} -> {_number(key, after):>14}"
    if before is None or after is None or before == after:
        return text
    moved = f"{100 * (after - before) / before:+.1f} %" if before else "new"
    if key == "gpu_hours":  # a difference of times below what is told of them says nothing
        return f"{text}   {moved}"
    return f"{text}   {'+' if after > before else '-'}{_number(key, abs(after - before))} ({moved})"


def _number(key: str, value: float | None) -> str:
    from studio.mixture_words import flops, time_of

    if value is None:
        return "-"
    return time_of(value) if key == "gpu_hours" else flops(value) if key == "flops" else f"{value:,.0f}"


def _share_line(name: str, one: Mapping[str, Any]) -> str:
    shares: Sequence[Mapping[str, Any]] = [s for s in one["shares"] if s["before"] != s["after"]]
    if not shares:
        return f"Share by {name}: as before."
    told = [f"{s['name']} {100 * s['before']:.1f} % -> {100 * s['after']:.1f} %" for s in shares[:_MOST_SHARES]]
    more = f", and {len(shares) - _MOST_SHARES:,} more" if len(shares) > _MOST_SHARES else ""
    return f"Share by {name} (distance {100 * one['distance']:.1f} %): {', '.join(told)}{more}"


# -- check --------------------------------------------------------------------------------------------------------------------


@recipes.command()
def check(
    recipe: Annotated[str, typer.Argument(metavar="R", help=_RECIPE)],
    workspace: WorkspaceOption = None,
    accept_newer: NewerOption = False,
    as_json: JsonOption = False,
) -> None:
    """Read a recipe and, with a workspace, plan it: its counts, tokens and cost, and what differs from its snapshot."""

    def act() -> _Answer:
        from core.mixture.kept import find_recipe

        here = _workspace(workspace)
        found = find_recipe(recipe, here)
        result: dict[str, Any] = {
            **_head(found), "num_stages": len(found.recipe.stages), "num_selections": len(found.recipe.selections),
        }  # fmt: skip
        if here is None:
            return result, lambda r: [
                f"{r['name']} is a recipe: {r['num_selections']} selections in {r['num_stages']} stages."
            ]
        with bar("choosing the samples"):
            planned, newer = _planned(found, here, accept_newer)
        result |= planned
        if newer is not None:
            result["since_recipe"] = newer.as_dict()
        return result, _check_lines

    perform(as_json, act)


def _planned(found: Found, here: Workspace, accept_newer: bool) -> tuple[dict[str, Any], Newer | None]:
    from core.lens import Lens
    from core.mixture.lengths import Ruler
    from core.mixture.mixture import choose_samples
    from core.mixture.moved import moved
    from core.mixture.newer import since_snapshot
    from core.mixture.plan import plan
    from core.select.pool import Pool
    from core.tokenizer import vocab_size_of

    one, lens = found.recipe, Lens(here)
    pool = Pool.from_lens(lens)
    chosen = choose_samples(one, lens, pool, found.folder, accept_newer=accept_newer)
    rows = {key: pool.rows_of(each.sample_ids) for key, each in chosen.items()}
    planned = plan(one, rows, Ruler(pool, one.model.preset), learnt_vocab_size=vocab_size_of(here.path / "tokenizer"))
    newer = since_snapshot(one, lens, found.folder) if accept_newer else None
    since = newer.moved if newer is not None else moved(one, lens)
    differs = [] if since is None else [*since.sentences(), *(each.sentence() for each in since.selections)]
    recorded = found.manifest.get("selections", {})
    for key, each in chosen.items():
        had = recorded.get(key, {}).get("num_selected", len(each.sample_ids))
        if had != len(each.sample_ids):
            differs.append(f"Selection {key}: {len(each.sample_ids):,} samples, {had:,} when it was exported.")
    dropped: dict[str, int] = {}
    for each in chosen.values():
        for _, reason in each.dropped:
            dropped[reason] = dropped.get(reason, 0) + 1
    return {
        "num_samples": planned.num_samples,
        "num_unique_samples": planned.num_unique,
        "stages": [stage.as_dict() for stage in planned.totals],
        "dropped": dropped,
        "notes": [f"{key}: {note}" for key, each in chosen.items() for note in each.notes]
        + [f"The selection {key} is in no stage." for key in one.selections if key not in chosen],
        "differs": differs,
    }, newer


def _check_lines(done: Mapping[str, Any]) -> list[str]:
    hours = sum(stage["gpu_hours"] for stage in done["stages"])
    lines = [
        f"{done['name']}: {done['num_samples']:,} samples ({done['num_unique_samples']:,} different) in {done['num_stages']} stages, "
        f"about {_number('gpu_hours', hours)} on one H200."
    ]
    for stage in done["stages"]:
        lines.append(
            f"  {stage['name']:<16}{stage['num_samples']:>10,} samples {stage['num_text_tokens']:>13,} text tokens "
            f"{stage['num_image_tokens']:>13,} image tokens {stage['num_steps']:>8,} steps"
        )
    lines += [f"  {count:>9,} left out: {reason}" for reason, count in done["dropped"].items()]
    lines += [f"  {note}" for note in done["notes"]]
    if done["differs"]:
        lines += ["Since the recipe was frozen:", *(f"  {line}" for line in done["differs"])]
    if "since_recipe" in done:
        lines += effect_lines(done["since_recipe"]["effect"])
    return lines
