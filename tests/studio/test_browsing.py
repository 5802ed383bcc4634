"""A page of the grid: which samples stand on it, what their tiles say, and when it is read anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from core.errors import BadInput
from core.filters import Filter
from core.lens import question
from core.vocabulary import styles_from_bits
from core.workspace import Workspace
from studio import cached
from tests.studio.small_workspace import NUM_SAMPLES, make_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    st.cache_resource.clear()
    yield make_workspace(tmp_path_factory.mktemp("browsing") / "ws")
    st.cache_resource.clear()


def test_a_page_with_badges_stands_in_the_order_of_a_page_without() -> None:
    with_badges, without = question("samples_page_badges"), question("samples_page")
    assert with_badges[with_badges.index("FROM visible") :] == without[without.index("FROM visible") :]


@pytest.mark.parametrize("sort", ["source", "shuffled", "-length", "length", "-ocr", "ocr", "-size"])
@pytest.mark.parametrize("chosen", [Filter(), Filter(sources=("charts", "photos"), min_images=1)])
def test_tiles_of_all_pages_are_the_samples_in_order_with_their_own_words(
    workspace: Workspace, sort: str, chosen: Filter
) -> None:
    lens = cached.lens_of(workspace)
    key, direction = sort.removeprefix("-"), -1 if sort.startswith("-") else 1
    wanted = lens.ask("samples_page", chosen, sort=key, direction=direction, limit=NUM_SAMPLES, offset=0)[
        "sample_id"
    ].to_pylist()
    pages = [cached.page_of_cards(chosen, sort, page, 7, workspace) for page in range(1, NUM_SAMPLES // 7 + 2)]
    cards = [card for page in pages for card in page]
    assert [card.sample_id for card in cards] == wanted
    assert all(len(page) == 7 for page in pages[: len(wanted) // 7])
    rows = {row["sample_id"]: row for row in workspace.store.read("samples").to_pylist()}
    marks = {row["sample_id"]: row for row in lens.ask("pool_columns").to_pylist()}
    for card in cards:
        row = rows[card.sample_id]
        assert (card.source, card.question, list(card.image_keys)) == (
            row["source"],
            row["question"],
            row["image_keys"],
        )
        assert card.styles == styles_from_bits(marks[card.sample_id]["style_bits"] or 0)


def test_a_tile_is_the_same_on_a_page_and_alone(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_WORKSPACE", str(workspace.path))
    page = cached.page_of_cards(Filter(), "shuffled", 1, 12, workspace)
    assert cached.cards([card.sample_id for card in page]) == page
    assert cached.cards([page[3].sample_id, 1]) == [page[3]]  # nobody has sample 1


def test_an_order_nobody_knows_is_said(workspace: Workspace) -> None:
    with pytest.raises(BadInput, match="'upwards' is not an order"):
        cached.page_of_cards(Filter(), "upwards", 1, 48, workspace)


def test_a_write_to_any_table_moves_the_version_and_reading_does_not(tmp_path: Path) -> None:
    made = make_workspace(tmp_path / "ws", prepared=False)
    before = cached.version(made.path)
    made.store.read("samples")
    assert cached.version(made.path) == before
    made.store.delete("images", "width_px = 64")
    after = cached.version(made.path)
    assert after != before
    made.store.create("flags_made_up_1", made.store.read("sources"))
    assert cached.version(made.path) not in (before, after)
    assert cached.version(tmp_path / "nothing") != before
