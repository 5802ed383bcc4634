"""Export a mixture: data, images and manifest into a folder that appears whole or not at all.

Everything is written under a temporary name beside the target, read back and compared, and only then renamed.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import __version__
from core.errors import BadData, BadInput
from core.lens import Lens
from core.mixture import again, card, manifest, sums, warnings
from core.mixture.disk import LostFile
from core.mixture.folder import empty, final_folder, free_folder, names_in, working_in
from core.mixture.gather import CHUNK_SAMPLES, Gather
from core.mixture.images import IMAGE_MODES, ImageMode
from core.mixture.journal import JOURNAL_FILE, Journal
from core.mixture.mixture import Mixture, freeze
from core.mixture.ratings import Further
from core.mixture.target import GROUP_ROWS, Place, RowDigest, Target, Writer, Written, check_round_trip
from core.mixture.targets import target_of
from core.progress import Progress, silent
from core.store.ids import digest_of
from core.store.tables import writing

FORMAT = 5
"""Raised when the bytes of any target change, so that no export goes on with what an older version began."""

SHARD_BYTES = 512 << 20
CHECKPOINT_SAMPLES = 8192


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote: rows of different samples; `files` are the data files, images not listed.

    `resumed`: an earlier attempt was gone on with; `already`: it was whole before; `mended`: the files of it that were not.
    """

    target: str
    path: Path
    num_rows: int
    num_samples: int
    num_images: int
    num_bytes: int
    dropped: dict[str, int]
    files: tuple[str, ...]
    notes: tuple[str, ...]
    resumed: bool = False
    already: bool = False
    mended: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What `winnow export --json` prints."""
        return {
            "target": self.target,
            "num_rows": self.num_rows,
            "num_samples": self.num_samples,
            "num_images": self.num_images,
            "dropped": self.dropped,
            "files": [str(self.path / name) for name in self.files],
            "notes": list(self.notes),
            "resumed": self.resumed,
            "already": self.already,
            "mended": list(self.mended),
        }


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
    resume: bool = False,
    shard_bytes: int = SHARD_BYTES,
    checkpoint_samples: int = CHECKPOINT_SAMPLES,
    group_rows: int = GROUP_ROWS,
) -> ExportReport:
    """Write a mixture to `out`, which must be empty or not exist; its recipe is frozen first.

    Samples whose images are gone or changed, or that the format cannot carry, are left out and reported; BadData when that
    leaves none. What is in `out` afterwards has been read back and is what was meant to be written. An export of the same
    mixture to the same place that was cut short is gone on with; the bytes are those of one that was not.

    With `resume`, `out` may hold this very export: it is verified, and files of it that are damaged or gone are written anew
    (beside it first, which needs its room twice for a while). Whatever else is there, or was begun there, is refused.
    """
    target, mode = target_of(target_name), image_mode(images)
    handed, notes = str(mode), (*mixture.notes, *warnings.lines(mixture, lens, trains_here=target.key == "winnow"))
    if target.embeds or target.bare:
        handed = "embedded" if target.embeds else "none"
        if mode != "copy":
            inside = "Images travel inside the data files" if target.embeds else "Images are no part of this format"
            notes = (*notes, f"{inside}; --images {mode} has no effect.")
        mode = "copy"
    final = final_folder(out, lens.workspace) if resume else free_folder(out, lens.workspace)
    if not any(len(stage) for stage in mixture.stages):
        raise BadInput("The mixture holds no sample.", "Give a stage a selection with samples.")
    with writing("a snapshot of the workspace"):
        mixture = freeze(mixture, lens)
    ids = target.ids(mixture)
    what = [mixture.recipe.as_dict(), mixture.snapshot, sha256(ids.tobytes()).hexdigest(), target.key, mode]
    fingerprint = digest_of([*what, shard_bytes, group_rows, __version__, FORMAT])
    began = again.Began(fingerprint, target.key, handed, mixture.recipe.name, mixture.snapshot)
    there: dict[str, Any] | None = None
    if resume and names_in(final):
        there, sound = again.looked_at(final, began, progress)
        if sound:
            again.forget(final, began)
            return _report(final, there, already=True)
    with working_in(final) as folder, _little_to_collect(), ExitStack() as threads:
        journal = Journal(folder, began.as_line())
        if resume:
            again.refuse_others(journal, began, final)
        place = Place(
            mixture, folder, shard_bytes, group_rows, Further(lens.workspace.store, lens.versions.get("samples"))
        )

        def gathering() -> Gather:
            return threads.enter_context(
                Gather(
                    lens.workspace.store,
                    lens.versions,
                    folder,
                    final,
                    mode,
                    target.image_path,
                    embed=target.embeds,
                    bare=target.bare,
                    refuses=target.refuses,
                    chunk_samples=min(checkpoint_samples, CHUNK_SAMPLES),
                )
            )

        going_on = _gone_on(target, place, gathering(), journal) if journal.matches() else None
        resumed = going_on is not None
        if going_on is None:
            empty(folder)
            journal.begin()
            going_on = gathering(), target.open(place, None), RowDigest()
        gather = going_on[0]
        mended: tuple[str, ...] = ()
        written = target.finish(place, _write(target, place, ids, *going_on, journal, checkpoint_samples, progress))
        dropped = manifest.dropped_counts(mixture, gather)
        if not len(written.sample_ids):
            empty(folder)
            why = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
            raise BadData(
                f"Not one sample could be exported: {why}.",
                "Use --images copy, or ingest the sources again with their images in place.",
            )
        _sweep(folder, gather)
        gather.images.check_again(progress)
        round_trip = check_round_trip(target, folder, written, gather.images.keys, mode == "reference", progress)
        ended = {
            JOURNAL_FILE,
            card.CARD_FILE,
            sums.SUMS_FILE,
            manifest.MANIFEST_FILE,
        }  # the last of them perhaps of a stop
        names = sorted(
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_file()
            and path.name not in ended
            and path.relative_to(folder).as_posix() not in gather.images.files
        )
        facts = {name: sums.fact_of(folder / name) for name in names}
        record = manifest.build(mixture, lens, target, gather, written, handed, round_trip, notes, fingerprint)
        card.write(folder, record, target.card())
        facts[card.CARD_FILE] = sums.fact_of(folder / card.CARD_FILE)
        sums.write(folder, {**facts, **gather.images.files})
        facts[sums.SUMS_FILE] = sums.fact_of(folder / sums.SUMS_FILE)
        manifest.write(record, facts, folder)
        if there is None:
            os.sync()  # what the name promises must be on the disk before the name is
            os.replace(folder, final)
            journal.end(final)
        else:
            journal.end()  # files leave the folder now: nobody can go on with what remains of it
            mended = again.mend(final, folder, there, record)
    return _report(final, record, resumed=resumed, mended=mended)


def _report(
    final: Path, record: dict[str, Any], *, resumed: bool = False, already: bool = False, mended: tuple[str, ...] = ()
) -> ExportReport:
    """What a manifest says an export holds."""
    num_bytes = sum(fact["size_bytes"] for fact in record["files"].values()) + record["image_checks"]["num_bytes"]
    ends = (card.CARD_FILE, sums.SUMS_FILE)
    return ExportReport(
        target=record["target"],
        path=final,
        num_rows=record["num_rows"],
        num_samples=record["num_samples"],
        num_images=record["num_images"],
        num_bytes=num_bytes,
        dropped=record["dropped"],
        files=(*(name for name in record["files"] if name not in ends), *ends, manifest.MANIFEST_FILE),
        notes=tuple(record["notes"]),
        resumed=resumed,
        already=already,
        mended=mended,
    )


@contextmanager
def _little_to_collect() -> Iterator[None]:
    """Leave what is there already out of garbage collection: rows make millions of objects, and each full collection among a
    lens and its libraries takes as long as a thousand of them."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _gone_on(target: Target, place: Place, gather: Gather, journal: Journal) -> tuple[Gather, Writer, RowDigest] | None:
    """Take up what an earlier attempt left; None when that is not what its journal says, or would not be left out today."""
    done = journal.replay(gather)
    if not gather.images.failures_stand():
        return None
    try:
        return gather, target.open(place, done.state), done.digest
    except LostFile:
        return None


