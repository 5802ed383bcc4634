"""Shop receipts on slightly noisy paper: items with quantities, tax, total, payment and change.

Prices are whole cents, sums are exact integers, and every figure asked for is printed or follows from printed ones.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from PIL import Image

from sample_data.drawing import Canvas, Colour, grain
from sample_data.records import Turn
from sample_data.wording import asked, choice, coordinates, free, listing, pick, reasoned, short, yes_no

NAME = "receipts"
SCHEDULE = (
    "receipt_total", "receipt_date", "receipt_has", "receipt_json", "receipt_store", "receipt_change",
    "receipt_price", "receipt_choice", "receipt_lines", "receipt_describe", "receipt_dearest", "receipt_cheaper",
    "receipt_box", "receipt_split", "receipt_summary", "receipt_address", "receipt_why",
)  # fmt: skip
SHORT = ("receipt_total", "receipt_date", "receipt_has", "receipt_store", "receipt_price", "receipt_dearest")

SHOPS = (
    ("GREEN LEAF GROCER", "14 Orchard Lane"), ("CORNER CAFE", "2 Station Road"), ("PAPER & PEN", "88 High Street"),
    ("DAILY BREAD BAKERY", "7 Mill Court"), ("HARDWARE HUB", "31 Dock Street"),
    ("BLUE LAGOON DINER", "5 Beach Walk"), ("NORTHSIDE PHARMACY", "120 Queen Avenue"),
    ("THE BOOK NOOK", "19 College Green"), ("PET PARADISE", "46 Park Row"),
)  # fmt: skip
GOODS = {
    "GREEN LEAF GROCER": ("Apples 1kg", "Milk 1L", "Eggs x12", "Tomatoes", "Rice 2kg", "Butter", "Yoghurt", "Carrots"),
    "CORNER CAFE": ("Espresso", "Latte", "Croissant", "Green tea", "Brownie", "Orange juice", "Bagel", "Quiche"),
    "PAPER & PEN": ("Notebook A5", "Gel pen", "Stapler", "Eraser", "Folder", "Marker set", "Ruler", "Envelopes"),
    "DAILY BREAD BAKERY": ("Baguette", "Rye bread", "Muffin", "Scone", "Apple tart", "Pretzel", "Cookies"),
    "HARDWARE HUB": ("Hammer", "Nails 100", "Paint 1L", "Brush", "Tape", "Screwdriver", "Light bulb"),
    "BLUE LAGOON DINER": ("Burger", "Fries", "Lemonade", "Fish soup", "Salad", "Ice cream", "Pancakes"),
    "NORTHSIDE PHARMACY": ("Plasters", "Vitamin C", "Sun lotion", "Toothpaste", "Soap", "Shampoo"),
    "THE BOOK NOOK": ("Novel", "Atlas", "Cookbook", "Comic", "Calendar", "Postcard", "Diary"),
    "PET PARADISE": ("Dog food", "Cat litter", "Bird seed", "Leash", "Chew toy", "Fish flakes"),
}
PAPER_TONES: tuple[Colour, ...] = ((252, 251, 247), (248, 246, 240), (250, 250, 250), (245, 244, 236))
DESKS: tuple[Colour, ...] = ((146, 116, 88), (96, 104, 112), (172, 158, 138), (70, 76, 84), (186, 178, 168))


@dataclass(frozen=True)
class ReceiptScene:
    """Money in whole cents. `items`: (name, quantity, price of one)."""

    level: int
    shop: str
    address: str
    date: str
    time: str
    items: tuple[tuple[str, int, int], ...]
    tax_percent: int
    cash: int  # 0: paid by card
    number: int
    tone: int
    desk: int
    noise_seed: int

    @property
    def subtotal(self) -> int:
        return sum(quantity * price for _, quantity, price in self.items)

    @property
    def tax(self) -> int:
        return (self.subtotal * self.tax_percent + 50) // 100

    @property
    def total(self) -> int:
        return self.subtotal + self.tax


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def make(rng: random.Random, level: int) -> ReceiptScene:
    shop, address = rng.choice(SHOPS)
    goods = rng.sample(GOODS[shop], min(len(GOODS[shop]), (2, 4, 5)[level] + rng.randrange(2)))
    prices = rng.sample(range(80, 2400, 5), len(goods))
    items = tuple(
        (name, 1 if level == 0 else rng.choice((1, 1, 2, 3)), price) for name, price in zip(goods, prices, strict=True)
    )
    draft = ReceiptScene(
        level,
        shop,
        address,
        f"{rng.randint(1, 28):02d}/{rng.randint(1, 12):02d}/{rng.choice((2023, 2024, 2025))}",
        f"{rng.randint(8, 20):02d}:{rng.randint(0, 59):02d}",
        items,
        rng.choice((0, 5, 8, 10)) if level else 0,
        0,
        rng.randint(1000, 9999),
        rng.randrange(len(PAPER_TONES)),
        rng.randrange(len(DESKS)),
        rng.randrange(10**9),
    )
    if rng.random() < 0.45:
        note = next(step for step in (500, 1000, 2000, 5000, 10000, 20000, 50000) if step >= draft.total)
        return ReceiptScene(**{**draft.__dict__, "cash": note})
    return draft


def _lines(scene: ReceiptScene) -> list[tuple[str, str, str]]:
    """(left text, right text, style) from top to bottom; style is title, small, plain, rule or total."""
    lines = [
        (scene.shop, "", "title"),
        (scene.address, "", "small"),
        (f"Receipt no. {scene.number}", "", "small"),
        (scene.date, scene.time, "plain"),
        ("", "", "rule"),
    ]
    for name, quantity, price in scene.items:
        lines.append((f"{quantity} x {name}" if quantity > 1 else name, money(quantity * price), "plain"))
    lines.append(("", "", "rule"))
    if scene.tax_percent:
        lines += [
            ("Subtotal", money(scene.subtotal), "plain"),
            (f"Tax {scene.tax_percent}%", money(scene.tax), "plain"),
        ]
    lines.append(("TOTAL", money(scene.total), "total"))
    if scene.cash:
        lines += [("Cash", money(scene.cash), "plain"), ("Change", money(scene.cash - scene.total), "plain")]
    else:
        lines.append(("Paid by card", "", "plain"))
    return [*lines, ("", "", "rule"), ("Thank you for your visit", "", "small")]


HEIGHTS = {"title": 26, "small": 17, "plain": 20, "rule": 14, "total": 26}


def size(scene: ReceiptScene) -> tuple[int, int]:
    return 256, 44 + sum(HEIGHTS[style] for _, _, style in _lines(scene))


def total_box(scene: ReceiptScene) -> tuple[float, float, float, float]:
    y = 26.0
    for left, _, style in _lines(scene):
        if left == "TOTAL":
            return 24.0, y, 232.0, y + HEIGHTS[style]
        y += HEIGHTS[style]
    raise ValueError("a receipt has a total")


def draw(scene: ReceiptScene) -> list[Image.Image]:
    width, height = size(scene)
    ink: Colour = (52, 52, 58)
    canvas = Canvas(width, height, DESKS[scene.desk])
    canvas.rectangle(15, 13, width - 9, height - 7, fill=(40, 36, 34), radius=1)
    canvas.rectangle(12, 10, width - 12, height - 10, fill=PAPER_TONES[scene.tone])
    y = 26.0
    for left, right, style in _lines(scene):
        middle = y + HEIGHTS[style] / 2
        if style == "rule":
            canvas.dashed((24, middle), (width - 24, middle), (120, 120, 124), 0.8, 3)
        elif style in ("title", "small"):
            points, bold = (15, True) if style == "title" else (11, False)
            canvas.text(width / 2, middle, left, points, ink, anchor="mm", bold=bold)
        else:
            points = 15 if style == "total" else 12
            canvas.text(26, middle, left, points, ink, anchor="lm", bold=style == "total")
            canvas.text(width - 26, middle, right, points, ink, anchor="rm", bold=style == "total")
        y += HEIGHTS[style]
    return [grain(canvas.finish(), random.Random(scene.noise_seed), 6.0)]


def ask(scene: ReceiptScene, kind: str, rng: random.Random) -> Turn | None:
    name, quantity, price = rng.choice(scene.items)
    names = [item[0] for item in scene.items]
    if kind == "receipt_total":
        return short(rng, kind, asked("receipt_total"), money(scene.total))
    if kind == "receipt_date":
        return short(rng, kind, asked("receipt_date"), scene.date)
    if kind == "receipt_store":
        return short(rng, kind, asked("receipt_store"), scene.shop)
    if kind == "receipt_address":
        return short(rng, kind, asked("receipt_address"), scene.address)
    if kind == "receipt_price":
        return short(rng, kind, asked("receipt_price"), money(quantity * price), item=name)
    if kind == "receipt_has":
        absent = [item for goods in GOODS.values() for item in goods if item not in names]
        truth = rng.random() < 0.5
        item = name if truth else rng.choice(absent)
        return yes_no(rng, kind, asked("receipt_has"), truth, item=item)
    if kind == "receipt_choice":
        answer = "cash" if scene.cash else "card"
        if rng.random() < 0.5:
            return choice(rng, kind, asked("receipt_choice payment"), answer, ["cash", "card", "cheque", "voucher"])
        wrong = [money(scene.total + shift) for shift in (-100, 50, 200, 90)]
        return choice(rng, kind, asked("receipt_choice total"), money(scene.total), wrong)
    if kind == "receipt_dearest":
        line = max(scene.items, key=lambda item: item[1] * item[2])
        if sum(item[1] * item[2] == line[1] * line[2] for item in scene.items) > 1:
            return None
        return short(rng, kind, asked("receipt_dearest"), line[0])
    if kind == "receipt_cheaper":
        first, second = rng.sample(scene.items, 2)
        return yes_no(
            rng,
            kind,
            asked("receipt_cheaper"),
            first[1] * first[2] < second[1] * second[2],
            compare=True,
            first=first[0],
            second=second[0],
        )
    if kind == "receipt_lines":
        return short(rng, kind, asked("receipt_lines"), str(len(scene.items)))
    if kind == "receipt_box":
        return coordinates(rng, kind, asked("receipt_box"), total_box(scene), size(scene))
    return _long(scene, kind, rng)


def _long(scene: ReceiptScene, kind: str, rng: random.Random) -> Turn | None:
    lines = listing([f"{item} for {money(quantity * price)}" for item, quantity, price in scene.items])
    if kind == "receipt_change":
        note = scene.cash or next(step for step in (1000, 2000, 5000, 10000, 20000, 50000) if step >= scene.total)
        return reasoned(
            rng,
            kind,
            asked("receipt_change"),
            [
                f"The total on the receipt is {money(scene.total)}.",
                f"{money(note)} - {money(scene.total)} = {money(note - scene.total)}.",
            ],
            money(note - scene.total),
            note=money(note),
        )
    if kind == "receipt_split":
        share = -(-scene.total // 2)
        return reasoned(
            rng,
            kind,
            asked("receipt_split"),
            [
                f"The bill comes to {money(scene.total)}.",
                f"Half of {money(scene.total)}, rounded up, is {money(share)}.",
            ],
            money(share),
        )
    if kind == "receipt_json":
        question = pick(rng, asked("receipt_json"))
        answer = json.dumps({"shop": scene.shop, "date": scene.date, "total": money(scene.total)})
        return free(kind, question, answer, "specified style")
    if kind == "receipt_describe":
        question = pick(rng, asked("receipt_describe"))
        paid = f"in cash with {money(scene.cash)}" if scene.cash else "by card"
        tax = f"A tax of {scene.tax_percent}% adds {money(scene.tax)}. " if scene.tax_percent else ""
        answer = (
            f"This is a receipt of {scene.shop}, {scene.address}. It was printed on {scene.date} at {scene.time} and "
            "bears the "
            f"number {scene.number}. The customer bought {lines}. {tax}The total is {money(scene.total)}, and it was "
            f"paid {paid}. "
            "At the bottom the shop thanks the customer for the visit."
        )
        return free(kind, question, answer, "detailed description")
    if kind == "receipt_summary":
        question = pick(rng, asked("receipt_summary"))
        answer = (
            f"A purchase of {len(scene.items)} items at {scene.shop} on {scene.date} for {money(scene.total)} in total."
        )
        return free(kind, question, answer, "short description")
    if kind == "receipt_why":
        if not scene.tax_percent:
            return None
        question = pick(rng, asked("receipt_why"))
        answer = (
            f"Because a tax of {scene.tax_percent}%, which is {money(scene.tax)}, is added to the subtotal of "
            f"{money(scene.subtotal)}."
        )
        return free(kind, question, answer, "short description")
    raise ValueError(f"receipts knows no task {kind!r}")
