"""Lists of samples by content: any list comes back as the set it is, under one key, and a filter by it is a filter by its ids."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadData, BadInput
from core.filters import Filter
from core.lens import Lens
from core.store import sample_lists
from core.store.acts import Acts
from core.workspace import Workspace
from tests.studio.small_workspace import make_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("lists") / "ws")


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_a_list_comes_back_ascending_and_its_key_is_that_of_the_set(
    workspace: Workspace, ids: list[int], chance: object
) -> None:
    key = sample_lists.keep(workspace, ids)
    shuffled = sorted(ids, key=lambda _: chance.random())  # type: ignore[attr-defined]
    assert sample_lists.keep(workspace, [*shuffled, *ids[:3]]) == key
    assert sample_lists.read(Workspace.open(workspace.path), key).tolist() == sorted(set(ids))
    assert (sample_lists.keep(workspace, [*ids, 7]) == key) == (7 in ids)


def test_twenty_thousand_samples_are_kept_once_and_named_in_sixteen_digits(workspace: Workspace) -> None:
    ids = np.random.default_rng(1).integers(0, 2**64, 20_000, dtype=np.uint64)
    acts = Acts(workspace.acts_path)
    key = sample_lists.keep(workspace, ids)
    now = acts.latest("sample-list")
    assert sample_lists.keep(workspace, ids[::-1]) == key
    assert acts.latest("sample-list") == now, "the same list is not written again"
    assert np.array_equal(sample_lists.read(workspace, key), np.unique(ids))
    assert len(key) == 16


@pytest.mark.parametrize("size", [0, 1, 17, 60])
def test_a_filter_by_a_list_lets_through_its_samples_and_with_another_limit_both(
    workspace: Workspace, size: int
) -> None:
    lens = Lens(workspace)
    rows = workspace.store.read("samples", ["sample_id", "source"]).to_pylist()
    chosen = np.random.default_rng(size).permutation(len(rows))[:size]
    ids = {rows[place]["sample_id"] for place in chosen}
    key = sample_lists.keep(workspace, [*ids, 1, 2])  # two that are not in the workspace
    found = lens.ask("ids_of_visible", Filter(listed=key))["sample_id"].to_pylist()
    assert sorted(found) == sorted(ids)
    assert lens.count(Filter(listed=key, sources=("charts",))) == sum(
        row["source"] == "charts" for row in rows if row["sample_id"] in ids
    )
    assert lens.count(Filter(listed=key, text="picture", where="num_images >= 0")) == size


def test_a_list_of_another_workspace_is_told_and_one_that_was_changed_too(workspace: Workspace) -> None:
    with pytest.raises(BadInput, match="'00000000000000aa' is not in this workspace") as caught:
        Lens(workspace).count(Filter(listed="00000000000000aa"))
    assert "Open the workspace in which it was made" in caught.value.fix
    key = sample_lists.keep(workspace, [5, 6])
    other = base64.b64encode(np.array([5, 7], dtype="<u8").tobytes()).decode()
    Acts(workspace.acts_path).put("sample-list", key, {"sample_ids": other})
    with pytest.raises(BadData, match="was changed"):
        sample_lists.read(workspace, key)
