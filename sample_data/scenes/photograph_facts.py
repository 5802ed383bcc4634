"""What is true of each photograph: written by hand while looking at it, kept as data so that it can be checked."""

from __future__ import annotations

from dataclasses import dataclass

Pair = tuple[str, str]


@dataclass(frozen=True)
class Photo:
    """`crop` and `box` are shares of the width and height. Pairs are (question, answer)."""

    file: str
    level: int
    subject: str
    setting: str
    caption: str
    sentences: tuple[str, ...]
    present: tuple[str, ...]
    absent: tuple[str, ...]
    choice: tuple[str, str, tuple[str, ...]]
    haiku: str
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    colours: tuple[Pair, ...] = ()
    activity: Pair | None = None
    box: tuple[str, tuple[float, float, float, float]] | None = None
    history: Pair | None = None
    science: Pair | None = None
    why: Pair | None = None
    detail: Pair | None = None


PHOTOS: dict[str, Photo] = {
    "astronaut": Photo(
        "astronaut.png", 2, "an astronaut", "a portrait studio", "A smiling astronaut in an orange suit sits before a flag and a model of a space shuttle.",
        ("Her helmet lies in front of her at the lower right.", "The light is soft and even, as usual for an official portrait.", "A flag with stripes stands at the left edge, and a white shuttle on its tank rises at the right."),
        ("a helmet", "a flag", "an orange suit", "a person"), ("a dog", "a bicycle", "a cup of coffee", "a tree"),
        ("What is the profession of the person?", "astronaut", ("fire fighter", "diver", "race driver", "surgeon")),
        "Orange suit, calm smile,\na white ship waits behind her,\nthe sky is her road.",
        colours=(("suit", "orange"), ("shuttle model", "white")), activity=("What is the person doing?", "posing for a portrait"),
        box=("head of the astronaut", (0.30, 0.0, 0.60, 0.36)),
        history=("This is Eileen Collins. What did she achieve in the history of space flight?", "In 1995 she became the first woman to pilot a space shuttle, on the mission STS-63, and in 1999 the first to command one."),
        science=("Why does a person need such a suit in space?", "In space there is no air and no pressure, so the suit must supply oxygen, hold pressure and guard against heat and cold."),
        why=("Why was a model of a shuttle placed in the background?", "To show at once which work the person does, because she flew on the space shuttle."),
        detail=("Which badge of the suit is round, and where is it?", "The round, dark blue mission patch is on the chest, on the left side of the picture."),
    ),
    "astronaut_helmet": Photo(
        "astronaut.png", 2, "a space helmet", "a portrait studio", "Detail of a portrait: a white helmet with a dark visor beside an orange space suit.",
        ("The helmet has a white shell and a dark, glossy opening.", "Orange cloth with folds and straps fills the left part."),
        ("a helmet", "orange cloth"), ("a cat", "a window", "a tree", "a wheel"),
        ("Which object lies at the right?", "a helmet", ("a football", "a pan", "a lamp", "a drum")),
        "A round, quiet shell,\nin its dark visor the lamps\nglow like distant suns.", crop=(0.3, 0.55, 1.0, 1.0),
        colours=(("suit", "orange"), ("shell of the helmet", "white")),
        why=("Why is the visor of such a helmet so dark?", "Because sunlight without air in between is dangerously bright, the visor has to dim it."),
        science=("Which gas does a helmet like this have to keep around the head?", "Oxygen, because a person cannot breathe in the vacuum of space."),
    ),
    "chelsea": Photo(
        "chelsea.png", 1, "a cat", "a home", "A close-up of a ginger tabby cat looking past the camera.",
        ("The fur is ginger with darker stripes on the forehead.", "The eyes are yellow-green with narrow pupils.", "White whiskers stand out against the blurred background."),
        ("a cat", "whiskers", "green eyes"), ("a dog", "a car", "a person", "a ball"),
        ("Which animal is this?", "cat", ("dog", "fox", "rabbit", "owl")), "Whiskers in the light,\ngreen eyes follow something small,\nthe tail must be still.",
        colours=(("eyes", "green"), ("fur", "orange")), activity=("What is the cat doing?", "looking"), box=("right eye of the cat, as seen by us", (0.64, 0.34, 0.78, 0.57)),
        history=("What did cats mean to the ancient Egyptians?", "They guarded the grain from mice and were held sacred to the goddess Bastet, so many were mummified."),
        science=("Why can a cat see well at dusk?", "Its pupils open wide and a layer behind the retina, the tapetum lucidum, reflects light through it a second time."),
        why=("Why are the pupils of the cat narrow slits here?", "Because the light is bright, the pupils close to protect the eyes."),
        detail=("Which coat pattern does this cat have, and which mark on the forehead shows it?", "It is a mackerel tabby; the dark lines on the forehead form a letter M."),
    ),
    "chelsea_eye": Photo(
        "chelsea.png", 2, "the eyes of a cat", "a home", "Detail of a cat's face with two yellow-green eyes.",
        ("Short ginger hairs surround the eyes, with fine dark lines above them.", "The pupils are upright ovals."),
        ("eyes", "fur"), ("a beak", "a hand", "a flower", "glasses"),
        ("Which part of an animal is in the centre?", "eyes", ("ears", "paws", "tail", "teeth")), "Two pools, green and gold,\na thin dark door in each one,\nnight is kept inside.",
        crop=(0.02, 0.12, 0.78, 0.66), colours=(("eyes", "green"),),
        science=("What is the coloured ring around the pupil called, and what is it for?", "It is the iris, a muscle that sets how much light enters the eye."),
        detail=("Which shape do the pupils have: round, upright oval or horizontal bar?", "They are upright ovals, typical of small cats."),
    ),
    "coffee": Photo(
        "coffee.png", 1, "a cup of coffee", "a cafe table", "A red cup of espresso stands on a red saucer with a spoon, on a wooden table.",
        ("The coffee is light brown and nearly fills the cup.", "A metal spoon lies on the right side of the saucer.", "The table shows the grain of dark wood in warm light."),
        ("a cup", "a spoon", "a saucer", "a wooden table"), ("a cat", "a fork", "a book", "a plant"),
        ("What is the cup standing on?", "a saucer", ("a book", "a napkin", "a laptop", "the floor")), "Small red morning cup,\nthe spoon waits, the wood is warm,\nnobody speaks yet.",
        colours=(("saucer", "red"), ("table", "brown")), box=("cup", (0.27, 0.05, 0.68, 0.75)),
        history=("Where does coffee drinking come from?", "The plant is native to Ethiopia; roasting and brewing spread from Yemen in the fifteenth century, and coffee houses later became places of debate in Cairo, Istanbul and London."),
        science=("Why does the coffee cool down when it stands for a while?", "Heat flows from the hot drink to the cooler air and cup until all have the same temperature; evaporation speeds it up."),
        why=("Why is a saucer put under the cup?", "It catches drops, protects the table from heat and gives the spoon a place."),
        detail=("On which side of the cup does the spoon lie, and what is reflected in it?", "It lies on the right, and its bowl reflects the light and the cup."),
    ),
    "coffee_cup": Photo(
        "coffee.png", 2, "a cup", "a cafe table", "Detail of a cup seen from above, with light brown coffee inside.",
        ("The rim is white inside and the outside is dark red.", "Small highlights lie on the surface of the drink."),
        ("a cup", "coffee"), ("a cake", "a hand", "a phone", "a glass of water"),
        ("Which drink is in the cup?", "coffee", ("milk", "orange juice", "water", "tomato soup")), "A ring of light brown,\nthe white wall holds the small sea,\nsteam has gone its way.",
        crop=(0.22, 0.0, 0.75, 0.7), colours=(("inside of the rim", "white"),),
        science=("Which substance in this drink keeps people awake?", "Caffeine, which blocks the receptors for adenosine in the brain."),
    ),
    "rocket": Photo(
        "rocket.jpg", 2, "a rocket", "a launch site", "A white rocket stands on its launch pad at dusk, lit by floodlights.",
        ("Tall towers rise on both sides of the pad.", "The sky is deep blue and brighter near the horizon.", "Several lamps at the bottom shine like stars."),
        ("a rocket", "a tower", "lamps"), ("a train", "a horse", "a bridge", "an umbrella"),
        ("What is in the middle of the picture?", "a rocket", ("a lighthouse", "a church", "a crane", "a chimney")), "One white candle stands,\nthe towers hold their breath tonight,\nthe sea of sky waits.",
        colours=(("rocket", "white"), ("sky", "blue")), activity=("What is about to happen to the rocket?", "launching"), box=("rocket", (0.47, 0.2, 0.54, 0.83)),
        history=("Why do historians see reusable rockets as a turning point?", "After decades of state programmes, private firms began to land and fly stages again in the 2010s, which lowered the price of reaching orbit."),
        science=("How does a rocket rise although there is nothing to push against in space?", "It throws gas downwards at high speed, and by Newton's third law the gas pushes the rocket up with the same force."),
        why=("Why do tall towers stand around the pad?", "They guard the rocket against lightning and carry cables and lamps."),
        detail=("How many large towers can be made out around the rocket, and what do they look like?", "Several lattice masts, made of crossed steel bars and thinner towards the top."),
    ),
    "rocket_base": Photo(
        "rocket.jpg", 1, "the foot of a launch pad", "a launch site", "The lower part of a launch pad with bright floodlights in the evening.",
        ("Lamps with starry glare stand left and right.", "Steel lattices are dark against the sky."),
        ("lamps", "a launch pad"), ("a boat", "a dog", "a clock", "snow"),
        ("What makes the bright spots?", "floodlights", ("stars", "candles", "windows", "fireworks")), "Lamps around the foot,\nsteel and silence, one more hour,\nthen only thunder.", crop=(0.2, 0.5, 0.85, 1.0),
        why=("Why do the lamps look like stars with rays?", "The light is bent at the blades of the lens opening, which draws rays around bright points."),
    ),
    "camera": Photo(
        "camera.png", 2, "a man with a camera", "a meadow", "A man in a dark coat looks through a camera on a tripod, on a meadow with buildings far away.",
        ("The picture is black and white.", "He stands in profile and bends slightly to the viewfinder.", "Behind him lie grass and, near the horizon, pale buildings."),
        ("a camera", "a tripod", "a person", "grass"), ("a dog", "a river", "a car", "an umbrella"),
        ("What does the camera stand on?", "a tripod", ("a table", "a wall", "a chair", "a car")), "Coat against the wind,\none eye lives inside the glass,\nthe field holds its breath.",
        colours=(("coat", "black"),), activity=("What is the man doing?", "filming"), box=("tripod", (0.43, 0.36, 0.81, 1.0)),
        history=("How did photography change the way people remember events?", "Since Daguerre's process of 1839 pictures have been taken as witnesses, so wars, faces and cities are known from images and not only from words."),
        science=("What does the lens of a camera do with the light?", "It bends the rays from each point so that they meet again in one point of the sensor, which gives a sharp, upside-down image."),
        why=("Why does the man use a tripod?", "Because it holds the camera still, so the pictures do not shake."),
        detail=("What kind of clothes does the man wear?", "A long, dark coat and dark trousers."),
    ),
    "hubble": Photo(
        "hubble_deep_field.jpg", 2, "galaxies", "deep space", "Thousands of galaxies, seen as small spots of many colours on a black sky.",
        ("Some galaxies are blue, others orange or red.", "A few show spiral arms or edge-on discs.", "Hardly any single star is in the picture."),
        ("galaxies", "a black sky"), ("a planet with rings", "a face", "a tree", "a road"),
        ("What are most of the bright spots?", "galaxies", ("street lamps", "snow flakes", "planets", "bacteria")), "Every grain of light\nis a hundred billion suns,\nand the night is small.",
        colours=(("sky", "black"),),
        history=("How has our picture of the place of humans in the universe changed since Copernicus?", "He moved the Earth from the centre in 1543; Hubble showed in the 1920s that our galaxy is only one of very many."),
        science=("Why do distant galaxies look redder?", "Space expands while the light travels, so its waves are stretched towards red."),
        why=("Why does such a photograph need an exposure of many days?", "Because the light of the farthest galaxies is so faint that only few photons arrive."),
        detail=("Which shapes of galaxies can be told apart?", "Spirals with arms, smooth ellipses, and irregular, knotted ones."),
    ),
    "brick": Photo(
        "brick.png", 0, "a brick wall", "a street", "A wall of grey bricks with pale joints, seen at an angle.",
        ("The bricks are laid in straight rows.", "The picture has no colour."),
        ("bricks", "joints"), ("a window", "a person", "a plant", "a door"),
        ("What is the surface made of?", "bricks", ("wood", "glass", "grass", "cloth")), "Row upon grey row,\nsomebody's hands set each one,\nno one knows the hands.",
        history=("Since when have people built with fired bricks?", "The cities of the Indus valley used fired bricks of one standard size more than four thousand years ago."),
        why=("Why are the rows of bricks shifted against each other?", "So that no joint runs through several rows, which makes the wall stronger."),
    ),
    "grass": Photo(
        "grass.png", 0, "grass", "a meadow", "Blades of grass and dry straw, seen from above, in black and white.",
        ("The blades cross each other in all directions.",), ("grass", "straw"), ("a flower pot", "a shoe", "an insect", "a stone"),
        ("What covers the ground?", "grass", ("sand", "bricks", "snow", "carpet")), "Blade over dry blade,\na thousand small roads of green,\nthe beetle knows them.",
        science=("How does grass get its energy?", "By photosynthesis: chlorophyll takes in sunlight to build sugar from water and carbon dioxide."),
    ),
    "horse": Photo(
        "horse.png", 0, "a horse", "a plain white background", "The black silhouette of a standing horse on white.",
        ("The horse faces right and its tail hangs down.", "All four legs can be seen."), ("a horse", "legs", "a tail"), ("a rider", "a saddle", "a fence", "a tree"),
        ("Which animal casts this outline?", "horse", ("cow", "dog", "camel", "deer")), "Ink upon the snow,\nfour still legs and one long neck,\nready to be wind.",
        colours=(("silhouette", "black"), ("background", "white")), activity=("What is the horse doing?", "standing"), box=("head of the horse", (0.72, 0.01, 0.99, 0.32)),
        history=("How did horses change human history?", "Domesticated on the steppe about four thousand years ago, they carried messages, armies and goods, so empires could grow larger."),
        detail=("To which side does the animal look, and are the ears up?", "It looks to the right, and both ears point up."),
    ),
    "horse_head": Photo(
        "horse.png", 0, "the head of a horse", "a plain white background", "The black outline of a horse's head and neck on white.",
        ("The head points to the right.",), ("a head", "a neck"), ("a tail", "a wheel", "a saddle", "a rider"),
        ("Which part of the animal is shown?", "head", ("tail", "hoof", "back", "belly")), "Only head and neck,\nthe rest has run on ahead,\nblack upon the white.", crop=(0.55, 0.0, 1.0, 0.6),
        colours=(("head", "black"), ("background", "white")),
    ),
    "cell": Photo(
        "cell.png", 1, "a cell", "a microscope slide", "A single bright, round cell on a dark grey background, seen through a microscope.",
        ("A dark ring surrounds the cell.", "Faint stripes cross the background."), ("a cell", "a dark background"), ("a person", "a leaf", "a star map", "a building"),
        ("With which instrument was this picture taken?", "microscope", ("telescope", "X-ray machine", "radar", "weather satellite")), "One bright, lonely coin,\nfloating in a salty dusk,\nlife is that size too.",
        colours=(("background", "gray"),),
        science=("Why can an almost transparent cell be seen with a phase microscope?", "Light is delayed inside the cell, and the microscope turns this shift of phase into brightness."),
        why=("Why is the cell rounder than it would be in tissue?", "Because it floats freely in saline, and no neighbour presses on it."),
    ),
    "clock": Photo(
        "clock_motion.png", 1, "a blurred clock", "a wall", "A wall clock, blurred by a sideways movement of the camera, on a grey wall.",
        ("The hands and figures can no longer be read.", "The blur runs from left to right."), ("a round object", "a grey wall"), ("a cat", "a tree", "a lamp", "a window"),
        ("What is the main defect of the picture?", "motion blur", ("overexposure", "red eyes", "a torn corner", "a finger in front")), "The clock ran away,\nor was it the hand that shook,\ntime left only smears.",
        colours=(("wall", "gray"),),
        science=("Which information would one need to undo such a blur?", "Direction and length of the movement; then the picture can be deconvolved with that blur kernel."),
        why=("What caused the blur?", "The camera was moved sideways while the shutter was open."),
        detail=("In which direction is the blur stronger, horizontal or vertical?", "Horizontal: edges that run up and down are smeared, flat ones stay sharper."),
    ),
    "gravel": Photo(
        "gravel.png", 0, "gravel", "a path", "Many small grey stones, seen from above.", ("The stones are of similar size and lie close together.",),
        ("stones",), ("a flower", "a person", "a car", "water"), ("What covers the ground?", "gravel", ("grass", "wood", "carpet", "snow")), "Small stones, side by side,\neach was once part of a hill,\nnow they hold our steps.",
        colours=(("ground", "gray"),),
    ),
    "retina": Photo(
        "retina.jpg", 1, "a retina", "an eye clinic", "The red inside of an eye with branching blood vessels and a bright spot at the left.", ("The vessels spread from the bright spot like branches.",),
        ("blood vessels", "a bright spot"), ("a tree", "a person", "a fish", "a cup"), ("Which organ is shown from inside?", "eye", ("heart", "ear", "stomach", "lung")), "Rivers in the red,\na small sun where they all start,\nseeing lives right here.",
        colours=(("background outside the disc", "black"), ("inside of the eye", "red")),
    ),
}  # fmt: skip
