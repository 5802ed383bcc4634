"""Rating on screen: the scores of an opened sample to rate with a key or a click, and what a rating did, which can be undone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from core.errors import StudioError
from core.store import ratings
from core.store.evidence import Producer
from core.store.ids import id_from_hex, id_hex
from core.store.ratings import PEOPLE, Rating
from core.vocabulary import CAPABILITIES, capability_name
from studio import cached, cached_ratings, history, layout, session, style
from studio.cached_ratings import Scored
from studio.history import Change
from studio.words import many, note_on

PROBLEM: session.Slot[StudioError | None] = session.Slot("rating.problem", None)
_TOLD: session.Slot[tuple[str, int] | None] = session.Slot("rating.told", None)
_WAY: session.Slot[tuple[tuple[Any, ...], Any] | None] = session.Slot("rating.way", None)


# -- what a rating does --------------------------------------------------------------------------------------------------


def rate(sample_id: int, capability: str, score: int | None) -> None:
    """Give a sample a score for a capability, or take back what was given (None); from a callback. An act that can be undone."""
    here, who = cached.workspace(), ratings.rater()
    before, after = ratings.rate(here, sample_id, capability, score, who)
    name = capability_name(capability)
    if before == after:
        _tell(f"{name}: nothing to take back" if score is None else f"{name}: {score} already")
        return
    from studio import curate_state  # with the methods behind it, which looking does not need

    says = f"take back {before.score} for {name}" if after is None and before is not None else f"rate {name} {score}"
    key = ratings.key_of(sample_id, capability, who)
    curate_state.did_one(says, Change(kind="rating", key=key, before=_state(before), after=_state(after)))
    scored = cached_ratings.scores(sample_id)[capability]
    if after is None:
        _tell(
            f"{name}: taken back"
            + ("" if scored.score is None or scored.by is None else f", now {_said(scored.score, scored.by)}")
        )
        return
    below = "" if scored.below is None else f"; {_said(*scored.below)}"
    _tell(f"{name}: you {score}{below}")


def _state(rating: Rating | None) -> history.State | None:
    return None if rating is None else rating._asdict()


def _tell(text: str) -> None:
    _TOLD.set((text, time.time_ns() // 1_000_000))


def told() -> tuple[str, int] | None:
    """What the last rating did, in words, and when: shown where the scores themselves are not."""
    return _TOLD.get()


def problem() -> None:
    """What went wrong with the last rating, if anything did."""
    if (wrong := PROBLEM.take()) is not None:
        layout.problem(wrong)


def rated(asked: Any) -> None:
    """What a component asks for: {sample_id, capability, score}; a problem is told by `problem` in the run that follows."""
    try:
        score = asked["score"]
        rate(id_from_hex(str(asked["sample_id"])), str(asked["capability"]), None if score is None else int(score))
    except StudioError as error:
        PROBLEM.set(error)


# -- what is shown -------------------------------------------------------------------------------------------------------


def line(sample_id: int, scores: dict[str, Scored]) -> None:
    """The capability that digits rate, over the picture, so that eye and hand stay there."""
    _mount("line", sample_id, scores)


def rows(sample_id: int, scores: dict[str, Scored]) -> None:
    """All capabilities, each with its score, who says it and six places to click; the rubric on hover."""
    _mount("rows", sample_id, scores)


def _mount(shape: str, sample_id: int, scores: dict[str, Scored]) -> None:
    key = f"rating-{shape}"
    shown = {
        "shape": shape,
        "sample_id": id_hex(sample_id),
        "rows": [
            {
                "key": capability.key,
                "name": capability.name,
                "rubric": [[anchor, says] for anchor, says in capability.rubric.items()] if shape == "rows" else [],
                **described(scores[capability.key]),
            }
            for capability in CAPABILITIES
        ],
    }

    def asked() -> None:
        value = getattr(session.held(key), "rated", None)
        if value is not None:
            rated(value)

    style.component("rating")(key=key, data=shown, on_rated_change=asked)


def described(scored: Scored) -> dict[str, Any]:
    """A score as the component shows it: the number, the nearest of the six places, whose it is, and more on hover."""
    people = scored.by == PEOPLE
    badge = "not scored" if scored.by is None else _name(scored.by)
    if scored.mine is not None:
        badge = f"you: {scored.mine}"
        if scored.others:
            badge += f" +{len(scored.others)}"
        if scored.mine_is_former:
            badge = f"was: {scored.mine}"
    elif people:
        badge = many(len(scored.others), "person", "people")
    return {
        "score": None if scored.score is None else f"{scored.score:.1f}",
        "place": None if scored.score is None else int(scored.score + 0.5),
        "mine": scored.mine,
        "people": people,
        "badge": badge,
        "below": "" if scored.below is None or not people else _said(*scored.below),
        "more": _more(scored),
    }


def _more(scored: Scored) -> list[str]:
    """What the hover says of a score: who gave what, and what it was before."""
    said = []
    if scored.mine is not None and not scored.mine_is_former:
        said.append(f"you: {scored.mine}")
    said += [f"{name}: {score}" for name, score in scored.others]
    if len(said) > 1 and scored.score is not None:
        said.append(f"The median counts: {scored.score:.1f}")
    if scored.mine_is_former:
        said.append(
            f"You gave {scored.mine} before the sample changed; that does not count. Rate it again, or take it back."
        )
    if scored.by == PEOPLE:
        said.append("Before: " + ("not scored" if scored.below is None else _said(*scored.below)))
    elif scored.score is not None and scored.by is not None:
        said.append(_said(scored.score, scored.by))
    return said


def _said(score: float, by: Producer) -> str:
    return f"{score:.1f} by {_name(by)}"


def _name(by: Producer) -> str:
    """'rules 1.1', without the warning of its badge."""
    return note_on(by.name, by.version).badge.rpartition(": ")[2]


# -- moving on -----------------------------------------------------------------------------------------------------------


def steady(key: tuple[Any, ...], look: Callable[[], Any]) -> Any:
    """What `look` found when this was first asked, for as long as the same is asked: a rating that moves an opened sample in the
    order, or out of the filter, must not take away the way to its neighbours."""
    found = _WAY.get()
    if found is None or found[0] != key:
        found = (key, look())
        _WAY.set(found)
    return found[1]
