"""Menus and pictures for demo restaurants: the same every time, plausible, and possible to order from."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

import pytest

from deliveryapp.city import Place, load_city
from restaurants.marks import Allergen, Diet
from restaurants.menu_generator import (
    Menu,
    MenuItem,
    cuisine_of,
    generate_cuisine_art,
    generate_menu,
)
from restaurants.menu_generator.dishes import cuisine_tables, drinks

CUISINES = sorted(cuisine_tables())
PLACES = load_city("helsinki").places
FROM_ANIMALS = {"milk", "eggs", "fish", "crustaceans", "molluscs"}
MEAT_AND_FISH = {"fish", "crustaceans", "molluscs"}


def _svg(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)  # noqa: S314 - our own text


def _menu_of(place: Place, seed: int = 1) -> Menu:
    return generate_menu(name=place.name, cuisines=place.cuisines, kind=place.kind, seed=seed)


def _items(menu: Menu) -> list[MenuItem]:
    return [item for section in menu.sections for item in section.items]


ALL_DISHES = [
    pytest.param(dish, id=f"{cuisine}-{dish.name}")
    for cuisine, sections in (cuisine_tables() | {"drinks": drinks()}).items()
    for dishes in sections.values()
    for dish in dishes
]


def test_the_same_question_gets_the_same_menu() -> None:
    for place in PLACES[:30]:
        assert _menu_of(place) == _menu_of(place)


def test_seed_and_name_make_a_difference() -> None:
    menus = [
        generate_menu(name=name, cuisines=["pizza"], kind="restaurant", seed=seed)
        for name, seed in [("Slice", 1), ("Slice", 2), ("Oven", 1)]
    ]
    assert len({str(menu) for menu in menus}) == 3
    assert {menu.cuisine for menu in menus} == {"pizza"}


@pytest.mark.parametrize("cuisine", CUISINES)
def test_a_menu_is_neither_thin_nor_endless(cuisine: str) -> None:
    for seed in range(15):
        menu = generate_menu(name="Any", cuisines=[cuisine], kind="restaurant", seed=seed)
        items = _items(menu)
        assert menu.cuisine == cuisine
        assert 3 <= len(menu.sections) <= 5
        assert 10 <= len(items) <= 25
        assert all(section.items for section in menu.sections)
        assert [name for name, times in Counter(item.name for item in items).items() if times > 1] == []


def test_every_real_place_gets_a_menu_with_honest_prices() -> None:
    for place in PLACES:
        for item in _items(_menu_of(place)):
            assert 90 <= item.price_minor <= 4500, (place.name, item)
            assert item.price_minor % 50 == 40


def test_what_must_be_chosen_can_be_chosen() -> None:
    required = 0
    for place in PLACES:
        for group in (group for item in _items(_menu_of(place)) for group in item.option_groups):
            assert 0 <= group.min_choices <= group.max_choices <= len(group.options)
            assert len({option.name for option in group.options}) == len(group.options)
            assert all(0 <= option.price_delta_minor <= 600 for option in group.options)
            required += group.min_choices > 0
    assert required > len(PLACES)


@pytest.mark.parametrize("dish", ALL_DISHES)
def test_diets_and_allergens_of_a_dish_agree(dish: MenuItem) -> None:
    allergens, diets = set(dish.allergens), set(dish.diets)
    assert allergens <= set(Allergen)
    assert diets <= set(Diet)
    assert ("gluten_free" in diets) == ("gluten" not in allergens)
    assert ("lactose_free" in diets) == ("milk" not in allergens)
    assert not ("vegan" in diets and allergens & FROM_ANIMALS)
    assert not ("vegetarian" in diets and allergens & MEAT_AND_FISH)
    assert not ("vegan" in diets and "vegetarian" not in diets)


ANIMAL_WORDS = (
    "beef",
    "chicken",
    "pork",
    "lamb",
    "bacon",
    "ham,",
    "prawn",
    "salmon",
    "tuna",
    "reindeer",
    "duck",
    "veal",
)


@pytest.mark.parametrize("dish", ALL_DISHES)
def test_no_meat_in_what_is_marked_vegetarian(dish: MenuItem) -> None:
    words = f"{dish.name} {dish.description},".lower()
    assert not ("vegetarian" in dish.diets and any(word in words for word in ANIMAL_WORDS))


@pytest.mark.parametrize("cuisine", CUISINES)
def test_every_kitchen_has_something_vegan_and_something_to_drink(cuisine: str) -> None:
    dishes = [dish for section in cuisine_tables()[cuisine].values() for dish in section]
    assert any("vegan" in dish.diets for dish in dishes)
    menu = generate_menu(name="Any", cuisines=[cuisine], kind="restaurant", seed=1)
    assert menu.sections[-1].name == "Drinks"


def test_there_are_many_kitchens() -> None:
    assert len(CUISINES) >= 25


def test_what_the_map_calls_a_cuisine_is_known() -> None:
    tags = {tag for place in PLACES for tag in place.cuisines}
    known = {tag for tag in tags if cuisine_of(name="", cuisines=[tag], kind="", seed=1) != "bistro"}
    assert len(known) / len(tags) >= 0.9
    assert tags - known <= {"french", "fine_dining"}


@pytest.mark.parametrize(
    ("name", "cuisines", "kind", "cuisine"),
    [
        ("Kita", ["japanese"], "restaurant", "japanese"),
        ("Latitude", ["unheard_of", "okinawan"], "restaurant", "japanese"),
        ("Hanko Sushi", [], "restaurant", "sushi"),
        ("Barbarossa Pizza & Kebab", [], "restaurant", "pizza"),
        ("Pikku Nepal", [], "restaurant", "nepalese"),
        ("Loaf", [], "bakery", "bakery"),
        ("Nameless", [], "pub", "pub"),
        ("Nameless", [], "spaceship", "bistro"),
    ],
)
def test_tags_win_over_names_and_names_over_kinds(
    name: str, cuisines: list[str], kind: str, cuisine: str
) -> None:
    assert cuisine_of(name=name, cuisines=cuisines, kind=kind, seed=1) == cuisine


def test_prices_follow_the_currency() -> None:
    euros, kronor = (
        generate_menu(name="Any", cuisines=["burger"], kind="restaurant", seed=1, currency=currency)
        for currency in ("EUR", "SEK")
    )
    assert (euros.currency, kronor.currency) == ("EUR", "SEK")
    for here, there in zip(_items(euros), _items(kronor), strict=True):
        assert there.name == here.name
        assert there.price_minor == pytest.approx(here.price_minor * 11, rel=0.1)


def test_a_currency_without_a_price_level_is_refused() -> None:
    with pytest.raises(ValueError, match="no price level for 'XTS'"):
        generate_menu(name="Any", cuisines=[], kind="restaurant", seed=1, currency="XTS")


@pytest.mark.parametrize("cuisine", [*CUISINES, "unheard_of"])
def test_a_picture_is_small_sound_svg(cuisine: str) -> None:
    picture = generate_cuisine_art('"Fish & <Chips>"', cuisine, 7)
    root = _svg(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["aria-label"] == '"Fish & <Chips>"'
    assert len(picture) < 4096
    assert "script" not in picture
    assert picture == generate_cuisine_art('"Fish & <Chips>"', cuisine, 7)


def test_pictures_do_not_share_a_gradient() -> None:
    ids = {
        gradient.attrib["id"]
        for place in PLACES
        for gradient in _svg(generate_cuisine_art(place.name, "cafe", 1)).iter(
            "{http://www.w3.org/2000/svg}linearGradient"
        )
    }
    assert len(ids) == len({place.name for place in PLACES})


def test_some_menus_count_nest_and_have_hours() -> None:
    """People should see in the demo what a menu can do; most of it is always served and never runs out."""
    menus = [_menu_of(place) for place in PLACES]
    items = [item for menu in menus for item in _items(menu)]
    counted = [item.stock for item in items if item.stock is not None]
    assert len(menus) / 4 < len(counted) < len(menus)
    assert all(6 <= stock <= 40 for stock in counted)
    opened = [
        inner
        for item in items
        for group in item.option_groups
        for option in group.options
        for inner in option.opens
    ]
    assert {inner.name for inner in opened} == {"Soft drink", "Fries"}
    assert not [option for inner in opened for option in inner.options if option.opens], "one level"
    timed = [section for menu in menus for section in menu.sections if section.windows]
    assert 0 < len(timed) < len(menus)
    assert not [menu for menu in menus if menu.sections[0].windows], "something is always served"
