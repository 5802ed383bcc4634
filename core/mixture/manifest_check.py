"""A manifest by itself: whether it is one, and what in it does not follow from the rest of it or from the card beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core import __version__
from core.errors import StudioError
from core.mixture import card
from core.mixture.manifest import digest_in
from core.mixture.recipe import recipe_from_dict

_Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    """What is read of a manifest; further keys are the digest's to watch."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)


class _File(_Part):
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: _Count


class _Source(_Part):
    source: str
    licence: str | None
    revision: str | None


class _Counts(_Part):
    num_samples: _Count
    source: dict[str, _Count]
    style: dict[str, _Count]
    capability: dict[str, _Count]
    tag: dict[str, dict[str, _Count]]


class _StageCount(_Part):
    before: _Count
    after: _Count


class _AllCounts(_Part):
    before: _Counts
    after: _Counts
    stages: dict[str, _StageCount]


class _Dropped(_Part):
    sample_id: str
    reason: str


class _ImageChecks(_Part):
    num_files: _Count
    num_bytes: _Count
    by_content: _Count
    by_size_and_date: _Count
    missing_or_changed: _Count


class _Tokens(_Part):
    text: _Count
    image: _Count


class _RoundTrip(_Part):
    ok: bool
    num_rows: _Count
    num_images: _Count
    rows_blake2b: str


class _Manifest(_Part):
    winnow_manifest: int
    digest: str
    target: str
    images: Literal["copy", "link", "reference", "embedded", "none"]
    code_version: str
    fingerprint: str
    name: str
    recipe_hash: str
    recipe: dict[str, Any]
    snapshot: str
    sources: list[_Source]
    num_rows: _Count
    num_samples: _Count
    num_images: _Count
    counts: _AllCounts
    dropped: dict[str, _Count]
    dropped_samples: list[_Dropped]
    image_checks: _ImageChecks
    tokens: _Tokens
    ids_sha256: str
    round_trip: _RoundTrip
    notes: list[str]
    files: dict[str, _File]


def misshapen(record: Mapping[str, Any]) -> str | None:
    """What keeps values from being a manifest, in words; None when they are one."""
    try:
        _Manifest.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(piece) for piece in first['loc'])}: {first['msg']}"
    outside = next((path for path in record["files"] if not is_inside(path)), None)
    return None if outside is None else f"files: {outside!r} is no path inside the export"


def is_inside(path: str) -> bool:
    """Whether a path names a place inside the export, by its words alone."""
    pieces = path.split("/")
    return not PurePosixPath(path).is_absolute() and not {"", ".", ".."} & set(pieces) and "\0" not in path


def contradictions(record: Mapping[str, Any], how_to_load: str, readme: bytes | None) -> Iterator[str]:
    """What a manifest says that does not follow from the rest of it.

    readme: the data card, None when it is not what was written itself. The card of another version may have other words.
    """
    try:
        if digest_in(record) != record["digest"]:
            yield "it has been changed: its digest is another"
    except ValueError:  # half a character, which no export writes
        yield "it has been changed: it cannot be written as text"
    try:
        recipe = recipe_from_dict(record["recipe"], "its recipe")
    except StudioError as error:
        yield f"its recipe cannot be read ({error.problem})"
    except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
        yield f"its recipe cannot be read ({error})"
    else:
        if recipe.content_hash() != record["recipe_hash"]:
            yield "its recipe is not the one its recipe_hash is of"
        if recipe.name != record["name"]:
            yield f"its name is {record['name']!r}, and its recipe's {recipe.name!r}"
    yield from _counts(record)
    if readme is not None and record["code_version"] == __version__:
        said = card.text(record, how_to_load).encode("utf-8", "surrogatepass")
        if said != readme:
            yield f"it says other things than {card.CARD_FILE}"


def _counts(record: Mapping[str, Any]) -> Iterator[str]:
    """Numbers that stand in two places."""
    num_rows, num_samples = record["num_rows"], record["num_samples"]
    after, stages = record["counts"]["after"], record["counts"]["stages"]
    if not num_samples == after["num_samples"] == sum(after["source"].values()):
        yield "its numbers of samples differ"
    in_stages = sum(stage["after"] for stage in stages.values())
    if num_rows not in (in_stages, num_samples):  # some formats have each sample once, however often it is trained on
        yield f"its stages have {in_stages:,} rows, and it {num_rows:,}"
    if any(stage["after"] > stage["before"] for stage in stages.values()):
        yield "a stage has more rows after samples were left out than before"
    if record["round_trip"]["num_rows"] != num_rows or record["round_trip"]["num_images"] != record["num_images"]:
        yield "its round trip was of another number of rows or images"
    if Counter(one["reason"] for one in record["dropped_samples"]) != Counter(record["dropped"]):
        yield "its counts of samples left out are not those of the samples it names"
