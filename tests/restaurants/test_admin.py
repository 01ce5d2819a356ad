"""The admin's pages of this app open, and change nothing."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from deliveryapp.models import User
from restaurants.models import MenuItem, Restaurant
from tests.restaurants.conftest import Make


@pytest.fixture
def admin(client: Client, sam: User) -> Client:
    client.force_login(sam)
    return client


def test_lists_and_details_open(admin: Client, make: Make, bo: User) -> None:
    luna = make("luna", owner=bo)
    for model in ("restaurant", "menuitem", "ticket"):
        assert admin.get(reverse(f"admin:restaurants_{model}_changelist")).status_code == 200
    detail = admin.get(reverse("admin:restaurants_restaurant_change", args=[luna.pk]))
    assert detail.status_code == 200
    assert "Market Street 1" in detail.content.decode()


def test_nothing_is_added_changed_or_deleted_there(admin: Client, make: Make) -> None:
    luna = make("luna")
    for action in ("change", "delete"):
        path = reverse(f"admin:restaurants_restaurant_{action}", args=[luna.pk])
        assert admin.post(path, {"name": "Mine", "post": "yes"}).status_code == 403
    assert admin.post(reverse("admin:restaurants_menuitem_add"), {"name": "Free"}).status_code == 403
    assert Restaurant.objects.get().name == "Luna"
    assert MenuItem.objects.count() == 3
