"""The pages of the restaurants: browsing for everybody, kitchens for those who work there."""

from __future__ import annotations

import pytest
from django.test import Client

from deliveryapp.models import User
from restaurants.models import Restaurant, StaffMember
from tests.restaurants.conftest import Make

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3"/></svg>'


@pytest.fixture
def luna(make: Make, bo: User) -> Restaurant:
    return make("luna", owner=bo, name="Luna & <Sons>", picture_svg=PICTURE)


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def test_discover_is_open_to_everybody(client: Client, db: None) -> None:
    assert "Restaurants" in page(client, "/")


def test_a_restaurant_s_page_names_it_and_escapes_what_it_says(client: Client, luna: Restaurant) -> None:
    html = page(client, "/restaurants/luna/")
    assert "Luna &amp; &lt;Sons&gt;" in html
    assert "<Sons>" not in html


def test_pages_of_nobody(client: Client, luna: Restaurant, bo: User) -> None:
    Restaurant.objects.update(is_active=False)
    client.force_login(bo)
    for path in ("/restaurants/luna/", "/restaurants/nobody/", "/kitchen/luna/", "/kitchen/nobody/"):
        page(client, path, status=404)


def test_the_picture_is_drawn_and_runs_nothing(client: Client, luna: Restaurant) -> None:
    answer = client.get("/restaurants/luna/picture.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer.content.decode() == PICTURE
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert set(answer["Cache-Control"].split(", ")) == {"public", "max-age=3600"}
    again = client.get("/restaurants/luna/picture.svg", headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_no_picture(client: Client, make: Make) -> None:
    make("plain")
    page(client, "/restaurants/plain/picture.svg", status=404)


@pytest.mark.parametrize("path", ["/kitchen/", "/kitchen/luna/", "/kitchen/nobody/"])
def test_kitchens_ask_who_you_are_first(client: Client, luna: Restaurant, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


def test_bo_finds_his_kitchen(client: Client, luna: Restaurant, bo: User) -> None:
    client.force_login(bo)
    assert 'href="/kitchen/luna/"' in page(client, "/kitchen/")
    board = page(client, "/kitchen/luna/")
    assert f'data-restaurant="{luna.pk}"' in board


def test_hours_are_edited_by_owners_and_managers(
    client: Client, luna: Restaurant, cleo: User, dov: User
) -> None:
    member = StaffMember.objects.create(restaurant=luna, user=cleo, role="kitchen")
    client.force_login(cleo)
    assert "/kitchen/luna/hours/" not in page(client, "/kitchen/luna/")
    assert "Close for today" not in page(client, "/kitchen/luna/")
    page(client, "/kitchen/luna/hours/", status=404)
    member.role = "manager"
    member.save()
    assert "/kitchen/luna/hours/" in page(client, "/kitchen/luna/")
    assert f'data-restaurant="{luna.pk}"' in page(client, "/kitchen/luna/hours/")
    client.force_login(dov)
    page(client, "/kitchen/luna/hours/", status=404)


def test_who_works_nowhere_is_told_so(client: Client, luna: Restaurant, dov: User) -> None:
    client.force_login(dov)
    assert "luna" not in page(client, "/kitchen/").lower()


def test_a_stranger_s_board_does_not_exist(client: Client, luna: Restaurant, dov: User) -> None:
    client.force_login(dov)
    page(client, "/kitchen/luna/", status=404)


@pytest.mark.parametrize(
    "path", ["/", "/restaurants/luna/", "/kitchen/", "/kitchen/luna/", "/kitchen/luna/hours/"]
)
def test_pages_are_only_read(client: Client, luna: Restaurant, path: str) -> None:
    assert client.post(path).status_code == 405
