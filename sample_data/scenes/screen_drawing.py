"""Painting app screenshots: status bar, header, one row per entry with its state, and the action button.

The boxes of rows and button are what a click aims at; the questions use the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from sample_data.drawing import Canvas, Colour, shade

WIDTH, HEIGHT = 256, 384
ACCENTS: dict[str, Colour] = {
    "blue": (38, 110, 214), "green": (30, 140, 86), "purple": (116, 64, 180), "red": (206, 58, 58),
    "orange": (226, 122, 26),
}  # fmt: skip
# app: title, what it is for, rows it may show, action button
APPS: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "settings page": (
        "Settings",
        "switching functions of the device on and off",
        ("Wi-Fi", "Bluetooth", "Location", "Dark mode", "Aeroplane mode", "Notifications", "Hotspot"),
        "Restart",
    ),
    "mail app": (
        "Inbox",
        "reading and writing e-mail",
        (
            "Meeting moved",
            "Your invoice",
            "Holiday photos",
            "Welcome aboard",
            "Weekly report",
            "Lunch on Friday",
            "Parcel update",
        ),
        "Compose",
    ),
    "to-do list": (
        "My tasks",
        "keeping track of things to do",
        ("Buy milk", "Call the bank", "Water plants", "Book dentist", "Pay rent", "Clean bike", "Return books"),
        "Add task",
    ),
    "online shop": (
        "Your cart",
        "buying things online",
        ("Desk lamp", "Tea kettle", "Rain coat", "Headphones", "Back pack", "Wall clock", "Door mat"),
        "Check out",
    ),
    "music player": (
        "Playlist",
        "listening to music",
        ("Morning light", "River song", "City rain", "Old letters", "Blue train", "Paper moon", "Wide open"),
        "Shuffle",
    ),
    "log-in form": (
        "Sign in",
        "logging in to an account",
        ("Name", "Password", "Accept terms", "Remember me"),
        "Continue",
    ),
}
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


def row_box(position: int) -> tuple[float, float, float, float]:
    return 10, 74 + position * 36, WIDTH - 10, 74 + position * 36 + 32


BUTTON = (48.0, 336.0, 208.0, 366.0)


def draw_screen(scene: ScreenScene) -> Image.Image:
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
    return canvas.finish()


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
