"""The facade prices a cart from the menu: what it refuses, what it charges, what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restaurants import errors
from restaurants.facade import CartLine, PricedLine, price_cart
from restaurants.hours import WeeklySpan
from restaurants.models import MenuItem, Option, OptionGroup, Restaurant
from tests.restaurants.conftest import Make, a_menu

NOW = datetime(2025, 5, 5, 9, tzinfo=UTC)


@pytest.fixture
def luna(make: Make) -> Restaurant:
    return make("luna", menu=a_menu(5))


def dish(restaurant: Restaurant, number: int = 1) -> MenuItem:
    return MenuItem.objects.get(restaurant=restaurant, name=f"Dish {number}")


def option(item: MenuItem, name: str) -> UUID:
    return Option.objects.get(group__item=item, name=name).pk


def line(item: MenuItem, *options: str, quantity: Any = 1, note: str = "") -> CartLine:
    chosen = tuple(option(item, name) for name in options or ("Regular",))
    return CartLine(item.pk, quantity, chosen, note)


def price(restaurant: Restaurant, *lines: CartLine) -> tuple[PricedLine, ...]:
    return price_cart(restaurant_id=restaurant.pk, lines=lines, now=NOW).lines


def test_a_cart_with_its_prices(luna: Restaurant) -> None:
    first, second = dish(luna, 1), dish(luna, 3)
    cart = price_cart(
        restaurant_id=luna.pk,
        lines=[line(first, "Chilli", "Large", "Olives", quantity=2, note="well done"), line(second)],
        now=NOW,
    )
    assert (cart.restaurant.slug, cart.restaurant.currency, cart.restaurant.tax_bp) == ("luna", "EUR", 1_350)
    large, plain = cart.lines
    assert (large.name, large.quantity, large.note, large.unit_price_minor) == (
        "Dish 1",
        2,
        "well done",
        1_000,
    )
    assert [(o.group, o.name, o.price_delta_minor) for o in large.options] == [
        ("Size", "Large", 250),
        ("Extras", "Olives", 100),
        ("Extras", "Chilli", 50),
    ]
    assert large.total_minor == 2 * (1_000 + 250 + 100 + 50)
    assert (plain.unit_price_minor, plain.total_minor) == (1_200, 1_200)


def test_the_same_item_may_stand_on_several_lines(luna: Restaurant) -> None:
    item = dish(luna)
    assert [row.total_minor for row in price(luna, line(item), line(item, "Large"))] == [1_000, 1_250]


@pytest.mark.parametrize("lines", [1, 100])
def test_two_statements_whatever_the_cart(
    luna: Restaurant, lines: int, django_assert_num_queries: Any
) -> None:
    cart = [line(dish(luna, 1 + n % 5), "Large", "Olives", quantity=99) for n in range(lines)]
    with django_assert_num_queries(2):
        assert len(price(luna, *cart)) == lines


@pytest.mark.parametrize("quantity", [-1, 0, 100, 10**9, 1.5, "1e3", float("nan"), float("inf"), True, None])
def test_a_quantity_that_is_none(luna: Restaurant, quantity: Any) -> None:
    with pytest.raises(errors.QuantityInvalid) as refusal:
        price(luna, line(dish(luna), quantity=quantity))
    assert (refusal.value.status, refusal.value.code) == (422, "quantity_invalid")


@pytest.mark.parametrize("lines", [0, 101, 400])
def test_an_empty_and_an_endless_cart(luna: Restaurant, lines: int) -> None:
    with pytest.raises(errors.CartInvalid) as refusal:
        price(luna, *[line(dish(luna))] * lines)
    assert (refusal.value.status, refusal.value.code) == (422, "cart_invalid")


def test_an_item_of_another_restaurant_does_not_exist_here(luna: Restaurant, make: Make) -> None:
    for item_id in (dish(make("sol")).pk, uuid4()):
        with pytest.raises(errors.ItemNotFound) as refusal:
            price(luna, CartLine(item_id, 1))
        assert (refusal.value.status, refusal.value.extra) == (422, {"item_id": item_id})


def test_an_item_that_is_sold_out(luna: Restaurant) -> None:
    for_good, for_now, back = dish(luna, 1), dish(luna, 2), dish(luna, 3)
    MenuItem.objects.filter(pk=for_good.pk).update(is_available=False)
    MenuItem.objects.filter(pk=for_now.pk).update(sold_out_until=NOW + timedelta(seconds=1))
    MenuItem.objects.filter(pk=back.pk).update(sold_out_until=NOW)
    for item in (for_good, for_now):
        with pytest.raises(errors.ItemUnavailable) as refusal:
            price(luna, line(item))
        assert (refusal.value.status, refusal.value.extra) == (409, {"item_id": item.pk})
    assert price(luna, line(back))[0].total_minor == 1_200


def test_an_option_that_is_sold_out(luna: Restaurant) -> None:
    item = dish(luna)
    olives = option(item, "Olives")
    Option.objects.filter(pk=olives).update(is_available=False)
    with pytest.raises(errors.ItemUnavailable) as refusal:
        price(luna, line(item, "Regular", "Olives"))
    assert refusal.value.extra == {"item_id": item.pk, "option_id": olives}


@pytest.mark.parametrize(
    "options",
    [
        (),  # a size must be chosen
        ("Regular", "Large"),  # but one
        ("Regular", "Olives", "Chilli", "Rocket"),  # at most two extras
        ("Olives",),
        ("Regular", "Regular"),
        ("Regular", "Olives", "Olives"),
    ],
)
def test_options_that_do_not_fit(luna: Restaurant, options: tuple[str, ...]) -> None:
    item = dish(luna)
    with pytest.raises(errors.OptionInvalid) as refusal:
        price(luna, CartLine(item.pk, 1, tuple(option(item, name) for name in options)))
    assert (refusal.value.status, refusal.value.code) == (422, "option_invalid")


def test_options_of_somebody_else(luna: Restaurant, make: Make) -> None:
    item, sibling, stranger = dish(luna, 1), dish(luna, 2), dish(make("sol"), 1)
    for foreign in (option(sibling, "Large"), option(stranger, "Large"), uuid4()):
        with pytest.raises(errors.OptionInvalid):
            price(luna, CartLine(item.pk, 1, (option(item, "Regular"), foreign)))


def test_a_question_without_answers_cannot_be_met(luna: Restaurant) -> None:
    item = dish(luna)
    OptionGroup.objects.create(item=item, name="Sauce", min_choices=1, max_choices=1)
    with pytest.raises(errors.OptionInvalid) as refusal:
        price(luna, line(item))
    assert refusal.value.extra == {"item_id": item.pk, "group": "Sauce"}


def test_unknown_and_departed_restaurants(luna: Restaurant) -> None:
    cart = [line(dish(luna))]
    Restaurant.objects.update(is_active=False)
    for restaurant_id in (uuid4(), luna.pk):
        with pytest.raises(errors.RestaurantNotFound):
            price_cart(restaurant_id=restaurant_id, lines=cart, now=NOW)


def test_closed_says_when_it_opens(make: Make) -> None:
    evening = make("evening", hours=[WeeklySpan(0, time(18), time(2))])
    with pytest.raises(errors.RestaurantClosed) as refusal:
        price(evening, line(dish(evening)))
    assert (refusal.value.status, refusal.value.code) == (409, "restaurant_closed")
    assert refusal.value.extra == {"next_opening_at": datetime(2025, 5, 5, 15, tzinfo=UTC)}
    late = datetime(2025, 5, 5, 22, 59, 59, tzinfo=UTC)  # 01:59:59 on Tuesday in Helsinki
    assert price_cart(restaurant_id=evening.pk, lines=[line(dish(evening))], now=late).lines
    with pytest.raises(errors.RestaurantClosed):
        price_cart(restaurant_id=evening.pk, lines=[line(dish(evening))], now=late + timedelta(seconds=1))


def test_paused_and_switched_off_are_closed(luna: Restaurant) -> None:
    cart = [line(dish(luna))]
    Restaurant.objects.update(paused_until=NOW + timedelta(minutes=10))
    with pytest.raises(errors.RestaurantClosed) as refusal:
        price(luna, *cart)
    assert refusal.value.extra == {"next_opening_at": NOW + timedelta(minutes=10)}
    Restaurant.objects.update(paused_until=None, is_accepting=False)
    with pytest.raises(errors.RestaurantClosed) as refusal:
        price(luna, *cart)
    assert refusal.value.extra == {"next_opening_at": None}


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_parts_add_up(db: None, make: Make, data: st.DataObject) -> None:
    luna = Restaurant.objects.filter(slug="luna").first() or make("luna")
    wishes = st.tuples(
        st.integers(1, 3),
        st.integers(1, 99),
        st.sampled_from(["Regular", "Large"]),
        st.lists(st.sampled_from(["Olives", "Chilli", "Rocket"]), unique=True, max_size=2),
    )
    cart = data.draw(st.lists(wishes, min_size=1, max_size=8))
    priced = price(
        luna, *[line(dish(luna, number), size, *extras, quantity=n) for number, n, size, extras in cart]
    )
    deltas = {"Regular": 0, "Large": 250, "Olives": 100, "Chilli": 50, "Rocket": 150}
    for row, (number, quantity, size, extras) in zip(priced, cart, strict=True):
        one_piece = 900 + 100 * number + sum(deltas[name] for name in [size, *extras])
        assert row.total_minor == quantity * one_piece
        assert one_piece == row.unit_price_minor + sum(o.price_delta_minor for o in row.options)
