"""Owner, manager, kitchen: who may do what on every route of a restaurant; inviting, joining, leaving."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F
from rest_framework.test import APIClient

from deliveryapp.models import User
from restaurants.api import examples
from restaurants.api.urls import urlpatterns
from restaurants.models import StaffInvitation, StaffMember
from restaurants.services import staff
from tests.cast import Kitchen, make_user
from tests.crowd import at_once
from tests.orders.test_gates import routes

pytestmark = pytest.mark.django_db
PLACE = "restaurants/<uuid:restaurant_id>/"
MENU = f"{PLACE}catalogue/"
WHOLE, MOST, OWNER = {"owner", "manager", "kitchen"}, {"owner", "manager"}, {"owner"}
ROLES: dict[tuple[str, str], set[str]] = {
    ("put", f"{PLACE}delivery-area/"): MOST,
    ("delete", f"{PLACE}delivery-area/"): MOST,
    ("get", f"{PLACE}hours/"): WHOLE,
    ("put", f"{PLACE}hours/"): MOST,
    ("post", f"{PLACE}special-days/import/"): MOST,
    ("get", f"{PLACE}staff/"): MOST,
    ("post", f"{PLACE}staff/"): OWNER,
    ("patch", f"{PLACE}staff/<uuid:user_id>/"): OWNER,
    ("delete", f"{PLACE}staff/<uuid:user_id>/"): OWNER,
    ("delete", f"{PLACE}staff/invitations/<uuid:invitation_id>/"): OWNER,
    ("get", f"{PLACE}promotions/"): MOST,
    ("post", f"{PLACE}promotions/"): MOST,
    ("patch", f"{PLACE}promotions/<uuid:promotion_id>/"): MOST,
    ("delete", f"{PLACE}promotions/<uuid:promotion_id>/"): MOST,
    ("put", f"{PLACE}busy/"): WHOLE,
    ("delete", f"{PLACE}busy/"): WHOLE,
    ("post", f"{PLACE}pause/"): WHOLE,
    ("post", f"{PLACE}resume/"): WHOLE,
    ("patch", f"{PLACE}items/<uuid:item_id>/"): WHOLE,
    ("patch", f"{PLACE}options/<uuid:option_id>/"): WHOLE,
    ("get", MENU): WHOLE,
    ("get", f"{MENU}export/csv/"): WHOLE,
    ("get", f"{MENU}export/json/"): WHOLE,
    ("post", f"{MENU}import/"): MOST,
    **{("post", f"{MENU}{kind}/"): MOST for kind in ("sections", "items", "groups", "options")},
    **{
        (verb, f"{MENU}{kind}/<uuid:row_id>/"): MOST
        for kind in ("sections", "items", "groups", "options")
        for verb in ("patch", "delete")
    },
}
FOR_ANYBODY = {  # the page of a guest, what is one's own, and the way in
    ("get", "restaurants/"),
    ("get", "restaurants/cuisines/"),
    ("get", "restaurants/mine/"),
    ("get", "restaurants/<slug:key>/"),
    ("get", "favourites/"),
    ("get", "favourites/restaurants/"),
    ("put", "favourites/<uuid:restaurant_id>/"),
    ("delete", "favourites/<uuid:restaurant_id>/"),
    ("post", "staff/join/"),
}
BODIES: dict[str, Any] = {
    f"{PLACE}delivery-area/": {
        "type": "Polygon",
        "coordinates": [[[24.9, 60.1], [25.0, 60.1], [25.0, 60.2]]],
    },
    f"{PLACE}promotions/": {
        "title": "Soup week",
        "kind": "free_delivery",
        "starts_at": "2026-01-01T00:00:00Z",
    },
    f"{PLACE}promotions/<uuid:promotion_id>/": {"title": "Soup month"},
    f"{PLACE}staff/": {"email": "cook@demo.example", "role": "kitchen"},
    f"{PLACE}staff/<uuid:user_id>/": {"role": "manager"},
    f"{PLACE}hours/": {"week": [], "special_days": [], "last_order_minutes": 0, "slot_capacity": None},
    f"{PLACE}special-days/import/": {"text": "12-06 closed"},
    f"{PLACE}busy/": {"extra_minutes": 10, "minutes": 30},
    f"{PLACE}pause/": {"minutes": 30},
    f"{PLACE}items/<uuid:item_id>/": {"available": True},
    f"{PLACE}options/<uuid:option_id>/": {"available": True},
    f"{MENU}import/": examples.MENU_FILE,
    f"{MENU}sections/": {"name": "Sweets"},
    f"{MENU}items/": {"name": "Pie", "price_minor": 100, "section_id": str(uuid4())},
    f"{MENU}groups/": {"name": "Size", "item_id": str(uuid4()), "min_choices": 0, "max_choices": 1},
    f"{MENU}options/": {"name": "Big", "group_id": str(uuid4())},
}
ClientOf = Callable[[User | None], APIClient]


@pytest.fixture
def people(kitchen: Kitchen, bo: User, as_: ClientOf) -> dict[str, APIClient]:
    """One of each role at Bo's, and Dov, who has no business there."""
    apps = {"owner": as_(bo), "dov": as_(make_user("Dov")), "nobody": as_(None)}
    for role in ("manager", "kitchen"):
        user = make_user(role.title())
        StaffMember.objects.create(restaurant=kitchen.restaurant, user=user, role=role)
        apps[role] = as_(user)
    return apps


