"""A prepared workspace of any size in minutes: made-up samples on which every page works.

    python -m benchmarks.big_workspace WS --samples 1000000

Sources, styles, scores, tags, tokens, clusters, map and vectors hang together through hidden topics: a topic is a blob on
the map, a direction of the vectors, a cluster, a profile of scores and a few tags. Pictures are a few hundred small ones
that many samples share. The same size and seed give the same samples.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.store import Store, evidence, schemas
from core.store.evidence import Producer
from core.store.ids import content_hash, image_key, sample_id
from core.vocabulary import CAPABILITY_KEYS, INSTRUCTION_TAGS, STYLES
from core.workspace import Workspace

NUM_SOURCES = 50
NUM_TOPICS = 96
NUM_DIMENSIONS = 32
CHUNK_ROWS = 100_000
PRODUCER, VERSION = "generated", "1"

_FIELDS = ("charts", "receipts", "screens", "geometry", "street", "kitchen", "maps", "posters", "animals", "diagrams")
_EDITIONS = ("small", "large", "dialogues", "questions", "captions")
_LICENCES = ("CC0-1.0", "CC-BY-4.0", "CC-BY-NC-4.0", "Apache-2.0", None)
_SIZES = ((320, 240), (280, 280), (224, 320), (400, 225))
_THINGS = {
    "charts": ("bar", "curve", "legend entry", "axis label", "slice"),
    "receipts": ("total", "tax", "discount", "item", "date"),
    "screens": ("button", "menu", "icon", "dialog", "search box"),
    "geometry": ("triangle", "angle", "circle", "chord", "height"),
    "street": ("car", "traffic light", "bicycle", "shop sign", "pedestrian"),
    "kitchen": ("cup", "pan", "bowl", "knife", "plate"),
    "maps": ("river", "border", "city", "road", "legend entry"),
    "posters": ("headline", "date", "logo", "face", "price"),
    "animals": ("dog", "cat", "horse", "bird", "sheep"),
    "diagrams": ("arrow", "box", "label", "cell", "layer"),
}
_COLOURS = ("red", "blue", "green", "orange", "grey", "violet", "brown", "white")
_PALETTE = ("#dc3c32", "#3c5ad2", "#3c965a", "#e69628", "#828282", "#8c50b4", "#8c643c")
_PLACES = ("left", "right", "top", "bottom", "middle")
_QUESTIONS = (
    "How many {colour} {thing}s are there at the {place}?",
    "What does the {thing} at the {place} say about case {number}?",
    "Is the {colour} {thing} larger than number {number}?",
    "Read the {thing} at the {place} of picture {number}.",
    "Describe the {colour} {thing} and everything around it.",
    "Which {thing} stands out, and what does it have to do with {number}?",
    "Compare the {colour} {thing} with the one at the {place}.",
    "Explain step by step how the {thing} leads to {number}.",
)
_ANSWERS = (
    "{count}.",
    "It says {number}, in {colour} on the {place} side.",
    "Yes.",
    "The {thing} at the {place} is {colour}; next to it stands {number}. The others are smaller and carry no number.",
    "First look at the {place}: there is one {colour} {thing}. Then add the {count} beside it, which gives {number}.",
    "No, it is {colour} and belongs to the {place} group.",
)


@dataclass(frozen=True)
class World:
    """What all chunks share.

    source_names: 50, with a field of `_FIELDS` each; source_share [S]; topic_of_source [S, T] chances; centre and
    spread [T, 2, 2] on the map; direction [T, D] unit length; profile [T, C] mean scores 0 to 5; style_share [S, 9];
    tags: paths by topic; pictures: (key, width, height) by field.
    """

    source_names: tuple[str, ...]
    source_share: NDArray[np.float64]
    topic_of_source: NDArray[np.float64]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    direction: NDArray[np.float64]
    profile: NDArray[np.float64]
    style_share: NDArray[np.float64]
    tags: tuple[tuple[str, ...], ...]
    pictures: tuple[tuple[tuple[str, int, int], ...], ...]


@dataclass(frozen=True)
class Files:
    """Pictures as files that a workspace refers to: so many of each of ten fields, of so many bytes at least."""

    folder: Path
    num_of_field: int
    least_bytes: int = 0


def make(
    path: Path,
    num_samples: int,
    *,
    seed: int = 0,
    narrow: bool = False,
    say: bool = False,
    files: Files | None = None,
    keep: bool = False,
) -> Workspace:
    """A workspace of `num_samples` generated samples in a new folder; about 2 minutes for a million.

    `narrow` leaves out what the lens does not read: vectors and the index of texts. With `files` the pictures are these, and
    with `keep` the workspace holds their bytes too.
    """
    began = time.monotonic()
    workspace = Workspace.create(path, f"{num_samples:,} generated samples")
    store = workspace.store
    images = _images(np.random.default_rng([seed, 1]))
    if files is not None:
        images = [
            [_filed(files, some[at % len(some)], at, keep) for at in range(files.num_of_field)] for some in images
        ]
    store.append("images", pa.Table.from_pylist([row for field in images for row in field], schema=schemas.IMAGES))
    world = _world(np.random.default_rng([seed, 2]), images)
    store.merge("sources", _sources(world), "source")
    for start in range(0, num_samples, CHUNK_ROWS):
        chunk = _Chunk(world, start, min(CHUNK_ROWS, num_samples - start), np.random.default_rng([seed, 3, start]))
        store.append("samples", chunk.samples())
        for who, rows in chunk.evidence():
            if not (narrow and who.kind == "embedding"):
                _append(store, who, rows)
        if say:
            print(f"{start + chunk.num:>12,} of {num_samples:,}  {time.monotonic() - began:7.1f} s", flush=True)
    if not narrow:
        store.index_text()
    store.index_keys()
    return workspace


def _append(store: Store, who: Producer, rows: pa.Table) -> None:
    """The first rows make the table; later ones are new by construction, so that nothing has to be merged."""
    if store.exists(who.table):
        store.append(who.table, rows.cast(schemas.EVIDENCE.get(who.kind) or rows.schema))
    else:
        evidence.write(store, who, rows, {"generated": True})


# -- what all samples share ---------------------------------------------------------------------------------------------


def _world(chance: np.random.Generator, images: list[list[dict[str, Any]]]) -> World:
    names = tuple(f"{field}-{edition}" for field in _FIELDS for edition in _EDITIONS)
    assert len(names) == NUM_SOURCES
    field = np.arange(NUM_SOURCES) // len(_EDITIONS)
    home = np.arange(NUM_TOPICS) % len(_FIELDS)  # the field a topic belongs to
    topic = chance.dirichlet(np.full(NUM_TOPICS, 0.3), NUM_SOURCES) * np.where(home == field[:, None], 20.0, 0.4)
    angle = 2.4 * np.arange(len(_FIELDS))  # fields like the seeds of a sunflower, topics around them
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 5.5 * np.sqrt(np.arange(len(_FIELDS)) / 8)[:, None]
    direction = chance.normal(size=(len(_FIELDS), NUM_DIMENSIONS))[home]
    direction = direction + 1.2 * chance.normal(size=(NUM_TOPICS, NUM_DIMENSIONS))
    profile = chance.gamma(1.2, 1.2, size=(NUM_TOPICS, len(CAPABILITY_KEYS)))
    leaves = chance.permutation(len(INSTRUCTION_TAGS))
    return World(
        source_names=names,
        source_share=chance.dirichlet(np.full(NUM_SOURCES, 1.2)),
        topic_of_source=topic / topic.sum(axis=1, keepdims=True),
        centre=around[home] + chance.normal(0, 1.4, size=(NUM_TOPICS, 2)),
        spread=chance.uniform(0.12, 0.7, size=(NUM_TOPICS, 1, 1))
        * (np.eye(2) + chance.normal(0, 0.35, size=(NUM_TOPICS, 2, 2))),
        direction=direction / np.linalg.norm(direction, axis=1, keepdims=True),
        profile=np.minimum(profile, 5.0),
        style_share=chance.beta(0.35, 1.6, size=(NUM_SOURCES, len(STYLES))),
        tags=tuple(
            tuple(INSTRUCTION_TAGS[leaf] for leaf in leaves[(np.arange(6) + 2 * at) % len(leaves)])
            for at in range(NUM_TOPICS)
        ),
        pictures=tuple(
            tuple((row["image_key"], row["width_px"], row["height_px"]) for row in pictures) for pictures in images
        ),
    )


def _images(chance: np.random.Generator, num_of_field: int = 40) -> list[list[dict[str, Any]]]:
    """Rows of the images table by field: simple drawings in the field's own colours, told apart by their number."""
    return [[_image(chance, field, number) for number in range(num_of_field)] for field in range(len(_FIELDS))]


