"""The recipe in edit: every act keeps it whole, and what is kept comes back the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadData, BadInput
from core.mixture.kept import kept_recipes
from core.mixture.recipe import BudgetEntry, PartEntry, Recipe, SelectionByMethod, Stage, load_recipe
from core.store.acts import Acts
from core.workspace import Workspace
from sample_data import POOL_DIR
from studio import mixture_draft as drafts
from studio.mixture_draft import Draft, opened

SAMPLE = load_recipe(POOL_DIR.parent / "recipe.yaml")
ENTRY = SelectionByMethod(method="random", budget=BudgetEntry(samples=3))


def parts(draft: Draft) -> list[list[str]]:
    return [[card.part.selection for card in lane.cards] for lane in draft.lanes]


def test_opening_a_recipe_changes_nothing() -> None:
    assert opened(SAMPLE, "x").as_recipe() == SAMPLE


def test_a_part_moves_to_the_end_of_the_next_stage_with_its_repeat() -> None:
    draft = opened(SAMPLE, "x")
    first, second, third, fourth = parts(draft)
    card = draft.lanes[1].cards[1]
    moved = drafts.move_part(draft, card.key, 1)
    assert parts(moved) == [first, [second[0], *second[2:]], [*third, second[1]], fourth]
    assert moved.lanes[2].cards[-1] == card
    assert parts(drafts.move_part(moved, card.key, -1)) == [first, [second[0], *second[2:], second[1]], third, fourth]
    assert drafts.move_part(draft, draft.lanes[0].cards[0].key, -1) == draft


def test_dropping_a_selection_drops_its_parts_but_never_the_last_selection() -> None:
    draft = opened(SAMPLE, "x")
    last, *others = SAMPLE.selections
    for key in others:
        before = parts(draft)
        draft = drafts.drop_selection(draft, key)
        assert parts(draft) == [[name for name in lane if name != key] for lane in before]
    with pytest.raises(BadInput, match="only selection"):
        drafts.drop_selection(draft, last)


def test_stages_come_and_go_but_one_stays() -> None:
    draft = drafts.add_stage(opened(SAMPLE, "x"))
    added = draft.as_recipe().stages[-1]
    assert added.name == "stage 5"
    assert added.parts == ()
    assert added.lr == SAMPLE.stages[-1].lr
    for lane in draft.lanes[1:]:
        draft = drafts.drop_stage(draft, lane.key)
    with pytest.raises(BadInput, match="at least one stage"):
        drafts.drop_stage(draft, draft.lanes[0].key)


def test_two_stages_of_one_name_are_told_when_the_recipe_is_asked_for() -> None:
    draft = opened(SAMPLE, "x")
    same = draft.lanes[0].stage.model_copy(update={"name": "general"})
    with pytest.raises(BadInput, match="general"):
        drafts.set_stage(draft, draft.lanes[0].key, same).as_recipe()


def test_a_name_a_recipe_cannot_have_is_told_and_nothing_changes() -> None:
    with pytest.raises(BadInput):
        drafts.set_name(opened(SAMPLE, "x"), "../other")


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=4))
def test_a_selections_key_is_never_empty_and_never_taken(name: str, taken: list[str]) -> None:
    key = drafts.key_for(name, taken)
    assert key
    assert key not in taken
    Recipe(name="x", selections={key: ENTRY}, stages=(Stage(name="s", parts=(PartEntry(selection=key),)),))


@pytest.mark.parametrize(("preset", "count"), [("tiny", 4), ("aquila-vl-2b", 6)])
def test_a_new_recipe_trains_the_projector_first_and_everything_at_last(preset: str, count: int) -> None:
    recipe = drafts.new_recipe("new", "some", ENTRY, preset)
    assert len(recipe.stages) == count
    assert recipe.stages[0].trainable == ("projector",)
    assert set(recipe.stages[-1].trainable) == {"vision", "projector", "language"}
    tiles = [stage.resolution.max_tiles for stage in recipe.stages]
    assert tiles == sorted(tiles)
    assert all(part.selection == "some" for stage in recipe.stages for part in stage.parts)


def test_a_kept_recipe_comes_back_the_same_and_the_one_kept_last_first(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws", "W")
    first = drafts.save(workspace, opened(SAMPLE, "one"))
    assert first.is_saved(SAMPLE)
    drafts.save(workspace, drafts.set_name(opened(SAMPLE, "two"), "other"))
    assert list(kept_recipes(workspace)) == ["two", "one"]
    assert kept_recipes(workspace)["one"] == SAMPLE
    drafts.save(workspace, drafts.set_name(first, "renamed"))
    assert [recipe.name for recipe in kept_recipes(workspace).values()] == ["renamed", "other"]
    drafts.remove(workspace, "one")
    assert list(kept_recipes(workspace)) == ["two"]


def test_ids_of_new_recipes_are_not_taken() -> None:
    first = drafts.draft_id_for(SAMPLE, ())
    assert drafts.draft_id_for(SAMPLE, (first,)) != first


# -- what is left in the workspace -----------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(("stage", "part", "move", "drop", "same name")), max_size=6))
def test_a_recipe_in_edit_is_found_as_it_was_left_even_when_its_stages_do_not_fit_together(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str]
) -> None:
    workspace = Workspace.create(tmp_path_factory.mktemp("left") / "ws")
    draft = opened(SAMPLE, "x", saved=True, serial=3)
    for act in acts:
        lane = draft.lanes[-1]
        if act == "stage":
            draft = drafts.add_stage(draft)
        elif act == "part":
            draft = drafts.add_part(draft, lane.key, next(iter(SAMPLE.selections)))
        elif act == "move" and lane.cards:
            draft = drafts.move_part(draft, lane.cards[0].key, -1)
        elif act == "drop" and len(draft.lanes) > 1:
            draft = drafts.drop_stage(draft, lane.key)
        else:
            twin = lane.stage.model_copy(update={"name": draft.lanes[0].stage.name})
            draft = drafts.set_stage(draft, lane.key, twin)
    drafts.leave(workspace, draft)
    found, away = drafts.left(Workspace.open(workspace.path), serial=9)
    assert found is not None
    assert not away
    assert [lane.as_stage() for lane in found.lanes] == [lane.as_stage() for lane in draft.lanes]
    assert (found.draft_id, found.saved_hash, found.serial) == ("x", draft.saved_hash, 9)
    assert found.recipe.selections == draft.recipe.selections
    keys = [key for lane in found.lanes for key in (lane.key, *(card.key for card in lane.cards))]
    assert len(set(keys)) == len(keys)


def test_a_recipe_that_was_put_away_stays_away_and_one_of_another_version_is_told(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    assert drafts.left(workspace) == (None, False)
    drafts.leave(workspace, opened(SAMPLE, "x"))
    drafts.leave(workspace, None)
    assert drafts.left(workspace) == (None, True)
    Acts(workspace.acts_path).revise("recipe-edit", lambda before: {"mixture": {"draft_id": "x", "recipe": {}}})
    with pytest.raises(BadData, match="in edit here cannot be read"):
        drafts.left(workspace)


def test_every_keystroke_does_not_grow_the_list_of_acts(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    for number in range(5):
        drafts.leave(workspace, drafts.set_name(opened(SAMPLE, "x"), f"name {number}"))
    assert len(Acts(workspace.acts_path).history("recipe-edit", "mixture")) == 1
