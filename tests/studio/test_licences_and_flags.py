"""Licence and flags as filters and as counts, against brute force over the rows of the tables."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.filters import NO_LICENCE, UNFLAGGED, Filter
from core.lens import Lens
from core.store import evidence
from core.workspace import Workspace
from tests.studio.small_workspace import SOURCES, make_workspace

LICENCES = {"charts": "CC BY 4.0", "photos": "it's mine; -- 'ours'", "puzzles": None}
FLAGS = ("face", "near duplicate", "it's odd")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = make_workspace(tmp_path_factory.mktemp("licences") / "ws")
    state(made, LICENCES)
    rows = made.store.read("samples", ["sample_id", "content_hash"])
    draw = np.random.default_rng(3)

    def write(name: str, version: str, part: pa.Table, stale: bool = False) -> None:
        said = [[flag for flag in FLAGS if draw.random() < 0.3] for _ in range(part.num_rows)]
        if stale:
            part = part.set_column(1, "content_hash", pa.array(["other"] * part.num_rows))
        table = part.append_column("flags", pa.array(said, pa.list_(pa.string())))
        evidence.write(made.store, evidence.producer("flags", name, version), table, {})

    write("rules", "1", rows)
    write("rules", "2", rows.slice(0, 20))  # newer, and silent about the rest
    write("person", "1", rows.slice(10, 15))
    write("judge", "1", rows, stale=True)  # about contents the samples do not have any more
    return made


def state(workspace: Workspace, licences: dict[str, str | None]) -> None:
    rows = [
        {**row, "licence": licences[row["source"]]}
        for row in workspace.store.read("sources").to_pylist()
        if row["source"] in licences
    ]
    workspace.store.create("sources", pa.Table.from_pylist(rows, workspace.store.read("sources").schema), replace=True)


@pytest.fixture(scope="module")
def rows(workspace: Workspace) -> list[dict[str, Any]]:
    """Each sample with its source's licence and its flags: of `rules` the newest version that speaks of it, and everybody else's."""
    store = workspace.store
    tables = {name: store.read(name).to_pylist() for name in store.names() if name.startswith("flags--")}
    said = {name: {row["sample_id"]: row for row in table} for name, table in tables.items()}
    licence = {row["source"]: (row["licence"] or "").strip() or NO_LICENCE for row in store.read("sources").to_pylist()}
    found = []
    for row in store.read("samples").to_pylist():
        flags: set[str] = set()
        for names in (("flags--rules--2", "flags--rules--1"), ("flags--person--1",), ("flags--judge--1",)):
            spoken = [said[name].get(row["sample_id"]) for name in names]
            current = [one for one in spoken if one is not None and one["content_hash"] == row["content_hash"]]
            flags |= set(current[0]["flags"]) if current else set()
        found.append({**row, "licence": licence[row["source"]], "flags": flags})
    return found


def passes(row: dict[str, Any], chosen: Filter) -> bool:
    if chosen.sources and row["source"] not in chosen.sources:
        return False
    if chosen.licences and row["licence"] not in chosen.licences:
        return False
    return (
        not chosen.flags or bool(row["flags"] & set(chosen.flags)) or (UNFLAGGED in chosen.flags and not row["flags"])
    )


_filters = st.builds(
    Filter,
    sources=st.lists(st.sampled_from(SOURCES), unique=True, max_size=2).map(tuple),
    licences=st.lists(
        st.sampled_from(("CC BY 4.0", "it's mine; -- 'ours'", NO_LICENCE, "unknown")), unique=True, max_size=3
    ).map(tuple),
    flags=st.lists(st.sampled_from((*FLAGS, UNFLAGGED, "unheard of")), unique=True, max_size=3).map(tuple),
)


@given(chosen=_filters)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_passes_and_what_is_counted_agree_with_brute_force(
    lens: Lens, rows: list[dict[str, Any]], chosen: Filter
) -> None:
    seen = [row for row in rows if passes(row, chosen)]
    assert lens.count(chosen) == len(seen)
    licences = lens.ask("count_by_licence", chosen).to_pylist()
    assert {row["licence"]: row["num_samples"] for row in licences} == Counter(row["licence"] for row in seen)
    sources = {name: {row["source"] for row in seen if row["licence"] == name} for name in {r["licence"] for r in seen}}
    assert {row["licence"]: row["num_sources"] for row in licences} == {
        name: len(kept) for name, kept in sources.items()
    }
    flags = {row["flag"]: row["num_samples"] for row in lens.ask("count_by_flag", chosen).to_pylist()}
    expected: Counter[str | None] = Counter(flag for row in seen for flag in row["flags"])
    assert flags == {**expected, None: sum(not row["flags"] for row in seen)}


@pytest.fixture(scope="module")
def lens(workspace: Workspace) -> Lens:
    return Lens(workspace)


def test_flags_stand_sorted_in_the_marks_of_a_sample_and_in_conditions(lens: Lens, rows: list[dict[str, Any]]) -> None:
    ids = np.array([row["sample_id"] for row in rows], dtype=np.uint64)
    marks = lens.ask("samples_marks", ids=ids)["flags"].to_pylist()
    assert marks == [sorted(row["flags"]) for row in rows]
    assert any(len(row["flags"]) > 1 for row in rows)
    assert lens.count(Filter(where="list_contains(flags, 'face')")) == sum("face" in row["flags"] for row in rows)


@pytest.mark.parametrize("nothing", [None, "", "   ", NO_LICENCE])
def test_a_licence_of_blanks_is_none_and_so_is_a_source_nobody_recorded(tmp_path: Path, nothing: str | None) -> None:
    workspace = make_workspace(tmp_path / "ws", prepared=False)
    state(workspace, {"charts": " MIT ", "photos": nothing})  # puzzles has no row at all
    lens = Lens(workspace)
    assert lens.count(Filter(licences=("MIT",))) == 20
    assert lens.count(Filter(licences=(NO_LICENCE,))) == 40
    assert lens.count(Filter(licences=(NO_LICENCE, "MIT"))) == 60
    counted = {row["licence"]: row["num_samples"] for row in lens.ask("count_by_licence").to_pylist()}
    assert counted == {NO_LICENCE: 40, "MIT": 20}


def test_without_flags_evidence_every_sample_is_without_a_flag(tmp_path: Path) -> None:
    lens = Lens(make_workspace(tmp_path / "ws", prepared=False))
    assert lens.ask("count_by_flag").to_pylist() == [{"flag": None, "num_samples": 60}]
    assert lens.count(Filter(flags=(UNFLAGGED,))) == 60
    assert lens.count(Filter(flags=("face",))) == 0
