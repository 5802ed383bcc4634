"""Every warning on a mixture made for it, with its count, where it is, and one thing to do; and none where nothing is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.errors import BadInput
from core.lens import Lens
from core.mixture import licences
from core.mixture.export import export
from core.mixture.lengths import Ruler
from core.mixture.mixture import resolve
from core.mixture.plan import Plan, plan
from core.mixture.recipe import recipe_from_dict
from core.mixture.warnings import Finding, Known, findings, look_at
from core.store import evidence
from core.workspace import Workspace
from tests.mixture.conftest import two_stages
from tests.mixture.pools import pool_of

SOURCES = [0] * 6 + [1] * 4
QUIET = {"tokens_per_step": 50, "trainable": ["language"], "lr": {"language": 0.001}}


def made(stages: list[dict[str, Any]], rows: dict[str, list[int]] | None = None, tokens: float = 20) -> Plan:
    """A plan over ten samples of two sources; rows: the samples of each selection, all ten in `all`."""
    pool = pool_of(SOURCES, [tokens] * 10)
    found = {"all": list(range(10)), **(rows or {})}
    selections = {key: {"method": "random", "budget": {"percent": 100}} for key in found}
    full = [{"name": f"s{at}", **QUIET, **stage} for at, stage in enumerate(stages)]
    recipe = recipe_from_dict({"winnow_recipe": 1, "name": "x", "selections": selections, "stages": full})
    return plan(recipe, {key: np.array(value, dtype=np.int64) for key, value in found.items()}, Ruler(pool, "tiny"))


KNOWN = Known(licences={"s0": "CC0", "s1": "MIT"})


def codes(found: tuple[Finding, ...]) -> dict[str, tuple[str, tuple[str, ...], int]]:
    return {one.code: (one.level, one.stages, one.count) for one in found}


def test_a_mixture_with_nothing_wrong_has_no_finding() -> None:
    assert findings(made([{"parts": [{"selection": "all"}]}]), KNOWN) == ()


def test_stages_without_samples_without_pictures_and_without_a_whole_step() -> None:
    plans = made(
        [
            {},
            {"parts": [{"selection": "text"}], "trainable": ["projector"], "lr": {"projector": 0.1}},
            {
                "parts": [{"selection": "text"}],
                "trainable": ["vision", "language"],
                "lr": {"vision": 0.1, "language": 0.1},
            },
            {"parts": [{"selection": "all"}], "tokens_per_step": 10**6},
        ],
        {"text": [row for row in range(10) if pool_of(SOURCES, [1] * 10).columns["num_images"][row] == 0]},
    )
    text = plans.totals[1].num_samples
    assert text > 1
    found = findings(plans, KNOWN)
    assert codes(found[:1])["empty-stage"] == ("error", ("s0",), 1)
    pictures = [(one.level, one.stages, one.count) for one in found if one.code == "no-pictures"]
    assert pictures == [("error", ("s1",), text), ("warning", ("s2",), text)]
    assert codes(found)["one-step"] == ("warning", ("s3",), 10)


def test_tiles_of_two_sizes_are_an_error() -> None:
    parts = [{"selection": "all"}]
    resolutions = [{"mode": "square", "px": px} for px in (56, 56, 112)]
    found = findings(made([{"parts": parts, "resolution": one} for one in resolutions]), KNOWN)
    assert codes(found)["tile-size"] == ("error", ("s2",), 1)


def test_repeats_count_epochs_and_a_part_that_brings_nothing_is_told() -> None:
    def seen(repeat: float, epochs: float) -> dict[str, Any]:
        return codes(findings(made([{"parts": [{"selection": "all", "repeat": repeat}], "epochs": epochs}]), KNOWN))

    assert seen(4, 1) == {}
    assert seen(4.5, 1)["repeats"] == ("warning", ("s0",), 45)
    assert seen(2, 2) == {}
    assert seen(2, 3)["repeats"] == ("warning", ("s0",), 20)
    parts = [{"selection": "all"}, {"selection": "all", "repeat": 0.05}]
    assert codes(findings(made([{"parts": parts}]), KNOWN))["empty-part"] == ("warning", ("s0",), 1)


def test_samples_in_two_parts_and_in_several_stages() -> None:
    stage = {"parts": [{"selection": "front"}, {"selection": "back"}]}
    rows = {"front": [0, 1, 2, 3, 4, 5], "back": [9, 8, 7, 6, 5, 4]}
    found = codes(findings(made([stage, {"parts": [{"selection": "front"}]}], rows), KNOWN))
    assert found["in-two-parts"] == ("warning", ("s0",), 2)
    assert found["several-stages"] == ("note", (), 6)
    assert found["idle"] == ("note", (), 1)
    half = {"parts": [{"selection": "front", "repeat": 0.5}, {"selection": "back"}]}
    assert "in-two-parts" not in codes(findings(made([half], rows), KNOWN))


def test_flags_inside_are_counted_once_a_sample_and_contamination_is_an_error() -> None:
    plans = made([{"parts": [{"selection": "all", "repeat": 2}]}, {"parts": [{"selection": "few"}]}], {"few": [0, 1]})
    flagged = {
        "contaminated: ChartQA": np.array([1, 9]),
        "it's odd": np.array([9]),
        "elsewhere": np.array([], dtype=int),
    }
    found = findings(plans, Known(KNOWN.licences, flagged=flagged))
    assert codes(found)["contaminated"] == ("error", (), 2)
    assert codes(found)["flagged"] == ("warning", ("s0",), 1)
    odd = next(one for one in found if one.code == "flagged")
    assert "NOT list_contains(flags, 'it''s odd')" in odd.fix
    assert "elsewhere" not in " ".join(one.text for one in found)


def test_licences_missing_and_not_on_the_list() -> None:
    plans = made([{"parts": [{"selection": "all"}]}, {"parts": [{"selection": "few"}]}], {"few": [0, 1]})
    assert codes(findings(plans, Known({"s0": "CC0"})))["no-licence"] == ("warning", ("s0",), 4)
    assert "licence-refused" not in codes(findings(plans, KNOWN))
    some = Known(KNOWN.licences, allowed=("cc0 ",))
    assert codes(findings(plans, some))["licence-refused"] == ("error", ("s0",), 4)
    refused = next(one for one in findings(plans, some) if one.code == "licence-refused")
    assert "MIT" in refused.problem
    assert "(s1)" in refused.problem
    nothing = [one.count for one in findings(plans, Known(KNOWN.licences, allowed=())) if one.code == "licence-refused"]
    assert nothing == [6, 4]


def test_long_samples_estimates_and_notes() -> None:
    plans = made([{"parts": [{"selection": "all", "repeat": 2}]}], tokens=float("nan"))
    long = int((plans.ruler.at(plans.recipe.stages[0].resolution).tokens > 20).sum())
    found = findings(
        plans, KNOWN, longest=20, notes=("all: 3 samples of x are gone.", "The selection a is in no stage.")
    )
    assert codes(found)["too-long"] == ("warning", ("s0",), long)
    assert codes(found)["estimated"] == ("note", (), 10)
    assert [one.problem for one in found if one.code == "chosen"] == ["all: 3 samples of x are gone."]


def test_errors_come_before_warnings_and_warnings_before_notes() -> None:
    found = findings(
        made([{}, {"parts": [{"selection": "all", "repeat": 9}]}, {"parts": [{"selection": "all"}]}]), KNOWN
    )
    assert [one.level for one in found] == ["error", "warning", "note"]
    assert all(one.problem.endswith(".") and one.fix.endswith(".") for one in found)
    assert found[0].text == "s0: Holds no sample. Add a part, or remove the stage."
    assert found[0].as_dict()["stages"] == ["s0"]


# -- a workspace ----------------------------------------------------------------------------------------------------------


def one_stage() -> Any:
    stage = {"name": "s", "parts": [{"selection": "all"}], **QUIET}
    selections = {"all": {"method": "random", "budget": {"percent": 100}}}
    return recipe_from_dict({"winnow_recipe": 1, "name": "x", "selections": selections, "stages": [stage]})


def test_a_workspace_knows_flags_licences_its_list_and_its_evaluation_pictures(lens: Lens, tmp_path: Path) -> None:
    here = Workspace.open(shutil.copytree(lens.workspace.path, tmp_path / "ws"))
    before = codes(look_at(resolve(one_stage(), lens), lens))
    assert "contaminated" not in before
    samples = here.store.read("samples", ["sample_id", "content_hash", "image_keys"]).sort_by("sample_id")
    marked = samples.slice(0, 3)
    flags = pa.array([["contaminated"], ["contaminated", "blurred"], []], pa.list_(pa.string()))
    table = pa.table({"sample_id": marked["sample_id"], "content_hash": marked["content_hash"], "flags": flags})
    evidence.write(here.store, evidence.producer("flags", "test", "1"), table)
    keys = samples["image_keys"].to_pylist()
    key = next(key for one in keys for key in one)
    picture = here.store.images([key], ["origin_path"])["origin_path"][0].as_py()
    (here.evaluation_dir / "images").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(picture, here.evaluation_dir / "images" / "question.png")
    (here.evaluation_dir / "questions.jsonl").write_text("{}")
    (here.evaluation_dir / "images" / "other.png").write_bytes(b"no picture of the pool")
    licences.allow(here, ["CC-BY-4.0"])
    now = Lens(here)
    found = codes(look_at(resolve(one_stage(), now), now))
    assert found["contaminated"] == ("error", (), 2)
    assert found["flagged"] == ("warning", (), 1)
    assert found["evaluation"] == ("error", (), sum(key in one for one in keys))
    assert {"no-licence", "licence-refused"} & set(found)


def test_the_list_of_licences_is_an_act_that_can_be_taken_back(tmp_path: Path) -> None:
    here = Workspace.create(tmp_path / "ws")
    assert licences.allowed(here) is None
    assert licences.allow(here, ["MIT", " CC0  1.0 ", "MIT"]) == ("CC0 1.0", "MIT")
    assert licences.allowed(Workspace.open(here.path)) == ("CC0 1.0", "MIT")
    licences.allow(here, ())
    assert licences.allowed(here) == ()
    licences.allow_everything(here)
    assert licences.allowed(here) is None
    for name in ("", "  ", "x" * 201):
        with pytest.raises(BadInput, match="is not a licence"):
            licences.allow(here, [name])
    assert licences.is_allowed("cc0 1.0", ("CC0 1.0",))
    assert not licences.is_allowed("CC0", ("CC0 1.0",))
    assert licences.is_allowed("anything", None)


def test_steps_of_our_own_trainer_are_no_note_of_an_export_for_another(lens: Lens, tmp_path: Path) -> None:
    mixture = resolve(two_stages(), lens)
    for target, is_told in (("winnow", True), ("llava", False)):
        notes = export(mixture, lens, target, tmp_path / target).notes
        assert any("do not fill one step" in note for note in notes) == is_told
