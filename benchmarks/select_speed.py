"""How fast selection is at one and ten million samples, from columns in memory, beside its targets.

Every row is a process of its own, so that its memory is its own: mmSSR with whole and with fractional scores (compiled before
the clock starts), nested mmSSR, cuts of its order, the same choice by plain pandas at a million, and the lens over a
prepared workspace. Seconds of all cores together stand beside those of the wall, because other work stretches the wall.

    python -m benchmarks.select_speed [--samples 10000000] [--lens WS ...]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.measuring import Measured, measured, peak_gigabytes
from core.filters import NO_LICENCE, UNFLAGGED, Filter, ScoreRange
from core.lens import Lens
from core.select.budget import Budget
from core.select.mmssr import Mmssr
from core.select.mmssr_nested import MmssrNested
from core.select.pool import Pool
from core.vocabulary import CAPABILITY_KEYS, STYLES, TAG_SEPARATOR
from core.workspace import Workspace
from tests.browser.serving import ROOT

NUM_SOURCES = 50
SHARE = 30
PANDAS_SAMPLES = 1_000_000
NUM_CUTS = 200
QUESTIONS = ("count_visible", "score_counts", "count_by_source")
"""What a page asks first of a filter."""

Row = dict[str, Any]


def made_up(num: int, *, fractional: bool = False, seed: int = 0) -> Pool:
    """A pool of 50 sources of uneven size and nine styles: one in ten without a style, one in four with two."""
    chance = np.random.default_rng(seed)
    source = chance.choice(NUM_SOURCES, num, p=chance.dirichlet(np.full(NUM_SOURCES, 1.2))).astype(np.int32)
    home = chance.integers(0, len(STYLES), NUM_SOURCES)
    own = np.where(chance.random(num) < 0.6, home[source], chance.integers(0, len(STYLES), num))
    other = np.where(chance.random(num) < 0.25, 1 << chance.integers(0, len(STYLES), num), 0)
    bits = np.where(chance.random(num) < 0.1, 0, (1 << own) | other).astype(np.uint32)
    scores = {}
    for key in CAPABILITY_KEYS:
        if fractional:
            stored = np.clip(chance.normal(100, 80, num), 0, 250).astype(np.uint8)
        else:
            stored = (chance.choice(6, num, p=[0.4, 0.1, 0.15, 0.2, 0.1, 0.05]) * 50).astype(np.uint8)
        stored[chance.random(num) < 0.02] = 255
        scores[key] = stored
    return Pool.from_arrays(
        sample_id=chance.integers(0, 2**64, num, dtype=np.uint64),
        source=source,
        source_names=[f"source {number:02d}" for number in range(NUM_SOURCES)],
        scores=scores,
        style_bits=bits,
        original_id=pa.array([""] * num),
    )


def _compile(selector: Mmssr | MmssrNested) -> None:
    selector.order(made_up(300_000), budget=Budget.percent(SHARE))


# -- what is measured; each gives rows of the table ---------------------------------------------------------------------


def mmssr(num: int, fractional: bool) -> list[Row]:
    selector = Mmssr()
    _compile(selector)
    pool = made_up(num, fractional=fractional)
    ordering, took = measured(lambda: selector.order(pool, budget=Budget.percent(SHARE)), times=2)
    kind = "fractional" if fractional else "whole"
    what = f"mmssr, {len(ordering):,} of {num:,}, {kind} scores"
    aim = 8.0 if fractional else 4.0
    return [_row(what, took, aim), {"what": "  peak memory", "figure": f"{peak_gigabytes():.2f} GB", "target": "4 GB"}]


def nested(num: int) -> list[Row]:
    selector = MmssrNested()
    _compile(selector)
    pool = made_up(num)
    ordering, took = measured(lambda: selector.order(pool))
    _, first = measured(lambda: ordering.cut(num // 2).sample_ids)
    budgets = np.random.default_rng(1).integers(1, len(ordering), NUM_CUTS)
    each = [measured(lambda budget=int(budget): ordering.cut(budget).sample_ids)[1].wall for budget in budgets]  # type: ignore[misc]
    return [
        _row(f"mmssr-nested, all {num:,}", took),
        {"what": "  peak memory", "figure": f"{peak_gigabytes():.2f} GB"},
        {"what": "  the first prefix", "figure": f"{1000 * first.wall:.1f} ms"},
        {
            "what": f"  any prefix after it, worst of {NUM_CUTS}",
            "figure": f"{1000 * max(each):.2f} ms",
            "target": "50 ms",
        },
    ]


def against_pandas(num: int) -> list[Row]:
    from benchmarks.pandas_mmssr import frame_of, pandas_mmssr

    selector = Mmssr()
    _compile(selector)
    pool = made_up(num)
    ordering, ours = measured(lambda: selector.order(pool, budget=Budget.percent(SHARE)), times=3)
    frame = frame_of(pool, 0)
    theirs, plain = measured(lambda: pandas_mmssr(frame, num, CAPABILITY_KEYS, num * SHARE // 100))
    assert np.array_equal(ordering.rows, theirs), "the two choose differently"
    return [
        _row(f"mmssr, {len(ordering):,} of {num:,}", ours),
        _row("  the same by pandas", plain),
        {
            "what": "  ratio",
            "figure": f"{plain.wall / ours.wall:.0f} x",
            "more": f"{plain.cpu / ours.cpu:.0f} x in CPU seconds, same ids",
            "target": "20 x",
        },
    ]


def lens(path: Path) -> list[Row]:
    here, took = measured(lambda: Lens(Workspace.open(path)))
    rows = [
        _row(f"loading the lens, {here.num_samples:,} samples", took),
        {"what": "  peak memory", "figure": f"{peak_gigabytes():.2f} GB"},
        {"what": "count, 14 histograms and sources of", "figure": ""},
    ]
    for name, chosen in lens_filters(here).items():
        num = here.count(chosen)  # a text search is made once, and its rows are kept
        _, asked = measured(lambda chosen=chosen: [here.ask(one, chosen) for one in QUESTIONS], times=5)  # type: ignore[misc]
        rows.append(_row(f"  {name}", asked, 0.4) | {"more": f"{_text(asked.cpu)} CPU, {num:,} samples"})
    return rows


def lens_filters(here: Lens) -> dict[str, Filter]:
    """What people ask for, by its words: one of each kind that the workspace has an answer to, and several together."""
    high = (ScoreRange(capability="ocr", low=2, high=5),)
    sources = {one["source"]: one["licence"] for one in here.ask("sources_table").to_pylist()}  # largest first
    licence = next((one for one in sources.values() if one), NO_LICENCE)
    tags = [(_tag(row), row["num_samples"]) for row in here.ask("count_by_tag").to_pylist()]
    tags.sort(key=lambda entry: -entry[1])
    flags = {row["flag"]: row["num_samples"] for row in here.ask("count_by_flag").to_pylist() if row["flag"]}
    filters = {
        "no filter": Filter(),
        "a score of 2 and more": Filter(scores=high),
        "a style": Filter(styles=("yes/no",)),
        "a score and two styles": Filter(scores=high, styles=("yes/no", "comparison")),
        "the largest source": Filter(sources=tuple(sources)[:1]),
        f"{len(sources) * 2 // 5} of {len(sources)} sources, with images": Filter(
            sources=here.source_names[: len(sources) * 2 // 5], min_images=1
        ),
        f"the licence {licence}": Filter(licences=(licence,)),
        "with images": Filter(min_images=1),
    }
    if tags:
        filters |= {"the most frequent tag": Filter(tags=(tags[0][0],)), "the rarest tag": Filter(tags=(tags[-1][0],))}
        filters["the 100th tag"] = Filter(tags=(tags[min(99, len(tags) - 1)][0],))
    if flags:
        most = max(flags, key=lambda name: flags[name])
        filters |= {"a flag": Filter(flags=(most,)), "no flag": Filter(flags=(UNFLAGGED,))}
    if any(index.name == "text_idx" for index in here.workspace.store.open("samples").list_indices()):
        filters |= {"a rare word": Filter(text="1234"), "a frequent word": Filter(text="triangle")}
    filters["source, score, style, tag and image together"] = Filter(
        sources=here.source_names[::2], scores=high, styles=("yes/no", "comparison"), min_images=1,
        tags=tuple(tag for tag, _ in tags[:1]),
    )  # fmt: skip
    return filters


def _tag(row: Row) -> str:
    return TAG_SEPARATOR.join(filter(None, (row["level1"], row["level2"], row["level3"])))


def _row(what: str, took: Measured, target: float | None = None) -> Row:
    aim = {} if target is None else {"target": _text(target)}
    return {"what": what, "figure": _text(took.wall), "more": f"{_text(took.cpu)} CPU", **aim}


def _text(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


PARTS: dict[str, Callable[[str], list[Row]]] = {
    "whole": lambda num: mmssr(int(num), fractional=False),
    "fractional": lambda num: mmssr(int(num), fractional=True),
    "nested": lambda num: nested(int(num)),
    "pandas": lambda num: against_pandas(int(num)),
    "lens": lambda path: lens(Path(path)),
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000_000)
    parser.add_argument("--lens", type=Path, nargs="*", default=[], metavar="WS", help="prepared workspaces")
    parser.add_argument("--part", nargs=2, metavar=("PART", "OF"), help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.part:
        print(json.dumps(PARTS[chosen.part[0]](chosen.part[1])))
        return
    work = [
        ("whole", chosen.samples),
        ("fractional", chosen.samples),
        ("nested", chosen.samples),
        ("pandas", min(PANDAS_SAMPLES, chosen.samples)),
        *(("lens", path.resolve()) for path in chosen.lens),
    ]
    print(f"{'':<58} {'':>10} {'target':>9}   (load average {os.getloadavg()[0]:.1f} at the start)")
    for part, of in work:
        command = [sys.executable, "-m", "benchmarks.select_speed", "--part", part, str(of)]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
        for row in json.loads(said.stdout):
            print(
                f"{row['what']:<58} {row['figure']:>10} {row.get('target', ''):>9}   {row.get('more', '')}", flush=True
            )


if __name__ == "__main__":
    main()
