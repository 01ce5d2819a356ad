"""`/ws/orders/{id}/`: who gets in, the snapshot first, then what changes (F8, F9, P3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deliveryapp import identity
from deliveryapp.realtime import access
from tests.drivers.stage import KITCHEN, rider_online
from tests.tracking.stage import (
    SITE,
    confirm,
    find_driver,
    in_thread,
    kitchen_says,
    on_the_road,
    place,
    rider_says,
    socket,
    token_of,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("loop_ends_clean", "sandbox"),
]


@pytest.fixture
def order_id(ada, kitchen):
    return place(ada, kitchen)


@pytest.fixture
def route(order_id):
    return f"/ws/orders/{order_id}/"


async def test_the_snapshot_comes_first(ada, kitchen, route, order_id):
    async with socket(route, user=ada) as ours:
        snapshot = await ours.hear()

    eta = snapshot.pop("eta")
    order = snapshot.pop("order")
    assert snapshot == {
        "type": "snapshot",
        "seq": 2,
        "restaurant": {"name": "Bos Kitchen", "lat": 60.1699, "lng": 24.94},
        "destination": {"lat": 60.166, "lng": 24.942, "street": "Fredrikinkatu 1"},
        "driver": None,
    }
    assert (order["id"], order["status"], order["ready_at"]) == (str(order_id), "placed", None)
    assert eta["confidence"] == "low"
    assert eta["earliest_at"] < eta["latest_at"]


async def test_each_move_of_the_order_arrives_with_its_number(ada, bo, kitchen, route, order_id, cleo):
    async with socket(route, user=ada) as ours:
        await ours.hear()
        await in_thread(confirm, bo, kitchen, order_id)
        confirmed = await ours.hear_until("status")
        await in_thread(kitchen_says, bo, kitchen, order_id, "preparing")
        preparing = await ours.hear_until("status")
        await in_thread(kitchen_says, bo, kitchen, order_id, "ready")
        ready = await ours.hear_until("status")

    frames = [(frame["seq"], frame["status"]) for frame in (confirmed, preparing, ready)]
    assert frames == [(3, "confirmed"), (4, "preparing"), (5, "ready")]
    assert ready["eta"]["latest_at"] < confirmed["eta"]["latest_at"]


async def test_the_driver_appears_moves_and_disappears(ada, bo, kitchen, route, order_id, cleo):
    await in_thread(confirm, bo, kitchen, order_id)
    async with socket(route, user=ada) as ours, socket("/ws/driver/", user=cleo.user) as phone:
        assert (await ours.hear())["driver"] is None
        await in_thread(find_driver, cleo)
        driver = (await ours.hear_until("driver"))["driver"]
        assert (driver["name"], driver["vehicle"], driver["status"]) == ("Cleo", "bicycle", "assigned")
        assert driver["position"]["lat"] == pytest.approx(KITCHEN.lat)
        assert driver["position"]["stale"] is False

        await phone.say({"type": "position", "lat": 60.1702, "lng": 24.9401, "heading": 45, "seq": 1})
        moved = await ours.hear_until("position")
        assert (moved["lat"], moved["lng"], moved["heading"]) == (60.1702, 24.9401, 45)
        assert moved["eta"]["confidence"] == "medium"

        await in_thread(rider_says, cleo, order_id, "release", {"reason": "accident"})
        assert (await ours.hear_until("driver"))["driver"] is None
        await phone.hear_until("delivery")
        await phone.say({"type": "position", "lat": 60.1703, "lng": 24.9401, "seq": 2})
        await phone.hear_until("ack")
        assert await ours.is_silent()


async def test_after_delivery_nobody_follows_the_driver(ada, bo, kitchen, cleo):
    order_id = await in_thread(on_the_road, ada, bo, kitchen, cleo)
    async with (
        socket(f"/ws/orders/{order_id}/", user=ada) as ours,
        socket("/ws/driver/", user=cleo.user) as phone,
    ):
        snapshot = await ours.hear()
        assert snapshot["driver"]["position"] is not None
        assert snapshot["eta"]["confidence"] == "high"
        await phone.say({"type": "position", "lat": 60.1698, "lng": 24.9401, "seq": 1})
        await ours.hear_until("position")

        await in_thread(rider_says, cleo, order_id, "delivered")
        assert (await ours.hear_until("status"))["status"] == "delivered"
        await phone.say({"type": "position", "lat": 60.1697, "lng": 24.9401, "seq": 2})
        await phone.hear_until("ack")
        assert await ours.is_silent()
        await ours.say({"type": "snapshot"})
        after = await ours.hear()
        assert (after["driver"]["position"], after["eta"]) == (None, None)


async def test_a_late_position_of_a_driver_who_is_gone_stops_at_the_socket(
    ada, bo, kitchen, route, order_id, cleo
):
    """Control for the check in the consumer: the frame is pushed to the order's own group."""
    from deliveryapp.realtime import push

    async with socket(route, user=ada) as ours:
        await ours.hear()
        frame = {"type": "position", "lat": 1.0, "lng": 2.0}
        await in_thread(push, group=f"order.{order_id}", frame=frame, driver_id=str(cleo.id))
        assert await ours.is_silent()
        await in_thread(confirm, bo, kitchen, order_id)
        await in_thread(find_driver, cleo)
        await ours.hear_until("driver")
        await in_thread(push, group=f"order.{order_id}", frame=frame, driver_id=str(cleo.id))
        assert await ours.hear() == frame


async def test_an_old_position_is_shown_as_stale(ada, bo, kitchen, cleo, monkeypatch):
    from tracking import selectors

    order_id = await in_thread(on_the_road, ada, bo, kitchen, cleo)
    monkeypatch.setattr(selectors, "STALE_AFTER", timedelta(seconds=-1))

    async with socket(f"/ws/orders/{order_id}/", user=ada) as ours:
        snapshot = await ours.hear()

    assert snapshot["driver"]["position"]["stale"] is True
    assert snapshot["eta"]["confidence"] == "low"


