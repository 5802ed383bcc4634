"""A slot that one page says in its address, so that a refresh, a restart and a shared link show the same.

What several pages share is a field of `studio.session.View` instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import session


class AddressSlot(session.Slot[str]):
    """`VIEW = AddressSlot("runs.view", "Training", "show", ("Training", "Try it"))`, then as any other slot.

    An address that was edited, shared or reached with the back button wins; what is not among `choices` (empty: anything goes) is
    taken for the default. Only the page it belongs to may read it, since reading keeps the address right.
    """

    def __init__(self, name: str, default: str, parameter: str, choices: Sequence[str] = ()) -> None:
        super().__init__(name, default)
        self.parameter, self.choices = parameter, tuple(choices)
        self._said: session.Slot[str] = session.Slot(f"{name}.said", "")

    def get(self) -> str:
        told = st.query_params.get(self.parameter)
        if told is not None:
            super().set(told if not self.choices or told in self.choices else self.default)
        elif session.stayed() and self._said.get():
            super().clear()  # the back button led to where it was not said yet
        self._say(super().get())
        return super().get()

    def set(self, value: str) -> None:
        super().set(value)
        self._say(value)

    def clear(self) -> None:
        super().clear()
        self._say(self.default)

    def _say(self, value: str) -> None:
        self._said.set("" if value == self.default else value)
        if value == self.default:
            if self.parameter in st.query_params:
                del st.query_params[self.parameter]
        elif st.query_params.get(self.parameter) != value:
            st.query_params[self.parameter] = value
