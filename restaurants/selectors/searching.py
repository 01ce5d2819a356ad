"""Text search over restaurants and dishes, blind to accents and endings; typing errors count last."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection


@dataclass(frozen=True, slots=True)
class Dish:
    """The dish that matched the words of a search."""

    id: UUID
    name: str
    price_minor: int


Hits = dict[UUID, Dish | None]

_EXACT = "search_lexemes @@ restaurants_query(%(words)s)"
_CLOSE = "restaurants_fold(%({name})s) <%% search_name"
MOST_WORDS = 8  # that may be misspelled
# One statement a try: the places themselves, and of each place its closest dish that is not gone for good.
_SEARCH = """
SELECT id, NULL::uuid, '', 0::bigint FROM restaurants_restaurant WHERE id = ANY(%(ids)s) AND {matches}
UNION ALL (
    SELECT DISTINCT ON (restaurant_id) restaurant_id, id, name, price_minor FROM restaurants_menuitem
    WHERE restaurant_id = ANY(%(ids)s) AND is_available AND {matches}
    ORDER BY restaurant_id, word_similarity(restaurants_fold(%(words)s), search_name) DESC,
        length(name), position, id
)
"""


def find(words: str, *, among: Collection[UUID]) -> Hits:
    """Which of the restaurants have the words in their name, a cuisine or a dish, and in which dish.

    Only when no restaurant has them is a close spelling of each enough (pg_trgm's word similarity, 0.6).
    One statement, or two.
    """
    asked = {"words": words, "ids": list(among)}
    each = {f"word{n}": word for n, word in enumerate(re.findall(r"\w+", words)[:MOST_WORDS])}
    close = " AND ".join(_CLOSE.format(name=name) for name in each)
    return _hits(_EXACT, asked) or (_hits(close, asked | each) if each else {})


def _hits(matches: str, asked: dict[str, Any]) -> Hits:
    found: Hits = {}
    with connection.cursor() as cursor:
        cursor.execute(_SEARCH.format(matches=matches), asked)
        for restaurant_id, dish_id, name, price_minor in cursor.fetchall():
            # A place that matches by its own name still says which of its dishes does.
            found[restaurant_id] = Dish(dish_id, name, price_minor) if dish_id else found.get(restaurant_id)
    return found
