"""Choosing a workspace: the recent ones, another by its path, or a new one."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import BadInput, StudioError
from core.workspace import Workspace
from studio import charts, layout, recent, session
from studio.charts import Column, Row
from studio.words import on_page

_CHOSEN_PROBLEM: session.Slot[StudioError | None] = session.Slot("workspaces.problem", None)
_SWITCHED: session.Slot[bool] = session.Slot("workspaces.switched", False)
_NO_PATH = BadInput("There is no path.", "Give the path of a folder.")
_COLUMNS = (Column("Workspace", "name"), Column("Folder", "mono"), Column("Opened", "soft", 120))


@st.dialog("Workspaces", width="large")
def choose_dialog() -> None:
    """Recent workspaces and a new one, over the page."""
    chooser("dialog")


def chooser(key: str) -> None:
    """Recent workspaces, one by its path, and a new one."""
    if _SWITCHED.take():
        st.rerun()
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
        layout.problem(BadInput(problem.problem, on_page(problem.fix)))
        _CHOSEN_PROBLEM.clear()
    left, right = st.columns(2, gap="medium")
    with left:
        layout.section("Open by path")
        st.text_input("Folder of a workspace", key=f"open-path-{key}", placeholder="/data/my-workspace")
        st.button("Open workspace", key=f"open-{key}", on_click=_open_typed, args=(key,))
    with right:
        layout.section("New workspace")
        st.text_input("Folder for it, new or empty", key=f"new-path-{key}", placeholder="/data/new-workspace")
        st.text_input("Name", key=f"new-name-{key}", placeholder="the folder's name")
        st.button("Make workspace", type="primary", key=f"make-{key}", on_click=_make_typed, args=(key,))


def _open_typed(key: str) -> None:
    _open(str(session.held(f"open-path-{key}") or ""))


def _make_typed(key: str) -> None:
    _make(str(session.held(f"new-path-{key}") or ""), str(session.held(f"new-name-{key}") or ""))


def _open(path: str) -> None:
    try:
        opened = Workspace.open(_whole(path))
    except StudioError as error:
        _CHOSEN_PROBLEM.set(error)
        return
    session.switch_workspace(opened.path)
    _SWITCHED.set(True)


def _make(path: str, name: str) -> None:
    try:
        made = Workspace.create(_whole(path), name.strip() or None)
    except StudioError as error:
        _CHOSEN_PROBLEM.set(error)
        return
    session.switch_workspace(made.path)
    _SWITCHED.set(True)


def _whole(text: str) -> Path:
    """What was typed as a path from the root: a browser has no folder of its own that a relative one could start at."""
    typed = text.strip()
    if not typed:
        raise _NO_PATH
    path = Path(typed).expanduser()
    if not path.is_absolute():
        raise BadInput(f"{typed!r} does not say where it is.", "Give the whole path, such as /data/my-workspace.")
    return path
