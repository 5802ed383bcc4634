"""Target `energon`: WebDataset folders prepared for Megatron-Energon, and a Metadataset for each stage that blends them.

Each sample is written once. Samples that every stage uses equally often share a folder, `group_0001` and so on, and a stage says how
often it repeats each: whole numbers, so nothing is approximated.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import yaml
from numpy.typing import NDArray

from core.mixture.gather import Sample
from core.mixture.mixture import Mixture, StageSamples
from core.mixture.tar_shards import INDEX_SUFFIX, TarShards, read_tars
from core.mixture.target import Place, Plain, RowRead, Written, without

META_FOLDER = ".nv-meta"
_PREPARED_LIKE = "7.4.1"
_DATASET = {"__module__": "megatron.energon", "__class__": "CrudeWebdataset"}


class Groups:
    """The samples of a mixture by how often each stage uses them.

    sample_ids: [U] uint64, group by group, ascending within; group: [U] int64; repeats: [G, S] int64.
    """

    def __init__(self, mixture: Mixture) -> None:
        every = mixture.sample_ids()
        counts = np.zeros((len(every), len(mixture.stages)), dtype=np.int64)
        for number, stage in enumerate(mixture.stages):
            ids, times = np.unique(stage.listed, return_counts=True)
            counts[np.searchsorted(every, ids), number] = times
        self.repeats, group = np.unique(counts, axis=0, return_inverse=True)
        order = np.argsort(group.ravel(), kind="stable")
        self.sample_ids, self.group = every[order], group.ravel()[order]
        self._sorted, self._group_of = every, group.ravel()

    def name_of(self, sample: Sample) -> str:
        """The folder of a sample."""
        return name(int(self._group_of[int(np.searchsorted(self._sorted, np.uint64(sample.sample_id)))]))

    @cached_property
    def names(self) -> list[str]:
        """The folders, as `repeats` has them."""
        return [name(number) for number in range(len(self.repeats))]


def name(group: int) -> str:
    """The folder of a group, counted from 1."""
    return f"group_{group + 1:04d}"


class Energon(Plain):
    """Indexed tars, their `.nv-meta`, and `stage_<k>.yaml`."""

    key: ClassVar[str] = "energon"
    title: ClassVar[str] = "Megatron-Energon"
    embeds: ClassVar[bool] = True

    def ids(self, mixture: Mixture) -> NDArray[np.uint64]:
        return Groups(mixture).sample_ids

    def left(self, mixture: Mixture, kept: NDArray[np.bool_]) -> tuple[StageSamples, ...]:
        gone = self.ids(mixture)[~kept]
        return tuple(without(stage, gone) for stage in mixture.stages)

    def open(self, place: Place, state: dict[str, Any] | None) -> TarShards:
        groups = Groups(place.mixture)
        return TarShards(place.folder, place.shard_bytes, state, part_of=groups.name_of, indexed=True)

    def finish(self, place: Place, written: Written) -> Written:
        groups = Groups(place.mixture)
        there = []
        for at, one in enumerate(groups.names):
            if any((place.folder / one).glob("*.tar")):
                _prepare(place.folder / one)
                there.append((at, one))
            elif (place.folder / one).is_dir():  # an attempt that was cut short had something to write there
                shutil.rmtree(place.folder / one)
        for number in range(len(place.mixture.stages)):
            path = place.folder / f"stage_{number + 1}.yaml"
            blend = [{"path": f"./{one}", "repetitions": int(groups.repeats[at, number])} for at, one in there]
            blend = [entry for entry in blend if entry["repetitions"]]
            if blend:
                _write_yaml(
                    path,
                    {
                        "__module__": "megatron.energon",
                        "__class__": "MetadatasetV2",
                        "splits": {"train": {"blend_epochized": blend}},
                    },
                )
            else:
                path.unlink(missing_ok=True)
        return written

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        for meta in sorted(folder.glob(f"group_*/{META_FOLDER}")):
            split = yaml.safe_load((meta / "split.yaml").read_text(encoding="utf-8"))
            yield from read_tars([meta.parent / shard for shard in split["split_parts"]["train"]])

    def card(self) -> str:
        return (
            "`stage_<k>.yaml` is the Metadataset of a stage: each folder as often as the stage repeats it, exactly.\n\n"
            "```python\n"
            "from megatron.energon import WorkerConfig, get_loader, get_train_dataset\n\n"
            "data = get_train_dataset(\n"
            '    "THIS_FOLDER/stage_1.yaml",\n'
            "    worker_config=WorkerConfig.default_worker_config(),\n"
            "    task_encoder=YourTaskEncoder(),\n"
            "    batch_size=1,\n"
            "    shuffle_buffer_size=100,\n"
            "    max_samples_per_sequence=100,\n"
            "    repeat=False,\n"
            ")\n"
            "```\n\n"
            "Samples are crude: a cooker of your task encoder gets `json` (`id`, `source`, `conversations`, and `images`, which "
            "names the pictures in the order of their `<image>` marks) and the pictures. For random access by key run "
            "`energon prepare` on a folder; it also writes the index for that."
        )


def _prepare(folder: Path) -> None:
    """What `energon prepare` writes beside tars, without the database for random access."""
    tars = sorted(path.name for path in folder.glob("train-*.tar"))
    counts = {one: (folder / one).with_suffix(INDEX_SUFFIX).stat().st_size // 8 - 1 for one in tars}
    meta = folder / META_FOLDER
    meta.mkdir(exist_ok=True)
    info = {"energon_version": _PREPARED_LIKE, "shard_counts": counts}
    (meta / ".info.json").write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8", newline="\n")
    _write_yaml(meta / "split.yaml", {"split_parts": {"train": tars, "val": [], "test": []}, "exclude": []})
    _write_yaml(meta / "dataset.yaml", _DATASET)


def _write_yaml(path: Path, value: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8", newline="\n")
