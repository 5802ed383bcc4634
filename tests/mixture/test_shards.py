"""The writers of data files: lines, tars and Parquet shards, by themselves and under an export that does not come to its end."""

from __future__ import annotations

import gc
import itertools
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image

from core.ingest import IngestSettings, ingest
from core.lens import Lens
from core.mixture import disk
from core.mixture.disk import LostFile
from core.mixture.export import export
from core.mixture.gather import PlacedImage, Sample
from core.mixture.lines import LinesWriter
from core.mixture.mixture import resolve
from core.mixture.parquet_shards import ParquetShards
from core.mixture.recipe import recipe_from_dict
from core.mixture.tar_shards import TarShards
from core.mixture.target import Place
from core.mixture.targets import TARGETS
from core.workspace import Workspace
from tests.mixture.moments import held, moments
from tests.mixture.test_export import recipe, tree

SMALL: dict[str, Any] = {"shard_bytes": 20_000, "checkpoint_samples": 8, "group_rows": 8}
SOAK = bool(os.environ.get("WINNOW_SOAK"))
SCHEMA = pa.schema([("id", pa.string()), ("words", pa.string())])


def samples(num: int) -> list[Sample]:
    image = PlacedImage("k", "", "png", 1, 1, b"picture")
    return [
        Sample(number, "s", f"{number}", (("human", "<image>"), ("gpt", "A" * 400)), (image,)) for number in range(num)
    ]


def parquet(folder: Path, state: dict[str, Any] | None) -> ParquetShards:
    def table(some: list[Sample]) -> Any:
        return pa.table({"id": [one.original_id for one in some], "words": [one.turns[1][1] for one in some]}, SCHEMA)

    return ParquetShards(folder, SCHEMA, table, 1_500, state, group_rows=2)


def tars(folder: Path, state: dict[str, Any] | None) -> TarShards:
    def part_of(sample: Sample) -> str:
        return "early" if sample.sample_id < 10 else "late"

    return TarShards(folder, 8_000, state, part_of=part_of, indexed=True)


def lines(folder: Path, state: dict[str, Any] | None) -> LinesWriter:
    return LinesWriter(folder / "rows.json", lambda one: {"id": one.original_id, "said": one.turns}, state, listed=True)


Opens = Callable[[Path, dict[str, Any] | None], Any]
WRITERS: list[Opens] = [lines, tars, parquet]
NUM = 21


def write(opens: Opens, folder: Path, num: int, begin: int = 0, state: dict[str, Any] | None = None) -> list[Any]:
    """Samples from `begin` to `num`; the checkpoints as (how many samples stand before it, state)."""
    folder.mkdir(exist_ok=True)
    writer = opens(folder, state)
    states = []
    for number, sample in enumerate(samples(num)[begin:], begin + 1):
        writer.write(sample)
        if (at := writer.checkpoint()) is not None:
            states.append((number, at))
    writer.close()
    return states


@pytest.mark.parametrize("opens", WRITERS)
def test_killed_at_any_moment_it_goes_on_from_the_last_checkpoint_to_the_same_bytes(
    tmp_path: Path, opens: Opens
) -> None:
    write(opens, tmp_path / "whole", NUM)
    begun = tmp_path / "begun"
    begun.mkdir()
    writer, known = opens(begun, None), list[tuple[Path, int, Any]]()
    number, state = 0, None
    with moments(begun, tmp_path) as found:
        for sample in [*samples(NUM), None]:
            reached = None
            if sample is None:
                writer.close()
            else:
                writer.write(sample)
                os.close(os.open(begun, os.O_RDONLY))  # a moment by itself: what is written to an open file makes none
                reached = writer.checkpoint()
            os.close(os.open(begun, os.O_RDONLY))
            known += [(folder, number, state) for folder in found[len(known) :]]
            if sample is not None and reached is not None:
                number, state = int(sample.sample_id) + 1, json.loads(json.dumps(reached))
    assert held(begun) == held(tmp_path / "whole")
    assert len({number for _, number, _ in known}) > 3
    for folder, done, reached in [*known, (begun, number, state)]:
        write(opens, folder, NUM, done, reached)
        assert held(folder) == held(tmp_path / "whole")


@pytest.mark.parametrize("opens", WRITERS)
@pytest.mark.parametrize("ended", [True, False])
def test_nothing_stays_of_an_attempt_that_came_further(tmp_path: Path, opens: Opens, ended: bool) -> None:
    """Who goes on may have less to write: images went. From each checkpoint, whether the other came to its end or was killed."""
    states = [(0, None), *write(opens, tmp_path / "far", NUM)]
    for begin, state in states[:: 1 if opens is parquet else 3]:
        folder = tmp_path / f"again {begin}"
        folder.mkdir()
        writer = opens(folder, None)
        for sample in samples(NUM):
            writer.write(sample)
            writer.checkpoint()
        writer.close() if ended else writer.abandon()
        shorter = tmp_path / f"shorter {begin}"
        write(opens, shorter, begin + 1)
        write(opens, folder, begin + 1, begin, state)
        assert held(folder) == held(shorter)


