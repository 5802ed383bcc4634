"""What an ingest is asked to do and what it reports.

The command line, the page and Python all build the same frozen value.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.errors import BadInput
from core.store.ids import source_name


class IngestSettings(BaseModel):
    """One data set to read: where it lies, what it is called, what to do with its images."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paths: tuple[Path, ...] = Field(min_length=1, description="LLaVA .json or .jsonl files, or folders of them.")
    source: str = Field("", description="Name of the data set; empty takes each file's name without its ending.")
    source_from: str = Field(
        "", description="Field of the records that names the data set; empty takes the file's name."
    )
    image_root: Path | None = Field(None, description="Folder image paths start from; none looks for it near the data.")
    images: Literal["copy", "reference"] = Field("copy", description="Keep the images' bytes, or only path and hash.")
    update: bool = Field(False, description="Replace known samples whose content has changed, and verify their images.")
    licence: str | None = Field(None, description="Licence of the data set; none keeps what was stated before.")
    revision: str | None = Field(None, description="Revision of the data set; none keeps what was stated before.")
    category: str | None = Field(None, description="Category of the data set; none keeps what was stated before.")
    limit: int | None = Field(
        None, ge=1, description="Take only the first so many records of each file; none takes all."
    )
    dry_run: bool = Field(False, description="Read and check everything, write nothing.")
    max_megapixels: float = Field(
        89.0,
        gt=0,
        le=178,
        description="Largest picture that is decoded, in millions of pixels; larger ones are set aside.",
    )

    @field_validator("source")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        return source_name(value) if value else value

    @model_validator(mode="after")
    def _one_origin_of_names(self) -> Self:
        if self.source and self.source_from:
            raise BadInput(
                "A source by name and one by field exclude each other.", "Give --source or --source-from, not both."
            )
        return self


class IngestReport(BaseModel):
    """What an ingest did. ingested + already_known + changed + all of quarantined = num_records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ingested: int = Field(description="Samples that are new.")
    quarantined: dict[str, int] = Field(description="Records set aside, by reason, most frequent first.")
    already_known: int = Field(description="Records whose sample stood in the workspace with the same content.")
    changed: int = Field(description="Records whose sample stood in the workspace with other content.")
    replaced: int = Field(description="Changed samples that were replaced, which only --update does.")
    source: str | list[str] = Field(description="Name of the source, or a list of names when there are several.")
    num_records: int = Field(description="Records read.")
    num_images: int = Field(description="Different images written.")
    image_bytes: int = Field(description="Bytes of the image files written or referenced.")
    data_bytes: int = Field(description="Bytes of the data files read.")
    files: list[str] = Field(description="Data files read, in order.")
    image_root: str = Field(description="Folder image paths were taken from.")
    images: str = Field(description="copy or reference.")
    dry_run: bool = Field(description="Nothing was written.")
    seconds: float = Field(description="Wall time.")

    def to_json(self) -> dict[str, Any]:
        """What `winnow ingest --json` prints."""
        return self.model_dump(mode="json")
