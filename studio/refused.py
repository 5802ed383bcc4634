"""Fields whose value was refused: what was typed stays in them, and the problem under them, until something fits.

key = refused.seed("name", entry.name)     # before the field is drawn, where it shows a value that is kept elsewhere
refused.tell(key)                          # under it
with refused.kept(key): rename(...)        # in its callback
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.errors import StudioError
from studio import layout, session


@dataclass(frozen=True)
class _Refusal:
    """What stood in the fields, why it was refused, and the value it would have taken the place of."""

    typed: tuple[object, ...]
    error: StudioError
    instead_of: object


_REFUSALS: session.Slot[dict[str, _Refusal]] = session.Slot("refused", {})
_GIVEN: session.Slot[dict[str, object]] = session.Slot("refused.given", {})


def seed(key: str, value: str) -> str:
    """Give a field its value before it is drawn, or what was typed there and refused; returns the key.

    A value that has changed since, by undo for example, wins over what was refused in its place.
    """
    found = _REFUSALS.get().get(key)
    if found is not None and found.instead_of != value:
        forget(key)
        found = None
    _GIVEN.set({**_GIVEN.get(), key: value})
    return session.seed(key, value if found is None else found.typed[0])


def again(*keys: str) -> None:
    """Give fields that hold nothing else what was refused in them: Streamlit forgets a field while it is not drawn."""
    found = _REFUSALS.get().get(keys[0])
    if found is not None:
        for key, typed in zip(keys, found.typed, strict=True):
            if not session.holds(key):
                session.seed(key, typed)


def tell(*keys: str) -> None:
    """Draw why what stands in the fields was refused; nothing once something else stands there."""
    found = why(*keys)
    if found is not None:
        layout.problem(found)


def why(*keys: str) -> StudioError | None:
    """Why what stands in the fields was refused; None, from then on, once something else stands there."""
    found = _REFUSALS.get().get(keys[0])
    if found is not None and found.typed != _held(keys):
        forget(keys[0])
        return None
    return None if found is None else found.error


@contextmanager
def kept(*keys: str) -> Iterator[None]:
    """In a callback: a StudioError raised inside leaves what was typed into these fields where it is."""
    try:
        yield
    except StudioError as error:
        refusal = _Refusal(_held(keys), error, _GIVEN.get().get(keys[0]))
        _REFUSALS.set({**_REFUSALS.get(), keys[0]: refusal})
    else:
        forget(keys[0])


def forget(key: str) -> None:
    """What was refused in a field is over."""
    _REFUSALS.set({name: one for name, one in _REFUSALS.get().items() if name != key})


def _held(keys: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(session.held(key) for key in keys)
