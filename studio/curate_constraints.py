"""The constraints of Curate: groups with a least and a most, conditions, the lists of samples, and a budget in text tokens.

Groups and conditions belong to the state of the page; the must-keep and never lists to the workspace. Both together are in force.
"""

from __future__ import annotations

import re
from decimal import Decimal
from html import escape
from typing import Any, Literal

import streamlit as st

from core.errors import BadInput, StudioError
from core.filters import UNSTYLED, Filter
from core.select.budget import Budget
from core.select.constraint_mistakes import KINDS
from core.select.constraints import Constraints, Contradiction, Quota, constraints_of
from core.store.ids import id_from_hex
from core.vocabulary import CAPABILITY_KEYS, STYLES, TAG_SEPARATOR, capability_name
from studio import cached, costly, curate_state, layout, pinning, refused, session
from studio.cached_curate import InForce, chosen_of, in_force, left, lists, within_tokens
from studio.curate_state import CONSTRAINTS, SHARE
from studio.words import many, num

Side = Literal["minimum", "maximum"]
Way = Literal["include", "exclude"]

_WAYS: dict[Way, str] = {"include": "Only where", "exclude": "Leave out where"}
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{0,6})?|\.\d{1,6})\s*%", re.ASCII)
_COUNT = re.compile(r"\d{1,12}", re.ASCII)
_TOKEN_NUMBER = re.compile(
    r"(\d{1,3}(?:,\d{3}){1,5}|\d{1,18}(?:\.\d{0,9})?|\.\d{1,9})\s*([kmg]?)\s*(?:(?:text )?tokens?)?",
    re.ASCII | re.IGNORECASE,
)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_SHOWN_IN_LINE = 3
_AMOUNT_PX = 92
_NEW_GROUP = ("limit-new-minimum", "limit-new-maximum")
_NEW_CONDITION, _TOKENS = "condition-text", "token-budget"
_KIND: session.Slot[str] = session.Slot("constraints.kind", KINDS[0])
_WAY: session.Slot[Way] = session.Slot("constraints.way", "include")


def now() -> InForce:
    """The page's groups and conditions together with the workspace's lists."""
    return in_force(CONSTRAINTS.get())


# -- on the panel ---------------------------------------------------------------------------------------------------------


def button() -> None:
    """The button that opens everything there is to set. What is set stands in `line`: another label would close it."""
    opened = st.popover(
        "Constraints", icon=":material/rule:", key="popover-constraints", width="stretch", on_change="rerun"
    )
    if opened.open:
        with opened, st.container(width=440, gap="small", key="constraints-editor"):
            _editor()


def line() -> None:
    """What is in force, in one line of words; nothing where nothing is."""
    said = words(now().constraints)
    if said:
        more = f" and {len(said) - _SHOWN_IN_LINE} more" if len(said) > _SHOWN_IN_LINE else ""
        layout.small(f"In force: {'; '.join(said[:_SHOWN_IN_LINE])}{more}")


def words(rules: Constraints) -> list[str]:
    """Constraints as people say them, one entry a rule."""
    said = [f"{num(len(ids))} {what}" for ids, what in ((rules.pins, "pinned"), (rules.never, "never kept")) if ids]
    said += [f"{_group(quota)} at least {quota.amount}" for quota in rules.minimum]
    said += [f"{_group(quota)} at most {quota.amount}" for quota in rules.maximum]
    return said + [f"{_WAYS[way].lower()} {text}" for way in _WAYS for text in getattr(rules, way)]


def _group(quota: Quota) -> str:
    return f"{quota.kind} {_name(quota.kind, quota.name)}"


def _name(kind: str, name: str) -> str:
    """A group as people call it."""
    if kind == "capability" and name in CAPABILITY_KEYS:
        return capability_name(name)
    if kind == "tag":
        return name.rsplit(TAG_SEPARATOR, maxsplit=1)[-1]
    return "no style" if kind == "style" and name == UNSTYLED else name


# -- the editor -----------------------------------------------------------------------------------------------------------


