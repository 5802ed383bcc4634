"""What Mixture says about exports: what would be left out, what is finished, what a push would send."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core import runs
from core.errors import BadInput
from core.mixture.folder import free_folder
from core.mixture.push import Planned
from core.runs import Run
from core.workspace import Workspace
from studio.mixture_export import _ZIP_MOST_BYTES, export_html, foreseen_html, is_small
from studio.mixture_push import listed
from studio.words import on_page


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_what_would_be_left_out_is_said_with_counts_and_reasons() -> None:
    said = words(foreseen_html("LLaVA-NeXT", 12_060, {"system_turn": 30, "image_marks": 1}))
    assert said.startswith(
        "Of 12,060 different samples, 31 cannot be exported as LLaVA-NeXT and would be left out: 30 it has"
    )
    assert "1 its &lt;image&gt; marks are not as many as its images" in said
    assert words(foreseen_html("LLaVA JSON", 1, {})) == "LLaVA JSON carries all 1 different sample."


def a_run(folder: Path, num_bytes: int) -> Run:
    path = runs.create(folder, "export", "core.mixture.export_job", {})
    run = runs.load(path)
    result = {
        "path": "/x/a <b>",
        "target": "hf",
        "num_samples": 18,
        "num_images": 1,
        "num_bytes": num_bytes,
        "dropped": {"a": 2},
    }
    return type(run)(**{**vars(run), "result": result})


def test_a_finished_export_says_what_is_in_it_and_offers_a_zip_while_it_is_not_too_large(tmp_path: Path) -> None:
    small, large = a_run(tmp_path, 1_500_000), a_run(tmp_path, _ZIP_MOST_BYTES + 1)
    assert (is_small(small), is_small(large)) == (True, False)
    said = export_html(small)
    assert words(said) == (
        "a &lt;b&gt; Hugging Face datasets, 18 samples, 1 picture, 1.5 MB, 2 left out /x/a &lt;b&gt; Download zip"
    )
    assert f'href="/api/exports/{small.run_id}.zip"' in said
    assert "Download" not in export_html(large)


def test_a_push_is_listed_before_it_is_begun() -> None:
    files = tuple((f"images/{number}.png", 10 * number) for number in range(9))
    plan = Planned(
        Path("/x"), "org/small", True, (files, (("manifest.json", 7),)), ("a <b> has no stated licence",), ()
    )
    said = words(listed(plan))
    assert said.startswith(
        "10 files, 367 B, in 2 commits to the private data set org/small images/8.png 80 B images/7.png 70 B"
    )
    assert "and 4 smaller files" in said
    assert said.endswith("a &lt;b&gt; has no stated licence")


def test_remedies_of_exports_name_the_fields_of_the_page(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    for out in (tmp_path / "full", tmp_path / "full" / "mine.txt", workspace.path / "tables"):
        with pytest.raises(BadInput) as caught:
            free_folder(out, workspace)
        assert "--" not in on_page(caught.value.fix)
    said = on_page("Free some space, or use --images link; then export again: it goes on where it stopped.")
    assert said == "Free some space, or choose hard link under Pictures; then resume it: it goes on where it stopped."
    assert on_page("Use --images copy, or export to the disk the images are on.").startswith(
        "Choose copy under Pictures, or"
    )
