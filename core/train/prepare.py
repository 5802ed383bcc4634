"""What is decided before the first step of a run: settings, tokenizer, first model and the plan of every stage.

Everything comes from data/ of the run folder; what is made here is kept in the folder, so that a run taken up again
decides nothing anew.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field, ValidationError

from core.errors import BadInput
from core.mixture.cost import ModelCost
from core.mixture.recipe import Recipe, load_recipe
from core.runs import RunFolder
from core.train import checkpoint
from core.train.data import Export
from core.train.encode import Encoder
from core.train.flops import cost_of
from core.train.model import build_from_towers, build_processor, build_tiny, load_model, num_parameters, tile_side
from core.train.model import weights_hash as hash_weights
from core.train.plan import Ruler, StagePlan, epoch_order, plan_stage, read_plan, write_plan
from core.train.presets import Frozen, Preset, TinySize, preset
from core.train.tiles import Tiling
from core.train.tokenizer import TOKENIZER_DIR, load_tokenizer, tokenizer_hash, train_tokenizer


class TrainSettings(Frozen):
    """What a run may be told beside its recipe."""

    preset: str | None = Field(None, description="Model size instead of the recipe's.")
    tokenizer: str | None = Field(None, description="Folder of a tokenizer to use, such as the workspace's own.")
    tiny: TinySize = Field(TinySize(), description="Sizes of the preset `tiny`.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where to compute; auto prefers a GPU.")
    num_threads: int = Field(0, ge=0, le=512, description="CPU threads for the model; 0 takes all cores.")
    num_feeders: int = Field(0, ge=0, le=256, description="Threads that prepare batches; 0 takes half of the cores.")
    seed: int = Field(0, ge=0, description="Seed of random weights.")
    holdout_limit: int = Field(
        256, ge=0, description="Most held-out samples whose loss is taken at the ends of a stage."
    )
    num_predictions: int = Field(6, ge=0, le=64, description="Held-out samples answered at the end of each stage.")
    checkpoint_minutes: float = Field(10.0, gt=0, description="Time between checkpoints inside a stage.")
    keep_checkpoints: int = Field(2, ge=1, le=100, description="Checkpoints kept inside a stage.")

    @property
    def feeders(self) -> int:
        return self.num_feeders or max((os.cpu_count() or 2) // 2, 1)


@dataclass(frozen=True)
class Prepared:
    """Everything that is decided before the first step."""

    settings: TrainSettings
    recipe: Recipe
    preset: Preset
    export: Export
    encoder: Encoder
    ruler: Ruler
    tilings: tuple[Tiling, ...]
    plans: tuple[StagePlan, ...]
    model_cost: ModelCost
    device: torch.device
    tokenizer: str


def prepare(folder: RunFolder) -> Prepared:
    """Read the export, settle tokenizer and first model, and write the plan of every stage."""
    settings = read_settings(folder.settings)
    threads = settings.num_threads or os.cpu_count() or 1
    torch.set_num_threads(threads)
    device = _device(settings.device)
    data = folder.path / "data"
    folder.progress(0, None, "reading the data")
    recipe = load_recipe(data / "recipe.yaml")
    chosen = preset(settings.preset or recipe.model.preset)
    export = Export(data)
    tokenizer = _tokenizer(folder, settings, recipe, chosen, export)
    encoder = Encoder(tokenizer)
    base = checkpoint.stage_dir(folder.path, 0) / checkpoint.FINAL
    if not base.is_dir():
        folder.progress(0, None, "building the model")
        _write_base(base, settings, recipe, chosen, tokenizer)
    folder.progress(0, None, "planning the stages")
    model = load_model(base)
    px, patches = tile_side(model)
    model_cost = cost_of(model.config)
    folder.event(kind="model", parameters=num_parameters(model), device=str(device), threads=threads, tile_px=px)
    tilings = tuple(
        Tiling(stage.resolution.mode, stage.resolution.px, patches, stage.resolution.max_tiles)
        for stage in recipe.stages
    )
    del model
    ruler = Ruler(export, encoder)
    plans = []
    for number, (stage, tiling) in enumerate(zip(recipe.stages, tilings, strict=True), start=1):
        if tiling.px != px:
            raise BadInput(
                f"The stage {stage.name!r} asks for tiles of {tiling.px} px, the vision tower sees {px} px.",
                f"Set resolution.px to {px} in every stage and let max_tiles grow instead.",
            )
        path = checkpoint.stage_dir(folder.path, number) / "plan.parquet"
        if not path.is_file():
            table = plan_stage(
                ruler,
                export,
                epoch_order(export.stage_rows(number), stage.epochs, stage.shuffle_seed),
                tiling=tiling,
                trains=stage.trainable,
                tokens_per_step=stage.tokens_per_step,
                limits=chosen.limits,
                model_cost=model_cost,
            )
            write_plan(table, path)
        plans.append(read_plan(path, stage.name))
        folder.event(kind="plan", stage=number, stage_name=stage.name, dropped=plans[-1].dropped, **plans[-1].totals())
    return Prepared(
        settings=settings,
        recipe=recipe,
        preset=chosen,
        export=export,
        encoder=encoder,
        ruler=ruler,
        tilings=tilings,
        plans=tuple(plans),
        model_cost=model_cost,
        device=device,
        tokenizer=tokenizer_hash(tokenizer),
    )


def read_settings(settings: dict[str, Any]) -> TrainSettings:
    """The run's settings; an unknown or unusable one is named."""
    try:
        return TrainSettings.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"The training setting {name!r} is not acceptable: {first['msg']}.",
            f"Settings are {', '.join(TrainSettings.model_fields)}.",
        ) from error


