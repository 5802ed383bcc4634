"""The embedding with weights: a tiny random checkpoint goes the whole way that real weights go."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import save_file

from core.errors import BadInput
from core.evidence.embedder import SampleView, views
from core.evidence.open_clip_embedding import OpenClipSettings, find_weights, load_open_clip
from core.evidence.prepare import PrepareSettings, prepare
from core.evidence.vectors import embedding_of
from core.store import evidence
from core.workspace import Workspace
from tests.evidence.samples import Sample, add, circle, family, small_workspace

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> OpenClipSettings:
    folder = tmp_path_factory.mktemp("weights")
    (folder / "winnow-tiny.json").write_text(json.dumps(TINY), "utf-8")
    open_clip.add_model_config(folder / "winnow-tiny.json")
    torch.manual_seed(0)
    model = open_clip.create_model("winnow-tiny", pretrained=None)
    save_file(
        {name: value.contiguous() for name, value in model.state_dict().items()}, folder / "open_clip_model.safetensors"
    )
    return OpenClipSettings(model=str(folder / "winnow-tiny.json"), weights=str(folder), batch_size=3)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_workspace(tmp_path_factory.mktemp("open_clip") / "ws", per_family=4)


def test_vectors_have_unit_length_and_agree_with_the_model_itself(workspace: Workspace, tiny: OpenClipSettings) -> None:
    embedder = load_open_clip(workspace.store, tiny)
    ids = workspace.store.read("samples", ["sample_id"])["sample_id"].to_pylist()
    samples = next(views(workspace.store, ids))
    made = embedder.embed(samples)
    assert made.failures == {}
    assert made.vectors.shape == (16, 32) == (len(ids), embedder.num_dimensions)
    np.testing.assert_allclose(np.linalg.norm(made.vectors, axis=1), 1, atol=1e-5)

    model, _, preprocess = open_clip.create_model_and_transforms(
        "winnow-tiny", pretrained=f"{tiny.weights}/open_clip_model.safetensors"
    )
    tokenize = open_clip.get_tokenizer("winnow-tiny")
    model.eval()
    row = next(row for row, sample in enumerate(samples) if len(sample.image_keys) == 1)
    from core.evidence.open_clip_embedding import OpenClip

    assert isinstance(embedder, OpenClip)
    picture = embedder._decoded(samples[row].image_keys)[samples[row].image_keys[0]]
    with torch.inference_mode():
        image = model.encode_image(preprocess(picture)[None], normalize=True)[0].numpy()
        text = model.encode_text(tokenize([samples[row].text]), normalize=True)[0].numpy()
    np.testing.assert_allclose(made.vectors[row], np.concatenate([image, text]) / np.sqrt(2), atol=1e-5)


def test_a_sample_without_a_picture_has_a_zero_picture_half_and_one_without_anything_fails(
    workspace: Workspace, tiny: OpenClipSettings
) -> None:
    embedder = load_open_clip(workspace.store, tiny)
    made = embedder.embed([SampleView(1, "x", "Only words", ()), SampleView(2, "x", " ", ())])
    assert not made.vectors[0, :16].any()
    assert made.failures == {1: "neither a picture nor a text to embed"}
    assert np.isnan(made.vectors[1]).all()


def test_prepare_stands_clusters_and_map_on_it_and_it_is_believed_first(tmp_path: Path, tiny: OpenClipSettings) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=4)
    broken = Sample(
        "broken", "1", (("human", "<image>\nWhich colour?"), ("gpt", "Red.")), (circle(1, shade=30),), b"nothing"
    )
    add(workspace, [broken])
    prepare(workspace, settings=PrepareSettings(umap=False, vocab_size=400))
    settings = PrepareSettings(umap=False, vocab_size=400, embedding="open_clip", open_clip=tiny)
    report = {step.step: step for step in prepare(workspace, settings=settings).steps}
    assert (report["embedding"].done, sum(report["embedding"].failed.values())) == (16, 1)
    assert (report["map pca"].done, report["clusters"].done, report["scores"].done) == (16, 16, 0)
    who = embedding_of(workspace.store)
    assert who.name == "open_clip"
    assert who.version.startswith("winnow-tiny-")
    assert len(evidence.producers(workspace.store, "embedding")) == 2
    add(workspace, family("circles", 1, first=90))
    again = {step.step: step.done for step in prepare(workspace, settings=settings).steps}
    assert again["embedding"] == 1


def test_weights_that_are_not_here_are_named_with_the_command_that_gets_them(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BadInput, match="are not on this machine") as caught:
        load_open_clip(workspace.store, OpenClipSettings())
    assert "hf download laion/CLIP-ViT-B-32-laion2B-s34B-b79K" in caught.value.fix


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"model": "ViT-Q-99"}, "no model 'ViT-Q-99'"),
        ({"model": "/nowhere/config.json"}, "does not exist"),
        ({"weights": "best_ever"}, "no weights 'best_ever'"),
        ({"weights": "/nowhere/weights.safetensors"}, "do not exist"),
    ],
)
def test_names_that_do_not_exist_are_refused(workspace: Workspace, settings: dict[str, str], problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        load_open_clip(workspace.store, OpenClipSettings.model_validate(settings))


def test_weights_of_another_architecture_are_refused(
    workspace: Workspace, tiny: OpenClipSettings, tmp_path: Path
) -> None:
    path = tmp_path / "open_clip_model.safetensors"
    save_file({"logit_scale": torch.ones(())}, path)
    assert find_weights("winnow-tiny", str(tmp_path)) == path
    with pytest.raises(BadInput, match="do not fit the model"):
        load_open_clip(workspace.store, tiny.model_copy(update={"weights": str(path)}))
    path.unlink()
    with pytest.raises(BadInput, match="holds none of"):
        find_weights("winnow-tiny", str(tmp_path))
