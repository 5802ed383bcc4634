"""What hours and money are quoted for: device, how many, the share of its peak, and a price that people type."""

from __future__ import annotations

from typing import Any, get_args

import streamlit as st
from pydantic import ValidationError

from core.errors import StudioError
from core.mixture.prices import EXAMPLE_PRICES, Costing, costing, keep
from studio import cached, layout, mixture_start, session
from studio.forms import bad_settings
from studio.mixture_cached import DEVICES
from studio.words import num

_PROBLEM: session.Slot[tuple[str, StudioError] | None] = session.Slot("costs.refused", None)
"""The field whose value was refused, and why; what was typed stays in it."""


def now() -> Costing:
    """What the workspace quotes for."""
    return costing(cached.workspace())


def money(amount: float, currency: str) -> str:
    """'$ 0.02', '$ 812', '$ 1,240,000'."""
    if 0 < amount < 0.01:
        return f"< {currency} 0.01"
    return f"{currency} {amount:,.2f}" if amount < 100 else f"{currency} {num(round(amount))}"


def label(chosen: Costing) -> str:
    """What it is quoted for in a few words: '8 × H200, $ 3.50 an hour'."""
    return f"{num(chosen.num_devices)} × {chosen.device}, {money(chosen.price, chosen.currency)} an hour"


def popover() -> None:
    """The button that says what costs are quoted for, and the form behind it."""
    chosen = now()
    with st.popover(label(chosen), icon=":material/payments:"):
        left, right = st.columns(2)
        with left:
            session.seed("cost-device", chosen.device)
            st.selectbox("Device", list(DEVICES), key="cost-device", on_change=_set, args=("device",))
            _number("Devices", "num_devices", chosen.num_devices, "N devices are taken to be N times as fast.", step=1)
        with right:
            percent = round(100 * chosen.utilisation, 2)
            says = "The share of its dense bf16 peak a training run is assumed to reach; published runs lie between 10 and 40 %."
            _number("Of its peak, %", "utilisation", percent, says, format="%g")
            _number(f"Price of one {chosen.device}, an hour", "price", chosen.price, "", format="%g")
        session.seed("cost-currency", chosen.currency)
        st.segmented_control(
            "In", list(get_args(Costing.model_fields["currency"].annotation)), key="cost-currency", on_change=_set, args=("currency",)
        )  # fmt: skip
        if chosen.is_example:
            layout.small("An example figure, no offer of anybody's. Type what you pay.")
        else:
            st.button(
                f"Back to the example, {money(EXAMPLE_PRICES[chosen.device], chosen.currency).replace('$', chr(92) + '$')}",
                key="cost-example", on_click=mixture_start.guarded, args=(_forget_price,), type="tertiary",
            )  # fmt: skip
        layout.small(
            "From token counts and the closed formula of image tokens; every text token counts as learnt. Hours are device-hours over "
            "the number of devices. Kept in the workspace."
        )


def _number(name: str, field: str, value: float, says: str, **more: Any) -> None:
    """A number without bounds of its own: a browser drops what lies outside them without a word."""
    key = _key(field)
    refused = _PROBLEM.get()
    if refused is None or refused[0] != field:
        session.seed(key, value)
    st.number_input(name, key=key, on_change=_set, args=(field,), help=says or None, **more)
    if refused is not None and refused[0] == field:
        layout.problem(refused[1])


def _key(field: str) -> str:
    """The widget of a field; a price has one for each device."""
    return f"cost-{field}-{now().device}" if field == "price" else f"cost-{field}"


def _set(field: str) -> None:
    mixture_start.guarded(_apply, field)


def _apply(field: str) -> None:
    chosen, typed = now(), session.held(_key(field))
    if typed is None:
        return
    values = chosen.model_dump()
    if field == "price":
        values["prices"] = {**chosen.prices, chosen.device: typed}
    else:
        values[field] = typed / 100 if field == "utilisation" else typed
    try:
        keep(cached.workspace(), Costing(**values))
        _PROBLEM.clear()
    except ValidationError as error:
        _PROBLEM.set((field, bad_settings(error)))


def _forget_price() -> None:
    chosen = now()
    rest = {device: price for device, price in chosen.prices.items() if device != chosen.device}
    keep(cached.workspace(), chosen.model_copy(update={"prices": rest}))