def _editor() -> None:
    problem = _contradiction()
    if problem is not None:
        layout.problem(problem)
    layout.section("Groups", "a number of samples, or a share of the budget such as 20%")
    rules = CONSTRAINTS.get()
    groups = dict.fromkeys((quota.kind, quota.name) for quota in (*rules.minimum, *rules.maximum))
    if groups:
        with st.container(horizontal=True, gap="small", key="limit-heads"):
            st.html("&nbsp;", width="stretch")
            for head in ("at least", "at most"):
                st.html(f'<span class="w-limit"><i>{head}</i></span>', width=_AMOUNT_PX)
            st.html("&nbsp;", width=14)
    for index, (kind, name) in enumerate(groups):
        _group_row(index, kind, name, rules)
    _new_group()
    layout.section("Conditions", "over the columns of the pool")
    for way in _WAYS:
        for index, text in enumerate(getattr(rules, way)):
            _condition_row(way, index, text)
    _new_condition()
    _listed()
    _token_budget()


def _contradiction() -> StudioError | None:
    """What the rules in force have against each other: said here too, since the editor may cover where it stands."""
    state = curate_state.now()
    try:
        chosen_of(state.chosen, state.method, state.settings, state.seed, now(), curate_state.budget_of)
    except Contradiction as error:
        return error
    except StudioError:
        return None  # of the method, not of the rules: said where the selection would stand
    return None


def without_limits() -> InForce:
    """What is left to show where rules contradict each other: the lists, and conditions where no sample is pinned."""
    own = CONSTRAINTS.get()
    if len(now().pinned):
        return in_force(Constraints(pins=own.pins, never=own.never))
    return in_force(own.model_copy(update={"minimum": (), "maximum": ()}))


def _group_row(index: int, kind: str, name: str, rules: Constraints) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"limit-{index}"):
        st.html(f'<span class="w-limit"><i>{kind}</i> {escape(_name(kind, name))}</span>', width="stretch")
        sides: tuple[tuple[Side, str], ...] = (("minimum", "at least"), ("maximum", "at most"))
        for side, hint in sides:
            amount = next((q.amount for q in getattr(rules, side) if (q.kind, q.name) == (kind, name)), "")
            key = refused.seed(f"limit-{kind}-{name}-{side}", amount.replace(",", ""))
            st.text_input(
                f"{hint.capitalize()} of {kind} {layout.verbatim(name)}", key=key, placeholder="–", width=_AMOUNT_PX,
                label_visibility="collapsed", on_change=_change_amount, args=(kind, name, side),
            )  # fmt: skip
        st.button(
            "", icon=":material/close:", key=f"limit-clear-{index}", type="tertiary", help="Take this away",
            on_click=_clear_group, args=(kind, name),
        )  # fmt: skip
    for side, _ in sides:
        refused.tell(f"limit-{kind}-{name}-{side}")


