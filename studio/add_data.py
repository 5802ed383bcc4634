"""Adding data: a dialog with path, names and terms, a preview of what the first records become, and the run that does it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from pydantic import ValidationError

from core.errors import BadInput, StudioError
from core.ingest.preview import Preview, PreviewRecord, preview
from core.ingest.reasons import REASONS
from core.ingest.settings import IngestSettings
from studio import charts, layout, run_panel, session
from studio.charts import Column, Row
from studio.forms import bad_settings
from studio.words import many, num, on_page, size

MODULE = "core.ingest.job"
_PREVIEW: session.Slot[tuple[IngestSettings, Preview] | None] = session.Slot("ingest.preview", None)
_LOOKED_AT = 21  # records a preview looks at; fewer in a file are all it has
_SHOWN = 5
_NO_PATH = BadInput("There is no path.", "Give the path of a .json or .jsonl file, or of a folder of them.")
_FILES = (Column("File", "mono"), Column("Read as", "soft"), Column("Source", "name"), Column("Size", "number"))
_MAPPING = (Column("Field", "name"), Column("becomes", "text"))
_RECORDS = (
    Column("Row", "number", 56),
    Column("Id", "mono", 150),
    Column("Pictures", "number", 70),
    Column("First words", "long"),
    Column("", "chip", 130),
)


@st.dialog("Add data", width="large")
def add_data_dialog() -> None:
    """Ask what to add, show what it becomes, start the run."""
    chosen, problem = _ask()
    looked = _PREVIEW.get()
    fresh = looked is not None and chosen is not None and looked[0] == chosen
    acts = st.container(horizontal=True, horizontal_alignment="right", key="ingest-acts")
    wants_preview = acts.button("Preview", key="ingest-preview")
    if chosen is not None and wants_preview:
        try:
            looked, fresh = (chosen, preview(chosen, _LOOKED_AT)), True
            _PREVIEW.set(looked)
        except StudioError as error:
            problem = error
    found = looked[1] if fresh and looked is not None and problem is None else None
    useless = None if found is None else nothing_usable(found)
    wants_run = acts.button(
        "Add data", type="primary", key="ingest-run", disabled=useless is not None and looked_at_all(found)
    )
    if problem is None and chosen is None and (wants_preview or wants_run):
        problem = _NO_PATH
    if chosen is not None and wants_run:
        try:
            preview(chosen, num_records=1)  # a wrong path is told here, not by a run that fails at once
            run_panel.launch("ingest", MODULE, chosen.model_dump(mode="json"))
            _PREVIEW.clear()
            st.rerun()
        except StudioError as error:
            problem = error
    for one in (problem, useless):
        if one is not None:
            layout.problem(BadInput(one.problem, on_page(one.fix)))
    if found is not None:
        show_preview(found)


def looked_at_all(found: Preview | None) -> bool:
    """Whether the preview saw every record there is: one file with fewer records than it looks at."""
    return found is not None and len(found.files) == 1 and len(found.records) < _LOOKED_AT


def nothing_usable(found: Preview) -> BadInput | None:
    """Why none of the previewed records can be taken, by the commonest reason; None when one of them can."""
    reasons = [record.reason for record in found.records]
    if not reasons or not all(reasons):
        return None
    most = max(reasons, key=reasons.count)
    which = "No record" if looked_at_all(found) else f"None of the first {num(len(reasons))} records"
    return BadInput(f"{which} can be taken. {REASONS[most].says}", REASONS[most].fix)


def _ask() -> tuple[IngestSettings | None, StudioError | None]:
    """The widgets; gives settings, or what is wrong with them, or neither while there is no path."""
    path = st.text_input(
        "Path", key="ingest.path", placeholder="/data/llava/train.json", persist_state="session",
        help="A .json or .jsonl file in LLaVA's form, or a folder of them, on the machine Winnow runs on.",
    )  # fmt: skip
    left, right = st.columns(2)
    source = left.text_input("Source", key="ingest.source", placeholder="each file's name", persist_state="session")
    root = right.text_input(
        "Image root", key="ingest.root", placeholder="looked for near the data", persist_state="session"
    )
    first, second, third = st.columns(3)
    licence = first.text_input("Licence", key="ingest.licence", placeholder="not stated", persist_state="session")
    revision = second.text_input("Revision", key="ingest.revision", placeholder="not stated", persist_state="session")
    category = third.text_input("Category", key="ingest.category", placeholder="none", persist_state="session")
    how, most, more = st.columns(3, vertical_alignment="bottom")
    images = how.segmented_control(
        "Pictures", ["copy", "reference"], default="copy", key="ingest.images", format_func=str.capitalize, persist_state="session",
        help="Copy keeps the files' bytes in the workspace. Reference keeps path and hash: small, but the files must stay where they are.",
    )  # fmt: skip
    limit = most.number_input(
        "At most, records", 1, None, None, 1, key="ingest.limit", placeholder="all", persist_state="session"
    )
    update = more.toggle(
        "Replace changed samples", key="ingest.update", persist_state="session",
        help="Without it, a record whose sample is known with other content is counted and left alone.",
    )  # fmt: skip
    if not path.strip():
        return None, None
    try:
        return IngestSettings(
            paths=(Path(path.strip()).expanduser(),),
            source=source.strip(),
            image_root=Path(root.strip()).expanduser() if root.strip() else None,
            images="reference" if images == "reference" else "copy",
            update=update,
            licence=licence.strip() or None,
            revision=revision.strip() or None,
            category=category.strip() or None,
            limit=limit,
        ), None
    except ValidationError as error:
        return None, bad_settings(error)
    except StudioError as error:
        return None, error


def show_preview(found: Preview) -> None:
    """Files, image root, what each field becomes, and the first records."""
    layout.section(many(len(found.files), "file"), f"pictures are looked for in {found.image_root}")
    files = [
        Row([file.path, file.layout, file.source or "named by the records", size(file.size_bytes)])
        for file in found.files
    ]
    charts.rows(_FILES, files, key="preview-files", tall_px=150)
    fields, records = st.columns([1, 2.4], gap="medium")
    with fields:
        layout.section("Fields")
        charts.rows(_MAPPING, [Row([name, meaning]) for name, meaning in found.mapping.items()], key="preview-mapping")
    with records:
        layout.section("First records")
        charts.rows(
            _RECORDS, [_record_row(record) for record in found.records[:_SHOWN]], key="preview-records", tall_px=280
        )


def _record_row(record: PreviewRecord) -> Row:
    words = next((text for role, text in record.turns if role == "human"), "")
    state = (
        {"text": record.reason.replace("_", " "), "look": "bad", "says": record.detail}
        if record.reason
        else {"text": many(len(record.turns) // 2, "turn"), "says": "Would be taken."}
    )
    return Row([num(record.row), record.original_id, num(len(record.images)), words or record.detail, state])
