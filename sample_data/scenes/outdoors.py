"""Outdoor scenes with people: where they are, what they do, what the weather is, why, and what may come next."""

from __future__ import annotations

import random

from PIL import Image

from sample_data.records import Turn
from sample_data.scenes.outdoor_drawing import HEIGHT, WIDTH, OutdoorScene, Person, draw_outdoors, person_box
from sample_data.wording import (
    article,
    asked,
    choice,
    coordinates,
    free,
    listing,
    pick,
    plural,
    reasoned,
    short,
    word,
    yes_no,
)

NAME = "scenes"
SCHEDULE = (
    "scene_activity", "scene_weather", "scene_place", "scene_doing", "scene_why", "scene_caption", "scene_shirt",
    "scene_describe", "scene_hour", "scene_people", "scene_next", "scene_story", "scene_left",
    "scene_activity_choice", "scene_box", "scene_deduce", "scene_thing", "scene_unlikely",
)  # fmt: skip
SHORT = ("scene_activity", "scene_weather", "scene_place", "scene_doing", "scene_shirt", "scene_hour", "scene_people")

PLACES = {"beach": "at the beach", "park": "in a park", "street": "on a city street", "mountains": "in the mountains"}
THINGS = {
    "beach": ("boat", "tent"),
    "park": ("tree", "house"),
    "street": ("car", "tree"),
    "mountains": ("tent", "house", "tree"),
}
ACTIVITIES = {
    "beach": ("running", "waving", "jumping", "flying a kite", "fishing", "reading a book", "kicking a ball"),
    "park": ("running", "sitting", "kicking a ball", "flying a kite", "reading a book", "riding a bicycle", "jumping"),
    "street": ("waving", "running", "riding a bicycle", "sitting", "kicking a ball"),
    "mountains": ("waving", "sitting", "jumping", "running", "reading a book"),
}
SHIRTS = ("red", "blue", "green", "yellow", "orange", "purple", "pink")


def make(rng: random.Random, level: int) -> OutdoorScene:
    place = rng.choice(sorted(PLACES))
    weather = rng.choice(("sunny", "sunny", "cloudy", "rainy", "snowy"))
    if weather == "snowy" and place == "beach":
        weather = "rainy"
    hour = rng.choice(("day", "day", "evening", "night"))
    if hour == "night" and weather == "sunny":
        weather = "clear"
    count = 1 if level == 0 else rng.randint(2, 2 + level)
    pool = [*ACTIVITIES[place]]
    if weather == "rainy":
        pool = ["holding an umbrella", "running", "holding an umbrella", "waving", "jumping"]
    activities = list(dict.fromkeys(rng.sample(pool, len(pool))))[:count]
    shirts = rng.sample(SHIRTS, len(activities))
    slots = rng.sample(range(len(activities)), len(activities))
    pitch = (WIDTH - 40) / len(activities)
    people = tuple(
        Person(
            activity,
            shirt,
            20 + pitch * (slot + 0.5) + rng.uniform(-12, 12),
            rng.uniform(34, 74),
            rng.randrange(4),
            rng.choice((-1, 1)),
        )
        for activity, shirt, slot in zip(activities, shirts, slots, strict=True)
    )
    chosen = rng.sample(THINGS[place], min(len(THINGS[place]), 1 + (level > 0)))
    where = rng.sample((56.0, 150.0, 240.0, 326.0), len(chosen))
    things = tuple(
        (thing, rng.choice(("red", "blue", "green", "orange", "purple")), x)
        for thing, x in zip(chosen, where, strict=True)
    )
    return OutdoorScene(level, place, weather, hour, people, things, rng.randrange(10**9))


def draw(scene: OutdoorScene) -> list[Image.Image]:
    return [draw_outdoors(scene)]


def subject(scene: OutdoorScene, person: Person) -> str:
    return "the person" if len(scene.people) == 1 else f"the person in the {person.shirt} shirt"


def people_text(scene: OutdoorScene) -> str:
    return listing(
        [
            f"one person in {article(person.shirt)} shirt is {person.activity}"
            for person in sorted(scene.people, key=lambda p: p.x)
        ]
    )


