"""What people say a sample trains: a score from 0 to 5 for a sample and capability, given by one person and taken back at will.

    ratings.rate(workspace, sample_id, "ocr", 4)     # by whom `rater()` names
    ratings.table(workspace)                         # all that stand, as rows

Each is an act (see core/store/acts.py); what stands is the acts folded in order. A rating counts while the sample has the content
that was rated; of several people's the median counts.
"""

from __future__ import annotations

import getpass
import json
import os
import re
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import BadData, BadInput
from core.store.acts import RATING, Acts
from core.store.evidence import Producer
from core.store.ids import SCORE_SCALE, id_hex
from core.store.tables import Store
from core.vocabulary import CAPABILITY_KEYS
from core.workspace import Workspace

RATER_VARIABLE = "WINNOW_RATER"
"""The environment variable that says who rates, where it is not who is logged in."""

PEOPLE = Producer("scores", "person", "ratings")
"""Who is named beside a score that people gave by rating."""

HIGHEST = 5
_MOST_ASKED = 4096
"""So many contents are asked for by the ids of their samples; more are read as a whole column."""


class Rating(NamedTuple):
    """What one person gave: a score from 0 to 5, and the content of the sample it was given for."""

    score: int
    content_hash: str


class Ratings:
    """The ratings that stand, folded from acts; `follow` takes up those that were made since, up to the act `until` where it is
    given.

    at_act: the number of the last act taken up, 0 before the first; num_unreadable: ratings whose last act cannot be read.
    """

    def __init__(self, workspace: Workspace, until: int | None = None) -> None:
        self._until = until
        self._acts = Acts(workspace.acts_path)
        self._by_sample: dict[int, dict[tuple[str, str], Rating]] = {}
        self._unreadable: set[str] = set()
        self.at_act = 0
        self.follow()

    @property
    def num_unreadable(self) -> int:
        return len(self._unreadable)

    @property
    def unreadable(self) -> list[str]:
        """The samples the unreadable ratings are about, as 16 hex digits, where that much can be read."""
        return sorted({key[:16] for key in self._unreadable if parsed_key(key) is not None})

    @property
    def sample_ids(self) -> set[int]:
        """The samples somebody rated."""
        return set(self._by_sample)

    def follow(self) -> set[tuple[int, str]]:
        """Take up the acts made since; gives the samples and capabilities they are about."""
        moved = set()
        for number, _, key, payload in self._acts.since(RATING, self.at_act):
            if self._until is not None and number > self._until:
                break
            self.at_act = number
            about = parsed_key(key)
            rating = None if payload is None else parsed(payload)
            if about is None or (rating is None and payload is not None):
                self._unreadable.add(key)
            elif self._unreadable:
                self._unreadable.discard(key)
            if about is not None:
                sample_id, capability, who = about
                self._put(sample_id, (capability, who), rating)
                moved.add((sample_id, capability))
        return moved

    def _put(self, sample_id: int, cell: tuple[str, str], rating: Rating | None) -> None:
        there = self._by_sample.setdefault(sample_id, {})
        if rating is not None:
            there[cell] = rating
            return
        there.pop(cell, None)
        if not there:
            del self._by_sample[sample_id]

    def of(self, sample_id: int) -> Mapping[tuple[str, str], Rating]:
        """What people gave a sample, by (capability, who)."""
        return self._by_sample.get(sample_id, {})

    def scores(self, sample_id: int, content_hash: str | None) -> dict[str, int]:
        """The scores people give a sample with this content, as they are stored, by capability: the median of several."""
        given: dict[str, list[int]] = {}
        for (capability, _), rating in self.of(sample_id).items():
            if rating.content_hash == content_hash:
                given.setdefault(capability, []).append(rating.score)
        return {
            capability: round(SCORE_SCALE * (median(scores) if len(scores) > 1 else scores[0]))
            for capability, scores in given.items()
        }


def rater() -> str:
    """Who rates here: what the environment says, else who is logged in."""
    named = " ".join(os.environ.get(RATER_VARIABLE, "").split())
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in some containers
        return "somebody"


def rate(
    workspace: Workspace, sample_id: int, capability: str, score: int | None, who: str = ""
) -> tuple[Rating | None, Rating | None]:
    """Give a sample a score, or take back (None) what was given; gives what this person said before and says now.

    Nothing is recorded where that is the same. BadInput for a score, capability or sample there is not.
    """
    _check(capability, score)
    who = who or rater()
    before = given(workspace, sample_id, capability, who)
    after = None
    if score is not None:
        content_hash = contents(workspace.store, [sample_id]).get(sample_id)
        if content_hash is None:
            raise BadInput(
                f"The sample {id_hex(sample_id)} is not in the workspace.", "Rate one that Browse shows, or ingest it."
            )
        after = Rating(score, content_hash)
    put(workspace, sample_id, capability, who, after, before)
    return before, after


