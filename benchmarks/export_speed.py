"""How fast mixtures are exported: lines beside pictures that stay where they are, tars beside webdataset's own writer and `cp -r`,
and the memory an export takes.

Times are of the whole export and of its first part, the writing; the rest reads everything back, hashes it, and writes card and
manifest. Pictures are in the page cache for all alike. Every row is a process of its own, so that its memory is its own.

    python -m benchmarks.export_speed [--samples 100000] [--pictures 4000] [--million WS]

`--million` exports a large workspace of `benchmarks.big_workspace` too, for the memory.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.big_workspace import Files, make
from benchmarks.measuring import peak_gigabytes
from core.lens import Lens
from core.mixture.export import export
from core.mixture.mixture import resolve
from core.mixture.recipe import BudgetEntry, PartEntry, Recipe, SelectionByMethod, Stage
from core.workspace import Workspace
from tests.browser.serving import ROOT

LINES = ("llava", "llava-next", "llamafactory", "ms-swift", "axolotl")
LINES_TARGET = 60_000
TAR_SHARE, COPY_SHARE = 0.9, 0.6
MOST_GIGABYTES = 1.0
PICTURE_BYTES = 120_000
SHARD_BYTES = 512 << 20

Row = dict[str, Any]


def everything() -> Recipe:
    """All samples of a workspace in one stage, once."""
    chosen = SelectionByMethod(method="random", budget=BudgetEntry(percent=100))
    return Recipe(
        name="everything", selections={"all": chosen}, stages=(Stage(name="all", parts=(PartEntry(selection="all"),)),)
    )


class Clock:
    """Seconds by what a progress callable was told is being done."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._note, self._since = "", time.perf_counter()

    def __call__(self, done: float, total: float, note: str) -> None:
        now = time.perf_counter()
        self.seconds[self._note] = self.seconds.get(self._note, 0.0) + now - self._since
        self._note, self._since = note, now


def timed_export(workspace: Path, target: str, out: Path, images: str) -> Row:
    """One export of all samples, in this process."""
    lens = Lens(Workspace.open(workspace))
    mixture = resolve(everything(), lens)
    before, clock, began = peak_gigabytes(), Clock(), time.perf_counter()
    report = export(mixture, lens, target, out, images, clock, shard_bytes=SHARD_BYTES)
    clock(0, 0, "")
    whole = time.perf_counter() - began
    return {
        "samples": report.num_rows,
        "bytes": report.num_bytes,
        "seconds": whole,
        "writing": clock.seconds["writing samples and images"],
        "parts": {note: round(seconds, 2) for note, seconds in clock.seconds.items() if seconds > 0.05},
        "gigabytes_before": before,
        "gigabytes": peak_gigabytes(),
    }


def with_tar_writer(workspace: Path, out: Path) -> Row:
    """The same samples in the same order through `webdataset.TarWriter`, their pictures read from their files."""
    import webdataset

    lens = Lens(Workspace.open(workspace))
    mixture = resolve(everything(), lens)
    store, ids = lens.workspace.store, mixture.stages[0].listed[mixture.stages[0].order].tolist()
    columns = ["sample_id", "source", "original_id", "conversations", "image_keys"]
    rows = {row["sample_id"]: row for row in store.samples(ids, columns).to_pylist()}
    keys = sorted({key for row in rows.values() for key in row["image_keys"]})
    places = {
        row["image_key"]: row["origin_path"] for row in store.images(keys, ["image_key", "origin_path"]).to_pylist()
    }
    out.mkdir()
    began = time.perf_counter()
    with webdataset.ShardWriter(str(out / "train-%06d.tar"), maxsize=SHARD_BYTES, verbose=0) as shards:
        for number, sample_id in enumerate(ids):
            row = rows[sample_id]
            members = {f"{at}.png": Path(places[key]).read_bytes() for at, key in enumerate(row["image_keys"])}
            turns = [{"from": turn["role"], "value": turn["text"]} for turn in row["conversations"]]
            said = {"id": row["original_id"], "source": row["source"], "images": list(members), "conversations": turns}
            shards.write({"__key__": f"{number:09d}", **members, "json": said})
    return {"samples": len(ids), "seconds": time.perf_counter() - began, "bytes": _bytes_in(out)}


