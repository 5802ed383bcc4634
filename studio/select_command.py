"""`winnow select`: choose samples within a budget, under constraints where there are any."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import BadInput
from studio.terminal import perform, say

if TYPE_CHECKING:
    from core.filters import Filter
    from core.lens import Lens
    from core.select.constraints import Constraints
    from core.workspace import Workspace

WHERE_COLUMNS = (
    "--where sees these columns: source, original_id, num_images, num_turns, num_chars, num_text_tokens, width_px, height_px, "
    "cluster; the scores from 0 to 5 by key, such as ocr; imported numbers by name; and the lists styles, tags and flags. Text "
    "stands in single quotes: "
    "\"ocr >= 3 AND source = 'receipts' AND list_contains(styles, 'yes/no')\"."
)

CONSTRAINTS_EXAMPLE = """\
exclude: ["num_chars < 20"]          # conditions none of which may hold
include: ["num_images > 0"]          # conditions that must all hold
minimum:                             # at least so much of a group is kept
  - {kind: style, name: chain-of-thought, share: 10%}
maximum:                             # at most so much of it
  - {kind: source, name: receipts, count: 500}
  - {kind: capability, name: ocr, share: 30%}
pins: ["00f3a1c5d2e4b697"]           # samples that must be kept
never: ["1b7d09e2c4a65f38"]          # samples that are never kept
"""
"""A file for --constraints with every key."""

_CONSTRAINTS_WORDS = (
    "A file for --constraints is YAML; it may hold any of these keys, a list behind each:",
    "",
    *CONSTRAINTS_EXAMPLE.splitlines(),
    "",
    "A group is a source, a style (or unstyled), a tag with all below it, or a capability, which counts for the samples that",
    "score highest in it. A limit is a count of samples, or a share of the budget: 30%, or 0.3.",
)


def add_to(app: typer.Typer) -> None:
    """Give the command its verb."""
    told = f"{WHERE_COLUMNS}\n\nAn example of a file for --constraints:\n\n\b\n{CONSTRAINTS_EXAMPLE}"
    app.command(name="select", epilog=told)(select)


def select(
    ws: Annotated[Path | None, typer.Argument(metavar="WS", help="Folder of the workspace.")] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="M",
            help="mmssr, mmssr-nested, top-score, deita, ppl-mid, clip-score, semdedup, k-center, coincide, stratified, "
            "imported or random.",
        ),
    ] = "mmssr",
    budget: Annotated[
        str,
        typer.Option(
            metavar="30%|N|2Mtokens", help="Share of the pool, a number of samples, or a number of text tokens."
        ),
    ] = "",
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of the tie order.")] = 0,
    capabilities: Annotated[
        str, typer.Option(metavar="ocr,data", help="Capabilities to select for; default: all.")
    ] = "",
    where: Annotated[
        str, typer.Option(metavar="EXPR", help='Keep to samples for which this holds, such as "ocr >= 3".')
    ] = "",
    filter_: Annotated[
        str,
        typer.Option(
            "--filter", metavar="NAME", help="Keep to what a filter lets through that was saved in the studio."
        ),
    ] = "",
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="field=value", help="A setting of the method.")
    ] = None,
    constraints: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.yaml",
            help="What must, may and may not be kept; see the example below, or --help-constraints.",
        ),
    ] = None,
    pin: Annotated[list[str] | None, typer.Option(metavar="HEX", help="A sample that must be kept.")] = None,
    never: Annotated[list[str] | None, typer.Option(metavar="HEX", help="A sample that is never kept.")] = None,
    lists: Annotated[
        bool, typer.Option("--lists", help="Also the must-keep and never lists of the workspace, made in the studio.")
    ] = False,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Save the selection in the workspace under this name.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.parquet", help="Write rank, sample_id, original_id, source, reason.")
    ] = None,
    measure: Annotated[bool, typer.Option("--measure", help="Measure diversity beside Random and the pool.")] = False,
    help_method: Annotated[str, typer.Option("--help-method", metavar="M", help="List the settings of a method.")] = "",
    help_constraints: Annotated[
        bool, typer.Option("--help-constraints", help="Show an example of a file for --constraints.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; everything else goes to stderr.")
    ] = False,
) -> None:
    """Choose samples within a budget."""

    def act() -> tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]:
        if help_method:
            return method_help(help_method), lambda r: r["lines"]
        if help_constraints:
            return {"example": CONSTRAINTS_EXAMPLE}, lambda r: list(_CONSTRAINTS_WORDS)
        if ws is None:
            raise BadInput("The workspace is missing.", "Run `winnow select WS --budget 30%`.")
        from core.workspace import Workspace
        from studio.diversity_words import table_lines

        workspace = Workspace.open(ws)
        rules, notes = told_constraints(workspace, constraints, pin or [], never or [], lists)
        done = select_samples(
            workspace, method, budget, seed, capabilities, where, set_ or [], name, out, measure, rules, filter_
        )
        done["notes"] += notes
        return done, lambda r: [
            f"{r['num_selected']:,} of {r['pool_size']:,} samples selected with {r['method']} in {r['seconds']:.1f} s.",
            *r["notes"],
            *(table_lines(r["diversity"]) if measure else []),
            f"Written to {r['file']}."
            if r["file"]
            else "Nothing was kept of it: give --out FILE.parquet or --name NAME.",
        ]

    perform(as_json, act)


def told_constraints(
    workspace: Workspace, file: Path | None, pin: list[str], never: list[str], with_lists: bool
) -> tuple[Constraints, list[str]]:
    """The constraints of the file and of the options together, and what is to be said about lists that are not used."""
    from core.mixture.strict_yaml import plain_values, yaml_text
    from core.select import pins
    from core.select.constraints import Constraints, constraints_of
    from core.select.yaml_words import line_in

    made = Constraints()
    if file is not None:
        text = yaml_text(file, "constraint list")
        raw = plain_values(text, str(file))
        made = constraints_of({} if raw is None else raw, str(file), line_in(text))
    options = constraints_of(
        {"pins": list(dict.fromkeys(pin)), "never": list(dict.fromkeys(never))}, "--pin and --never"
    )
    made = constraints_of(
        {
            **made.model_dump(mode="json"),
            "pins": [*made.pins, *(text for text in options.pins if text not in made.pins)],
            "never": [*made.never, *(text for text in options.never if text not in made.never)],
        }
    )
    listed = pins.read(workspace)
    if with_lists:
        return pins.merged(made, listed), []
    if not listed.pins and not listed.never:
        return made, []
    return made, [
        f"The lists of the workspace ({len(listed.pins):,} pinned, {len(listed.never):,} never) are not used: give --lists."
    ]


def select_samples(
    workspace: Workspace,
    method: str,
    budget: str,
    seed: int,
    capabilities: str,
    where: str,
    assignments: list[str],
    name: str | None,
    out: Path | None,
    measure: bool = False,
    constraints: Constraints | None = None,
    filter_name: str = "",
) -> dict[str, Any]:
    """Order the pool with a method, cut at the budget, write, save and measure where asked; the result as JSON."""
    from core.lens import Lens
    from core.select import diversity, saved
    from core.select.budget import parse_budget
    from core.select.constrained import num_left
    from core.select.constraints import Constraints
    from core.select.groups import labels_for
    from core.select.methods import choose, settings
    from core.select.pool import Pool
    from core.select.selector import slowed, took

    started = time.perf_counter()
    if not budget:
        raise BadInput("No budget is given.", "Give one with --budget, a share such as 30% or a number such as 500.")
    if name is not None and not name.strip():
        raise BadInput("The selection's name is empty.", "Give one with --name NAME.")
    if out is not None and out.is_dir():
        raise BadInput(f"{out} is a folder.", "Give a file name such as selection.parquet.")
    selector = settings(method, _assigned(assignments, capabilities))
    allowed = parse_budget(budget)
    lens = Lens(workspace)
    chosen = chosen_filter(lens, where, filter_name)
    rules = constraints or Constraints()
    pool = Pool.from_lens(lens, chosen, vectors=selector.needs_vectors)
    labels = labels_for(lens, pool, rules)
    left = num_left(pool, rules, labels)
    slower = slowed()
    costs = took(left, slower * selector.seconds(left, left if allowed.kind == "tokens" else allowed.count(left)))
    if costs is not None:
        say(f"{selector.title} takes {costs}{', since other work keeps this machine busy' if slower > 1.5 else ''}.")
    selection = choose(selector, pool, allowed, seed, rules, labels)
    file = None
    if out is not None:
        saved.write_parquet(selection, out)
        file = str(out)
    if name:
        entry = saved.save(workspace, selection, name=name, budget=budget, chosen=chosen)
        file = file or str(workspace.path / entry.path)
    pool, measured = selection.ordering.pool, {}
    if measure:
        material = diversity.Material.from_lens(lens, pool)
        measured = {"diversity": diversity.beside(material, pool, selection.sample_ids).as_json()}
    return {
        "method": method,
        "budget": budget,
        "num_selected": selection.num,
        "pool_size": selection.ordering.pool_size,
        "snapshot": lens.snapshot,
        "seconds": time.perf_counter() - started,
        "file": file,
        "left_out": selection.left_out,
        "notes": list(selection.notes),
        **measured,
    }


def chosen_filter(lens: Lens, where: str, name: str) -> Filter:
    """What --where and --filter let through together."""
    from core.filters import LONGEST_WHERE, Filter
    from core.store import named_filters

    known = named_filters.find(lens.workspace, name).chosen if name else Filter()
    both = [text for text in (known.where.strip(), where.strip()) if text]
    joined = both[0] if len(both) == 1 else " AND ".join(f"(\n{text}\n)" for text in both)
    if len(joined) > LONGEST_WHERE:
        raise BadInput(f"The condition has {len(joined):,} characters.", f"Use {LONGEST_WHERE:,} at most.")
    if len(both) > 1:
        for text in both:
            lens.count(Filter(where=text))  # each is sound by itself: no bracket too many is made up for by the other
    return Filter.model_validate({**known.model_dump(), "where": joined})


def _assigned(assignments: list[str], capabilities: str) -> dict[str, str]:
    values = {}
    for text in assignments:
        field, equals, value = text.partition("=")
        if not equals or not field.strip():
            raise BadInput(f"--set {text!r} is not an assignment.", "Write --set field=value.")
        values[field.strip()] = value.strip()
    if capabilities:
        values["capabilities"] = capabilities
    return values


def method_help(name: str) -> dict[str, Any]:
    """The settings of a method, from its own fields."""
    from core.select.methods import method

    found = method(name)
    fields = {
        key: {"default": str(field.get_default(call_default_factory=True)), "description": field.description or ""}
        for key, field in found.model_fields.items()
    }
    lines = [f"{name}: {found.summary}"]
    lines += [
        f"  --set {key}=...  {field['description']} Default: {field['default'].strip('{}()') or 'none'}."
        for key, field in fields.items()
    ]
    return {"method": name, "settings": fields, "lines": lines}
