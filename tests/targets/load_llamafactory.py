"""LLaMA-Factory's own loader over an export: run by its own environment, `python load_llamafactory.py EXPORT EXPECTED.json`.

From `dataset_info.json` to messages with images in place, as its trainer gets them before the tokenizer.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

from llamafactory.data.loader import _load_single_dataset
from llamafactory.data.mm_plugin import get_mm_plugin
from llamafactory.data.parser import get_dataset_list
from llamafactory.hparams import DataArguments

FROM = {"user": "human", "assistant": "gpt", "system": "system"}


def main(folder: Path, expected: list[dict[str, object]]) -> None:
    """Compare every row; an error ends it."""
    names = DataArguments(dataset="mixture", dataset_dir=str(folder), media_dir=str(folder), template="qwen2_vl")
    [entry] = get_dataset_list(["mixture"], str(folder))
    model = SimpleNamespace(cache_dir=str(folder.parent / "cache"), hf_hub_token=None)
    training = SimpleNamespace(local_process_index=0, dataloader_num_workers=0)
    plugin = get_mm_plugin("base", image_token="<image>")
    data = _load_single_dataset(entry, model, names, training)
    assert len(data) == len(expected), f"{len(data)} rows instead of {len(expected)}"
    for number, (row, wanted) in enumerate(zip(data, expected, strict=True)):
        messages = [*row["_prompt"], *row["_response"]]
        images = row["_images"] or []
        plugin._validate_messages(messages, images, [], [])
        seen = {
            "turns": [[FROM[message["role"]], message["content"]] for message in messages],
            "images": [sha256(Path(image).read_bytes()).hexdigest() for image in images],
        }
        assert seen == wanted, f"row {number}: {seen} instead of {wanted}"
        assert not row["_system"]
        assert len(plugin._regularize_images(images, image_max_pixels=10**6, image_min_pixels=1)["images"]) == len(
            images
        )
    print(f"LLaMA-Factory reads all {len(expected)} rows as they were written.")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