@pytest.mark.parametrize("opens", WRITERS)
def test_what_was_let_go_of_writes_nothing_later(tmp_path: Path, opens: Opens) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    first, at, state = opens(folder, None), 0, None
    for sample in samples(15):
        first.write(sample)
        if sample.sample_id == 3 or (sample.sample_id < 10 and opens is parquet and first.checkpoint() is not None):
            at, state = int(sample.sample_id) + 1, first.checkpoint()
    assert state is not None
    assert open_below(folder)
    first.abandon()
    assert not open_below(folder)
    write(opens, folder, at + 1, at, state)  # less than before: the same bytes again would not be noticed
    before = held(folder)
    del first
    gc.collect()
    assert held(folder) == before
    write(opens, tmp_path / "whole", at + 1)
    assert before == held(tmp_path / "whole")


def test_a_parquet_shard_that_was_let_go_of_has_no_end(tmp_path: Path) -> None:
    writer = parquet(tmp_path, None)
    for sample in samples(2):
        writer.write(sample)
    assert list(held(tmp_path)) == ["data/.train-00000"]
    writer.abandon()
    assert held(tmp_path) == {}


def open_below(folder: Path) -> list[str]:
    """What this process has open in a folder, by handle."""
    handles = Path("/proc/self/fd")
    places = [os.readlink(handles / name) for name in os.listdir(handles) if (handles / name).is_symlink()]
    return [place for place in places if place.startswith(f"{folder}/")]


@pytest.mark.parametrize("opens", WRITERS)
@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_file_that_the_disk_lost_is_noticed_before_anything_is_written(
    tmp_path: Path, opens: Opens, damage: str
) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    writer, state = opens(folder, None), None
    for sample in samples(6):
        writer.write(sample)
        state = writer.checkpoint() or state
    assert state is not None
    writer.abandon()
    lost = sorted(path for path in folder.rglob("*") if path.is_file())[-1]
    if opens is parquet:
        lost = folder / "data" / f".train-{state['shards'] - 1:05d}"
    data = lost.read_bytes()
    lost.unlink()
    if damage == "cut":
        lost.write_bytes(data[:-40])
    before = held(folder)
    with pytest.raises(LostFile, match=lost.name):
        opens(folder, state)
    assert held(folder) == before


def test_a_stage_that_the_disk_lost_is_noticed(lens: Lens, tmp_path: Path) -> None:
    target, place = TARGETS["llava-next"](), Place(resolve(recipe(), lens), tmp_path, 1 << 20)
    writer = target.open(place, None)
    for sample in samples(1):
        writer.write(sample._replace(position=100))
    state = writer.checkpoint()
    assert state is not None
    writer.abandon()
    target.open(place, state).abandon()
    (tmp_path / "stage_1.json").unlink()
    with pytest.raises(LostFile, match="stage_1"):
        target.open(place, state)


class CutShort(BaseException):
    """What ends an export from outside, as Ctrl-C does."""


def cut_at(position: int) -> Callable[[int, int | None, str], None]:
    def step(done: int, total: int | None, note: str) -> None:
        if note.startswith("writing") and done >= position:
            raise CutShort

    return step


