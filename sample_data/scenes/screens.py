"""App screenshots: settings with switches, a mail list, a music player, a shop, a log-in form and a to-do list.

Every element has a box, so a click has a known target; states (on, unread, disabled) are parameters.
"""

from __future__ import annotations

import json
import random
from typing import Any

from PIL import Image

from sample_data.records import Turn
from sample_data.scenes.screen_drawing import (
    ACCENTS,
    APPS,
    BUTTON,
    HEIGHT,
    STATE_WORDS,
    WIDTH,
    ScreenScene,
    draw_screen,
    row_box,
)
from sample_data.wording import (
    PEOPLE,
    article,
    asked,
    choice,
    coordinates,
    free,
    listing,
    pick,
    reasoned,
    short,
    yes_no,
)

NAME = "screens"
SCHEDULE = (
    "screen_click", "screen_state", "screen_app", "screen_text", "screen_count", "screen_describe", "screen_why",
    "screen_purpose", "screen_choice", "screen_steps", "screen_click", "screen_list", "screen_colour",
    "screen_position", "screen_ticket",
)  # fmt: skip
SHORT = ("screen_state", "screen_app", "screen_text", "screen_count", "screen_colour", "screen_position")


def make(rng: random.Random, level: int) -> ScreenScene:
    app = rng.choice(sorted(APPS))
    pool = APPS[app][2]
    chosen = pool if app == "log-in form" else rng.sample(pool, min(len(pool), (3, 4, 6)[level] + rng.randrange(2)))
    details = {
        "mail app": PEOPLE,
        "online shop": tuple(f"{price}.00" for price in range(8, 90, 3)),
        "music player": tuple(f"{m}:{s:02d}" for m in (2, 3, 4) for s in range(5, 60, 9)),
    }
    extra = rng.sample(details.get(app, ("",) * 20), len(chosen))
    rows = tuple((label, rng.random() < 0.5, text) for label, text in zip(chosen, extra, strict=True))
    enabled = (
        all(state for _, state, _ in rows[:3])
        if app == "log-in form"
        else app != "online shop" or any(s for _, s, _ in rows)
    )
    return ScreenScene(
        level,
        app,
        rng.choice(sorted(ACCENTS)),
        rng.random() < 0.3,
        rows,
        enabled,
        f"{rng.randint(7, 21):02d}:{rng.randint(0, 59):02d}",
        rng.choice((9, 15, 34, 52, 71, 88, 100)),
    )


def draw(scene: ScreenScene) -> list[Image.Image]:
    return [draw_screen(scene)]


def ask(scene: ScreenScene, kind: str, rng: random.Random) -> Turn | None:
    title, purpose, _, button = APPS[scene.app]
    on, _ = STATE_WORDS[scene.app]
    position = rng.randrange(len(scene.rows))
    label, state, _ = scene.rows[position]
    values: dict[str, Any] = {"label": label, "button": button, "app": scene.app, "on": on}
    if kind == "screen_click":
        if rng.random() < 0.4:
            return coordinates(
                rng,
                kind,
                asked("screen_click button"),
                BUTTON,
                (WIDTH, HEIGHT),
                point=rng.random() < 0.6,
                target=button,
                **values,
            )
        return coordinates(
            rng,
            kind,
            asked("screen_click row"),
            row_box(position),
            (WIDTH, HEIGHT),
            point=rng.random() < 0.6,
            target=label,
            **values,
        )
    if kind == "screen_state":
        return yes_no(
            rng,
            kind,
            asked("screen_state"),
            state,
            **values,
        )
    if kind == "screen_app":
        if rng.random() < 0.5:
            return choice(
                rng,
                kind,
                asked("screen_app choice"),
                scene.app,
                sorted(APPS),
            )
        return short(
            rng,
            kind,
            asked("screen_app"),
            scene.app,
        )
    if kind == "screen_text":
        what = rng.choice(("title", "button", "clock", "battery"))
        answer = {"title": title, "button": button, "clock": scene.clock, "battery": f"{scene.battery}%"}[what]
        named = {
            "title": "the title at the top",
            "button": "the text on the big button",
            "clock": "the time in the status bar",
            "battery": "the battery level",
        }[what]
        return short(
            rng,
            kind,
            asked("screen_text"),
            answer,
            named=named,
        )
    if kind == "screen_count":
        if rng.random() < 0.5:
            return short(
                rng,
                kind,
                asked("screen_count rows"),
                str(len(scene.rows)),
                what="rows",
            )
        return short(
            rng,
            kind,
            asked("screen_count state"),
            str(sum(s for _, s, _ in scene.rows)),
            what="on",
            on=on,
        )
    if kind == "screen_colour":
        return short(
            rng,
            kind,
            asked("screen_colour"),
            scene.accent,
        )
    if kind == "screen_position":
        other = rng.choice([k for k in range(len(scene.rows)) if k != position])
        return yes_no(rng, kind, asked("screen_position"), position < other, second=scene.rows[other][0], **values)
    if kind == "screen_choice":
        wrong = [text for key, (_, text, _, _) in APPS.items() if key != scene.app]
        return choice(rng, kind, asked("screen_choice"), purpose, wrong)
    return _texts(scene, kind, rng)


