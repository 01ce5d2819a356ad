"""When it goes wrong the page says so while one looks: why, what one gets for it, where else to order."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import F
from playwright.sync_api import expect

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from orders.models import Order
from orders.services import follow_kitchen
from restaurants.models import Restaurant
from tests.browser.conftest import PHONE, PICTURE, City, Visit
from tests.browser.looks import assert_fits
from tests.browser.steps import headline, log_in, place_order
from tests.cast import make_kitchen, make_user
from tests.drivers.stage import app_of


@pytest.fixture(scope="module")
def others(city: City) -> list[str]:
    """Two more kitchens nearby, the second with Bo's cuisine."""
    Restaurant.objects.filter(slug="bos-kitchen").update(cuisines=["soup"])
    for name, cuisines in (("Pias Pizza", ["pizza", "italian"]), ("Sius Soup", ["soup", "noodles"])):
        place = make_kitchen(make_user(name.replace(" ", "-")), name.lower().replace(" ", "-")).restaurant
        facts = {"cuisines": cuisines, "rating_tenths": 46, "rating_count": 12, "picture_svg": PICTURE}
        Restaurant.objects.filter(pk=place.pk).update(**facts)
    return ["Sius Soup", "Pias Pizza"]


def bo_says(city: City, order_id: str, verb: str, body: dict[str, Any]) -> None:
    path = f"/api/v1/restaurants/{city.kitchen.restaurant.pk}/orders/{order_id}/{verb}/"
    answer = app_of(User.objects.get(email="bo@demo.example")).post(path, body, format="json")
    assert answer.status_code == 200, answer.content


def test_a_rejected_order_is_explained_and_made_good(visit: Visit, city: City, others: list[str]) -> None:
    page = visit("/", size=PHONE)
    order_id = place_order(page)
    bo_says(city, order_id, "reject", {"reason": "closing_early"})

    headline(page, "The order was cancelled")
    expect(page.get_by_text("Bos Kitchen is closing early today.")).to_be_visible()
    expect(page.locator("#goodwill")).to_contain_text("€2.00 credit for you")
    names = page.locator("#alternatives li .strong:first-child")
    expect(names).to_have_text(others)
    assert_fits(page, "rejected")
    page.locator("#alternatives a").first.click()
    expect(page).to_have_url(re.compile("/restaurants/sius-soup/$"))


def test_a_late_kitchen_is_told_while_one_looks(visit: Visit, city: City) -> None:
    page = visit("/", size=PHONE)
    order_id = place_order(page)
    bo_says(city, order_id, "confirm", {"prep_minutes": 10})
    headline(page, "Accepted")
    Order.objects.filter(pk=order_id).update(promised_ready_at=F("promised_ready_at") - timedelta(minutes=16))
    follow_kitchen(order_id=UUID(order_id), now=utc_now())

    expect(page.locator("[data-attention=order_late]")).to_contain_text("running late")
    assert_fits(page, "late")
    bo_says(city, order_id, "ready", {})
    expect(page.locator("[data-attention]")).to_have_count(0)


def test_the_kitchen_asks_for_ten_more_minutes(visit: Visit, city: City) -> None:
    page, board = visit("/"), visit("/login/")
    order_id = place_order(page)
    bo_says(city, order_id, "confirm", {"prep_minutes": 10})
    before = Order.objects.get(pk=order_id)
    log_in(board, "Bo", "/kitchen/bos-kitchen/")
    board.get_by_role("button", name=f"10 minutes more for {before.number}").click()

    def moved() -> bool:
        ready_at = Order.objects.get(pk=order_id).ready_at
        assert ready_at is not None
        assert before.ready_at is not None
        return ready_at - before.ready_at > timedelta(minutes=9)

    for _ in range(100):
        if moved():
            break
        board.wait_for_timeout(100)
    assert moved()
    assert_fits(board, "board")
