"""Ratings by turn go from a record through the workspace into FineVision's columns, and nothing that nobody said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import pytest

from core.ingest import IngestSettings, ingest
from core.lens import Lens
from core.mixture.export import export
from core.mixture.mixture import resolve
from core.mixture.ratings import rated
from core.mixture.recipe import recipe_from_dict
from core.workspace import Workspace
from tests.mixture.conftest import two_stages

RECIPE = recipe_from_dict({**two_stages().as_dict(), "stages": [{"name": "one", "parts": [{"selection": "all"}]}]})
GIVEN: dict[str, dict[str, Any]] = {
    "rated": {"relevance_ratings": [5, 3], "relevance_min": 3, "formatting_ratings": [4, 4]},
    "one turn unrated": {"relevance_ratings": [None, 2]},
    "least alone": {"relevance_min": 4},
    "another number of turns": {"relevance_ratings": [5], "relevance_min": 5},
    "out of range": {"relevance_ratings": [0, 9]},
    "no numbers": {"formatting_ratings": ["good", "bad"], "image_correspondence_ratings": "5"},
    "silent": {},
}
EXPECTED: dict[str, tuple[list[int | None] | None, int | None]] = {
    "rated": ([5, 3], 3),
    "one turn unrated": ([None, 2], 2),
    "least alone": (None, 4),
    "another number of turns": (None, 5),
    "out of range": (None, None),
    "no numbers": (None, None),
    "silent": (None, None),
}


def lens_of(folder: Path, given: dict[str, dict[str, Any]]) -> Lens:
    turns = [{"from": "gpt" if at % 2 else "human", "value": f"{at}"} for at in range(4)]
    rows = [{"id": key, "conversations": turns, **more} for key, more in given.items()]
    (folder / "rows.json").write_text(json.dumps(rows))
    workspace = Workspace.create(folder / "ws")
    assert ingest(workspace, IngestSettings(paths=(folder / "rows.json",), image_root=folder)).ingested == len(given)
    return Lens(workspace)


def loaded(folder: Path, cache: Path) -> Any:
    return datasets.load_dataset(str(folder), split="train", cache_dir=str(cache))


def test_each_rating_reaches_its_turn_and_what_cannot_be_meant_stays_empty(tmp_path: Path) -> None:
    lens = lens_of(tmp_path, GIVEN)
    report = export(resolve(RECIPE, lens), lens, "finevision", tmp_path / "out", group_rows=2)
    data = loaded(report.path, tmp_path / "cache")
    whole = datasets.Value("int64")
    assert data.features["relevance_ratings"] == datasets.List(whole)
    assert data.features["relevance_min"] == whole
    assert {row["id"]: (row["relevance_ratings"], row["relevance_min"]) for row in data} == EXPECTED
    formatting = {row["id"]: (row["formatting_ratings"], row["formatting_min"]) for row in data}
    assert formatting.pop("rated") == ([4, 4], 4)
    assert set(formatting.values()) == {(None, None)}


def test_only_aspects_that_somebody_rated_have_columns(tmp_path: Path) -> None:
    lens = lens_of(tmp_path, GIVEN)
    report = export(resolve(RECIPE, lens), lens, "finevision", tmp_path / "out")
    names = set(loaded(report.path, tmp_path / "cache").column_names)
    assert {name for name in names if name.endswith(("_ratings", "_min"))} == {
        "relevance_ratings",
        "relevance_min",
        "formatting_ratings",
        "formatting_min",
    }


def test_without_ratings_there_is_no_column_for_them(tmp_path: Path) -> None:
    lens = lens_of(tmp_path, {key: GIVEN[key] for key in ("out of range", "no numbers", "silent")})
    report = export(resolve(RECIPE, lens), lens, "finevision", tmp_path / "out")
    assert set(loaded(report.path, tmp_path / "cache").column_names) == {
        "images",
        "texts",
        "source",
        "id",
        "image_marks",
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"formatting_ratings": [1, 5], "formatting_min": 4}, ([1, 5], 1)),
        ({"formatting_ratings": [None, None], "formatting_min": 4}, ([None, None], None)),
        ({"formatting_ratings": [True, 2]}, (None, None)),
        ({"formatting_ratings": [1.5, 2]}, (None, None)),
        ({"formatting_min": 6}, (None, None)),
        ({"relevance_min": 3}, (None, None)),
    ],
)
def test_what_counts_as_a_rating(fields: dict[str, Any], expected: tuple[Any, Any]) -> None:
    assert rated(fields, "formatting", 2) == expected