def _write(
    target: Target,
    place: Place,
    ids: NDArray[np.uint64],
    gather: Gather,
    writer: Writer,
    digest: RowDigest,
    journal: Journal,
    checkpoint_samples: int,
    progress: Progress,
) -> Written:
    """Write the data files, from where an earlier attempt left them."""
    last = gather.position
    try:
        for sample in gather.samples(ids, progress, "writing samples and images"):
            writer.write(sample)
            digest.add_sample(target.carried(sample))
            if gather.position - last >= checkpoint_samples:
                state = writer.checkpoint()
                if state is not None:
                    journal.note(gather, state, digest)
                    last = gather.position
        writer.close()
    except BaseException:  # a notebook that was interrupted keeps all this while its cell runs again
        writer.abandon()
        raise
    kept = np.ones(len(ids), dtype=bool)
    kept[[position for position, _, _ in gather.skipped]] = False
    return Written(ids[kept], target.left(place.mixture, kept), digest.hexdigest())


def _sweep(folder: Path, gather: Gather) -> None:
    """Take away images that an attempt which was cut short put in place and this one does not name, and folders with nothing
    in them."""
    for path in (folder / "images").rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in gather.images.files:
            path.unlink()
    for place, _, names in os.walk(folder, topdown=False):
        if not names and Path(place) != folder and not os.listdir(place):
            os.rmdir(place)