def ask(scene: OutdoorScene, kind: str, rng: random.Random) -> Turn | None:
    person = rng.choice(scene.people)
    who = subject(scene, person)
    everything = sorted({activity for pool in ACTIVITIES.values() for activity in pool} | {"holding an umbrella"})
    if kind == "scene_activity":
        return short(rng, kind, asked("scene_activity"), person.activity, who=who)
    if kind == "scene_activity_choice":
        return choice(
            rng,
            kind,
            asked("scene_activity_choice"),
            person.activity,
            everything,
            who=who,
        )
    if kind == "scene_doing":
        truth = rng.random() < 0.5
        present = {p.activity for p in scene.people}
        activity = person.activity if truth else rng.choice([a for a in everything if a not in present])
        return yes_no(
            rng,
            kind,
            asked("scene_doing"),
            truth,
            activity=activity,
        )
    if kind == "scene_weather":
        return short(
            rng,
            kind,
            asked("scene_weather"),
            scene.weather,
        )
    if kind == "scene_place":
        if rng.random() < 0.4:
            return choice(
                rng,
                kind,
                asked("scene_place choice"),
                scene.place,
                sorted(PLACES),
            )
        return short(
            rng,
            kind,
            asked("scene_place"),
            scene.place,
        )
    if kind == "scene_hour":
        return short(
            rng,
            kind,
            asked("scene_hour"),
            scene.hour,
        )
    if kind == "scene_people":
        return short(
            rng,
            kind,
            asked("scene_people"),
            str(len(scene.people)),
        )
    if kind == "scene_shirt":
        target = f"the one {person.activity}" if len(scene.people) > 1 else "the person"
        return short(
            rng,
            kind,
            asked("scene_shirt"),
            person.shirt,
            target=target,
        )
    if kind == "scene_left":
        if len(scene.people) < 2:
            return None
        other = rng.choice([p for p in scene.people if p is not person])
        return yes_no(
            rng,
            kind,
            asked("scene_left"),
            person.x < other.x,
            who=who,
            other=subject(scene, other),
        )
    if kind == "scene_thing":
        thing, colour, _ = rng.choice(scene.things)
        if thing == "tree":
            return None
        return short(
            rng,
            kind,
            asked("scene_thing"),
            colour,
            thing=thing if thing != "house" else "roof of the house",
        )
    if kind == "scene_box":
        return coordinates(
            rng,
            kind,
            asked("scene_box"),
            person_box(person),
            (WIDTH, HEIGHT),
            who=who,
        )
    return _reasons(scene, kind, rng, person, who)


REASONS = {
    "rainy": (
        "Why is the ground going to be wet?",
        "Because it is raining, so water falls on everything that is outside.",
    ),
    "snowy": ("Why is the ground so white?", "Because snow is falling and has covered the ground."),
    "sunny": (
        "What makes this a good moment to be outside?",
        "The sky is clear and it does not rain, so people stay dry and can enjoy themselves.",
    ),
    "clear": ("Why can the moon and the stars be seen so well?", "Because it is night and no clouds cover the sky."),
    "cloudy": (
        "Why is the light so dull and without sharp shadows?",
        "Because clouds cover the sky and scatter the light.",
    ),
}
PERSON_REASONS = {
    "holding an umbrella": ("Why does {who} hold an umbrella?", "To stay dry, because it is raining."),
    "flying a kite": (
        "What keeps the kite of {who} in the air?",
        "The wind pushes against the kite while the string holds it, and that lifts it.",
    ),
    "fishing": (
        "Why does {who} stand so still with a rod?",
        "Because fish are scared by movement, and one has to wait until one bites.",
    ),
}
NEXT = {
    "running": "will soon be somewhere else and be out of breath",
    "waving": "will be noticed, and somebody may wave back", "sitting": "will stand up again when rested",
    "kicking a ball": "will send the ball rolling away and then run after it",
    "holding an umbrella": "will close the umbrella once the rain stops",
    "jumping": "will come down again because of gravity",
    "flying a kite": "will see the kite fall if the wind drops",
    "riding a bicycle": "will roll on and leave the picture", "reading a book": "will turn the page",
    "fishing": "will pull up the rod when a fish bites",
}  # fmt: skip


