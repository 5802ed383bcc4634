"""Which task trains which capability, how strongly (0-5), and why: the rationale behind known.jsonl.

A task kind names its capabilities; FAMILY adds what every task on such a picture needs; STYLE adds what the form of the
answer trains. The highest of the three counts. `grows` are the capabilities that a harder picture trains one level more
and an easier one a level less. A conversation of several turns trains what its most demanding turn trains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from sample_data.records import Turn

CAPABILITY_KEYS = (
    "spatial", "attribute", "logical", "scene", "finegrained", "langgen", "icl", "comparative", "activity", "causal",
    "humanities", "stem", "data", "ocr",
)  # fmt: skip
STYLES = (
    "multi-choice", "coordinate", "yes/no", "word/short-phrase", "short description", "detailed description",
    "comparison", "chain-of-thought", "specified style",
)  # fmt: skip

# What the picture itself demands before any question: labels to be read, a place to be recognised.
FAMILY: dict[str, str] = {
    "charts": "data 2 ocr 2",
    "tables": "data 2 ocr 2",
    "receipts": "ocr 3 data 1",
    "geometry": "stem 2",
    "maps": "spatial 2 ocr 2",
    "screens": "ocr 2",
    "code": "ocr 2 stem 2",
    "shapes": "attribute 1",
    "compare": "comparative 3",
    "photos": "scene 1 finegrained 1",
    "scenes": "scene 2",
    "examples": "icl 4",
    "dialogues": "",
    "chinese": "",
    "defects": "",
}

# What the form of the answer trains, whatever it is about.
STYLE: dict[str, str] = {
    "multi-choice": "",
    "yes/no": "",
    "word/short-phrase": "",
    "coordinate": "spatial 4",
    "short description": "langgen 2",
    "detailed description": "langgen 4",
    "comparison": "comparative 3",
    "chain-of-thought": "logical 4 langgen 1",
    "specified style": "langgen 2",
}

# kind: (capabilities, grows with difficulty, why)
KINDS: dict[str, tuple[str, str, str]] = {
    "chart_value": ("data 3 ocr 3", "data", "one labelled value is found and read"),
    "chart_max": ("data 3 comparative 1", "data", "all marks are weighed to find the extreme"),
    "chart_min": ("data 3 comparative 1", "data", "all marks are weighed to find the extreme"),
    "chart_exceeds": ("data 3", "data comparative", "two named marks are set against each other"),
    "chart_threshold": ("data 3 logical 1", "data", "a mark is held against a limit"),
    "chart_choice": ("data 3 comparative 2", "data", "marks are ranked"),
    "chart_difference": ("data 4 logical 2 stem 1", "data", "two values are read and subtracted"),
    "chart_count": ("data 2", "", "categories are counted"),
    "chart_title": ("ocr 4", "ocr", "printed text is read"),
    "chart_total": ("data 5 stem 2", "data logical", "every value is read and added in steps"),
    "chart_mean": ("data 4 stem 2", "data logical", "two values are read and averaged in steps"),
    "chart_trend": ("data 4", "data", "a development is put into words"),
    "chart_describe": ("data 5 ocr 3", "data", "the whole chart becomes text"),
    "chart_table": ("data 5 ocr 4", "data ocr", "every value goes into a dictated format"),
    "chart_compare": ("data 4", "data comparative", "two marks are compared in words"),
    "chart_box": ("data 2", "spatial", "a mark is located"),
    "chart_headline": ("data 3 langgen 4", "langgen", "the message is told in a dictated voice"),
    "table_cell": ("data 3 ocr 3", "data", "a cell is looked up and read"),
    "table_max": ("data 3 ocr 2 comparative 1", "data", "a column is scanned for its extreme"),
    "table_min": ("data 3 ocr 2 comparative 1", "data", "a column is scanned for its extreme"),
    "table_exceeds": ("data 3", "data comparative", "two cells are set against each other"),
    "table_rows": ("data 2", "", "rows are counted"),
    "table_lookup": ("data 3 ocr 3", "data", "a value is traced back to its row"),
    "table_header": ("ocr 4 data 2", "ocr", "printed text is read"),
    "table_choice": ("data 3 ocr 2 comparative 2", "data", "rows are ranked"),
    "table_sum": ("data 4 stem 2", "data logical", "two cells are read and added in steps"),
    "table_filter": ("data 5 stem 1", "data logical", "each row is tested against a limit"),
    "table_cell_box": ("data 3", "spatial", "a cell is located"),
    "table_markdown": ("ocr 5 data 4", "data", "every cell goes into a dictated format"),
    "table_json": ("ocr 4 data 4", "data", "one row goes into a dictated format"),
    "table_compare": ("data 4", "data comparative", "two rows are compared in words"),
    "table_describe": ("data 5 ocr 3", "data", "the whole table becomes text"),
    "table_note": ("data 3", "data", "the table is summed up"),
    "receipt_total": ("ocr 4", "ocr", "a printed amount is read"),
    "receipt_date": ("ocr 4", "ocr", "a printed date is read"),
    "receipt_store": ("ocr 4", "", "a printed name is read"),
    "receipt_address": ("ocr 4", "ocr", "a printed address is read"),
    "receipt_price": ("ocr 4 data 2", "ocr", "an amount is looked up by its item"),
    "receipt_has": ("ocr 3", "", "a word is searched for"),
    "receipt_choice": ("ocr 3", "", "a printed fact is matched with options"),
    "receipt_lines": ("ocr 3 data 2", "", "item lines are counted"),
    "receipt_dearest": ("ocr 4 data 2 comparative 1", "ocr", "amounts are ranked"),
    "receipt_cheaper": ("ocr 4 data 2", "comparative", "two amounts are set against each other"),
    "receipt_box": ("ocr 4", "spatial", "a printed line is located"),
    "receipt_change": ("ocr 4 stem 2", "logical", "change is worked out from the total"),
    "receipt_split": ("ocr 4 stem 2", "logical", "the bill is divided"),
    "receipt_json": ("ocr 5 data 2", "ocr", "key fields go into a dictated format"),
    "receipt_describe": ("ocr 5 data 2", "ocr", "everything printed becomes text"),
    "receipt_summary": ("ocr 4", "", "the purchase is summed up"),
    "receipt_why": ("causal 3 ocr 3 logical 2", "causal", "a gap between two amounts is explained"),
    "geo_area": ("stem 4 logical 2", "stem", "a formula is applied to read lengths"),
    "geo_perimeter": ("stem 4 logical 2", "stem", "a formula is applied to read lengths"),
    "geo_name": ("stem 2 finegrained 1", "", "a figure is recognised"),
    "geo_right": ("stem 3 finegrained 2", "", "an angle is judged"),
    "geo_diameter": ("stem 3 logical 1", "", "the radius is doubled"),
    "geo_choice": ("stem 4 logical 2", "stem", "a property or formula is chosen"),
    "geo_longer": ("stem 2 ocr 1", "", "two lengths are set against each other"),
    "geo_hypotenuse": ("stem 5", "logical", "Pythagoras is applied in steps"),
    "geo_angle": ("stem 5", "logical", "the sum of angles is applied in steps"),
    "geo_slope": ("stem 5 data 1", "logical", "a slope is worked out from two points"),
    "geo_lever": ("stem 4 causal 4 logical 3", "causal", "the outcome of unequal moments is foreseen"),
    "geo_why": ("stem 4 causal 5 logical 3", "", "the cause of tipping is explained"),
    "geo_fits": ("stem 4 spatial 2", "logical", "squares are packed in steps"),
    "geo_caption": ("stem 2", "", "a figure is named in a sentence"),
    "geo_explain": ("stem 4 humanities 1", "langgen", "a rule is taught at length"),
    "geo_formula": ("stem 4", "stem", "the law is written in LaTeX"),
    "map_direction": ("spatial 4", "spatial", "a compass direction is derived"),
    "map_north": ("spatial 4", "spatial", "two positions are set against each other"),
    "map_point": ("spatial 4", "", "a place is located"),
    "map_street": ("ocr 4 spatial 3", "ocr", "a street name is traced and read"),
    "map_nearest": ("spatial 4 logical 1", "spatial", "distances are weighed"),
    "map_count": ("spatial 2", "", "places are counted"),
    "map_choice": ("spatial 4", "spatial", "a direction is chosen"),
    "map_route": ("spatial 5", "logical", "a route is planned in steps"),
    "map_blocks": ("spatial 4 stem 1", "logical", "a distance is worked out in steps"),
    "map_farther": ("spatial 4", "comparative", "two walks are compared"),
    "map_describe": ("spatial 4 ocr 4", "", "a layout becomes text"),
    "map_guide": ("humanities 5 langgen 5", "", "sights and history are told in a dictated voice"),
    "map_culture": ("humanities 3 ocr 3", "humanities", "cultural places are told from others"),
    "map_caption": ("spatial 2", "", "a map is summed up"),
    "map_why": ("humanities 4 causal 4", "causal", "a settlement is explained"),
    "screen_click": ("spatial 4 ocr 3", "spatial", "an element is located for an action"),
    "screen_state": ("finegrained 3 ocr 3", "finegrained", "a small state mark is read"),
    "screen_app": ("scene 2", "", "the kind of app is recognised"),
    "screen_text": ("ocr 4", "ocr", "printed text is read"),
    "screen_count": ("ocr 2 finegrained 2", "finegrained", "rows are counted by state"),
    "screen_colour": ("attribute 3", "", "a colour is named"),
    "screen_position": ("spatial 3 ocr 3", "spatial", "an order is judged"),
    "screen_choice": ("scene 2", "", "a purpose is recognised"),
    "screen_why": ("causal 3 logical 2 finegrained 2", "causal", "a disabled state is explained"),
    "screen_purpose": ("scene 2", "", "a screen is summed up"),
    "screen_describe": ("ocr 4 finegrained 3 scene 2", "ocr", "an interface becomes text"),
    "screen_steps": ("ocr 3 finegrained 3", "logical", "a sequence of taps is planned"),
    "screen_list": ("ocr 5 finegrained 3 data 1", "finegrained", "rows and states go into a dictated format"),
    "screen_ticket": ("langgen 4 ocr 3", "langgen", "the screen is told in a dictated voice"),
    "code_output": ("stem 4 logical 3", "logical", "a program is run in the head"),
    "code_trace": ("stem 5", "logical", "a program is run in steps"),
    "code_language": ("stem 3", "", "a language is recognised"),
    "code_lines": ("ocr 2", "", "lines are counted"),
    "code_name": ("ocr 4", "", "an identifier is read"),
    "code_literal": ("ocr 4", "ocr", "a number is read"),
    "code_uses": ("stem 3 logical 1", "stem", "a construct is searched for"),
    "code_choice": ("stem 4 logical 2", "stem", "a purpose is recognised"),
    "code_line_box": ("ocr 3", "spatial", "a line is located"),
    "code_caption": ("stem 3", "stem", "a program is summed up"),
    "code_explain": ("stem 5 logical 2 ocr 3", "langgen", "a program is taught at length"),
    "code_transcribe": ("ocr 5", "", "every character is copied"),
    "code_docstring": ("stem 3 langgen 3", "langgen", "purpose is told in a dictated voice"),
    "code_what_if": ("causal 4 stem 4 logical 3", "causal", "the effect of a change is explained"),
    "code_bug": ("causal 4 stem 5 logical 3", "causal", "the cause of a failure is explained"),
    "shape_colour": ("attribute 3", "attribute", "a colour is named"),
    "shape_kind": ("attribute 2 finegrained 1", "attribute", "a shape is named"),
    "shape_exists": ("attribute 3", "attribute", "a colour and shape are searched for"),
    "shape_count": ("attribute 2 spatial 1", "attribute", "matching objects are counted"),
    "shape_tally": ("attribute 2 spatial 2", "logical", "objects are counted in steps"),
    "shape_side": ("spatial 3 attribute 2", "spatial", "a relation is judged"),
    "shape_left_of": ("spatial 3 attribute 2", "spatial", "a relation is judged"),
    "shape_choice": ("spatial 4 attribute 2", "spatial", "a relation in two axes is chosen"),
    "shape_more": ("attribute 3", "comparative", "two groups are set against each other"),
    "shape_biggest": ("attribute 3 comparative 2", "comparative", "sizes are ranked"),
    "shape_box": ("attribute 2", "spatial", "an object is located"),
    "shape_odd": ("finegrained 4 attribute 2 spatial 3", "finegrained", "the one differing object is found"),
    "shape_next": ("logical 4 attribute 2 icl 1", "logical", "a rule is induced and continued"),
    "shape_caption": ("attribute 3", "", "objects are listed in a sentence"),
    "shape_describe": ("attribute 4 spatial 3", "spatial", "objects and places become text"),
    "shape_json": ("attribute 4", "attribute", "objects go into a dictated format"),
    "shape_rhyme": ("attribute 2 langgen 4", "langgen", "the picture is told in a dictated voice"),
    "pair_more": ("attribute 1", "comparative", "two pictures are weighed"),
    "pair_same": ("attribute 1", "comparative", "sameness is judged"),
    "pair_changed": ("comparative 5 finegrained 4 attribute 2", "finegrained", "a small change is found"),
    "pair_describe": ("comparative 5 finegrained 2", "finegrained", "two pictures are compared at length"),
    "pair_difference": ("comparative 4 logical 2", "comparative", "counts or values are subtracted"),
    "pair_choice": ("comparative 4 finegrained 3", "finegrained", "the true change is chosen"),
    "pair_bullets": ("comparative 4 finegrained 3", "comparative", "changes go into a dictated form"),
    "pair_total": ("comparative 2 stem 1", "logical", "two pictures are added up in steps"),
    "pair_which": ("comparative 4 scene 3", "", "a scene is matched with a picture"),
    "pair_short": ("comparative 4 finegrained 3", "comparative", "the difference is summed up"),
    "pair_because": ("comparative 4 causal 4 scene 2", "causal", "the cause of a change is explained"),
    "photo_what": ("finegrained 3 attribute 1", "finegrained", "the subject is recognised"),
    "photo_scene": ("scene 4", "scene", "the setting is recognised"),
    "photo_colour": ("attribute 4", "", "a colour is named"),
    "photo_has": ("finegrained 2 scene 1", "", "a thing is searched for"),
    "photo_choice": ("finegrained 3", "finegrained", "the subject is told from likes"),
    "photo_activity": ("activity 4", "", "an action is named"),
    "photo_box": ("finegrained 2", "", "a thing is located"),
    "photo_caption": ("scene 3 finegrained 2", "scene", "the photo is summed up"),
    "photo_describe": ("scene 4 finegrained 3 attribute 3", "finegrained", "the photo becomes text"),
    "photo_history": ("humanities 5 finegrained 1", "", "history is recalled"),
    "photo_science": ("stem 4 causal 2", "stem", "science is recalled"),
    "photo_why": ("causal 4", "causal", "a cause is explained"),
    "photo_detail": ("finegrained 5 attribute 3", "", "a small detail is examined"),
    "photo_essay": ("humanities 5 langgen 5", "", "meaning is told at length"),
    "photo_poem": ("langgen 5 scene 2 humanities 1", "", "the photo is told in a dictated voice"),
    "scene_activity": ("activity 4", "activity", "an action is named"),
    "scene_activity_choice": ("activity 4", "activity", "an action is chosen"),
    "scene_doing": ("activity 3", "activity", "an action is searched for"),
    "scene_weather": ("scene 4", "", "weather is recognised"),
    "scene_place": ("scene 4", "", "a place is recognised"),
    "scene_hour": ("scene 4", "", "the time of day is recognised"),
    "scene_people": ("scene 2 attribute 1", "", "people are counted"),
    "scene_shirt": ("attribute 4 activity 1", "attribute", "a colour is bound to a person"),
    "scene_thing": ("attribute 4", "", "a colour is bound to a thing"),
    "scene_left": ("spatial 4 attribute 2", "spatial", "a relation is judged"),
    "scene_box": ("attribute 2 activity 1", "spatial", "a person is located"),
    "scene_why": ("causal 4 scene 3", "causal", "a cause is explained"),
    "scene_next": ("causal 4 activity 4", "causal", "what follows is foreseen"),
    "scene_unlikely": ("scene 4 causal 2 logical 2", "scene", "use is judged from the weather"),
    "scene_deduce": ("scene 4 causal 2", "logical", "a need is deduced in steps"),
    "scene_caption": ("scene 4 activity 4 attribute 2", "activity", "a scene is summed up"),
    "scene_describe": ("scene 5 activity 4 attribute 3 spatial 2", "activity", "a scene becomes text"),
    "scene_story": ("langgen 5 scene 3 activity 2 humanities 1", "", "a scene is told in a dictated voice"),
    "icl_label": ("icl 4 attribute 2 logical 2", "icl", "invented words are learnt from examples"),
    "icl_count": ("icl 4 attribute 1 logical 1", "icl", "counting is learnt from examples"),
    "icl_group": ("icl 4 attribute 3 logical 3", "icl", "a secret group is learnt from examples"),
    "icl_format": ("icl 4 attribute 3 logical 1", "icl", "an output format is learnt from examples"),
    "icl_arithmetic": ("icl 4 logical 3 stem 2", "icl", "a rule of numbers is learnt from examples"),
    "icl_choice": ("icl 4 attribute 3 logical 3", "icl", "a secret group is learnt from examples"),
    "text_capital": ("humanities 3", "", "geography is recalled"),
    "text_work": ("humanities 4", "", "literature is recalled"),
    "text_event": ("humanities 4", "", "history is recalled"),
    "text_earlier": ("humanities 4 logical 1", "", "two events are ordered"),
    "text_element": ("stem 4", "", "chemistry is recalled"),
    "text_choice": ("humanities 4", "", "literature is recalled"),
    "text_cause": ("causal 5 humanities 1 stem 2", "", "a cause is explained"),
    "text_compare": ("comparative 4 humanities 1 stem 1", "", "two notions are compared"),
    "text_essay": ("langgen 5 humanities 3 stem 1 causal 1", "", "a subject is told at length"),
    "text_letter": ("langgen 5", "", "a letter is written"),
    "text_rewrite": ("langgen 4 humanities 2", "", "a sentence is retold in a dictated voice"),
    "text_speed": ("stem 4", "logical", "a word problem is solved in steps"),
    "text_riddle": ("logical 5", "", "an order is deduced in steps"),
    "text_pattern": ("icl 3 logical 3 stem 2", "icl", "a rule is learnt from examples in text"),
    "text_opposites": ("icl 3", "icl", "a relation of words is learnt from examples in text"),
    "text_format": ("icl 3 humanities 2", "icl", "a format is learnt from examples in text"),
    "zh_colour": ("attribute 4", "", "a colour is named"),
    "zh_count": ("attribute 2 spatial 1", "", "objects are counted"),
    "zh_exists": ("attribute 3", "", "a colour and shape are searched for"),
    "zh_caption": ("scene 2 attribute 3", "", "a picture is summed up"),
    "zh_weather": ("scene 4", "", "weather is recognised"),
    "zh_doing": ("activity 4 scene 2", "", "an action is named"),
    "zh_max": ("data 4 ocr 2", "", "marks are ranked"),
    "zh_compare": ("comparative 4", "", "two things are set against each other"),
    "zh_total": ("ocr 4", "", "a printed amount is read"),
    "zh_date": ("ocr 4", "", "a printed date is read"),
    "zh_area": ("stem 4 logical 2", "", "a formula is applied"),
    "zh_steps": ("stem 5", "", "a length is worked out in steps"),
    "zh_why": ("causal 4 scene 3", "", "a cause is explained"),
    "zh_describe": ("scene 5 activity 3 attribute 2", "", "a scene becomes text"),
    "zh_poem": ("langgen 5 scene 2 humanities 2", "", "a scene is told as a poem"),
    "zh_choice": ("scene 4", "", "a place is chosen"),
    "zh_box": ("attribute 2", "", "an object is located"),
    "zh_history": ("humanities 5", "", "history is recalled"),
    "zh_translate": ("icl 3 humanities 1", "", "translation is learnt from examples in text"),
    "zh_cause": ("causal 5 stem 2", "", "a cause is explained"),
    "zh_json": ("data 2", "", "facts go into a dictated format"),
}


def parse(text: str) -> dict[str, int]:
    """'data 3 ocr 2' -> {'data': 3, 'ocr': 2}."""
    words = text.split()
    return {key: int(value) for key, value in zip(words[::2], words[1::2], strict=True)}


@lru_cache(maxsize=4096)
def turn_skills(source: str, kind: str, styles: tuple[str, ...], level: int) -> tuple[int, ...]:
    """The 14 known skills of one turn, 0-5, in the order of CAPABILITY_KEYS."""
    own, grows, _ = KINDS[kind]
    known = dict.fromkeys(CAPABILITY_KEYS, 0)
    for part in (FAMILY[source], own, *(STYLE[style] for style in styles)):
        for key, value in parse(part).items():
            known[key] = max(known[key], value)
    for key in grows.split():
        known[key] = min(5, max(1, known[key] + level - 1))
    return tuple(known[key] for key in CAPABILITY_KEYS)


def sample_skills(source: str, turns: Iterable[Turn], level: int) -> Mapping[str, int]:
    """The maximum over the turns, per capability."""
    rows = [turn_skills(source, turn.kind, turn.styles, level) for turn in turns]
    return {key: max(column) for key, column in zip(CAPABILITY_KEYS, zip(*rows, strict=True), strict=True)}


def sample_styles(turns: Iterable[Turn]) -> tuple[str, ...]:
    """The union over the turns, in the order of the vocabulary."""
    seen = {style for turn in turns for style in turn.styles}
    return tuple(style for style in STYLES if style in seen)
