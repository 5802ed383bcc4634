"""Writing a pool: rows as they come (JSON list or JSONL), pictures once per scene, known skills beside them.

Rows are never held in memory all at once, so a pool of a million rows needs no more than its scenes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from sample_data import defects, evaluation
from sample_data.building import drafts, sample
from sample_data.drawing import encode
from sample_data.plan import SourcePlan
from sample_data.records import Family, Sample

Note = Callable[[str], None]


@dataclass(frozen=True)
class Written:
    """What a pool holds."""

    num_samples: int
    num_questions: int
    num_images: int
    num_bytes: int


class Pictures:
    """Draws each scene once, writes each distinct picture once, and answers with paths relative to the pool."""

    def __init__(self, pool_dir: Path, folder: str) -> None:
        self._pool_dir, self._folder = pool_dir, folder
        self._of_scene: dict[int, tuple[str, ...]] = {}
        self._of_bytes: dict[bytes, str] = {}
        (pool_dir / "images" / folder).mkdir(parents=True, exist_ok=True)

    def paths(self, family: Family, scene_index: int, scene: Any) -> tuple[str, ...]:
        if scene_index not in self._of_scene:
            images = family.draw(scene)
            found = []
            for position, image in enumerate(images):
                data, ending = encode(image)
                if data not in self._of_bytes:
                    part = f"-{'abcdefgh'[position]}" if len(images) > 1 else ""
                    path = f"images/{self._folder}/{family.NAME}-{scene_index:04d}{part}.{ending}"
                    (self._pool_dir / path).write_bytes(data)
                    self._of_bytes[data] = path
                found.append(self._of_bytes[data])
            self._of_scene[scene_index] = tuple(found)
        return self._of_scene[scene_index]


@contextmanager
def rows_to(path: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A function that writes one row: into a JSON list, or as a line of JSONL, by the file's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        as_list = path.suffix == ".json"
        count = 0

        def write(row: dict[str, Any]) -> None:
            nonlocal count
            if as_list:
                file.write("[\n" if count == 0 else ",\n")
            file.write(json.dumps(row, ensure_ascii=False) + ("" if as_list else "\n"))
            count += 1

        yield write
        if as_list:
            file.write("\n]\n" if count else "[]\n")


def write_pool(
    pool_dir: Path, plans: tuple[SourcePlan, ...], seed: int, note: Note, with_defects: bool = True
) -> Written:
    """train/, images/, known.jsonl and eval.jsonl under `pool_dir`. The same arguments give the same bytes."""
    count = 0
    twins: dict[str, Sample] = {}
    pool_dir.mkdir(parents=True, exist_ok=True)
    with (pool_dir / "known.jsonl").open("w", encoding="utf-8", newline="\n") as known:
        for plan in plans:
            note(f"{plan.name}: {plan.num_samples} samples over {plan.num_scenes} scenes")
            pictures = Pictures(pool_dir, plan.name)
            with rows_to(pool_dir / "train" / plan.file) as write:
                for draft in drafts(plan, seed):
                    made = sample(
                        plan.name, plan.name, draft, pictures.paths(plan.family, draft.scene_index, draft.scene)
                    )
                    write(made.row())
                    _line(known, made.known())
                    if made.original_id in defects.TWINS:
                        twins[str(made.original_id)] = made
                    count += 1
        if not with_defects:
            note("no planted defects")
        elif len(twins) < len(set(defects.TWINS)):
            note("no planted defects: the pool is too small for the rows they repeat")
        else:
            count += _defects(pool_dir, seed, twins, known)
    num_questions = _questions(pool_dir, seed)
    files = [path for path in sorted(pool_dir.rglob("*")) if path.is_file()]
    images = [path for path in files if path.suffix in (".png", ".jpg")]
    return Written(count, num_questions, len(images), sum(path.stat().st_size for path in files))


def _line(file: TextIO, row: dict[str, Any]) -> None:
    file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _defects(pool_dir: Path, seed: int, twins: dict[str, Sample], known: TextIO) -> int:
    files_of_twins = {path: (pool_dir / path).read_bytes() for twin in twins.values() for path in twin.images}
    planted = defects.plant(seed, twins, files_of_twins)
    (pool_dir / "images" / defects.NAME).mkdir(parents=True, exist_ok=True)
    for path, data in planted.files.items():
        (pool_dir / path).write_bytes(data)
    with rows_to(pool_dir / "train" / defects.FILE) as write:
        for row in planted.rows:
            write(row)
    for made in planted.known:
        _line(known, made.known())
    return len(planted.rows)


def _questions(pool_dir: Path, seed: int) -> int:
    asked = evaluation.questions(seed)
    pictures: dict[str, Pictures] = {}
    with rows_to(pool_dir / "eval.jsonl") as write:
        for question in asked:
            family = question.family
            drawn = pictures.setdefault(family.NAME, Pictures(pool_dir, evaluation.NAME))
            write(question.row(drawn.paths(family, question.scene_index, question.scene)))
    return len(asked)
