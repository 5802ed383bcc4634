"""The recipe: which selections train a model in which stages, as frozen values with one YAML form.

This module needs pydantic and PyYAML only, because a training process reads its recipe where nothing else is installed.
An unknown or doubled key is an error that names its path and the keys that are known there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from core.errors import BadInput, NewerFormat
from core.mixture.strict_yaml import plain_values, yaml_of, yaml_text
from core.select.constraints import Constraints

FORMAT = 1
MODULES = ("vision", "projector", "language")
"""The parts of a model a stage may train."""

Module = Literal["vision", "projector", "language"]
_NAME = r"^\w[\w ._-]*$"  # becomes part of a file's name
_SHA256 = r"^([0-9a-f]{64})?$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceEntry(_Part):
    """A source the recipe relies on; what is filled in here must be so in the workspace."""

    name: str = Field(description="Name of the source in the workspace.")
    revision: str = Field("", description="Its revision; empty accepts any.")
    licence: str = Field("", description="Its licence as the curator stated it.")
    sha256: str = Field("", pattern=_SHA256, description="sha256 over the files it was read from; empty accepts any.")


class _Amount(_Part):
    """What is given in one of several ways, and written in that one alone."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self._the_one_given()) != 1:
            raise ValueError("give exactly one of samples, percent and tokens")
        return self

    @model_serializer
    def _the_one_given(self) -> dict[str, Any]:
        return {key: value for key in type(self).model_fields if (value := getattr(self, key)) is not None}


class BudgetEntry(_Amount):
    """How much a selection may hold; exactly one of the three."""

    samples: int | None = Field(None, ge=1, description="A number of samples.")
    percent: Decimal | None = Field(None, gt=0, le=100, description="A share of the pool in percent, exact decimals.")
    tokens: int | None = Field(None, ge=1, description="A number of text tokens.")


