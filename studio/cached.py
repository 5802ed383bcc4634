"""The only place with caching decorators: the workspace, its lens and answers, each kept per folder and version.

The version is polled from modification times, which costs microseconds, so that work done by another process shows at the next
run of a page. A rating moves it too, but not what stands on the tables alone: see `tables_version`.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from core.errors import BadInput
from core.filters import Filter
from core.lens import Lens, reads_scores
from core.store import Store, evidence
from core.store.ratings import PEOPLE
from core.vocabulary import CAPABILITY_KEYS, styles_from_bits
from core.workspace import Workspace
from studio import session
from studio.last_rating import last_rating
from studio.session import Selected

_NO_WORKSPACE = BadInput("No workspace is open.", "Open one on Overview, or start with `winnow open FOLDER`.")
SORT_KEYS = ("source", "shuffled", "images", "turns", "length", "size")


# -- workspace, version, lens -------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=4, show_spinner=False)
def _workspace(path: str, made: int) -> Workspace:
    return Workspace.open(Path(path))


def workspace() -> Workspace:
    """The workspace this session looks at; BadInput when there is none."""
    path = session.workspace_path()
    if path is None:
        raise _NO_WORKSPACE
    record = path / "workspace.json"
    return _workspace(str(path), record.stat().st_mtime_ns if record.is_file() else 0)


def tables_version(path: Path) -> str:
    """A digest that moves with every write to a workspace's tables; reads no data.

    Acts do not move it: hardly an answer here stands on them, and each step of a slider is one.
    """
    digest, tables = blake2b(digest_size=12), path / "tables"
    names = sorted(name for name in (os.listdir(tables) if tables.is_dir() else ()) if name.endswith(".lance"))
    for name in names:
        moved = 0
        with suppress(OSError):  # being made now
            moved = os.stat(f"{tables}/{name}/_versions").st_mtime_ns
        digest.update(f"{name}:{moved};".encode())
    return digest.hexdigest()


def version(path: Path) -> str:
    """What moves with every write to a workspace's tables, and with every rating."""
    rated = last_rating(path)
    return f"{tables_version(path)}{_RATED}{rated}" if rated else tables_version(path)


_RATED = "+"


def _version_for(path: Path, name: str, chosen: Filter, sort: str = "") -> str:
    """The version an answer is kept for: ratings move it only where scores are read."""
    scored = reads_scores(name) or bool(chosen.scores or chosen.where) or sort in CAPABILITY_KEYS
    return version(path) if scored else tables_version(path)


def current_version() -> str:
    """The version of the workspace this session looks at."""
    return version(workspace().path)


def _lens(path: str, at_version: str) -> Lens:
    """The lens of the tables at a version, with the ratings up to it or further."""
    tables, _, rated = at_version.partition(_RATED)
    found = _loaded(path, tables)
    found.follow(int(rated or 0))
    return found


@st.cache_resource(max_entries=2, show_spinner=False)
def _loaded(path: str, at_tables: str) -> Lens:
    loaded = Lens(Workspace.open(Path(path)))
    _settle()
    return loaded


