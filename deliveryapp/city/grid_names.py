"""Names and hours for the generated city: streets, avenues and places to eat."""

from __future__ import annotations

import random

_STREETS = (
    "Alder", "Ash", "Aspen", "Beech", "Birch", "Cedar", "Cherry", "Chestnut", "Elm", "Fir", "Hawthorn",
    "Hazel", "Holly", "Juniper", "Larch", "Lime", "Linden", "Maple", "Oak", "Pear", "Pine", "Plum", "Poplar",
    "Rowan", "Spruce", "Sycamore", "Walnut", "Willow", "Yew",
)  # fmt: skip
_QUARTERS = (
    "", "North ", "Upper ", "Old ", "New ", "Lower ", "South ", "Little ", "Great ", "Far ", "East ", "West ",
    "High ", "Long ", "Short ", "Green ", "Stone ", "Lake ",
)  # fmt: skip

_FIRST_WORDS = (
    "Golden", "Blue", "Little", "Harbour", "Corner", "Station", "Market", "Garden", "Northern", "Silver",
    "Happy",
    "Royal", "Old Town", "Island", "Lantern", "Copper", "Sunny", "Midnight", "Bridge", "Tower",
)  # fmt: skip

# cuisine as OpenStreetMap writes it -> kind of place and the last word of its name
_CUISINES = {
    "pizza": ("restaurant", ("Pizzeria", "Pizza Oven", "Slice")),
    "burger": ("fast_food", ("Burger", "Grill", "Burger Bar")),
    "sushi": ("restaurant", ("Sushi", "Roll House", "Izakaya")),
    "thai": ("restaurant", ("Thai Kitchen", "Orchid", "Basil")),
    "chinese": ("restaurant", ("Wok", "Dragon", "Dumpling House")),
    "indian": ("restaurant", ("Tandoor", "Masala", "Curry House")),
    "nepalese": ("restaurant", ("Himalaya", "Momo House", "Sherpa Kitchen")),
    "vietnamese": ("restaurant", ("Pho", "Saigon Kitchen", "Lotus")),
    "italian": ("restaurant", ("Trattoria", "Osteria", "Pasta Bar")),
    "finnish": ("restaurant", ("Tavern", "Kitchen", "Smokehouse")),
    "kebab": ("fast_food", ("Kebab", "Grill House", "Falafel")),
    "mexican": ("restaurant", ("Taqueria", "Cantina", "Burrito Bar")),
    "coffee_shop": ("cafe", ("Coffee", "Roastery", "Café")),
    "ice_cream": ("cafe", ("Gelato", "Ice Cream Bar")),
    "sandwich": ("cafe", ("Deli", "Sandwich Bar")),
    "american": ("restaurant", ("Diner", "Smoke House")),
    "greek": ("restaurant", ("Taverna", "Meze")),
    "korean": ("restaurant", ("Bibimbap", "Seoul Kitchen")),
    "ethiopian": ("restaurant", ("Injera House",)),
    "vegan": ("restaurant", ("Greens", "Plant Kitchen")),
}

_HOURS = {
    "cafe": (("07:30", "18:00"), ("08:00", "20:00"), ("09:00", "19:00")),
    "fast_food": (("10:00", "23:00"), ("10:30", "02:00"), ("11:00", "04:00")),
    "restaurant": (("10:30", "22:00"), ("11:00", "21:00"), ("11:00", "23:00")),
}


def street_name(row: int) -> str:
    """Unique for rows below 29 x 18."""
    return f"{_QUARTERS[row // len(_STREETS) % len(_QUARTERS)]}{_STREETS[row % len(_STREETS)]} Street"


def avenue_name(col: int) -> str:
    number = col + 1
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending} Avenue"


def place(index: int, rng: random.Random) -> tuple[str, str, str]:
    """Cuisine, kind and name of the place number `index`; cuisines take turns."""
    cuisine = tuple(_CUISINES)[index % len(_CUISINES)]
    kind, last_words = _CUISINES[cuisine]
    return cuisine, kind, f"{rng.choice(_FIRST_WORDS)} {rng.choice(last_words)} {index + 1}"


def daily_hours(kind: str, rng: random.Random) -> tuple[str, str]:
    return rng.choice(_HOURS[kind])
