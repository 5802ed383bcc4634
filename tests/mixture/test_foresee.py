"""What is said to be left out before an export is what the export then leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.lens import Lens
from core.mixture.foresee import left_out
from core.mixture.mixture import resolve
from core.mixture.targets import TARGETS
from tests.mixture.test_export import own_lens, recipe, run, spoil
from tests.mixture.test_targets import ODD, REFUSED, odd  # noqa: F401  a fixture


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_format_cannot_carry_is_counted_before(odd: Lens, target: str) -> None:  # noqa: F811
    ids = resolve(recipe(), odd).sample_ids()
    assert len(ids) == len(ODD)
    counts = {reason: len(keys) for reason, keys in REFUSED.get(target, {}).items()}
    before = sorted(path for path in odd.workspace.path.rglob("*"))
    assert left_out(odd.workspace, ids, target) == counts
    assert sorted(path for path in odd.workspace.path.rglob("*")) == before, "nothing is written"


@pytest.mark.parametrize("ingested", ["copy", "reference"])
@pytest.mark.parametrize("images", ["copy", "link", "reference"])
@pytest.mark.parametrize("target", ["llava", "hf", "uids", "winnow"])
def test_images_that_are_gone_are_counted_before(
    data_dir: Path, tmp_path: Path, target: str, images: str, ingested: str
) -> None:
    lens, data = own_lens(tmp_path, data_dir, ingested)
    spoil(data)
    ids = resolve(recipe(), lens).sample_ids()
    assert left_out(lens.workspace, ids, target, images) == run(lens, target, tmp_path / "out", images=images).dropped
