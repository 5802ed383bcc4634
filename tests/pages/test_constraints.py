"""Constraints on the pages: what is in force is said, what contradicts stands in place, and samples are pinned by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.errors import BadInput
from core.filters import Filter
from core.lens import Lens
from core.select import pins, saved
from core.select.budget import Budget
from core.select.constraints import Constraints, Quota, constraints_of
from core.select.methods import METHODS, choose
from core.select.pins import Lists
from core.select.pool import Pool
from core.store.ids import id_hex
from core.workspace import Workspace
from studio import history, recent
from studio.curate_constraints import amount_of, with_amounts, words
from studio.session import WORKSPACE_VARIABLE
from tests.pages.components import num_kept
from tests.studio.small_workspace import make_workspace

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workspace: Workspace) -> Open:
    """Run a page over the workspace, with URL parameters."""
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "config"))
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.path))
    st.cache_resource.clear()

    def opened(shown: str, **query: str) -> AppTest:
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


def some_ids(workspace: Workspace, num: int) -> list[int]:
    return sorted(workspace.store.read("samples", ["sample_id"])["sample_id"].to_pylist())[:num]


def test_what_is_in_force_stands_on_the_panel_and_in_the_reasons(open_page: Open, workspace: Workspace) -> None:
    first, second = some_ids(workspace, 2)
    assert "In force" not in said(open_page("curate"))
    pins.decide(workspace, [first], "pin")
    pins.decide(workspace, [second], "never")
    html = said(open_page("curate", limits='{"maximum":[{"kind":"source","name":"charts","count":3}]}'))
    assert "In force: 1 pinned; 1 never kept; source charts at most 3" in html
    assert "w-problem" not in html


def test_a_contradiction_is_told_in_place_and_nothing_can_be_saved(open_page: Open) -> None:
    limits = '{"minimum":[{"kind":"source","name":"charts","count":20},{"kind":"source","name":"photos","count":20}]}'
    app = open_page("curate", limits=limits, budget="30")
    html = said(app)
    assert "The minima of 20 for source charts and 20 for source photos need 40 samples, and the budget is 30." in html
    assert num_kept(app) is None
    assert not [entry for entry in app.button if entry.key == "save-selection"]


def test_more_pins_than_the_budget_make_the_budget_as_large(open_page: Open, workspace: Workspace) -> None:
    pins.decide(workspace, some_ids(workspace, 9), "pin")
    assert num_kept(open_page("curate", method="random", budget="4")) == 9


def test_a_sample_is_pinned_ruled_out_and_freed_where_it_is_looked_at(open_page: Open, workspace: Workspace) -> None:
    (first,) = some_ids(workspace, 1)
    text = id_hex(first)
    app = open_page("browse", sample=text)
    app.button(key="sample-pin").click().run()
    assert pins.read(workspace) == Lists(pins=(text,))
    assert app.button(key="sample-pin").label == "Pinned"
    assert "Pinned: it must be kept and counts in the budget." in said(app)
    app.button(key="sample-never").click().run()
    assert pins.read(workspace) == Lists(never=(text,))
    assert "On the never list" in said(app)
    assert any("It left the must" in toast.value for toast in app.toast)
    app.button(key="sample-never").click().run()
    assert pins.read(workspace) == Lists()
    acts = history.read(workspace).history.acts
    assert [act.says for act in acts] == ["pin 1 sample", "never keep 1 sample", "1 sample off the lists"]


def test_a_pinned_sample_outside_the_filter_says_so(open_page: Open, workspace: Workspace) -> None:
    (first,) = some_ids(workspace, 1)
    app = open_page("browse", sample=id_hex(first), where=f"sample_id <> {first}")
    app.button(key="sample-pin").click().run()
    assert "It is outside the filter, and so not kept while it stands." in said(app)
    html = said(open_page("curate", where=f"sample_id <> {first}", method="random"))
    assert "1 pinned sample is outside the filter and so not kept" in html


def _take_up() -> None:
    from core.select import saved
    from studio import cached, curate_state

    curate_state.take_up(saved.find(cached.workspace(), "bound"))


def _undo() -> None:
    from studio import curate_state

    curate_state.step(back=True)


def test_a_saved_selection_taken_up_brings_its_lists_and_undo_brings_back_the_others(
    open_page: Open, workspace: Workspace
) -> None:
    first, second, third = some_ids(workspace, 3)
    rules = Constraints(pins=(id_hex(first),), never=(id_hex(second),))
    pool = Pool.from_lens(Lens(workspace))
    kept = choose(METHODS["random"](), pool, Budget.samples(9), 0, rules)
    saved.save(workspace, kept, name="bound", budget="9", chosen=Filter())
    pins.decide(workspace, [third], "pin")
    assert not AppTest.from_function(_take_up).run().exception
    assert pins.read(workspace) == Lists(pins=rules.pins, never=rules.never)
    html = said(open_page("curate"))
    assert "In force: 1 pinned; 1 never kept" in html
    assert not AppTest.from_function(_undo).run().exception
    assert pins.read(workspace) == Lists(pins=(id_hex(third),))


# -- words and fields ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", {}),
        (" 20 ", {"count": 20}),
        ("1,200", {"count": 1200}),
        ("20%", {"share": 0.2}),
        ("2.5 %", {"share": 0.025}),
    ],
)
def test_a_limit_is_a_count_or_a_share(text: str, meant: dict[str, float]) -> None:
    assert amount_of(text) == meant


@pytest.mark.parametrize("text", ["some", "-3", "1e3", "20 30", "%", "0x10", "½"])
def test_what_is_no_limit_is_told(text: str) -> None:
    with pytest.raises(BadInput, match="is no limit"):
        amount_of(text)


def test_one_limit_of_a_group_changes_without_the_others() -> None:
    rules = with_amounts(Constraints(), "source", "a", {"minimum": {"count": 2}, "maximum": {"share": 0.5}})
    rules = with_amounts(rules, "style", "yes/no", {"maximum": {"count": 9}})
    rules = with_amounts(rules, "source", "a", {"maximum": {"count": 7}})
    assert rules == Constraints(
        minimum=(Quota(kind="source", name="a", count=2),),
        maximum=(Quota(kind="source", name="a", count=7), Quota(kind="style", name="yes/no", count=9)),
    )
    assert with_amounts(rules, "source", "a", {"minimum": {}, "maximum": {}}).maximum == (rules.maximum[1],)
    with pytest.raises(BadInput, match="above the maximum of 7"):
        with_amounts(rules, "source", "a", {"minimum": {"count": 8}})
    with pytest.raises(BadInput, match="share"):
        with_amounts(rules, "source", "a", {"minimum": {"share": 1.2}})


def test_constraints_are_said_as_people_say_them() -> None:
    rules = constraints_of(
        {
            "pins": ["00000000000000ff"],
            "include": ["ocr >= 3"],
            "exclude": ["num_images = 0"],
            "minimum": [{"kind": "capability", "name": "ocr", "share": 0.2}],
            "maximum": [{"kind": "style", "name": "unstyled", "count": 1500}],
        }
    )
    assert words(rules) == [
        "1 pinned",
        "capability optical character recognition at least 20 %",
        "style no style at most 1,500",
        "only where ocr >= 3",
        "leave out where num_images = 0",
    ]


def test_conditions_that_leave_nothing_leave_the_map(open_page: Open, workspace: Workspace) -> None:
    limits = '{"include":["num_chars > 99999999"]}'
    for with_lists in (False, True):
        if with_lists:
            pins.decide(workspace, some_ids(workspace, 2), "pin")
        app = open_page("curate", limits=limits)
        assert "The conditions leave none of the" in said(app)
        assert any(entry.proto.component_name == "winnow-studio.map" for entry in app.get("bidi_component"))
