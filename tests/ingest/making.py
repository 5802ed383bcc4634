"""Small data sets on disk for the tests of ingest: pictures, records, files."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from core.ingest import IngestReport, IngestSettings, ingest
from core.workspace import Workspace


def picture(colour: int = 0, size: tuple[int, int] = (20, 10), kind: str = "PNG", **options: Any) -> bytes:
    """The bytes of a plain picture; different colours give different bytes."""
    out = io.BytesIO()
    Image.new("RGB", size, (colour % 256, colour // 256 % 256, 7)).save(out, kind, **options)
    return out.getvalue()


def record(number: int = 0, **fields: Any) -> dict[str, Any]:
    """A sound record about images/<number>.png; fields replace or add, None takes one away."""
    base: dict[str, Any] = {
        "id": f"r{number}",
        "image": f"images/{number}.png",
        "conversations": [
            {"from": "human", "value": f"<image>\nWhat is shown in picture {number}?"},
            {"from": "gpt", "value": f"Colour {number}."},
        ],
    }
    return {name: value for name, value in {**base, **fields}.items() if value is not None}


def text_only(number: int = 0, **fields: Any) -> dict[str, Any]:
    turns = [{"from": "human", "value": f"How many is {number}?"}, {"from": "gpt", "value": str(number)}]
    return record(number, image=None, conversations=turns, **fields)


def data_set(folder: Path, records: list[Any], name: str = "shop.json", num_pictures: int = 0) -> Path:
    """A folder with a data file and pictures 0.png to num_pictures-1; gives the file."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for number in range(num_pictures):
        (folder / "images" / f"{number}.png").write_bytes(picture(number))
    path = folder / name
    if name.endswith(".jsonl"):
        path.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in records), encoding="utf-8")
    else:
        path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return path


def read_in(workspace: Workspace | None, path: Path, **settings: Any) -> IngestReport:
    return ingest(workspace, IngestSettings(paths=(path,), **settings))


def original_ids(workspace: Workspace) -> list[str]:
    """Original ids in the order they were read."""
    table = workspace.store.read("samples", ["original_id", "ingest_row"])
    return [
        name for _, name in sorted(zip(table["ingest_row"].to_pylist(), table["original_id"].to_pylist(), strict=True))
    ]


def everything(workspace: Workspace) -> dict[str, list[dict[str, Any]]]:
    """All rows of the fixed tables, in key order, without what depends on when they were written."""
    fixed: dict[str, list[dict[str, Any]]] = {}
    for name, key in (
        ("samples", "sample_id"),
        ("images", "image_key"),
        ("sources", "source"),
        ("quarantine", "quarantine_id"),
    ):
        rows = workspace.store.read(name).sort_by(key).to_pylist()
        fixed[name] = [{field: row[field] for field in row if field not in ("ingested_at", "ingest")} for row in rows]
    return fixed
