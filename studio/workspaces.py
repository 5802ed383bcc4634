"""Choosing a workspace: the recent ones, another by its path, or a new one."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import StudioError
from core.workspace import Workspace
from studio import charts, layout, recent, session
from studio.charts import Column, Row

_CHOSEN_PROBLEM: session.Slot[StudioError | None] = session.Slot("workspaces.problem", None)
_COLUMNS = (Column("Workspace", "name"), Column("Folder", "mono"), Column("Opened", "soft", 120))


@st.dialog("Workspaces", width="large")
def choose_dialog() -> None:
    """Recent workspaces and a new one, over the page."""
    chooser("dialog")


def chooser(key: str) -> None:
    """Recent workspaces, one by its path, and a new one."""
    known = [entry for entry in recent.recent() if entry.exists]
    here = session.workspace_path()
    if known:
        layout.section("Recent")
        charts.rows(
            _COLUMNS,
            [
                Row([entry.name, str(entry.path), entry.opened_at[:10]], key=str(entry.path), on=entry.path == here)
                for entry in known
            ],
            key=f"recent-{key}",
            on_pick=_open,
            tall_px=260,
        )
    if (problem := _CHOSEN_PROBLEM.get()) is not None:
        layout.problem(problem)
        _CHOSEN_PROBLEM.clear()
    left, right = st.columns(2, gap="medium")
    with left:
        layout.section("Open by path")
        path = st.text_input("Folder of a workspace", key=f"open-path-{key}", placeholder="/data/my-workspace")
        if st.button("Open workspace", key=f"open-{key}", disabled=not path.strip()):
            _open(path)
            st.rerun()
    with right:
        layout.section("New workspace")
        new_path = st.text_input(
            "Folder for it, new or empty", key=f"new-path-{key}", placeholder="/data/new-workspace"
        )
        name = st.text_input("Name", key=f"new-name-{key}", placeholder="the folder's name")
        if st.button("Make workspace", type="primary", key=f"make-{key}", disabled=not new_path.strip()):
            _make(new_path, name)
            st.rerun()


def _open(path: str) -> None:
    try:
        opened = Workspace.open(Path(path.strip()))
    except StudioError as error:
        _CHOSEN_PROBLEM.set(error)
        return
    session.switch_workspace(opened.path)


def _make(path: str, name: str) -> None:
    try:
        made = Workspace.create(Path(path.strip()), name.strip() or None)
    except StudioError as error:
        _CHOSEN_PROBLEM.set(error)
        return
    session.switch_workspace(made.path)
