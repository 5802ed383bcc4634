"""A workspace's runs share one tokenizer, and each run carries its copy."""

from __future__ import annotations

from pathlib import Path

from core.train.start import share_tokenizer
from core.train.tokenizer import load_tokenizer, recall, tokenizer_hash

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
