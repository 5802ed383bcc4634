"""The state of Curate and its address: what one says the other reads, and what cannot be read is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput, StudioError
from core.filters import Filter
from core.select import methods
from core.select.constraints import Constraints, Quota
from core.vocabulary import CAPABILITY_KEYS
from studio.curate_value import CurateState, difference, samples_of, state_from_query, state_to_query

CAPABILITIES = st.lists(st.sampled_from(CAPABILITY_KEYS), unique=True, max_size=5)
SETTINGS: dict[str, Any] = {
    "random": st.just({}),
    "mmssr": st.fixed_dictionaries({"capabilities": CAPABILITIES, "threshold": st.floats(0, 5)}),
    "mmssr-nested": st.fixed_dictionaries({"capabilities": CAPABILITIES, "threshold": st.floats(0, 5)}),
    "top-score": st.fixed_dictionaries(
        {"capabilities": CAPABILITIES, "weights": st.dictionaries(st.sampled_from(CAPABILITY_KEYS), st.floats(-9, 9))}
    ),
}
LIMITS = st.sampled_from(
    [
        Constraints(),
        Constraints(include=("ocr > 2 AND source = 'a=b&c'",), maximum=(Quota(kind="source", name="é ü", share=0.3),)),
        Constraints(pins=tuple(f"{number:016x}" for number in range(200))),
    ]
)


@st.composite
def states(draw: st.DrawFn) -> CurateState:
    method = draw(st.sampled_from(sorted(SETTINGS)))
    values = methods.settings(method, draw(SETTINGS[method])).model_dump(mode="json")
    return CurateState(
        method=method, settings=values, seed=draw(st.integers(0, 2**64 - 1)), share=draw(st.floats(0.01, 1)),
        chosen=Filter(sources=("a",)), constraints=draw(LIMITS),
    )  # fmt: skip


@given(states(), st.integers(1, 10**9))
@settings(max_examples=150, deadline=None)
def test_the_address_reproduces_every_state(state: CurateState, budget: int) -> None:
    query = state_to_query(state, budget)
    beside = CurateState(share=state.share, chosen=state.chosen, constraints=state.constraints)
    assert state_from_query(query, beside) == state
    assert query["budget"] == [str(budget)]
    assert sum(len(value) for values in query.values() for value in values) < 4000, "an address is not endless"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"method": ["magic"]}, "magic"),
        ({"seed": ["-1"]}, "-1"),
        ({"seed": ["²"]}, "²"),
        ({"seed": [str(2**64)]}, str(2**64)[:12]),
        ({"set": ["threshold=9"]}, "threshold"),
        ({"set": ["nothing=1"]}, "nothing"),
        ({"set": ["capabilities=[1"]}, "capabilities"),
        ({"limits": ["{"]}, "constraints"),
        ({"set": ["capabilities=ocr,nope"]}, "'nope'"),
        ({"set": ['capabilities=["ocr", "nope"]']}, "'nope'"),
        ({"limits": ['{"pins": ["x"]}']}, "constraints"),
        ({"limits": ["[]"]}, "constraints"),
        ({"limits": ["[" * 100_000]}, "constraints"),
        (
            {
                "limits": [
                    '{"minimum":[{"kind":"source","name":"charts","count":500}],'
                    '"maximum":[{"kind":"source","name":"charts","count":3}]}'
                ]
            },
            "the minimum of 500 for source charts is above the maximum of 3",
        ),
        (
            {"limits": ['{"maximum":[{"kind":"sauce","name":"charts","count":3}]}']},
            "'sauce', which is no kind of group",
        ),
        ({"limits": ["kept-000000000000"]}, "does not keep"),
    ],
)
def test_what_an_address_says_wrongly_is_named(query: dict[str, list[str]], says: str) -> None:
    with pytest.raises(StudioError) as caught:
        state_from_query(query, CurateState())
    assert isinstance(caught.value, BadInput)
    assert says in caught.value.problem


def test_settings_may_be_written_as_on_the_command_line() -> None:
    state = state_from_query({"method": ["mmssr"], "set": ["capabilities=ocr,data", "threshold=2.5"]}, CurateState())
    assert state.settings["capabilities"] == ["ocr", "data"]
    assert state.settings["threshold"] == 2.5


def test_a_difference_is_said_in_the_words_of_the_page() -> None:
    before = CurateState(method="mmssr", settings={"threshold": 0.0})
    assert difference(before, before.model_copy(update={"share": 0.125})) == "budget 30.0 % to 12.5 %"
    assert difference(before, before.model_copy(update={"seed": 7})) == "seed 0 to 7"
    assert difference(before, before.model_copy(update={"settings": {"threshold": 1.0}})) == "setting threshold"
    assert difference(before, CurateState(method="random", share=0.5)) == "method Random, budget 30.0 % to 50.0 %"
    filtered = before.model_copy(update={"chosen": Filter(text="x")})
    assert (difference(before, filtered), difference(filtered, before)) == ("filter", "filter cleared")


@given(st.integers(1, 10**7), st.data())
def test_samples_set_are_the_same_again_and_a_share_is_cut_off(size: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, size))
    assert samples_of(count / size, size) == count
    assert samples_of(0.3, size) == max(1, size * 3 // 10)
