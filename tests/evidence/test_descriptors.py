"""The embedding that needs no weights: what lies near what, and that it is the same every time."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.feature_extraction.text import TfidfVectorizer

from core.errors import BadData
from core.evidence.descriptors import NUM_DIMENSIONS, Descriptors, DescriptorSettings, model_dir
from core.evidence.embedder import SampleView, views
from core.evidence.looks import BLOCKS, Looks, raw_descriptors
from core.evidence.text_semantics import TextSemantics, terms
from core.workspace import Workspace
from tests.evidence.samples import FAMILIES, Sample, add, bars, circle, family, small_workspace

EDGES = slice(BLOCKS["layout"] + BLOCKS["colours"], BLOCKS["layout"] + BLOCKS["colours"] + 128)
COLOUR_BINS = slice(BLOCKS["layout"], BLOCKS["layout"] + BLOCKS["colours"])
IMAGE_PART = slice(0, 76)


def seen(workspace: Workspace, samples: list[Sample] | None = None) -> list[SampleView]:
    ids = (
        [sample.sample_id for sample in samples]
        if samples is not None
        else workspace.store.read("samples", ["sample_id"])["sample_id"].to_pylist()
    )
    return [view for batch in views(workspace.store, ids) for view in batch]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = small_workspace(tmp_path_factory.mktemp("descriptors") / "ws", per_family=20)
    add(made, [sample for name in FAMILIES for sample in family(name, 20, shade=6)])
    return made


@pytest.fixture(scope="module")
def model(workspace: Workspace) -> Descriptors:
    return Descriptors.learn(seen(workspace), Looks(workspace.store), DescriptorSettings())


def test_every_vector_has_unit_length_whatever_the_sample_lacks(workspace: Workspace, model: Descriptors) -> None:
    nothing = SampleView(1, "x", "", ())
    made = model.embed([*seen(workspace), nothing])
    assert made.vectors.shape == (161, NUM_DIMENSIONS)
    np.testing.assert_allclose(np.linalg.norm(made.vectors, axis=1), 1.0, atol=1e-5)
    assert made.failures == {}


def test_near_duplicates_are_nearest_neighbours(workspace: Workspace, model: Descriptors) -> None:
    first = [sample for name in ("circles", "bars", "pairs") for sample in family(name, 20)]
    again = [sample for name in ("circles", "bars", "pairs") for sample in family(name, 20, shade=6)]
    vectors = model.embed(seen(workspace, [*first, *again])).vectors
    closeness = vectors @ vectors.T
    np.fill_diagonal(closeness, -1)
    twin = np.concatenate([np.arange(60, 120), np.arange(60)])
    assert (closeness.argmax(axis=1) == twin).mean() >= 0.9


def test_neighbours_come_from_the_same_family_far_above_chance(workspace: Workspace, model: Descriptors) -> None:
    views_of_all = seen(workspace)
    sources = workspace.store.samples([view.sample_id for view in views_of_all], ["source"])["source"].to_numpy(
        zero_copy_only=False
    )
    vectors = model.embed(views_of_all).vectors
    closeness = vectors @ vectors.T
    np.fill_diagonal(closeness, -2)
    nearest = np.argsort(-closeness, axis=1)[:, :10]
    assert (
        sources[nearest] == sources[:, None]
    ).mean() > 0.85  # chance is 0.25; pairs share their pictures with two other families


def test_several_images_count_as_their_mean_and_none_as_zero(workspace: Workspace, model: Descriptors) -> None:
    pair = seen(workspace, family("pairs", 1))[0]
    twice = SampleView(1, "x", pair.text, (pair.image_keys[0], pair.image_keys[0]))
    once = SampleView(2, "x", pair.text, (pair.image_keys[0],))
    wordy = SampleView(3, "x", pair.text, ())
    both, single, without, mixed = model.embed([twice, once, wordy, pair]).vectors
    np.testing.assert_allclose(both, single, atol=1e-6)
    assert not without[IMAGE_PART].any()
    other = model.embed([SampleView(4, "x", pair.text, (pair.image_keys[1],))]).vectors[0]
    assert mixed @ single > other @ single
    assert mixed @ other > other @ single


def test_the_same_samples_give_the_same_model_and_vectors(workspace: Workspace, model: Descriptors) -> None:
    views_of_all = seen(workspace)
    again = Descriptors.learn(views_of_all, Looks(workspace.store, num_threads=1), DescriptorSettings())
    assert again.model_hash == model.model_hash
    np.testing.assert_array_equal(again.embed(views_of_all).vectors, model.embed(views_of_all).vectors)
    backwards = model.embed(views_of_all[::-1]).vectors[::-1]
    np.testing.assert_allclose(backwards, model.embed(views_of_all).vectors, atol=1e-5)


def test_a_kept_model_places_new_samples_as_the_first_one_does(
    workspace: Workspace, model: Descriptors, tmp_path: Path
) -> None:
    other = small_workspace(tmp_path / "ws", per_family=2)
    kept = Descriptors.learn(seen(other), Looks(other.store), DescriptorSettings(text_weight=0.4))
    kept.save(other)
    add(other, family("circles", 3, first=50))
    new = seen(other, family("circles", 3, first=50))
    loaded = Descriptors.load(other, Looks(other.store))
    assert loaded is not None
    assert loaded.settings == kept.settings
    assert loaded.model_hash != model.model_hash
    np.testing.assert_array_equal(loaded.embed(new).vectors, kept.embed(new).vectors)


def test_a_damaged_model_is_refused_with_a_remedy(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=2)
    looks = Looks(workspace.store)
    assert Descriptors.load(workspace, looks) is None
    Descriptors.learn(seen(workspace), looks, DescriptorSettings()).save(workspace)
    path = model_dir(workspace) / "model.npz"
    with np.load(path) as file:
        arrays = dict(file)
    arrays["layout_mean"] = arrays["layout_mean"] + 1
    with path.open("wb") as stream:
        np.savez(stream, **arrays)
    with pytest.raises(BadData, match="its hash differs") as caught:
        Descriptors.load(workspace, looks)
    assert str(path.parent) in caught.value.fix
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadData, match="cannot be read"):
        Descriptors.load(workspace, looks)


def test_a_picture_that_cannot_be_decoded_gives_no_vector_but_a_reason(tmp_path: Path, model: Descriptors) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    broken = [
        Sample("broken", "1", (("human", "<image>\nWhat?"), ("gpt", "A circle.")), (circle(3),), thumbnail=b"no jpeg")
    ]
    add(workspace, broken + family("circles", 1))
    looks = Looks(workspace.store)
    learnt = Descriptors.learn(seen(workspace, family("circles", 1)), looks, DescriptorSettings())
    made = learnt.embed(seen(workspace, broken + family("circles", 1)))
    assert list(made.failures) == [0]
    assert "cannot be decoded" in made.failures[0]
    assert np.isnan(made.vectors[0]).all()
    assert np.isfinite(made.vectors[1]).all()
    missing = learnt.embed([SampleView(9, "x", "What?", ("0" * 32,))])
    assert missing.failures == {0: "the image has no thumbnail"}
    assert looks.num_seen == 1
    assert sum(looks.failures.values()) == 2


def test_a_single_sample_can_be_learnt_on(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    add(workspace, family("circles", 1))
    learnt = Descriptors.learn(seen(workspace), Looks(workspace.store), DescriptorSettings())
    np.testing.assert_allclose(np.linalg.norm(learnt.embed(seen(workspace)).vectors, axis=1), 1.0, atol=1e-5)


def test_a_plain_picture_has_one_colour_bin_and_no_edges() -> None:
    raw = raw_descriptors([Image.new("RGB", (50, 30), "red")])[0]
    assert sorted(raw[COLOUR_BINS])[-2:] == [0, 1]
    assert not raw[EDGES].any()


def test_edge_orientations_agree_with_the_arc_tangent() -> None:
    picture = bars(5)
    raw = raw_descriptors([picture])[0, EDGES].astype(np.float64)
    grey = np.asarray(picture.convert("L").resize((128, 128), Image.Resampling.BOX)).astype(np.float64) / 255
    across, down = grey[1:-1, 2:] - grey[1:-1, :-2], grey[2:, 1:-1] - grey[:-2, 1:-1]
    strength, turn = np.hypot(across, down), np.arctan2(down, across) % np.pi
    expected = np.zeros((4, 4, 8))
    for y, x in np.ndindex(strength.shape):
        expected[y * 4 // 126, x * 4 // 126, int(turn[y, x] / np.pi * 8 + 0.5) % 8] += strength[y, x]
    np.testing.assert_allclose(raw, np.sqrt(expected / expected.sum()).ravel(), atol=0.03)


def test_image_modes_of_thumbnails_do_not_matter() -> None:
    stream = io.BytesIO()
    circle(2).convert("L").save(stream, "JPEG")
    grey = Image.open(stream).convert("RGB")
    assert np.isfinite(raw_descriptors([grey, grey.resize((1, 1)), grey.resize((256, 3))])).all()


def test_terms_are_words_characters_pairs_and_the_length_of_numbers() -> None:
    assert terms("How many? 12345") == ["how", "many", "?", "0000", "how many", "many 0000"]
    assert terms("图表 a") == ["图", "表", "a", "图 表", "表 a"]


def test_with_all_directions_kept_likeness_is_that_of_tf_idf() -> None:
    texts = [sample.turns[0][1] + " " + sample.turns[1][1] for name in FAMILIES for sample in family(name, 6)]
    learnt = TextSemantics.learn(texts, 115, seed=0)
    ours = learnt.project(texts)
    theirs = TfidfVectorizer(analyzer=terms, sublinear_tf=True, min_df=2).fit_transform(texts).toarray()
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=5e-3)  # components are float16
    assert not learnt.project(["", "zzz unheard"]).any()


def test_a_truncated_projection_keeps_the_largest_directions() -> None:
    texts = [f"{sample.turns[0][1]} {sample.turns[1][1]}" for name in FAMILIES for sample in family(name, 40)]
    ours = TextSemantics.learn(texts, 8, seed=0).project(texts)
    full = TfidfVectorizer(analyzer=terms, sublinear_tf=True, min_df=2).fit_transform(texts).toarray()
    best = np.linalg.svd(full, compute_uv=False)[:8]
    np.testing.assert_allclose(np.linalg.svd(ours, compute_uv=False), best, rtol=0.02)
