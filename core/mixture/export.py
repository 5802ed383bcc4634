"""Export a mixture: data, images and manifest into a folder that appears whole or not at all.

Everything is written under a temporary name beside the target, read back and compared, and only then renamed.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadData, BadInput, Busy, DiskFull
from core.lens import Lens
from core.mixture import manifest
from core.mixture.gather import IMAGE_MODES, Gather, ImageMode
from core.mixture.llava import Llava
from core.mixture.mixture import Mixture, freeze
from core.mixture.target import Target, check_round_trip
from core.mixture.winnow import Winnow
from core.progress import Progress, silent

TARGETS: dict[str, type[Target]] = {
    "llava": Llava,
    "winnow": Winnow,
}
"""Formats to export to, in display order."""

_ELSEWHERE = "Give a folder you may write to."


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote; `files` are the data files, images not listed."""

    target: str
    path: Path
    num_samples: int
    num_images: int
    num_bytes: int
    dropped: dict[str, int]
    files: tuple[str, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """What `winnow export --json` prints."""
        return {
            "target": self.target,
            "num_samples": self.num_samples,
            "num_images": self.num_images,
            "dropped": self.dropped,
            "files": [str(self.path / name) for name in self.files],
            "notes": list(self.notes),
        }


def target_of(name: str) -> Target:
    """The exporter of this name; BadInput that lists the known ones for any other."""
    if name not in TARGETS:
        raise BadInput(f"There is no export target {name!r}.", f"The known ones are: {', '.join(TARGETS)}.")
    return TARGETS[name]()


def image_mode(name: str) -> ImageMode:
    """copy, link or reference; BadInput for anything else."""
    for mode in IMAGE_MODES:
        if mode == name:
            return mode
    raise BadInput(f"{name!r} is no way to hand over images.", f"Use one of {', '.join(IMAGE_MODES)}.")


def export(
    mixture: Mixture,
    lens: Lens,
    target_name: str,
    out: Path,
    images: str = "copy",
    progress: Progress = silent,
) -> ExportReport:
    """Write a mixture to `out`, which must be empty or not exist; its recipe is frozen first.

    Samples whose images are gone or changed are left out and reported; BadData when that leaves none. What is in `out`
    afterwards has been read back and is what was meant to be written.
    """
    target, mode = target_of(target_name), image_mode(images)
    final = free_folder(out)
    if not any(len(stage) for stage in mixture.stages):
        raise BadInput("The mixture holds no sample.", "Give a stage a selection with samples.")
    mixture = freeze(mixture, lens)
    with _partial(final) as folder:
        gather = Gather(lens.workspace.store, folder, final, mode, target.image_path)
        written = target.write(mixture, gather, folder, progress)
        dropped = manifest.dropped_counts(mixture, gather)
        if not len(written.sample_ids):
            why = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
            raise BadData(
                f"Not one sample could be exported: {why}.",
                "Use --images copy, or ingest the sources again with their images in place.",
            )
        round_trip = check_round_trip(target, folder, written, progress)
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
        facts = {name: manifest.fact_of(folder / name) for name in names}
        record = manifest.build(mixture, lens, target, gather, written, mode, facts, round_trip)
        manifest.write(record, folder)
        os.replace(folder, final)
    return ExportReport(
        target=target.key,
        path=final,
        num_samples=len(written.sample_ids),
        num_images=len(gather.files),
        num_bytes=sum(fact.size_bytes for fact in (*facts.values(), *gather.files.values())),
        dropped=dropped,
        files=(*names, manifest.MANIFEST_FILE),
        notes=mixture.notes,
    )


def free_folder(out: Path) -> Path:
    """Where an export to `out` goes; BadInput when something is there already."""
    final = out.expanduser().resolve()
    if final.is_file():
        raise BadInput(f"{final} is a file.", "Give a new folder with --out.")
    if final.is_dir() and any(final.iterdir()):
        raise BadInput(f"{final} is not empty.", "Give a new or an empty folder; nothing was overwritten.")
    return final


@contextmanager
def _partial(final: Path) -> Iterator[Path]:
    """A temporary folder beside the final one, removed unless it was renamed; those of dead processes are removed too."""
    folder = final.parent / f".{final.name}.{os.getpid()}.partial"
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        for left in final.parent.glob(f".{_escaped(final.name)}.*.partial"):
            if not _alive(left.name.split(".")[-2]):
                shutil.rmtree(left, ignore_errors=True)
    except OSError as error:
        raise BadInput(f"{final} cannot be written ({error.strerror}).", _ELSEWHERE) from error
    try:
        folder.mkdir()
    except FileExistsError:
        raise Busy(f"Another export to {final} is under way.", "Wait for it, or give another folder.") from None
    except OSError as error:
        raise BadInput(f"{final} cannot be written ({error.strerror}).", _ELSEWHERE) from error
    try:
        yield folder
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(
                f"The disk is full while exporting to {final}.",
                "Free some space, or use --images link; then export again.",
            ) from error
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise Busy(f"Something was written to {final} meanwhile.", "Give a folder nobody else uses.") from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _escaped(name: str) -> str:
    return "".join(f"[{char}]" if char in "[]*?" else char for char in name)


def _alive(pid: str) -> bool:
    if not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
