"""Pushing a finished export to the Hugging Face Hub from the page: what would be sent first, then a run that sends it."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from core import runs
from core.errors import StudioError
from core.mixture.push import Planned, planned
from core.mixture.push_job import KIND, start_push
from core.runs import Run
from studio import cached, layout, run_panel
from studio.words import many, on_page, size

_SHOWN = 6


def act(export: Run) -> None:
    """A button that opens the form of a push of this export."""
    with st.popover("Push to the Hub", icon=":material/cloud_upload:", key=f"push-{export.run_id}"):
        _form(export)


def progress() -> None:
    """The push that runs now, or how the last one ended."""
    run_panel.show((KIND,), key="mixture-push")


def _form(export: Run) -> None:
    path = Path(str(export.result["path"]))
    sent = _newest(path)
    if sent is not None:
        address = escape(str(sent.result["address"]), quote=True)
        st.html(
            f'<span class="w-count">Last sent to <a href="{address}" target="_blank" rel="noopener">{address}</a></span>'
        )
    name = st.text_input("Repository", key=f"push-name-{export.run_id}", placeholder="organisation/name")
    who = st.segmented_control(
        "Who sees it", ["private", "public"], default="private", required=True, key=f"push-who-{export.run_id}", width="stretch",
    )  # fmt: skip
    if not name.strip():
        st.caption(
            "A data set repository of this name is made, with the export's card. Nothing is sent before you see the list."
        )
        return
    try:
        plan = planned(path, name, private=who != "public")
    except StudioError as error:
        layout.problem(StudioError(error.problem, on_page(error.fix)))
        return
    st.html(listed(plan))
    accepted = not plan.concerns or st.checkbox("I have the right to pass these on", key=f"push-yes-{export.run_id}")
    busy = bool(run_panel.running((KIND,)))
    if st.button(
        "Pushing" if busy else f"Push {many(len(plan.files), 'file')}", type="primary", width="stretch",
        key=f"push-go-{export.run_id}", disabled=busy or not accepted,
    ):  # fmt: skip
        try:
            start_push(cached.workspace(), path, plan.name, private=plan.private, accepted=accepted)
        except StudioError as error:
            layout.problem(error)
            return
        st.rerun()


def listed(plan: Planned) -> str:
    """What would be sent, as HTML: the largest files by name, what speaks against it, what to know."""
    kind = "private" if plan.private else "public"
    largest = sorted(plan.files, key=lambda file: (-file[1], file[0]))[:_SHOWN]
    more = len(plan.files) - len(largest)
    rows = "".join(f"<tr><td>{escape(path)}</td><td>{size(num_bytes)}</td></tr>" for path, num_bytes in largest)
    rows += f"<tr><td>and {many(more, 'smaller file')}</td><td></td></tr>" if more else ""
    warns = "".join(f"<li>{escape(text)}</li>" for text in (*plan.concerns, *plan.notes))
    return (
        f'<div class="w-push"><p>{many(len(plan.files), "file")}, {size(plan.num_bytes)}, in {many(len(plan.pieces), "commit")} to the '
        f"{kind} data set <b>{escape(plan.name)}</b></p><table>{rows}</table>{f'<ul>{warns}</ul>' if warns else ''}</div>"
    )


def _newest(path: Path) -> Run | None:
    """The last push of this folder that ended well."""
    done = (run for run in runs.list_runs(cached.workspace().path, KIND) if run.state == "done")
    return next((run for run in done if run.settings.get("folder") == str(path)), None)