def copied(pictures: Path, out: Path) -> Row:
    """`cp -r` of the pictures."""
    began = time.perf_counter()
    subprocess.run(["cp", "-r", str(pictures), str(out)], check=True)
    return {"seconds": time.perf_counter() - began, "bytes": _bytes_in(out)}


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


WORK: dict[str, Callable[..., Row]] = {
    "export": lambda workspace, target, out, images: timed_export(Path(workspace), target, Path(out), images),
    "tar-writer": lambda workspace, out: with_tar_writer(Path(workspace), Path(out)),
    "cp": lambda pictures, out: copied(Path(pictures), Path(out)),
}


def in_its_own_process(*work: object) -> Row:
    command = [sys.executable, "-m", "benchmarks.export_speed", "--one", *map(str, work)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    row: Row = json.loads(said.stdout.splitlines()[-1])
    out = Path(str(work[-1] if work[0] != "export" else work[3]))
    shutil.rmtree(out)
    return row


def lines(folder: Path, num_samples: int) -> None:
    """JSON lines of samples whose pictures, one file each, stay where they are."""
    workspace = folder / "lines"
    make(workspace, num_samples, narrow=True, files=Files(folder / "small", max(num_samples // 10, 1)))
    for target in LINES:
        row = in_its_own_process("export", workspace, target, folder / "out", "reference")
        rate, whole = row["samples"] / row["writing"], row["samples"] / row["seconds"]
        print(
            f"{target + ', pictures referenced':<36} {rate:>10,.0f} samples/s written, {whole:,.0f} in all "
            f"(target {LINES_TARGET:,}), {row['samples']:,} samples, peak {row['gigabytes']:.2f} GB  {row['parts']}"
        )


def tars(folder: Path, num_pictures: int, times: int = 3) -> None:
    """WebDataset beside webdataset's writer and a plain copy of the same pictures; the best of some turns of each."""
    workspace, pictures = folder / "tars", folder / "large"
    files = Files(pictures, max(num_pictures // 10, 1), PICTURE_BYTES)
    make(workspace, num_pictures, narrow=True, files=files)
    taken: dict[str, list[Row]] = {"export": [], "tar-writer": [], "cp": []}
    for _ in range(times):
        taken["export"].append(in_its_own_process("export", workspace, "webdataset", folder / "out", "copy"))
        taken["tar-writer"].append(in_its_own_process("tar-writer", workspace, folder / "out"))
        taken["cp"].append(in_its_own_process("cp", pictures, folder / "out"))

    def rate(name: str, seconds: str = "seconds") -> float:
        return max(row["bytes"] / row[seconds] for row in taken[name]) / 1e6

    ours, all_of_it, theirs, plain = rate("export", "writing"), rate("export"), rate("tar-writer"), rate("cp")
    print(f"{'webdataset, written':<36} {ours:>10,.0f} MB/s, {all_of_it:,.0f} in all  {taken['export'][-1]['parts']}")
    print(
        f"{'webdataset.ShardWriter':<36} {theirs:>10,.0f} MB/s: ours is {ours / theirs:.2f} times it (target {TAR_SHARE})"
    )
    print(f"{'cp -r of the pictures':<36} {plain:>10,.0f} MB/s: ours is {ours / plain:.2f} of it (target {COPY_SHARE})")


def million(workspace: Path, folder: Path) -> None:
    """The memory of exports of a large workspace, the lens over it included."""
    for target in ("llamafactory", "winnow", "hf"):
        row = in_its_own_process("export", workspace, target, folder / "out", "copy")
        more = row["gigabytes"] - row["gigabytes_before"]
        print(
            f"{target:<36} {row['samples']:>10,} samples in {row['seconds']:,.0f} s, peak {row['gigabytes']:.2f} GB, of which "
            f"the export {more:.2f} GB (target {MOST_GIGABYTES})  {row['parts']}"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["--one"]:
        print(json.dumps(WORK[given[1]](*given[2:])))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100_000, help="samples whose pictures are referenced")
    parser.add_argument("--pictures", type=int, default=4_000, help="large pictures for the tars")
    parser.add_argument("--million", type=Path, help="a large workspace, for the memory")
    chosen = parser.parse_args(given)
    print(f"load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="winnow-export-") as name:
        lines(Path(name), chosen.samples)
        tars(Path(name), chosen.pictures)
        if chosen.million is not None:
            million(chosen.million, Path(name))


if __name__ == "__main__":
    main()
