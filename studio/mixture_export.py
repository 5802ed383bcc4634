"""Keeping, downloading and exporting the recipe in edit; an export is a run, and what it wrote can be taken away as one file."""

from __future__ import annotations

import re
import time
from html import escape
from pathlib import Path

import streamlit as st

from core import runs
from core.errors import BadInput, StudioError
from core.mixture.export import SHARD_BYTES
from core.mixture.export_job import KIND, start_export
from core.mixture.gather import REASONS
from core.mixture.recipe import Recipe
from core.mixture.targets import TARGETS
from core.runs import Run
from studio import cached, cached_export, downloads, layout, mixture_push, run_panel, session, style
from studio import mixture_draft as drafts
from studio import mixture_start as start
from studio.mixture_cached import Planned
from studio.mixture_draft import Draft
from studio.words import Note, many, num, on_page, size

TITLES = {name: target.title for name, target in TARGETS.items()}
_TARGET: session.Slot[str] = session.Slot("export.target", "llava")
_IMAGES: session.Slot[str] = session.Slot("export.images", "copy")
_FRESH_SECONDS = 300.0
_ZIP_MOST_BYTES = 4 << 30
"""A larger export is fetched from its folder: a browser's download of it would begin anew when it breaks off."""
_IMAGE_WORDS = {"copy": "copy", "link": "hard link", "reference": "leave in place"}


def acts(draft: Draft, recipe: Recipe | None, found: Planned | None) -> None:
    """What can be done with the recipe: download or close it, save it, train on it, export its data."""
    if recipe is None or not draft.is_saved(recipe):
        layout.badges([Note("changes: not saved", "Save keeps the recipe in the workspace, with every earlier state.")])
    with st.popover("File", icon=":material/description:", type="tertiary"):
        if recipe is not None:
            st.download_button(
                "Download recipe YAML", recipe.to_yaml(), f"{slug(recipe.name)}.yaml", "application/yaml", key="mixture-yaml",
                icon=":material/download:", on_click="ignore", width="stretch",
            )  # fmt: skip
        st.button(
            "Open another", icon=":material/folder_open:", key="mixture-close", on_click=start.put_away, width="stretch",
            help="Closes this recipe; what was saved stays in the workspace.",
        )  # fmt: skip
    st.button(
        "Save", icon=":material/bookmark:", key="mixture-save", on_click=start.guarded, args=(_save,),
        disabled=recipe is None or draft.is_saved(recipe),
    )  # fmt: skip
    st.button("Train", icon=":material/play_arrow:", key="mixture-train", on_click=session.go_to, args=("train",))
    label = f"Export {many(found.num_samples, 'sample')}" if found is not None else "Export"
    with st.popover(label, type="primary", icon=":material/archive:", disabled=found is None or not found.num_samples):
        _export_form(recipe, found)


def _save() -> None:
    draft = start.current()
    if draft is not None:
        start.keep(drafts.save(cached.workspace(), draft))


def slug(name: str) -> str:
    """A recipe's name as a file's: 'Demo, 30 %' -> 'demo-30'."""
    return re.sub(r"[^\w.]+", "-", name.lower()).strip("-._") or "mixture"


def free_name(folder: Path, name: str) -> Path:
    """`folder/name`, or the first of name-2, name-3, ... that does not exist yet."""
    path, number = folder / name, 2
    while path.exists():
        path, number = folder / f"{name}-{number}", number + 1
    return path


def _export_form(recipe: Recipe | None, found: Planned | None) -> None:
    if recipe is None or found is None:
        return
    session.seed("export-target", _TARGET.get())
    st.selectbox(
        "Format", list(TITLES), key="export-target", format_func=TITLES.__getitem__, on_change=_choose_target,
    )  # fmt: skip
    session.seed("export-images", _IMAGES.get())
    inside = TARGETS[_TARGET.get()].embeds or TARGETS[_TARGET.get()].bare
    st.segmented_control(
        "Pictures", list(_IMAGE_WORDS), key="export-images", format_func=_IMAGE_WORDS.__getitem__, on_change=_choose_images,
        width="stretch", disabled=inside,
        help="Copy always works. The others need the files as ingested; samples whose files are gone are reported.",
    )  # fmt: skip
    shard_mb = SHARD_BYTES >> 20
    if TARGETS[_TARGET.get()].embeds:
        shard_mb = st.number_input(
            "Shard size, MB", 1, 1 << 16, shard_mb, step=64, key="export-shard-mb",
            help="About how large a Parquet file or a tar gets; pictures travel inside them.",
        )  # fmt: skip
    here = cached.workspace()
    suggested = free_name(here.exports_dir, f"{slug(recipe.name)}-{_TARGET.get()}")
    folder = st.text_input("Folder", str(suggested), key=f"export-folder-{suggested.name}")
    _foreseen(found, "copy" if inside else _IMAGES.get())
    busy = bool(run_panel.running((KIND,)))
    if st.button("Exporting" if busy else "Export", type="primary", key="export-go", disabled=busy, width="stretch"):
        try:
            if not folder.strip():
                raise BadInput("There is no folder.", "Give a new folder to export to.")
            out = Path(folder.strip())
            start_export(here, recipe, _TARGET.get(), out, _IMAGES.get(), shard_bytes=shard_mb << 20)
        except StudioError as error:
            layout.problem(StudioError(error.problem, on_page(error.fix)))
            return
        st.rerun()


