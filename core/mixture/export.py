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

import numpy as np
from filelock import FileLock, Timeout

from core import __version__
from core.errors import BadData, BadInput, Busy, DiskFull
from core.lens import Lens
from core.mixture import card, manifest, sums
from core.mixture.axolotl import Axolotl
from core.mixture.energon import Energon
from core.mixture.finevision import FineVision
from core.mixture.gather import CHUNK_SAMPLES, IMAGE_MODES, Gather, ImageMode
from core.mixture.hf import Hf
from core.mixture.journal import JOURNAL_FILE, Journal
from core.mixture.llamafactory import LlamaFactory
from core.mixture.llava import Llava
from core.mixture.llava_next import LlavaNext
from core.mixture.mixture import Mixture, freeze
from core.mixture.ms_swift import MsSwift
from core.mixture.target import Place, Target, Written, check_round_trip
from core.mixture.trl import Trl
from core.mixture.uids import Uids
from core.mixture.webdataset import WebDataset
from core.mixture.winnow import Winnow
from core.progress import Progress, silent
from core.store.ids import digest_of

TARGETS: dict[str, type[Target]] = {
    target.key: target
    for target in (
        Llava, LlavaNext, LlamaFactory, MsSwift, Trl, Axolotl, Hf, FineVision, WebDataset, Energon, Uids, Winnow,
    )
}  # fmt: skip
"""Formats to export to, in display order."""

FORMAT = 2
"""Raised when the bytes of any target change, so that no export goes on with what an older version began."""

SHARD_BYTES = 512 << 20
CHECKPOINT_SAMPLES = 8192
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
    resumed: bool = False

    def as_json(self) -> dict[str, Any]:
        """What `winnow export --json` prints."""
        return {
            "target": self.target,
            "num_samples": self.num_samples,
            "num_images": self.num_images,
            "dropped": self.dropped,
            "files": [str(self.path / name) for name in self.files],
            "notes": list(self.notes),
            "resumed": self.resumed,
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
    *,
    shard_bytes: int = SHARD_BYTES,
    checkpoint_samples: int = CHECKPOINT_SAMPLES,
) -> ExportReport:
    """Write a mixture to `out`, which must be empty or not exist; its recipe is frozen first.

    Samples whose images are gone or changed, or that the format cannot carry, are left out and reported; BadData when that
    leaves none. What is in `out` afterwards has been read back and is what was meant to be written. An export of the same
    mixture to the same place that was cut short is gone on with; the bytes are those of one that was not.
    """
    target, mode = target_of(target_name), image_mode(images)
    handed, notes = str(mode), mixture.notes
    if target.embeds or target.bare:
        handed = "embedded" if target.embeds else "none"
        if mode != "copy":
            inside = "Images travel inside the data files" if target.embeds else "Images are no part of this format"
            notes = (*notes, f"{inside}; --images {mode} has no effect.")
        mode = "copy"
    final = free_folder(out)
    if not any(len(stage) for stage in mixture.stages):
        raise BadInput("The mixture holds no sample.", "Give a stage a selection with samples.")
    mixture = freeze(mixture, lens)
    fingerprint = digest_of([mixture.recipe.as_dict(), target.key, mode, shard_bytes, __version__, FORMAT])
    with _partial(final) as folder:
        journal = Journal(folder, fingerprint)
        place = Place(mixture, folder, shard_bytes)
        gather = Gather(
            lens.workspace.store,
            folder,
            final,
            mode,
            target.image_path,
            embed=target.embeds,
            bare=target.bare,
            refuses=target.refuses,
            chunk_samples=min(checkpoint_samples, CHUNK_SAMPLES),
        )
        resumed = journal.matches()
        if not resumed:
            _empty(folder)
            journal.begin()
        written = target.finish(place, _write(target, place, gather, journal, checkpoint_samples, progress))
        dropped = manifest.dropped_counts(mixture, gather)
        if not len(written.sample_ids):
            _empty(folder)
            why = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
            raise BadData(
                f"Not one sample could be exported: {why}.",
                "Use --images copy, or ingest the sources again with their images in place.",
            )
        _sweep(folder, gather)
        round_trip = check_round_trip(target, folder, written, gather.image_keys, mode == "reference", progress)
        ended = {
            JOURNAL_FILE,
            card.CARD_FILE,
            sums.SUMS_FILE,
            manifest.MANIFEST_FILE,
        }  # the last of them perhaps of a stop
        names = sorted(
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and path.name not in ended and path.relative_to(folder).as_posix() not in gather.files
        )
        facts = {name: sums.fact_of(folder / name) for name in names}
        record = manifest.build(mixture, lens, target, gather, written, handed, round_trip, notes)
        card.write(folder, record, target.card())
        facts[card.CARD_FILE] = sums.fact_of(folder / card.CARD_FILE)
        sums.write(folder, {**facts, **gather.files})
        facts[sums.SUMS_FILE] = sums.fact_of(folder / sums.SUMS_FILE)
        manifest.write(record, facts, folder)
        journal.end()
        os.replace(folder, final)
    return ExportReport(
        target=target.key,
        path=final,
        num_samples=len(written.sample_ids),
        num_images=record["num_images"],
        num_bytes=sum(fact.size_bytes for fact in (*facts.values(), *gather.files.values())),
        dropped=dropped,
        files=(*names, card.CARD_FILE, sums.SUMS_FILE, manifest.MANIFEST_FILE),
        notes=notes,
        resumed=resumed,
    )


def _write(
    target: Target, place: Place, gather: Gather, journal: Journal, checkpoint_samples: int, progress: Progress
) -> Written:
    """Write the data files, from where an earlier attempt left them."""
    ids = target.ids(place.mixture)
    done = journal.replay(gather)
    digest = done.digest
    writer = target.open(place, done.state)
    last = gather.position
    for sample in gather.samples(ids, progress, "writing samples and images"):
        writer.write(sample)
        digest.add_sample(target.carried(sample))
        if gather.position - last >= checkpoint_samples:
            state = writer.checkpoint()
            if state is not None:
                journal.note(gather, state, digest)
                last = gather.position
    writer.close()
    kept = np.ones(len(ids), dtype=bool)
    kept[[position for position, _, _ in gather.skipped]] = False
    return Written(ids[kept], target.left(place.mixture, kept), digest.hexdigest())


def _empty(folder: Path) -> None:
    """Take away what an export of something else left."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _sweep(folder: Path, gather: Gather) -> None:
    """Take away images that an attempt which was cut short put in place and this one does not name."""
    for path in (folder / "images").rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in gather.files:
            path.unlink()


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
    """A temporary folder beside the final one, which stays when the work is cut short; only one process at a time has it."""
    folder = final.parent / f".{final.name}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(final.parent / f".{final.name}.partial.lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise Busy(f"Another export to {final} is under way.", "Wait for it, or give another folder.") from None
    except OSError as error:
        raise BadInput(f"{final} cannot be written ({error.strerror}).", _ELSEWHERE) from error
    try:
        yield folder
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(
                f"The disk is full while exporting to {final}.",
                "Free some space, or use --images link; then export again: it goes on where it stopped.",
            ) from error
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise Busy(f"Something was written to {final} meanwhile.", "Give a folder nobody else uses.") from error
        raise
    except (BadData, BadInput):
        shutil.rmtree(folder, ignore_errors=True)  # going on would end the same way
        raise
    finally:
        if folder.is_dir() and not (folder / JOURNAL_FILE).is_file():
            shutil.rmtree(folder, ignore_errors=True)
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
