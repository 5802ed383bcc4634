"""The state of Curate as one frozen value: its words, and its address, which reproduces it.

Nothing here knows the session; `curate_state` keeps the value in force.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.errors import BadInput
from core.filters import Filter
from core.select import methods
from core.select.constraints import Constraints, constraints_of
from core.store.ids import digest_of
from core.vocabulary import CAPABILITY_KEYS

DEFAULT_METHOD = "mmssr-nested"
DEFAULT_SHARE = 0.3
PARAMETERS = ("method", "budget", "seed", "set", "limits")
"""What an address says of Curate, beside the filter that all pages share."""

_LONGEST_LIMITS = 1500  # an address with more than that is cut by some programs on its way
_BY_DIGEST = "kept-"


class CurateState(BaseModel):
    """Everything that decides what Curate keeps of a workspace; the same state keeps the same samples."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = Field(DEFAULT_METHOD, description="Name of the method.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Its settings as plain values.")
    seed: int = Field(0, ge=0, lt=2**64, description="Seed of the tie order.")
    share: float = Field(DEFAULT_SHARE, ge=0, le=1, description="Budget as a share of the pool the filter leaves.")
    chosen: Filter = Field(default_factory=Filter, description="Filter the pool is made with.")
    constraints: Constraints = Field(default_factory=Constraints, description="What must, may and may not be kept.")


def samples_of(share: float, size: int) -> int:
    """A share of a pool in samples, cut off as everywhere (30 % of 509 is 152): at least one, at most all.

    A share that was set as k of `size` is these k again, which its binary digits may miss by a hair.
    """
    return max(1, min(int(share * size + 1e-6), size))


def difference(before: CurateState, after: CurateState) -> str:
    """What changed, in the words of the page: "budget 30.0 % to 12.0 %"; several changes with a comma."""
    said = []
    if before.method != after.method:
        said.append(f"method {methods.method(after.method).title}")
    elif before.settings != after.settings:
        names = [name for name in after.settings if before.settings.get(name) != after.settings[name]]
        said.append(f"setting {', '.join(name.replace('_', ' ') for name in names)}")
    if before.share != after.share:
        said.append(f"budget {100 * before.share:.1f} % to {100 * after.share:.1f} %")
    if before.seed != after.seed:
        said.append(f"seed {before.seed} to {after.seed}")
    if before.chosen != after.chosen:
        said.append("filter cleared" if after.chosen.is_empty else "filter")
    if before.constraints != after.constraints:
        said.append("constraints")
    return ", ".join(said) or "nothing"


def state_from_query(query: Mapping[str, Sequence[str]], beside: CurateState) -> CurateState:
    """The state URL parameters stand for; BadInput for what is unreadable.

    What they do not say is taken from `beside`: the filter, which has parameters of its own, and the share, since a budget in
    samples means something only once the size of the pool is known.
    """
    fix = "Choose again on the page."
    method = next(iter(query.get("method", ())), DEFAULT_METHOD)
    seed = next(iter(query.get("seed", ())), "0")
    if not (seed.isascii() and seed.isdigit() and int(seed) < 2**64):
        raise BadInput(f"The address holds the seed {seed[:40]!r}.", fix)
    values: dict[str, Any] = {}
    for text in query.get("set", ()):
        name, _, value = text.partition("=")
        try:
            values[name] = json.loads(value) if value[:1] in ("[", "{") or value == "null" else value
        except ValueError:
            raise BadInput(f"The address holds the setting {text[:60]!r}.", fix) from None
    settings = methods.settings(method, values).model_dump(mode="json")
    for key in settings.get("capabilities", ()):
        if key not in CAPABILITY_KEYS:
            raise BadInput(
                f"The address asks for the capability {key[:40]!r}, which there is not.",
                f"Choose capabilities on the page; the known ones are: {', '.join(CAPABILITY_KEYS)}.",
            )
    return CurateState(
        method=method,
        settings=settings,
        seed=int(seed),
        share=beside.share,
        chosen=beside.chosen,
        constraints=_limits(next(iter(query.get("limits", ())), "{}"), beside.constraints, fix),
    )


def _limits(text: str, kept: Constraints, fix: str) -> Constraints:
    """Constraints as the address says them: in full, or by the digest of those the workspace keeps."""
    if text.startswith(_BY_DIGEST):
        if text != _BY_DIGEST + digest_of(kept.model_dump(mode="json"))[:12]:
            raise BadInput("The address names constraints that this workspace does not keep any more.", fix)
        return kept
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict):
        raise BadInput("The address holds constraints that cannot be read.", fix)
    return constraints_of(plain, "The constraints of the address")


def state_to_query(state: CurateState, budget: int) -> dict[str, list[str]]:
    """A state as URL parameters: method and budget always, the rest where it differs from its default.

    Long lists of samples do not fit an address: it names them by their digest, and the workspace keeps them.
    """
    query = {"method": [state.method], "budget": [str(budget)]}
    if state.seed:
        query["seed"] = [str(state.seed)]
    usual = methods.method(state.method)().model_dump(mode="json")
    differing = {name: value for name, value in state.settings.items() if value != usual.get(name)}
    if differing:
        query["set"] = [f"{name}={_as_text(value)}" for name, value in sorted(differing.items())]
    limits = json.dumps(state.constraints.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))
    if not state.constraints.is_empty:
        digest = digest_of(state.constraints.model_dump(mode="json"))[:12]
        query["limits"] = [limits if len(limits) <= _LONGEST_LIMITS else _BY_DIGEST + digest]
    return query


def _as_text(value: Any) -> str:
    """A setting as the command line takes it; lists, tables and nothing as JSON."""
    plain = isinstance(value, str) and value[:1] not in ("[", "{") and value != "null"
    return value if plain else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