def _new_group() -> None:
    kind = _KIND.get()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="limit-new"):
        session.seed("limit-kind", kind)
        st.selectbox(
            "Kind of group", KINDS, key="limit-kind", format_func=str.capitalize, label_visibility="collapsed", width=124,
            on_change=_choose_kind,
        )  # fmt: skip
        rules = CONSTRAINTS.get()
        taken = {quota.name for quota in (*rules.minimum, *rules.maximum) if quota.kind == kind}
        st.selectbox(
            "Which one", [name for name in _names(kind) if name not in taken], index=None, key=f"limit-name-{kind}",
            format_func=lambda name: name if kind == "tag" else _name(kind, name), placeholder="Choose one",
            label_visibility="collapsed", width="stretch",
        )  # fmt: skip
    fields = (*_NEW_GROUP, f"limit-name-{kind}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="limit-new-amounts"):
        refused.again(*fields)
        for key, hint in zip(_NEW_GROUP, ("at least", "at most"), strict=True):
            st.text_input(
                hint.capitalize(),
                key=key,
                placeholder=hint,
                label_visibility="collapsed",
                width="stretch",
            )
        st.button("Add", key="limit-add", on_click=_add_group)
    refused.tell(*fields)


def _names(kind: str) -> list[str]:
    if kind == "source":
        return list(cached.lens().source_names)
    if kind == "style":
        return [*STYLES, UNSTYLED]
    if kind == "capability":
        return list(CAPABILITY_KEYS)
    paths = (path.split(TAG_SEPARATOR) for path in cached.lens().tag_paths)
    return sorted({TAG_SEPARATOR.join(path[:depth]) for path in paths for depth in (1, 2, 3)})


def _condition_row(way: Way, index: int, text: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"condition-{way}-{index}"):
        st.html(f'<span class="w-limit"><i>{_WAYS[way].lower()}</i> {escape(text)}</span>', width="stretch")
        st.html(f'<span class="w-count">{_effect(way, text)}</span>', width="content")
        st.button(
            "", icon=":material/close:", key=f"condition-clear-{way}-{index}", type="tertiary", help="Take this away",
            on_click=_clear_condition, args=(way, text),
        )  # fmt: skip


def _effect(way: Way, text: str) -> str:
    try:
        holds = cached.count(Filter(where=text))
    except StudioError:
        return "cannot be used"
    return f"{num(cached.count() - holds if way == 'include' else holds)} out"


def _new_condition() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="condition-new"):
        session.seed("condition-way", _WAY.get())
        st.selectbox(
            "Kind of condition", list(_WAYS), key="condition-way", format_func=_WAYS.__getitem__, width=164,
            label_visibility="collapsed", on_change=_choose_way,
        )  # fmt: skip
        refused.again(_NEW_CONDITION)
        st.text_input(
            "Condition", key=_NEW_CONDITION, placeholder="ocr >= 3 AND source = 'sroie'", width="stretch",
            label_visibility="collapsed", on_change=_add_condition,
        )  # fmt: skip
    refused.tell(_NEW_CONDITION)


def _listed() -> None:
    listed = lists()
    layout.section("Samples", "listed by hand in Browse or on the map")
    for ids, which, key in ((listed.pins, "must be kept", "pins"), (listed.never, "are never kept", "never")):
        numbers = [id_from_hex(text) for text in ids]
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"listed-{key}"):
            st.html(f'<span class="w-limit"><b>{num(len(ids))}</b> {which}</span>', width="stretch")
            if numbers:
                pinning.browse_button("View", numbers, key=f"listed-view-{key}")
                st.button("Clear", key=f"listed-clear-{key}", on_click=pinning.free_samples, args=(numbers,))
    against = pinning.standing_against([id_from_hex(text) for text in listed.pins]) if listed.pins else []
    if against:
        layout.small(" ".join(["Of the pinned:", *against]))


def _token_budget() -> None:
    layout.section("Budget in text tokens", "the most samples that fit")
    refused.again(_TOKENS)
    st.text_input(
        "Text tokens", key=_TOKENS, placeholder="such as 2M or 800k", label_visibility="collapsed", width=200,
        on_change=_fit_tokens,
    )  # fmt: skip
    waiting = refused.why(_TOKENS)
    if isinstance(waiting, costly.NotAgreed):
        costly.button(waiting, key="costly-tokens", then=_fit_tokens)
    else:
        refused.tell(_TOKENS)


# -- what the editor changes ----------------------------------------------------------------------------------------------


def amount_of(text: str) -> dict[str, Any]:
    """'20' is a count, '20%' a share of the budget, '' is no limit; BadInput for anything else."""
    stripped = text.strip().replace(",", "")
    if not stripped:
        return {}
    match = _PERCENT.fullmatch(stripped)
    if match:
        return {"share": float(Decimal(match.group(1)) / 100)}
    if _COUNT.fullmatch(stripped):
        return {"count": int(stripped)}
    raise BadInput(f"{text[:40]!r} is no limit.", "Type a number of samples such as 20, or a share such as 20%.")


def tokens_of(text: str) -> Budget:
    """'2M', '800k', '2,000' or '2,000 tokens' as a budget in text tokens; BadInput for anything else."""
    fix = "Type a number such as 2M, 800k or 2,000."
    found = _TOKEN_NUMBER.fullmatch(text.strip())
    if found is None:
        raise BadInput(f"{text.strip()[:40]!r} is no number of text tokens.", fix)
    amount = Decimal(found[1].replace(",", "")) * (_UNITS[found[2].lower()])
    if not amount:
        raise BadInput("0 text tokens hold no sample.", fix)
    if amount != int(amount):
        raise BadInput(f"{text.strip()[:40]!r} is not a whole number of text tokens.", fix)
    return Budget.tokens(int(amount))


