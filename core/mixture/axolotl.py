"""Target `axolotl`: JSONL of `messages` with typed content, and the part of Axolotl's configuration that reads it.

An image is a part of its own, with a path, where its `<image>` mark stood: a list of images beside the messages would be cut
to its first one there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import yaml

from core.mixture.gather import Sample
from core.mixture.lines import LinesWriter, name_of, named, read_lines
from core.mixture.rules import ImagesFirst, typed, unpaired_marks, untyped
from core.mixture.target import FROM_ROLES, ROLES, Place, RowRead, Written

DATA_FILE = "data.jsonl"
CONFIG_FILE = "axolotl.yaml"
_CONFIG = {
    "processor_type": "AutoProcessor",
    "skip_prepare_dataset": True,
    "remove_unused_columns": False,
    "sample_packing": False,
    "datasets": [{"path": DATA_FILE, "ds_type": "json", "type": "chat_template"}],
}


class Axolotl(ImagesFirst):
    """JSONL in its multimodal format."""

    key: ClassVar[str] = "axolotl"
    title: ClassVar[str] = "Axolotl"

    def refuses(self, sample: Sample) -> str | None:
        return unpaired_marks(sample)

    def open(self, place: Place, state: dict[str, Any] | None) -> LinesWriter:
        return LinesWriter(place.folder / DATA_FILE, _row, state)

    def finish(self, place: Place, written: Written) -> Written:
        text = yaml.safe_dump(_CONFIG, sort_keys=False)
        (place.folder / CONFIG_FILE).write_text(text, encoding="utf-8", newline="\n")
        return written

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        for row in read_lines(folder / DATA_FILE):
            turns, images = [], []
            for message in row["messages"]:
                parts = message["content"]
                images += [part["path"] for part in parts if part["type"] == "image"]
                text = untyped([None if part["type"] == "image" else part["text"] for part in parts])
                turns.append((FROM_ROLES[message["role"]], text))
            yield RowRead(*named(row["sample"]), tuple(turns), tuple(images))

    def card(self) -> str:
        return (
            "Image paths are relative to this folder, so start Axolotl here. `axolotl.yaml` holds what its configuration needs "
            "to read the data; add the model and how to train:\n\n"
            "```\naxolotl train axolotl.yaml\n```\n\n"
            "`sample_packing` has to stay off where there are images."
        )


def _row(sample: Sample) -> dict[str, Any]:
    images = iter(sample.images)
    messages = [
        {
            "role": ROLES[role],
            "content": [
                {"type": "image", "path": next(images).path} if piece is None else {"type": "text", "text": piece}
                for piece in typed(text)
            ],
        }
        for role, text in sample.turns
    ]
    return {"sample": name_of(sample), "messages": messages}
