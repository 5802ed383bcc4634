"""Text against pictures: the cosine of the model itself, whatever the vectors also hold; what is missing is named with its command."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import open_clip
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.torch import save_file

from core.errors import BadInput, MissingEvidence
from core.evidence import text_search
from core.evidence.embedder import unit_rows, views
from core.evidence.open_clip_embedding import OpenClipSettings, load_open_clip
from core.evidence.prepare import PrepareSettings, prepare
from core.store import evidence
from core.workspace import Workspace
from tests.evidence.samples import Sample, add, circle, small_workspace

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
TEXT = "a red circle"


def checkpoint(folder: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    model = open_clip.create_model("winnow-search", pretrained=None)
    path = folder / "open_clip_model.safetensors"
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, path)
    return path


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> OpenClipSettings:
    folder = tmp_path_factory.mktemp("weights")
    (folder / "winnow-search.json").write_text(json.dumps(TINY), "utf-8")
    open_clip.add_model_config(folder / "winnow-search.json")
    checkpoint(folder, 0)
    return OpenClipSettings(
        model=str(folder / "winnow-search.json"), weights=str(folder), batch_size=3, image_weight=0.3
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, tiny: OpenClipSettings) -> Workspace:
    made = small_workspace(tmp_path_factory.mktemp("search") / "ws", per_family=4)
    add(made, [Sample("words", str(n), (("human", f"Only words {n}?"), ("gpt", "Yes.")), ()) for n in range(2)])
    add(made, [Sample("silent", "1", (("human", "<image>"), ("gpt", "")), (circle(1, shade=90),))])
    prepare(made, settings=PrepareSettings(umap=False, vocab_size=400, embedding="open_clip", open_clip=tiny))
    return made


def test_the_order_is_that_of_the_models_own_cosines(workspace: Workspace, tiny: OpenClipSettings) -> None:
    who = text_search.space_of(workspace)
    model = text_search.load_text_model(workspace.store, who)
    found = text_search.rank_by_text(workspace.store, who, f"  {TEXT} ", model)

    clip, _, preprocess = open_clip.create_model_and_transforms(
        "winnow-search", pretrained=f"{tiny.weights}/open_clip_model.safetensors"
    )
    clip.eval()
    embedder = load_open_clip(workspace.store, tiny)
    expected: dict[int, float] = {}
    ids = workspace.store.read("samples", ["sample_id"])["sample_id"].to_pylist()
    with torch.inference_mode():
        query = clip.encode_text(open_clip.get_tokenizer("winnow-search")([TEXT]), normalize=True)[0]
        for sample in (one for batch in views(workspace.store, ids) for one in batch):
            decoded = embedder._decoded(sample.image_keys)
            parts = [clip.encode_image(preprocess(decoded[key])[None], normalize=True)[0] for key in sample.image_keys]
            if parts:
                mean = torch.stack(parts).mean(0)
                expected[sample.sample_id] = float(query @ mean / mean.norm())
    assert len(expected) == len(ids) - 6
    assert found.num_without == 6
    assert set(found.sample_ids.tolist()) == set(expected)
    np.testing.assert_allclose(found.cosines, [expected[key] for key in found.sample_ids.tolist()], atol=2e-3)
    assert (np.diff(found.cosines) <= 0).all()


class Given:
    """A text model of one known query."""

    def __init__(self, query: NDArray[np.float32]) -> None:
        self.query = query

    def embed_texts(self, texts: list[str]) -> NDArray[np.float32]:
        return np.stack([self.query] * len(texts))


@given(seed=st.integers(0, 2**32 - 1), weight=st.floats(0.05, 1.0))
@settings(max_examples=8, deadline=None)
def test_the_picture_half_alone_decides_whatever_its_weight_and_with_or_without_a_text(
    tmp_path_factory: pytest.TempPathFactory, seed: int, weight: float
) -> None:
    workspace = small_workspace(tmp_path_factory.mktemp("halves") / "ws", per_family=3)
    rows = workspace.store.read("samples", ["sample_id", "content_hash"])
    draw, count, width = np.random.default_rng(seed), rows.num_rows, 8
    pictures, texts = (unit_rows(draw.normal(size=(count, width))) for _ in range(2))
    pictures[0], texts[1], texts[2] = 0, 0, 0
    pictures[4] = pictures[3]
    stored = unit_rows(np.concatenate([pictures * np.sqrt(weight), texts * np.sqrt(1 - weight)], axis=1))
    if weight < 1:  # a sample with neither half would not be stored
        assert stored.any(axis=1).all()
    who = evidence.producer("embedding", "open_clip", "v1")
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(stored.astype(np.float16).ravel()), 2 * width)
    evidence.write(workspace.store, who, rows.append_column("vector", vectors), {})
    query = unit_rows(draw.normal(size=(1, width)))[0]
    found = text_search.rank_by_text(workspace.store, who, "anything", Given(query))
    by_id = dict(zip(rows["sample_id"].to_pylist(), (pictures @ query).tolist(), strict=True))
    assert found.num_without == 1
    assert rows["sample_id"][0].as_py() not in found.sample_ids.tolist()
    np.testing.assert_allclose(found.cosines, [by_id[key] for key in found.sample_ids.tolist()], atol=5e-3)
    twins = [rows["sample_id"][row].as_py() for row in (3, 4)]
    order = found.sample_ids.tolist()
    if weight == 1:
        assert sorted(twins) == [key for key in order if key in twins]


def test_a_sample_whose_content_changed_since_is_left_out(tmp_path: Path, tiny: OpenClipSettings) -> None:
    workspace = small_workspace(tmp_path / "ws", per_family=2)
    prepare(workspace, settings=PrepareSettings(umap=False, vocab_size=400, embedding="open_clip", open_clip=tiny))
    who, model = text_search.space_of(workspace), Given(np.eye(16, dtype=np.float32)[0])
    before = text_search.rank_by_text(workspace.store, who, TEXT, model).sample_ids.tolist()
    changed = Sample("circles", "0", (("human", "<image>\nAnother question?"), ("gpt", "No.")), (circle(0),))
    add(workspace, [changed])
    after = text_search.rank_by_text(workspace.store, who, TEXT, model).sample_ids.tolist()
    assert after == [key for key in before if key != changed.sample_id]
    assert len(after) == len(before) - 1


def test_without_an_open_clip_space_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    workspace = small_workspace(tmp_path / "with blank" / "ws", per_family=1)
    prepare(workspace, settings=PrepareSettings(umap=False, vocab_size=400))
    with pytest.raises(MissingEvidence, match="needs an open_clip embedding") as caught:
        text_search.space_of(workspace)
    command = shlex.split(caught.value.fix.split("`")[1])
    assert command == ["winnow", "prepare", str(workspace.path), "--embedding", "open_clip"]


def test_an_empty_text_another_width_and_other_weights_are_refused(
    workspace: Workspace, tiny: OpenClipSettings
) -> None:
    who = text_search.space_of(workspace)
    with pytest.raises(BadInput, match="no text to search for"):
        text_search.rank_by_text(workspace.store, who, "  ", Given(np.ones(16, np.float32)))
    with pytest.raises(BadInput, match="gives 4 numbers for a text, the embedding keeps 16"):
        text_search.rank_by_text(workspace.store, who, TEXT, Given(np.ones(4, np.float32)))
    path = Path(tiny.weights) / "open_clip_model.safetensors"
    kept = path.read_bytes()
    try:
        checkpoint(path.parent, 1)
        with pytest.raises(BadInput, match="are not those the embedding"):
            text_search.load_text_model(workspace.store, who)
    finally:
        path.write_bytes(kept)
