"""Recipes: one YAML form, strict keys, and errors that name the place."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from core.errors import BadInput, NewerFormat, StudioError
from core.mixture.recipe import Recipe, _models_in, load_recipe, parse_recipe, recipe_from_dict

ROOT = Path(__file__).resolve().parents[2]

SMALL = """\
winnow_recipe: 1
name: demo
sources: [{name: receipts, revision: r1, licence: MIT, sha256: ''}]
selections:
  reading:
    where: ocr >= 3
    method: mmssr
    settings: {capabilities: [ocr, data], threshold: 0.5}
    seed: 3
    budget: {percent: 29.5}
  saved: {file: sel.parquet, sha256: ''}
model: {preset: tiny}
stages:
  - name: align
    parts: [{selection: reading, repeat: 1.0}]
    shuffle_seed: 0
    resolution: {mode: square, px: 384, max_tiles: 1}
    trainable: [projector]
    lr: {projector: 1.0e-3}
    tokens_per_step: 8192
    epochs: 1
    warmup_share: 0.03
  - name: all of it
    parts: [{selection: reading}, {selection: saved, repeat: 2.5}]
    shuffle_seed: 5
    resolution: {mode: anyres, px: 384, max_tiles: 4}
    trainable: [vision, projector, language]
    lr: {vision: 2e-6, projector: 1e-5, language: 1e-5}
