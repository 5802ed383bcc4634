"""Filters kept under a name in a workspace, as acts of kind `filter`: what a name stood for before stays in the list of acts.

named_filters.save(workspace, "receipts", Filter(sources=("sroie",)))
named_filters.find(workspace, "receipts").chosen
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import BadData, BadInput
from core.filters import Filter
from core.store.acts import Acts
from core.store.ids import digest_of
from core.workspace import Workspace

KIND = "filter"
_LONGEST_NAME = 80
_ID_LENGTH = 12


class NamedFilter(BaseModel):
    """A filter and what people call it; names are different from each other, the id stays when the name changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    filter_id: str = Field(min_length=1, description="Key of its acts.")
    name: str = Field(min_length=1, max_length=_LONGEST_NAME, description="What people call it.")
    chosen: Filter = Field(description="Which samples it lets through.")


def saved(workspace: Workspace) -> list[NamedFilter]:
    """All named filters in the order of their names."""
    entries = []
    for key, payload in Acts(workspace.acts_path).all(KIND).items():
        try:
            entries.append(NamedFilter.model_validate(payload))
        except ValidationError as error:
            raise BadData(
                f"The saved filter {key} cannot be read ({error.errors()[0]['msg']}).",
                "Open the workspace with the version of Winnow that saved it, and delete the filter there.",
            ) from error
    return sorted(entries, key=lambda entry: (entry.name.casefold(), entry.name))


def find(workspace: Workspace, name_or_id: str) -> NamedFilter:
    """The filter with this name or id; BadInput lists the names there are."""
    entries = saved(workspace)
    for entry in entries:
        if name_or_id in (entry.name, entry.filter_id):
            return entry
    known = ", ".join(entry.name for entry in entries)
    fix = (
        f"The saved ones are: {known}." if entries else "None is saved yet: choose one in the studio and save it there."
    )
    raise BadInput(f"There is no saved filter {name_or_id!r}.", fix)


def save(workspace: Workspace, name: str, chosen: Filter) -> NamedFilter:
    """Keep a filter under a name; a name that is taken stands for the new filter from now on."""
    name = _checked(name)
    if chosen.is_empty:
        raise BadInput("The filter lets every sample through.", "Choose a source, a tag or another limit first.")
    entries = saved(workspace)
    same = next((entry for entry in entries if entry.name == name), None)
    filter_id = same.filter_id if same else _free_id(workspace, name)
    return _put(workspace, NamedFilter(filter_id=filter_id, name=name, chosen=chosen))


def rename(workspace: Workspace, filter_id: str, name: str) -> NamedFilter:
    """Another name for a filter; BadInput when a different one has it."""
    name, entry = _checked(name), find(workspace, filter_id)
    if any(other.name == name and other.filter_id != entry.filter_id for other in saved(workspace)):
        raise BadInput(f"Another filter is called {name!r}.", "Choose a different name, or delete that one first.")
    return entry if entry.name == name else _put(workspace, entry.model_copy(update={"name": name}))


def remove(workspace: Workspace, filter_id: str) -> NamedFilter:
    """Take a filter off the list and give back what it was; `undo` brings it back."""
    entry = find(workspace, filter_id)
    Acts(workspace.acts_path).remove(KIND, entry.filter_id)
    return entry


def undo(workspace: Workspace, filter_id: str) -> bool:
    """Take back the last act on a filter; False when there is none before it."""
    return Acts(workspace.acts_path).undo(KIND, filter_id)


def _put(workspace: Workspace, entry: NamedFilter) -> NamedFilter:
    Acts(workspace.acts_path).put(KIND, entry.filter_id, entry.model_dump(mode="json"))
    return entry


def _checked(name: str) -> str:
    plain = " ".join(name.split())
    if not plain:
        raise BadInput("The filter has no name.", "Type one.")
    if len(plain) > _LONGEST_NAME:
        raise BadInput(f"The name {plain[:20]!r}... has {len(plain)} characters.", f"Use {_LONGEST_NAME} at most.")
    return plain


def _free_id(workspace: Workspace, name: str) -> str:
    """An id no filter ever had, so that a new one does not inherit the history of a deleted one."""
    acts, number = Acts(workspace.acts_path), 0
    while acts.history(KIND, found := digest_of({"filter": name, "number": number})[:_ID_LENGTH]):
        number += 1
    return found
