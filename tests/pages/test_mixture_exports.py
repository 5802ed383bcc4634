"""Exports on Mixture, run by Streamlit itself without a browser: the form, what it foresees, and a push that is listed first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import runs
from core.mixture.export_job import start_export
from core.workspace import Workspace
from studio import mixture_export
from tests.mixture.test_export_job import RECIPE
from tests.pages import test_mixture_train_runs as pages
from tests.pages.test_mixture_train_runs import Open, said

open_page, workspace = pages.open_page, pages.workspace


@pytest.fixture
def exported(workspace: Workspace) -> runs.Run:
    return runs.wait(start_export(workspace, RECIPE, "uids", workspace.exports_dir / "few"))


def test_a_finished_export_is_offered_as_a_zip_and_to_the_hub(
    open_page: Open,
    workspace: Workspace,
    exported: runs.Run,
) -> None:
    manifest = Path(exported.result["path"]) / "manifest.json"
    record = json.loads(manifest.read_text(encoding="utf-8"))
    for source in record["sources"]:
        source["licence"] = None
    manifest.write_text(json.dumps(record), encoding="utf-8")
    app = open_page("mixture", workspace.path)
    assert f"/api/exports/{exported.run_id}.zip" in said(app)
    assert not [button for button in app.button if button.label.startswith("Push")]
    app.text_input(f"push-name-{exported.run_id}").set_value("just-a-name").run()
    assert "is no name of a repository" in said(app)
    app.text_input(f"push-name-{exported.run_id}").set_value("org/few").run()
    assert "in 2 commits to the private data set <b>org/few</b>" in said(app)
    assert "manifest.json" in said(app)
    [checkbox] = app.checkbox
    assert "has no stated licence" in said(app)
    go = next(button for button in app.button if button.label == "Push 6 files")
    assert go.disabled
    checkbox.check().run()
    app.button(f"push-go-{exported.run_id}").click().run()
    assert "There is no token" in said(app) or "HF_HUB_OFFLINE is set" in said(app)
    assert runs.list_runs(workspace.path, "push") == []


def test_an_export_too_large_for_one_download_shows_its_folder_to_copy(
    open_page: Open,
    workspace: Workspace,
    exported: runs.Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mixture_export, "_ZIP_MOST_BYTES", 100)
    app = open_page("mixture", workspace.path)
    assert ".zip" not in said(app)
    assert [code.value for code in app.code] == [str(Path(exported.result["path"]))]
