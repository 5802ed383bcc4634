"""Compare in its states, and what Curate keeps over a restart, run by Streamlit itself without a browser."""

from __future__ import annotations

import re
import shutil
import statistics
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.filters import Filter
from core.lens import Lens
from core.select import compare, methods, saved
from core.select.budget import Budget
from core.select.constraints import Constraints, Quota
from core.select.groups import labels_for
from core.select.mmssr_nested import MmssrNested
from core.select.pool import Pool
from core.select.saved import SavedSelection
from core.select.uniform import Random
from core.store import evidence
from core.workspace import Workspace
from studio import history, recent
from studio.history import Act, Change
from studio.session import WORKSPACE_VARIABLE
from tests.pages.components import num_kept
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "<b>mine</b> **bold** :red[x] <script>1</script>"

Open = Callable[..., AppTest]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Open:
    """A new session on a page of a workspace, with URL parameters."""
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "config"))
    st.cache_resource.clear()

    def opened(shown: str, workspace: Workspace, **query: str | list[str]) -> AppTest:
        monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.path))
        app = AppTest.from_file(str(ROOT / "studio" / "app.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page(f"../pages/{shown}.py")
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


def said(app: AppTest) -> str:
    return "\n".join(entry.proto.body for entry in app.get("html") if "<style>" not in entry.proto.body)


def asked(app: AppTest, name: str) -> list[str]:
    """A parameter of the address; Streamlit gives a single one as text."""
    found = app.query_params[name]
    return [found] if isinstance(found, str) else list(found)


def keep(
    workspace: Workspace,
    method: str,
    count: int,
    name: str,
    chosen: Filter | None = None,
    rules: Constraints = methods.UNCONSTRAINED,
) -> SavedSelection:
    chosen, lens = chosen or Filter(), Lens(workspace)
    pool = Pool.from_lens(lens, chosen)
    asked_of = labels_for(lens, pool, rules)
    selection = methods.choose(methods.settings(method, {}), pool, Budget.samples(count), 0, rules, asked_of)
    return saved.save(workspace, selection, name=name, budget=str(count), chosen=chosen)


def test_without_a_saved_selection_the_way_to_curate_is_offered(open_page: Open, workspace: Workspace) -> None:
    app = open_page("compare", workspace)
    assert "No selection is saved yet" in said(app)
    assert "Curate a selection" in [button.label for button in app.button]


def test_an_empty_workspace_offers_to_add_data(open_page: Open, tmp_path: Path) -> None:
    app = open_page("compare", Workspace.create(tmp_path / "empty"))
    assert "Add data" in [button.label for button in app.button]


def test_a_single_saved_selection_stands_beside_what_curate_is_set_to(open_page: Open, workspace: Workspace) -> None:
    entry = keep(workspace, "random", 20, "only one")
    app = open_page("compare", workspace)
    assert "only one is saved" in said(app)
    assert asked(app, "of") == [entry.selection_id, "now"]
    now = MmssrNested().order(Pool.from_lens(Lens(workspace)), seed=0).cut(18).sample_ids
    shared = compare.split(saved.ids_of(workspace, entry), now)
    assert f"<b>{len(shared.both)}</b>" in said(app)


def test_a_single_one_without_scores_has_nothing_to_stand_beside(open_page: Open, tmp_path: Path) -> None:
    raw = make_workspace(tmp_path / "raw", prepared=False)
    keep(raw, "random", 20, "only one")
    html = said(open_page("compare", raw))
    assert "Only one selection is saved" in html
    assert "w-problem" not in html


def test_numbers_of_a_pair_are_those_of_sets(open_page: Open, workspace: Workspace) -> None:
    first, second = keep(workspace, "mmssr", 25, "a"), keep(workspace, "random", 12, "b")
    html = said(open_page("compare", workspace))
    a, b = (set(saved.ids_of(workspace, one).tolist()) for one in (first, second))
    for count, words in ((a & b, "kept in both A and B"), (a - b, "removed: only in A"), (b - a, "added: only in B")):
        assert re.search(rf"<b>{len(count)}</b><span>(<i[^>]*></i>)?{words}", html), words
    assert f"<b>{100 * len(a & b) / len(a | b):.1f} %</b>" in html
    assert f"{100 * len(a & b) / len(a | b):.2f} %" in html  # the hover of the matrix's cell


def test_the_address_says_what_is_compared_and_gives_it_back(open_page: Open, workspace: Workspace) -> None:
    entries = [keep(workspace, "random", count, f"s{count}") for count in (10, 20, 30)]
    ids = [one.selection_id for one in entries]
    app = open_page("compare", workspace, of=ids, pair=f"{ids[2]},{ids[0]}", show="settings")
    html = said(app)
    assert asked(app, "of") == ids
    assert asked(app, "pair") == [f"{ids[2]},{ids[0]}"]
    assert '<b>0</b><span><i class="c-dot added"></i>added: only in A' in html, "the smallest lies within the largest"
    assert re.search(r'class="differs"><th scope="row">samples', html)
    assert re.search(r'class=""><th scope="row">method', html)
    app.button(key="compare-swap").click().run()
    assert asked(app, "pair") == [f"{ids[0]},{ids[2]}"]


def test_what_an_address_names_and_nobody_knows_is_left_out(open_page: Open, workspace: Workspace) -> None:
    entry = keep(workspace, "random", 10, "a")
    html = said(
        open_page("compare", workspace, of=[entry.selection_id, "0123456789ab"], at="²", show="magic", pair="x")
    )
    assert "Two selections make a comparison" in html
    assert "The address asks for a selection that is not in this workspace (&#x27;0123456789ab&#x27;)." in html


WRONG = {
    "two that are gone": ({"of": ["aa", "bb"]}, "2 selections that are not in this workspace ('aa', 'bb')"),
    "a long one": ({"of": ["x" * 99]}, "a selection that is not in this workspace ('xxx"),
    "a pair of one": ({"pair": "x"}, "the pair 'x' against each other"),
    "a pair of another": ({"pair": "{0},other"}, "which is not two of its selections"),
    "an unknown part": ({"show": "magic"}, "The address asks for the part 'magic'."),
    "no page": ({"at": "²"}, "The address asks for page '²'."),
    "page nought": ({"at": "0"}, "The address asks for page '0'."),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_an_address_is_said_once_and_the_rest_of_it_is_shown(
    wrong: str, open_page: Open, workspace: Workspace
) -> None:
    ids = [keep(workspace, "random", count, f"s{count}").selection_id for count in (10, 20)]
    query, says = WRONG[wrong]
    asks = {name: value.format(*ids) if isinstance(value, str) else [*ids, *value] for name, value in query.items()}
    app = open_page("compare", workspace, **{"of": ids, **asks})
    assert says in unescape(said(app))
    assert asked(app, "of") == ids
    assert "<b>10</b>" in said(app)
    app.run()
    assert "The address asks" not in said(app)
    assert "against each other, which" not in said(app)


def test_a_right_address_is_said_nothing_about(open_page: Open, workspace: Workspace) -> None:
    ids = [keep(workspace, "random", count, f"s{count}").selection_id for count in (10, 20, 30)]
    for query in (
        {},
        {"of": ids},
        {"of": ids, "pair": f"{ids[2]},{ids[1]}", "show": "both", "at": "1"},
        {"of": [*ids, "now"]},
    ):
        assert "The address" not in said(open_page("compare", workspace, **query))


def test_an_address_is_answered_also_where_nothing_is_saved_yet(open_page: Open, workspace: Workspace) -> None:
    html = said(open_page("compare", workspace, of=["0123456789ab"]))
    assert "a selection that is not in this workspace" in html
    assert "No selection is saved yet" in html


def test_measures_stand_beside_random_and_say_how_nested_agrees_with_faithful(
    open_page: Open, workspace: Workspace
) -> None:
    one, two = keep(workspace, "mmssr-nested", 30, "ours"), keep(workspace, "random", 30, "luck")
    html = said(open_page("compare", workspace, of=[one.selection_id, two.selection_id], show="measures"))
    assert html.count("Random, 30") == 2, "one column for both, as its text and its hover"
    assert "mean of 8 seeds" in html
    assert "A: nested and faithful mmSSR" in html
    pool = Pool.from_lens(Lens(workspace))
    agreed = compare.agreement_with_faithful(pool, MmssrNested(), 0)
    for percent, value in agreed.items():
        assert f"<b>{100 * value:.1f}</b><span>at {percent:g} %" in html


def test_random_is_drawn_under_the_constraints_of_the_selection_it_stands_beside(
    open_page: Open, workspace: Workspace
) -> None:
    rules = Constraints(maximum=(Quota(kind="source", name="charts", count=0),), exclude=("source = 'photos'",))
    free, bound = keep(workspace, "random", 15, "free"), keep(workspace, "random", 15, "bound", rules=rules)
    html = said(open_page("compare", workspace, of=[free.selection_id, bound.selection_id], show="measures"))
    assert html.count('title="Random, 15"') == html.count('title="Random, 15, rules of B"') == 1
    lens = Lens(workspace)
    pool = Pool.from_lens(lens)
    asked_of = labels_for(lens, pool, rules)
    ids = saved.checked_ids(workspace, bound.path, bound.sha256, bound.name)
    draws = [methods.choose(Random(), pool, Budget.samples(15), seed, rules, asked_of) for seed in range(1, 9)]
    shared = [compare.jaccard(draw.sample_ids, ids) for draw in draws]
    assert f"{100 * statistics.mean(shared):.1f}" in html.split("with B", 1)[1]


def test_a_selection_that_nothing_can_be_drawn_like_any_more_says_why(open_page: Open, workspace: Workspace) -> None:
    rules = Constraints(exclude=("ppl > 3",))
    column = workspace.store.read("tokens--workspace--1", ["sample_id", "content_hash"])
    values = column.append_column("value", pa.array([float(at % 5) for at in range(column.num_rows)]))
    evidence.write(workspace.store, evidence.producer("numbers", "ppl", "1"), values)
    one, two = keep(workspace, "random", 10, "free"), keep(workspace, "random", 10, "by ppl", rules=rules)
    for folder in workspace.store.path.glob("numbers--*"):
        shutil.rmtree(folder)
    html = said(open_page("compare", workspace, of=[one.selection_id, two.selection_id], show="measures"))
    assert "Nothing can be drawn at random like by ppl: The condition 'ppl > 3' cannot be used" in unescape(html)
    assert 'title="Random, 10"' in html


def test_samples_of_one_side_are_paged(open_page: Open, workspace: Workspace) -> None:
    one, two = keep(workspace, "random", 58, "many"), keep(workspace, "random", 3, "few")
    app = open_page("compare", workspace, of=[one.selection_id, two.selection_id])
    assert "<b>1–24</b> of 55" in said(app)
    app.button(key="compare-on").click().run()
    app.button(key="compare-on").click().run()
    assert "<b>49–55</b> of 55" in said(app)
    assert asked(app, "at") == ["3"]
    assert app.button(key="compare-on").disabled


def test_a_selection_older_than_the_data_is_marked(open_page: Open, workspace: Workspace) -> None:
    for count, name in ((10, "a"), (20, "b")):
        keep(workspace, "random", count, name)
    table = workspace.store.read("tokens--workspace--1")
    evidence.write(workspace.store, evidence.producer("tokens", "other", "1"), table, {})
    app = open_page("compare", workspace)
    assert "older data: A" in said(app)
    assert "Changed since: text tokens" in said(app)


def test_a_file_that_was_changed_is_a_problem_with_a_remedy(open_page: Open, workspace: Workspace) -> None:
    one, _ = keep(workspace, "random", 10, "a"), keep(workspace, "random", 20, "b")
    (workspace.path / one.path).write_bytes(b"something else")
    html = said(open_page("compare", workspace))
    assert "missing or was changed" in html
    assert "Select again" in html


def test_names_are_shown_and_never_interpreted(open_page: Open, workspace: Workspace) -> None:
    one, two = keep(workspace, "mmssr-nested", 10, HOSTILE), keep(workspace, "random", 20, HOSTILE)
    for part in ("first", "measures", "settings"):
        html = said(open_page("compare", workspace, of=[one.selection_id, two.selection_id], show=part))
        assert "<b>mine" not in html
        assert "<script" not in html
        assert "&lt;b&gt;mine&lt;/b&gt;" in html


# -- what Curate keeps ------------------------------------------------------------------------------------------------------


def kept_on(app: AppTest) -> str:
    return str(num_kept(app))


def test_curate_goes_on_where_it_was_left_in_a_new_session(open_page: Open, workspace: Workspace) -> None:
    first = open_page("curate", workspace, method="random", budget="17", seed="5", source="charts")
    assert kept_on(first) == "17"
    again = open_page("curate", workspace)
    assert kept_on(again) == "17"
    assert {name: asked(again, name) for name in ("method", "budget", "seed", "source")} == {
        "method": ["random"], "budget": ["17"], "seed": ["5"], "source": ["charts"],
    }  # fmt: skip
    assert history.read(workspace).history.undoable is not None


def test_the_address_wins_over_what_was_left_and_can_be_undone(open_page: Open, workspace: Workspace) -> None:
    open_page("curate", workspace, method="random", budget="17")
    app = open_page("curate", workspace, method="mmssr", budget="9", set="threshold=2")
    assert kept_on(app) == "9"
    kept = history.read(workspace).history
    assert kept.undoable is not None
    assert kept.undoable.says == "method mmSSR, budget 28.3 % to 15.0 %"
    assert history.step(workspace, back=True) is not None
    assert kept_on(open_page("curate", workspace)) == "17"


def test_every_act_is_one_entry_and_the_same_state_again_is_none(open_page: Open, workspace: Workspace) -> None:
    app = open_page("curate", workspace)
    assert history.read(workspace).history.acts == (), "opening the page is no act"
    app.selectbox(key="curate-method").set_value("mmssr").run()
    app.text_input(key="curate-seed").set_value("7").run()
    app.number_input(key="method-mmssr.threshold").set_value(2.0).run()
    app.run()
    says = [act.says for act in history.read(workspace).history.acts]
    assert says == ["method mmSSR", "seed 0 to 7", "setting threshold"]
    assert asked(app, "set") == ["threshold=2.0"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"method": "magic"}, "magic"),
        ({"budget": "9999"}, "9,999 samples is more than the 60"),
        ({"budget": "many"}, "many"),
        ({"seed": "x"}, "seed"),
        ({"set": "threshold=77"}, "threshold"),
    ],
)
def test_an_address_that_cannot_be_read_is_told_and_the_page_is_there(
    open_page: Open, workspace: Workspace, query: dict[str, str], says: str
) -> None:
    app = open_page("curate", workspace, **query)
    problem = next(line for line in said(app).splitlines() if "w-problem" in line)
    assert says in problem
    assert kept_on(app) == str(round(0.3 * NUM_SAMPLES))


def test_a_state_of_another_version_is_forgotten_quietly(open_page: Open, workspace: Workspace) -> None:
    change = Change(kind="curate", before=None, after={"method": "of the future", "unknown": 1})
    history.record(workspace, Act(says="something", changes=(change,)))
    app = open_page("curate", workspace)
    assert "w-problem" not in said(app)
    assert num_kept(app)
