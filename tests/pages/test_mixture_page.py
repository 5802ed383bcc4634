"""The Mixture page's cards, shares, costs, lengths, packs and warnings, run by Streamlit itself without a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.mixture import licences
from core.mixture.prices import costing
from core.mixture.recipe import CapEntry, PartEntry, Recipe, parse_recipe
from core.workspace import Workspace
from studio import mixture_draft as drafts
from studio import recent
from studio.mixture_part import cap_of, cap_text, share_of
from studio.session import WORKSPACE_VARIABLE
from tests.pages.components import given
from tests.studio.small_workspace import make_workspace

ROOT = Path(__file__).resolve().parents[2]
YAML = """winnow_recipe: 1
name: two steps
selections:
  some: {method: random, budget: {samples: 12}}
  rest: {method: random, budget: {samples: 30}, seed: 1}
stages:
  - {name: first, parts: [{selection: some}, {selection: rest}], resolution: {mode: square, px: 56}, tokens_per_step: 64}
  - {name: second, parts: [{selection: some, repeat: 2.5}], resolution: {mode: square, px: 56}, tokens_per_step: 64}
"""

Open = Callable[..., AppTest]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


@pytest.fixture
def open_mixture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workspace: Workspace) -> Open:
    """Open the page with a recipe that was kept, which gets the cards p2, p3 and p5."""
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "config"))
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.path))
    st.cache_resource.clear()

    def opened(text: str = YAML) -> AppTest:
        drafts.save(workspace, drafts.opened(parse_recipe(text), "kept"))
        app = AppTest.from_file(str(ROOT / "studio" / "app.py"), default_timeout=60)
        app.switch_page("../pages/mixture.py")
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


def said(app: AppTest) -> str:
    return "\n".join(entry.proto.body for entry in app.get("html") if "<style>" not in entry.proto.body)


def in_edit(workspace: Workspace) -> Recipe:
    """The recipe the page works on now."""
    draft, _ = drafts.left(workspace)
    assert draft is not None
    return draft.as_recipe()


def share(app: AppTest, card: str) -> str:
    return str(field(app, f"{card}.share").value)


def lengths_of(app: AppTest) -> dict[str, Any]:
    shown = given(app, "lengths")
    assert shown is not None
    return shown


def field(app: AppTest, ending: str) -> Any:
    """A field of a card, by the card's key and what the field is about: 'p3.cap'."""
    return next(one for one in app.text_input if named(one.key, ending))


def named(key: str | None, ending: str) -> bool:
    card, _, what = ending.partition(".")
    return bool(re.fullmatch(rf"mix-\d+-{card}\.(.*\.)?{what}", key or ""))


# -- caps and shares ------------------------------------------------------------------------------------------------------


def test_a_cap_that_is_typed_reaches_the_recipe_and_the_totals(open_mixture: Open, workspace: Workspace) -> None:
    app = open_mixture()
    assert "<b>72</b><span>samples" in said(app)
    field(app, "p3.cap").set_value("20%").run()
    assert not app.exception
    assert in_edit(workspace).stages[0].parts[1].cap == CapEntry(percent="20")
    assert "<b>48</b><span>samples" in said(app)
    assert "6 samples, some of 30, ≤ 20 %" in said(app)
    field(app, "p3.cap_per_source").set_value("2").run()
    assert in_edit(workspace).stages[0].parts[1].cap_per_source == CapEntry(samples=2)
    field(app, "p3.cap").set_value("").run()
    assert in_edit(workspace).stages[0].parts[1].cap is None


@pytest.mark.parametrize(
    ("typed", "says"),
    [("0", "Give a number from 1"), ("-3", "is not a budget"), ("nan", "is not a budget"), ("150%", "up to 100"),
     ("0%", "above 0"), ("many", "is not a budget"), ("0tokens", "keeps nothing")],
)  # fmt: skip
def test_a_cap_that_is_none_is_told_under_its_field_and_stays_there(
    open_mixture: Open, workspace: Workspace, typed: str, says: str
) -> None:
    app = open_mixture()
    field(app, "p2.cap").set_value(typed).run()
    assert not app.exception
    assert says in said(app)
    assert field(app, "p2.cap").value == typed
    assert in_edit(workspace) == parse_recipe(YAML)