def call(app: APIClient, kitchen: Kitchen, method: str, route: str) -> Any:
    path = route.replace("<uuid:restaurant_id>", str(kitchen.restaurant.pk))
    for name in ("row_id", "item_id", "option_id", "user_id", "invitation_id", "promotion_id"):
        path = path.replace(f"<uuid:{name}>", str(uuid4()))
    if method == "get":
        return app.get(f"/api/v1/{path}")
    return getattr(app, method)(f"/api/v1/{path}", BODIES.get(route, {}), format="json")


def test_every_route_is_in_the_table() -> None:
    assert set(routes(urlpatterns)) == set(ROLES) | FOR_ANYBODY


def test_who_may_do_what(people: dict[str, APIClient], kitchen: Kitchen) -> None:
    """All roles on all routes; ids of rows are unknown, so that only the gate is asked."""
    for (method, route), allowed in ROLES.items():
        for who, app in people.items():
            answer = call(app, kitchen, method, route)
            said = (who, method, route, answer.status_code, answer.content[:200])
            code = answer.json().get("code") if answer.get("Content-Type", "").endswith("json") else ""
            if who == "nobody":
                assert answer.status_code == 401, said
            elif who == "dov":
                assert (answer.status_code, code) == (404, "restaurant_not_found"), said
            elif who not in allowed:
                assert (answer.status_code, code) == (403, "role_required"), said
            else:
                assert answer.status_code not in (401, 403), said
                assert code != "restaurant_not_found", said


class TestInviting:
    def staff_url(self, kitchen: Kitchen) -> str:
        return f"/api/v1/restaurants/{kitchen.restaurant.pk}/staff/"

    def invited(self, app: APIClient, kitchen: Kitchen, role: str = "kitchen") -> str:
        """The token in the link."""
        body = {"email": "Dov@demo.example", "role": role}
        answer = app.post(self.staff_url(kitchen), body, format="json")
        assert answer.status_code == 201, answer.content
        return str(answer.json()["link"].rsplit("token=", 1)[1])

    def join(self, app: APIClient, token: str) -> Any:
        return app.post("/api/v1/staff/join/", {"token": token}, format="json")

    def test_who_is_invited_joins_once_and_sees_the_board(
        self, people: dict[str, APIClient], kitchen: Kitchen
    ) -> None:
        token = self.invited(people["owner"], kitchen)
        found = people["manager"].get(self.staff_url(kitchen)).json()
        assert [row["role"] for row in found["members"]] == ["kitchen", "manager", "owner"]
        assert [(row["email"], row["role"]) for row in found["invitations"]] == [
            ("dov@demo.example", "kitchen")
        ]
        assert "link" not in found["invitations"][0]
        assert self.join(people["kitchen"], token).status_code == 404  # somebody else's address
        joined = self.join(people["dov"], token)
        assert (joined.status_code, joined.json()["role"]) == (200, "kitchen")
        assert self.join(people["dov"], token).json()["code"] == "invitation_not_found"
        board = f"/api/v1/restaurants/{kitchen.restaurant.pk}/orders/"
        assert people["dov"].get(board).status_code == 200

    def test_what_is_over_taken_back_or_made_up_lets_nobody_in(
        self, people: dict[str, APIClient], kitchen: Kitchen
    ) -> None:
        first, second = self.invited(people["owner"], kitchen), self.invited(people["owner"], kitchen)
        assert self.join(people["dov"], first).status_code == 404  # the second one took its place
        StaffInvitation.objects.update(valid_until=F("invited_at") - timedelta(seconds=1))
        assert self.join(people["dov"], second).status_code == 404
        third = self.invited(people["owner"], kitchen)
        row = StaffInvitation.objects.get()
        gone = people["owner"].delete(f"{self.staff_url(kitchen)}invitations/{row.pk}/")
        assert gone.status_code == 204
        assert [self.join(people["dov"], token).status_code for token in (third, "x", "")] == [404, 404, 400]
        assert not StaffMember.objects.filter(user__name="Dov").exists()

    def test_roles_change_and_people_leave_but_an_owner_stays(
        self, people: dict[str, APIClient], kitchen: Kitchen, bo: User
    ) -> None:
        manager = User.objects.get(name="Manager")
        url = self.staff_url(kitchen)
        for refused in (
            people["owner"].delete(f"{url}{bo.pk}/"),
            people["owner"].patch(f"{url}{bo.pk}/", {"role": "kitchen"}, format="json"),
        ):
            assert (refused.status_code, refused.json()["code"]) == (409, "last_owner")
        raised = people["owner"].patch(f"{url}{manager.pk}/", {"role": "owner"}, format="json")
        assert (raised.status_code, raised.json()["role"]) == (200, "owner")
        assert people["manager"].delete(f"{url}{bo.pk}/").status_code == 204
        assert people["owner"].get(url).status_code == 404
        assert people["manager"].delete(f"{url}{bo.pk}/").json()["code"] == "staff_member_not_found"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_dismiss_each_other(kitchen: Kitchen, bo: User) -> None:
    for number in range(20):
        StaffMember.objects.all().delete()
        other = make_user(f"Owner{number}")
        for user in (bo, other):
            StaffMember.objects.create(restaurant=kitchen.restaurant, user=user, role="owner")
        dismiss = partial(staff.dismiss, restaurant_id=kitchen.restaurant.pk)
        at_once(
            partial(dismiss, user_id=bo.pk, member_id=other.pk),
            partial(dismiss, user_id=other.pk, member_id=bo.pk),
        )
        assert StaffMember.objects.filter(role="owner").count() == 1
