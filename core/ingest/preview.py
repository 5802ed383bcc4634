"""What an ingest would make of the first records: files, image root, which field becomes what, the records or why not.

Reads a few records and their images; writes nothing.
"""

from __future__ import annotations

from itertools import islice

from pydantic import BaseModel, ConfigDict, Field

from core.ingest import images
from core.ingest.files import DataFile, data_files, find_image_root
from core.ingest.identity import key_of
from core.ingest.images import ImageRoot
from core.ingest.reader import RawRecord, read_records
from core.ingest.reasons import Rejected
from core.ingest.records import draft, fields, image_field
from core.ingest.settings import IngestSettings


class PreviewFile(BaseModel):
    """A data file and the source it becomes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    layout: str
    source: str = Field(description="Empty when the records name it themselves.")
    size_bytes: int


class PreviewRecord(BaseModel):
    """One of the first records, as it would be taken, or the reason why it would not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: int
    source: str
    original_id: str
    turns: list[tuple[str, str]] = Field(description="(role, text) in order.")
    images: list[str] = Field(description="Full paths of its images.")
    extra: str | None = Field(description="Further fields as JSON.")
    reason: str = Field(description="Why it would go to quarantine; empty when it would be taken.")
    detail: str


class Preview(BaseModel):
    """What an ingest would do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: list[PreviewFile]
    image_root: str
    mapping: dict[str, str] = Field(description="Field of the records to what it becomes.")
    records: list[PreviewRecord]


def preview(settings: IngestSettings, num_records: int = 5) -> Preview:
    """The first records of the first file through the same checks as an ingest; ids are as written, without `#k`."""
    files = data_files(settings)
    root = ImageRoot(find_image_root(settings, files))
    first = list(islice(read_records(files[0].path, files[0].layout), num_records))
    return Preview(
        files=[
            PreviewFile(path=str(file.path), layout=file.layout, source=file.source, size_bytes=file.size_bytes)
            for file in files
        ],
        image_root=str(root.path),
        mapping=_mapping(first, settings),
        records=[_record(record, files[0], settings, root) for record in first],
    )


def _mapping(records: list[RawRecord], settings: IngestSettings) -> dict[str, str]:
    becomes: dict[str, str] = {}
    for record in records:
        if not isinstance(record.value, dict):
            continue
        shown = image_field(record.value)
        for name in record.value:
            meaning = (
                "images"
                if name == shown
                else {"id": "original id", "conversations": "turns"}.get(name, "kept as it is")
            )
            becomes[name] = f"source, and {meaning}" if name == settings.source_from else meaning
    return becomes


def _record(record: RawRecord, file: DataFile, settings: IngestSettings, root: ImageRoot) -> PreviewRecord:
    source, original, reason, detail = file.source, "", "", ""
    turns: list[tuple[str, str]] = []
    paths: list[str] = []
    extra = None
    try:
        source, original = key_of(record, file, settings)
        content = draft(fields(record))
        turns, extra = list(content.turns), content.extra
        for text in content.image_paths:
            path = root.find(text)
            images.decode(images.read(path).data, text, settings.max_megapixels * 1e6)
            paths.append(str(path))
    except Rejected as rejected:
        reason, detail = rejected.reason, rejected.detail
    return PreviewRecord(
        row=record.row,
        source=source,
        original_id=original,
        turns=turns,
        images=paths,
        extra=extra,
        reason=reason,
        detail=detail,
    )