class SelectionByMethod(_Part):
    """A selection that is computed: filter the workspace, order by a method, cut at a budget."""

    where: str = Field("", description="Condition over the pool's columns, such as `ocr >= 3`; empty keeps everything.")
    method: str = Field(description="Name of the method, such as mmssr.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of the method; see its help.")
    seed: int = Field(0, description="Decides ties, and the draw of a random method.")
    budget: BudgetEntry = Field(description="How much is kept: samples, percent or tokens.")
    constraints: Constraints = Field(Constraints(), description="What must, may and may not be kept; absent for none.")

    @model_serializer(mode="wrap")
    def _constraints_where_there_are_any(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain: dict[str, Any] = whole(self)
        if self.constraints.is_empty:
            del plain["constraints"]  # a recipe without any reads, and is hashed, as it always was
        return plain

    @field_validator("settings")
    @classmethod
    def _plain_settings(cls, settings: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(settings, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise ValueError("settings hold text, finite numbers, yes or no, lists and maps of these only") from None
        return settings


class SelectionFromFile(_Part):
    """A selection that was saved: a Parquet file with the columns rank and sample_id, as `winnow select` writes it."""

    file: str = Field(
        min_length=1, description="Path of the file: absolute, from the recipe's folder, or the workspace."
    )
    sha256: str = Field("", pattern=_SHA256, description="What the file must hash to; empty accepts any content.")


def _kind(value: Any) -> str:
    from_file = "file" in value if isinstance(value, Mapping) else isinstance(value, SelectionFromFile)
    return "file" if from_file else "method"


SelectionEntry = Annotated[
    Annotated[SelectionByMethod, Tag("method")] | Annotated[SelectionFromFile, Tag("file")], Discriminator(_kind)
]


class Towers(_Part):
    """Where the two pretrained parts come from; unused by presets with random weights."""

    vision: str = Field("", description="Vision tower: a hub id or a folder; empty takes the preset's.")
    language: str = Field("", description="Language model: a hub id or a folder; empty takes the preset's.")


class ModelEntry(_Part):
    """The model that is trained."""

    preset: str = Field("tiny", description="Size and architecture: tiny, or aquila-vl-2b.")
    towers: Towers = Field(Towers(), description="Other towers than the preset's.")
    tokenizer: str = Field("", description="A folder or hub id; empty takes the preset's, or learns one for tiny.")


class CapEntry(_Amount):
    """A limit on how much of a selection is used; exactly one of the three."""

    samples: int | None = Field(None, ge=1, description="A number of samples.")
    percent: Decimal | None = Field(
        None, gt=0, le=100, description="A share of the selection in percent, exact decimals."
    )
    tokens: int | None = Field(None, ge=1, description="A number of text tokens.")


class PartEntry(_Part):
    """A selection's share in a stage."""

    selection: str = Field(description="Key of one of the recipe's selections.")
    repeat: float = Field(
        1.0, gt=0, le=1000, description="Copies: 2.5 is two whole ones and the better half of a third."
    )
    cap: CapEntry | None = Field(
        None, description="Most of the selection that is used: its best ones, before repeats; absent for all of it."
    )
    cap_per_source: CapEntry | None = Field(
        None, description="Most that each source gives, its best ones, before `cap` and repeats; absent for no limit."
    )

    @model_serializer(mode="wrap")
    def _caps_where_there_are_any(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain: dict[str, Any] = whole(self)
        for name in ("cap", "cap_per_source"):
            if plain.get(name) is None:
                plain.pop(name, None)  # a recipe without any reads, and is hashed, as it always was
        return plain


class Resolution(_Part):
    """How pictures are shown to the model in a stage."""

    mode: Literal["square", "anyres"] = Field(
        "square", description="square: one padded tile per picture. anyres: an overview and a grid of tiles."
    )
    px: int = Field(384, ge=28, le=1024, description="Side of a tile in pixels; the vision tower's own.")
    max_tiles: int = Field(1, ge=1, le=36, description="Most tiles of the grid, the overview not counted.")

    @model_validator(mode="after")
    def _square_is_one_tile(self) -> Resolution:
        if self.mode == "square" and self.max_tiles != 1:
            raise ValueError("a square picture is one tile: set max_tiles to 1 or mode to anyres")
        return self


class Stage(_Part):
    """One step of progressive training: its data, its resolution, what trains and how fast."""

    name: str = Field(pattern=_NAME, max_length=60, description="Name of the stage, unlike the others'.")
    parts: tuple[PartEntry, ...] = Field((), description="The selections it trains on, with their repeats.")
    shuffle_seed: int = Field(0, description="Decides the training order.")
    resolution: Resolution = Field(Resolution(), description="How pictures are shown.")
    trainable: tuple[Module, ...] = Field(("projector",), min_length=1, description="Parts of the model that train.")
    lr: dict[Module, Annotated[float, Field(gt=0, le=1)]] = Field(
        {"projector": 1e-3}, description="Highest learning rate of each part that trains."
    )
    tokens_per_step: int = Field(8192, ge=1, description="Tokens of one optimizer step, over all devices.")
    epochs: float = Field(1, gt=0, le=1000, description="How often the stage's data is seen.")
    warmup_share: float = Field(0.03, ge=0, le=1, description="Share of the steps in which the rate rises.")

    @model_validator(mode="after")
    def _a_rate_for_what_trains(self) -> Stage:
        if len(set(self.trainable)) != len(self.trainable):
            raise ValueError("trainable names a part twice")
        for module in self.trainable:
            if module not in self.lr:
                raise ValueError(f"lr has no rate for {module}, which trains")
        for module in self.lr:
            if module not in self.trainable:
                raise ValueError(f"lr has a rate for {module}, which does not train")
        return self


class Recipe(_Part):
    """Selections assigned to stages, with everything needed to make the same training data again."""

    winnow_recipe: Literal[1] = Field(1, description="Format of the recipe.")
    name: str = Field(pattern=_NAME, max_length=100, description="What the mixture is called.")
    snapshot: str = Field(
        "", description="Digest of the workspace's tables it was frozen at; empty takes them as they are."
    )
    sources: tuple[SourceEntry, ...] = Field((), description="The sources it relies on, as they were.")
    selections: dict[str, SelectionEntry] = Field(min_length=1, description="Selections by key.")
    model: ModelEntry = Field(ModelEntry(), description="The model that is trained.")
    stages: tuple[Stage, ...] = Field(min_length=1, description="Stages in training order.")

    @model_validator(mode="after")
    def _names_fit(self) -> Recipe:
        names = [stage.name for stage in self.stages]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two stages are called {name!r}")
        for stage in self.stages:
            for part in stage.parts:
                if part.selection not in self.selections:
                    known = ", ".join(self.selections)
                    raise ValueError(
                        f"stage {stage.name!r} uses the selection {part.selection!r}, which is not among {known}"
                    )
        return self

    def as_dict(self) -> dict[str, Any]:
        """The recipe as plain values, every field written out, in the order of the fields."""
        plain: dict[str, Any] = _plain(self.model_dump(mode="python"))
        return plain

    def to_yaml(self) -> str:
        """The one YAML form: loading and saving it again gives the same bytes."""
        return yaml_of(self.as_dict())

    def content_hash(self) -> str:
        """32 hex digits over everything the recipe says, whatever its file looks like."""
        text = json.dumps(self.as_dict(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


def load_recipe(path: Path) -> Recipe:
    """The recipe in a YAML file; BadInput says what is wrong with it and where."""
    return parse_recipe(yaml_text(path, "recipe"), str(path))


def parse_recipe(text: str, called: str = "the recipe") -> Recipe:
    """A recipe from YAML text; `called` names it in errors."""
    raw = plain_values(text, called)
    if not isinstance(raw, dict):
        raise BadInput(f"{called} is not a recipe.", "A recipe starts with `winnow_recipe: 1`; see the README.")
    return recipe_from_dict(raw, called)


def recipe_from_dict(raw: Mapping[str, Any], called: str = "the recipe") -> Recipe:
    """A recipe from plain values; BadInput names the key path of the first mistake."""
    version = raw.get("winnow_recipe")
    if isinstance(version, int) and not isinstance(version, bool) and version > FORMAT:
        raise NewerFormat(
            f"{called} has recipe format {version}; this version of Winnow reads up to {FORMAT}.",
            "Install a newer Winnow; nothing was changed.",
        )
    if version != FORMAT:
        raise BadInput(f"{called} does not say `winnow_recipe: {FORMAT}`.", "Write that as its first line.")
    _refuse_unknown_keys(raw, Recipe, "", called)
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        path = _path_of(first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        given = "" if first["type"] in ("missing", "value_error") else f" (given: {first['input']!r})"
        raise BadInput(
            f"{called}: {path + ': ' if path else ''}{message}{given}.", _described(Recipe, first["loc"])
        ) from None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models an annotation holds, through unions, tuples, dicts and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _model_for(value: Any, models: list[type[BaseModel]]) -> type[BaseModel]:
    """Which of a field's models a value is meant to be: a selection with a file is one from a file."""
    return SelectionFromFile if SelectionFromFile in models and _kind(value) == "file" else models[0]


def _refuse_unknown_keys(value: Any, model: type[BaseModel], path: str, called: str) -> None:
    """BadInput for the first key no field has, found by walking values and fields together."""
    if not isinstance(value, Mapping):
        return
    for key, inner in value.items():
        here = f"{path}.{key}" if path else str(key)
        if key not in model.model_fields:
            raise BadInput(
                f"{called}: {here} is not a key of a recipe.",
                f"Known keys {'in ' + path if path else 'at the top'} are: {', '.join(model.model_fields)}.",
            )
        annotation = model.model_fields[key].annotation
        models = _models_in(annotation)
        if not models:
            continue
        is_mapping = str(annotation).startswith("dict")
        for place, item in (
            inner.items()
            if is_mapping and isinstance(inner, Mapping)
            else enumerate(inner)
            if isinstance(inner, list)
            else [(None, inner)]
        ):
            at = here if place is None else f"{here}[{place}]" if isinstance(place, int) else f"{here}.{place}"
            _refuse_unknown_keys(item, _model_for(item, models), at, called)


def _path_of(loc: tuple[int | str, ...]) -> str:
    """`stages[0].parts[1].repeat`; the names pydantic gives to the members of a union are left out."""
    path = ""
    for index, piece in enumerate(loc):
        if isinstance(piece, int):
            path += f"[{piece}]"
        elif not (index == 2 and loc[0] == "selections"):
            path += f".{piece}" if path else str(piece)
    return path


def _described(model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    """What the key at the end of a path is for, in the words of its field."""
    current, words = model, "Mend the recipe and try again."
    for index, piece in enumerate(loc):
        if isinstance(piece, str) and piece in current.model_fields:
            field = current.model_fields[piece]
            words = f"{piece}: {field.description}"
            models = _models_in(field.annotation)
            if models:
                after = loc[index + 2] if index + 2 < len(loc) else None
                current = SelectionFromFile if after == "file" and len(models) > 1 else models[0]
    return words


def _plain(value: Any) -> Any:
    """Values YAML and JSON write the same way; whole numbers lose their `.0`."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, (Decimal, float)):
        if value == int(value):
            return int(value)
        exact = isinstance(value, float) or Decimal(str(float(value))) == value
        return float(value) if exact else str(value)
    return value
