"""Makes the sample pool, pools of any size in the same layout, or checks that the committed one is what this code makes.

python -m sample_data.generate                                  # writes sample_data/pool again
python -m sample_data.generate --check                          # compares it with a fresh one, byte by byte
python -m sample_data.generate --out DIR --num-samples 100000   # a larger pool; pictures are reused
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from sample_data import POOL_DIR
from sample_data.plan import COMMITTED, SourcePlan, scaled
from sample_data.writing import Note, Written, write_pool

SEED = 20260
MAX_SAMPLES = 20_000_000


@dataclass(frozen=True)
class Comparison:
    """Files by outcome. `same_pixels`: other bytes, equal pixels (another zlib or libjpeg packed the same picture)."""

    identical: tuple[str, ...]
    same_pixels: tuple[str, ...]
    different: tuple[str, ...]


def generate(pool_dir: Path, plans: tuple[SourcePlan, ...], seed: int, note: Note) -> Written:
    """A new pool at `pool_dir`, put in place when complete; what was there before goes."""
    pool_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=pool_dir.parent, prefix=".making-") as folder:
        fresh = Path(folder) / "pool"
        written = write_pool(fresh, plans, seed, note)
        if pool_dir.exists():
            shutil.rmtree(pool_dir)
        fresh.rename(pool_dir)
    return written


def compare(expected_dir: Path, found_dir: Path) -> Comparison:
    """Every file of both folders."""
    outcome: dict[str, list[str]] = {"identical": [], "same_pixels": [], "different": []}
    names = {
        path.relative_to(folder).as_posix()
        for folder in (expected_dir, found_dir)
        for path in folder.rglob("*")
        if path.is_file()
    }
    for name in sorted(names):
        first, second = expected_dir / name, found_dir / name
        if not first.is_file() or not second.is_file():
            outcome["different"].append(name)
        elif first.read_bytes() == second.read_bytes():
            outcome["identical"].append(name)
        else:
            outcome["same_pixels" if _same_pixels(first.read_bytes(), second.read_bytes()) else "different"].append(
                name
            )
    return Comparison(*(tuple(outcome[key]) for key in ("identical", "same_pixels", "different")))


def _same_pixels(first: bytes, second: bytes) -> bool:
    try:
        one, other = (Image.open(io.BytesIO(data)).convert("RGB") for data in (first, second))
    except (UnidentifiedImageError, OSError):
        return False
    return one.size == other.size and one.tobytes() == other.tobytes()


def check(note: Note) -> Comparison:
    """The committed pool against a fresh one."""
    with tempfile.TemporaryDirectory() as folder:
        write_pool(Path(folder) / "pool", COMMITTED, SEED, note)
        return compare(Path(folder) / "pool", POOL_DIR)


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sample_data.generate", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--out", type=Path, help="folder of the new pool; without it the committed pool is made again")
    parser.add_argument("--num-samples", type=int, default=0, help="rows of the new pool (default: as committed)")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed gives other scenes and questions")
    parser.add_argument("--max-images", type=int, default=4000, help="about so many pictures at most; rows share them")
    parser.add_argument(
        "--check", action="store_true", help="compare the committed pool with a fresh one; exit 1 if it differs"
    )
    parsed = parser.parse_args(arguments)
    if not 0 <= parsed.num_samples <= MAX_SAMPLES:
        parser.error(f"--num-samples must be from 1 to {MAX_SAMPLES}")
    if parsed.max_images < 100:
        parser.error("--max-images must be 100 or more: every source needs a few")
    if parsed.out is None and (parsed.num_samples or parsed.seed != SEED):
        parser.error("another size or seed needs --out: the committed pool has one of its own")
    if (
        parsed.out is not None
        and parsed.out.exists()
        and any(parsed.out.iterdir())
        and not (parsed.out / "known.jsonl").exists()
    ):
        parser.error(f"{parsed.out} holds other files; give a new folder")
    return parsed


def main(arguments: list[str] | None = None) -> int:
    parsed = _arguments(arguments)

    def note(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    if parsed.check:
        found = check(note)
        for name in found.different:
            note(f"differs: {name}")
        print(
            f"{len(found.identical)} identical, {len(found.same_pixels)} with equal pixels, {len(found.different)} "
            "different"
        )
        return 1 if found.different else 0
    started = time.monotonic()
    plans = scaled(parsed.num_samples, parsed.max_images) if parsed.num_samples else COMMITTED
    written = generate((parsed.out or POOL_DIR).resolve(), plans, parsed.seed, note)
    print(
        f"{written.num_samples} samples, {written.num_questions} questions, {written.num_images} pictures, "
        f"{written.num_bytes / 1e6:.2f} MB in {time.monotonic() - started:.1f} s"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
