"""The questions pages ask, against pandas and brute force over the same rows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.filters import Filter, ScoreRange
from core.lens import Lens, question
from core.vocabulary import CAPABILITY_KEYS, STYLES, TAG_SEPARATOR
from core.workspace import Workspace
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace

FILTERS = (
    Filter(),
    Filter(sources=("charts",)),
    Filter(scores=(ScoreRange(capability="ocr", low=1.0, high=4.0),)),
    Filter(styles=(STYLES[0], "unstyled")),
    Filter(min_images=2),
    Filter(where="ocr > data"),
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("small") / "ws")


@pytest.fixture(scope="module")
def lens(workspace: Workspace) -> Lens:
    return Lens(workspace)


@pytest.fixture(scope="module")
def rows(workspace: Workspace) -> list[dict[str, Any]]:
    """Everything about each sample in one dictionary, read straight from the tables."""
    found: dict[int, dict[str, Any]] = {row["sample_id"]: row for row in workspace.store.read("samples").to_pylist()}
    for table in (
        "scores--rules--1",
        "styles--rules--1",
        "instruction_tags--rules--1",
        "image_tags--rules--1",
        "tokens--workspace--1",
    ):
        for row in workspace.store.read(table).to_pylist():
            values = {table.split("--")[0] if name == "tags" else name: value for name, value in row.items()}
            found[row["sample_id"]].update(values)
    return list(found.values())


def passes(row: dict[str, Any], chosen: Filter) -> bool:
    if chosen.sources and row["source"] not in chosen.sources:
        return False
    if chosen.styles and not (
        set(chosen.styles) & set(row["styles"]) or ("unstyled" in chosen.styles and not row["styles"])
    ):
        return False
    for entry in chosen.scores:
        value = row[entry.capability]
        if value is None or not entry.low * 50 <= value <= entry.high * 50:
            return False
    if chosen.min_images is not None and row["num_images"] < chosen.min_images:
        return False
    return not chosen.where or (row["ocr"] is not None and row["data"] is not None and row["ocr"] > row["data"])


@pytest.mark.parametrize("chosen", FILTERS, ids=range(len(FILTERS)))
def test_counts_agree_with_brute_force(lens: Lens, rows: list[dict[str, Any]], chosen: Filter) -> None:
    seen = [row for row in rows if passes(row, chosen)]
    totals = lens.ask("totals", chosen).to_pylist()[0]
    assert totals["num_samples"] == len(seen)
    assert totals["num_image_places"] == sum(row["num_images"] for row in seen)
    assert totals["num_turns"] == sum(row["num_turns"] for row in seen)
    assert totals["num_text_tokens"] == sum(row["num_text_tokens"] for row in seen)
    by_source = {row["source"]: row["num_samples"] for row in lens.ask("count_by_source", chosen).to_pylist()}
    assert by_source == Counter(row["source"] for row in seen)
    by_images = {row["num_images"]: row["num_samples"] for row in lens.ask("count_by_images", chosen).to_pylist()}
    assert by_images == Counter(row["num_images"] for row in seen)
    by_style = {
        row["place"]: row["num_samples"] for row in lens.ask("count_by_style", chosen).to_pylist() if row["num_samples"]
    }
    expected: Counter[int | None] = Counter(STYLES.index(style) for row in seen for style in row["styles"])
    expected[None] = sum(not row["styles"] for row in seen)
    assert by_style == {place: count for place, count in expected.items() if count}


def tag_oracle(seen: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[int, int]]:
    """(kind, path or what stands above it) -> (samples, times)."""
    samples: Counter[tuple[str, str]] = Counter()
    times: Counter[tuple[str, str]] = Counter()
    for row in seen:
        for kind in ("instruction_tags", "image_tags"):
            above = [
                (kind, TAG_SEPARATOR.join(parts[:depth]))
                for parts in (tag.split(TAG_SEPARATOR) for tag in row[kind])
                for depth in range(1, len(parts) + 1)
            ]
            times.update(above)
            samples.update(set(above))
    return {key: (samples[key], times[key]) for key in samples}


def tag_answer(table: Any) -> dict[tuple[str, str], tuple[int, int]]:
    found = {}
    for row in table.to_pylist():
        parts = [row[f"level{level}"] for level in (1, 2, 3) if row[f"level{level}"] is not None]
        assert row["depth"] == len(parts)
        found[row["kind"], TAG_SEPARATOR.join(parts)] = (row["num_samples"], row["num_times"])
    return found


@pytest.mark.parametrize("chosen", FILTERS, ids=range(len(FILTERS)))
def test_a_sample_counts_once_at_every_level_of_the_tag_tree(
    lens: Lens, rows: list[dict[str, Any]], chosen: Filter
) -> None:
    assert tag_answer(lens.ask("count_by_tag", chosen)) == tag_oracle([row for row in rows if passes(row, chosen)])


def test_a_selection_is_counted_within_the_filter(lens: Lens, rows: list[dict[str, Any]]) -> None:
    picked = rows[::3]
    ids = np.array([row["sample_id"] for row in picked], dtype=np.uint64)
    chosen = Filter(sources=("photos", "charts"))
    inside = [row for row in picked if row["source"] in chosen.sources]
    assert tag_answer(lens.ask("count_by_tag_chosen", chosen, ids=ids)) == tag_oracle(inside)
    counted = lens.ask("score_counts_chosen", chosen, ids=ids).to_pylist()
    assert sum(row["num_samples"] for row in counted if row["capability"] == "ocr") == len(inside)


@pytest.mark.parametrize("chosen", FILTERS, ids=range(len(FILTERS)))
def test_six_bars_hold_every_score_and_the_rest_is_missing(
    lens: Lens, rows: list[dict[str, Any]], chosen: Filter
) -> None:
    seen = [row for row in rows if passes(row, chosen)]
    answer = lens.ask("score_counts", chosen).to_pylist()
    for key in CAPABILITY_KEYS:
        found = {row["score"]: row["num_samples"] for row in answer if row["capability"] == key}
        expected = Counter(None if row[key] is None else int(row[key] / 50 + 0.5) for row in seen)
        assert found == expected
        totals = {row["total"] for row in answer if row["capability"] == key}
        scored = [row[key] for row in seen if row[key] is not None]
        assert totals == ({sum(scored) / 50} if seen else set())


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = {key: [np.nan if row[key] is None else row[key] / 50 for row in rows] for key in CAPABILITY_KEYS}
    return pd.DataFrame({"source": [row["source"] for row in rows], **columns})


def test_correlations_are_those_of_pandas(lens: Lens, rows: list[dict[str, Any]]) -> None:
    answer = lens.ask("score_correlations")
    found = np.array([answer.column(index + 1).to_pylist() for index in range(14)], dtype=float)
    expected = frame(rows)[list(CAPABILITY_KEYS)].corr().to_numpy()
    assert answer.column(0).to_pylist() == list(range(14))
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_means_by_source_are_those_of_pandas(lens: Lens, rows: list[dict[str, Any]]) -> None:
    found = lens.ask("scores_by_source").to_pylist()
    expected = frame(rows).groupby("source").mean()
    assert [row["source"] for row in found] == list(expected.index)
    for row in found:
        np.testing.assert_allclose(
            [row[key] for key in CAPABILITY_KEYS], expected.loc[row["source"]].to_numpy(), atol=1e-9
        )


SORTS = ("source", "shuffled", "images", "turns", "length", "size", *CAPABILITY_KEYS)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("direction", [1, -1])
def test_pages_hold_every_sample_once_in_one_order(lens: Lens, sort: str, direction: int) -> None:
    parameters = {"sort": sort, "direction": direction}
    whole = lens.ask("samples_page", limit=1000, offset=0, **parameters)["sample_id"].to_pylist()
    pages = [
        lens.ask("samples_page", limit=7, offset=start, **parameters)["sample_id"].to_pylist()
        for start in range(0, NUM_SAMPLES, 7)
    ]
    assert [value for page in pages for value in page] == whole
    assert len(set(whole)) == NUM_SAMPLES


@pytest.mark.parametrize("direction", [1, -1])
def test_a_score_sorts_and_what_is_not_scored_comes_last(
    lens: Lens, rows: list[dict[str, Any]], direction: int
) -> None:
    ids = lens.ask("samples_page", sort="ocr", direction=direction, limit=1000, offset=0)["sample_id"].to_pylist()
    by_id = {row["sample_id"]: row["ocr"] for row in rows}
    scores = [by_id[value] for value in ids]
    known = [score for score in scores if score is not None]
    assert known == sorted(known, reverse=direction < 0)
    assert scores[: len(known)] == known


@pytest.mark.parametrize(
    "name",
    ["samples_page", "score_counts", "score_counts_chosen", "scores_by_source", "score_correlations", "view_as_rows"],
)
def test_questions_about_scores_name_every_capability(name: str) -> None:
    words = (
        question(name).replace(",", " ").replace("'", " ").replace("(", " ").replace(")", " ").replace(".", " ").split()
    )
    assert set(CAPABILITY_KEYS) <= set(words)


@pytest.mark.parametrize("chosen", FILTERS)
def test_the_chosen_that_are_visible_are_counted(lens: Lens, rows: list[dict[str, Any]], chosen: Filter) -> None:
    ids = [row["sample_id"] for row in rows][::3]
    found = lens.ask("count_chosen", chosen, ids=np.array(ids, dtype=np.uint64))["num_samples"][0].as_py()
    assert found == sum(passes(row, chosen) for row in rows if row["sample_id"] in set(ids))


def test_an_empty_workspace_answers_every_question(tmp_path: Path) -> None:
    lens = Lens(Workspace.create(tmp_path / "empty"))
    for name in (
        "totals",
        "sources_table",
        "count_by_source",
        "count_by_style",
        "count_by_images",
        "count_by_tag",
        "score_counts",
        "scores_by_source",
    ):
        assert sum(row.get("num_samples") or 0 for row in lens.ask(name).to_pylist()) == 0
    assert lens.ask("view_as_rows").num_rows == 0
    assert lens.ask("score_correlations").num_rows == 14
    assert lens.ask("samples_page", sort="ocr", direction=1, limit=5, offset=0).num_rows == 0


def test_badges_of_samples_come_in_the_order_asked_for_with_their_styles_and_flags(
    lens: Lens, rows: list[dict[str, Any]]
) -> None:
    asked = [row["sample_id"] for row in rows][::-7]
    found = lens.ask("samples_badges", ids=np.array(asked, dtype=np.uint64)).to_pylist()
    marks = lens.ask("samples_marks", ids=np.array(asked, dtype=np.uint64)).select(["sample_id", "style_bits", "flags"])
    assert [row["sample_id"] for row in found] == asked
    assert found == marks.to_pylist()