def _foreseen(found: Planned, images: str) -> None:
    """What the format would leave out of this mixture, counted before anything is written."""
    title = TITLES[_TARGET.get()]
    asked = found.num_unique <= cached_export.AT_ONCE_SAMPLES or st.button(
        f"Count what {title} cannot carry", key=f"export-foresee-{_TARGET.get()}", type="tertiary",
        help=f"Reads the conversations of {many(found.num_unique, 'sample')}.",
    )  # fmt: skip
    if not asked:
        return
    try:
        lost = cached_export.left_out(found, _TARGET.get(), images)
    except StudioError as error:
        layout.problem(error)
        return
    st.html(foreseen_html(title, found.num_unique, lost))


def foreseen_html(title: str, num_samples: int, lost: dict[str, int]) -> str:
    """'Of 12,060 different samples, 31 cannot be exported as LLaVA-NeXT', each reason with its count."""
    if not lost:
        return f'<p class="w-foreseen">{escape(title)} carries all {many(num_samples, "different sample")}.</p>'
    rows = "".join(
        f"<li><b>{num(count)}</b> {escape(REASONS.get(reason, reason))}</li>" for reason, count in lost.items()
    )
    said = f"Of {many(num_samples, 'different sample')}, <b>{num(sum(lost.values()))}</b> cannot be exported as {escape(title)}"
    return f'<div class="w-foreseen some"><p>{said} and would be left out:</p><ul>{rows}</ul></div>'


def _choose_target() -> None:
    _TARGET.set(str(session.held("export-target") or _TARGET.get()))


def _choose_images() -> None:
    _IMAGES.set(str(session.held("export-images") or _IMAGES.get()))


def newest_exports(most: int = 4) -> list[Run]:
    """The finished exports whose folder is still there, newest first."""
    found = [run for run in runs.list_runs(cached.workspace().path, KIND) if run.state == "done"]
    return [run for run in found if Path(str(run.result.get("path", ""))).is_dir()][:most]


def progress() -> None:
    """The export that runs now, or how the last one ended; one that has just succeeded with its download. A push likewise."""
    st.html(style.ASSETS / "exports.css")
    mixture_push.progress()
    newest = next(iter(runs.list_runs(cached.workspace().path, KIND)), None)
    if newest is None or newest.state != "done" or newest.ended_at is None:
        run_panel.show((KIND,), key="mixture")
        return
    is_there = Path(str(newest.result.get("path", ""))).is_dir()
    if is_there and time.time() - run_panel.seconds_of(newest.ended_at) < _FRESH_SECONDS:
        st.html(export_html(newest))


def finished() -> None:
    """Finished exports, each with where it lies, a link that downloads it as one zip, and a way to the Hub."""
    found = newest_exports()
    if not found:
        return
    st.html(style.ASSETS / "exports.css")
    layout.section("Exports", "the folder stays where it is")
    for run in found:
        with st.container(border=True, key=f"card-export-{run.run_id}", gap="xsmall"):
            st.html(_facts_html(run))
            with st.container(horizontal=True, vertical_alignment="center", key=f"acts-export-{run.run_id}"):
                if is_small(run):
                    st.html(_link_html(run), width="content")
                mixture_push.act(run)
            if not is_small(run):
                st.caption("Too large for one download; copy the folder:")
                st.code(str(run.result["path"]), language=None, wrap_lines=True)


def is_small(run: Run) -> bool:
    """Whether an export is given as one zip."""
    return int(run.result.get("num_bytes", 0)) <= _ZIP_MOST_BYTES


def export_html(run: Run) -> str:
    """One finished export in a line, with its download."""
    return f'<div class="w-export">{_facts_html(run)}{_link_html(run) if is_small(run) else ""}</div>'


def _facts_html(run: Run) -> str:
    path = Path(str(run.result["path"]))
    dropped = sum(run.result.get("dropped", {}).values())
    rows = f"{many(run.result['num_rows'], 'row')} of " if "num_rows" in run.result else ""  # older runs have none
    says = (
        f"{TITLES.get(run.result['target'], run.result['target'])}, {rows}{many(run.result['num_samples'], 'sample')}, "
    )
    says += f"{many(run.result['num_images'], 'picture')}, {size(run.result.get('num_bytes', 0))}"
    says += f", {num(dropped)} left out" if dropped else ""
    where = f'<span class="w-where">{escape(str(path))}</span>'
    return f'<div class="w-export-facts"><b>{escape(path.name)}</b><span>{escape(says)}</span>{where}</div>'


def _link_html(run: Run) -> str:
    name = escape(Path(str(run.result["path"])).name)
    return f'<a class="w-download" href="{downloads.export_url(run.run_id)}" download="{name}.zip">Download zip</a>'
