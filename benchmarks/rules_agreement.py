"""How far the offline rules agree with what is known: ratings by eye of 60 real samples, and the skills of the sample data.

    python -m benchmarks.rules_agreement POOL      # POOL is the folder with train/*.json and images/
    python -m benchmarks.rules_agreement --sample-only

Nothing in the rules was fitted to the 60 ratings; they are read here and nowhere else.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import BadInput, StudioError
from core.evidence.rules import ImageFacts, Judgement, image_facts, judge
from core.evidence.rules.agreement import mean_spearman, score_agreement, style_agreement
from core.vocabulary import CAPABILITY_KEYS

ROOT = Path(__file__).resolve().parent.parent
RATINGS = ROOT / "tests" / "evidence" / "pool_ratings.jsonl"
SAMPLE_DATA = ROOT / "sample_data"
_ROLES = {"human": "human", "user": "human", "gpt": "gpt", "assistant": "gpt", "system": "system"}
_RESAMPLES = 1_000


class Known(NamedTuple):
    """What is known about one sample."""

    source: str
    original_id: str
    scores: Mapping[str, float]
    styles: Sequence[str]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pool", nargs="?", type=Path, help="folder of the real pool")
    parser.add_argument("--sample-only", action="store_true", help="leave the real pool out")
    chosen = parser.parse_args(arguments)
    try:
        report("sample data, known skills", SAMPLE_DATA / "pool", read_known(SAMPLE_DATA / "pool" / "known.jsonl"))
        if not chosen.sample_only:
            if chosen.pool is None:
                raise BadInput("No pool was named.", "Give the folder of the real pool, or --sample-only.")
            report("real pool, rated by eye", chosen.pool, read_known(RATINGS))
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def read_known(path: Path) -> list[Known]:
    """Known scores and styles, one JSON object a line: source, id, styles, and scores by rating or skills by construction."""
    if not path.is_file():
        raise BadInput(f"There is no file {path}.", "Build the sample data or give the right folder.")
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return [Known(row["source"], str(row["id"]), row.get("skills") or row["scores"], row["styles"]) for row in rows]


def report(title: str, pool: Path, known: Sequence[Known]) -> None:
    """Judges the known samples of a pool and prints the agreement."""
    samples = read_samples(pool, known)
    told = judge_samples(pool, samples)
    reference = np.array(
        [[row.scores.get(key, math.nan) for key in CAPABILITY_KEYS] for row in known], dtype=np.float32
    )
    agreement = score_agreement(told.scores, reference)
    print(f"\n{title}: {len(known)} samples")
    for key, entry in agreement.items():
        print(
            f"  {key:12s} Spearman {entry.spearman:6.2f}   known mean {np.nanmean(reference[:, CAPABILITY_KEYS.index(key)]):.2f}"
        )
    low, high = interval(told.scores, reference)
    print(f"  {'mean':12s} Spearman {mean_spearman(agreement):6.2f}   95 % interval {low:.2f} to {high:.2f}")
    found = style_agreement(told.styles, [row.styles for row in known])
    for style, (precision, recall, f1, number) in found.by_style.items():
        print(f"  {style:22s} F1 {f1:.2f}   precision {precision:.2f}   recall {recall:.2f}   samples {number}")
    print(f"  styles micro F1 {found.micro_f1:.3f}   macro F1 {found.macro_f1:.3f}")


def read_samples(pool: Path, known: Iterable[Known]) -> list[Mapping[str, Any]]:
    """The LLaVA records of the known samples, in their order; the source is the file's stem."""
    files = sorted((pool / "train").glob("*.json*"))
    if not files:
        raise BadInput(
            f"There are no train/*.json files or train/*.jsonl in {pool}.",
            "Give the folder of a pool, with train/ and images/.",
        )
    records: dict[tuple[str, str], Mapping[str, Any]] = {}
    for path in files:
        text = path.read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else json.loads(text)
        for record in lines:
            original_id, number = str(record.get("id")), 1
            while (path.stem, original_id) in records:  # a repeated id is told apart as the ingest does it
                number += 1
                original_id = f"{record.get('id')}#{number}"
            records[path.stem, original_id] = record
    missing = [row for row in known if (row.source, row.original_id) not in records]
    if missing:
        raise BadInput(
            f"{pool} lacks {len(missing)} known samples, {missing[0].original_id!r} first.", "Give the right pool."
        )
    return [records[row.source, row.original_id] for row in known]


def judge_samples(pool: Path, records: Sequence[Mapping[str, Any]]) -> Judgement:
    """The rules' word on LLaVA records; pictures are measured on thumbnails, as in a workspace."""
    names = [_image_names(record) for record in records]
    conversations = [
        [{"role": _ROLES[turn["from"]], "text": turn["value"]} for turn in record["conversations"]]
        for record in records
    ]
    facts = [[_facts(pool / name) for name in pictures] for pictures in names]
    return judge(conversations, facts, [len(pictures) for pictures in names])


def interval(scores: NDArray[np.floating], reference: NDArray[np.floating]) -> tuple[float, float]:
    """Bootstrap interval (2.5 %, 97.5 %) of the mean Spearman over resampled rows."""
    rng = np.random.default_rng(0)
    means = []
    for _ in range(_RESAMPLES):
        rows = rng.integers(0, len(scores), len(scores))
        means.append(mean_spearman(score_agreement(scores[rows], reference[rows])))
    low, high = np.nanpercentile(means, [2.5, 97.5])
    return float(low), float(high)


def _image_names(record: Mapping[str, Any]) -> list[str]:
    image = record.get("image") or []
    return [image] if isinstance(image, str) else list(image)


def _facts(path: Path) -> ImageFacts:
    with Image.open(path) as image:
        image.draft("RGB", (512, 512))
        small = image.convert("RGB")
        small.thumbnail((256, 256))
        return image_facts(small)


if __name__ == "__main__":
    raise SystemExit(main())
