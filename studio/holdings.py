"""The parts of Overview: figures, sources, evidence with its gaps, what was set aside, and the next step."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import streamlit as st

from core.filters import Filter
from studio import cached, charts, layout, run_panel, session
from studio.cached import Coverage
from studio.charts import Column, Row
from studio.words import KIND_NAMES, many, note_on, num, on_page, share, size

PREPARED_KINDS = ("scores", "styles", "instruction_tags", "image_tags", "tokens", "embedding", "clusters", "map")
_PAGES = Path(__file__).resolve().parents[1] / "pages"
_SOURCES = (
    Column("Source", "name"), Column("Samples", "bar", 190), Column("Turns", "number"), Column("Tokens", "number"),
    Column("Licence", "soft"),
)  # fmt: skip
_REASONS = (Column("Reason", "text"), Column("Records", "bar", 150))
_RECORDS = (
    Column("Source", "name", 110),
    Column("File", "soft"),
    Column("Row", "number", 70),
    Column("What is wrong", "long"),
    Column("Record", "mono"),
)
_REASON: session.Slot[str] = session.Slot("overview.reason", "")
_SHOWN_RECORDS = 200


@dataclass(frozen=True)
class Gap:
    """A kind of evidence and how many samples lack it."""

    kind: str
    num_missing: int


def gaps(said: list[Coverage], num_samples: int) -> list[Gap]:
    """What `prepare` would make, kind by kind; a kind counts by the producer that covers most."""
    most = {
        kind: max((entry.num_samples for entry in said if entry.kind == kind), default=0) for kind in PREPARED_KINDS
    }
    return [Gap(kind, num_samples - count) for kind, count in most.items() if count < num_samples]


def empty_workspace(name: str) -> None:
    """What Overview shows before there is data, unless some is just being added."""
    if run_panel.running(("ingest",)):
        return
    says = "Add a LLaVA JSON or JSONL file with its images. Records that cannot be taken are set aside and counted."
    with layout.empty(f"{name} is empty", says, icon="folder"):
        st.button("Add data", type="primary", key="add-data", on_click=session.ADDING_DATA.set, args=(True,))


# -- figures and sources ------------------------------------------------------------------------------------------------


def figures() -> None:
    """How much there is."""
    total = cached.ask("totals").to_pylist()[0]
    tokens = total["num_text_tokens"]
    layout.figures(
        [
            (num(total["num_samples"]), "samples", ""),
            (num(cached.num_rows("images")), "pictures", ""),
            (num(total["num_turns"]), "turns", f"{total['num_turns'] / max(total['num_samples'], 1):.1f} per sample"),
            (
                num(tokens) if tokens is not None else "–",
                "text tokens",
                "estimate" if tokens is not None else "not counted",
            ),
            (num(total["num_sources"]), "source" if total["num_sources"] == 1 else "sources", ""),
            (size(cached.stored_bytes()), "on disk", ""),
        ]
    )


def sources() -> None:
    """The sources with size and terms; a click shows one in Browse."""
    found = cached.ask("sources_table").to_pylist()
    most = max((row["num_samples"] for row in found), default=1)
    layout.section("Sources", "a click shows the samples")
    has_category = any(row["category"] for row in found)
    charts.rows(
        (*_SOURCES, Column("Category", "soft")) if has_category else _SOURCES,
        [
            Row(
                [
                    row["source"],
                    {"part": row["num_samples"] / most, "text": num(row["num_samples"])},
                    num(row["num_turns"]),
                    None if row["num_text_tokens"] is None else num(row["num_text_tokens"]),
                    row["licence"] or "not stated",
                    *([row["category"]] if has_category else []),
                ],
                key=row["source"],
            )
            for row in found
        ],
        key="overview-sources",
        on_pick=_browse_source,
        tall_px=620,
    )


def _browse_source(source: str) -> None:
    session.set_filter(Filter(sources=(source,)))
    session.go_to("browse")


# -- evidence -----------------------------------------------------------------------------------------------------------


def evidence(said: list[Coverage], num_samples: int) -> None:
    """What is known about how many samples, by whom, kind by kind."""
    missing = gaps(said, num_samples)
    layout.section(
        "Evidence", "complete" if not missing else f"{len(missing)} of {len(PREPARED_KINDS)} kinds incomplete"
    )
    entries = []
    for kind, name in KIND_NAMES.items():
        who = [entry for entry in said if entry.kind == kind]
        if not who and kind not in PREPARED_KINDS:
            continue
        for index, entry in enumerate(who or [None]):
            plain = index == 0 and kind != "numbers"  # a number goes by the name of its column
            shown = name if plain or entry is None else f"{name} ({_producer(entry.producer)})"
            entries.append(_cover(shown, entry, num_samples))
    st.html(f"<div>{''.join(entries)}</div>")


def _producer(name: str) -> str:
    """Another producer of the same kind, as its row says it: 'PCA'."""
    return name.upper() if name in ("pca", "umap") else name


def _cover(name: str, entry: Coverage | None, num_samples: int) -> str:
    if entry is None:
        return (
            f'<div class="w-cover"><span class="absent">{escape(name)}</span><span class="w-part">missing</span>'
            '<div class="w-bar"></div></div>'
        )
    part = entry.num_samples / max(num_samples, 1)
    text = (
        "all"
        if entry.num_samples == num_samples
        else f"{share(entry.num_samples, num_samples)}, {num(num_samples - entry.num_samples)} missing"
    )
    badge = layout.badge(note_on(entry.producer, entry.version)).replace("w-tip ", "w-tip left ")
    return (
        f'<div class="w-cover"><span>{escape(name)}</span>{badge}'
        f'<div class="w-bar"><i style="width:{100 * part:.1f}%"></i></div><span class="w-part">{escape(text)}</span></div>'
    )


# -- the next step ------------------------------------------------------------------------------------------------------


def next_step(said: list[Coverage], num_samples: int) -> None:
    """The one main action: prepare what is missing, else go on to choosing."""
    missing = gaps(said, num_samples)
    busy = run_panel.running(("ingest", "prepare"))
    if missing:
        most = max(gap.num_missing for gap in missing)
        st.button(
            f"Prepare {many(most, 'sample')}", type="primary", key="prepare", disabled=bool(busy), on_click=run_panel.prepare,
            help="Makes what is missing: " + ", ".join(KIND_NAMES[gap.kind].lower() for gap in missing) + ".",
        )  # fmt: skip
    elif (_PAGES / "curate.py").is_file():
        st.button("Curate a selection", type="primary", key="to-curate", on_click=session.go_to, args=("curate",))
    else:
        st.button("Browse samples", type="primary", key="to-browse", on_click=session.go_to, args=("browse",))


# -- quarantine ---------------------------------------------------------------------------------------------------------


def quarantine() -> None:
    """What was set aside at ingest: counts by reason, and the records of the reason that was clicked."""
    from core.ingest.reasons import REASONS

    rows = cached.quarantine()
    if not rows.num_rows:
        return
    counts = rows["reason"].value_counts().to_pylist()
    counts.sort(key=lambda entry: (-entry["counts"], entry["values"]))
    layout.section("Set aside", f"{many(rows.num_rows, 'record')} could not be taken; nothing was repaired or dropped")
    left, right = st.columns([1, 2.2], gap="medium")
    chosen = _REASON.get() if any(entry["values"] == _REASON.get() for entry in counts) else counts[0]["values"]
    with left:
        entries = [_reason_row(entry, counts[0]["counts"], REASONS, chosen) for entry in counts]
        charts.rows(_REASONS, entries, key="overview-reasons", on_pick=_REASON.set, tall_px=340)
    with right:
        found = rows.filter(pc.equal(rows["reason"], chosen)).slice(0, _SHOWN_RECORDS).to_pylist()
        records = [
            Row([row["source"], Path(row["file"]).name, num(row["row"]), row["detail"], row["raw"]]) for row in found
        ]
        charts.rows(_RECORDS, records, key="overview-records", tall_px=300)
        num_chosen = next(entry["counts"] for entry in counts if entry["values"] == chosen)
        if num_chosen > _SHOWN_RECORDS:
            layout.small(f"The first {num(_SHOWN_RECORDS)} of {num(num_chosen)}.")
        known = REASONS.get(chosen)
        if known is not None:
            layout.small(f"{known.says} {on_page(known.fix)}")


def _reason_row(entry: dict[str, Any], most: int, known: Any, chosen: str) -> Row:
    reason = str(entry["values"])
    says = known[reason].says if reason in known else reason
    cells = [
        {"text": reason.replace("_", " "), "says": says},
        {"part": entry["counts"] / most, "text": num(entry["counts"])},
    ]
    return Row(cells, key=reason, on=reason == chosen)
