"""Support looks at drivers and deliveries and changes nothing there (F12)."""

from __future__ import annotations

import pytest

from drivers.models import Delivery
from tests.drivers.stage import request_delivery, rider_online, tick

pytestmark = pytest.mark.django_db


def test_support_sees_the_story_of_a_delivery(client, sam):
    cleo = rider_online("Cleo")
    order_id = request_delivery()
    tick()
    cleo.accept_the_offer()
    client.force_login(sam)
    delivery = Delivery.objects.get(order_id=order_id)

    drivers = client.get("/admin/drivers/driver/")
    found = client.get(f"/admin/drivers/delivery/?q={order_id}")
    story = client.get(f"/admin/drivers/delivery/{delivery.pk}/change/")

    assert (drivers.status_code, found.status_code, story.status_code) == (200, 200, 200)
    assert "Cleo" in drivers.text
    assert str(order_id) in found.text
    assert "accepted" in story.text.lower()


def test_nothing_is_changed_there(client, sam):
    order_id = request_delivery()
    delivery = Delivery.objects.get(order_id=order_id)
    client.force_login(sam)

    changed = client.post(f"/admin/drivers/delivery/{delivery.pk}/change/", {"pickup_name": "Elsewhere"})
    deleted = client.post(f"/admin/drivers/delivery/{delivery.pk}/delete/", {"post": "yes"})

    assert (changed.status_code, deleted.status_code) == (403, 403)
    assert Delivery.objects.get(pk=delivery.pk).pickup_name == "Bo's kitchen"
