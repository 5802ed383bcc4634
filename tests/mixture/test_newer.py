"""A frozen recipe on its own snapshot and on newer ones: what differs is said, counted by hand here, and recorded."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core import runs
from core.errors import BadData, BadInput
from core.filters import Filter
from core.ingest import IngestSettings, ingest
from core.lens import Lens
from core.mixture.export import export
from core.mixture.mixture import NOT_IN_THE_WORKSPACE, SOURCE_REMOVED, freeze, resolve
from core.mixture.newer import resolve_newer, since_snapshot
from core.mixture.recipe import Recipe, recipe_from_dict
from core.runs import RunFolder
from core.select import saved
from core.select.budget import Budget
from core.select.methods import choose
from core.select.pool import Pool
from core.select.uniform import Random
from core.store import evidence
from core.train.start import _export
from core.vocabulary import CAPABILITY_KEYS
from core.workspace import Workspace
from tests.mixture.conftest import NUM

SHAPES, OTHER = NUM


@pytest.fixture
def workspace(lens: Lens, tmp_path: Path) -> Workspace:
    """A copy that a test may change."""
    shutil.copytree(lens.workspace.path, tmp_path / "ws")
    return Workspace.open(tmp_path / "ws")


@pytest.fixture
def frozen(workspace: Workspace) -> Recipe:
    """A selection by method, one with a condition and one from a file, in two stages, frozen at the workspace as it is."""
    looking = Lens(workspace)
    chosen = choose(Random(), Pool.from_lens(looking), Budget.samples(40), 5)
    kept = saved.save(workspace, chosen, name="forty", budget="40", chosen=Filter())
    recipe = recipe_from_dict(
        {
            "winnow_recipe": 1,
            "name": "small",
            "selections": {
                "best": {"method": "mmssr", "budget": {"percent": 50}, "seed": 4},
                "reading": {"where": "ocr >= 3", "method": "top-score", "settings": {"capabilities": ["ocr"]}, "budget": {"samples": 9}},
                "file": {"file": kept.path},
            },
            "stages": [
                {"name": "one", "parts": [{"selection": "file"}, {"selection": "reading"}]},
                {"name": "two", "parts": [{"selection": "best", "repeat": 1.5}]},
            ],
        }
    )  # fmt: skip
    return freeze(resolve(recipe, looking, workspace.path), looking).recipe


def without_source(workspace: Workspace, name: str) -> None:
    workspace.store.delete("samples", f"source = '{name}'")
    workspace.store.delete("sources", f"source = '{name}'")


def ingest_again(workspace: Workspace, data_dir: Path, tmp_path: Path) -> set[str]:
    """The source `shapes` once more with other answers in its first ten records and without its last five; gives the ids changed."""
    rows = json.loads((data_dir / f"{SHAPES}.json").read_text(encoding="utf-8"))[:-5]
    for row in rows[:10]:
        row["conversations"][1]["value"] += " Really."
    path = tmp_path / f"{SHAPES}.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    ingest(
        workspace,
        IngestSettings(paths=(path,), source=SHAPES, image_root=data_dir, update=True, licence="CC0", revision="r2"),
    )
    return {str(row["id"]) for row in rows[:10]}


def judge_scores(workspace: Workspace) -> None:
    """A more believed producer scores every sample, the other way round."""
    samples = workspace.store.read("samples", ["sample_id", "content_hash"]).sort_by("sample_id")
    rng = np.random.default_rng(99)
    columns = {name: samples[name] for name in samples.column_names}
    scores = {key: pa.array(rng.integers(0, 251, samples.num_rows).astype(np.uint8)) for key in CAPABILITY_KEYS}
    evidence.write(workspace.store, evidence.producer("scores", "judge", "1"), pa.table({**columns, **scores}))


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def of_source(workspace: Workspace, name: str) -> set[int]:
    table = workspace.store.read("samples", ["sample_id", "source"])
    pairs = zip(table["sample_id"].to_pylist(), table["source"].to_pylist(), strict=True)
    return {int(key) for key, source in pairs if source == name}


def test_on_the_same_snapshot_a_frozen_recipe_gives_the_same_bytes_and_nothing_differs(
    workspace: Workspace, frozen: Recipe, tmp_path: Path
) -> None:
    for name in ("first", "again"):
        looking = Lens(workspace)
        mixture = resolve_newer(frozen, looking, workspace.path) if name == "again" else resolve(frozen, looking)
        assert mixture.moved is None
        export(mixture, looking, "winnow", tmp_path / name)
    assert files_of(tmp_path / "first") == files_of(tmp_path / "again")
    assert since_snapshot(frozen, Lens(workspace), workspace.path) is None
    assert "since_recipe" not in json.loads((tmp_path / "first" / "manifest.json").read_text(encoding="utf-8"))


def test_a_removed_source_is_refused_with_the_way_on_and_told_with_its_effect(
    workspace: Workspace, frozen: Recipe, tmp_path: Path
) -> None:
    gone, before = of_source(workspace, SHAPES), resolve(frozen, Lens(workspace), workspace.path)
    without_source(workspace, SHAPES)
    looking = Lens(workspace)
    with pytest.raises(BadInput, match=f"(?s)needs the source '{SHAPES}'.*--accept-newer"):
        resolve(frozen, looking, workspace.path)

    mixture = resolve_newer(frozen, looking, workspace.path)
    told = mixture.moved
    assert told is not None
    assert [(one.name, one.kind, one.num_before, one.num_after, one.num_gone) for one in told.sources] == [
        (SHAPES, "removed", NUM[SHAPES], 0, NUM[SHAPES])
    ]
    assert {one.name for one in told.tables} == {"samples", "sources"}
    in_file = [int(value) for value in before.chosen["file"].sample_ids]
    assert Counter(reason for _, reason in mixture.chosen["file"].dropped) == {
        SOURCE_REMOVED: len(gone.intersection(in_file))
    }
    assert any(f"The source {SHAPES} was removed, with its {NUM[SHAPES]} samples." in note for note in mixture.notes)

    found = since_snapshot(frozen, looking, workspace.path)
    assert found is not None
    samples = found.effect.samples
    assert samples is not None
    old, new = set(before.sample_ids().tolist()), set(mixture.sample_ids().tolist())
    assert (len(samples.kept), len(samples.removed), len(samples.added)) == (
        len(old & new),
        len(old - new),
        len(new - old),
    )
    assert samples.removed_because[f"of the source {SHAPES}, which is not there any more"] == len(old & gone)

    report = export(mixture, looking, "llava", tmp_path / "out")
    assert report.dropped[SOURCE_REMOVED] == len(gone.intersection(in_file))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    (source,) = manifest["since_recipe"]["sources"]
    assert (source["name"], source["kind"], source["num_gone"]) == (SHAPES, "removed", NUM[SHAPES])
    assert manifest["since_recipe"]["before"] == frozen.snapshot


def test_a_selection_that_keeps_nothing_any_more_is_empty_and_says_so(workspace: Workspace) -> None:
    looking = Lens(workspace)
    raw = {
        "winnow_recipe": 1,
        "name": "one source",
        "selections": {
            "shapes": {"where": f"source = '{SHAPES}'", "method": "random", "budget": {"percent": 100}},
            "all": {"method": "random", "budget": {"percent": 100}},
        },
        "stages": [{"name": "one", "parts": [{"selection": "shapes"}, {"selection": "all"}]}],
    }
    recipe = freeze(resolve(recipe_from_dict(raw), looking), looking).recipe
    without_source(workspace, SHAPES)
    mixture = resolve(recipe, Lens(workspace), accept_newer=True)
    assert (len(mixture.chosen["shapes"].sample_ids), len(mixture.stages[0])) == (0, NUM[OTHER])
    assert any("shapes: It keeps nothing" in note for note in mixture.notes)


def test_a_source_with_other_content_is_refused_and_told_sample_by_sample(
    workspace: Workspace, frozen: Recipe, data_dir: Path, tmp_path: Path
) -> None:
    ingest_again(workspace, data_dir, tmp_path)
    looking = Lens(workspace)
    with pytest.raises(BadData, match="has revision 'r2'; the recipe was made with 'r1'"):
        resolve(frozen, looking, workspace.path)
    mixture = resolve_newer(frozen, looking, workspace.path)
    assert mixture.moved is not None
    (source,) = mixture.moved.sources
    assert (source.kind, source.num_before, source.num_after) == ("superseded", NUM[SHAPES], NUM[SHAPES])
    assert (source.num_new, source.num_gone, source.num_changed) == (0, 0, 10)
    assert (
        source.sentence()
        == f"The source {SHAPES} was superseded: revision r2 in place of r1; samples: 10 with other content."
    )
    # scores said of the former content do not count any more
    assert "samples" in {one.name for one in mixture.moved.tables}


def test_an_added_source_and_one_of_other_files_are_told_apart(
    workspace: Workspace, frozen: Recipe, data_dir: Path, tmp_path: Path
) -> None:
    rows = json.loads((data_dir / f"{SHAPES}.json").read_text(encoding="utf-8"))
    for name, some in (("new", rows[:7]), (SHAPES, [*rows, {**rows[0], "id": "one more"}])):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(some), encoding="utf-8")
        ingest(workspace, IngestSettings(paths=(path,), source=name, image_root=data_dir, licence="CC0", revision="r1"))
    told = resolve(frozen, Lens(workspace), workspace.path, accept_newer=True).moved
    assert told is not None
    assert [(one.name, one.kind, one.num_before, one.num_after, one.num_new) for one in told.sources] == [
        (SHAPES, "superseded", NUM[SHAPES], NUM[SHAPES] + 1, 1),
        ("new", "added", 0, 7, 7),
    ]
    assert told.sources[1].sentence() == "The source new was added, with 7 samples."
    assert told.sources[0].sentence().startswith(f"The source {SHAPES} was superseded: sha256 ")
    with pytest.raises(BadData, match="has sha256"):
        resolve(frozen, Lens(workspace), workspace.path)


def test_new_scores_are_a_newer_table_and_move_what_methods_choose(workspace: Workspace, frozen: Recipe) -> None:
    before = resolve(frozen, Lens(workspace), workspace.path)
    judge_scores(workspace)
    looking = Lens(workspace)
    after = resolve(frozen, looking, workspace.path)
    assert after.moved is not None
    assert [one.sentence() for one in after.moved.tables] == ["scores by judge 1: new"]
    assert not after.moved.sources
    found = since_snapshot(frozen, looking, workspace.path)
    assert found is not None
    told: dict[str, Any] = {one.name: (one.num_kept, one.num_removed, one.num_added) for one in found.moved.selections}
    for key in frozen.selections:
        old, new = (set(mixture.chosen[key].sample_ids.tolist()) for mixture in (before, after))
        assert told[key] == (len(old & new), len(old - new), len(new - old))
    assert told["file"][1:] == (0, 0)
    assert told["best"][1] > 0
    samples = found.effect.samples
    assert samples is not None
    assert sum(samples.removed_because.values()) == len(samples.removed)
    assert sum(samples.added_because.values()) == len(samples.added)
    assert {one.split(" keeps")[0] for one in samples.removed_because if "keeps others" in one} <= {"best", "reading"}


def test_an_index_and_what_is_quarantined_change_nothing_a_recipe_rests_on(
    workspace: Workspace, frozen: Recipe
) -> None:
    workspace.store.open("samples").create_scalar_index("num_turns")
    assert workspace.snapshot() != frozen.snapshot
    mixture = resolve(frozen, Lens(workspace), workspace.path)
    assert mixture.moved is not None
    assert (mixture.moved.sources, mixture.moved.tables, mixture.moved.sentences()) == ((), (), ())
    assert not [note for note in mixture.notes if "has changed" in note]


def test_a_snapshot_that_is_not_kept_leaves_only_the_sources_to_compare(workspace: Workspace, frozen: Recipe) -> None:
    elsewhere = frozen.model_copy(update={"snapshot": "0" * 32})
    found = since_snapshot(elsewhere, Lens(workspace), workspace.path)
    assert found is not None
    assert (found.moved.is_kept, found.moved.sources, found.moved.tables) == (False, (), ())
    assert found.effect.before.problem is not None
    assert found.effect.samples is None
    without_source(workspace, OTHER)
    found = since_snapshot(elsewhere, Lens(workspace), workspace.path)
    assert found is not None
    (source,) = found.moved.sources
    assert (source.kind, source.num_before) == ("removed", None)
    assert found.effect.after.mixture is not None
    reasons = Counter(reason for _, reason in found.effect.after.mixture.chosen["file"].dropped)
    assert set(reasons) == {SOURCE_REMOVED}  # the file itself names their source


def test_samples_that_never_were_in_the_snapshot_are_not_said_to_be_of_a_removed_source(
    workspace: Workspace, frozen: Recipe
) -> None:
    looking = Lens(workspace)
    some = int(resolve(frozen, looking, workspace.path).chosen["file"].sample_ids[0])
    workspace.store.delete("samples", f"sample_id = {some}")
    mixture = resolve(frozen, Lens(workspace), workspace.path)
    assert mixture.chosen["file"].dropped == ((some, NOT_IN_THE_WORKSPACE),)
    assert mixture.moved is not None
    (source,) = mixture.moved.sources
    assert (source.kind, source.num_gone) == ("other samples", 1)


def test_what_differs_is_plain_values(workspace: Workspace, frozen: Recipe) -> None:
    judge_scores(workspace)
    without_source(workspace, OTHER)
    found = since_snapshot(frozen, Lens(workspace), workspace.path)
    assert found is not None
    plain = json.loads(json.dumps(found.as_dict()))
    assert [one["kind"] for one in plain["sources"]] == ["removed"]
    assert plain["effect"]["before"]["num_samples"] > plain["effect"]["after"]["num_samples"]


def test_a_training_run_that_is_told_to_goes_on_without_a_removed_source(
    workspace: Workspace, frozen: Recipe, tmp_path: Path
) -> None:
    without_source(workspace, SHAPES)
    for accept, name in ((False, "no"), (True, "yes")):
        settings = {"workspace": str(workspace.path), "recipe_folder": str(workspace.path), "accept_newer": accept}
        path = runs.create(workspace.path, "train", "core.train.start", settings)
        (path / "recipe.yaml").write_text(frozen.to_yaml(), encoding="utf-8")
        if not accept:
            with pytest.raises(BadInput, match="needs the source"):
                _export(RunFolder(path), tmp_path / name)
            continue
        _export(RunFolder(path), tmp_path / name)
    manifest = json.loads((tmp_path / "yes" / "manifest.json").read_text(encoding="utf-8"))
    assert [one["kind"] for one in manifest["since_recipe"]["sources"]] == ["removed"]
    assert {one["name"] for one in manifest["since_recipe"]["selections"]} == set(frozen.selections)
