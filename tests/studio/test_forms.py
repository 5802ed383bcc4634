"""Forms made of settings models."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from streamlit.testing.v1 import AppTest

from studio.forms import bad_settings


def script() -> None:
    from typing import Literal

    import streamlit as st
    from pydantic import BaseModel, ConfigDict, Field

    from core.errors import StudioError
    from studio.forms import settings_form

    class Knobs(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        share: float = Field(0.3, gt=0, le=1, description="Part that is kept.")
        num_bins: int = Field(9, ge=1, le=20, description="How many bins.")
        ties: Literal["hash", "row_order"] = Field("hash", description="What decides ties.")
        strict: bool = Field(True, description="Fail on missing scores.")
        capabilities: tuple[str, ...] = Field((), description="Which; none means all.")
        sources: tuple[str, ...] = Field((), description="Between commas.")
        name: str = Field("", max_length=5, description="Name.")
        most: int | None = Field(None, ge=1, description="At most.")

    try:
        made = settings_form(Knobs, key="k", hidden=("strict",))
        st.text(made.model_dump_json())
    except StudioError as error:
        st.text(f"{error.problem} | {error.fix}")


def test_an_untouched_form_gives_the_defaults() -> None:
    app = AppTest.from_function(script).run(timeout=30)
    assert not app.exception
    assert app.text[0].value == (
        '{"share":0.3,"num_bins":9,"ties":"hash","strict":true,"capabilities":[],"sources":[],"name":"","most":null}'
    )
    assert not app.toggle, "hidden fields have no widget"


def test_what_is_typed_becomes_the_settings() -> None:
    app = AppTest.from_function(script).run(timeout=30)
    app.number_input(key="k.num_bins").set_value(4)
    app.selectbox(key="k.ties").set_value("row_order")
    app.multiselect(key="k.capabilities").set_value(["ocr"])
    app.text_input(key="k.sources").set_value("a, b,, ")
    app.number_input(key="k.most").set_value(3)
    app.run()
    said = app.text[0].value
    assert '"num_bins":4' in said
    assert '"ties":"row_order"' in said
    assert '"capabilities":["ocr"]' in said
    assert '"sources":["a","b"]' in said
    assert '"most":3' in said


def test_bounds_are_those_of_the_model() -> None:
    app = AppTest.from_function(script).run(timeout=30)
    assert (app.number_input(key="k.num_bins").min, app.number_input(key="k.num_bins").max) == (1, 20)


def test_a_value_that_does_not_fit_is_told_in_the_field_s_words() -> None:
    app = AppTest.from_function(script).run(timeout=30)
    app.text_input(key="k.name").set_value("much too long")
    app.run()
    assert app.text[0].value == "name cannot be 'much too long'. | Use 5 characters at most."


def test_the_first_complaint_is_told() -> None:
    class Two(BaseModel):
        model_config = ConfigDict(extra="forbid")
        count: int = Field(ge=1)

    with pytest.raises(ValidationError) as caught:
        Two(count=0)
    assert (bad_settings(caught.value).problem, bad_settings(caught.value).fix) == (
        "count is 0.",
        "Give a number from 1.",
    )


@pytest.mark.parametrize(
    ("name", "problem"), [("", "name is empty."), ("  ", "name is empty."), ("a/b", "name cannot be 'a/b'.")]
)
def test_a_name_that_does_not_fit_is_told_without_its_pattern(name: str, problem: str) -> None:
    class Named(BaseModel):
        name: str = Field(pattern=r"^\w[\w ._-]*$")

    with pytest.raises(ValidationError) as caught:
        Named(name=name)
    told = bad_settings(caught.value)
    assert told.problem == problem
    assert "\\w" not in told.fix
    assert "pattern" not in told.fix


def script_of_pairs() -> None:
    import streamlit as st

    from core.errors import StudioError
    from core.select.stratified import Stratified
    from studio.forms import settings_form

    try:
        made = settings_form(Stratified, key="s", given={"shares": "explicit", "explicit": {"a": 0.5, "b": 2.0}})
        st.text(f"{made.shares} {made.explicit}")
    except StudioError as error:
        st.text(f"{error.problem} | {error.fix}")


def test_numbers_by_name_are_shown_and_typed_as_pairs() -> None:
    app = AppTest.from_function(script_of_pairs).run(timeout=30)
    assert app.text_input(key="s.explicit").value == "a:0.5, b:2"
    assert app.text[0].value == "explicit {'a': 0.5, 'b': 2.0}"
    app.text_input(key="s.explicit").set_value("b:3").run()
    assert app.text[0].value == "explicit {'b': 3.0}"
    app.text_input(key="s.explicit").set_value("b").run()
    assert "shares are written as name:share" in app.text[0].value
