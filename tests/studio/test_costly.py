"""A long computation waits for a click: nothing starts by itself, the page stays whole, and one agreement is about one computation."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.select.k_center import KCenter
from core.select.methods import METHODS
from core.select.semdedup import SemDeDup
from core.select.uniform import Random
from core.workspace import Workspace
from studio import costly, recent
from studio.session import WORKSPACE_VARIABLE
from tests.pages.components import num_kept
from tests.studio.small_workspace import make_workspace

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture
def open_curate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Open:
    """Curate over a small workspace on which every estimate above nothing counts as long."""
    workspace: Workspace = make_workspace(tmp_path / "ws")
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "config"))
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.path))
    monkeypatch.setattr(costly, "ASKS_ABOVE_SECONDS", 0.0)
    monkeypatch.setattr(costly, "WORTH_REMEMBERING_SECONDS", 0.0)
    st.cache_resource.clear()

    def opened(shown: str = "curate", **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "studio" / "app.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page(f"../pages/{shown}.py")
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


def said(app: AppTest) -> str:
    return "\n".join(entry.proto.body for entry in app.get("html") if "<style>" not in entry.proto.body)


def asks(app: AppTest) -> bool:
    return any(button.key == "costly-compute" for button in app.button)


def compute(app: AppTest) -> AppTest:
    app.button(key="costly-compute").click().run()
    assert not app.exception, app.exception
    return app


def test_a_long_computation_starts_with_the_click_and_not_before(open_curate: Open) -> None:
    app = open_curate(method="k-center", budget="20")
    assert asks(app)
    assert "k-center takes about" in said(app)
    assert num_kept(app) is None
    assert app.get("bidi_component"), "the map stands there, as Random would choose"
    assert app.button(key="costly-compute").label.startswith("Compute, about ")
    compute(app)
    assert not asks(app)
    assert num_kept(app) == 20


def test_what_somebody_agreed_to_is_there_for_a_new_session_and_for_every_budget(open_curate: Open) -> None:
    compute(open_curate(method="k-center", budget="20"))
    again = open_curate(method="k-center", budget="31")
    assert not asks(again)
    assert num_kept(again) == 31


def test_another_seed_filter_or_limit_is_another_computation(open_curate: Open) -> None:
    compute(open_curate(method="k-center", budget="20"))
    assert not asks(open_curate(method="k-center", budget="12"))
    assert asks(open_curate(method="k-center", budget="20", seed="5"))
    assert asks(open_curate(method="k-center", budget="20", source="charts"))
    assert asks(open_curate(method="k-center", budget="20", limits='{"exclude":["num_images = 0"]}'))


def test_what_is_exact_for_one_budget_is_asked_for_at_each(open_curate: Open) -> None:
    compute(open_curate(method="coincide", budget="20"))
    assert not asks(open_curate(method="coincide", budget="20"))
    assert asks(open_curate(method="coincide", budget="21"))


def test_limits_that_contradict_each_other_are_said_and_nothing_long_starts_behind_them(open_curate: Open) -> None:
    limits = '{"minimum":[{"kind":"source","name":"charts","count":20},{"kind":"source","name":"photos","count":20}]}'
    app = open_curate(method="k-center", budget="30", limits=limits)
    assert num_kept(app) is None
    assert "w-problem" in said(app) or asks(app)


def test_the_constraints_editor_opens_while_a_computation_waits(open_curate: Open) -> None:
    app = open_curate(method="k-center", budget="20")
    app.session_state["popover-constraints"] = True
    app.run()
    assert not app.exception
    assert asks(app)
    assert app.text_input(key="limit-new-minimum").placeholder == "at least"


def type_tokens(app: AppTest, text: str) -> AppTest:
    app.session_state["popover-constraints"] = True
    app.run()
    app.text_input(key="token-budget").set_value(text).run()
    assert not app.exception, app.exception
    return app


def tokens_of_selection(app: AppTest) -> int:
    """Text tokens of what is kept: the figure of the selection is asked of the workspace again."""
    kept = app.session_state["slot:selection"]
    table = Workspace.open(Path(os.environ[WORKSPACE_VARIABLE])).store.read("tokens--workspace--1")
    tokens = dict(zip(table["sample_id"].to_pylist(), table["num_text_tokens"].to_pylist(), strict=True))
    return sum(tokens[int(one)] for one in kept.sample_ids)


MINIMUM = '{"minimum":[{"kind":"source","name":"charts","count":2}]}'


@pytest.mark.parametrize(
    ("method", "limits"), [("mmssr", "{}"), ("coincide", "{}"), ("mmssr-nested", MINIMUM), ("k-center", "{}")]
)
def test_a_budget_in_tokens_is_asked_for_under_its_field_and_found_with_the_click(
    open_curate: Open, method: str, limits: str
) -> None:
    app = type_tokens(open_curate(method=method, budget="3", limits=limits), "300")
    assert [button.key for button in app.button if button.key == "costly-tokens-compute"]
    assert app.text_input(key="token-budget").value == "300"
    app.button(key="costly-tokens-compute").click().run()
    assert not app.exception, app.exception
    assert not [button.key for button in app.button if str(button.key).startswith("costly")], (
        "asked for once, not twice"
    )
    assert app.text_input(key="token-budget").value == ""
    assert num_kept(app) not in (None, 3)
    assert 0 < tokens_of_selection(app) <= 300


def test_a_budget_in_tokens_says_at_how_many_budgets_a_method_is_tried() -> None:
    costly.ask(KCenter(), 1_000, 300, "tokens", times=1)
    times = 1 + int(costly.ASKS_ABOVE_SECONDS / KCenter().seconds(1_000, 300))
    with pytest.raises(costly.NotAgreed, match=f"tried at {times} budgets") as caught:
        costly.ask(KCenter(), 1_000, 300, "more tokens", times=times)
    costly.agree(caught.value.key)
    costly.ask(KCenter(), 1_000, 300, "more tokens", times=times)


def test_a_quick_method_is_never_asked_about(open_curate: Open) -> None:
    app = open_curate(method="random", budget="20")
    assert not asks(app)
    assert num_kept(app) == 20


def test_an_estimate_above_the_limit_asks_and_one_below_does_not() -> None:
    costly.ask(Random(), 10**7, 10**6, "here")
    costly.ask(SemDeDup(), 20_000, 5_000, "here")
    with pytest.raises(costly.NotAgreed) as caught:
        costly.ask(KCenter(), 1_000_000, 300_000, "here")
    assert "k-center takes about" in caught.value.problem
    assert "1,000,000 samples" in caught.value.problem
    with pytest.raises(costly.NotAgreed):
        costly.ask(KCenter(), 1_000_000, 300_000, "here")
    costly.agree(caught.value.key)
    costly.ask(KCenter(), 1_000_000, 300_000, "here")
    with pytest.raises(costly.NotAgreed):
        costly.ask(KCenter(), 1_000_000, 300_000, "there")


def test_agreements_are_kept_to_a_number() -> None:
    for number in range(1000):
        costly.agree(f"{number}")
    assert len(costly._AGREED) < len(METHODS) * 100
    assert "999" in costly._AGREED
