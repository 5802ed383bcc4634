"""Prepare: everything is made, only what is missing is made again, and nothing is lost when it is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.errors import BadInput, Busy, MissingEvidence, RunFailed
from core.evidence.map import maps
from core.evidence.map_layout import MapSettings
from core.evidence.prepare import PrepareReport, PrepareSettings, prepare
from core.evidence.steps import rules_producers
from core.evidence.vectors import embedding_of, read_vectors, similar
from core.lens import Lens
from core.runs import launch, wait
from core.store import evidence
from core.store.locks import writer_lock
from core.vocabulary import INSTRUCTION_TAGS, STYLES
from core.workspace import Workspace
from tests.evidence.samples import FAMILIES, Sample, add, circle, family, small_workspace

ROOT = Path(__file__).resolve().parents[2]
QUICK = PrepareSettings(umap=False, vocab_size=400)
NUM_KILLS = 40 if os.environ.get("WINNOW_SOAK") else 3
KINDS = ("scores", "styles", "instruction_tags", "image_tags", "tokens", "embedding", "clusters", "map")


def done(report: PrepareReport) -> dict[str, int]:
    return {step.step: step.done for step in report.steps}


def spoken_about(workspace: Workspace) -> dict[str, int]:
    """Rows of evidence that speak of samples as they are now, by kind."""
    store = workspace.store
    samples = store.count("samples")
    return {who.kind: samples - evidence.missing(store, who).num_rows for who in reversed(evidence.producers(store))}


def contents(workspace: Workspace) -> dict[str, list[dict[str, object]]]:
    """All evidence, by table, in the order of sample ids."""
    store = workspace.store
    return {who.table: store.read(who.table).sort_by("sample_id").to_pylist() for who in evidence.producers(store)}


def test_everything_is_made_with_both_maps_and_a_second_time_nothing(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=12)
    seen: list[tuple[int, int | None]] = []
    settings = PrepareSettings(vocab_size=400, map=MapSettings(neighbours=8))
    report = prepare(workspace, lambda at, total, note: seen.append((at, total)), settings)
    assert report.num_samples == 48
    assert report.num_failed == 0
    assert done(report) == {
        "pictures": 24, "embedding": 48, "map pca": 48, "scores": 48, "styles": 48, "instruction_tags": 48, "image_tags": 48,
        "tokens": 48, "clusters": 48, "map umap": 48,
    }  # fmt: skip
    assert spoken_about(workspace) == dict.fromkeys(KINDS, 48)
    assert seen[-1][0] == seen[-1][1]
    assert [at for at, _ in seen] == sorted(at for at, _ in seen)
    json.dumps(report.to_json())

    versions = workspace.versions()
    started = time.process_time()
    again = prepare(workspace, settings=settings)
    assert time.process_time() - started < 20
    assert again.num_done == 0
    assert workspace.versions() == versions

    shown = maps(workspace)
    assert [state.name for state in shown] == ["umap", "pca"]
    assert all(state.num_placed == 48 and not state.is_older_than_data for state in shown)
    assert shown[0].settings["neighbours"] == 8
    lens = Lens(workspace)
    assert lens.count() == 48


def test_what_is_written_is_in_the_vocabulary_and_in_bounds(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=5)
    prepare(workspace, settings=QUICK)
    store = workspace.store
    who = rules_producers(store)
    styles = evidence.read(store, who["styles"])["styles"].combine_chunks().flatten().to_pylist()
    assert styles
    assert set(styles) <= set(STYLES)
    tags = evidence.read(store, who["instruction_tags"])["tags"].combine_chunks().flatten().to_pylist()
    assert set(tags) <= set(INSTRUCTION_TAGS)
    scores = evidence.read(store, who["scores"]).drop(["sample_id", "content_hash"])
    assert all(value is None or value <= 250 for column in scores.columns for value in column.to_pylist())
    assert any(value for column in scores.columns for value in column.to_pylist())
    tokens = next(entry for entry in evidence.producers(store, "tokens"))
    assert min(evidence.read(store, tokens)["num_text_tokens"].to_pylist()) > 0
    assert evidence.settings_of(store, tokens)["estimate"] is True


def test_tokens_are_summed_over_the_turns_of_each_sample(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    long = Sample(
        "talk",
        "1",
        (("human", "<image>\nWhat is it?"), ("gpt", "A circle."), ("human", "Sure?"), ("gpt", "Yes.")),
        (circle(1),),
    )
    add(workspace, [long, *family("chinese", 4)])
    prepare(workspace, settings=QUICK)
    from core.evidence.tokens import workspace_tokenizer

    expected = int(workspace_tokenizer(workspace, 400).count([text for _, text in long.turns]).sum())
    (who,) = evidence.producers(workspace.store, "tokens")
    rows = {row["sample_id"]: row["num_text_tokens"] for row in evidence.read(workspace.store, who).to_pylist()}
    assert rows[long.sample_id] == expected


def test_new_and_changed_samples_alone_are_done_and_the_model_stays(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=10)
    prepare(workspace, settings=QUICK)
    who = embedding_of(workspace.store)
    before = evidence.settings_of(workspace.store, who)
    kept = {row["sample_id"]: row["vector"] for row in evidence.read(workspace.store, who).to_pylist()}
    changed = family("bars", 2, twist=" Now!")
    changed = [Sample(one.source, one.original_id.removesuffix("-again"), one.turns, one.pictures) for one in changed]
    add(workspace, family("circles", 3, first=40) + changed)
    report = done(prepare(workspace, settings=QUICK))
    assert {key: report[key] for key in ("embedding", "scores", "tokens", "clusters")} == {
        "embedding": 5, "scores": 5, "tokens": 5, "clusters": 5,
    }  # fmt: skip
    assert report["map pca"] == 43  # a map only means something as a whole
    assert spoken_about(workspace) == dict.fromkeys(KINDS, 43)
    assert evidence.settings_of(workspace.store, who) == before
    now = {row["sample_id"]: row["vector"] for row in evidence.read(workspace.store, who).to_pylist()}
    touched = {one.sample_id for one in changed}
    assert all(now[key] == vector for key, vector in kept.items() if key not in touched)
    assert all(now[key] != kept[key] for key in touched)


def test_maps_can_be_left_as_they_are_and_say_how_many_samples_lack_a_place(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=6)
    prepare(workspace, settings=QUICK)
    add(workspace, family("circles", 4, first=40))
    report = prepare(workspace, settings=QUICK.model_copy(update={"refit_maps": False}))
    step = next(step for step in report.steps if step.step == "map pca")
    assert (step.done, step.note) == (0, "the map is older than the data: 4 samples have no place on it")
    (state,) = maps(workspace)
    assert (state.num_placed, state.num_unplaced, state.is_older_than_data) == (24, 4, True)


def test_a_workspace_that_outgrew_its_model_learns_anew_for_all(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=4)
    prepare(workspace, settings=QUICK)
    before = evidence.settings_of(workspace.store, embedding_of(workspace.store))
    add(workspace, [sample for name in FAMILIES for sample in family(name, 5, first=50)])
    report = done(prepare(workspace, settings=QUICK))
    assert (report["embedding"], report["clusters"], report["scores"]) == (36, 36, 20)
    after = evidence.settings_of(workspace.store, embedding_of(workspace.store))
    assert before["model"] != after["model"]
    assert after["num_learnt"] == 36
    assert prepare(workspace, settings=QUICK).num_done == 0


def test_other_settings_of_the_embedding_make_it_anew_and_what_stands_on_it(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=4)
    prepare(workspace, settings=QUICK)
    wordy = QUICK.model_copy(update={"descriptors": QUICK.descriptors.model_copy(update={"text_weight": 0.9})})
    report = done(prepare(workspace, settings=wordy))
    assert (report["embedding"], report["map pca"], report["clusters"], report["scores"]) == (16, 16, 16, 0)


def test_a_failed_computation_is_null_and_counted_never_zero(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=3)
    broken = Sample(
        "broken",
        "1",
        (("human", "<image>\nWhich colour is it?"), ("gpt", "Red.")),
        (circle(0, shade=40),),
        b"not a picture",
    )
    german = (
        "Welche Farbe hat der runde Gegenstand auf dem Bild und warum?",
        "Er ist rot, weil er so gestrichen wurde.",
    )
    foreign = Sample("foreign", "1", (("human", german[0]), ("gpt", german[1])))
    add(workspace, [broken, foreign])
    report = prepare(workspace, settings=QUICK)
    failed = {step.step: dict(step.failed) for step in report.steps if step.failed}
    assert failed["scores"] == {"another language than English or Chinese": 1}
    assert [sum(failed[step].values()) for step in ("pictures", "embedding", "image_tags")] == [1, 1, 1]
    assert all(
        "cannot be decoded" in reason for step in ("pictures", "embedding", "image_tags") for reason in failed[step]
    )
    store = workspace.store
    scores = {row["sample_id"]: row for row in evidence.read(store, rules_producers(store)["scores"]).to_pylist()}
    own = scores[foreign.sample_id]
    assert {value for key, value in own.items() if key not in ("sample_id", "content_hash")} == {None}
    tags = {
        row["sample_id"]: row["tags"] for row in evidence.read(store, rules_producers(store)["image_tags"]).to_pylist()
    }
    assert tags[broken.sample_id] is None
    assert tags[foreign.sample_id] == []
    vectors = read_vectors(store, embedding_of(store))
    assert broken.sample_id not in vectors.sample_ids.tolist()
    assert foreign.sample_id in vectors.sample_ids.tolist()
    again = prepare(workspace, settings=QUICK)
    assert again.num_done == 0  # what failed is tried again, and fails again
    assert {step.step for step in again.steps if step.failed} == {"pictures", "embedding"}


def test_edited_rules_are_a_newer_edition_and_speak_about_everything_again(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=2)
    store = workspace.store
    prepare(workspace, settings=QUICK)
    present = rules_producers(store)["styles"]
    assert present.version.startswith("1.")
    assert done(prepare(workspace, settings=QUICK))["styles"] == 0
    rows = evidence.read(store, present)
    evidence.write(store, evidence.producer("styles", "rules", "2.1.ffffffff"), rows)  # as other lists would have
    assert rules_producers(store)["styles"].version == "3" + present.version[1:]
    assert done(prepare(workspace, settings=QUICK))["styles"] == 8
    assert [who.version for who in evidence.producers(store, "styles")] == [
        "3" + present.version[1:],
        "2.1.ffffffff",
        present.version,
    ]


def test_few_samples_have_a_map_of_principal_components_and_say_why_no_other(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    add(workspace, family("circles", 3))
    report = prepare(workspace)
    assert done(report)["map pca"] == 3
    assert (
        next(step for step in report.steps if step.step == "map umap").note
        == "16 samples are the fewest for a UMAP map"
    )
    assert spoken_about(workspace) == dict.fromkeys(KINDS, 3)


def test_similar_samples_are_those_of_brute_force(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=8)
    sample = family("circles", 1)[0].sample_id
    with pytest.raises(MissingEvidence, match="no embedding"):
        similar(workspace, sample, 5)
    prepare(workspace, settings=QUICK)
    vectors = read_vectors(workspace.store, embedding_of(workspace.store))
    row = vectors.sample_ids.tolist().index(sample)
    unit = vectors.values.astype(np.float64) / np.linalg.norm(vectors.values, axis=1, keepdims=True)
    closeness = unit @ unit[row]
    closeness[row] = -2
    expected = np.argsort(-closeness)[:5]
    found = similar(workspace, sample, 5)
    assert [key for key, _ in found] == vectors.sample_ids[expected].tolist()
    np.testing.assert_allclose([value for _, value in found], closeness[expected], atol=2e-3)
    with pytest.raises(BadInput, match="no sample"):
        similar(workspace, 12345, 5)


def test_the_order_of_ingest_changes_nothing(tmp_path: Path) -> None:
    one = small_workspace(tmp_path / "one", per_family=6)
    two = Workspace.create(tmp_path / "two")
    add(two, [sample for name in FAMILIES for sample in family(name, 6)][::-1])
    for workspace in (one, two):
        prepare(workspace, settings=QUICK)
    assert contents(one) == contents(two)


def test_a_second_prepare_at_the_same_time_is_refused_and_an_empty_workspace_too(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    with pytest.raises(BadInput, match="has no samples"):
        prepare(workspace)
    add(workspace, family("circles", 2))
    with writer_lock(workspace.path, "prepare"), pytest.raises(Busy):
        prepare(workspace, settings=QUICK)


def test_a_progress_that_raises_stops_between_chunks_and_the_rest_is_made_later(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=8)
    small_chunks = QUICK.model_copy(update={"chunk_rows": 5})

    def stop(at: int, total: int | None, note: str) -> None:
        if note.startswith("scores") and at > 80:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(workspace, stop, small_chunks)
    half = spoken_about(workspace)
    assert half["embedding"] == 32
    assert 0 < half["scores"] < 32
    report = done(prepare(workspace, settings=small_chunks))
    assert report["scores"] == 32 - half["scores"]
    assert report["embedding"] == 0
    assert spoken_about(workspace) == dict.fromkeys(KINDS, 32)


@pytest.mark.soak
def test_a_killed_prepare_is_taken_up_and_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    calm = small_workspace(tmp_path / "calm", per_family=8)
    small_chunks = QUICK.model_copy(update={"chunk_rows": 5})
    prepare(calm, settings=small_chunks)
    killed = small_workspace(tmp_path / "killed", per_family=8)
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.evidence.prepare import PrepareSettings, prepare\n"
        "from core.workspace import Workspace\n"
        "def tell(at, total, note): print(at, flush=True)\n"
        "prepare(Workspace.open(Path(sys.argv[1])), tell, PrepareSettings.model_validate_json(sys.argv[2]))"
    )
    moments = random.Random(7)
    ended = 0
    for _ in range(NUM_KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(killed.path), small_chunks.model_dump_json()],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for _ in range(moments.randrange(1, 12)):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        ended += process.returncode == -signal.SIGKILL
    assert ended
    prepare(killed, settings=small_chunks)
    assert contents(killed) == contents(calm)
    assert prepare(killed, settings=small_chunks).num_done == 0


def test_it_runs_as_a_run_and_refuses_unknown_settings(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=3)
    settings = {"workspace": str(workspace.path), **QUICK.model_dump(mode="json")}
    run = wait(launch(workspace.path, "prepare", "core.evidence.prepare", settings))
    assert run.state == "done"
    assert run.result["num_samples"] == 12
    assert {event["step"] for event in run.events()} >= {"embedding", "scores", "tokens"}
    assert spoken_about(workspace) == dict.fromkeys(KINDS, 12)
    with pytest.raises(RunFailed, match="speed"):
        wait(launch(workspace.path, "prepare", "core.evidence.prepare", {**settings, "speed": 3}))


def test_evidence_tables_hold_what_their_schema_says(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=3)
    prepare(workspace, settings=QUICK)
    store = workspace.store
    vector = store.dataset(embedding_of(store).table).schema.field("vector").type
    assert vector == pa.list_(pa.float16(), 192)
    for who in evidence.producers(store):
        assert store.dataset(who.table).schema.names[:2] == ["sample_id", "content_hash"]
        settings = evidence.settings_of(store, who)
        if who.kind in ("map", "clusters"):
            assert settings["embedding"] == embedding_of(store).table
            assert settings["model"] == evidence.settings_of(store, embedding_of(store))["model"]
