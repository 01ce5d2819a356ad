"""`/ws/driver/`: positions up and acknowledged, offers and news of deliveries down (F7, F9)."""

from __future__ import annotations

import asyncio

import pytest

from deliveryapp import identity, positions
from deliveryapp import redis as shared_redis
from deliveryapp.clock import utc_now
from deliveryapp.realtime import access
from drivers import facade
from tests.drivers.stage import KITCHEN, REGION, let_expire, make_rider, request_delivery, tick
from tests.tracking.stage import SITE, confirm, drain, find_driver, in_thread, kitchen_says, place, socket
from tracking import ingest
from tracking.ingest import buffer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("loop_ends_clean")]

HERE = {"lat": 60.1700, "lng": 24.9401}


def where(rider):
    return positions.get_many(region=REGION, driver_ids=[rider.id]).get(rider.id)


def offer_one():
    order_id = request_delivery()
    tick()
    return order_id


async def test_a_position_is_acknowledged_once_it_is_stored(cleo):
    async with socket("/ws/driver/", user=cleo.user) as phone:
        assert await phone.hear() == {"type": "snapshot", "offers": [], "deliveries": 0}
        await phone.say({"type": "position", **HERE, "heading": 90, "speed": 4.5, "accuracy": 6, "seq": 41})
        assert await phone.hear() == {"type": "ack", "seq": 41, "accepted": 1, "dropped": []}

        stored = await in_thread(where, cleo)

    assert (stored.point.lat, stored.point.lng) == (60.17, 24.9401)
    assert (stored.heading, stored.speed, stored.accuracy, stored.seq) == (90, 4.5, 6, 41)


async def test_of_a_batch_the_newest_wins_and_bad_points_are_named(cleo):
    now = utc_now().timestamp()
    points = [
        {**HERE, "ts": now - 2, "seq": 1},
        {"lat": 91, "lng": 24.94, "ts": now - 1, "seq": 2},
        {"lat": 61.5, "lng": 24.94, "ts": now + 1, "seq": 3},
        {**HERE, "lat": 60.1701, "ts": now + 2, "seq": 4, "accuracy": 900},
        {**HERE, "lat": 60.1702, "ts": (now + 3) * 1000, "seq": 5},
    ]
    async with socket("/ws/driver/", user=cleo.user) as phone:
        await phone.hear()
        await phone.say({"type": "positions", "points": points})
        ack = await phone.hear()
        stored = await in_thread(where, cleo)

    assert ack["seq"] == 5
    assert {point["seq"]: point["reason"] for point in ack["dropped"]} == {
        1: "not_newer",
        2: "invalid",
        3: "jump",
        4: "inaccurate",
    }
    assert (ack["accepted"], stored.seq) == (1, 5)
    assert stored.at <= utc_now()


async def test_points_in_memory_are_stored_when_the_process_ends(cleo, monkeypatch):
    monkeypatch.setattr(buffer, "PAUSE_S", 60)
    async with socket("/ws/driver/", user=cleo.user) as phone:
        await phone.hear()
        await phone.say({"type": "position", **HERE, "seq": 9})
        assert await phone.is_silent()
        await ingest.shutdown()
        ack = await phone.hear()
        stored = await in_thread(where, cleo)

    assert (ack["accepted"], stored.seq) == (1, 9)


@pytest.mark.parametrize(
    "frame", [{"type": "positions", "points": []}, {"type": "position"}, {"type": "teleport"}]
)
async def test_a_frame_that_is_none_ends_the_socket(cleo, frame):
    async with socket("/ws/driver/", user=cleo.user) as phone:
        await phone.hear()
        await phone.say(frame)
        assert await phone.close_code() == 4400


async def test_offers_arrive_and_go(cleo):
    async with socket("/ws/driver/", user=cleo.user) as phone:
        await phone.hear()
        order_id = await in_thread(offer_one)
        await in_thread(drain)
        offered = await phone.hear()
        assert (offered["type"], offered["offer"]["order_id"]) == ("offer", str(order_id))
        assert [offered["offer"]] == await in_thread(cleo.offers)

        await in_thread(let_expire, order_id)
        await in_thread(tick)
        await in_thread(drain)
        assert await phone.hear() == {
            "type": "offer_gone",
            "offer_id": offered["offer"]["id"],
            "reason": "expired",
        }


async def test_whoever_connects_late_finds_his_offer_in_the_snapshot(cleo):
    order_id = await in_thread(offer_one)

    async with socket("/ws/driver/", user=cleo.user) as phone:
        snapshot = await phone.hear()

    assert [offer["order_id"] for offer in snapshot["offers"]] == [str(order_id)]


