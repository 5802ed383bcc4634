"""Recipes beside each other: every difference is told once, and the changes told make the first recipe the second."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.mixture import recipe_words as words
from core.mixture.recipe import Recipe, recipe_from_dict
from core.mixture.recipe_diff import Change, RecipeDiff, recipe_diff
from core.select.methods import METHODS

RAW: dict[str, Any] = {
    "winnow_recipe": 1,
    "name": "small",
    "sources": [{"name": "charts", "revision": "r1"}, {"name": "photos"}],
    "selections": {
        "reading": {
            "where": "ocr >= 3",
            "method": "mmssr",
            "settings": {"capabilities": ["ocr"], "threshold": 1.0},
            "budget": {"percent": 30},
        },
        "rest": {"method": "random", "budget": {"samples": 50}},
        "saved": {"file": "sel.parquet"},
    },
    "stages": [
        {"name": "align", "parts": [{"selection": "reading"}, {"selection": "rest", "repeat": 0.5}]},
        {"name": "general", "parts": [{"selection": "rest", "repeat": 2}]},
        {"name": "last", "parts": [{"selection": "saved"}, {"selection": "reading", "repeat": 1.5}]},
    ],
}


def recipe(raw: dict[str, Any] = RAW) -> Recipe:
    return recipe_from_dict(raw)


def changed(edit: Any) -> Recipe:
    raw = copy.deepcopy(RAW)
    edit(raw)
    return recipe(raw)


# -- making the first the second ----------------------------------------------------------------------------------------------


def numbered(names: list[str]) -> list[tuple[str, int]]:
    return [(name, names[:place].count(name)) for place, name in enumerate(names)]


def in_place(entries: dict[Any, Any], placed: dict[Any, int]) -> dict[Any, Any]:
    """Entries whose place is told stand there; the rest keep their order around them."""
    rest = [key for key in entries if key not in placed]
    found = []
    for place in range(len(entries)):
        key = next((key for key, at in placed.items() if at == place), None)
        found.append(rest.pop(0) if key is None else key)
    assert not rest
    return {key: entries[key] for key in found}


def at_path(tree: dict[Any, Any], keys: list[Any], change: Change) -> None:
    *way, last = keys
    for key in way:
        tree = tree[key]
    if change.kind == "removed":
        assert tree.pop(last) == change.before
    elif change.kind == "added":
        assert last not in tree
        tree[last] = change.after
    else:
        assert tree[last] == change.before
        tree[last] = change.after


def applied(first: Recipe, found: RecipeDiff) -> dict[str, Any]:
    """The first recipe with the changes made, by what they say alone."""
    plain = first.as_dict()
    new = {(c.was_at[0], c.before): c.after for c in found.changes if c.kind == "renamed"}
    selections = {new.get(("selections", key), key): entry for key, entry in plain["selections"].items()}
    stages: dict[Any, Any] = {}
    for stage in plain["stages"]:
        parts = [
            {**part, "selection": new.get(("selections", part["selection"]), part["selection"])}
            for part in stage["parts"]
        ]
        name = new.get(("stages", stage["name"]), stage["name"])
        stages[name] = {
            **stage,
            "name": name,
            "parts": dict(zip(numbered([part["selection"] for part in parts]), parts, strict=True)),
        }
    sources = dict(zip(numbered([one["name"] for one in plain["sources"]]), plain["sources"], strict=True))
    placed: dict[Any, dict[Any, int]] = {"sources": {}, "stages": {}}
    for change in found.changes:
        match change.at:
            case ("sources", name, number, *rest):
                key: Any = (name, number)
                if change.kind in ("added", "moved") and not rest:
                    assert change.place is not None
                    placed["sources"][key] = change.place
                if change.kind != "moved":
                    at_path(sources, [key, *rest], change)
            case ("selections", *keys):
                if change.kind != "renamed":
                    at_path(selections, keys, change)
            case ("stages", name, "parts", selection, number, *rest):
                key = (selection, number)
                if rest:
                    at_path(stages, [name, "parts", key, *rest], change)
                    continue
                if change.was_at:
                    (_, origin, _, *was) = change.was_at
                    assert stages[origin]["parts"].pop(tuple(was)) == change.before
                    stages[name]["parts"][key] = change.after
                elif change.kind != "moved":
                    at_path(stages, [name, "parts", key], change)
                if change.kind in ("added", "moved"):
                    assert change.place is not None
                    placed.setdefault(("parts", name), {})[key] = change.place
            case ("stages", name):
                if change.kind == "added":
                    parts = change.after["parts"]
                    by_key = dict(zip(numbered([part["selection"] for part in parts]), parts, strict=True))
                    stages[str(name)] = {**change.after, "parts": by_key}
                elif change.kind == "removed":
                    del stages[str(name)]
                if change.kind in ("added", "moved"):
                    assert change.place is not None
                    placed["stages"][name] = change.place
            case ("stages", name, *rest):
                at_path(stages, [name, *rest], change)
            case keys:
                at_path(plain, list(keys), change)
    for name, stage in stages.items():
        stage["parts"] = list(in_place(stage["parts"], placed.get(("parts", name), {})).values())
    plain["selections"] = selections
    plain["sources"] = list(in_place(sources, placed["sources"]).values())
    plain["stages"] = list(in_place(stages, placed["stages"]).values())
    return plain


NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, "x", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
BUDGETS = st.sampled_from([{"samples": 5}, {"percent": 30}, {"percent": 12.5}, {"tokens": 900}])
SELECTIONS = st.fixed_dictionaries({"file": st.sampled_from(["x.parquet", "y.parquet"])}) | st.fixed_dictionaries(
    {
        "method": st.sampled_from(["random", "mmssr"]),
        "where": st.sampled_from(["", "ocr >= 3"]),
        "settings": st.dictionaries(NAMES, VALUES, max_size=2),
        "seed": st.integers(0, 1),
        "budget": BUDGETS,
        "constraints": st.sampled_from([{}, {"exclude": ["ocr = 0"]}, {"pins": ["00" * 8]}]),
    }
)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    selections = draw(st.dictionaries(NAMES, SELECTIONS, min_size=1, max_size=4))
    part = st.fixed_dictionaries(
        {"selection": st.sampled_from(sorted(selections)), "repeat": st.sampled_from([0.5, 1, 2])}
    )
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    stages = [
        {
            "name": name,
            "parts": draw(st.lists(part, max_size=4)),
            "shuffle_seed": draw(st.integers(0, 1)),
            **draw(
                st.sampled_from(
                    [
                        {},
                        {"trainable": ["projector", "language"], "lr": {"projector": 0.1, "language": 0.01}},
                        {
                            "trainable": ["language"],
                            "lr": {"language": 0.01},
                            "resolution": {"mode": "anyres", "px": 112},
                        },
                    ]
                )
            ),
        }
        for name in names
    ]
    sources = [
        {"name": name, "revision": draw(st.sampled_from(["", "r1"]))} for name in draw(st.lists(NAMES, max_size=4))
    ]
    raw = {"winnow_recipe": 1, "name": draw(NAMES), "sources": sources, "selections": selections, "stages": stages}
    return recipe_from_dict({**raw, "model": {"preset": draw(st.sampled_from(["tiny", "aquila-vl-2b"]))}})


@settings(max_examples=300, deadline=None)
@given(first=recipes(), second=recipes())
def test_the_changes_told_make_the_first_recipe_the_second(first: Recipe, second: Recipe) -> None:
    found = recipe_diff(first, second)
    made = applied(first, found)
    assert recipe_from_dict(made).content_hash() == second.content_hash()
    assert bool(found) == (first.content_hash() != second.content_hash())
    for change in found.changes:
        assert words.sentence(change)
        assert "\n" not in words.sentence(change)
        words.description(first if change.kind == "removed" else second, change.at)


@settings(max_examples=60, deadline=None)
@given(one=recipes(), seed=st.randoms(use_true_random=False))
def test_the_order_of_keys_and_selections_in_a_file_is_no_difference(one: Recipe, seed: Any) -> None:
    raw = one.as_dict()
    keys = list(raw["selections"])
    seed.shuffle(keys)
    raw["selections"] = {key: dict(reversed(raw["selections"][key].items())) for key in keys}
    assert not recipe_diff(one, recipe_from_dict(dict(reversed(raw.items())))).changes


# -- each kind, by hand -------------------------------------------------------------------------------------------------------


def told(first: Recipe, second: Recipe) -> list[tuple[str, str]]:
    return [(change.kind, words.sentence(change)) for change in recipe_diff(first, second).changes]


def test_a_selection_with_another_name_alone_is_renamed_and_its_parts_are_as_they_were() -> None:
    def edit(raw: dict[str, Any]) -> None:
        raw["selections"]["text"] = raw["selections"].pop("reading")
        for stage in raw["stages"]:
            for part in stage["parts"]:
                part["selection"] = "text" if part["selection"] == "reading" else part["selection"]

    found = recipe_diff(recipe(), changed(edit))
    assert [(c.kind, c.at, c.before) for c in found.changes] == [("renamed", ("selections", "text"), "reading")]
    assert found.selections == {"reading": "text"}


def test_a_stage_with_another_name_alone_is_renamed() -> None:
    found = told(recipe(), changed(lambda raw: raw["stages"][1].update(name="broad")))
    assert found == [("renamed", "Stage broad: renamed, was general")]


def test_a_part_that_went_to_another_stage_is_moved_once_and_says_its_new_repeat() -> None:
    def edit(raw: dict[str, Any]) -> None:
        raw["stages"][1]["parts"].append({"selection": "saved", "repeat": 3})
        del raw["stages"][2]["parts"][0]

    found = told(recipe(), changed(edit))
    assert found == [("moved", "Stage general, part saved: moved, in stage last, repeat 1 -> here, repeat 3")]


def test_of_stages_in_another_order_only_the_one_that_moved_is_told() -> None:
    found = told(recipe(), changed(lambda raw: raw["stages"].append(raw["stages"].pop(0))))
    assert found == [("moved", "Stage align: moved, place 1 -> place 3")]


def test_keys_are_told_with_both_values_and_what_they_are_for() -> None:
    def edit(raw: dict[str, Any]) -> None:
        raw["selections"]["reading"].update(budget={"samples": 400}, settings={"capabilities": ["ocr"], "threshold": 2})
        raw["stages"][0]["lr"] = {"projector": 5e-4}
        raw["stages"][0]["parts"][1]["repeat"] = 1

    second = changed(edit)
    found = recipe_diff(recipe(), second)
    assert [(change.path, words.sentence(change), words.description(second, change.at)) for change in found.changes] == [
        (
            "selections.reading.settings.threshold", "Selection reading, threshold: 1 -> 2",
            METHODS["mmssr"].model_fields["threshold"].description,
        ),
        (
            "selections.reading.budget", "Selection reading, budget: 30 % -> 400 samples",
            "How much is kept: samples, percent or tokens.",
        ),
        (
            "stages.align.parts.rest.repeat", "Stage align, part rest, repeat: 0.5 -> 1",
            "Copies: 2.5 is two whole ones and the better half of a third.",
        ),
        (
            "stages.align.lr.projector", "Stage align, learning rate, projector: 0.001 -> 0.0005",
            "Highest learning rate of each part that trains.",
        ),
    ]  # fmt: skip


def test_a_selection_of_another_kind_is_one_change() -> None:
    found = told(recipe(), changed(lambda raw: raw["selections"].update(rest={"file": "kept/rest.parquet"})))
    assert found == [("changed", "Selection rest: Random, 50 samples -> file rest.parquet")]


def test_true_is_not_taken_for_one() -> None:
    def with_setting(value: Any) -> Recipe:
        return changed(lambda raw: raw["selections"]["reading"].update(settings={"threshold": value}))

    assert len(recipe_diff(with_setting(1), with_setting(True)).changes) == 1


def test_plain_values_hold_every_change() -> None:
    found = recipe_diff(recipe(), changed(lambda raw: raw["stages"].pop(1)))
    (plain,) = [change.as_dict() for change in found.changes]
    assert plain["kind"] == "removed"
    assert plain["path"] == "stages.general"
    assert plain["place"] == 2
    assert plain["before"] == recipe().as_dict()["stages"][1]
    assert "after" not in plain