def test_caps_are_read_and_written_the_same() -> None:
    for text in ("500", "12.5%", "2000000 tokens", ""):
        assert cap_text(cap_of(text)) == text
    assert cap_of("1.5ktokens") == CapEntry(tokens=1500)
    assert cap_of(" All ") is None


def test_every_card_shows_its_share_and_one_that_is_typed_changes_the_repeat(
    open_mixture: Open, workspace: Workspace
) -> None:
    app = open_mixture()
    assert (share(app, "p2"), share(app, "p3"), share(app, "p5")) == ("28.6 %", "71.4 %", "100.0 %")
    field(app, "p2.share").set_value("50").run()
    assert not app.exception
    assert in_edit(workspace).stages[0].parts[0].repeat == 2.5  # 30 of 12
    assert (share(app, "p2"), share(app, "p3")) == ("50.0 %", "50.0 %")
    assert next(one for one in app.number_input if named(one.key, "p2.repeat")).value == 2.5
    assert "50 % of the samples: 2.5 copies, to the nearest sample." in said(app)
    next(one for one in app.number_input if named(one.key, "p2.repeat")).set_value(1.0).run()
    assert "to the nearest sample." not in said(app)


@pytest.mark.parametrize(
    ("card", "typed", "says"),
    [("p2", "0", "above 0 and below 100"), ("p2", "-5 %", "above 0 and below 100"), ("p2", "100", "below 100"),
     ("p2", "nan", "is not a share"), ("p2", "", "is not a share"), ("p2", "1e9", "is not a share"),
     ("p2", "99.99", "1,000 copies"), ("p5", "40", "all of it")],
)  # fmt: skip
def test_a_share_that_cannot_be_met_is_told_on_its_card_and_stays(
    open_mixture: Open, workspace: Workspace, card: str, typed: str, says: str
) -> None:
    app = open_mixture()
    field(app, f"{card}.share").set_value(typed).run()
    assert not app.exception
    assert says in said(app)
    assert share(app, card) == typed
    assert in_edit(workspace) == parse_recipe(YAML)


def test_shares_can_be_of_tokens(open_mixture: Open) -> None:
    app = open_mixture()
    before = share(app, "p2")
    app.session_state["slot:mixture.shares-of-tokens"] = True
    app.run()
    assert not app.exception
    assert share(app, "p2") != before
    assert "each stage&#x27;s tokens" in said(app)


@pytest.mark.parametrize(("typed", "hundredths"), [("30", 30), ("12.5 %", 12.5), ("12,5%", 12.5)])
def test_shares_are_read_as_people_write_them(typed: str, hundredths: float) -> None:
    assert 100 * share_of(typed) == hundredths


# -- moving ---------------------------------------------------------------------------------------------------------------


def stages(workspace: Workspace) -> list[tuple[str, list[str]]]:
    return [(stage.name, [part.selection for part in stage.parts]) for stage in in_edit(workspace).stages]


def press(app: AppTest, key: str) -> None:
    next(one for one in app.button if re.fullmatch(key, one.key or "")).click().run()
    assert not app.exception


def test_buttons_do_what_dragging_does(open_mixture: Open, workspace: Workspace) -> None:
    app = open_mixture()
    press(app, r"down-\d+-p2")
    assert stages(workspace) == [("first", ["rest", "some"]), ("second", ["some"])]
    press(app, r"right-\d+-p3")
    assert stages(workspace) == [("first", ["some"]), ("second", ["some", "rest"])]
    press(app, r"stage-forward-\d+-s1")
    assert stages(workspace) == [("second", ["some", "rest"]), ("first", ["some"])]
    press(app, r"drop-\d+-p2")
    assert stages(workspace) == [("second", ["some", "rest"]), ("first", [])]
    assert "No part yet." in said(app)
    assert "Holds no sample." in said(app)


# -- shares, lengths, packs, cost -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimension", ["source", "tag", "image tag", "capability", "style", "licence"])
def test_what_stages_are_made_of_by_every_dimension(open_mixture: Open, dimension: str) -> None:
    app = open_mixture()
    app.session_state["slot:mixture.dimension"] = dimension
    app.session_state["slot:mixture.tag-level"] = 2
    app.run()
    assert not app.exception
    html = said(app)
    assert 'class="w-shares"' in html or "yet; prepare the workspace" in html