async def test_a_withdrawn_offer_goes(cleo):
    order_id = await in_thread(offer_one)
    await in_thread(drain)
    async with socket("/ws/driver/", user=cleo.user) as phone:
        await phone.hear()
        await in_thread(facade.cancel_delivery, order_id=order_id, reason="order_cancelled", now=utc_now())
        await in_thread(drain)
        gone = await phone.hear()

    assert (gone["type"], gone["reason"]) == ("offer_gone", "withdrawn")


async def test_a_shift_that_ended_by_silence_is_told(cleo):
    async with socket("/ws/driver/", user=cleo.user) as phone:
        await phone.hear()
        for _ in range(3):
            order_id = await in_thread(offer_one)
            await in_thread(let_expire, order_id)
        await in_thread(tick)
        await in_thread(drain)
        told = await phone.hear_until("shift")
        assert told == {"type": "shift", "status": "offline", "reason": "missed_offers"}
        await phone.say({"type": "position", **HERE, "seq": 7})
        ack = await phone.hear_until("ack")

    assert (ack["accepted"], ack["dropped"]) == (0, [{"seq": 7, "reason": "offline"}])


async def test_news_of_the_delivery_arrive(ada, bo, kitchen, cleo, sandbox):
    order_id = await in_thread(place, ada, kitchen)
    await in_thread(confirm, bo, kitchen, order_id)
    news = []
    async with socket("/ws/driver/", user=cleo.user) as phone:
        await phone.hear()
        await in_thread(find_driver, cleo)
        news.append(await phone.hear_until("delivery"))
        await in_thread(kitchen_says, bo, kitchen, order_id, "preparing")
        await in_thread(kitchen_says, bo, kitchen, order_id, "ready")
        news.append(await phone.hear_until("delivery"))
        await phone.say({"type": "snapshot"})
        assert (await phone.hear_until("snapshot"))["deliveries"] == 1

    assert [frame["event"] for frame in news] == ["assigned", "ready"]
    assert {frame["order_id"] for frame in news} == {str(order_id)}


async def test_positions_before_going_online_are_dropped_and_after_it_count(transactional_db):
    finn = await in_thread(make_rider, "Finn")
    async with socket("/ws/driver/", user=finn.user) as phone:
        await phone.hear()
        await phone.say({"type": "position", **HERE, "seq": 1})
        early = await phone.hear()
        await in_thread(finn.go_online, KITCHEN)
        for seq in range(2, 60):
            await phone.say({"type": "position", **HERE, "seq": seq})
            if (await phone.hear())["accepted"]:
                break
            await asyncio.sleep(0.1)
        stored = await in_thread(where, finn)

    assert early["dropped"] == [{"seq": 1, "reason": "offline"}]
    assert stored.seq == seq < 30


async def test_what_redis_did_not_take_is_not_acknowledged_as_stored(cleo, settings, monkeypatch):
    async with socket("/ws/driver/", user=cleo.user) as phone:
        await phone.hear()
        monkeypatch.setattr(shared_redis, "_async_clients", {})
        settings.REDIS_URL = "unix:///nowhere/redis.sock"
        await phone.say({"type": "position", **HERE, "seq": 3})
        ack = await phone.hear()
        monkeypatch.undo()

    assert ack == {"type": "ack", "seq": 3, "accepted": 0, "dropped": [{"seq": 3, "reason": "not_stored"}]}


async def test_only_drivers_get_in(cleo, dov, ada, client):
    async with socket("/ws/driver/", user=dov) as phone:
        assert await phone.close_code() == 4403
    async with socket("/ws/driver/") as phone:
        await phone.say({"type": "position", **HERE})
        assert await phone.close_code() == 4401
    await in_thread(client.force_login, cleo.user)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    async with socket("/ws/driver/", headers={"cookie": cookie, "origin": SITE}) as phone:
        assert (await phone.hear())["type"] == "snapshot"
    async with socket("/ws/driver/", headers={"cookie": cookie, "origin": "http://evil.example"}) as phone:
        assert await phone.close_code() == 4403


async def test_logging_out_everywhere_ends_the_socket(cleo, monkeypatch):
    monkeypatch.setattr(access, "RECHECK_EVERY_S", 0.1)
    async with socket("/ws/driver/", user=cleo.user) as phone:
        await phone.hear()
        await in_thread(identity.log_out_everywhere, user_id=cleo.user.pk)
        assert await phone.close_code() == 4401


async def test_a_flood_is_cut_off(cleo):
    async with socket("/ws/driver/", user=cleo.user) as phone:
        await phone.hear()
        for _ in range(160):
            await phone.say({"type": "ping"})
        assert await phone.close_code() == 4429