# Who gets in --------------------------------------------------------------------------------


async def test_staff_driver_and_support_may_watch_and_dov_may_not(ada, bo, kitchen, cleo, sam, dov):
    order_id = await in_thread(on_the_road, ada, bo, kitchen, cleo)
    for user in (ada, bo, cleo.user, sam):
        async with socket(f"/ws/orders/{order_id}/", user=user) as ours:
            assert (await ours.hear())["type"] == "snapshot"
    finn = await in_thread(rider_online, "Finn")
    for user in (dov, finn.user):
        async with socket(f"/ws/orders/{order_id}/", user=user) as ours:
            assert await ours.close_code() == 4404


async def test_an_order_that_does_not_exist_looks_the_same_to_dov(dov, sandbox):
    async with socket("/ws/orders/01980000-0000-7000-8000-000000000001/", user=dov) as ours:
        assert await ours.close_code() == 4404


async def test_a_browser_comes_with_its_session(ada, route, client):
    await in_thread(client.force_login, ada)
    cookie = f"sessionid={client.cookies['sessionid'].value}"

    async with socket(route, headers={"cookie": cookie, "origin": SITE}) as ours:
        assert (await ours.hear())["type"] == "snapshot"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://testserver.evil.example"])
async def test_a_foreign_page_gets_nowhere_with_adas_cookie(ada, route, client, origin):
    await in_thread(client.force_login, ada)
    cookie = f"sessionid={client.cookies['sessionid'].value}"

    async with socket(route, headers={"cookie": cookie, "origin": origin}) as ours:
        assert await ours.close_code() == 4403


async def test_a_cookie_without_an_origin_is_no_authentication(ada, route, client, monkeypatch):
    monkeypatch.setattr(access, "AUTHENTICATE_WITHIN_S", 0.1)
    await in_thread(client.force_login, ada)
    cookie = f"sessionid={client.cookies['sessionid'].value}"

    async with socket(route, headers={"cookie": cookie}) as ours:
        assert await ours.close_code() == 4401


async def test_a_token_may_come_as_a_subprotocol(ada, route):
    token = await in_thread(token_of, ada)
    async with socket(route, subprotocols=["deliveryapp.v1", f"bearer.{token}"]) as ours:
        assert ours.subprotocol == "deliveryapp.v1"
        assert (await ours.hear())["type"] == "snapshot"


async def test_a_token_in_the_address_is_refused(ada, route):
    token = await in_thread(token_of, ada)
    async with socket(f"{route}?token={token}") as ours:
        assert await ours.close_code() == 4400


async def test_who_says_nothing_is_let_go(route, monkeypatch):
    monkeypatch.setattr(access, "AUTHENTICATE_WITHIN_S", 0.1)
    async with socket(route) as ours:
        assert await ours.close_code() == 4401


@pytest.mark.parametrize("token", ["", "nonsense", 7, None])
async def test_a_bad_token_is_refused(route, token):
    async with socket(route) as ours:
        await ours.say({"type": "authenticate", "token": token})
        assert await ours.close_code() == 4401


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("{", None),
        ("[]", None),
        ("7", None),
        ('{"kind": "ping"}', None),
        ('{"type": 7}', None),
        ('{"type": "launch"}', None),
        ('{"type": "ping", "fill": "' + "x" * 17_000 + '"}', None),
        (None, b"\x00\x01"),
    ],
)
async def test_a_bad_frame_ends_the_socket(ada, route, text, data):
    async with socket(route, user=ada) as ours:
        await ours.hear()
        await ours.say_raw(text, data)
        assert await ours.close_code() == 4400


async def test_who_talks_too_much_is_cut_off(ada, route):
    async with socket(route, user=ada) as ours:
        await ours.hear()
        for _ in range(60):
            await ours.say({"type": "ping"})
        assert await ours.close_code() == 4429


async def test_logging_out_everywhere_ends_open_sockets(ada, route, monkeypatch):
    monkeypatch.setattr(access, "RECHECK_EVERY_S", 0.1)
    async with socket(route, user=ada) as ours:
        await ours.hear()
        await in_thread(identity.log_out_everywhere, user_id=ada.pk)
        assert await ours.close_code() == 4401


async def test_losing_the_role_ends_open_sockets(bo, kitchen, route, monkeypatch):
    from restaurants.models import StaffMember

    monkeypatch.setattr(access, "RECHECK_EVERY_S", 0.1)
    async with socket(route, user=bo) as ours:
        await ours.hear()
        await in_thread(StaffMember.objects.filter(user=bo).delete)
        assert await ours.close_code() == 4404


async def test_a_token_is_renewed_on_the_open_socket_but_not_with_somebody_elses(ada, dov, route):
    async with socket(route, user=ada) as ours:
        await ours.hear()
        await ours.say({"type": "authenticate", "token": await in_thread(token_of, ada)})
        await ours.say({"type": "ping"})
        assert await ours.hear() == {"type": "pong"}
        await ours.say({"type": "authenticate", "token": await in_thread(token_of, dov)})
        assert await ours.close_code() == 4401


@pytest.mark.slow
async def test_an_idle_socket_survives(ada, bo, kitchen, route, order_id):
    """redis-py's default read time-out of 5 s must not end it (django/channels_redis#422)."""
    async with socket(route, user=ada) as ours:
        await ours.hear()
        assert await ours.is_silent(for_s=6.5)
        await in_thread(confirm, bo, kitchen, order_id)
        assert (await ours.hear())["status"] == "confirmed"
