"""The wheel holds what `winnow demo` needs and nothing of the tests."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = out.glob("winnow_studio-*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_the_wheel_holds_every_file_of_the_four_packages(names: list[str]) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "core", "studio", "pages", "sample_data"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert set(listed.stdout.split()) - set(names) == set()


def test_the_wheel_holds_no_test_and_no_benchmark(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"core", "studio", "pages", "sample_data"}


def test_the_wheel_has_the_command(names: list[str]) -> None:
    assert any(name.endswith(".dist-info/entry_points.txt") for name in names)
