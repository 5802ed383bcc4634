"""How long the samples of each stage are, and how well they fill packs of a chosen length."""

from __future__ import annotations

import streamlit as st

from core.errors import BadInput
from core.mixture.length_bins import LengthBins
from core.mixture.packing import LEAST_PACK, MOST_PACK
from core.train.presets import PRESETS
from studio import charts, layout, mixture_cached, refused, session, style
from studio.charts import Column, Row
from studio.mixture_cached import Planned
from studio.words import Note, many, num, share, short

_PACK: session.Slot[int | None] = session.Slot("mixture.pack-tokens", None)
_FIELD = "pack-tokens"
_PACKS = Note(
    "estimate",
    "First-fit-decreasing over the lengths of all samples, exactly; a pack is closed only by its tokens, and batches that also "
    "bound pictures come out a little fuller in number.",
)


def pack_tokens(found: Planned) -> int:
    """The pack length that was typed, or what the model takes at once."""
    chosen = _PACK.get()
    known = PRESETS.get(found.recipe.model.preset)
    return chosen if chosen is not None else known.document_tokens if known else 8192


def lengths(found: Planned | None) -> None:
    """A histogram of each stage's samples, the pool at its resolution behind it, the pack length marked."""
    if found is None:
        return
    layout.section(
        "Token lengths", "text and image tokens of a sample, repeats counted; grey: the pool at that resolution"
    )
    counted = mixture_cached.lengths(found)
    bins = LengthBins.over([some[0] for pair in counted for some in pair])
    pack = pack_tokens(found)
    panels = [
        {
            "title": stage.name,
            "says": f"{many(int(mine[1].sum()), 'sample')}",
            "counts": bins.counts(*mine),
            "ghost": bins.counts(*pool),
        }
        for stage, (mine, pool) in zip(found.recipe.stages, counted, strict=True)
    ]
    ticks = [
        [short(edge) if edge < 1024 else f"{edge // 1024}k", bins.at(edge)]
        for edge in bins.edges[:: 2 if len(bins.edges) <= 14 else 4]
    ]
    data = {
        "labels": bins.said(), "panels": panels, "ticks": ticks, "over": [edge > pack for edge in bins.edges[:-1]],
        "pack": bins.at(pack + 1) if pack + 1 < bins.edges[-1] else None, "pack_says": f"pack of {num(pack)} tokens",
    }  # fmt: skip
    style.component("lengths")(key="mixture-lengths", data=data)


def packing(found: Planned | None) -> None:
    """Packs, fill, waste and what is too long, stage by stage."""
    if found is None:
        return
    layout.section("Packing estimate", "longest first, each into the first pack with room", [_PACKS])
    key = refused.seed(f"{_FIELD}-{found.recipe.model.preset}", str(pack_tokens(found)))
    st.text_input(
        "Pack length, tokens", key=key, on_change=_choose, args=(key,), width=180,
        help="What a trainer with packing puts into one sequence. Winnow's own trainer batches samples of like length instead.",
    )  # fmt: skip
    refused.tell(key)
    rows = []
    for stage, one in zip(found.recipe.stages, mixture_cached.packings(found, pack_tokens(found)), strict=True):
        long = (
            {"text": num(one.num_too_long), "look": "bad", "says": "left out: longer than a pack"}
            if one.num_too_long
            else None
        )
        filled = {"part": one.fill, "text": share(one.fill)} if one.num_packs else None
        rows.append(Row((stage.name, num(one.num_packs), filled, share(one.waste) if one.num_packs else None, long)))
    columns = (
        Column("Stage", "name"), Column("Packs", "number"), Column("Fill", "bar", 92), Column("Waste", "number"),
        Column("Too long", "chip", 76),
    )  # fmt: skip
    charts.rows(columns, rows, key="mixture-packing")


def _choose(key: str) -> None:
    with refused.kept(key):
        text = str(session.held(key) or "").replace(",", "").strip()
        if not text:
            _PACK.clear()
            return
        if not (text.isascii() and text.isdigit() and len(text) < 9 and LEAST_PACK <= int(text) <= MOST_PACK):
            raise BadInput(
                f"A pack of {text[:20]!r} tokens cannot be.",
                f"Type a whole number from {LEAST_PACK} to {num(MOST_PACK)}.",
            )
        _PACK.set(int(text))