"""


def changed(**changes: Any) -> dict[str, Any]:
    """SMALL with values at dotted paths replaced; `DEL` removes."""
    raw = yaml.safe_load(SMALL)
    for path, value in changes.items():
        *parents, last = path.split("__")
        target: Any = raw
        for piece in parents:
            target = target[int(piece)] if isinstance(target, list) else target[piece]
        target[int(last) if isinstance(target, list) else last] = value
    return raw


def test_saving_and_loading_gives_the_same_bytes_and_the_same_hash(tmp_path: Path) -> None:
    recipe = parse_recipe(SMALL)
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe.to_yaml(), encoding="utf-8")
    again = load_recipe(path)
    assert again == recipe
    assert again.to_yaml() == recipe.to_yaml()
    assert again.content_hash() == recipe.content_hash()


def test_the_hash_sees_values_and_not_how_the_file_looks() -> None:
    recipe = parse_recipe(SMALL)
    assert parse_recipe("# a comment\n" + SMALL.replace("1.0e-3", "0.001")).content_hash() == recipe.content_hash()
    assert parse_recipe(SMALL.replace("seed: 3", "seed: 4")).content_hash() != recipe.content_hash()
    assert parse_recipe(SMALL.replace("29.5", "29.6")).content_hash() != recipe.content_hash()


def test_values_arrive_as_they_were_written() -> None:
    recipe = parse_recipe(SMALL)
    assert str(recipe.selections["reading"].budget.percent) == "29.5"
    assert (recipe.stages[0].shuffle_seed, recipe.stages[1].shuffle_seed) == (0, 5)
    assert recipe.stages[1].lr["vision"] == 2e-6, "YAML reads 2e-6 as text; a rate is a number all the same"
    assert recipe.selections["saved"].file == "sel.parquet"


@given(
    percent=st.decimals(min_value="0.000001", max_value=100, allow_nan=False),
    repeat=st.floats(0.001, 1000),
    rate=st.floats(1e-9, 1),
    name=st.text("aZ9_é字 .-", min_size=0, max_size=20).map(lambda rest: "n" + rest),
    text=st.text(max_size=30),
    seed=st.integers(-(2**70), 2**70),
)
@example(percent=30, repeat=1.0, rate=1e-5, name="n", text="\x85 next line", seed=0)
@settings(max_examples=80, deadline=None)
def test_any_recipe_survives_its_yaml(
    percent: Any, repeat: float, rate: float, name: str, text: str, seed: int
) -> None:
    raw = changed(
        name=name, selections__reading__budget={"percent": percent}, selections__reading__where=text,
        selections__reading__seed=seed, stages__0__parts__0__repeat=repeat, stages__0__lr={"projector": rate},
    )  # fmt: skip
    recipe = recipe_from_dict(raw)
    again = parse_recipe(recipe.to_yaml())
    assert again == recipe
    assert again.to_yaml() == recipe.to_yaml()


@pytest.mark.parametrize(
    ("raw", "path", "known"),
    [
        (changed(stage=[]), "stage", "stages"),
        (changed(selections__reading__metod="x"), "selections.reading.metod", "method"),
        (changed(selections__saved__budget={"samples": 1}), "selections.saved.budget", "sha256"),
        (changed(selections__reading__budget__share=3), "selections.reading.budget.share", "percent"),
        (changed(stages__1__parts__1__weight=2), "stages[1].parts[1].weight", "repeat"),
        (changed(stages__0__resolution__size=384), "stages[0].resolution.size", "px"),
        (changed(stages__0__learning_rate=1), "stages[0].learning_rate", "warmup_share"),
        (changed(model__tower="x"), "model.tower", "towers"),
        (changed(model__towers={"text": "x"}), "model.towers.text", "language"),
        (changed(sources__0__license="MIT"), "sources[0].license", "licence"),
    ],
)
def test_an_unknown_key_is_named_with_its_path_and_the_keys_that_are_known(raw: Any, path: str, known: str) -> None:
    with pytest.raises(BadInput, match=rf"demo.yaml: {re.escape(path)} is not a key") as caught:
        recipe_from_dict(raw, "demo.yaml")
    assert known in caught.value.fix


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (changed(stages__0__parts__0__selection="readings"), "uses the selection 'readings'"),
        (changed(stages__1__name="align"), "two stages are called 'align'"),
        (changed(stages__0__parts__0__repeat=0), r"stages\[0\].parts\[0\].repeat"),
        (changed(stages__0__lr={"projector": 1e-3, "vision": 1e-5}), "lr has a rate for vision"),
        (changed(stages__0__trainable=["projector", "language"]), "lr has no rate for language"),
        (changed(stages__0__trainable=["everything"]), r"stages\[0\].trainable\[0\]"),
        (changed(stages__0__resolution__max_tiles=4), "a square picture is one tile"),
        (changed(stages__0__resolution__mode="round"), r"stages\[0\].resolution.mode"),
        (changed(selections__reading__budget={}), "exactly one of samples, percent and tokens"),
        (changed(selections__reading__budget={"samples": 3, "percent": 3}), "exactly one"),
        (changed(selections__reading__budget={"percent": 101}), "selections.reading.budget.percent"),
        (changed(selections__saved__sha256="abc"), "selections.saved.sha256"),
        (changed(stages=[]), "stages"),
        (changed(name="a/b"), "name"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_path(raw: Any, problem: str) -> None:
    with pytest.raises(BadInput, match=problem) as caught:
        recipe_from_dict(raw)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("stages: [", "is not YAML at line 1"),
        ("winnow_recipe: 1\nname: a\nname: b\n", "the key 'name' stands twice"),
        ("just words", "is not a recipe"),
        ("", "is not a recipe"),
        ("name: x", "does not say `winnow_recipe: 1`"),
        ("winnow_recipe: one", "does not say"),
        ("winnow_recipe: 1", "name: Field required"),
        ("? [a]\n: 1", "stands twice|is not YAML"),
        ("winnow_recipe: 1\nname: 2024-02-30\n", "is not YAML: day"),
        ("winnow_recipe: " + "[" * 5000, "nested too deeply"),
        (
            SMALL.replace("threshold: 0.5", "weights: {ocr: .inf}"),
            r"selections.reading.settings: settings hold text, finite",
        ),
        (
            SMALL.replace("threshold: 0.5", "threshold: 2024-01-02"),
            r"selections.reading.settings: settings hold text, finite",
        ),
    ],
)
def test_text_that_is_no_recipe_says_why(text: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        parse_recipe(text)


def test_a_recipe_of_a_newer_format_is_refused() -> None:
    with pytest.raises(NewerFormat, match="recipe format 2"):
        parse_recipe(SMALL.replace("winnow_recipe: 1", "winnow_recipe: 2"))


def test_a_missing_recipe_file_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no recipe"):
        load_recipe(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="cannot be read"):
        load_recipe(tmp_path / "binary.yaml")


@given(st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_no_text_gives_anything_but_a_recipe_or_an_error_with_a_remedy(text: str) -> None:
    try:
        parse_recipe(SMALL + text)
    except StudioError as error:
        found = error.fix
    else:
        found = "a recipe"
    assert found


def test_every_key_of_a_recipe_is_described() -> None:
    seen: list[type[BaseModel]] = []

    def visit(model: type[BaseModel]) -> None:
        if model not in seen:
            seen.append(model)
            for name, field in model.model_fields.items():
                assert field.description, f"{model.__name__}.{name}"
                for inner in _models_in(field.annotation):
                    visit(inner)

    visit(Recipe)
    assert len(seen) >= 9


def test_reading_a_recipe_needs_nothing_but_pydantic_and_yaml() -> None:
    """A training process reads its recipe on machines that have no DuckDB, LanceDB or Arrow."""
    code = (
        "import core.mixture.recipe, sys; print(sorted(set(sys.modules) & {'duckdb', 'lancedb', 'pyarrow', 'numpy'}))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.strip() == "[]"
