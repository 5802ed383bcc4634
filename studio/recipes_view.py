"""Two recipes beside each other on the page: what changed, what that does to the data, and what the data did to either."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.errors import StudioError
from core.mixture import recipe_words
from core.mixture.moved import Moved
from core.mixture.recipe_diff import Change, RecipeDiff
from core.mixture.recipe_effect import Effect, Side, Spread
from core.mixture.totals import StageTotals
from studio import charts, layout, recipes_cached, recipes_list, session, style
from studio.address_slot import AddressSlot
from studio.charts import Column, Row
from studio.mixture_words import flops, time_of
from studio.recipes_cached import Entry
from studio.words import Note, many, num, share, short

_SPREADS = {"Sources": "source", "Skills": "capability", "Styles": "style", "Tags": "tag", "Licences": "licence"}
_SHOWN = AddressSlot("recipes.spread", "Sources", "spread", tuple(_SPREADS))
_STAGE = AddressSlot("recipes.stage", "", "stage")
_ASKED: session.Slot[str] = session.Slot("recipes.asked", "")
_FIGURES = {
    "num_samples": ("samples", num),
    "num_unique_samples": ("different", num),
    "num_text_tokens": ("text tokens", short),
    "num_image_tokens": ("image tokens", short),
    "num_steps": ("steps", num),
    "flops": ("compute", flops),
    "gpu_hours": ("on one H200", time_of),
}
_KINDS = {"added": "added", "removed": "removed", "changed": "changed", "renamed": "renamed", "moved": "moved"}
_ALL_STAGES = "All stages"
_SIDES = ("var(--w-removed)", "var(--w-added)")


def stylesheet() -> None:
    """The look of this page's own parts; letters and tables are those of Compare."""
    st.html(style.ASSETS / "compare.css")
    st.html(style.ASSETS / "recipes.css")


# -- figures ------------------------------------------------------------------------------------------------------------------


def figures(found: Effect) -> None:
    """What the second recipe amounts to, each figure with its difference from the first; dashes for what is not known."""
    before, after = found.before.figures, found.after.figures
    cells = []
    for key, (noun, said) in _FIGURES.items():
        now = said(after[key]) if after else "–"
        was = f"from {said(before[key])}" if before else ""
        chip = _chip(before[key], after[key]) if before and after else ""
        cells.append(f"<div><b>{escape(now)}</b>{chip}<span>{escape(noun)} <em>{escape(was)}</em></span></div>")
    st.html(f'<div class="r-figures">{"".join(cells)}</div>')


def one_figures(found: Side) -> None:
    """The same of a recipe on its own."""
    told = found.figures
    layout.figures([(said(told[key]) if told else "–", noun, "") for key, (noun, said) in _FIGURES.items()])


def alone(found: Side) -> None:
    """What is said while there is no second recipe to compare with, and why the one has no numbers."""
    if found.problem is not None:
        layout.problem(StudioError(found.problem.problem, _on_page(found.problem.fix)))
        if "--accept-newer" in found.problem.fix:
            _newer_switch()
    with layout.empty(
        "Only one recipe is kept", "Change it on Mixture and save it under another name to compare the two."
    ):
        st.button("Open Mixture", key="recipes-more", on_click=session.go_to, args=("mixture",))


def _chip(before: float, after: float) -> str:
    if before == after:
        return '<i class="r-chip">same</i>'
    if not before:
        return '<i class="r-chip more">new</i>'
    percent = 100 * (after - before) / before
    text = f"{percent:+.1f} %" if abs(percent) >= 0.05 else f"{'+' if percent > 0 else '−'}< 0.1 %"
    return f'<i class="r-chip {"more" if percent > 0 else "less"}">{escape(text.replace("-", "−"))}</i>'


def problems(found: Effect) -> None:
    """Why a side has no numbers, and the way on where sources are to blame."""
    letters: dict[tuple[str, str], list[str]] = {}
    for letter, one in (("A", found.before), ("B", found.after)):
        if one.problem is not None:
            letters.setdefault((one.problem.problem, one.problem.fix), []).append(letter)
    for (said, fix), whose in letters.items():
        layout.problem(StudioError(f"{' and '.join(whose)}: {said}", _on_page(fix)))
    if any("--accept-newer" in fix for _, fix in letters) or recipes_list.NEWER.get():
        _newer_switch()


def _newer_switch() -> None:
    session.seed("recipes-newer", recipes_list.NEWER.get() == "yes")
    st.toggle(
        "Go on with the sources that are there", key="recipes-newer", on_change=_accept,
        help="Sources of a recipe may then be gone, or other ones than it was made with; what that does is told below.",
    )  # fmt: skip


def _accept() -> None:
    recipes_list.NEWER.set("yes" if session.held("recipes-newer") else "")


def _on_page(fix: str) -> str:
    return fix.replace("with --accept-newer", "by the switch below")


