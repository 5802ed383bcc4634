"""Ratings on the pages: what a rating changes is shown, another process's too; undo puts it back; Curate and Capabilities see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.lens import Lens
from core.store import evidence, ratings
from core.workspace import Workspace
from studio import history, recent
from studio.session import WORKSPACE_VARIABLE
from tests.pages.components import given
from tests.pages.test_pages import ROOT, said
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

Open = Callable[..., AppTest]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    made = make_workspace(tmp_path / "ws")
    monkeypatch.setenv(recent.CONFIG_VARIABLE, str(tmp_path / "config"))
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(made.path))
    monkeypatch.setenv(ratings.RATER_VARIABLE, "ana")
    st.cache_resource.clear()
    return made


def opened(shown: str, **query: str | list[str]) -> AppTest:
    app = AppTest.from_file(str(ROOT / "studio" / "app.py"), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(f"../pages/{shown}.py")
    return rerun(app)


def rerun(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def drawn(app: AppTest, shape: str) -> dict[str, Any]:
    """What the rating component of this shape is given."""
    for entry in app.get("bidi_component"):
        if entry.proto.component_name == "winnow-pieces.rating":
            found: dict[str, Any] = json.loads(entry.proto.json)
            if found["shape"] == shape:
                return found
    raise AssertionError("no scores to rate are drawn")


def row(app: AppTest, key: str, shape: str = "rows") -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in drawn(app, shape)["rows"] if one["key"] == key)
    return found


def a_sample(workspace: Workspace, key: str = "ocr") -> tuple[int, float]:
    """A sample the rules scored, and how."""
    who = evidence.producers(workspace.store, "scores")[0]
    found = next(one for one in evidence.read(workspace.store, who).to_pylist() if one[key] is not None)
    return found["sample_id"], found[key] / 50


def test_an_opened_sample_shows_who_scored_it_and_what_people_changed(workspace: Workspace) -> None:
    one, before = a_sample(workspace)
    app = opened("browse", sample=f"{one:016x}")
    assert row(app, "ocr")["badge"] == "rules 1"
    assert row(app, "ocr")["score"] == f"{before:.1f}"
    ratings.rate(workspace, one, "ocr", 4)
    shown = row(rerun(app), "ocr")
    assert (shown["score"], shown["mine"], shown["badge"], shown["people"]) == ("4.0", 4, "you: 4", True)
    assert shown["below"] == f"{before:.1f} by rules 1"
    assert shown["more"] == ["you: 4", f"Before: {before:.1f} by rules 1"]
    assert row(app, "ocr", "line") == {**shown, "rubric": []}
    ratings.rate(workspace, one, "ocr", 1, "ben")
    shown = row(rerun(app), "ocr")
    assert (shown["score"], shown["mine"], shown["badge"]) == ("2.5", 4, "you: 4 +1")
    assert "The median counts: 2.5" in shown["more"]
    ratings.rate(workspace, one, "ocr", None)
    shown = row(rerun(app), "ocr")
    assert (shown["score"], shown["mine"], shown["badge"]) == ("1.0", None, "1 person")
    ratings.rate(workspace, one, "ocr", None, "ben")
    shown = row(rerun(app), "ocr")
    assert (shown["score"], shown["badge"], shown["people"]) == (f"{before:.1f}", "rules 1", False)


def test_a_rating_given_to_former_content_is_said_and_does_not_count(workspace: Workspace) -> None:
    one, before = a_sample(workspace)
    ratings.put(workspace, one, "ocr", "ana", ratings.Rating(5, "0" * 32), None)
    shown = row(opened("browse", sample=f"{one:016x}"), "ocr")
    assert (shown["score"], shown["badge"], shown["people"]) == (f"{before:.1f}", "was: 5", False)
    assert "does not count" in shown["more"][0]


def test_the_filter_the_grid_and_the_csv_of_the_lens_see_a_rating(workspace: Workspace) -> None:
    one, _ = a_sample(workspace)
    app = opened("browse", score="ocr:5-5")
    shown = given(app, "gallery")
    there = set() if shown is None else {tile["id"] for tile in shown["tiles"]}
    assert f"{one:016x}" not in there
    ratings.rate(workspace, one, "ocr", 5)
    shown = given(rerun(app), "gallery")
    assert shown is not None
    assert {tile["id"] for tile in shown["tiles"]} == there | {f"{one:016x}"}
    table = Lens(workspace).ask("view_as_rows").to_pylist()
    assert next(entry["ocr"] for entry in table if entry["sample_id"] == f"{one:016x}") == 5


def test_a_sample_rated_out_of_the_filter_keeps_the_way_to_its_neighbours(workspace: Workspace) -> None:
    app = opened("browse", score="ocr:2-5")
    shown = given(app, "gallery")
    assert shown is not None
    ids = [tile["id"] for tile in shown["tiles"]]
    app = opened("browse", score="ocr:2-5", sample=ids[1])
    ratings.rate(workspace, int(ids[1], 16), "ocr", 0)
    rerun(app)
    assert not app.button(key="sample-before").disabled
    app.button(key="sample-after").click().run()
    assert app.query_params["sample"] in (ids[2], [ids[2]])
    app.button(key="sample-before").click().run()
    assert app.query_params["sample"] in (ids[0], [ids[0]]), "the one that was rated is no longer among them"


def test_rating_is_an_act_that_is_undone_and_done_again_and_says_what_it_did(workspace: Workspace) -> None:
    one, before = a_sample(workspace)

    def script(one: int, score: int | None, step: str) -> None:
        import streamlit as st

        from studio import curate_state, rating, style

        style.apply()
        if step:
            curate_state.step(step == "undo")
        else:
            rating.rated({"sample_id": f"{one:016x}", "capability": "ocr", "score": score})
        st.text(str(rating.told()))

    def run(score: int | None = None, step: str = "") -> str:
        app = AppTest.from_function(script, kwargs={"one": one, "score": score, "step": step}, default_timeout=60)
        return str(rerun(app).text[0].value)

    def mine() -> int | None:
        found = ratings.given(workspace, one, "ocr", "ana")
        return None if found is None else found.score

    assert f"optical character recognition: you 4; {before:.1f} by rules 1" in run(4)
    assert "4 already" in run(4)
    assert "you 2" in run(2)
    assert f"taken back, now {before:.1f} by rules 1" in run(None)
    assert "nothing to take back" in run(None)
    said_of = [act.says for act in history.read(workspace).history.acts]
    assert said_of == [
        "rate optical character recognition 4",
        "rate optical character recognition 2",
        "take back 2 for optical character recognition",
    ]
    for wanted in (2, 4, None):
        run(step="undo")
        assert mine() == wanted
    run(step="redo")
    assert mine() == 4


def test_what_was_done_elsewhere_is_not_undone_from_browse(workspace: Workspace) -> None:
    one, _ = a_sample(workspace)
    app = opened("browse")
    bar = given(app, "history")
    assert bar is not None
    assert (bar["undo"], bar["no_undo"]) == (None, "Nothing to undo")
    change = history.Change(kind="curate", before={}, after={})
    history.record(workspace, history.Act("budget 40 %", (change,)))
    bar = given(rerun(app), "history")
    assert bar is not None
    assert (bar["undo"], bar["no_undo"]) == (None, "Go to Curate to undo: budget 40 %")
    key = ratings.key_of(one, "ocr", "ana")
    history.record(workspace, history.Act("rate it", (history.Change("rating", key, None, None),)))
    bar = given(rerun(app), "history")
    assert bar is not None
    assert bar["undo"] == "rate it"


def test_curate_sees_a_rating_in_its_pool(workspace: Workspace) -> None:
    app = opened("curate", score="ocr:5-5")
    shown = given(app, "map", "winnow-studio")
    before = 0 if shown is None else shown["maximum"]
    one, _ = a_sample(workspace)
    ratings.rate(workspace, one, "ocr", 5)
    shown = given(rerun(app), "map", "winnow-studio")
    assert shown is not None
    assert shown["maximum"] == before + 1


def test_capabilities_counts_what_people_say_and_how_they_agree(workspace: Workspace) -> None:
    app = opened("capabilities", view="people")
    assert "Nobody rated yet" in said(app)
    who = evidence.producers(workspace.store, "scores")[0]
    scored = [one for one in evidence.read(workspace.store, who).to_pylist() if one["ocr"] is not None]
    for place, one in enumerate(scored[:12]):
        ratings.rate(workspace, one["sample_id"], "ocr", min(5, place // 2), "ben" if place % 2 else "ana")
    ratings.rate(workspace, scored[0]["sample_id"], "stem", 3)
    ratings.put(workspace, scored[0]["sample_id"], "icl", "ana", ratings.Rating(5, "0" * 32), None)
    html = said(rerun(app))
    assert "13 of " in html
    assert "13 ratings of 12 samples by 2 people" in html
    assert "1 rating of content that changed or is gone does not count" in html
    shown = given(app, "rows")
    assert shown is not None
    cells = {entry["cells"][0]["text"]: entry["cells"] for entry in shown["rows"]}
    ocr, stem, icl = (
        cells[name] for name in ("optical character recognition", "STEM knowledge", "in-context learning")
    )
    assert ocr[1]["text"] == f"12 of {len(scored)}"
    assert ocr[2] == "12"
    assert -1 <= float(ocr[3].replace("−", "-")) <= 1
    assert stem[3] in ("too few", "–")
    assert icl[1:] == [{"part": 0.0, "text": "–"}, "–", "–", "–"]
    assert "13 of " in said(opened("capabilities"))


def test_overview_counts_the_samples_people_rated(workspace: Workspace) -> None:
    one, _ = a_sample(workspace)
    app = opened("overview")
    assert "rated by people" not in said(app)
    ratings.rate(workspace, one, "ocr", 5)
    html = said(rerun(app))
    assert "rated by people" in html
    assert f"{NUM_SAMPLES - 1} missing" in html
