"""Target `llava-next`: one LLaVA JSON list for each stage, and the YAML by which LLaVA-NeXT mixes files.

Its loader cannot oversample, and its `random` has no seed of its own: repeats are written out, and every file is taken whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import yaml

from core.errors import BadData
from core.mixture.disk import LostFile
from core.mixture.gather import Sample
from core.mixture.lines import LinesWriter, read_list
from core.mixture.llava import record, row_of
from core.mixture.rules import not_alternating, unpaired_marks
from core.mixture.target import Place, Plain, RowRead, Written
from core.tokenizer import IMAGE_TOKEN

MIXTURE_FILE = "mixture.yaml"


class LlavaNext(Plain):
    """LLaVA JSON by stage: its loader drops a leading answer, knows no system turn, counts words and moves images."""

    key: ClassVar[str] = "llava-next"
    title: ClassVar[str] = "LLaVA-NeXT"

    def refuses(self, sample: Sample) -> str | None:
        found = unpaired_marks(sample) or not_alternating(sample, system=False)
        if found is None and any(_moved(role, text) for role, text in sample.turns):
            return "image_inside_text"
        if found is None and not any(text.strip() for _, text in sample.turns):
            return "no_words"
        return found

    def open(self, place: Place, state: dict[str, Any] | None) -> _Stages:
        return _Stages(place, state)

    def finish(self, place: Place, written: Written) -> Written:
        names = [f"stage_{number}" for number in range(1, len(place.mixture.stages) + 1)]
        _write_mixture(place.folder / MIXTURE_FILE, names)
        for name in names:
            _write_mixture(place.folder / f"{name}.yaml", [name])
        return written

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        listed = yaml.safe_load((folder / MIXTURE_FILE).read_text(encoding="utf-8"))
        for entry in listed["datasets"]:
            if entry["sampling_strategy"] != "all":
                raise BadData(f"{MIXTURE_FILE} samples {entry['json_path']} again.", "Export again.")
            for row in read_list(folder / entry["json_path"]):
                yield row_of(row)

    def card(self) -> str:
        return (
            "Paths are relative to this folder, so start LLaVA-NeXT here. `mixture.yaml` takes every stage, `stage_<k>.yaml` "
            "one of them, for training stage by stage:\n\n"
            "```\n--data_path mixture.yaml --image_folder .\n```\n\n"
            "Each file is taken whole (`sampling_strategy: all`): repeats are written out, since this loader cannot oversample."
        )


def _moved(role: str, text: str) -> bool:
    """Whether bringing its mark to the front, as the loader does with a turn's only one, would change what a turn says.

    A question with its image behind all words says the same; an answer does not.
    """
    if text.count(IMAGE_TOKEN) != 1:
        return False
    before, _, after = text.partition(IMAGE_TOKEN)
    return bool(before.strip()) and (role == "gpt" or bool(after.strip()))


class _Stages:
    """A JSON list for each stage, one after the other."""

    def __init__(self, place: Place, state: dict[str, Any] | None) -> None:
        self._folder = place.folder
        self._ends = np.cumsum([len(stage) for stage in place.mixture.stages]).tolist()
        self._stage = state["stage"] if state else 0
        for number in range(self._stage):
            if not self._path(number).is_file():
                raise LostFile(f"{self._path(number)} is gone.")
        self._lines = self._open(state["lines"] if state else None)

    def write(self, sample: Sample) -> None:
        while sample.position >= self._ends[self._stage]:
            self._next()
        self._lines.write(sample)

    def checkpoint(self) -> dict[str, Any]:
        return {"stage": self._stage, "lines": self._lines.checkpoint()}

    def close(self) -> None:
        while self._stage < len(self._ends) - 1:
            self._next()
        self._lines.close()

    def abandon(self) -> None:
        self._lines.abandon()

    def _next(self) -> None:
        self._lines.close()
        self._stage += 1
        self._lines = self._open(None)

    def _open(self, state: dict[str, Any] | None) -> LinesWriter:
        return LinesWriter(self._path(self._stage), record, state, listed=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"stage_{number + 1}.json"


def _write_mixture(path: Path, names: list[str]) -> None:
    entries = [{"json_path": f"{name}.json", "sampling_strategy": "all"} for name in names]
    path.write_text(yaml.safe_dump({"datasets": entries}, sort_keys=False), encoding="utf-8", newline="\n")