def _device(wanted: str) -> torch.device:
    if wanted == "cuda" and not torch.cuda.is_available():
        raise BadInput("The device cuda was asked for and torch finds no GPU.", "Use the device `cpu` or `auto`.")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def _tokenizer(folder: RunFolder, settings: TrainSettings, recipe: Recipe, chosen: Preset, export: Export) -> Any:
    """The run's tokenizer: given, the language tower's, or learnt on the mixture; kept in the run's folder."""
    kept = folder.path / TOKENIZER_DIR
    if kept.is_dir():
        return load_tokenizer(kept)
    in_data = folder.path / "data" / TOKENIZER_DIR
    given = settings.tokenizer or (str(in_data) if in_data.is_dir() else "") or recipe.model.tokenizer
    if given:
        tokenizer = load_tokenizer(given)
    elif chosen.language is not None:
        tokenizer = load_tokenizer(recipe.model.towers.language or chosen.language)
    else:
        folder.progress(0, None, "learning the tokenizer")
        texts = (text for row in range(len(export)) for _, text in export.turns(row))
        tokenizer = train_tokenizer(texts, settings.tiny.vocab_size)
    partial = kept.with_name(f".{TOKENIZER_DIR}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    tokenizer.save_pretrained(partial)
    partial.rename(kept)
    return load_tokenizer(kept)


def _write_base(base: Path, settings: TrainSettings, recipe: Recipe, chosen: Preset, tokenizer: Any) -> None:
    """The model before any training, as stage 0: what comes after is compared with it."""
    if chosen.vision is None or chosen.language is None:
        model = build_tiny(tokenizer, recipe.stages[0].resolution.px, settings.tiny, settings.seed)
    else:
        towers = recipe.model.towers
        model = build_from_towers(
            towers.vision or chosen.vision, towers.language or chosen.language, tokenizer, settings.seed
        )
    px, patches = tile_side(model)
    record = checkpoint.Record(
        stage=0,
        stage_name="untrained",
        step=0,
        tiling=Tiling("square", px, patches, 1),
        weights=hash_weights(model)["all"],
        tokenizer=tokenizer_hash(tokenizer),
        plan="",
    )
    checkpoint.save(base, model, build_processor(tokenizer, px, patches), record)
