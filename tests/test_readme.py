"""What the README shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from core import runs
from sample_data import POOL_DIR, RECIPE_PATH

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_path_in_python_runs_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    (tmp_path / "data").symlink_to(POOL_DIR)
    (tmp_path / "recipe.yaml").write_bytes(RECIPE_PATH.read_bytes())
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code.group(1), "README.md", "exec"), names)
    stopped = runs.stop(names["run"])
    assert stopped.state == "stopped"
    said = capsys.readouterr().out
    assert re.search(r"^\d+ of \d+ kept; kept: ", said, re.MULTILINE), said
    assert names["selection"].num == len(names["pool"]) * 30 // 100
    assert (tmp_path / "chosen" / "data.json").is_file()


def test_every_verb_the_readme_names_exists() -> None:
    from studio.cli import app

    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= {group.name for group in app.registered_groups}
    assert set(re.findall(r"^winnow ([a-z-]+)", README, re.MULTILINE)) <= known


def test_every_picture_and_file_the_readme_points_to_exists() -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
