"""Exports read by the libraries they are made for, where those install beside ours; the others: `make test-targets`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
import webdataset
from megatron.energon import (
    Cooker,
    DefaultTaskEncoder,
    Sample,
    WorkerConfig,
    basic_sample_keys,
    edataclass,
    get_loader,
    get_train_dataset,
    stateless,
)
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import CLIPImageProcessor, LlavaProcessor, PreTrainedTokenizerFast
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

from core.ingest import IngestSettings, ingest
from core.lens import Lens
from core.mixture.export import export
from core.mixture.lines import named
from core.mixture.mixture import resolve
from core.mixture.recipe import recipe_from_dict
from core.mixture.tar_shards import unescaped
from core.select.pool import Pool
from core.store.ids import sample_id
from core.workspace import Workspace
from tests.mixture.test_targets import Row, images_first, in_order

FROM = {"user": "human", "assistant": "gpt", "system": "system"}


@pytest.fixture(scope="module")
def expected(lens: Lens, data_dir: Path) -> list[Row]:
    return in_order(lens, data_dir)


def loaded(folder: Path, cache: Path, *, decode: bool) -> Any:
    """The folder as `datasets` loads it."""
    data = datasets.load_dataset(str(folder), split="train", cache_dir=str(cache))
    assert data.features["images"] == datasets.List(datasets.Image())
    return data if decode else data.cast_column("images", datasets.List(datasets.Image(decode=False)))


def bytes_of(images: list[dict[str, Any]]) -> tuple[bytes, ...]:
    return tuple(image["bytes"] for image in images)


def test_datasets_loads_hf_with_its_pictures_scores_styles_and_stages(
    lens: Lens, folders: dict[str, Path], expected: list[Row], tmp_path: Path
) -> None:
    data = loaded(folders["hf"], tmp_path, decode=False)
    assert [
        (
            row["source"],
            row["id"],
            tuple((t["from"], t["value"]) for t in row["conversations"]),
            bytes_of(row["images"]),
        )
        for row in data
    ] == expected
    assert data["stage"][:] == ["one"] * 80 + ["two"] * 120
    pool = Pool.from_lens(lens)
    rows = pool.rows_of([sample_id(source, key) for source, key, _, _ in expected])
    for index, key in enumerate(pool.capabilities):
        stored = pool.scores[index][rows].tolist()
        assert data[key][:] == [None if one == 255 else float(np.float32(one / 50)) for one in stored]
    bits = pool.style_bits[rows].tolist()
    assert data["styles"][:] == [[name for at, name in enumerate(pool.style_names) if some >> at & 1] for some in bits]
    picture = next(row["images"][0] for row in loaded(folders["hf"], tmp_path, decode=True) if row["images"])
    assert isinstance(picture, Image.Image)


def test_datasets_loads_finevision_as_nanovlm_reads_it(
    folders: dict[str, Path], expected: list[Row], tmp_path: Path
) -> None:
    for row, (source, key, turns, images) in zip(
        loaded(folders["finevision"], tmp_path, decode=False), expected, strict=True
    ):
        assert (row["source"], row["id"], bytes_of(row["images"])) == (source, key, images)
        said = [text for pair in row["texts"] for text in (pair["user"], pair["assistant"])]
        assert not any("<image>" in text for text in said), "its loader would warn and take it out"
        assert said == [text.removeprefix("<image>\n" * len(images)) for _, text in turns]
        assert not any(name.endswith("_ratings") for name in row)


def tiny_processor() -> LlavaProcessor:
    """A processor that needs no download: words of the test data, pictures of 4 x 4 patches."""
    words = ["<pad>", "<unk>", "<image>", "Was", "ist", "Es", "And", "then", "Nothing", "more", "user", "assistant"]
    words += [str(number) for number in range(60)]
    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", additional_special_tokens=["<image>"]
    )
    return LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
        tokenizer=fast,
        patch_size=8,
        vision_feature_select_strategy="full",
        chat_template="{% for m in messages %}{{ m['role'] }} {% for c in m['content'] %}"
        "{% if c['type'] == 'image' %}<image>{% else %}{{ c['text'] }}{% endif %}{% endfor %}{{ ' ' }}{% endfor %}",
    )


def test_trl_collates_text_single_and_several_images_of_many_turns(
    folders: dict[str, Path], expected: list[Row], tmp_path: Path
) -> None:
    data = loaded(folders["trl"], tmp_path, decode=True)
    raw = loaded(folders["trl"], tmp_path, decode=False)
    assert [(row["source"], row["id"], bytes_of(row["images"])) for row in raw] == [
        (source, key, images) for source, key, _, images in expected
    ]
    processor = tiny_processor()
    collate = DataCollatorForVisionLanguageModeling(processor, max_length=None)
    image_id = processor.tokenizer.convert_tokens_to_ids("<image>")
    for start in range(0, len(data), 8):
        rows = [data[at] for at in range(start, min(start + 8, len(data)))]
        batch = collate(rows)
        num_images = [len(expected[start + at][3]) for at in range(len(rows))]
        tokens = (batch["input_ids"] == image_id).sum(dim=1).tolist()
        assert tokens == [16 * count for count in num_images]
        assert len(batch["pixel_values"]) == sum(num_images)
        for at, ids in enumerate(batch["input_ids"]):
            roles = [word for word in processor.tokenizer.decode(ids).split() if word in ("user", "assistant")]
            assert [FROM[role] for role in roles] == [role for role, _ in expected[start + at][2]]
        assert torch.equal(batch["labels"] != -100, batch["attention_mask"] == 1)


@pytest.mark.parametrize("target", ["llamafactory", "ms-swift", "axolotl"])
def test_the_json_engine_of_the_trainers_finds_one_type_for_each_column(
    folders: dict[str, Path], expected: list[Row], tmp_path: Path, target: str
) -> None:
    path = str(folders[target] / "data.jsonl")
    # chunks of a few rows: text alone and pictures meet across them
    data = datasets.load_dataset("json", data_files=path, split="train", cache_dir=str(tmp_path), chunksize=2_000)
    assert [named(row["sample"]) for row in data] == [row[:2] for row in images_first(expected)]
    if target != "axolotl":
        assert data.features["images"] == datasets.List(datasets.Value("string"))


@pytest.mark.parametrize("target", ["llamafactory", "ms-swift", "axolotl"])
def test_ids_and_sources_that_look_like_dates_stay_texts(tmp_path: Path, target: str) -> None:
    """The JSON engine takes a column for moments when its first rows look like it, and stops at the first that does not."""
    workspace = Workspace.create(tmp_path / "ws")
    for source, ids in (("2024-01-01", [f"2000-01-{day:02d}" for day in range(1, 31)]), ("late", ["x", "12:30"])):
        turns = [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A" * 100}]
        path = tmp_path / f"{source}.json"
        path.write_text(json.dumps([{"id": key, "conversations": turns} for key in ids]))
        ingest(workspace, IngestSettings(paths=(path,), source=source, image_root=tmp_path))
    parts = [{"selection": key} for key in ("early", "late")]
    chosen = {
        key: {"method": "random", "where": f"source = '{source}'", "budget": {"percent": 100}}
        for key, source in (("early", "2024-01-01"), ("late", "late"))
    }
    recipe = recipe_from_dict(
        {"winnow_recipe": 1, "name": "dates", "selections": chosen, "stages": [{"name": "one", "parts": parts}]}
    )
    lens = Lens(workspace)
    report = export(resolve(recipe, lens), lens, target, tmp_path / "out")
    path = report.path / "data.jsonl"
    data = datasets.load_dataset(
        "json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"), chunksize=2_000
    )
    assert [type(row["sample"]) for row in data] == [str] * 32
    assert sorted(named(row["sample"]) for row in data)[-2:] == [("late", "12:30"), ("late", "x")]
    if target == "ms-swift":
        assert set(data["channel"]) == {"source 2024-01-01", "late"}


def test_webdataset_groups_and_decodes_every_sample(folders: dict[str, Path], expected: list[Row]) -> None:
    urls = [str(path) for path in sorted(folders["webdataset"].glob("train-*.tar"))]
    raw = list(webdataset.WebDataset(urls, shardshuffle=False, empty_check=False))
    seen = []
    for sample in raw:
        said = json.loads(sample["json"])
        assert {name for name in sample if not name.startswith("__")} == {"json", *said["images"]}
        assert unescaped(sample["__key__"].split("-", 1)[1]) == said["id"]
        turns = tuple((turn["from"], turn["value"]) for turn in said["conversations"])
        seen.append((said["source"], said["id"], turns, tuple(sample[name] for name in said["images"])))
    assert seen == expected
    for sample in webdataset.WebDataset(urls, shardshuffle=False).decode("pil"):
        assert all(isinstance(sample[name], Image.Image) for name in sample["json"]["images"])


@edataclass
class Chat(Sample):
    """What a task encoder here makes of a crude sample."""

    said: dict[str, Any]
    images: list[bytes]


@stateless
def cook(sample: dict[str, Any]) -> Chat:
    said = json.loads(sample["json"])
    return Chat(**basic_sample_keys(sample), said=said, images=[bytes(sample[name]) for name in said["images"]])


class Encoder(DefaultTaskEncoder):  # type: ignore[type-arg]
    """Leaves samples as they are."""

    decoder = None
    cookers = [Cooker(cook)]  # noqa: RUF012  as its documentation has it

    def batch(self, samples: list[Chat]) -> list[Chat]:
        return samples


@pytest.mark.parametrize("number", [1, 2])
def test_energon_gives_a_stage_each_sample_as_often_as_the_recipe_says(
    folders: dict[str, Path], expected: list[Row], number: int
) -> None:
    data = get_train_dataset(
        str(folders["energon"] / f"stage_{number}.yaml"),
        worker_config=WorkerConfig(rank=0, world_size=1, num_workers=0),
        task_encoder=Encoder(),
        batch_size=4,
        shuffle_buffer_size=None,
        max_samples_per_sequence=None,
        repeat=False,
    )
    seen: Counter[Row] = Counter()
    for batch in get_loader(data):
        for chat in batch:
            turns = tuple((turn["from"], turn["value"]) for turn in chat.said["conversations"])
            seen[chat.said["source"], chat.said["id"], turns, tuple(chat.images)] += 1
    assert seen == Counter(expected[:80] if number == 1 else expected[80:])
