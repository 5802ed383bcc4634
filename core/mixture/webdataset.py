"""Target `webdataset`: `train-000000.tar` and so on, images and conversation of a sample side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from core.mixture.tar_shards import TarShards, read_tars
from core.mixture.target import Place, Plain, RowRead


class WebDataset(Plain):
    """Tars in the recipe's order."""

    key: ClassVar[str] = "webdataset"
    title: ClassVar[str] = "WebDataset"
    embeds: ClassVar[bool] = True

    def open(self, place: Place, state: dict[str, Any] | None) -> TarShards:
        return TarShards(place.folder, place.shard_bytes, state)

    def read_back(self, folder: Path) -> Iterator[RowRead]:
        return read_tars(sorted(folder.glob("train-*.tar")))

    def card(self) -> str:
        return (
            "```python\n"
            "from glob import glob\n\n"
            "import webdataset as wds\n\n"
            'data = wds.WebDataset(sorted(glob("THIS_FOLDER/train-*.tar")), shardshuffle=False).decode("pil")\n'
            "```\n\n"
            "`json` of a sample holds `id`, `source`, `conversations` and `images`, which names its pictures in the order of their "
            "`<image>` marks: `jpg` for one, `0.jpg`, `1.jpg` for several. Pictures are the files as they came. A key is the "
            "row's number and the id, in which everything but letters, digits, `_`, `-` and `~` is written as `%XX`. `datasets` "
            "reads tars only where every sample has as many pictures of the same kind; `webdataset` reads them all."
        )