def _reasons(scene: OutdoorScene, kind: str, rng: random.Random, person: Person, who: str) -> Turn | None:
    if kind == "scene_why":
        if person.activity in PERSON_REASONS:
            question, answer = PERSON_REASONS[person.activity]
            return free(
                kind,
                question.format(who=who) + rng.choice(("", " Explain in a sentence.", " What is the reason?")),
                answer,
                "short description",
            )
        question, answer = REASONS[scene.weather]
        return free(kind, question + rng.choice(("", " Explain in a sentence.")), answer, "short description")
    if kind == "scene_next":
        question = pick(rng, asked("scene_next"), who=who)
        return free(kind, question, f"{who.capitalize()} {NEXT[person.activity]}.", "short description")
    if kind == "scene_unlikely":
        want = {
            "rainy": "sunglasses",
            "snowy": "a swimsuit",
            "sunny": "a rain coat",
            "clear": "sunglasses",
            "cloudy": "sun cream",
        }
        useful = {
            "rainy": "an umbrella",
            "snowy": "warm gloves",
            "sunny": "a sun hat",
            "clear": "a torch",
            "cloudy": "a light jacket",
        }
        if scene.hour != "day" and scene.weather in ("sunny", "cloudy"):
            return None
        return choice(
            rng,
            kind,
            asked("scene_unlikely"),
            useful[scene.weather],
            [*useful.values(), want[scene.weather]],
            steps=(
                f"The weather is {scene.weather}, and it is {scene.hour}. "
                f"{useful[scene.weather].capitalize()} helps against exactly that."
            )
            if rng.random() < 0.6
            else "",
        )
    if kind == "scene_deduce":
        clues = {
            "day": "The sky is bright",
            "evening": "The sky glows in warm colours near the ground",
            "night": "The sky is dark",
        }[scene.hour]
        answer = "yes" if scene.hour == "night" or scene.weather in ("rainy", "snowy") else "no"
        second = f"and the weather is {scene.weather}"
        return reasoned(
            rng,
            kind,
            asked("scene_deduce"),
            [
                f"{clues} {second}.",
                "Lights are needed in darkness, rain or snow.",
                "That is the case here." if answer == "yes" else "None of these is the case here.",
            ],
            answer,
        )
    return _texts(scene, kind, rng)


def _named(thing: str, colour: str) -> str:
    if thing == "tree":
        return "a tree"
    return f"a house with {article(colour)} roof" if thing == "house" else f"{article(colour)} {thing}"


def _texts(scene: OutdoorScene, kind: str, rng: random.Random) -> Turn:
    setting = (
        f"{PLACES[scene.place]} "
        f"{'at night' if scene.hour == 'night' else 'in the evening' if scene.hour == 'evening' else 'by day'}"
    )
    things = listing([_named(thing, colour) for thing, colour, _ in scene.things])
    count = f"{word(len(scene.people))} {plural('person', len(scene.people)).replace('persons', 'people')}"
    if kind == "scene_caption":
        question = pick(rng, asked("scene_caption"))
        return free(
            kind,
            question,
            f"{people_text(scene).capitalize()} {setting}, in {scene.weather} weather.",
            "short description",
        )
    if kind == "scene_describe":
        question = pick(rng, asked("scene_describe"))
        order = sorted(scene.people, key=lambda p: p.x)
        lines = [
            f"The illustration shows a scene {setting}.",
            f"The weather is {scene.weather}, which can be told from the sky.",
            f"There {'is' if len(order) == 1 else 'are'} {count} in the picture.",
        ]
        for position, person in enumerate(order):
            side = (
                "In the picture"
                if len(order) == 1
                else ("Furthest to the left", "Next", "After that", "Furthest to the right")[
                    min(position, 3) if position < len(order) - 1 else 3
                ]
            )
            lines.append(f"{side}, a person in {article(person.shirt)} shirt is {person.activity}.")
        lines += [f"Behind them one can see {things}.", "The whole scene is drawn in plain, friendly colours."]
        return free(kind, question, " ".join(lines), "detailed description")
    if kind == "scene_story":
        question = pick(rng, asked("scene_story"))
        hero = scene.people[0]
        if "poem" in question:
            answer = (
                f"The {scene.hour} is {scene.weather}, the air is free,\n{article(hero.shirt)} shirt is what I "
                f"see,\nsomeone {hero.activity}, light of heart,\nand every picture is a start."
            )
        elif "bedtime" in question:
            answer = (
                f"Once upon a time somebody in {article(hero.shirt)} shirt was {hero.activity} {setting}. The "
                f"weather was {scene.weather}, but nobody minded. "
                "When the moon came up, everyone went home, drank warm milk, and slept until morning."
            )
        elif "diary" in question:
            answer = (
                f"Dear diary, today I was {hero.activity} {setting}. It was {scene.weather}. I wore my "
                f"{hero.shirt} shirt again, and I would not have missed it for the world."
            )
        else:
            answer = (
                f"Dear friend,\ngreetings from here! It is {scene.weather} and I spend the {scene.hour} "
                f"{hero.activity}. I wish you could see {things}.\nYours"
            )
        return free(kind, question, answer, "specified style")
    raise ValueError(f"scenes knows no task {kind!r}")
