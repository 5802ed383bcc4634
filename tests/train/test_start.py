"""How a run starts: over an export that is there, with the workspace's tokenizer, each run with its copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import runs
from core.errors import BadInput
from core.mixture.recipe import Recipe, load_recipe
from core.train.start import share_tokenizer, start_training
from core.train.tokenizer import load_tokenizer, recall, tokenizer_hash
from core.workspace import Workspace

from .exports import make_export, make_samples, two_stages, write_export


def test_the_first_run_learns_the_workspaces_tokenizer_and_the_next_one_takes_it(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    first = make_export(tmp_path / "first", 12)
    other = make_samples(tmp_path / "second", 12, seed=9)
    for entry in other:
        entry["conversations"][0]["text"] += " in a very different wording, wording, wording"
    second = write_export(tmp_path / "second", other, two_stages())
    for data in (first, second):
        share_tokenizer(workspace, data, {})
    kept = recall(workspace)
    assert kept is not None
    hashes = {tokenizer_hash(load_tokenizer(folder)) for folder in (kept, first / "tokenizer", second / "tokenizer")}
    assert len(hashes) == 1
    assert [path.name for path in workspace.iterdir()] == ["tokenizer"]


def test_a_model_with_a_language_tower_and_a_recipe_with_a_tokenizer_keep_their_own(tmp_path: Path) -> None:
    for number, model in enumerate(({"preset": "aquila-vl-2b"}, {"preset": "tiny", "tokenizer": "some/where"})):
        data = make_export(tmp_path / f"data{number}", 6, model=model)
        share_tokenizer(tmp_path, data, {})
        assert not (data / "tokenizer").exists()
    assert recall(tmp_path) is None


def other_rates(recipe: Recipe, seed: int) -> Recipe:
    stages = [
        stage.model_copy(update={"lr": {"projector": 0.5}, "trainable": ("projector",)}) for stage in recipe.stages
    ]
    stages[0] = stages[0].model_copy(update={"shuffle_seed": seed})
    return recipe.model_copy(update={"name": "other", "stages": tuple(stages)})


def test_a_run_over_an_export_trains_the_recipe_that_was_given_on_the_exports_data(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    exported = make_export(tmp_path / "export", 12)
    given = other_rates(
        load_recipe(exported / "recipe.yaml"), load_recipe(exported / "recipe.yaml").stages[0].shuffle_seed
    )
    run = start_training(workspace, given, export_dir=exported)
    runs.stop(run)
    for kept in (run.path / "recipe.yaml", run.path / "data" / "recipe.yaml"):
        if kept.is_file():  # data/ is filled by the run's process, which may have been stopped before
            assert load_recipe(kept).stages == given.stages


def test_an_export_of_other_data_is_refused_before_anything_starts(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    exported = make_export(tmp_path / "export", 12)
    given = other_rates(load_recipe(exported / "recipe.yaml"), 99)
    with pytest.raises(BadInput, match="was made with other stages than the recipe 'other'"):
        start_training(workspace, given, export_dir=exported)
    with pytest.raises(BadInput, match="is not an export of target winnow"):
        start_training(workspace, given, export_dir=tmp_path)
    assert runs.list_runs(workspace.path) == []
