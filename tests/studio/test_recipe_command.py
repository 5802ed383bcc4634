"""`winnow recipe` in this process: recipes from files, exports and the workspace, compared, planned, and mistakes in two lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.lens import Lens
from core.mixture.export import export
from core.mixture.kept import KIND
from core.mixture.mixture import resolve
from core.mixture.recipe import load_recipe
from core.mixture.totals import plan_totals
from core.store.acts import Acts
from core.workspace import Workspace
from studio import cli
from tests.studio.small_workspace import NUM_SAMPLES, add_samples, make_workspace

YAML = """winnow_recipe: 1
name: first
selections:
  some: {method: random, budget: {samples: 12}}
stages:
  - {name: align, parts: [{selection: some}]}
  - {name: general, parts: [{selection: some, repeat: 2.5}]}
"""

Ran = tuple[int, str, str]
Run = Callable[..., Ran]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A recipe, and one with another budget and repeat."""
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(YAML, encoding="utf-8")
    second.write_text(
        YAML.replace("samples: 12", "samples: 20").replace("2.5", "1.5").replace("first", "second"), encoding="utf-8"
    )
    return first, second


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command: `run("recipe", "show", path)` gives exit status, stdout and stderr."""

    def ran(*given: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["winnow", *map(str, given)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return ran


def answer(ran: Ran) -> dict[str, Any]:
    status, out, err = ran
    assert status == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_two_files_are_compared_without_a_workspace(run: Run, files: tuple[Path, Path]) -> None:
    status, out, err = run("recipe", "diff", *files)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "3 differences:",
        "  Recipe, name: first -> second",
        "  Selection some, budget: 12 samples -> 20 samples",
        "  Stage general, part some, repeat: 2.5 -> 1.5",
    ]
    assert run("recipe", "diff", files[0], files[0])[1] == "The recipes are the same.\n"


def test_with_a_workspace_the_effect_is_counted(run: Run, files: tuple[Path, Path], workspace: Workspace) -> None:
    found = answer(run("recipe", "diff", *files, "--workspace", workspace.path, "--json"))
    assert [change["path"] for change in found["changes"]] == [
        "name", "selections.some.budget", "stages.general.parts.some.repeat",
    ]  # fmt: skip
    assert found["changes"][1]["key"] == "How much is kept: samples, percent or tokens."
    effect = found["effect"]
    assert (effect["before"]["num_samples"], effect["after"]["num_samples"]) == (12 + 30, 20 + 30)
    assert (effect["samples"]["kept"], effect["samples"]["added"]) == (12, 8)
    assert effect["samples"]["added_because"] == {"some keeps it now": 8}
    told = run("recipe", "diff", *files, "--workspace", workspace.path)[1]
    assert "+8 (+19.0 %)" in told
    assert "Samples: 12 in both, 8 added, 0 removed." in told


def test_recipes_are_found_by_name_and_in_exports(
    run: Run, files: tuple[Path, Path], workspace: Workspace, tmp_path: Path
) -> None:
    recipe = load_recipe(files[1])
    Acts(workspace.acts_path).put(KIND, "some-id", recipe.as_dict())
    lens = Lens(workspace)
    export(resolve(recipe, lens), lens, "llava", tmp_path / "out")
    hashes = {
        answer(run("recipe", "show", one, "--workspace", workspace.path, "--json"))["recipe_hash"]
        for one in ("second", "some-id", files[1])
    }
    assert hashes == {recipe.content_hash()}
    for one in (tmp_path / "out", tmp_path / "out" / "manifest.json"):
        shown = answer(run("recipe", "show", one, "--json"))
        assert shown["snapshot"] == lens.snapshot
        changes = answer(run("recipe", "diff", files[1], one, "--json"))["changes"]
        assert {change["path"].split(".")[0] for change in changes} == {"snapshot", "sources"}


def test_show_says_stages_and_selections_or_the_yaml(run: Run, files: tuple[Path, Path]) -> None:
    lines = run("recipe", "show", files[0])[1].splitlines()
    assert lines[0].startswith(f"first ({load_recipe(files[0]).content_hash()[:12]}), not frozen; trains tiny")
    assert "  some: Random, 12 samples" in lines
    assert "  general: some x 2.5; trains projector; square 384 px" in lines
    assert run("recipe", "show", files[0], "--yaml")[1] == load_recipe(files[0]).to_yaml()


def test_check_plans_what_would_be_trained(run: Run, files: tuple[Path, Path], workspace: Workspace) -> None:
    assert run("recipe", "check", files[0])[:2] == (0, "first is a recipe: 1 selections in 2 stages.\n")
    found = answer(run("recipe", "check", files[0], "--workspace", workspace.path, "--json"))
    by_hand = plan_totals(resolve(load_recipe(files[0]), Lens(workspace)))
    assert [stage["num_text_tokens"] for stage in found["stages"]] == [one.num_text_tokens for one in by_hand]
    assert (found["num_samples"], found["num_unique_samples"], found["differs"]) == (42, 12, [])
    assert run("recipe", "check", files[0], "--workspace", workspace.path)[1].startswith(
        "first: 42 samples (12 different) in 2 stages"
    )


def test_check_of_an_export_says_which_selections_hold_another_number_now(
    run: Run, files: tuple[Path, Path], workspace: Workspace, tmp_path: Path
) -> None:
    share = tmp_path / "share.yaml"
    share.write_text(YAML.replace("samples: 12", "percent: 50"), encoding="utf-8")
    answer(run("export", workspace.path, "--recipe", share, "--to", "uids", "--out", tmp_path / "out", "--json"))
    assert answer(run("recipe", "check", tmp_path / "out", "--workspace", workspace.path, "--json"))["differs"] == []
    add_samples(workspace, 10)
    told = answer(run("recipe", "check", tmp_path / "out", "--workspace", workspace.path, "--json"))["differs"]
    assert told[-1] == f"Selection some: {(NUM_SAMPLES + 10) // 2} samples, {NUM_SAMPLES // 2} when it was exported."
    assert [line for line in told if "has other samples" in line]


def test_a_recipe_whose_source_is_gone_is_refused_and_goes_on_when_told_to(
    run: Run, files: tuple[Path, Path], workspace: Workspace, tmp_path: Path
) -> None:
    given = ("--recipe", files[0], "--to", "llava")
    answer(run("export", workspace.path, *given, "--out", tmp_path / "before", "--json"))
    frozen = tmp_path / "frozen.yaml"
    frozen.write_text(run("recipe", "show", tmp_path / "before", "--yaml")[1], encoding="utf-8")
    workspace.store.delete("samples", "source = 'photos'")
    workspace.store.delete("sources", "source = 'photos'")
    for refused in (
        ("recipe", "check", frozen, "--workspace", workspace.path),
        ("export", workspace.path, "--recipe", frozen, "--to", "llava", "--out", tmp_path / "no"),
    ):
        status, out, err = run(*refused)
        assert (status, out) == (2, "")
        assert "needs the source 'photos'" in err
        assert "--accept-newer" in err
    assert not (tmp_path / "no").exists()

    found = answer(run("recipe", "check", frozen, "--workspace", workspace.path, "--accept-newer", "--json"))
    assert found["differs"][0] == f"The source photos was removed, with its {NUM_SAMPLES // 3} samples."
    effect = found["since_recipe"]["effect"]
    assert effect["before"]["num_samples"] == 42
    assert "of the source photos, which is not there any more" in effect["samples"]["removed_because"]
    told = run("recipe", "check", frozen, "--workspace", workspace.path, "--accept-newer")[1]
    assert "Since the recipe was frozen:" in told
    assert "Effect:" in told

    done = answer(
        run(
            "export",
            workspace.path,
            "--recipe",
            frozen,
            "--to",
            "llava",
            "--out",
            tmp_path / "on",
            "--accept-newer",
            "--json",
        )
    )
    assert [one["name"] for one in done["since_recipe"]["sources"]] == ["photos"]
    manifest = json.loads((tmp_path / "on" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["since_recipe"] == done["since_recipe"]
    # in a comparison too the side that cannot be had says why
    both = answer(run("recipe", "diff", files[0], frozen, "--workspace", workspace.path, "--json"))
    assert "photos" in both["effect"]["after"]["problem"]
    assert both["effect"]["before"]["num_samples"] == 42


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("diff", "nowhere.yaml", "nowhere.yaml"), "There is no recipe file or export 'nowhere.yaml'."),
        (("show", "nobody's", "--workspace", "{ws}"), "one of those that are kept: none yet."),
        (("show", "{ws}"), "is not an export: it has no manifest.json."),
        (("check", "{broken}"), "is not a recipe"),
        (("check", "{unknown}"), "colour is not a key of a recipe."),
        (("show", "{manifest}"), "is not the manifest of an export"),
        (("show", "\0"), "There is no recipe file or export"),
        (("check", "{a}", "--workspace", "{nothing}"), "is not a Winnow workspace."),
    ],
)
def test_a_mistake_is_two_lines_and_status_2(
    run: Run, files: tuple[Path, Path], workspace: Workspace, tmp_path: Path, given: tuple[str, ...], says: str
) -> None:
    (tmp_path / "broken.yaml").write_text("- 1", encoding="utf-8")
    (tmp_path / "unknown.yaml").write_text(f"{YAML}colour: red\n", encoding="utf-8")
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "manifest.json").write_text("[1, 2]", encoding="utf-8")
    places = {
        "ws": workspace.path, "a": files[0], "broken": tmp_path / "broken.yaml", "unknown": tmp_path / "unknown.yaml",
        "manifest": tmp_path / "export" / "manifest.json", "nothing": tmp_path / "nothing",
    }  # fmt: skip
    status, out, err = run("recipe", *(one.format(**places) for one in given))
    assert (status, out) == (2, "")
    assert says in err
    assert len(err.strip().splitlines()) == 2
