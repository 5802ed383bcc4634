"""An export as a run, so that it outlives the page, and a finished export as one archive to carry away.

The run's folder keeps the recipe it was started with; the archive is made while it is read, so it needs no disk of its own.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core import runs
from core.mixture.recipe import Recipe
from core.runs import Run, RunFolder
from core.workspace import Workspace

KIND = "export"
_PIECE_BYTES = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can hold; a fixed one, so equal exports give equal archives


def start_export(
    workspace: Workspace,
    recipe: Recipe,
    target: str,
    out: Path,
    images: str = "copy",
    *,
    recipe_folder: Path | None = None,
    shard_bytes: int | None = None,
) -> Run:
    """Start a detached export of a recipe's mixture to `out`, a new or empty folder.

    A wrong target, image mode or folder is BadInput here, before anything is started. `recipe_folder` is what relative
    paths of selection files start from; the workspace is tried after it.
    """
    from core.mixture.export import SHARD_BYTES, image_mode
    from core.mixture.folder import free_folder
    from core.mixture.targets import target_of

    target_of(target), image_mode(images)
    settings = {
        "workspace": str(workspace.path),
        "recipe_folder": str((recipe_folder or workspace.path).resolve()),
        "target": target,
        "out": str(free_folder(out, workspace)),
        "images": images,
        "shard_bytes": shard_bytes or SHARD_BYTES,
    }
    text = recipe.to_yaml()  # before there is a run that would have to be cleared away
    path = runs.create(workspace.path, KIND, __name__, settings)
    (path / "recipe.yaml").write_text(text, encoding="utf-8")
    return runs.start(path)


def run_job(folder: RunFolder) -> dict[str, Any]:
    """Resolve the recipe and write it; the result is what `winnow export --json` prints, and where it lies.

    A run that ended after its export was whole, and is gone on with, finds that and says so.
    """
    from core.lens import Lens
    from core.mixture.export import export
    from core.mixture.folder import names_in
    from core.mixture.mixture import resolve
    from core.mixture.recipe import load_recipe

    settings = folder.settings

    def progress(done: int, total: int | None, note: str) -> None:
        folder.check_stop()
        folder.progress(done, total, note)

    progress(0, None, "choosing the samples")
    lens = Lens(Workspace.open(Path(settings["workspace"])))
    mixture = resolve(load_recipe(folder.path / "recipe.yaml"), lens, Path(settings["recipe_folder"]))
    out = Path(settings["out"])
    report = export(
        mixture, lens, settings["target"], out, settings["images"], progress, resume=bool(names_in(out)),
        shard_bytes=settings["shard_bytes"],
    )  # fmt: skip
    return {**report.as_json(), "path": str(report.path), "num_bytes": report.num_bytes}


class _Pipe:
    """A file to write to whose content is taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def archive(folder: Path) -> Iterator[bytes]:
    """A folder as a zip, piece by piece: every file below its name, sorted, stored as it is (pictures do not compress)."""
    pipe: Any = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(entry for entry in folder.rglob("*") if entry.is_file()):
            info = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}", _EPOCH)
            info.external_attr = 0o644 << 16
            with path.open("rb") as source, packed.open(info, "w", force_zip64=True) as entry:
                while piece := source.read(_PIECE_BYTES):
                    entry.write(piece)
                    yield pipe.take()
            yield pipe.take()
    yield pipe.take()
