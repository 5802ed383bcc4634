"""Photographs that ship with scikit-image and are public domain or CC0, with facts written by hand.

They are read at generation time, cropped and reduced; each one's licence and credit stand in CREDITS and in the README.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from PIL import Image, ImageEnhance

from sample_data.records import Turn
from sample_data.scenes.photograph_facts import PHOTOS, Photo
from sample_data.wording import asked, choice, coordinates, free, listing, pick, short, yes_no

NAME = "photos"
SCHEDULE = (
    "photo_what", "photo_caption", "photo_describe", "photo_history", "photo_colour", "photo_has", "photo_why",
    "photo_choice", "photo_science", "photo_activity", "photo_poem", "photo_box", "photo_scene", "photo_essay",
    "photo_detail", "photo_caption",
)  # fmt: skip
SHORT = ("photo_what", "photo_has", "photo_colour", "photo_activity", "photo_scene")

HELD_OUT = ("clock", "gravel", "retina")
CREDITS = {
    "astronaut.png": "Portrait of Eileen Collins, NASA Great Images; public domain",
    "brick.png": "Bricks25, CC0Textures; CC0",
    "camera.png": "Cameraman, Lav Varshney; CC0",
    "cell.png": "Cell floating in saline, Mueller et al., 2018; CC0",
    "chelsea.png": "Chelsea the cat, Stefan van der Walt; CC0",
    "clock_motion.png": "Wall clock in motion, Stefan van der Walt; public domain",
    "coffee.png": "Coffee cup, Rachel Michetti, courtesy of Pikolo Espresso Bar; CC0",
    "grass.png": "Grass-01, linolafett; CC0",
    "gravel.png": "Gravel04, CC0Textures; CC0",
    "horse.png": "Silhouette of a horse, Andreas Preuss (marauder), openclipart; CC0",
    "hubble_deep_field.jpg": "Hubble eXtreme Deep Field, NASA; public domain",
    "retina.jpg": "Fundus photograph, Mikael Haeggstroem; CC0",
    "rocket.jpg": "Launch of DSCOVR on Falcon 9, SpaceX; public domain",
}


@dataclass(frozen=True)
class PhotoScene:
    level: int
    key: str
    brightness: int  # per cent; larger pools vary it, so that one photograph gives several pictures


def make(rng: random.Random, level: int) -> PhotoScene:
    key = rng.choice(sorted(key for key in PHOTOS if key not in HELD_OUT))
    return PhotoScene(PHOTOS[key].level, key, rng.randint(88, 112))


def make_held_out(rng: random.Random, level: int) -> PhotoScene:
    key = rng.choice(HELD_OUT)
    return PhotoScene(PHOTOS[key].level, key, rng.randint(88, 112))


@lru_cache(maxsize=32)
def _photograph(key: str) -> Image.Image:
    photo = PHOTOS[key]
    with files("skimage.data").joinpath(photo.file).open("rb") as stream:
        image = Image.open(stream).convert("RGB")
    width, height = image.size
    left, top, right, bottom = photo.crop
    image = image.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))
    scale = min(1.0, 352 / image.width, 300 / image.height)
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)


def draw(scene: PhotoScene) -> list[Image.Image]:
    return [ImageEnhance.Brightness(_photograph(scene.key)).enhance(scene.brightness / 100)]


def ask(scene: PhotoScene, kind: str, rng: random.Random) -> Turn | None:
    photo = PHOTOS[scene.key]
    if kind == "photo_what":
        return short(
            rng,
            kind,
            asked("photo_what"),
            photo.subject,
        )
    if kind == "photo_scene":
        return short(
            rng,
            kind,
            asked("photo_scene"),
            photo.setting,
        )
    if kind == "photo_colour":
        if not photo.colours:
            return None
        thing, colour = rng.choice(photo.colours)
        return short(
            rng,
            kind,
            asked("photo_colour"),
            colour,
            thing=thing,
        )
    if kind == "photo_has":
        truth = rng.random() < 0.5
        thing = rng.choice(photo.present if truth else photo.absent)
        return yes_no(
            rng,
            kind,
            asked("photo_has"),
            truth,
            thing=thing,
        )
    if kind == "photo_choice":
        question, answer, wrong = photo.choice
        return choice(rng, kind, (question,), answer, wrong)
    if kind == "photo_activity":
        if not photo.activity:
            return None
        return short(rng, kind, (photo.activity[0],), photo.activity[1])
    if kind == "photo_box":
        if not photo.box:
            return None
        thing, box = photo.box
        width, height = _photograph(scene.key).size
        pixels = (box[0] * width, box[1] * height, box[2] * width, box[3] * height)
        return coordinates(
            rng,
            kind,
            asked("photo_box"),
            pixels,
            (width, height),
            thing=thing,
        )
    return _texts(photo, kind, rng)


def _texts(photo: Photo, kind: str, rng: random.Random) -> Turn | None:
    if kind in ("photo_history", "photo_science", "photo_why", "photo_detail"):
        pair = {
            "photo_history": photo.history,
            "photo_science": photo.science,
            "photo_why": photo.why,
            "photo_detail": photo.detail,
        }[kind]
        return free(kind, pair[0], pair[1], "short description") if pair else None
    if kind == "photo_caption":
        question = pick(rng, asked("photo_caption"))
        return free(kind, question, photo.caption, "short description")
    if kind == "photo_describe":
        question = pick(rng, asked("photo_describe"))
        return free(
            kind,
            question,
            " ".join(
                (photo.caption, *photo.sentences, f"Among other things one can make out {listing(photo.present)}.")
            ),
            "detailed description",
        )
    if kind == "photo_essay":
        if not photo.history:
            return None
        question = pick(rng, asked("photo_essay"))
        return free(
            kind,
            question,
            " ".join(
                (
                    photo.caption,
                    photo.history[1],
                    *photo.sentences,
                    "A single picture can thus open a window on how people lived, worked and thought.",
                )
            ),
            "detailed description",
        )
    if kind == "photo_poem":
        question = pick(
            rng,
            asked("photo_poem"),
        )
        if "haiku" in question:
            answer = photo.haiku
        elif "hashtags" in question:
            answer = f"{photo.caption} #photo #{photo.subject.split()[-1]}"
        else:
            answer = (
                f"And here, quite undisturbed, we meet {photo.subject}. {photo.sentences[0]} What patience, what "
                "wonder!"
            )
        return free(kind, question, answer, "specified style")
    raise ValueError(f"photos knows no task {kind!r}")
