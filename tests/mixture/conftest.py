"""A real small workspace: two sources with single-image, multi-image, multi-turn and text-only samples, and their scores."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from core.ingest import IngestSettings, ingest
from core.lens import Lens
from core.mixture.export import export
from core.mixture.mixture import resolve
from core.mixture.recipe import Recipe, recipe_from_dict
from core.mixture.targets import TARGETS
from core.store import evidence
from core.vocabulary import CAPABILITY_KEYS, STYLES
from core.workspace import Workspace

NUM = {"shapes": 60, "a/b 字": 20}


def turns(*texts: str) -> list[dict[str, str]]:
    return [{"from": "gpt" if index % 2 else "human", "value": text} for index, text in enumerate(texts)]


def records(folder: Path, source: str, num: int) -> list[dict[str, Any]]:
    """Every fifth sample has two images, every seventh none, every third two turns; images repeat across samples."""
    rng = np.random.default_rng(len(source))
    rows = []
    for index in range(num):
        pictures = 0 if index % 7 == 0 else 2 if index % 5 == 0 else 1
        paths = []
        for number in range(pictures):
            name = f"{source.replace('/', '-')}/{index // 2 * 2 + number}.{'jpg' if index % 3 else 'png'}"
            path = folder / "images" / name
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                size = tuple(int(side) for side in rng.integers(20, 90, 2))
                Image.new("RGB", size, tuple(int(c) for c in rng.integers(0, 255, 3))).save(path)
            paths.append(f"images/{name}")
        row: dict[str, Any] = {"id": f"{index}" if index % 2 else index}
        if paths:
            row["image"] = paths[0] if len(paths) == 1 else paths
        marks = "<image>\n" * pictures
        row["conversations"] = turns(f"{marks}Was ist № {index}? “{source}”\u2028\\n", f"Es ist {index}.")
        if index % 3 == 0:
            row["conversations"] += turns("And then?", "Nothing\nmore.")
        rows.append(row)
    return rows


def add_evidence(workspace: Workspace) -> None:
    """Random scores, styles, tags and token counts, as producers would write them."""
    samples = workspace.store.read("samples", ["sample_id", "content_hash"]).sort_by("sample_id")
    num, rng = samples.num_rows, np.random.default_rng(3)
    key = {name: samples[name] for name in samples.column_names}
    scores = {
        name: pa.array(rng.integers(0, 251, num).astype(np.uint8), mask=rng.random(num) < 0.1)
        for name in CAPABILITY_KEYS
    }
    styles = [[STYLES[int(i)] for i in np.flatnonzero(rng.random(9) < 0.2)] for _ in range(num)]
    tags = [[["Coarse Perception > Image Scene > Indoor", "Logic Reasoning"][int(rng.integers(2))]] for _ in range(num)]
    tokens = pa.array(rng.integers(5, 60, num).astype(np.int32))
    for kind, columns in (
        ("scores", scores),
        ("styles", {"styles": styles}),
        ("instruction_tags", {"tags": tags}),
        ("tokens", {"num_text_tokens": tokens}),
    ):
        evidence.write(workspace.store, evidence.producer(kind, "rules", "1"), pa.table({**key, **columns}))


Build = Callable[..., Lens]


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two LLaVA files and their images."""
    folder = tmp_path_factory.mktemp("data")
    for source, num in NUM.items():
        path = folder / f"{source.replace('/', '-')}.json"
        path.write_text(json.dumps(records(folder, source, num), ensure_ascii=False), encoding="utf-8")
    return folder


def build(path: Path, data: Path, images: str = "copy", root: Path | None = None) -> Lens:
    """A workspace at `path` with both sources and their evidence."""
    workspace = Workspace.create(path)
    for source in NUM:
        ingest(
            workspace,
            IngestSettings(
                paths=(data / f"{source.replace('/', '-')}.json",),
                source=source,
                image_root=root or data,
                images=images,
                licence="CC0",
                revision="r1",
            ),
        )
    add_evidence(workspace)
    return Lens(workspace)


@pytest.fixture(scope="session")
def lens(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Lens:
    """The workspace most tests share; none of them changes it."""
    return build(tmp_path_factory.mktemp("shared") / "ws", data_dir)


def two_stages() -> Recipe:
    """All samples, then one and a half times all samples."""
    return recipe_from_dict(
        {
            "winnow_recipe": 1,
            "name": "small",
            "selections": {"all": {"method": "random", "budget": {"percent": 100}}},
            "stages": [
                {"name": "one", "parts": [{"selection": "all"}]},
                {"name": "two", "parts": [{"selection": "all", "repeat": 1.5}], "shuffle_seed": 1},
            ],
        }
    )


@pytest.fixture(scope="session")
def folders(lens: Lens, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An export of `two_stages` to each target, in small shards; who changes one copies it first."""
    top, mixture = tmp_path_factory.mktemp("targets"), resolve(two_stages(), lens)
    return {name: export(mixture, lens, name, top / name, shard_bytes=20_000).path for name in TARGETS}