def _settle() -> None:
    """Leave what is in memory now out of later searches for garbage: Streamlit makes one after every run of a page, which held
    all threads for 85 ms (measured), just when the browser asks for pictures."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def lens() -> Lens:
    """The lens over the workspace as it is now."""
    return lens_of(workspace())


def lens_of(here: Workspace) -> Lens:
    """The lens over a workspace as it is now; for routes, which have no session that looks at one."""
    return _lens(str(here.path), version(here.path))


# -- answers ------------------------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=400, show_spinner=False)
def _answer(path: str, at_version: str, name: str, chosen: str, parameters: str) -> pa.Table:
    return _lens(path, at_version).ask(name, Filter.model_validate_json(chosen), **json.loads(parameters))


@st.cache_resource(max_entries=100, show_spinner=False)
def _answer_of(path: str, at_version: str, name: str, chosen: str, digest: str, _ids: NDArray[np.uint64]) -> pa.Table:
    return _lens(path, at_version).ask(name, Filter.model_validate_json(chosen), ids=_ids)


def ask(name: str, chosen: Filter | None = None, **parameters: Any) -> pa.Table:
    """The answer to core/sql/<name>.sql over what a filter shows, kept until the workspace moves."""
    here, chosen = workspace(), chosen or Filter()
    at = _version_for(here.path, name, chosen, str(parameters.get("sort")))
    return _answer(str(here.path), at, name, chosen.model_dump_json(), json.dumps(parameters, sort_keys=True))


def ask_of(selected: Selected, name: str, chosen: Filter | None = None) -> pa.Table:
    """The answer of a question over `chosen` (a selection) to core/sql/<name>.sql, kept until the workspace moves."""
    here, chosen = workspace(), chosen or Filter()
    at = _version_for(here.path, name, chosen)
    return _answer_of(str(here.path), at, name, chosen.model_dump_json(), selected.digest, selected.sample_ids)


def count(chosen: Filter | None = None) -> int:
    """How many samples a filter lets through."""
    return int(ask("count_visible", chosen)["num_samples"][0].as_py())


def count_of(selected: Selected, chosen: Filter | None = None) -> int:
    """How many samples of a selection a filter lets through."""
    return int(ask_of(selected, "count_chosen", chosen)["num_samples"][0].as_py())


# -- samples ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Card:
    """What a tile of the grid says of a sample."""

    sample_id: int
    source: str
    question: str
    image_keys: tuple[str, ...]
    num_turns: int
    styles: tuple[str, ...]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Detail:
    """What an opened sample says of itself; its scores are told by `studio.cached_ratings`."""

    card: Card
    original_id: str
    turns: tuple[tuple[str, str], ...]
    images: tuple[tuple[str, int, int, str, str], ...]
    tags: dict[str, tuple[str, ...]]
    cluster: int | None
    num_text_tokens: int | None
    num_chars: int
    ingest_row: int
    extra: str | None
    origin: dict[str, str | None]


def page_of_cards(chosen: Filter, sort: str, page: int, page_size: int, here: Workspace | None = None) -> list[Card]:
    """One page of the grid; `sort` is one of SORT_KEYS or a capability key, with a leading dash for falling order.

    `here` is for routes, which have no session that looks at a workspace.
    """
    here = here or workspace()
    order = _order(sort)
    at = _version_for(here.path, "samples_page_badges", chosen, order["sort"])
    return _page(str(here.path), at, chosen.model_dump_json(), json.dumps(order), page, page_size)


@st.cache_resource(max_entries=200, show_spinner=False)
def _page(path: str, at_version: str, chosen: str, order: str, page: int, page_size: int) -> list[Card]:
    lens = _lens(path, at_version)
    parameters = json.loads(order) | {"limit": page_size, "offset": (page - 1) * page_size}
    found = lens.ask("samples_page_badges", Filter.model_validate_json(chosen), **parameters)
    return _made(lens.workspace.store, found["sample_id"].to_pylist(), found)


def place_of_sample(chosen: Filter, sort: str, sample_id: int) -> int | None:
    """The 0-based place of a sample in the order, None when the filter hides it."""
    rows = ask("samples_page", chosen, **_order(sort), limit=2**40, offset=0)
    found = np.flatnonzero(rows["sample_id"].to_numpy() == np.uint64(sample_id))
    return int(found[0]) if len(found) else None


def sample_at(chosen: Filter, sort: str, place: int) -> int | None:
    """The sample at a 0-based place in the order, None beyond its ends."""
    if place < 0:
        return None
    rows = ask("samples_page", chosen, **_order(sort), limit=1, offset=place)
    return int(rows["sample_id"][0].as_py()) if rows.num_rows else None


def _order(sort: str) -> dict[str, Any]:
    key = sort.removeprefix("-")
    if key not in SORT_KEYS and key not in CAPABILITY_KEYS:
        raise BadInput(f"{key!r} is not an order.", f"Use one of {', '.join((*SORT_KEYS, *CAPABILITY_KEYS))}.")
    return {"sort": key, "direction": -1 if sort.startswith("-") else 1}


def cards(sample_ids: list[int]) -> list[Card]:
    """The cards of samples, in the order given; ids the workspace does not hold are left out."""
    here = workspace()
    return _cards(str(here.path), tables_version(here.path), tuple(sample_ids))


@st.cache_resource(max_entries=200, show_spinner=False)
def _cards(path: str, at_version: str, sample_ids: tuple[int, ...]) -> list[Card]:
    lens = _lens(path, at_version)
    badges = lens.ask("samples_badges", ids=np.array(sample_ids, dtype=np.uint64))
    return _made(lens.workspace.store, sample_ids, badges)


def _made(store: Store, sample_ids: Sequence[int], badges: pa.Table) -> list[Card]:
    """Cards from the rows of samples and their styles and flags."""
    rows = store.samples(sample_ids, ["sample_id", "source", "question", "image_keys", "num_turns"]).to_pylist()
    known = {row["sample_id"]: row for row in badges.to_pylist()}
    return [
        Card(
            sample_id=row["sample_id"],
            source=row["source"],
            question=row["question"] or "",
            image_keys=tuple(row["image_keys"] or ()),
            num_turns=row["num_turns"] or 0,
            styles=styles_from_bits(known.get(row["sample_id"], {}).get("style_bits") or 0),
            flags=tuple(known.get(row["sample_id"], {}).get("flags") or ()),
        )
        for row in rows
    ]


def detail(sample_id: int) -> Detail | None:
    """Everything about one sample; None when the workspace does not hold it."""
    here = workspace()
    return _detail(str(here.path), tables_version(here.path), sample_id)


@st.cache_resource(max_entries=100, show_spinner=False)
def _detail(path: str, at_version: str, sample_id: int) -> Detail | None:
    store, looking = workspace().store, _lens(path, at_version)
    found = store.samples([sample_id])
    marks = looking.ask("samples_marks", ids=np.array([sample_id], dtype=np.uint64))
    if not found.num_rows or not marks.num_rows:
        return None
    row, mark = found.to_pylist()[0], marks.to_pylist()[0]
    images = store.images(
        row["image_keys"] or [], ["image_key", "width_px", "height_px", "format", "origin_path"]
    ).to_pylist()
    kinds = dict(
        zip(looking.ask("tag_kinds")["path"].to_pylist(), looking.ask("tag_kinds")["kind"].to_pylist(), strict=True)
    )
    paths = [looking.tag_paths[index] for index in mark["tag_ids"] or ()]
    origin: dict[str, Any] = next(
        (entry for entry in ask("sources_table").to_pylist() if entry["source"] == row["source"]), {}
    )
    return Detail(
        card=cards([sample_id])[0],
        original_id=row["original_id"],
        turns=tuple((turn["role"], turn["text"]) for turn in row["conversations"] or ()),
        images=tuple((i["image_key"], i["width_px"], i["height_px"], i["format"], i["origin_path"]) for i in images),
        tags={
            kind: tuple(path for path in paths if kinds[path] == kind) for kind in ("instruction_tags", "image_tags")
        },
        cluster=mark["cluster"],
        num_text_tokens=mark["num_text_tokens"],
        num_chars=row["num_chars"] or 0,
        ingest_row=row["ingest_row"] or 0,
        extra=row["extra"],
        origin={name: origin.get(name) for name in ("format", "licence", "revision", "category", "images")},
    )


def similar(sample_id: int, limit: int = 8) -> list[tuple[int, float]]:
    """(sample id, cosine similarity) of the samples nearest in the first embedding; empty without an embedding."""
    here = workspace()
    return _similar(str(here.path), tables_version(here.path), sample_id, limit)


@st.cache_resource(max_entries=100, show_spinner=False)
def _similar(path: str, at_version: str, sample_id: int, limit: int) -> list[tuple[int, float]]:
    store = workspace().store
    for who in evidence.producers(store, "embedding")[:1]:
        rows = store.dataset(who.table).to_table(columns=["vector"], filter=f"sample_id = {sample_id}")
        if rows.num_rows:
            vector = np.asarray(rows["vector"][0].as_py(), dtype=np.float32)
            near = store.nearest(who.table, vector.tolist(), limit + 1)
            return [(key, likeness) for key, likeness in near if key != sample_id][:limit]
    return []


# -- what the workspace holds -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Coverage:
    """How many samples a producer has spoken about, as they are now."""

    kind: str
    producer: str
    version: str
    num_samples: int


@st.cache_resource(max_entries=4, show_spinner=False)
def _coverage(path: str, at_version: str) -> list[Coverage]:
    store = workspace().store
    total = store.count("samples")
    return [
        Coverage(who.kind, who.name, who.version, total - evidence.missing(store, who).num_rows)
        for who in evidence.producers(store)
    ]


def coverage() -> list[Coverage]:
    """All producers with how much they cover, by kind, most believed first."""
    here, people = workspace(), lens().num_rated_samples
    rated = [Coverage(PEOPLE.kind, PEOPLE.name, PEOPLE.version, people)] if people else []
    return [*_coverage(str(here.path), tables_version(here.path)), *rated]


@st.cache_resource(max_entries=8, show_spinner=False)
def _num_rows(path: str, at_version: str, table: str) -> int:
    return workspace().store.count(table)


def num_rows(table: str) -> int:
    """How many rows a table of the workspace has."""
    here = workspace()
    return _num_rows(str(here.path), tables_version(here.path), table)


@st.cache_resource(max_entries=4, show_spinner=False)
def _quarantine(path: str, at_version: str) -> pa.Table:
    return workspace().store.read("quarantine", ["source", "file", "row", "reason", "detail", "raw"])


def quarantine() -> pa.Table:
    """The records that could not be taken in, each with its reason."""
    here = workspace()
    return _quarantine(str(here.path), tables_version(here.path))


@st.cache_resource(max_entries=4, show_spinner=False)
def _stored_size(path: str, at_version: str) -> int:
    return sum(entry.stat().st_size for entry in (Path(path) / "tables").rglob("*") if entry.is_file())


def stored_bytes() -> int:
    """Bytes the workspace's tables take on disk."""
    here = workspace()
    return _stored_size(str(here.path), tables_version(here.path))