def with_amounts(rules: Constraints, kind: str, name: str, amounts: dict[Side, dict[str, Any]]) -> Constraints:
    """The constraints with other limits for one group; {} takes a limit away."""
    plain = rules.model_dump(mode="json")
    for side, amount in amounts.items():
        entries = [dict(entry) for entry in plain.get(side, [])]
        place = next((i for i, entry in enumerate(entries) if (entry["kind"], entry["name"]) == (kind, name)), None)
        new = [{"kind": kind, "name": name, **amount}] if amount else []
        entries[len(entries) if place is None else place : len(entries) if place is None else place + 1] = new
        plain[side] = entries
    return constraints_of(plain, "Constraints")


def _set(rules: Constraints) -> None:
    CONSTRAINTS.set(rules)
    curate_state.acted()


def _change_amount(kind: str, name: str, side: Side) -> None:
    key = f"limit-{kind}-{name}-{side}"
    with refused.kept(key):
        amount = amount_of(str(session.held(key) or ""))
        _set(with_amounts(CONSTRAINTS.get(), kind, name, {side: amount}))


def _clear_group(kind: str, name: str) -> None:
    _set(with_amounts(CONSTRAINTS.get(), kind, name, {"minimum": {}, "maximum": {}}))


def _choose_kind() -> None:
    _KIND.set(str(session.held("limit-kind")))


def _choose_way() -> None:
    way: Way = "exclude" if session.held("condition-way") == "exclude" else "include"
    _WAY.set(way)


def _add_group() -> None:
    kind = _KIND.get()
    name = session.held(f"limit-name-{kind}")
    with refused.kept(*_NEW_GROUP, f"limit-name-{kind}"):
        if not name:
            raise BadInput(f"No {kind} is chosen.", "Choose one, then say how much of it at least or at most.")
        amounts: dict[Side, dict[str, Any]] = {
            "minimum": amount_of(str(session.held(_NEW_GROUP[0]) or "")),
            "maximum": amount_of(str(session.held(_NEW_GROUP[1]) or "")),
        }
        if not any(amounts.values()):
            raise BadInput(
                f"Nothing is said about {kind} {_name(kind, str(name))}.", "Type how much at least or at most."
            )
        _set(with_amounts(CONSTRAINTS.get(), kind, str(name), amounts))
        for key in _NEW_GROUP:
            session.seed(key, "")
        session.seed(f"limit-name-{kind}", None)


def _add_condition() -> None:
    text, way = str(session.held(_NEW_CONDITION) or "").strip(), _WAY.get()
    if not text:
        return
    with refused.kept(_NEW_CONDITION):
        cached.count(Filter(where=text))  # a condition that cannot be read stays out
        plain = CONSTRAINTS.get().model_dump(mode="json")
        _set(constraints_of({**plain, way: [*(entry for entry in plain.get(way, []) if entry != text), text]}))
        session.seed(_NEW_CONDITION, "")


def _clear_condition(way: Way, text: str) -> None:
    rules = CONSTRAINTS.get()
    _set(rules.model_copy(update={way: tuple(entry for entry in getattr(rules, way) if entry != text)}))


def _fit_tokens() -> None:
    """Set the budget to as many samples as fit into the text tokens that were typed."""
    text = str(session.held(_TOKENS) or "").strip()
    if not text:
        return
    with refused.kept(_TOKENS):
        tokens = tokens_of(text)
        state, rules = curate_state.now(), now()
        budget = within_tokens(state.chosen, state.method, state.settings, state.seed, rules, tokens)
        SHARE.set(budget / left(state.chosen, rules)[0])
        curate_state.acted()
        st.toast(
            f"{many(budget, 'sample')} {'fits' if budget == 1 else 'fit'} into {many(int(tokens.amount), 'text token')}."
        )
        session.seed(_TOKENS, "")