def given(workspace: Workspace, sample_id: int, capability: str, who: str) -> Rating | None:
    """What one person gave a sample for a capability; None for nothing, or for what cannot be read."""
    acts = Acts(workspace.acts_path).history(RATING, key_of(sample_id, capability, who))
    return None if not acts or acts[-1][1] is None else _of_state(acts[-1][1])


def put(
    workspace: Workspace, sample_id: int, capability: str, who: str, rating: Rating | None, before: Rating | None
) -> None:
    """Make this what one person gave, or nothing with None; `before` is what it is now, and no act is recorded of the same."""
    if rating == before:
        return
    acts, key = Acts(workspace.acts_path), key_of(sample_id, capability, who)
    if rating is None:
        acts.remove(RATING, key)
    else:
        acts.put(RATING, key, rating._asdict())


def put_back(workspace: Workspace, key: str, state: dict[str, Any] | None) -> None:
    """Make what `key_of` names what it was, as the fields of a rating or nothing: how an act is undone."""
    about = parsed_key(key)
    if about is None:
        raise BadData("A rating cannot be put back: what it is about cannot be read.", "Rate the sample again.")
    put(workspace, *about, None if state is None else _of_state(state), given(workspace, *about))


def table(workspace: Workspace) -> pa.Table:
    """The ratings that stand, by sample, capability and person: sample_id, content_hash, capability, who, score (0 to 5), and
    `counts`, whether the sample still has the content that was rated. Those that cannot be read are left out: `Ratings` counts them.
    """
    found = Ratings(workspace)
    hashes = contents(workspace.store, found.sample_ids)
    rows = [
        (sample_id, rating.content_hash, capability, who, rating.score, hashes.get(sample_id) == rating.content_hash)
        for sample_id in sorted(found.sample_ids)
        for (capability, who), rating in sorted(found.of(sample_id).items())
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(_TABLE)
    return pa.table([pa.array(values, kind) for values, kind in zip(columns, _TABLE.types, strict=True)], schema=_TABLE)


_TABLE = pa.schema(
    [
        ("sample_id", pa.uint64()),
        ("content_hash", pa.string()),
        ("capability", pa.string()),
        ("who", pa.string()),
        ("score", pa.uint8()),
        ("counts", pa.bool_()),
    ]
)


def contents(store: Store, sample_ids: Iterable[int], version: int | None = None) -> dict[int, str]:
    """The content hashes samples have now, or had in a version of their table; those it does not hold are left out."""
    wanted, columns = sorted(sample_ids), ["sample_id", "content_hash"]
    if version is None and len(wanted) <= _MOST_ASKED:
        rows = store.samples(wanted, columns)
    else:
        rows = store.read("samples", columns, version)
        rows = rows.filter(pc.is_in(rows["sample_id"], value_set=pa.array(wanted, pa.uint64())))
    return dict(zip(rows["sample_id"].to_pylist(), rows["content_hash"].to_pylist(), strict=True))


# -- how an act says it -------------------------------------------------------------------------------------------------


def key_of(sample_id: int, capability: str, who: str) -> str:
    """Names what one person says of a sample for a capability."""
    return f"{id_hex(sample_id)}/{capability}/{who}"


_KEY = re.compile(rf"([0-9a-f]{{16}})/({'|'.join(CAPABILITY_KEYS)})/(.+)", re.DOTALL)


_AS_WRITTEN = re.compile(r'\{"content_hash": "([0-9a-f]{32})", "score": ([0-5])\}')
"""How `Acts.put` writes a rating: a hundred thousand are read in a quarter of the time that reading them as JSON takes."""


def parsed_key(key: str) -> tuple[int, str, str] | None:
    """(sample, capability, who) that an act is about; None where that cannot be read."""
    found = _KEY.fullmatch(key)
    return None if found is None else (int(found[1], 16), found[2], found[3])


def parsed(payload: str) -> Rating | None:
    """The rating an act holds; None where it cannot be read."""
    if (plain := _AS_WRITTEN.fullmatch(payload)) is not None:
        return Rating(int(plain[2]), plain[1])
    try:
        return _of_state(json.loads(payload))
    except ValueError:
        return None


def _of_state(state: Any) -> Rating | None:
    if not isinstance(state, dict) or set(state) != {"score", "content_hash"}:
        return None
    score, content_hash = state["score"], state["content_hash"]
    if type(score) is not int or not 0 <= score <= HIGHEST or not isinstance(content_hash, str):
        return None
    return Rating(score, content_hash)


def _check(capability: str, score: int | None) -> None:
    if capability not in CAPABILITY_KEYS:
        raise BadInput(f"{capability!r} is not a capability.", f"Use one of {', '.join(CAPABILITY_KEYS)}.")
    if score is not None and (type(score) is not int or not 0 <= score <= HIGHEST):
        raise BadInput(f"{score!r} is not a rating.", f"People rate in whole numbers from 0 to {HIGHEST}.")
