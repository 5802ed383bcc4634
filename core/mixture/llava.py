"""Target `llava`: one JSON list in the layout of LLaVA-Instruct, beside a folder of images by source.

Rows stand in the recipe's order, stage by stage and part by part, best first: trainers of this format shuffle themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from core.mixture.gather import Sample
from core.mixture.lines import LinesWriter, read_list
from core.mixture.target import Place, Plain, RowRead, sharegpt

DATA_FILE = "data.json"


class Llava(Plain):
    """LLaVA JSON: `id`, `source`, `image` (text, list, or absent), `conversations` of `from` and `value`."""

    key: ClassVar[str] = "llava"
    title: ClassVar[str] = "LLaVA JSON"

    def open(self, place: Place, state: dict[str, Any] | None) -> LinesWriter:
        return LinesWriter(place.folder / DATA_FILE, record, state, listed=True)

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        return (row_of(row) for row in read_list(folder / DATA_FILE))

    def card(self) -> str:
        return (
            "`data.json` is a LLaVA JSON list; image paths are relative to this folder:\n\n"
            "```\n--data_path data.json --image_folder .\n```"
        )


def record(sample: Sample) -> dict[str, Any]:
    """A sample as LLaVA has it; `image` is a text for one image, a list for several, absent without any."""
    paths = [image.path for image in sample.images]
    image = {} if not paths else {"image": paths[0] if len(paths) == 1 else paths}
    return {"id": sample.original_id, "source": sample.source, **image, "conversations": sharegpt(sample)}


def row_of(row: dict[str, Any]) -> RowRead:
    """A record as LLaVA's loader reads it."""
    image = row.get("image", [])
    return RowRead(
        source=row["source"],
        original_id=row["id"],
        turns=tuple((turn["from"], turn["value"]) for turn in row["conversations"]),
        images=tuple([image] if isinstance(image, str) else image),
    )
