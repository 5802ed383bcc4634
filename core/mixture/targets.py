"""The formats there are to export to."""

from __future__ import annotations

from core.errors import BadInput
from core.mixture.axolotl import Axolotl
from core.mixture.energon import Energon
from core.mixture.finevision import FineVision
from core.mixture.hf import Hf
from core.mixture.llamafactory import LlamaFactory
from core.mixture.llava import Llava
from core.mixture.llava_next import LlavaNext
from core.mixture.ms_swift import MsSwift
from core.mixture.target import Target
from core.mixture.trl import Trl
from core.mixture.uids import Uids
from core.mixture.webdataset import WebDataset
from core.mixture.winnow import Winnow

TARGETS: dict[str, type[Target]] = {
    target.key: target
    for target in (
        Llava, LlavaNext, LlamaFactory, MsSwift, Trl, Axolotl, Hf, FineVision, WebDataset, Energon, Uids, Winnow,
    )
}  # fmt: skip
"""Formats to export to, in display order."""


def target_of(name: str) -> Target:
    """The exporter of this name; BadInput that lists the known ones for any other."""
    if name not in TARGETS:
        raise BadInput(f"There is no export target {name!r}.", f"The known ones are: {', '.join(TARGETS)}.")
    return TARGETS[name]()
