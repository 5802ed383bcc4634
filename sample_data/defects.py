"""Planted defects: an own small source whose rows are wrong in documented ways, for cleaning and quarantine to find.

`DEFECTS` is the list of record: id, kind, its twin, what a careful ingest says. README.md repeats it for readers.
"""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image, ImageEnhance

from sample_data.building import Draft, Rotation, conversation, make_scene, sample
from sample_data.drawing import encode
from sample_data.plan import COMMITTED
from sample_data.records import Sample

NAME = "defects"
FILE = "defects.json"


@dataclass(frozen=True)
class Defect:
    """`reason` is the ingest's reason for setting the row aside; empty when the row is taken and cleaning must find it."""

    id: str
    kind: str
    twin: str = ""
    reason: str = ""


DEFECTS: tuple[Defect, ...] = (
    Defect("defects-002", "exact duplicate inside the source", "defects-001"),
    Defect("defects-003", "exact duplicate of a row of another source", "charts-0000"),
    Defect("defects-004", "exact duplicate of a row of another source", "scenes-0000"),
    Defect("defects-005", "near duplicate: picture encoded again, slightly brighter", "defects-001"),
    Defect(
        "defects-006", "near duplicate: picture cropped by two pixels, question with other white space", "receipts-0001"
    ),
    Defect("defects-007", "a picture, but no <image> mark", reason="image_count"),
    Defect("defects-008", "two <image> marks, one picture", reason="image_count"),
    Defect("defects-009", "picture file cut off in the middle", reason="image_truncated"),
    Defect("defects-010", "picture file missing", reason="image_missing"),
    Defect("defects-011", "an empty answer", reason="empty_turn"),
    Defect("defects-012", "an id used twice, for two different rows"),
)
TWINS = tuple(defect.twin for defect in DEFECTS if defect.twin and not defect.twin.startswith(NAME))
# The family of each sound row and of each row that is then damaged, by its id.
_OWN = {
    "defects-001": "shapes", "defects-007": "charts", "defects-008": "maps", "defects-009": "tables",
    "defects-010": "geometry",
    "defects-011": "shapes", "defects-012": "code", "defects-012#2": "tables",
}  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """Rows as they are written, picture files by path, and the samples whose answers and skills are known."""

    rows: tuple[dict[str, Any], ...]
    files: Mapping[str, bytes]
    known: tuple[Sample, ...]


def plant(seed: int, twins: Mapping[str, Sample], files_of_twins: Mapping[str, bytes]) -> Planted:
    """`twins` are samples of other sources by original id, `files_of_twins` their pictures by path."""
    files: dict[str, bytes] = {}
    own: dict[str, Sample] = {}
    for index, (name, family_name) in enumerate(_OWN.items()):
        plan = replace(next(plan for plan in COMMITTED if plan.name == family_name), multi_turn_share=0.0)
        scene = make_scene(plan.family, 1, seed, NAME, index, set())
        turns = conversation(
            plan, scene, random.Random(f"{seed}/{NAME}/{index}"), Rotation(plan.family.SCHEDULE), set()
        )
        data, ending = encode(plan.family.draw(scene)[0])
        path = f"images/{NAME}/{name.replace('#', '-')}.{ending}"
        files[path] = data
        own[name] = sample(NAME, family_name, Draft(index, scene, turns, name.split("#")[0], False), (path,))
    clean = own["defects-001"]
    rows = [clean.row(), {**clean.row(), "id": "defects-002"}]
    known = [clean, replace(clean, original_id="defects-002")]

    for name in ("defects-003", "defects-004"):
        twin = twins[_twin(name)]
        rows.append({**twin.row(), "id": name})
        known.append(replace(twin, source=NAME, original_id=name))

    path = f"images/{NAME}/defects-005.jpg"
    files[path] = _again(files[clean.images[0]], crop=0)
    rows.append({**clean.row(), "id": "defects-005", "image": path})
    known.append(replace(clean, original_id="defects-005", images=(path,)))

    twin = twins[_twin("defects-006")]
    path = f"images/{NAME}/defects-006.jpg"
    files[path] = _again(files_of_twins[twin.images[0]], crop=2)
    first, *rest = twin.row()["conversations"]
    rows.append(
        {
            "id": "defects-006",
            "image": path,
            "conversations": [{**first, "value": first["value"].replace(" ", "  ", 1) + " "}, *rest],
        }
    )
    known.append(replace(twin, source=NAME, original_id="defects-006", images=(path,)))

    damaged = {name: own[name].row() for name in _OWN if name != "defects-001"}
    spoken = damaged["defects-007"]["conversations"]
    spoken[0]["value"] = spoken[0]["value"].replace("<image>", "").strip()
    spoken = damaged["defects-008"]["conversations"]
    spoken[0]["value"] = "<image>\n" + spoken[0]["value"]
    path = damaged["defects-009"]["image"]
    files[path] = files[path][: len(files[path]) // 2]
    del files[damaged["defects-010"]["image"]]
    damaged["defects-011"]["conversations"][-1]["value"] = ""
    rows.extend(damaged.values())
    known += [own["defects-012"], replace(own["defects-012#2"], original_id="defects-012#2")]
    return Planted(tuple(rows), files, tuple(known))


def _twin(name: str) -> str:
    return next(defect.twin for defect in DEFECTS if defect.id == name)


def _again(data: bytes, crop: int) -> bytes:
    """The same picture for an eye, other bytes for a hash."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image = image.crop((crop, crop, image.width - crop, image.height - crop))
    image = ImageEnhance.Brightness(image).enhance(1.02)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=70)
    return buffer.getvalue()
