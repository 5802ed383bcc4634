"""The must-keep and never lists of a workspace: what people pinned or ruled out by hand, as acts that can be undone.

Each act holds both lists as they were after it, named by a digest, so that any state can be put back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.errors import BadData
from core.select.constraints import Constraints, SampleIds
from core.store.acts import Acts
from core.store.ids import digest_of, id_hex
from core.workspace import Workspace

_KIND, _KEY = "lists", "samples"

Choice = Literal["pin", "never", "neither"]


class Lists(BaseModel):
    """The samples that must be kept and those that never are, in the order they were listed; none is in both."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pins: SampleIds = Field((), description="Samples that must be kept.")
    never: SampleIds = Field((), description="Samples that are never kept.")

    @property
    def digest(self) -> str:
        """Names exactly these lists."""
        return digest_of(self.model_dump(mode="json"))

    def choice(self, sample_id: int) -> Choice:
        """What was decided about a sample."""
        text = id_hex(sample_id)
        return "pin" if text in self.pins else "never" if text in self.never else "neither"

    def changed(self, sample_ids: Iterable[int], choice: Choice) -> Lists:
        """The lists after a decision about some samples, which leaves the other list."""
        texts = dict.fromkeys(id_hex(value) for value in sample_ids)
        return Lists(
            pins=_with(self.pins, texts, choice == "pin"),
            never=_with(self.never, texts, choice == "never"),
        )


def _with(listed: tuple[str, ...], texts: Collection[str], added: bool) -> tuple[str, ...]:
    if not added:
        return tuple(text for text in listed if text not in texts)
    known = set(listed)
    return (*listed, *(text for text in texts if text not in known))


def read(workspace: Workspace) -> Lists:
    """The lists as they are now; both empty where nobody listed a sample."""
    state = Acts(workspace.acts_path).all(_KIND).get(_KEY)
    return Lists() if state is None else Lists.model_validate(state)


def version(workspace: Workspace) -> int:
    """A number that moves with every act on the lists; reads none of them."""
    return Acts(workspace.acts_path).latest(_KIND)


def decide(workspace: Workspace, sample_ids: Iterable[int], choice: Choice) -> tuple[Lists, Lists]:
    """Pin samples, put them on the never list, or take them off both; gives the lists before and after."""
    before = read(workspace)
    return before, replace(workspace, before.changed(sample_ids, choice))


def replace(workspace: Workspace, lists: Lists) -> Lists:
    """Make these the lists; nothing is recorded where they are already."""
    if lists != read(workspace):
        Acts(workspace.acts_path).put(_KIND, _KEY, lists.model_dump(mode="json"))
    return lists


def undo(workspace: Workspace) -> bool:
    """Go back to the lists before the last act; False when there is none."""
    return Acts(workspace.acts_path).undo(_KIND, _KEY)


def put_back(workspace: Workspace, digest: str) -> Lists:
    """Make the lists what they were when they had this digest; BadData when no act left them so."""
    for _, state in reversed(Acts(workspace.acts_path).history(_KIND, _KEY)):
        lists = Lists() if state is None else Lists.model_validate(state)
        if lists.digest == digest:
            return replace(workspace, lists)
    if digest == Lists().digest:  # before the first act
        return replace(workspace, Lists())
    raise BadData("The lists of pinned samples cannot be put back: their act is gone.", "List the samples again.")


def merged(constraints: Constraints, lists: Lists) -> Constraints:
    """Constraints together with the lists of a workspace; where they disagree the constraints' own decision stands."""
    own = {*constraints.pins, *constraints.never}
    return constraints.model_copy(
        update={
            "pins": (*constraints.pins, *(text for text in lists.pins if text not in own)),
            "never": (*constraints.never, *(text for text in lists.never if text not in own)),
        }
    )