def _texts(scene: ScreenScene, kind: str, rng: random.Random) -> Turn | None:
    title, purpose, _, button = APPS[scene.app]
    on, off = STATE_WORDS[scene.app]
    shown = [f"{label} ({on if state else off})" for label, state, _ in scene.rows]
    if kind == "screen_why":
        if scene.app not in ("log-in form", "online shop") or scene.enabled:
            if scene.battery > 15:
                return None
            question = pick(
                rng,
                asked("screen_why battery"),
            )
            return free(
                kind,
                question,
                f"Because the battery is down to {scene.battery}%, so without a charger it will run out of power.",
                "short description",
            )
        missing = [label for label, state, _ in scene.rows[:3] if not state] if scene.app == "log-in form" else []
        question = pick(rng, asked("screen_why button"), button=button)
        reason = (
            f"{listing(missing)} still {'need' if len(missing) > 1 else 'needs'} to be filled in"
            if missing
            else "everything in the cart is sold out"
        )
        return free(kind, question, f"Because {reason}.", "short description", missing=missing)
    if kind == "screen_purpose":
        question = pick(
            rng,
            asked("screen_purpose"),
        )
        return free(
            kind,
            question,
            f'This is the screen "{title}" of {article(scene.app)}, meant for {purpose}.',
            "short description",
        )
    if kind == "screen_describe":
        question = pick(rng, asked("screen_describe"))
        theme = "dark" if scene.dark else "light"
        answer = (
            f"The screenshot shows {article(scene.app)} in a {theme} theme. The status bar gives the time as {scene.clock} "
            "and the battery as "
            f'{scene.battery}%. Below it, a {scene.accent} header bears the title "{title}". The list holds '
            f"{len(scene.rows)} rows: "
            f"{listing(shown)}. At the bottom there is a {'' if scene.enabled else 'greyed-out '}button labelled "
            f'"{button}".'
        )
        return free(kind, question, answer, "detailed description")
    if kind == "screen_steps":
        wanted = [label for label, state, _ in scene.rows if not state]
        if scene.app not in ("settings page", "to-do list") or not wanted:
            return None
        goal = f"every entry is {on}"
        steps = [f"{label} is {off}, so tap it." for label in wanted]
        return reasoned(rng, kind, asked("screen_steps"), steps, str(len(wanted)), goal=goal)
    if kind == "screen_list":
        question = pick(
            rng,
            asked("screen_list"),
        )
        return free(kind, question, json.dumps({label: state for label, state, _ in scene.rows}), "specified style")
    if kind == "screen_ticket":
        question = pick(rng, asked("screen_ticket"))
        if "ticket" in question:
            answer = (
                f'Dear support team, I am on the screen "{title}" of my {scene.app} at {scene.clock}. I kindly '
                f'ask for help with "{scene.rows[0][0]}".'
            )
        elif "bullet" in question:
            answer = f"- Title: {title}\n- Rows: {len(scene.rows)}\n- Button: {button}"
        else:
            answer = (
                f"Hark! Upon this {scene.accent} stage named {title}, there standeth {scene.rows[0][0]}, and lo, "
                f"{button} awaiteth below."
            )
        return free(kind, question, answer, "specified style")
    raise ValueError(f"screens knows no task {kind!r}")
