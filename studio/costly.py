"""Computations that take long are asked for before they start: a page shows the estimate on a button and waits for the click.

    costly.ask(selector, pool_size, budget, *what names the computation)    # raises NotAgreed until somebody agreed
    except costly.NotAgreed as waiting: costly.button(waiting)              # where the result would stand

Agreeing is about one computation and holds in every session of this process, as its result does once it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.errors import BadInput
from core.select.selector import Selector, about, slowed
from core.store.ids import digest_of
from studio import layout
from studio.words import many

ASKS_ABOVE_SECONDS = 20.0
SAID_ABOVE_SECONDS = 4.0
WORTH_REMEMBERING_SECONDS = 1.0
_REMEMBERED = 200

_AGREED: dict[str, None] = {}
"""What somebody agreed to, oldest first."""


class NotAgreed(BadInput):
    """A computation that takes long and that nobody has asked for yet; `key` names it."""

    def __init__(self, says: str, seconds: float, key: str) -> None:
        super().__init__(
            says, "It is computed once you ask for it on Curate; a smaller pool or another method takes less."
        )
        self.label = f"Compute, {about(seconds)}"
        self.key = key


def key_of(selector: Selector, *names: Any) -> str:
    """What somebody agrees to: a computation by this method that `names` tell from any other."""
    return digest_of([selector.key, *names])


def ask(selector: Selector, pool_size: int, budget: int, *names: Any, times: int = 1) -> str | None:
    """What a computation takes, in words; None where nobody waits for it. `names` tell it from any other.

    times: how often the method is run for it. NotAgreed where it is estimated above ASKS_ABOVE_SECONDS and nobody agreed to it.
    """
    slower = slowed()
    seconds = times * selector.seconds(pool_size, budget) * slower
    if seconds < WORTH_REMEMBERING_SECONDS:
        return None
    key = key_of(selector, *names)
    busy = " while other work keeps this machine busy" if slower > 1.5 else ""
    tried = f", tried at {times} budgets" if times > 1 else ""
    says = f"{selector.title} takes {about(seconds)} for {many(pool_size, 'sample')}{tried}{busy}."
    if seconds > ASKS_ABOVE_SECONDS and key not in _AGREED:
        raise NotAgreed(says, seconds, key)
    agree(key)  # once begun it is kept, and must not be asked for because the machine is busier now
    return says if seconds > SAID_ABOVE_SECONDS else None


def button(waiting: NotAgreed, *, key: str = "costly", then: Callable[[], None] | None = None) -> None:
    """What it takes, and the button that starts it; beside the picture, which shows something else until then.

    `then` is called by the click, for what a page does not compute by itself as soon as it is agreed to.
    """
    with st.container(key=key, gap="small"):
        layout.small(waiting.problem)
        st.button(
            waiting.label, type="primary", key=f"{key}-compute", icon=":material/play_arrow:", width="stretch",
            on_click=_start, args=(waiting.key, then),
        )  # fmt: skip


def _start(key: str, then: Callable[[], None] | None) -> None:
    agree(key)
    if then is not None:
        then()


def agree(key: str) -> None:
    """From now on this computation starts by itself."""
    _AGREED[key] = None
    while len(_AGREED) > _REMEMBERED:
        _AGREED.pop(next(iter(_AGREED)), None)