def journal_states(partial: Path) -> list[Any]:
    """The writer's state at each checkpoint of an unfinished export."""
    lines = (partial / ".journal.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    return [json.loads(line)["state"] for line in lines]


@pytest.mark.parametrize("target", TARGETS)
def test_an_interrupted_export_that_is_still_remembered_cannot_spoil_the_one_that_went_on(
    lens: Lens, tmp_path: Path, target: str
) -> None:
    """A notebook keeps the last error, and with it every file that was open, until the next one."""
    mixture = resolve(recipe(), lens)
    sizes = {**SMALL, "shard_bytes": 30_000, "checkpoint_samples": 16}
    whole = export(mixture, lens, target, tmp_path / "whole", **sizes)
    remembered: BaseException | None = None
    try:
        export(mixture, lens, target, tmp_path / "out", progress=cut_at(72), **sizes)
    except CutShort as error:
        remembered = error
    assert remembered is not None
    assert journal_states(tmp_path / ".out.partial")
    assert not open_below(tmp_path / ".out.partial")
    done = export(mixture, lens, target, tmp_path / "out", **sizes)
    assert done.resumed
    assert tree(done.path) == tree(whole.path)
    remembered = None
    gc.collect()
    assert tree(done.path) == tree(whole.path)


@pytest.mark.parametrize("target", TARGETS)
def test_all_data_before_a_checkpoint_is_on_the_disk(
    lens: Lens, tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: dict[str, tuple[int, int]] = {}
    seen = itertools.count()
    real, partial = os.fsync, tmp_path / ".out.partial"

    def facts(path: Path) -> tuple[int, int]:
        found = path.stat()
        return found.st_size, found.st_ino

    def fsync(handle: int) -> None:
        name = os.readlink(f"/proc/self/fd/{handle}")
        if name.endswith(".journal.jsonl"):
            next(seen)
            for path in partial.rglob("*"):
                own = path.relative_to(partial).parts[0] != "images" and not path.name.startswith(".journal")
                if own and path.is_file():
                    assert synced.get(str(path)) == facts(path), path
        real(handle)
        synced[name] = facts(Path(name))

    monkeypatch.setattr(os, "fsync", fsync)
    export(resolve(recipe(), lens), lens, target, tmp_path / "out", **SMALL)
    assert next(seen) > 3


@pytest.mark.soak
@pytest.mark.parametrize("target", TARGETS if SOAK else ["winnow", "llava-next", "energon", "hf"])
def test_killed_in_any_phase_an_export_goes_on_and_ends_with_the_same_bytes(
    lens: Lens, tmp_path: Path, target: str
) -> None:
    mixture = resolve(recipe(25), lens)
    sizes: dict[str, Any] = {"shard_bytes": 4_000, "checkpoint_samples": 4, "group_rows": 4}
    whole = export(mixture, lens, target, tmp_path / "whole", **sizes)
    partial = tmp_path / ".out.partial"
    with moments(partial, tmp_path / "moments", lambda folder: (folder / ".journal.jsonl").is_file()) as found:
        export(mixture, lens, target, tmp_path / "out", **sizes)
    some = found if SOAK else [*found[: -12 : max(1, len(found) // 8)], *found[-12::2]]
    resumed = set()
    for at, folder in enumerate(some):
        states = journal_states(folder)
        resumed.add(len(states))
        again = tmp_path / f"again {at}"
        folder.rename(again.with_name(f".{again.name}.partial"))
        done = export(mixture, lens, target, again, **sizes)
        assert done.resumed
        assert tree(again) == tree(whole.path)
        shutil.rmtree(again)
    assert len(resumed) > 2, "checkpoints were reached"


def test_a_group_that_became_empty_leaves_nothing_behind(tmp_path: Path) -> None:
    """Megatron-Energon would look for its tars."""
    workspace = Workspace.create(tmp_path / "ws")
    Image.new("RGB", (20, 20), "red").save(tmp_path / "dot.png")
    for source, image in (("seen", {"image": "dot.png"}), ("told", {})):
        words = "<image>Q" if image else "Q"
        turns = [{"from": "human", "value": words}, {"from": "gpt", "value": "A"}]
        path = tmp_path / f"{source}.json"
        path.write_text(json.dumps([{"id": str(at), "conversations": turns, **image} for at in range(3)]))
        ingest(workspace, IngestSettings(paths=(path,), source=source, image_root=tmp_path, images="reference"))
    chosen = {
        key: {"method": "random", "where": f"source = '{key}'", "budget": {"percent": 100}} for key in ("seen", "told")
    }
    stages = [{"name": key, "parts": [{"selection": key}]} for key in chosen]
    lens = Lens(workspace)
    mixture = resolve(
        recipe_from_dict({"winnow_recipe": 1, "name": "two", "selections": chosen, "stages": stages}), lens
    )

    def cut(done: int, total: int | None, note: str) -> None:
        if note == "reading the export back":
            raise CutShort

    with pytest.raises(CutShort):
        export(mixture, lens, "energon", tmp_path / "out", progress=cut)
    (tmp_path / "dot.png").unlink()
    done = export(mixture, lens, "energon", tmp_path / "out")
    assert done.dropped == {"image_missing": 3}
    names = {path.relative_to(done.path).parts[0] for path in done.path.rglob("*")}
    assert {name for name in names if name.startswith(("group", "stage"))} == {"group_0001", "stage_2.yaml"}
    assert tree(done.path) == tree(export(mixture, lens, "energon", tmp_path / "whole").path)


def test_a_file_is_opened_anew_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    first = disk.opened(path, None)
    second = disk.opened(path, None)
    second.write(b"second")
    disk.ended(second)
    first.write(b"the first, which was longer")
    first.close()
    assert path.read_bytes() == b"second"
