"""Target `llamafactory`: `data.jsonl` beside the `dataset_info.json` by which LLaMA-Factory finds and reads it.

Its loader skips a conversation that does not alternate, stops at a count of marks that is not that of the images, and only
warns of a file that is not there; none of that is left for it to find.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from core.mixture.gather import Sample
from core.mixture.lines import LinesWriter, name_of, named, read_lines
from core.mixture.rules import ImagesFirst, media_marks, messages, not_alternating, turns_of, unpaired_marks
from core.mixture.target import Place, RowRead, Written

DATA_FILE = "data.jsonl"
INFO_FILE = "dataset_info.json"
DATASET = "mixture"
_INFO = {
    DATASET: {
        "file_name": DATA_FILE,
        "formatting": "sharegpt",
        "columns": {"messages": "messages", "images": "images"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    }
}
_MEDIA = re.compile("<video>|<audio>")


class LlamaFactory(ImagesFirst):
    """JSONL of `messages` and `images`, the latter always a list."""

    key: ClassVar[str] = "llamafactory"
    title: ClassVar[str] = "LLaMA-Factory"

    def refuses(self, sample: Sample) -> str | None:
        return unpaired_marks(sample) or not_alternating(sample, system=True) or media_marks(sample, _MEDIA)

    def open(self, place: Place, state: dict[str, Any] | None) -> LinesWriter:
        return LinesWriter(place.folder / DATA_FILE, message_row, state)

    def finish(self, place: Place, written: Written) -> Written:
        text = json.dumps(_INFO, indent=2) + "\n"
        (place.folder / INFO_FILE).write_text(text, encoding="utf-8", newline="\n")
        return written

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        info = json.loads((folder / INFO_FILE).read_text(encoding="utf-8"))[DATASET]
        return (row_of(row) for row in read_lines(folder / info["file_name"]))

    def card(self) -> str:
        return (
            "Give LLaMA-Factory this folder as data set folder and as media folder:\n\n"
            f"```yaml\ndataset_dir: THIS_FOLDER\nmedia_dir: THIS_FOLDER\ndataset: {DATASET}\n```\n\n"
            "Rows with images stand first, since the types of the columns are taken from the first rows; the trainer shuffles."
        )


def message_row(sample: Sample) -> dict[str, Any]:
    """A sample as messages with `<image>` marks and a list of paths; `sample` is its source and id."""
    return {
        "sample": name_of(sample),
        "messages": messages(sample),
        "images": [image.path for image in sample.images],
    }


def row_of(row: dict[str, Any]) -> RowRead:
    """`message_row` the other way round."""
    return RowRead(*named(row["sample"]), turns_of(row["messages"]), tuple(row["images"]))
