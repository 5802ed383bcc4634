"""People's ratings on Capabilities: how many of the scores on screen are theirs, and how they agree with the rules."""

from __future__ import annotations

import streamlit as st

from core.evidence.people import LEAST_PAIRS, Agreement
from core.store.ratings import PEOPLE
from core.vocabulary import CAPABILITIES, Capability
from studio import cached, cached_ratings, charts, layout, session
from studio.charts import Column, Row
from studio.words import many, num

_COLUMNS = (
    Column("Capability", "grow"),
    Column("Scores from people", "bar", 190),
    Column("Rules scored too", "number", 130),
    Column("Agreement", "number", 110),
    Column("People higher by", "number", 130),
)


def num_from_people() -> dict[str, tuple[int, int]]:
    """(scores that are people's, scores in all) of what the filter shows, by capability."""
    said_by = cached.lens().producers.get("scores", [])
    place = said_by.index(PEOPLE) if PEOPLE in said_by else None
    found = {capability.key: (0, 0) for capability in CAPABILITIES}
    for row in cached.ask("producers_of_scores", session.chosen_filter()).to_pylist():
        people, every = found[row["capability"]]
        mine = row["num_samples"] if row["producer"] == place else 0
        found[row["capability"]] = (people + mine, every + row["num_samples"])
    return found


def remark() -> None:
    """In one line: how many scores are people's, of how many samples and people, and which ratings do not count."""
    rated = cached_ratings.raters()
    if not (rated.num_ratings or rated.num_former or rated.num_unreadable):
        return
    counts = num_from_people().values()
    said = [
        f"{num(sum(people for people, _ in counts))} of {many(sum(every for _, every in counts), 'score')} come from people: "
        f"{many(rated.num_ratings, 'rating')} of {many(rated.num_samples, 'sample')} by {many(rated.num_people, 'person', 'people')}."
    ]
    if rated.num_former:
        said.append(
            f"{many(rated.num_former, 'rating')} of content that changed or is gone {_do(rated.num_former)} not count."
        )
    if rated.num_unreadable:
        said.append(f"{many(rated.num_unreadable, 'rating')} cannot be read; winnow check says more.")
    layout.small(" ".join(said))


def _do(count: int) -> str:
    return "does" if count == 1 else "do"


def people() -> None:
    """Capability by capability: scores from people, and rank agreement with the rules where both scored a sample."""
    rated = cached_ratings.raters()
    if not rated.num_ratings:
        says = "Open a sample in Browse, choose a capability with [ and ], and press 0 to 5. A rating comes before every other score."
        with layout.empty("Nobody rated yet", says, icon="chart"):
            st.button("Browse samples", type="primary", key="people-browse", on_click=session.go_to, args=("browse",))
        return
    counts, agreement = num_from_people(), cached_ratings.agreement()
    most = max(mine for mine, _ in counts.values()) or 1
    charts.rows(
        _COLUMNS,
        [_row(one, counts[one.key], agreement[one.key], most) for one in CAPABILITIES],
        key="people-rows",
        on_pick=None,
    )
    layout.small(
        "Agreement is Spearman's rank correlation of people's medians with what the rules say, over all samples that both scored as "
        f"they are now, from −1 to 1; too few below {LEAST_PAIRS} of them. The filter counts for the scores from people alone."
    )


def _row(capability: Capability, counts: tuple[int, int], found: Agreement, most: int) -> Row:
    mine, every = counts
    return Row(
        [
            {"text": capability.name, "says": f"{capability.name}\n{charts.rubric(capability)}"},
            {"part": mine / most, "text": f"{num(mine)} of {num(every)}" if mine else "–"},
            num(found.num_pairs) if found.num_pairs else "–",
            _agreement(found),
            "–" if found.difference is None else f"{found.difference:+.1f}".replace("-", "−"),
        ]
    )


def _agreement(found: Agreement) -> str:
    if not found.num_pairs:
        return "–"
    if found.num_pairs < LEAST_PAIRS:
        return "too few"
    return "no spread" if found.spearman is None else f"{found.spearman:.2f}".replace("-", "−")
