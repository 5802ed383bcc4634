"""The columns of every Lance table, one sentence each.

A key column is non-null and marked as an unenforced primary key: without that mark two concurrent merges of the same rows
double them silently (measured).
"""

from __future__ import annotations

import pyarrow as pa

from core.vocabulary import CAPABILITY_KEYS

_KEY = {"lance-schema:unenforced-primary-key": "true"}


def _field(name: str, kind: pa.DataType, says: str, *, key: bool = False, required: bool = False) -> pa.Field:
    metadata = {"description": says, **(_KEY if key else {})}
    return pa.field(name, kind, nullable=not (key or required), metadata=metadata)


TURN = pa.struct([pa.field("role", pa.string()), pa.field("text", pa.string())])
"""One turn: role is human, gpt or system; text is verbatim."""

SAMPLES = pa.schema(
    [
        _field("sample_id", pa.uint64(), "BLAKE2b-8 of source and original id.", key=True),
        _field("source", pa.string(), "Name of the data set it came from.", required=True),
        _field("original_id", pa.string(), "Its id in that data set.", required=True),
        _field("content_hash", pa.string(), "BLAKE2b-16 of the turns and the image keys.", required=True),
        _field("conversations", pa.list_(TURN), "The turns in order, text verbatim."),
        _field("question", pa.string(), "The first human turn without image marks."),
        _field("text", pa.string(), "All turns joined, for full-text search."),
        _field("image_keys", pa.list_(pa.string()), "Keys into the images table, in order of appearance."),
        _field("num_images", pa.int32(), "Number of images."),
        _field("num_turns", pa.int32(), "Number of human/gpt pairs."),
        _field("num_chars", pa.int32(), "Characters over all turns, image marks left out."),
        _field("width_px", pa.int32(), "Width of the first image after EXIF rotation, null without an image."),
        _field("height_px", pa.int32(), "Height of the first image after EXIF rotation, null without an image."),
        _field("ingest_row", pa.int64(), "Its row in the source's files, counted over all of them."),
        _field("extra", pa.string(), "Further fields of the record as JSON, null without any."),
    ]
)

IMAGES = pa.schema(
    [
        _field("image_key", pa.string(), "BLAKE2b-16 of the file's bytes as 32 hex digits.", key=True),
        _field("bytes", pa.large_binary(), "The file's bytes as given; null when only referenced."),
        _field("kept", pa.bool_(), "Whether the bytes are here; asking the column itself would read them all."),
        _field("thumbnail", pa.binary(), "A JPEG of at most 256 px a side."),
        _field("width_px", pa.int32(), "Width after EXIF rotation."),
        _field("height_px", pa.int32(), "Height after EXIF rotation."),
        _field("format", pa.string(), "The decoder's name of the format, such as PNG."),
        _field("origin_path", pa.string(), "Where the file was read."),
        _field("size_bytes", pa.int64(), "Size of the file."),
        _field("mtime_ns", pa.int64(), "Modification time of the file when read."),
    ]
)

SOURCES = pa.schema(
    [
        _field("source", pa.string(), "Name of the data set.", key=True),
        _field("format", pa.string(), "Format it was read as."),
        _field("licence", pa.string(), "Licence as the curator stated it, null when unknown."),
        _field("revision", pa.string(), "Revision as the curator stated it."),
        _field("category", pa.string(), "Category as the curator stated it."),
        _field("paths", pa.list_(pa.string()), "Files it was read from."),
        _field("file_sha256", pa.list_(pa.string()), "sha256 of each of these files."),
        _field("sha256", pa.string(), "sha256 over the sha256 of each file, in order."),
        _field("image_root", pa.string(), "Folder image paths are relative to."),
        _field("images", pa.string(), "copy or reference."),
        _field("source_from", pa.string(), "Field of the records that named it, null when a file or a person did."),
        _field("ingested_at", pa.string(), "UTC time of the last ingest that changed this row."),
    ]
)

QUARANTINE = pa.schema(
    [
        _field("quarantine_id", pa.string(), "Digest of source, file, row and reason.", key=True),
        _field("source", pa.string(), "Name of the data set."),
        _field("file", pa.string(), "File the record stands in."),
        _field("row", pa.int64(), "0-based row in that file."),
        _field("reason", pa.string(), "Short reason, counted on screen."),
        _field("detail", pa.string(), "What exactly is wrong, with the value."),
        _field("raw", pa.string(), "The record as it was read, cut at 20,000 characters."),
        _field("ingest", pa.string(), "The ingest that last found it so."),
    ]
)

TABLES = {"samples": SAMPLES, "images": IMAGES, "sources": SOURCES, "quarantine": QUARANTINE}


def _evidence(*columns: pa.Field) -> pa.Schema:
    return pa.schema(
        [
            _field("sample_id", pa.uint64(), "The sample this is said about.", key=True),
            _field("content_hash", pa.string(), "The content it was said about.", required=True),
            *columns,
        ]
    )


EVIDENCE = {
    "scores": _evidence(
        *(
            _field(key, pa.uint8(), f"Stored score for {key}: fiftieths, null when not scored.")
            for key in CAPABILITY_KEYS
        )
    ),
    "styles": _evidence(_field("styles", pa.list_(pa.string()), "Interaction styles; empty when it has none.")),
    "instruction_tags": _evidence(_field("tags", pa.list_(pa.string()), "Paths in the instruction-tag tree.")),
    "image_tags": _evidence(_field("tags", pa.list_(pa.string()), "What the picture shows.")),
    "tokens": _evidence(_field("num_text_tokens", pa.int32(), "Text tokens, image tokens left out.")),
    "clusters": _evidence(_field("cluster", pa.int32(), "Cluster of the embedding.")),
    "map": _evidence(
        _field("x", pa.float32(), "Horizontal place on the map."),
        _field("y", pa.float32(), "Vertical place on the map."),
    ),
    "flags": _evidence(_field("flags", pa.list_(pa.string()), "Reasons for caution.")),
    "numbers": _evidence(_field("value", pa.float64(), "A number made elsewhere; the producer is the column's name.")),
}
"""Columns per kind of evidence; `embedding` is made by `embedding_schema`, since its width is the producer's."""


def embedding_schema(num_dimensions: int) -> pa.Schema:
    """Columns of an embedding: vector is [D] float16 of unit length."""
    vector = pa.list_(pa.float16(), num_dimensions)
    return _evidence(_field("vector", vector, "Unit-length vector."))
