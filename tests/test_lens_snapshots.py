"""A lens at an older snapshot shows the workspace as it was then: samples, evidence, sources and people's ratings."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from core.lens import Lens
from core.select.pool import Pool
from core.store import evidence, ratings
from core.vocabulary import CAPABILITY_KEYS
from core.workspace import RATINGS, Workspace
from tests.studio.small_workspace import NUM_SAMPLES, add_samples, make_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


def everyone_good_at(workspace: Workspace, capability: str) -> None:
    """A judge gives every sample the highest score in one capability."""
    samples = workspace.store.read("samples", ["sample_id", "content_hash"])
    columns = {name: samples[name] for name in samples.column_names}
    scores = {key: pa.nulls(samples.num_rows, pa.uint8()) for key in CAPABILITY_KEYS}
    scores[capability] = pa.array([250] * samples.num_rows, pa.uint8())
    evidence.write(workspace.store, evidence.producer("scores", "judge", "1"), pa.table({**columns, **scores}))


def test_a_lens_at_a_pinned_snapshot_is_the_lens_of_then(workspace: Workspace) -> None:
    then = Lens(workspace)
    before, digest = Pool.from_lens(then), workspace.pin_snapshot(then.versions)
    add_samples(workspace, 5)
    workspace.store.delete("sources", "source = 'photos'")
    everyone_good_at(workspace, "ocr")
    versions = workspace.pinned(digest)
    assert versions is not None
    older, newer = Lens(workspace, versions), Lens(workspace)
    assert (older.snapshot, older.versions) == (digest, then.versions)
    assert Pool.from_lens(older).digest == before.digest
    assert [who.name for who in older.producers["scores"]] == [who.name for who in then.producers["scores"]]
    assert older.ask("sources_table") == then.ask("sources_table")
    assert newer.num_samples == NUM_SAMPLES + 5
    assert older.num_samples == NUM_SAMPLES


def test_of_ratings_an_older_lens_knows_those_that_were_given_by_then(workspace: Workspace) -> None:
    first, second = (
        int(value) for value in workspace.store.read("samples", ["sample_id"])["sample_id"].to_pylist()[:2]
    )
    ratings.rate(workspace, first, "ocr", 5, "ann")
    then = Lens(workspace)
    before, digest = Pool.from_lens(then), workspace.pin_snapshot(then.versions)
    ratings.rate(workspace, first, "ocr", 0, "ann")
    ratings.rate(workspace, second, "ocr", 5, "ann")
    versions = workspace.pinned(digest)
    assert versions is not None
    assert RATINGS in versions
    older = Lens(workspace, versions)
    assert older.snapshot == digest
    assert Pool.from_lens(older).digest == before.digest
    older.follow()
    assert (older.snapshot, Pool.from_lens(older).digest) == (digest, before.digest)
    assert Pool.from_lens(Lens(workspace)).digest != before.digest
