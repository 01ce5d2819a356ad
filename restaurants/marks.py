"""Craft: the closed vocabularies of what a dish contains and whom it suits. Pure; no Django."""

from enum import StrEnum


class Allergen(StrEnum):
    """Annex II of regulation (EU) 1169/2011."""

    CELERY = "celery"
    CRUSTACEANS = "crustaceans"
    EGGS = "eggs"
    FISH = "fish"
    GLUTEN = "gluten"
    LUPIN = "lupin"
    MILK = "milk"
    MOLLUSCS = "molluscs"
    MUSTARD = "mustard"
    NUTS = "nuts"
    PEANUTS = "peanuts"
    SESAME = "sesame"
    SOYBEANS = "soybeans"
    SULPHITES = "sulphites"


class Diet(StrEnum):
    VEGAN = "vegan"
    VEGETARIAN = "vegetarian"
    HALAL = "halal"
    KOSHER = "kosher"
    GLUTEN_FREE = "gluten_free"
    LACTOSE_FREE = "lactose_free"


# What the kitchen says is in it, and the marks that would then be a lie: people are harmed by those.
CONTRADICTIONS: dict[Diet, frozenset[Allergen]] = {
    Diet.VEGAN: frozenset(
        {Allergen.CRUSTACEANS, Allergen.EGGS, Allergen.FISH, Allergen.MILK, Allergen.MOLLUSCS}
    ),
    Diet.VEGETARIAN: frozenset({Allergen.CRUSTACEANS, Allergen.FISH, Allergen.MOLLUSCS}),
    Diet.KOSHER: frozenset({Allergen.CRUSTACEANS, Allergen.MOLLUSCS}),
    Diet.GLUTEN_FREE: frozenset({Allergen.GLUTEN}),
}


def contradictions(*, allergens: list[str], diets: list[str]) -> list[tuple[str, str]]:
    """(diet, allergen) of every mark that the allergens rule out, in the order of the vocabularies."""
    return [
        (diet.value, allergen.value)
        for diet, ruled_out in CONTRADICTIONS.items()
        for allergen in Allergen
        if diet in diets and allergen in ruled_out and allergen in allergens
    ]
