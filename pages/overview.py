"""Overview: what the workspace holds, what is missing, and the next step; add data, prepare, or open another workspace."""

from __future__ import annotations

import streamlit as st

from studio import cached, holdings, layout, recent, run_panel, session, workspaces

with layout.page("Overview", "See what this workspace holds, what it still needs, and take the next step.") as actions:
    if session.workspace_path() is None:
        layout.empty("No workspace is open", "Choose one of those you used last, or make a new one.", icon="folder")
        workspaces.chooser("page")
        st.stop()

    here = cached.workspace()
    recent.remember(here.path, here.name)
    num_samples = cached.num_rows("samples")

    with actions:
        if st.button("Workspaces", type="tertiary", icon=":material/folder_open:", key="workspaces"):
            workspaces.choose_dialog()
        if num_samples:
            st.button("Add data", icon=":material/add:", key="add-data", on_click=session.ADDING_DATA.set, args=(True,))
    if session.ADDING_DATA.take():
        from studio.add_data import add_data_dialog  # reads pictures, which the first screen does not need

        add_data_dialog()

    run_panel.show(("ingest", "prepare"), key="overview")

    if num_samples == 0:
        holdings.empty_workspace(here.name)
    else:
        said = cached.coverage()
        with actions:
            holdings.next_step(said, num_samples)
        holdings.figures()
        left, right = st.columns([2.1, 1], gap="medium")
        with left:
            holdings.sources()
        with right:
            holdings.evidence(said, num_samples)
    holdings.quarantine()