def _image(chance: np.random.Generator, field: int, number: int) -> dict[str, Any]:
    width, height = _SIZES[int(chance.integers(len(_SIZES)))]
    picture = Image.new("RGB", (width, height), tuple(236 + (field * 7 + at * 5) % 19 for at in range(3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(chance.integers(4, 10))):
        left, top = int(chance.integers(0, width - 60)), int(chance.integers(24, height - 40))
        box = (left, top, left + int(chance.integers(20, 60)), top + int(chance.integers(12, 40)))
        colour = _PALETTE[int(chance.integers(len(_PALETTE)))]
        if field % 3 == 0:
            draw.rectangle(box, fill=colour)
        elif field % 3 == 1:
            draw.ellipse(box, fill=colour, outline=(40, 40, 40))
        else:
            draw.line(box, fill=colour, width=4)
            draw.text((left, top), str(int(chance.integers(1000))), fill=(30, 30, 30))
    draw.text((8, 6), f"{_FIELDS[field]} {number}", fill=(20, 20, 20), font_size=16)
    file, small = io.BytesIO(), io.BytesIO()
    picture.save(file, "PNG")
    picture.thumbnail((256, 256))
    picture.save(small, "JPEG", quality=80)
    return {
        "image_key": image_key(file.getvalue()),
        "bytes": file.getvalue(),
        "kept": True,
        "thumbnail": small.getvalue(),
        "width_px": width,
        "height_px": height,
        "format": "PNG",
        "origin_path": f"{_FIELDS[field]}/{number:03d}.png",
        "size_bytes": len(file.getvalue()),
        "mtime_ns": 0,
    }


def _filed(files: Files, row: dict[str, Any], number: int, keep: bool) -> dict[str, Any]:
    """A picture as a file of its own: a drawing, and behind its end, where no decoder looks, what tells it apart and makes it long."""
    drawn: bytes = row["bytes"]
    padding = np.random.default_rng([number, len(drawn)]).bytes(max(files.least_bytes - len(drawn), 16))
    path = files.folder / row["origin_path"].partition("/")[0] / f"{number // 1000:03d}" / f"{number:06d}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(drawn + padding)
    seen = path.stat()
    return {
        **row,
        "image_key": image_key(drawn + padding),
        "bytes": drawn + padding if keep else None,
        "kept": keep,
        "origin_path": str(path),
        "size_bytes": seen.st_size,
        "mtime_ns": seen.st_mtime_ns,
    }


def _sources(world: World) -> pa.Table:
    rows = [
        {
            "source": name,
            "format": "generated",
            "licence": _LICENCES[index % len(_LICENCES)],
            "category": _FIELDS[index // len(_EDITIONS)],
            "paths": [],
            "file_sha256": [],
            "images": "copy",
        }
        for index, name in enumerate(world.source_names)
    ]
    return pa.Table.from_pylist(rows, schema=schemas.SOURCES)


# -- the samples --------------------------------------------------------------------------------------------------------


class _Chunk:
    """Samples `start` to `start + num` with everything about them; arrays are [num] in this order."""

    def __init__(self, world: World, start: int, num: int, chance: np.random.Generator) -> None:
        self.world, self.start, self.num, self.chance = world, start, num, chance
        self.source = chance.choice(NUM_SOURCES, size=num, p=world.source_share)
        self.topic = np.zeros(num, dtype=np.int64)
        for source in range(NUM_SOURCES):
            here = np.flatnonzero(self.source == source)
            self.topic[here] = chance.choice(NUM_TOPICS, size=len(here), p=world.topic_of_source[source])
        self.styled = chance.random((num, len(STYLES))) < world.style_share[self.source]
        self.tokens = np.zeros(num, dtype=np.int32)
        self._keys: pa.Table | None = None

    def samples(self) -> pa.Table:
        """Rows of the table `samples`."""
        rows = list(self._rows())
        columns = list(zip(*rows, strict=True))
        ids, sources, originals, hashes, conversations, questions, texts, keys, pairs, chars, widths, heights = columns
        self.tokens[:] = np.array(chars) // 4 + 3
        self._keys = pa.table({"sample_id": pa.array(ids, pa.uint64()), "content_hash": pa.array(hashes, pa.string())})
        flat = [turn for turns in conversations for turn in turns]
        ends = np.cumsum([0, *(len(turns) for turns in conversations)]).astype(np.int32)
        turns = pa.StructArray.from_arrays(
            [pa.array([role for role, _ in flat], pa.string()), pa.array([text for _, text in flat], pa.string())],
            fields=list(schemas.TURN),
        )
        return pa.table(
            {
                "sample_id": self._keys["sample_id"],
                "source": pa.array(sources, pa.string()),
                "original_id": pa.array(originals, pa.string()),
                "content_hash": self._keys["content_hash"],
                "conversations": pa.ListArray.from_arrays(pa.array(ends), turns, type=pa.list_(schemas.TURN)),
                "question": pa.array(questions, pa.string()),
                "text": pa.array(texts, pa.string()),
                "image_keys": pa.array(keys, pa.list_(pa.string())),
                "num_images": pa.array([len(one) for one in keys], pa.int32()),
                "num_turns": pa.array(pairs, pa.int32()),
                "num_chars": pa.array(chars, pa.int32()),
                "width_px": pa.array(widths, pa.int32()),
                "height_px": pa.array(heights, pa.int32()),
                "ingest_row": pa.array(np.arange(self.start, self.start + self.num)),
                "extra": pa.nulls(self.num, pa.string()),
            },
            schema=schemas.SAMPLES,
        )

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        chance, world = self.chance, self.world
        draws = chance.integers(0, 2**31, size=(self.num, 6)).tolist()
        num_pairs = np.minimum(chance.geometric(0.6, self.num), 6).tolist()
        num_images = chance.choice([0, 1, 2, 3], size=self.num, p=[0.06, 0.86, 0.06, 0.02]).tolist()
        for row, (source, draw) in enumerate(zip(self.source.tolist(), draws, strict=True)):
            name, field = world.source_names[source], source // len(_EDITIONS)
            pictures = [
                world.pictures[field][(draw[0] + at) % len(world.pictures[field])] for at in range(num_images[row])
            ]
            keys = [picture[0] for picture in pictures]
            turns: list[tuple[str, str]] = []
            for pair in range(num_pairs[row]):
                question, answer = _words(field, draw, pair)
                marks = "<image>\n" * len(keys) if pair == 0 else ""
                turns += [("human", marks + question), ("gpt", answer)]
            plain = [text.removeprefix("<image>\n" * len(keys)) for _, text in turns]
            original = str(self.start + row)
            yield (
                sample_id(name, original), name, original, content_hash(turns, keys), turns, plain[0], "\n".join(plain),
                keys, num_pairs[row], sum(map(len, plain)),
                pictures[0][1] if pictures else None, pictures[0][2] if pictures else None,
            )  # fmt: skip

    def evidence(self) -> Iterator[tuple[Producer, pa.Table]]:
        """Rows of each evidence table; `samples` has to be called first."""
        assert self._keys is not None
        chance, world, num = self.chance, self.world, self.num
        noise = chance.normal(0, 0.9, size=(num, len(CAPABILITY_KEYS)))
        scores = np.clip(world.profile[self.topic] + noise, 0, 5)
        scores[chance.random(scores.shape) < 0.25] = 0.0
        whole = chance.random(num) < 0.8  # most producers give whole scores, some fractional ones
        scores = np.where(whole[:, None], np.rint(scores), scores)
        missing = chance.random(scores.shape) < 0.02
        stored = np.rint(scores * 50).astype(np.uint8)
        yield self._said("scores", **{
            key: pa.array(stored[:, at], mask=missing[:, at]) for at, key in enumerate(CAPABILITY_KEYS)
        })  # fmt: skip
        yield self._said("styles", styles=_lists(self.styled, STYLES))
        tagged = chance.random((num, 6)) < np.array([0.6, 0.4, 0.3, 0.2, 0.1, 0.1])
        code = np.nonzero(tagged)[1] + 6 * np.repeat(self.topic, tagged.sum(axis=1))
        paths = pa.array([path for topic in world.tags for path in topic], pa.string())
        ends = np.concatenate(([0], np.cumsum(tagged.sum(axis=1)))).astype(np.int32)
        yield self._said("instruction_tags", tags=pa.ListArray.from_arrays(pa.array(ends), paths.take(pa.array(code))))
        seen = np.eye(len(_FIELDS), dtype=bool)[self.source // len(_EDITIONS)]
        yield self._said("image_tags", tags=_lists(seen, _FIELDS))
        yield self._said("tokens", num_text_tokens=pa.array(self.tokens))
        yield self._said("clusters", cluster=pa.array(self.topic.astype(np.int32)))
        place = world.centre[self.topic] + np.einsum(
            "nij,nj->ni", world.spread[self.topic], chance.normal(size=(num, 2))
        )
        place = np.clip(place / 9, -1.5, 1.5).astype(np.float32)
        yield self._said("map", x=pa.array(place[:, 0]), y=pa.array(place[:, 1]))
        vectors = world.direction[self.topic] + 0.11 * chance.normal(size=(num, NUM_DIMENSIONS))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        flat = pa.array(vectors.astype(np.float16).ravel())
        yield self._said("embedding", vector=pa.FixedSizeListArray.from_arrays(flat, NUM_DIMENSIONS))

    def _said(self, kind: str, **columns: Any) -> tuple[Producer, pa.Table]:
        rows: Any = self._keys
        assert rows is not None
        for name, values in columns.items():
            rows = rows.append_column(name, values)
        return evidence.producer(kind, PRODUCER, VERSION), rows


def _words(field: int, draw: Sequence[int], pair: int) -> tuple[str, str]:
    """A question and its answer, out of the field's own things."""
    things = _THINGS[_FIELDS[field]]
    at = draw[1] + pair
    fill = {
        "thing": things[at % len(things)],
        "colour": _COLOURS[(draw[2] + pair) % len(_COLOURS)],
        "place": _PLACES[(draw[3] + pair) % len(_PLACES)],
        "number": draw[4] % 100_000 + pair,
        "count": draw[5] % 12,
    }
    return _QUESTIONS[(at >> 4) % len(_QUESTIONS)].format(**fill), _ANSWERS[(at >> 8) % len(_ANSWERS)].format(**fill)


def _lists(member: NDArray[np.bool_], names: Sequence[str]) -> pa.Array:
    """Lists of the names each row is a member of; member: [N, len(names)]."""
    ends = np.concatenate(([0], np.cumsum(member.sum(axis=1)))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(names, pa.string()).take(pa.array(np.nonzero(member)[1])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path, help="a folder that is empty or does not exist yet")
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--narrow", action="store_true", help="only what the lens reads: no vectors, no index of texts")
    chosen = parser.parse_args()
    began = time.monotonic()
    workspace = make(chosen.workspace, chosen.samples, seed=chosen.seed, narrow=chosen.narrow, say=True)
    print(f"{workspace.store.count('samples'):,} samples in {workspace.path} in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
