"""A part as a card: its selection, how often it is repeated, what share of its stage that is, its caps, and where it may go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import Any

import streamlit as st
from pydantic import ValidationError
from streamlit.delta_generator import DeltaGenerator

from core.errors import BadInput, StudioError
from core.mixture.recipe import CapEntry, PartEntry
from core.mixture.stage_share import part_weights, repeat_of_part
from core.select.budget import decimal_text, parse_budget
from studio import forms, layout, refused, session
from studio import mixture_draft as drafts
from studio import mixture_start as start
from studio.mixture_cached import Planned
from studio.mixture_draft import Card, Draft
from studio.words import many, num

OF_TOKENS: session.Slot[bool] = session.Slot("mixture.shares-of-tokens", False)
"""Whether shares are of tokens, else of samples."""

_REACHED: session.Slot[dict[str, tuple[PartEntry, str]]] = session.Slot("mixture.reached", {})
"""What a typed share came to, by card, for as long as the part stays as it then was."""

_SET: session.Slot[dict[str, int]] = session.Slot("mixture.repeats-set", {})
"""How often a typed share has set the repeat of a card."""

_CAPS = {"cap": "Use at most", "cap_per_source": "From each source at most"}
_SHARE_FIX = "Type a percentage such as 30 or 12.5."


@dataclass(frozen=True)
class CardPlace:
    """Where on a card is written what only a plan knows: its size, its share, and what is wrong."""

    size: DeltaGenerator
    share: DeltaGenerator
    told: DeltaGenerator


def card(draft: Draft, one: Card, place: int) -> tuple[CardPlace, PartEntry]:
    """Draw a card in the stage at `place`; gives the part with the repeat that is typed."""
    name = f"{draft.serial}-{one.key}"
    size = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"part-fields-{name}"):
        part, problem = _repeated(one.part, repeat_key(draft, one.key))
        share = st.container(key=f"part-share-{name}")
    with st.container(horizontal=True, vertical_alignment="center", key=f"part-acts-{name}"):
        with st.popover(
            "Capped" if caps_said(part) else "Cap",
            icon=":material/vertical_align_top:",
            type="tertiary",
            key=f"part-caps-{name}",
        ):
            _caps_form(draft, one, part)
        acts = (
            ("left", ":material/chevron_left:", "To the stage before", drafts.move_part, (one.key, -1), place > 0),
            ("right", ":material/chevron_right:", "To the next stage", drafts.move_part, (one.key, 1), place + 1 < len(draft.lanes)),
            ("drop", ":material/close:", "Take out of this stage", drafts.drop_part, (one.key,), True),
        )  # fmt: skip
        for act_name, icon, says, act, given, can in acts:
            st.button(
                "", icon=icon, key=f"{act_name}-{name}", help=says, type="tertiary", disabled=not can,
                on_click=start.guarded, args=(change, act, *given),
            )  # fmt: skip
    told = st.container()
    if problem is not None:
        with told:
            layout.problem(problem)
    return CardPlace(size, share, told), part


def change(act: Callable[..., Draft], *given: Any) -> None:
    """Apply an act to the recipe in edit, as it is when the click arrives."""
    draft = start.current()
    if draft is not None:
        start.keep(act(draft, *given))


def repeat_key(draft: Draft, card_key: str) -> str:
    """The widget of a card's repeat; another one once a typed share has changed it, so that a browser which has not heard of
    that yet cannot send the old repeat back."""
    name = f"mix-{draft.serial}-{card_key}"
    return f"{name}.{_SET.get().get(name, 0)}.repeat"


def _repeated(part: PartEntry, key: str) -> tuple[PartEntry, StudioError | None]:
    """The part with the repeat that is typed, or as it was with what is wrong.

    The widget itself has no bounds: a browser drops a number outside them without a word.
    """
    says = layout.verbatim(PartEntry.model_fields["repeat"].description or "")
    typed: float | None = st.number_input(
        "Repeat", value=part.repeat, key=key, help=says, format="%g", persist_state="session"
    )
    try:
        return _with(part, repeat=part.repeat if typed is None else typed), None
    except ValidationError as error:
        return part, forms.bad_settings(error)


def _with(part: PartEntry, **update: Any) -> PartEntry:
    return PartEntry.model_validate({**part.model_dump(), **update})


# -- caps -----------------------------------------------------------------------------------------------------------------


def cap_text(cap: CapEntry | None) -> str:
    """A cap as it is typed: '500', '30%', '2000000 tokens', '' for none."""
    if cap is None:
        return ""
    if cap.percent is not None:
        return f"{decimal_text(Fraction(cap.percent))}%"
    return str(cap.samples) if cap.samples is not None else f"{cap.tokens} tokens"


def cap_of(text: str) -> CapEntry | None:
    """What is typed as a cap; nothing, or 'all', is none."""
    if text.strip().lower() in ("", "all", "none"):
        return None
    budget = parse_budget(text)
    try:
        return CapEntry.model_validate(
            {budget.kind: decimal_text(budget.amount) if budget.kind == "percent" else int(budget.amount)}
        )
    except ValidationError as error:
        raise forms.bad_settings(error) from error


def _cap_said(cap: CapEntry) -> str:
    if cap.percent is not None:
        return f"{decimal_text(Fraction(cap.percent))} %"
    return num(cap.samples) if cap.samples is not None else f"{num(cap.tokens or 0)} text tokens"


def caps_said(part: PartEntry) -> str:
    """'≤ 50 %, ≤ 100 a source'; nothing without caps."""
    said = [_cap_said(part.cap)] if part.cap else []
    said += [f"{_cap_said(part.cap_per_source)} a source"] if part.cap_per_source else []
    return ", ".join(f"≤ {one}" for one in said)


def _caps_form(draft: Draft, one: Card, part: PartEntry) -> None:
    for field, label in _CAPS.items():
        key = refused.seed(f"mix-{draft.serial}-{one.key}.{field}", cap_text(getattr(part, field)))
        st.text_input(
            label, key=key, placeholder="all", on_change=_cap_typed, args=(one.key, field, key),
            help=layout.verbatim(PartEntry.model_fields[field].description or ""),
        )  # fmt: skip
        refused.tell(key)
    layout.small("Samples such as 500, a share such as 30%, or text tokens such as 2Mtokens.")
    lane = next(lane for lane in draft.lanes if any(other.key == one.key for other in lane.cards))
    place = [other.key for other in lane.cards].index(one.key)
    with st.container(horizontal=True, key=f"part-order-{draft.serial}-{one.key}"):
        for name, label, by, can in (
            ("up", "Earlier", -1, place > 0),
            ("down", "Later", 1, place + 1 < len(lane.cards)),
        ):
            st.button(
                label, icon=f":material/arrow_{name}ward:", key=f"{name}-{draft.serial}-{one.key}", disabled=not can,
                on_click=start.guarded, args=(change, drafts.shift_part, one.key, by),
            )  # fmt: skip


def _cap_typed(card_key: str, field: str, key: str) -> None:
    with refused.kept(key):
        cap = cap_of(str(session.held(key) or ""))
        draft = start.current()
        part = None if draft is None else _part_of(draft, card_key)
        if draft is not None and part is not None:
            start.keep(drafts.set_part(draft, card_key, part.model_copy(update={field: cap})))


def _part_of(draft: Draft, card_key: str) -> PartEntry | None:
    return next((card.part for lane in draft.lanes for card in lane.cards if card.key == card_key), None)


# -- the share of its stage -----------------------------------------------------------------------------------------------


def share_field(
    draft: Draft, one: Card, place: CardPlace, share: float | None, plan: Callable[[], Planned | None]
) -> None:
    """The share a card has of its stage, to be read and typed; None while nothing is known."""
    name = f"mix-{draft.serial}-{one.key}"
    what, text = "tokens" if OF_TOKENS.get() else "samples", "–" if share is None else f"{100 * share:.1f} %"
    # Named by what it shows: what a browser sends back of a share that has changed meanwhile is not taken for typing.
    key = f"{name}.{what}.{text}.share"
    with place.share:
        refused.seed(key, text)
        st.text_input(
            "Share", key=key, disabled=share is None, on_change=_share_typed, args=(one.key, key, name, plan),
            help=f"Of the {what} of this stage. A share that is typed changes the repeat, to the nearest sample.",
        )  # fmt: skip
    with place.told:
        refused.tell(key)
        reached = _REACHED.get().get(name)
        if reached is not None and reached[0] == one.part and refused.why(key) is None:
            layout.small(reached[1])


def _share_typed(card_key: str, key: str, name: str, plan: Callable[[], Planned | None]) -> None:
    with refused.kept(key):
        asked = share_of(str(session.held(key) or ""))
        draft, found = start.current(), plan()
        if draft is None or found is None:
            raise BadInput("The samples of the recipe are not known.", "Mend what is told above first.")
        lane = next(at for at, lane in enumerate(draft.lanes) if any(card.key == card_key for card in lane.cards))
        cards = draft.lanes[lane].cards
        at = [card.key for card in cards].index(card_key)
        of_tokens = OF_TOKENS.get()
        repeat = repeat_of_part(found.made, lane, at, asked, of_tokens=of_tokens)
        part = _with(cards[at].part, repeat=repeat)
        start.keep(drafts.set_part(draft, card_key, part))
        _SET.set({**_SET.get(), name: _SET.get().get(name, 0) + 1})
        says = f"{decimal_text(100 * asked)} % of the {'tokens' if of_tokens else 'samples'}: {repeat:.12g} copies, to the nearest sample."
        _REACHED.set({**_REACHED.get(), name: (part, says)})


def share_of(text: str) -> Fraction:
    """A typed percentage, '30' or '30 %', as a share."""
    plain = text.strip().removesuffix("%").strip().replace(",", ".")
    try:
        share = Fraction(plain) / 100 if "/" not in plain and "e" not in plain.lower() else None
    except ValueError:
        share = None
    if share is None:
        raise BadInput(f"{text.strip()!r} is not a share.", _SHARE_FIX)
    return share


def fill(
    draft: Draft,
    one: Card,
    place: CardPlace,
    title: str,
    planned: Planned | None,
    size: int | None,
    share: float | None,
    missing: StudioError | None,
    plan: Callable[[], Planned | None],
) -> None:
    """Write the size and the share of a card, and why its selection cannot be had."""
    place.size.html(card_html(one.part, title, planned, size))
    share_field(draft, one, place, share, plan)
    if missing is not None:
        with place.told:
            layout.problem(missing)


def card_html(part: PartEntry, title: str, planned: Planned | None, size: int | None) -> str:
    """A part: its selection, and how many samples it brings."""
    brings = ""
    if planned is not None and size is not None:
        chosen, caps = num(len(planned.chosen[part.selection].sample_ids)), caps_said(part)
        brings = many(size, "sample")
        if part.repeat != 1:
            brings += f", {part.repeat:.6g} × " + ("" if caps else chosen)
        if caps:
            brings += f"{'' if part.repeat != 1 else ', '}some of {chosen}, {caps}"
    return (
        f'<div class="w-part"><b title="{escape(title)}">{escape(title)}</b><span title="{escape(brings)}">{escape(brings)}</span>'
        '<i class="w-grip" aria-hidden="true" title="Drag to another stage"></i></div>'
    )


def weigh(found: Planned, stage: int) -> Sequence[tuple[int, float]]:
    """Of each part of a stage the samples it brings, and its share of the stage's samples or tokens."""
    weighed = [weight for _, weight in part_weights(found.made, stage, of_tokens=OF_TOKENS.get())]
    total = max(sum(weighed), 1)
    return [(size, weight / total) for size, weight in zip(found.stages[stage].sizes, weighed, strict=True)]
