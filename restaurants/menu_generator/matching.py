"""From what a map says about a place (cuisine tags, kind, name) to one of our cuisines."""

from __future__ import annotations

import random
from collections.abc import Sequence

from restaurants.menu_generator.dishes import cuisine_tables

DEFAULT_CUISINE = "bistro"

# OpenStreetMap's values that are not already the key of a cuisine
_TAGS = {
    "african": "ethiopian",
    "american": "steak",
    "asian": "pan_asian",
    "australian": "steak",
    "bagel": "sandwich",
    "barbecue": "steak",
    "cake": "bakery",
    "coffee": "cafe",
    "coffee_shop": "cafe",
    "donut": "bakery",
    "finnish": "nordic",
    "fish_and_chips": "fish",
    "french": "bistro",
    "georgian": "eastern",
    "german": "pub",
    "greek": "mediterranean",
    "grill": "grill_kiosk",
    "hotdog": "grill_kiosk",
    "juice": "salad",
    "lebanese": "middle_eastern",
    "noodle": "pan_asian",
    "okinawan": "japanese",
    "organic": "salad",
    "poke": "sushi",
    "ramen": "japanese",
    "regional": "nordic",
    "russian": "eastern",
    "scandinavian": "nordic",
    "seafood": "fish",
    "spanish": "mediterranean",
    "steak_house": "steak",
    "tapas": "mediterranean",
    "tea": "cafe",
    "tex_mex": "mexican",
    "tex-mex": "mexican",
    "turkish": "kebab",
    "vegetarian": "vegan",
    "wings": "pub",
}

# parts of names, the telling ones first
_NAME_PARTS = {
    "sushi": "sushi",
    "poke": "sushi",
    "ramen": "japanese",
    "pizz": "pizza",
    "citypie": "pizza",
    "kebab": "kebab",
    "döner": "kebab",
    "mezopotam": "kebab",
    "falafel": "middle_eastern",
    "habibi": "middle_eastern",
    "fafa": "middle_eastern",
    "nepal": "nepalese",
    "himal": "nepalese",
    "india": "indian",
    "china": "chinese",
    "dumpling": "chinese",
    "wok": "pan_asian",
    "oriental": "pan_asian",
    "long wall": "chinese",
    "mezame": "japanese",
    "thai": "thai",
    "steak": "steak",
    "memphis": "steak",
    "colorado": "steak",
    "fried chicken": "burger",
    "burger": "burger",
    "iguana": "mexican",
    "maya": "mexican",
    "chihuahua": "mexican",
    "gelato": "ice_cream",
    "konditoria": "bakery",
    "leipomo": "bakery",
    "bakers": "bakery",
    "gateau": "bakery",
    "pretzel": "bakery",
    "fazer": "cafe",
    "torrefazione": "cafe",
    "coffee": "cafe",
    "cafe": "cafe",
    "café": "cafe",
    "kahvila": "cafe",
    "juice": "salad",
    "deli": "sandwich",
    "picnic": "sandwich",
    "snagari": "grill_kiosk",
    "grilli": "grill_kiosk",
    "raffaello": "italian",
    "stretto": "italian",
    "italian": "italian",
    "olivia": "italian",
    "la mer": "fish",
    "caviar": "fish",
    "bistro": "bistro",
    "brasserie": "bistro",
    "pub": "pub",
    "karaoke": "pub",
    "ravintola": "nordic",
}

# what a place of that kind may be when neither tag nor name says
_KINDS = {
    "bakery": ("bakery",),
    "bar": ("pub", "burger"),
    "cafe": ("cafe",),
    "confectionery": ("bakery",),
    "fast_food": ("burger", "kebab", "grill_kiosk"),
    "food_court": ("pan_asian",),
    "ice_cream": ("ice_cream",),
    "pub": ("pub",),
    "restaurant": ("bistro", "nordic", "italian", "mediterranean", "bistro"),
}


def cuisine_of(*, name: str, cuisines: Sequence[str], kind: str, seed: int) -> str:
    """Key of a cuisine table: by the first known tag, else by the name, else one that fits the kind."""
    for tag in cuisines:
        cuisine = _TAGS.get(tag, tag)
        if cuisine in cuisine_tables():
            return cuisine
    lowered = name.lower()
    for part, cuisine in _NAME_PARTS.items():
        if part in lowered:
            return cuisine
    return random.Random(f"cuisine:{seed}:{name}").choice(_KINDS.get(kind, (DEFAULT_CUISINE,)))
