"""Constraints in a recipe and over a real workspace: names are checked, groups and conditions are those of the lens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.errors import BadInput
from core.filters import Filter
from core.lens import Lens
from core.mixture.mixture import resolve
from core.mixture.recipe import Recipe, parse_recipe, recipe_from_dict
from core.select.constraints import constraints_of
from core.select.groups import labels_for, members, top_capability
from core.select.pool import Pool
from core.store.ids import id_hex

INDOOR = "Coarse Perception > Image Scene > Indoor"


def recipe(constraints: dict[str, Any] | None = None, **selection: Any) -> Recipe:
    some: dict[str, Any] = {"method": "random", "budget": {"samples": 30}, **selection}
    return recipe_from_dict(
        {
            "winnow_recipe": 1,
            "name": "bound",
            "selections": {"some": some if constraints is None else {**some, "constraints": constraints}},
            "stages": [{"name": "one", "parts": [{"selection": "some"}], "resolution": {"mode": "square", "px": 56}}],
        }
    )


def test_a_recipe_keeps_to_its_constraints_and_its_manifest_says_them(lens: Lens) -> None:
    pool = Pool.from_lens(lens)
    pinned, ruled_out = (id_hex(int(pool.sample_id[row])) for row in (3, 4))
    made = resolve(
        recipe(
            {
                "pins": [pinned],
                "never": [ruled_out],
                "exclude": ["num_images = 0"],
                "minimum": [{"kind": "source", "name": "a/b 字", "share": 0.4}],
                "maximum": [{"kind": "tag", "name": "Coarse Perception", "count": 10}],
            }
        ),
        lens,
    ).chosen["some"]
    rows = pool.rows_of(made.sample_ids)
    hexes = [id_hex(int(value)) for value in made.sample_ids]
    assert hexes[0] == pinned
    assert ruled_out not in hexes
    assert (pool.columns["num_images"][rows] > 0).all()
    sources = np.array(pool.source_names)[pool.source[rows]]
    assert (sources == "a/b 字").sum() >= 12
    indoor = set(lens.ask("ids_of_visible", Filter(tags=("Coarse Perception",)))["sample_id"].to_pylist())
    assert sum(int(value) in indoor for value in made.sample_ids) <= 10
    assert made.made["constraints"]["maximum"] == [{"kind": "tag", "name": "Coarse Perception", "count": 10}]


def test_a_recipe_without_constraints_reads_and_is_hashed_as_before(lens: Lens) -> None:
    plain = recipe()
    assert "constraints" not in plain.to_yaml()
    assert recipe({}).content_hash() == plain.content_hash()
    bound = recipe({"minimum": [{"kind": "source", "name": "shapes", "share": 0.3}], "pins": ["1234567890123456"]})
    assert bound.content_hash() != plain.content_hash()
    assert parse_recipe(bound.to_yaml()) == bound
    assert parse_recipe(bound.to_yaml()).to_yaml() == bound.to_yaml()


@pytest.mark.parametrize(
    ("constraints", "named"),
    [
        ({"minimum": [{"kind": "source", "name": "shape", "count": 1}]}, "no source 'shape'"),
        ({"maximum": [{"kind": "style", "name": "short", "count": 1}]}, "no style 'short'"),
        ({"maximum": [{"kind": "capability", "name": "OCR", "count": 1}]}, "no capability 'OCR'"),
        ({"maximum": [{"kind": "tag", "name": "Indoor", "count": 1}]}, "carries the tag 'Indoor'"),
        ({"pins": ["00000000000000ff"]}, "no sample 00000000000000ff"),
        ({"never": ["00000000000000ff", "00000000000000fe"]}, "and 1 more"),
        ({"include": ["ocr >"]}, "ocr >"),
        ({"exclude": ["colour = 1"]}, "no column colour"),
    ],
)
def test_what_the_workspace_does_not_know_is_named(lens: Lens, constraints: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput) as caught:
        resolve(recipe(constraints), lens)
    assert named in caught.value.problem
    assert caught.value.fix


def test_an_unknown_tag_tells_the_ones_like_it(lens: Lens) -> None:
    with pytest.raises(BadInput) as caught:
        labels_for(
            lens, Pool.from_lens(lens), constraints_of({"maximum": [{"kind": "tag", "name": "indoor", "count": 1}]})
        )
    assert INDOOR in caught.value.fix


def test_the_key_of_a_mistake_in_a_recipe_is_named(lens: Lens) -> None:
    with pytest.raises(BadInput, match=r"selections\.some\.constraints\.minimum\[0\]\.kind"):
        recipe({"minimum": [{"kind": "colour", "name": "red", "count": 1}]})
    with pytest.raises(BadInput, match="above the maximum of 1"):
        recipe(
            {
                "minimum": [{"kind": "source", "name": "shapes", "count": 2}],
                "maximum": [{"kind": "source", "name": "shapes", "count": 1}],
            }
        )


def test_the_top_capability_is_the_one_the_lens_tells(lens: Lens) -> None:
    pool = Pool.from_lens(lens)
    told = {
        row["sample_id"]: row["top_capability"] for row in lens.ask("samples_marks", ids=pool.sample_id).to_pylist()
    }
    top = top_capability(pool)
    assert [None if place < 0 else place for place in top.tolist()] == [told[int(value)] for value in pool.sample_id]
    rules = constraints_of({"maximum": [{"kind": "capability", "name": "ocr", "count": 1}]})
    ocr = pool.capabilities.index("ocr")
    assert members(pool, rules.maximum, labels_for(lens, pool, rules))[0].tolist() == (top == ocr).tolist()


def test_a_pin_outside_the_condition_of_a_selection_is_said(lens: Lens) -> None:
    pool = Pool.from_lens(lens)
    row = int(np.flatnonzero(pool.columns["num_images"] == 0)[0])
    made = resolve(
        recipe({"pins": [id_hex(int(pool.sample_id[row]))]}, where="num_images > 0", budget={"samples": 5}), lens
    )
    assert len(made.chosen["some"].sample_ids) == 5
    assert any("1 pinned sample is outside the filter" in note for note in made.notes)
