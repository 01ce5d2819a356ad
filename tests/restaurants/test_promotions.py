"""Promotions as staff make them, guests see them and the platform adds its own. Dov must see nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from restaurants.api.promotions import PromotionOutput
from restaurants.models import Promotion, Restaurant, StaffMember
from tests.cast import KITCHEN_AT, Kitchen, make_kitchen, make_user

pytestmark = pytest.mark.django_db
As = Callable[[User | None], APIClient]
LUNCH = {"title": "20 % off lunch", "kind": "percent", "percent_bp": 2_000}


def path_to(place: Restaurant, row_id: object = "") -> str:
    return f"/api/v1/restaurants/{place.pk}/promotions/" + (f"{row_id}/" if row_id else "")


@pytest.fixture
def bos(kitchen: Kitchen) -> Restaurant:
    return kitchen.restaurant


@pytest.fixture
def api(as_: As, bo: User) -> APIClient:
    return as_(bo)


def made(api: APIClient, place: Restaurant, **fields: Any) -> dict[str, Any]:
    answer = api.post(path_to(place), LUNCH | fields, format="json")
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def platforms(**fields: Any) -> Promotion:
    given = {"title": "On us", "kind": "free_delivery", "borne_by": "platform", "starts_at": utc_now()}
    return Promotion.objects.create(**{**given, **fields})


class TestStaff:
    def test_an_owner_makes_changes_and_ends_one(self, api: APIClient, bos: Restaurant) -> None:
        body = made(api, bos, code="lunch-20", minimum_minor=1_500, maximum_minor=800, max_uses=10)
        assert body | {"code": "LUNCH-20", "borne_by": "restaurant", "used": 0} == body
        assert body["minimum"] == {"amount_minor": 1_500, "currency": "EUR"}
        assert set(body) == set(PromotionOutput().fields)
        ends_at = "2030-01-01T00:00:00Z"
        changed = api.patch(path_to(bos, body["id"]), {"ends_at": ends_at, "max_uses": 20}, format="json")
        assert changed.json() == body | {"ends_at": ends_at, "max_uses": 20}
        assert api.get(path_to(bos)).json() == {"results": [changed.json()]}
        assert api.delete(path_to(bos, body["id"])).status_code == 204
        assert api.get(path_to(bos)).json() == {"results": []}
        assert Promotion.objects.get().archived_at is not None
        assert made(api, bos, code="LUNCH-20")["id"] != body["id"]

    @pytest.mark.parametrize(
        ("fields", "status", "code"),
        [
            ({"kind": "amount"}, 422, "promotion_invalid"),
            ({"kind": "amount", "percent_bp": None}, 422, "promotion_invalid"),
            ({"amount_minor": 100}, 422, "promotion_invalid"),
            ({"first_order_only": True}, 422, "promotion_invalid"),
            ({"ends_at": "2020-01-01T00:00:00Z"}, 422, "promotion_invalid"),
            ({"code": "TAKEN"}, 409, "promotion_code_taken"),
            ({"percent_bp": 10_001}, 400, "invalid_input"),
            ({"percent_bp": "2000"}, 400, "invalid_input"),
            ({"max_uses": 0}, 400, "invalid_input"),
            ({"code": "a b"}, 400, "invalid_input"),
            ({"code": "É12"}, 400, "invalid_input"),
            ({"title": "4242 4242 4242 4242"}, 400, "card_number_refused"),
        ],
    )
    def test_what_does_not_fit_is_refused(
        self, api: APIClient, bos: Restaurant, fields: dict[str, Any], status: int, code: str
    ) -> None:
        made(api, bos, code="TAKEN")
        answer = api.post(path_to(bos), LUNCH | fields, format="json")
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
        assert Promotion.objects.count() == 1

    def test_what_a_body_may_not_say(self, api: APIClient, bos: Restaurant) -> None:
        body = made(api, bos, borne_by="platform", used=7, currency="SEK", restaurant_id=None)
        row = Promotion.objects.get()
        assert (row.borne_by, row.used, row.currency, row.restaurant) == ("restaurant", 0, "EUR", bos)
        changed = api.patch(path_to(bos, body["id"]), {"percent_bp": 9_000, "kind": "amount"}, format="json")
        assert (changed.status_code, changed.json()) == (200, body)

    def test_who_pays_may_change_it(self, api: APIClient, bos: Restaurant) -> None:
        row = platforms(restaurant=bos)
        assert api.get(path_to(bos)).json()["results"][0]["borne_by"] == "platform"
        for answer in (
            api.patch(path_to(bos, row.pk), {"max_uses": 1}, format="json"),
            api.delete(path_to(bos, row.pk)),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "promotion_of_others")
        row.refresh_from_db()
        assert (row.max_uses, row.archived_at) == (None, None)

    def test_only_owners_and_managers_of_the_place(
        self, api: APIClient, bos: Restaurant, dov: User, as_: As
    ) -> None:
        row = made(api, bos)
        cook = make_user("Mia")
        StaffMember.objects.create(restaurant=bos, user=cook, role="kitchen")
        other = make_kitchen(make_user("Vera"), "veras-kitchen").restaurant
        for app, status, code in [
            (as_(cook), 403, "role_required"),
            (as_(dov), 404, "restaurant_not_found"),
            (as_(None), 401, "unauthenticated"),
        ]:
            for answer in (
                app.get(path_to(bos)),
                app.post(path_to(bos), LUNCH, format="json"),
                app.patch(path_to(bos, row["id"]), {"title": "Mine"}, format="json"),
                app.delete(path_to(bos, row["id"])),
            ):
                assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert api.delete(path_to(other, row["id"])).status_code == 404
        unknown = api.delete(path_to(bos, uuid4()))
        assert (unknown.status_code, unknown.json()["code"]) == (404, "promotion_not_found")
        assert Promotion.objects.get().archived_at is None

    def test_no_more_than_fifty(self, api: APIClient, bos: Restaurant) -> None:
        Promotion.objects.bulk_create(
            Promotion(restaurant=bos, title=str(n), kind="free_delivery", starts_at=utc_now())
            for n in range(50)
        )
        answer = api.post(path_to(bos), LUNCH, format="json")
        assert (answer.status_code, answer.json()["code"]) == (409, "promotions_full")


class TestGuests:
    def seen(self) -> list[list[str]]:
        """Titles in the list and on the page."""
        lat, lng = KITCHEN_AT
        guest = APIClient()
        card = guest.get("/api/v1/restaurants/", {"lat": lat, "lng": lng}).json()["results"][0]
        page = guest.get(f"/api/v1/restaurants/{card['slug']}/").json()
        return [[offer["title"] for offer in document["promotions"]] for document in (card, page)]

    def test_what_everybody_gets_now_is_shown(self, api: APIClient, bos: Restaurant) -> None:
        hour = timedelta(hours=1)
        made(api, bos)
        platforms()
        made(api, bos, title="secret", code="SECRET")
        made(api, bos, title="tomorrow", starts_at=(utc_now() + 24 * hour).isoformat())
        platforms(title="over", starts_at=utc_now() - 2 * hour, ends_at=utc_now() - hour)
        platforms(title="used up", max_uses=5, used=5)
        platforms(title="ended", archived_at=utc_now())
        platforms(title="other money", currency="SEK")
        platforms(title="elsewhere", restaurant=make_kitchen(make_user("Vera"), "zveras").restaurant)
        Restaurant.objects.filter(slug="zveras").update(is_active=False)
        assert self.seen() == [["20 % off lunch", "On us"]] * 2

    def test_they_cost_no_statement(self, api: APIClient, bos: Restaurant) -> None:
        counts = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as captured:
                self.seen()
            counts.append(len(captured))
            made(api, bos)
            platforms()
        assert counts[0] == counts[1] == 7


class TestAdmin:
    def form(self, **fields: Any) -> dict[str, Any]:
        times = {"starts_at_0": "2026-01-01", "starts_at_1": "00:00:00"}
        return {"title": "Hello", "code": "HELLO", "kind": "amount", "amount_minor": "500"} | {
            "currency": "EUR",
            "minimum_minor": "0",
            **times,
            **fields,
        }

    def test_the_platform_makes_its_own(self, client: Client, sam: User) -> None:
        client.force_login(sam)
        assert client.post("/admin/restaurants/promotion/add/", self.form()).status_code == 302
        row = Promotion.objects.get()
        assert (row.borne_by, row.restaurant, row.created_by, row.amount_minor) == (
            "platform",
            None,
            sam,
            500,
        )
        page = f"/admin/restaurants/promotion/{row.pk}/change/"
        assert client.post(page, self.form(title="Hi", amount_minor="900")).status_code == 302
        row.refresh_from_db()
        assert (row.title, row.amount_minor) == ("Hi", 500)

    def test_what_does_not_fit_is_said(self, client: Client, sam: User) -> None:
        client.force_login(sam)
        answer = client.post("/admin/restaurants/promotion/add/", self.form(code="", percent_bp="7"))
        assert answer.status_code == 200
        assert "promotion_kind_has_its_value" in answer.content.decode()
        assert not Promotion.objects.exists()

    def test_a_restaurants_own_is_only_looked_at(
        self, client: Client, sam: User, api: APIClient, bos: Restaurant
    ) -> None:
        row_id = made(api, bos)["id"]
        client.force_login(sam)
        page = f"/admin/restaurants/promotion/{row_id}/change/"
        assert client.get(page).status_code == 200
        assert client.post(page, self.form(title="Hi")).status_code == 403
        assert Promotion.objects.get().title == LUNCH["title"]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"borne_by": "restaurant"}, "promotion_of_all_is_paid_by_the_platform"),
        ({"code": "low er"}, "promotion_code_is_upper_case"),
        ({"is_first_order_only": True}, "promotion_for_first_orders_has_a_code"),
        ({"amount_minor": 1}, "promotion_kind_has_its_value"),
        ({"max_uses": 0}, "promotion_limits_are_positive"),
    ],
)
def test_the_table_keeps_its_rules(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        platforms(**fields)
