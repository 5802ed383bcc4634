"""Painting outdoor scenes: sky by hour and weather, ground by place, and people drawn with a few round limbs.

A person is a pose: the same body with other angles of arms and legs, and perhaps a thing in hand.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from PIL import Image

from sample_data.drawing import NAMED_COLOURS, Canvas, Colour, mix, shade

WIDTH, HEIGHT = 384, 288
GROUND_Y = 190


@dataclass(frozen=True)
class Person:
    """`x` is the middle of the body; feet stand on GROUND_Y + depth."""

    activity: str
    shirt: str
    x: float
    depth: float
    skin: int
    facing: int


@dataclass(frozen=True)
class OutdoorScene:
    level: int
    place: str  # beach | park | street | mountains
    weather: str  # sunny | clear (at night) | rainy | snowy | cloudy
    hour: str  # day | evening | night
    people: tuple[Person, ...]
    things: tuple[tuple[str, str, float], ...]  # (thing, colour, x)
    seed: int


SKIES: dict[str, tuple[Colour, Colour]] = {
    "day": ((104, 172, 232), (206, 230, 246)), "evening": ((92, 84, 150), (250, 170, 110)),
    "night": ((12, 20, 52), (40, 56, 100)),
}  # fmt: skip
GREY_SKIES: dict[str, tuple[Colour, Colour]] = {
    "day": ((142, 152, 164), (200, 206, 212)), "evening": ((96, 92, 116), (190, 150, 136)),
    "night": ((22, 26, 40), (52, 60, 78)),
}  # fmt: skip
SKINS: tuple[Colour, ...] = ((244, 204, 172), (214, 160, 116), (150, 98, 66), (96, 62, 44))
GROUNDS: dict[str, Colour] = {
    "beach": (236, 214, 160),
    "park": (122, 178, 92),
    "street": (120, 124, 130),
    "mountains": (140, 168, 110),
}


def draw_outdoors(scene: OutdoorScene) -> Image.Image:
    canvas = Canvas(WIDTH, HEIGHT)
    rng = random.Random(scene.seed)
    grey = scene.weather in ("rainy", "snowy", "cloudy")
    canvas.gradient(0, 0, WIDTH, GROUND_Y, *(GREY_SKIES if grey else SKIES)[scene.hour])
    if scene.hour == "night" and not grey:
        for _ in range(46):
            canvas.ellipse(rng.uniform(0, WIDTH), rng.uniform(0, GROUND_Y - 60), 0.9, 0.9, (236, 236, 220))
        canvas.ellipse(318, 46, 18, 18, (240, 236, 208))
        canvas.ellipse(310, 41, 15, 15, mix(SKIES["night"][0], SKIES["night"][1], 0.2))
    elif not grey:
        low = scene.hour == "evening"
        canvas.ellipse(316, GROUND_Y - 16 if low else 46, 24, 24, (255, 190, 96) if low else (255, 222, 92))
    if grey or rng.random() < 0.5:
        for _ in range(5 if grey else 2):
            _cloud(canvas, rng, grey, scene.hour)
    _ground(canvas, scene, rng)
    for thing, colour, x in scene.things:
        _thing(canvas, thing, NAMED_COLOURS[colour], x, rng)
    for person in sorted(scene.people, key=lambda p: p.depth):
        draw_person(canvas, person)
    image = canvas.finish()
    if scene.hour == "night":
        image = Image.blend(image, Image.new("RGB", image.size, (16, 24, 60)), 0.3)
    if scene.weather in ("rainy", "snowy"):
        image = _falling(image, rng, scene.weather)
    return image


def _cloud(canvas: Canvas, rng: random.Random, grey: bool, hour: str) -> None:
    x, y = rng.uniform(10, WIDTH - 60), rng.uniform(18, 74)
    colour: Colour = (176, 182, 190) if grey else (250, 250, 252)
    if hour != "day":
        colour = mix(colour, (90, 80, 110), 0.45)
    for dx, dy, radius in ((0, 0, 17), (20, -8, 21), (44, -2, 18), (62, 4, 12)):
        canvas.ellipse(x + dx, y + dy, radius, radius * 0.72, colour)


def _ground(canvas: Canvas, scene: OutdoorScene, rng: random.Random) -> None:
    colour = GROUNDS[scene.place]
    if scene.weather == "snowy":
        colour = mix(colour, (244, 247, 250), 0.82)
    if scene.place == "mountains":
        for base, tone in ((150, (120, 132, 156)), (162, (96, 112, 128))):
            points: list[tuple[float, float]] = [(0.0, GROUND_Y + 2.0)]
            for k in range(7):
                points.append((k * WIDTH / 6, base - rng.uniform(0, 92) if k % 2 else float(base)))
            canvas.polygon([*points, (WIDTH, GROUND_Y + 2)], tone)
    elif scene.place == "street":
        x = -6.0
        while x < WIDTH:
            wide, tall = rng.uniform(46, 76), rng.uniform(66, 132)
            wall = rng.choice(((196, 130, 104), (216, 190, 150), (156, 164, 176), (188, 170, 190), (148, 172, 160)))
            canvas.rectangle(x, GROUND_Y - tall, x + wide - 3, GROUND_Y, fill=wall)
            lit = scene.hour != "day"
            for row in range(int(tall // 24)):
                for column in range(int(wide // 18)):
                    bright = lit and rng.random() < 0.6
                    window = (255, 226, 140) if bright else (92, 110, 132)
                    left, top = x + 8 + column * 18, GROUND_Y - tall + 9 + row * 24
                    if left + 9 < x + wide - 6:
                        canvas.rectangle(left, top, left + 9, top + 13, fill=window)
            x += wide
    elif scene.place == "park":
        canvas.polygon(
            [(0, GROUND_Y), (90, GROUND_Y - 22), (200, GROUND_Y - 6), (300, GROUND_Y - 26), (WIDTH, GROUND_Y)],
            shade(colour, 0.86),
        )
    canvas.gradient(0, GROUND_Y, WIDTH, HEIGHT, shade(colour, 0.96), shade(colour, 0.82))
    if scene.place == "beach":
        canvas.gradient(0, GROUND_Y - 34, WIDTH, GROUND_Y + 2, (52, 126, 176), (108, 186, 206))
        canvas.line([(x, GROUND_Y + 2 * math.sin(x / 17)) for x in range(0, WIDTH + 8, 8)], (246, 250, 250), 3)
    elif scene.place == "street":
        for x in range(0, WIDTH, 48):
            canvas.rectangle(x + 8, HEIGHT - 26, x + 34, HEIGHT - 21, fill=(230, 230, 222))


def _thing(canvas: Canvas, thing: str, colour: Colour, x: float, rng: random.Random) -> None:
    y = GROUND_Y + 8.0
    if thing == "tree":
        canvas.rectangle(x - 5, y - 50, x + 5, y, fill=(112, 80, 52))
        for dx, dy, radius in ((0, -72, 26), (-17, -56, 19), (17, -56, 19)):
            canvas.ellipse(x + dx, y + dy, radius, radius, (70, 138, 66))
    elif thing == "house":
        canvas.rectangle(x - 32, y - 46, x + 32, y, fill=(240, 228, 206))
        canvas.polygon([(x - 40, y - 46), (x, y - 82), (x + 40, y - 46)], colour)
        canvas.rectangle(x - 8, y - 28, x + 8, y, fill=(120, 84, 56))
        canvas.rectangle(x + 14, y - 36, x + 27, y - 22, fill=(150, 190, 216))
    elif thing == "car":
        canvas.rectangle(x - 38, y - 20, x + 38, y + 1, fill=colour, radius=6)
        canvas.polygon([(x - 25, y - 19), (x - 15, y - 36), (x + 15, y - 36), (x + 27, y - 19)], shade(colour, 0.85))
        canvas.polygon([(x - 19, y - 20), (x - 12, y - 32), (x - 2, y - 32), (x - 2, y - 20)], (198, 222, 236))
        canvas.polygon([(x + 2, y - 20), (x + 2, y - 32), (x + 12, y - 32), (x + 20, y - 20)], (198, 222, 236))
        for wheel in (-22, 22):
            canvas.ellipse(x + wheel, y + 1, 8, 8, (36, 38, 42))
            canvas.ellipse(x + wheel, y + 1, 3, 3, (190, 194, 200))
    elif thing == "boat":
        canvas.polygon([(x - 26, y - 26), (x + 26, y - 26), (x + 16, y - 14), (x - 16, y - 14)], colour)
        canvas.line([(x, y - 26), (x, y - 66)], (104, 78, 54), 2)
        canvas.polygon([(x + 2, y - 64), (x + 2, y - 30), (x + 24, y - 30)], (248, 246, 240))
    elif thing == "tent":
        canvas.polygon([(x - 36, y), (x, y - 46), (x + 36, y)], colour)
        canvas.polygon([(x - 9, y), (x, y - 26), (x + 9, y)], shade(colour, 0.55))
    else:
        raise ValueError(f"unknown thing {thing!r}")


# Angles in degrees, 0 down, 90 forward: left arm, left forearm, right arm, right forearm, left leg, left shin, right leg,
# right shin, lean of the body.
POSES: dict[str, tuple[float, ...]] = {
    "running": (-50, 30, 55, 130, -40, -85, 50, 10, 10),
    "waving": (-12, -6, 104, 158, -8, -4, 8, 4, 0),
    "sitting": (20, 50, 30, 60, 84, 4, 90, 8, 0),
    "kicking a ball": (-60, -40, 50, 70, -8, -12, 62, 50, -6),
    "holding an umbrella": (10, 14, 50, 150, -7, -4, 7, 4, 0),
    "jumping": (140, 160, -140, -160, -35, -100, 40, -60, 0),
    "flying a kite": (30, 60, 110, 120, -8, -4, 10, 4, 0),
    "riding a bicycle": (62, 70, 66, 74, 60, -5, 20, -30, 18),
    "reading a book": (28, 100, 34, 104, -6, -3, 6, 3, 0),
    "fishing": (40, 80, 56, 84, -7, -3, 8, 3, 0),
}


def _reach(x: float, y: float, angle: float, length: float, facing: int) -> tuple[float, float]:
    return x + facing * length * math.sin(math.radians(angle)), y + length * math.cos(math.radians(angle))


def draw_person(canvas: Canvas, person: Person) -> None:
    pose, face = POSES[person.activity], person.facing
    feet = GROUND_Y + person.depth
    raised = {"jumping": 16.0, "sitting": -17.0, "riding a bicycle": 6.0}.get(person.activity, 0.0)
    hip_x, hip_y = person.x, feet - 36 - raised
    if person.activity == "sitting":
        canvas.rectangle(person.x - 20, feet - 18, person.x + 20, feet - 13, fill=(134, 96, 62))
        canvas.rectangle(person.x - 17, feet - 13, person.x - 14, feet, fill=(104, 74, 48))
        canvas.rectangle(person.x + 14, feet - 13, person.x + 17, feet, fill=(104, 74, 48))
    if person.activity == "riding a bicycle":
        for dx in (-21, 23):
            canvas.ellipse(person.x + face * dx, feet - 12, 13, 13, None, (40, 42, 46), 2)
        frame = [
            (person.x - face * 21, feet - 12),
            (person.x - face * 4, feet - 36),
            (person.x + face * 16, feet - 34),
            (person.x + face * 23, feet - 12),
            (person.x + face * 2, feet - 12),
            (person.x - face * 4, feet - 36),
        ]
        canvas.line(frame, (190, 60, 60), 2)
        canvas.line([(person.x + face * 16, feet - 34), (person.x + face * 20, feet - 46)], (60, 62, 66), 2)
    skin, shirt, trousers = SKINS[person.skin], NAMED_COLOURS[person.shirt], (58, 66, 92)
    neck_x, neck_y = hip_x + face * 30 * math.sin(math.radians(pose[8])), hip_y - 30
    for thigh, shin in ((pose[4], pose[5]), (pose[6], pose[7])):
        knee = _reach(hip_x, hip_y, thigh, 18, face)
        foot = _reach(*knee, shin, 18, face)
        canvas.line([(hip_x, hip_y), knee, foot], trousers, 6)
        canvas.ellipse(foot[0] + face * 2, foot[1], 4.5, 3, (40, 36, 36))
    hands = []
    for upper, lower in ((pose[0], pose[1]), (pose[2], pose[3])):
        elbow = _reach(neck_x, neck_y + 4, upper, 14, face)
        hand = _reach(*elbow, lower, 13, face)
        canvas.line([(neck_x, neck_y + 4), elbow], shade(shirt, 0.88), 5)
        canvas.line([elbow, hand], skin, 4)
        hands.append(hand)
    canvas.line([(hip_x, hip_y), (neck_x, neck_y + 2)], shirt, 13)
    canvas.ellipse(hip_x, hip_y, 6.5, 6.5, shirt)
    canvas.ellipse(neck_x, neck_y + 2, 6.5, 6.5, shirt)
    canvas.ellipse(neck_x + face * 2, neck_y - 13, 9, 10, skin)
    canvas.draw.pieslice(
        [(neck_x + face * 2 - 10) * 2, (neck_y - 25) * 2, (neck_x + face * 2 + 10) * 2, (neck_y - 5) * 2],
        180,
        360,
        fill=((70, 46, 32), (36, 28, 26), (150, 104, 52))[person.skin % 3],
    )
    _held(canvas, person, hands[1], feet)


def _held(canvas: Canvas, person: Person, hand: tuple[float, float], feet: float) -> None:
    x, y = hand
    face = person.facing
    if person.activity == "kicking a ball":
        canvas.ellipse(person.x + face * 42, feet - 9, 8, 8, (246, 246, 246), (50, 50, 54), 1)
        canvas.polygon(
            [(person.x + face * 42 + dx, feet - 9 + dy) for dx, dy in ((0, -4), (4, -1), (2, 4), (-2, 4), (-4, -1))],
            (50, 50, 54),
        )
    elif person.activity == "holding an umbrella":
        canvas.line([(x, y + 6), (x, y - 30)], (70, 70, 76), 1.6)
        box = [(x - 27) * 2, (y - 50) * 2, (x + 27) * 2, (y - 8) * 2]
        canvas.draw.pieslice(box, 180, 360, fill=(52, 120, 150))
    elif person.activity == "flying a kite":
        kite_x, kite_y = person.x + face * 74, feet - 142
        canvas.line([(x, y), (kite_x, kite_y + 16)], (80, 80, 84), 0.8)
        canvas.polygon(
            [(kite_x, kite_y - 18), (kite_x + 13, kite_y), (kite_x, kite_y + 18), (kite_x - 13, kite_y)], (222, 72, 96)
        )
        canvas.line([(kite_x, kite_y - 18), (kite_x, kite_y + 18)], (250, 220, 120), 1)
    elif person.activity == "reading a book":
        canvas.polygon(
            [(x - 9, y - 8), (x, y - 5), (x + 9, y - 8), (x + 9, y + 4), (x, y + 7), (x - 9, y + 4)],
            (238, 234, 222),
            (110, 80, 60),
            1,
        )
    elif person.activity == "fishing":
        tip = (x + face * 46, y - 44)
        canvas.line([(x - face * 6, y + 6), tip], (110, 84, 56), 1.6)
        canvas.line([tip, (tip[0], feet - 16)], (130, 130, 136), 0.7)


def person_box(person: Person) -> tuple[float, float, float, float]:
    """Head to feet and about an arm's length to each side."""
    feet = GROUND_Y + person.depth
    raised = {"jumping": 16.0, "sitting": -17.0}.get(person.activity, 0.0)
    return person.x - 24, feet - 92 - raised, person.x + 24, feet - (raised if raised > 0 else 0)


def _falling(image: Image.Image, rng: random.Random, weather: str) -> Image.Image:
    canvas = Canvas(image.width, image.height)
    canvas.image.paste(image.resize(canvas.image.size, Image.Resampling.BICUBIC))
    for _ in range(120):
        x, y = rng.uniform(0, image.width), rng.uniform(0, image.height)
        if weather == "rainy":
            canvas.line([(x, y), (x - 3, y + 10)], (214, 224, 236), 0.6)
        else:
            radius = rng.uniform(1.0, 2.2)
            canvas.ellipse(x, y, radius, radius, (252, 253, 255))
    return canvas.finish()
