"""Target `llava`: one JSON list in the layout of LLaVA-Instruct, beside a folder of images by source.

Rows stand in the recipe's order, stage by stage and part by part, best first: trainers of this format shuffle themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from core.errors import BadData
from core.mixture.gather import Gather, Sample, folder_name, written_order
from core.mixture.mixture import Mixture
from core.mixture.target import RowDigest, RowRead, Written, without
from core.progress import Progress

DATA_FILE = "data.json"


class Llava:
    """LLaVA JSON: `id`, `source`, `image` (text, list, or absent), `conversations` of `from` and `value`."""

    key: ClassVar[str] = "llava"
    title: ClassVar[str] = "LLaVA JSON"
    data_files: ClassVar[tuple[str, ...]] = (DATA_FILE,)

    def image_path(self, source: str, key: str, suffix: str) -> str:
        return f"images/{folder_name(source)}/{key}.{suffix}"

    def write(self, mixture: Mixture, gather: Gather, folder: Path, progress: Progress) -> Written:
        ids = written_order([stage.listed for stage in mixture.stages])
        digest = RowDigest()
        kept: list[int] = []
        with (folder / DATA_FILE).open("w", encoding="utf-8", newline="\n") as file:
            file.write("[")
            for sample in gather.samples(ids, progress, "writing samples and images"):
                file.write(",\n" if kept else "\n")
                file.write(json.dumps(record(sample), ensure_ascii=False))
                digest.add_sample(sample)
                kept.append(sample.sample_id)
            file.write("\n]\n")
        gone = np.array(list(gather.dropped), dtype=np.uint64)
        stages = tuple(without(stage, gone) for stage in mixture.stages)
        return Written(np.array(kept, dtype=np.uint64), stages, digest.hexdigest())

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        with (folder / DATA_FILE).open(encoding="utf-8", newline="\n") as file:
            if file.readline() != "[\n":
                raise BadData(f"{folder / DATA_FILE} does not start as a JSON list.", "Export again.")
            for line in file:
                if line == "]\n":
                    return
                row: dict[str, Any] = json.loads(line.removesuffix("\n").removesuffix(","))
                image = row.get("image", [])
                yield RowRead(
                    source=row["source"],
                    original_id=row["id"],
                    turns=tuple((turn["from"], turn["value"]) for turn in row["conversations"]),
                    image_paths=tuple([image] if isinstance(image, str) else image),
                )
        raise BadData(f"{folder / DATA_FILE} ends before its list does.", "Check the disk and export again.")


def record(sample: Sample) -> dict[str, Any]:
    """A sample as LLaVA has it; `image` is a text for one image, a list for several, absent without any."""
    paths = [image.path for image in sample.images]
    image = {} if not paths else {"image": paths[0] if len(paths) == 1 else paths}
    return {
        "id": sample.original_id,
        "source": sample.source,
        **image,
        "conversations": [{"from": role, "value": text} for role, text in sample.turns],
    }
