"""Ids that formats and file systems forbid: they travel through every target and come back as they were."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.ingest import IngestSettings, ingest
from core.lens import Lens
from core.mixture.export import export
from core.mixture.mixture import resolve
from core.mixture.recipe import recipe_from_dict
from core.mixture.tar_shards import KEY_CHARS, key_of
from core.mixture.targets import TARGETS
from core.mixture.verify import verify
from core.workspace import Workspace
from tests.mixture import conftest
from tests.mixture.test_export import recipe

NASTY = (
    "plain", "..", ".", "-rf", "--help", "a.b.c", "x.jpg", "x.json", "a/b", "/etc/passwd", "../../up", "a\\b", "C:\\x", "a b", " a",
    "a ", "line\nbreak", "line\r\nbreak", "tab\there", "\"quoted\"", "it's", "`tick`", "$HOME", "%41", "%", "100%25", "A", "a", "É", "é",
    "e\u0301", "字", "😀", "\u2028", "\ufeffx", "<image>", "{json}", "[1]", "null", "true", "007", "1e3", "-1", "#", "|", "*", "?", ":",
    "x" * 300, "字" * 300, "." * 300, "CON", "nul", "~", "_", "\x7f", "\x01",
)  # fmt: skip


def named(folder: Path, ids: list[str]) -> Lens:
    """A workspace whose samples bear these ids; every other one has an image."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), "red").save(folder / "dot.png")
    rows = [
        {
            "id": key,
            **({"image": "dot.png"} if number % 2 else {}),
            "conversations": conftest.turns("<image>\nWhat?" if number % 2 else "What?", f"Answer {number}."),
        }
        for number, key in enumerate(ids)
    ]
    (folder / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    workspace = Workspace.create(folder / "ws")
    report = ingest(workspace, IngestSettings(paths=(folder / "rows.json",), image_root=folder))
    assert (report.ingested, report.quarantined) == (len(ids), {})
    return Lens(workspace)


def come_back(lens: Lens, target: str, out: Path, ids: list[str]) -> None:
    one_stage = recipe(100).as_dict()
    one_stage["stages"] = one_stage["stages"][:1]
    folder = export(resolve(recipe_from_dict(one_stage), lens), lens, target, out, shard_bytes=20_000).path
    rows = list(TARGETS[target]().read_back(folder))
    answers = {row.original_id: row.turns[-1][1] if row.turns else "" for row in rows}
    assert len(rows) == len(ids)
    assert answers == {key: "" if target == "uids" else f"Answer {number}." for number, key in enumerate(ids)}
    assert verify(folder).ok
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    assert len({name.casefold() for name in names}) == len(names), "also apart where case means nothing"
    assert all(re.fullmatch(r"[\w./~%-]+", name, re.ASCII) for name in names)


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Lens:
    return named(tmp_path_factory.mktemp("nasty") / "data", list(NASTY))


@pytest.mark.parametrize("target", TARGETS)
def test_ids_that_formats_and_file_systems_forbid_come_back_as_they_were(
    nasty: Lens, tmp_path: Path, target: str
) -> None:
    come_back(nasty, target, tmp_path / "out", list(NASTY))


IDS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=400),
    min_size=1,
    max_size=12,
    unique=True,
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ids=IDS)
def test_any_ids_come_back_from_every_format(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    folder = tmp_path_factory.mktemp("ids")
    lens = named(folder / "data", ids)
    for target in TARGETS:
        come_back(lens, target, folder / target, ids)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=500), st.integers(0, 10**9 - 1))
def test_a_tars_keys_fit_into_a_file_name_and_stay_apart(text: str, row: int) -> None:
    key = key_of(row, text)
    assert re.fullmatch(r"\d{9}-[A-Za-z0-9_~%-]*", key)
    assert len(key) <= KEY_CHARS + 10
    assert key_of(row, text + "x") != key
