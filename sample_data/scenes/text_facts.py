"""Facts for the text-only conversations, each of them beyond dispute and short enough to be checked at a glance."""

from __future__ import annotations

CAPITALS = (
    ("Portugal", "Lisbon"), ("Kenya", "Nairobi"), ("Norway", "Oslo"), ("Peru", "Lima"), ("Japan", "Tokyo"),
    ("Egypt", "Cairo"), ("Canada", "Ottawa"), ("Australia", "Canberra"), ("Ghana", "Accra"), ("Greece", "Athens"),
    ("Vietnam", "Hanoi"), ("Ecuador", "Quito"), ("Austria", "Vienna"), ("Cuba", "Havana"),
    ("Mongolia", "Ulaanbaatar"), ("Iceland", "Reykjavik"), ("Senegal", "Dakar"), ("Thailand", "Bangkok"),
    ("Chile", "Santiago"), ("Finland", "Helsinki"),
)  # fmt: skip
WORKS = (
    ("Hamlet", "William Shakespeare"), ("Don Quixote", "Miguel de Cervantes"), ("War and Peace", "Leo Tolstoy"),
    ("Pride and Prejudice", "Jane Austen"), ("The Divine Comedy", "Dante Alighieri"),
    ("Faust", "Johann Wolfgang von Goethe"), ("Les Miserables", "Victor Hugo"),
    ("The Tale of Genji", "Murasaki Shikibu"), ("The Trial", "Franz Kafka"), ("Frankenstein", "Mary Shelley"),
    ("The Odyssey", "Homer"), ("Things Fall Apart", "Chinua Achebe"),
    ("One Hundred Years of Solitude", "Gabriel Garcia Marquez"), ("Moby-Dick", "Herman Melville"),
)  # fmt: skip
EVENTS = (
    ("the fall of the Berlin Wall", 1989), ("the first crewed landing on the Moon", 1969),
    ("the storming of the Bastille", 1789), ("the signing of Magna Carta", 1215),
    ("the fall of Constantinople to the Ottomans", 1453), ("the first voyage of Columbus across the Atlantic", 1492),
    ("the battle of Waterloo", 1815), ("the end of the Second World War", 1945),
    ("the first flight of the Wright brothers", 1903), ("the great fire of London", 1666),
    ("the founding of the United Nations", 1945), ("the battle of Hastings", 1066),
    ("the opening of the Suez Canal", 1869), ("the independence of India", 1947),
)  # fmt: skip
ELEMENTS = (
    ("hydrogen", "H", 1), ("helium", "He", 2), ("carbon", "C", 6), ("nitrogen", "N", 7), ("oxygen", "O", 8),
    ("sodium", "Na", 11), ("iron", "Fe", 26), ("copper", "Cu", 29), ("silver", "Ag", 47), ("gold", "Au", 79),
    ("lead", "Pb", 82), ("potassium", "K", 19), ("calcium", "Ca", 20), ("neon", "Ne", 10),
)  # fmt: skip
CAUSES = (
    (
        "Why do we have seasons?",
        (
            "Because the axis of the Earth is tilted, each hemisphere gets more direct sunlight "
            "in one half of the year than in the other."
        ),
    ),
    ("Why does ice float on water?", "Because water expands when it freezes, so ice is less dense than the liquid."),
    (
        "What caused the Black Death to spread so fast through Europe?",
        "Ships and trade routes carried infected fleas and rats from port to port, and towns were crowded.",
    ),
    (
        "Why did the printing press change Europe?",
        (
            "Because books became cheap, so ideas, news and religious texts reached far more readers than manuscripts "
            "ever could."
        ),
    ),
    (
        "Why does bread rise?",
        ("Because yeast turns sugar into carbon dioxide, and the bubbles are held by the gluten of the dough."),
    ),
    ("Why does the Moon show phases?", "Because we see changing parts of its sunlit half while it circles the Earth."),
    (
        "What happens if you heat a gas in a closed bottle, and why?",
        "The pressure rises, because the molecules move faster and hit the walls harder and more often.",
    ),
    (
        "Why did the Roman Empire build so many roads?",
        "So that troops, news and goods could reach every province quickly, which held the empire together.",
    ),
    (
        "Why do leaves change colour in autumn?",
        "Because the trees break down their chlorophyll, and the yellow and red pigments become visible.",
    ),
    (
        "What would happen to tides if the Moon were farther away, and why?",
        "They would be weaker, because the pull of the Moon falls quickly with distance.",
    ),
)
COMPARISONS = (
    (
        "a comet",
        "an asteroid",
        (
            "A comet is mostly ice and dust and grows a tail near the Sun, while an asteroid is "
            "rock or metal and shows none."
        ),
    ),
    (
        "a sonnet",
        "a haiku",
        (
            "A sonnet has fourteen rhymed lines, whereas a haiku has three short lines without "
            "rhyme; both end in a turn of thought."
        ),
    ),
    (
        "a republic",
        "a monarchy",
        ("In a republic the head of state is elected for a term, while in a monarchy the office is inherited."),
    ),
    ("speed", "velocity", "Speed says only how fast something moves; velocity also gives the direction."),
    (
        "Doric columns",
        "Corinthian columns",
        (
            "Doric columns are stout with plain capitals, while Corinthian ones are slender and carved with acanthus "
            "leaves."
        ),
    ),
    (
        "a list",
        "a tuple in Python",
        "A list can be changed after it is made, whereas a tuple cannot; both keep the order of their elements.",
    ),
    (
        "frogs",
        "toads",
        ("Frogs have smooth, moist skin and long legs for jumping, while toads have dry, warty skin and shorter legs."),
    ),
    ("weather", "climate", "Weather is the state of the air on a given day, climate is its average over decades."),
)
ESSAYS = (
    (
        "Describe in detail how the Silk Road shaped the cultures along it.",
        "The Silk Road was a web of routes between China and the Mediterranean, used from about the second century BC. "
        "Merchants carried silk, spices, glass and horses, usually only over one part of the way. "
        "Along with goods travelled religions such as Buddhism and Islam, and techniques such as making paper. Oasis "
        "towns like Samarkand and Dunhuang grew rich and became places where languages and arts met. "
        "When sea routes became cheaper in the fifteenth and sixteenth centuries, the caravans lost their weight, but "
        "the exchange had already changed every culture it touched.",
    ),
    (
        "Explain in detail how a vaccine protects a person.",
        "A vaccine shows the body a harmless part of a germ, or a weakened or inactive form of it. Immune cells take it "
        "up and present pieces of it to other cells. Some of these learn to make antibodies that fit the piece, "
        "others learn to kill infected cells. "
        "After a few weeks most of them disappear, but memory cells remain for years. If the real germ arrives later, "
        "they multiply within days, and the illness is stopped early or runs a mild course.",
    ),
    (
        "Write a detailed account of what made the Renaissance possible in Florence.",
        "Florence in the fifteenth century had grown rich through wool and banking. Families such as the Medici spent "
        "part of their wealth on churches, libraries and paintings, because patronage brought honour. "
        "Scholars studied Greek and Latin texts again, some of which came with refugees from Constantinople. Artists "
        "worked out perspective, so that a flat wall could open like a window. "
        "Competition between workshops and cities did the rest, and the new style spread through Italy and beyond.",
    ),
    (
        "Describe in detail what happens when you type a web address and press enter.",
        "First the browser checks whether it knows the address already. If not, it asks a name server, which turns the "
        "name into a number. It then opens a connection to that machine and agrees on a secret key, so that "
        "nobody can listen in. "
        "The browser sends a short request, and the server answers with text that describes the page. While reading it, "
        "the browser asks for pictures, styles and scripts. Finally it computes where everything goes and "
        "paints the page.",
    ),
    (
        "Tell a short story of at least four sentences about a lighthouse keeper.",
        "Old Marta had kept the light for forty years, and she knew every ship by the sound of its horn. One night the "
        "fog was so thick that even the beam seemed to get lost. She heard an engine where none should be, "
        "close to the rocks. "
        "So she ran down with the big bell and rang it until her arms ached. In the morning a small boat lay safe in "
        "the bay, and on her doorstep stood a basket of oranges.",
    ),
    (
        "Explain in detail why the Parthenon is regarded as a masterpiece.",
        "The Parthenon was built on the Acropolis of Athens between 447 and 432 BC, in the time of Pericles. Its "
        "columns lean slightly inwards and swell in the middle, and its floor is gently curved, so that it "
        "looks straight to the eye. "
        "The sculptures led by Phidias told the myths of the city and showed a procession of its citizens. It has been "
        "temple, church and mosque, and an explosion in 1687 left it a ruin. Even so it still shapes what "
        "people mean by classical balance.",
    ),
)
OPPOSITES = (
    ("hot", "cold"), ("early", "late"), ("north", "south"), ("brave", "cowardly"), ("ancient", "modern"),
    ("wide", "narrow"), ("sweet", "bitter"), ("loud", "quiet"), ("heavy", "light"), ("full", "empty"),
)  # fmt: skip
