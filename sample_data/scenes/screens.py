"""App screenshots: settings with switches, a mail list, a music player, a shop, a log-in form and a to-do list.

Every element has a box, so a click has a known target; states (on, unread, disabled) are parameters.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from PIL import Image

from sample_data.drawing import Canvas, Colour, shade
from sample_data.records import Turn
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

WIDTH, HEIGHT = 256, 384
ACCENTS: dict[str, Colour] = {
    "blue": (38, 110, 214), "green": (30, 140, 86), "purple": (116, 64, 180), "red": (206, 58, 58),
    "orange": (226, 122, 26),
}  # fmt: skip
# app: title, what it is for, rows it may show, action button
APPS: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "settings page": ("Settings", "switching functions of the device on and off",
                 ("Wi-Fi", "Bluetooth", "Location", "Dark mode", "Aeroplane mode", "Notifications", "Hotspot"),
                     "Restart"),
    "mail app": ("Inbox", "reading and writing e-mail",
             ("Meeting moved", "Your invoice", "Holiday photos", "Welcome aboard", "Weekly report", "Lunch on Friday",
                 "Parcel update"), "Compose"),
    "to-do list": ("My tasks", "keeping track of things to do",
                   ("Buy milk", "Call the bank", "Water plants", "Book dentist", "Pay rent", "Clean bike",
                       "Return books"), "Add task"),
    "online shop": ("Your cart", "buying things online",
             ("Desk lamp", "Tea kettle", "Rain coat", "Headphones", "Back pack", "Wall clock", "Door mat"),
                 "Check out"),
    "music player": ("Playlist", "listening to music",
                     ("Morning light", "River song", "City rain", "Old letters", "Blue train", "Paper moon",
                         "Wide open"), "Shuffle"),
    "log-in form": ("Sign in", "logging in to an account", ("Name", "Password", "Accept terms", "Remember me"),
    "Continue"),
}  # fmt: skip
STATE_WORDS = {
    "settings page": ("switched on", "switched off"), "mail app": ("unread", "read"), "to-do list": ("done", "open"),
    "online shop": ("in stock", "sold out"), "music player": ("marked as favourite", "not marked"),
    "log-in form": ("filled in", "empty"),
}  # fmt: skip


@dataclass(frozen=True)
class ScreenScene:
    """`rows`: (label, state, detail). The action button is greyed out when `enabled` is False."""

    level: int
    app: str
    accent: str
    dark: bool
    rows: tuple[tuple[str, bool, str], ...]
    enabled: bool
    clock: str
    battery: int


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


def row_box(position: int) -> tuple[float, float, float, float]:
    return 10, 74 + position * 36, WIDTH - 10, 74 + position * 36 + 32


BUTTON = (48.0, 336.0, 208.0, 366.0)


def draw(scene: ScreenScene) -> list[Image.Image]:
    back, card, ink, soft = (
        ((24, 27, 33), (40, 44, 52), (236, 238, 242), (150, 156, 166))
        if scene.dark
        else ((242, 244, 247), (255, 255, 255), (34, 38, 46), (120, 126, 136))
    )
    accent = ACCENTS[scene.accent]
    canvas = Canvas(WIDTH, HEIGHT, back)
    canvas.rectangle(0, 0, WIDTH, 64, fill=accent)
    canvas.text(12, 6, scene.clock, 10, (255, 255, 255))
    canvas.text(WIDTH - 38, 6, f"{scene.battery}%", 10, (255, 255, 255), anchor="ra")
    canvas.rectangle(WIDTH - 33, 7, WIDTH - 13, 16, outline=(255, 255, 255), width=1, radius=2)
    canvas.rectangle(WIDTH - 31, 9, WIDTH - 31 + 16 * scene.battery / 100, 14, fill=(255, 255, 255))
    canvas.text(16, 42, APPS[scene.app][0], 19, (255, 255, 255), anchor="lm", bold=True)
    for k in range(3):
        canvas.ellipse(WIDTH - 18, 36 + k * 6, 1.8, 1.8, (255, 255, 255))
    for position, (label, state, detail) in enumerate(scene.rows):
        left, top, right, bottom = row_box(position)
        canvas.rectangle(left, top, right, bottom, fill=card, radius=7)
        _row(canvas, scene, (left, top, right, bottom), label, state, detail, ink, soft, accent)
    fill = accent if scene.enabled else ((66, 71, 80) if scene.dark else (212, 216, 222))
    text = (255, 255, 255) if scene.enabled else soft
    canvas.rectangle(*BUTTON, fill=fill, radius=15)
    canvas.text(
        (BUTTON[0] + BUTTON[2]) / 2, (BUTTON[1] + BUTTON[3]) / 2, APPS[scene.app][3], 14, text, anchor="mm", bold=True
    )
    return [canvas.finish()]


def _row(
    canvas: Canvas,
    scene: ScreenScene,
    box: tuple[float, float, float, float],
    label: str,
    state: bool,
    detail: str,
    ink: Colour,
    soft: Colour,
    accent: Colour,
) -> None:
    left, top, right, bottom = box
    middle = (top + bottom) / 2
    x = left + 12.0
    if scene.app == "mail app":
        canvas.ellipse(x + 4, middle, 4, 4, accent if state else shade(soft, 1.4 if not scene.dark else 0.5))
        x += 18
    elif scene.app == "to-do list":
        canvas.rectangle(
            x, middle - 7, x + 14, middle + 7, fill=accent if state else None, outline=accent, width=1.4, radius=3
        )
        if state:
            canvas.line([(x + 3, middle), (x + 6, middle + 4), (x + 11, middle - 4)], (255, 255, 255), 1.8)
        x += 24
    canvas.text(x, middle, label, 13, ink, anchor="lm", bold=scene.app == "mail app" and state)
    if scene.app == "settings page":
        canvas.rectangle(
            right - 44, middle - 9, right - 10, middle + 9, fill=accent if state else shade(soft, 1.3), radius=9
        )
        canvas.ellipse(right - 19 if state else right - 35, middle, 7, 7, (255, 255, 255))
    elif scene.app == "online shop":
        canvas.text(right - 12, middle, detail if state else "Sold out", 12, ink if state else soft, anchor="rm")
    elif scene.app == "music player":
        canvas.text(right - 30, middle, detail, 11, soft, anchor="rm")
        heart = (226, 64, 96) if state else soft
        canvas.ellipse(right - 19, middle - 2, 3.6, 3.6, heart)
        canvas.ellipse(right - 13, middle - 2, 3.6, 3.6, heart)
        canvas.polygon([(right - 22.4, middle - 0.5), (right - 9.6, middle - 0.5), (right - 16, middle + 7)], heart)
    elif scene.app == "log-in form":
        if label in ("Name", "Password"):
            canvas.line([(left + 92, bottom - 8), (right - 12, bottom - 8)], soft, 0.8)
            if state:
                canvas.text(left + 94, middle, "alex_42" if label == "Name" else "* * * * * *", 12, ink, anchor="lm")
        else:
            canvas.rectangle(
                right - 28,
                middle - 7,
                right - 14,
                middle + 7,
                fill=accent if state else None,
                outline=accent,
                width=1.4,
                radius=3,
            )
    elif detail:
        canvas.text(right - 12, middle, detail, 11, soft, anchor="rm")


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