# -- what changed ---------------------------------------------------------------------------------------------------------------


def changes(told: RecipeDiff, first: Entry, second: Entry) -> None:
    """What is otherwise in the second recipe: where, before, after; the field's own words in the hover.

    What freezing writes stands apart: a frozen recipe beside one that is not differs in every source.
    """
    layout.section("What changed", many(len(told.changes), "difference") if told else "")
    if not told:
        layout.small("Nothing: the two say the same, whatever their files look like.")
        return
    frozen = [change for change in told.changes if change.at[0] in ("snapshot", "sources")]
    people = [change for change in told.changes if change.at[0] not in ("snapshot", "sources")]
    if people:
        _changes(people, first, second)
    if frozen:
        with st.expander(
            f"Data they name: {many(len(frozen), 'difference')} in snapshot and sources", expanded=not people
        ):
            _changes(frozen, first, second)


def _changes(some: Sequence[Change], first: Entry, second: Entry) -> None:
    lines, about = [], ""
    for change in some:
        where, field = recipe_words.title(change)
        if where != about:
            about = where
            lines.append(f'<tr class="group"><th colspan="3">{escape(where)}</th></tr>')
        lines.append(_line(change, field, second if change.kind != "removed" else first))
    st.html(
        '<div class="c-frame r-changes"><table class="c-table"><colgroup><col class="what"></colgroup>'
        f'<thead><tr><th></th><th><span class="c-letter first">A</span> {escape(first.name)}</th>'
        f'<th><span class="c-letter second">B</span> {escape(second.name)}</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _line(change: Change, field: str, of: Entry) -> str:
    says = recipe_words.description(of.recipe, change.at)
    name = field or {"added": "added", "removed": "removed", "renamed": "name", "moved": "place"}.get(
        change.kind, "all of it"
    )
    kind = (
        ""
        if change.kind == "changed" or not field
        else f' <small class="r-kind {change.kind}">{_KINDS[change.kind]}</small>'
    )
    before, after = (
        f'<td class="{look if text else "none"}">{escape(text) or "–"}</td>'
        for text, look in ((recipe_words.before(change), "was"), (recipe_words.after(change), "is"))
    )
    return f'<tr><th scope="row" title="{escape(says)}">{escape(name)}{kind}</th>{before}{after}</tr>'


# -- stages ---------------------------------------------------------------------------------------------------------------------


def stages(found: Effect) -> None:
    """Every stage with its samples, tokens and steps, before and after."""
    layout.section("Stages", "tokens of one pass, steps over all epochs")
    rows = [
        Row((one.name, *_cells(one.before, one.after)), key=one.name, on=one.name == _STAGE.get())
        for one in found.stages
    ]
    columns = (
        Column("Stage", "grow"), Column("Samples", "number", 150), Column("Text tokens", "number", 150),
        Column("Image tokens", "number", 150), Column("Steps", "number", 130), Column("Time", "number", 150),
    )  # fmt: skip
    charts.rows(columns, rows, key="recipes-stages", on_pick=_look_at, tall_px=300)


def _look_at(name: str) -> None:
    _STAGE.set("" if name == _STAGE.get() else name)


_IN_STAGE = (
    ("num_samples", num), ("num_text_tokens", short), ("num_image_tokens", short), ("num_steps", num), ("gpu_hours", time_of),
)  # fmt: skip


def _cells(before: StageTotals | None, after: StageTotals | None) -> list[str]:
    found = []
    for key, said in _IN_STAGE:
        told = ["–" if one is None else said(getattr(one, key)) for one in (before, after)]
        found.append(told[1] if told[0] == told[1] else " → ".join(told))
    return found


# -- samples and shares ---------------------------------------------------------------------------------------------------------


def samples(found: Effect) -> None:
    """How many samples both train on, and why the others came or went."""
    told = found.samples
    if told is None:
        return
    layout.section("Samples", "different ones, by the first thing that explains them")
    most = max((*told.added_because.values(), *told.removed_because.values(), 1))
    bars = [
        Row((why, {"part": count / most, "text": num(count), "colour": colour}))
        for because, colour in ((told.removed_because, _SIDES[0]), (told.added_because, _SIDES[1]))
        for why, count in because.items()
    ]
    st.html(
        f'<div class="r-samples"><span><i class="c-dot kept"></i>{num(len(told.kept))} in both</span>'
        f'<span><i class="c-dot removed"></i>{num(len(told.removed))} only in A</span>'
        f'<span><i class="c-dot added"></i>{num(len(told.added))} only in B</span></div>'
    )
    if bars:
        charts.rows((Column("Why", "grow"), Column("Samples", "bar", 130)), bars, key="recipes-why", tall_px=260)


def spreads(found: Effect) -> None:
    """Shares before and after, those that moved most first, the pool behind them."""
    stage = _STAGE.get() if any(one.name == _STAGE.get() for one in found.stages) else ""
    told = found.spread(_SPREADS[_SHOWN.get()], stage)  # type: ignore[arg-type]
    distance = "" if told is None else f"moved by {share(told.distance)} (total variation)"
    layout.section("Shares", f"{stage or _ALL_STAGES.lower()}, repeats counted; {distance}" if told else "")
    names = [_ALL_STAGES, *(one.name for one in found.stages if one.before is not None and one.after is not None)]
    with st.container(key="recipes-spread-choice"):
        session.seed("recipes-spread", _SHOWN.get())
        st.segmented_control(
            "Shown",
            list(_SPREADS),
            key="recipes-spread",
            on_change=_show_spread,
            label_visibility="collapsed",
            width="stretch",
        )
        if len(names) > 2:
            session.seed("recipes-stage", stage if stage in names else _ALL_STAGES)
            st.selectbox("Stage", names, key="recipes-stage", on_change=_show_stage, label_visibility="collapsed")
    if told is None:
        layout.small("Shares are known where both recipes are, and have the stage.")
        return
    _bars(told)


def _show_spread() -> None:
    _SHOWN.set(str(session.held("recipes-spread") or _SHOWN.get()))


def _show_stage() -> None:
    chosen = str(session.held("recipes-stage") or _ALL_STAGES)
    _STAGE.set("" if chosen == _ALL_STAGES else chosen)


def _bars(told: Spread) -> None:
    most = max((value for one in told.shares for value in (one.before, one.after, one.pool)), default=1.0) or 1.0
    rows = [
        Row(
            (
                {"text": one.name.split(" > ")[-1], "says": one.name},
                *(
                    {"part": part / most, "text": share(part), "ghost": one.pool / most, "colour": colour}
                    for part, colour in zip((one.before, one.after), _SIDES, strict=True)
                ),
            )
        )
        for one in told.shares
    ]
    columns = (Column(_SHOWN.get()[:-1], "grow"), Column("A", "bar", 112), Column("B", "bar", 112))
    charts.rows(columns, rows, key=f"recipes-{_SHOWN.get()}", tall_px=420)


# -- since its snapshot -----------------------------------------------------------------------------------------------------------


def remarks(first: Entry | None, second: Entry) -> None:
    """Badges: what was frozen at older data."""
    notes = [Note("time: estimate", "At 30 % of the dense bf16 peak of one H200; every text token counts as learnt.")]
    for letter, one in (("A", first), ("B", second)):
        if one is not None and recipes_cached.moved_since(one) is not None:
            says = f"{one.name} was frozen at another state of the data; what differs is told below."
            notes.append(Note(f"older data: {letter}", says))
    layout.badges(notes)


def since(first: Entry | None, second: Entry) -> None:
    """For a recipe that was frozen at older data: what differs now, and on demand what that does."""
    for letter, one in (("A", first), ("B", second)):
        told = recipes_cached.moved_since(one) if one is not None else None
        if one is None or told is None:
            continue
        frozen = one.recipe.snapshot
        layout.section(
            f"{letter}: since its snapshot" if frozen else f"{letter}: its sources",
            f"{one.name}, frozen at {frozen[:8]}" if frozen else one.name,
        )
        for line in told.sentences() or ("Nothing that a recipe rests on has changed.",):
            layout.small(line)
        if not frozen:
            continue
        if not told.is_kept:
            layout.small("This workspace does not keep that snapshot, so only the sources can be compared.")
        elif _ASKED.get() == one.key:
            _since_effect(one, letter)
        else:
            st.button(
                "Say what that does", icon=":material/difference:", key=f"recipes-since-{letter}", on_click=_ASKED.set,
                args=(one.key,), help="Chooses the samples at both snapshots and compares them.",
            )  # fmt: skip


def _since_effect(one: Entry, letter: str) -> None:
    try:
        with st.spinner("Choosing the samples at both snapshots", show_time=True):
            found = recipes_cached.since(one)
    except StudioError as error:
        layout.problem(error)
        return
    if found is None:
        return
    figures(found.effect)
    for side in (found.effect.before, found.effect.after):
        if side.problem is not None:
            layout.problem(side.problem)
    _selections(found.moved, letter)
    told = found.effect.samples
    if told is not None:
        for because, verb in ((told.removed_because, "not any more"), (told.added_because, "new")):
            for why, count in because.items():
                layout.small(f"{many(count, 'sample')} {verb}: {why}")


def _selections(told: Moved, letter: str) -> None:
    rows: Sequence[Row] = [
        Row((one.name, num(one.num_kept), num(one.num_removed), num(one.num_added))) for one in told.selections
    ]
    columns = (
        Column("Selection", "grow"), Column("As before", "number", 100), Column("Not any more", "number", 110),
        Column("New", "number", 90),
    )  # fmt: skip
    if rows:
        charts.rows(columns, rows, key=f"recipes-selections-{letter}", tall_px=260)