def test_lengths_and_packs_of_every_stage(open_mixture: Open) -> None:
    app = open_mixture()
    shown = lengths_of(app)
    assert [sum(panel["counts"]) for panel in shown["panels"]] == [42, 30]
    assert len(shown["labels"]) == len(shown["panels"][0]["ghost"]) == len(shown["over"])
    packs = app.text_input(key="pack-tokens-tiny")
    assert packs.value == "2048"
    packs.set_value("64").run()
    assert not app.exception
    assert any(lengths_of(app)["over"])
    for typed in ("0", "nan", "1e9", "-4", "12.5"):
        app.text_input(key="pack-tokens-tiny").set_value(typed).run()
        assert "tokens cannot be." in said(app)
        assert app.text_input(key="pack-tokens-tiny").value == typed


def test_the_price_is_an_example_until_somebody_types_one(open_mixture: Open, workspace: Workspace) -> None:
    app = open_mixture()
    assert "cost <em>example price</em>" in said(app)
    app.number_input(key="cost-price-H200").set_value(2.25).run()
    app.number_input(key="cost-num_devices").set_value(8).run()
    app.number_input(key="cost-utilisation").set_value(40).run()
    app.selectbox(key="cost-device").set_value("A100").run()
    assert not app.exception
    kept = costing(workspace)
    assert (kept.prices, kept.num_devices, kept.utilisation, kept.device) == ({"H200": 2.25}, 8, 0.4, "A100")
    assert "on 8 × A100" in said(app)
    for key, typed in (("price-A100", -1.0), ("num_devices", 0), ("utilisation", 140.0)):
        app.number_input(key=f"cost-{key}").set_value(typed).run()
        assert 'class="w-problem"' in said(app)
        assert app.number_input(key=f"cost-{key}").value == typed
    assert costing(workspace) == kept


# -- what to look at ------------------------------------------------------------------------------------------------------


def test_warnings_say_where_what_and_one_thing_to_do(open_mixture: Open, workspace: Workspace) -> None:
    html = said(open_mixture(YAML.replace("repeat: 2.5", "repeat: 5")))
    assert re.search(r"<i>second</i><span>Samples of some are seen 5 times.*?</span><em>Lower the repeat", html)
    assert '<p class="w-warn warning"' in html
    licences.allow(workspace, ["MIT"])
    app = open_mixture()
    assert "which is not on the list of allowed licences" in said(app)
    assert next(one for one in app.multiselect if one.label == "Allowed").value == ["MIT"]
    press(app, "licences-all")
    assert licences.allowed(workspace) is None


def test_a_selection_whose_file_is_gone_is_told_on_its_card_and_nothing_is_lost(
    open_mixture: Open, workspace: Workspace
) -> None:
    text = YAML.replace("{method: random, budget: {samples: 12}}", "{file: selections/gone.parquet}")
    app = open_mixture(text)
    html = said(app)
    assert html.count("There is no selection file selections/gone.parquet") == 2  # two cards use it
    assert "<b>–</b>" in html
    assert in_edit(workspace) == parse_recipe(text)
    press(app, r"drop-\d+-p2")
    press(app, r"drop-\d+-p5")
    assert "<b>30</b><span>samples" in said(app)


def test_a_pasted_recipe_with_a_mistake_stays_in_its_field(open_mixture: Open) -> None:
    app = open_mixture()
    press(app, "mixture-close")
    wrong = YAML.replace("repeat: 2.5", "repeat: -2.5")
    app.text_area(key="begin-text").set_value(wrong).run()
    press(app, "begin-yaml")
    assert "stages[1].parts[0].repeat" in said(app)
    assert app.text_area(key="begin-text").value == wrong


def test_a_part_keeps_its_caps_when_its_repeat_changes() -> None:
    part = PartEntry(selection="a", cap=CapEntry(samples=3))
    assert json.loads(part.model_dump_json()) == {"selection": "a", "repeat": 1.0, "cap": {"samples": 3}}
