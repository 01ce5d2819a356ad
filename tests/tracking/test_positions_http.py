"""Positions and tracking by plain HTTP: through Django, and through the live process's own route."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
from a2wsgi import WSGIMiddleware
from django.test import Client

from config.wsgi import application as web
from deliveryapp import positions
from deliveryapp.clock import utc_now
from tests.drivers.stage import REGION, app_of, make_rider
from tests.tracking.stage import in_thread, on_the_road, place, socket, token_of
from tracking import ingest

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("loop_ends_clean"),
]
URL = "/api/v1/driver/positions/"
HERE = {"lat": 60.1700, "lng": 24.9401}


@pytest.fixture(params=["django", "live"])
def post(request):
    """The same route at both servers."""
    return post_to_django if request.param == "django" else post_to_live


async def post_to_django(user, body, *, raw=None):
    def call():
        app = app_of(user)
        if raw is not None:
            return app.post(URL, raw, content_type="application/json")
        return app.post(URL, body, format="json")

    answer = await in_thread(call)
    return answer.status_code, answer.json(), answer["Content-Type"]


async def post_to_live(user, body, *, raw=None):
    headers = {"authorization": f"Bearer {await in_thread(token_of, user)}"} if user else {}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(live_process), base_url="http://testserver"
    ) as client:
        content = {"content": raw} if raw is not None else {"json": body}
        answer = await client.post(URL, headers=headers, **content)
    return answer.status_code, answer.json(), answer.headers["content-type"]


async def live_process(scope, receive, send):
    """As config/asgi.py has it."""
    if ingest.serves(scope):
        await ingest.post_positions(scope, receive, send)
    else:
        await WSGIMiddleware(web)(scope, receive, send)


def where(rider):
    return positions.get_many(region=REGION, driver_ids=[rider.id]).get(rider.id)


async def test_the_newest_point_becomes_the_live_position(cleo, post):
    now = utc_now().timestamp()
    points = [{**HERE, "ts": now + 1, "seq": 8}, {"lat": 60.1702, "lng": 24.9401, "ts": now + 3, "seq": 9}]

    status, body, _ = await post(cleo.user, {"points": points})

    assert status == 200
    assert (body["seq"], body["accepted"] + len(body["dropped"])) == (9, 2)
    assert (await in_thread(where, cleo)).seq == 9


async def test_the_customer_sees_a_posted_position(ada, bo, kitchen, cleo, sandbox, post):
    order_id = await in_thread(on_the_road, ada, bo, kitchen, cleo)
    async with socket(f"/ws/orders/{order_id}/", user=ada) as ours:
        await ours.hear()
        status, _, _ = await post(cleo.user, {"points": [{**HERE, "seq": 1}]})
        seen = await ours.hear_until("position")

    assert status == 200
    assert (seen["lat"], seen["lng"]) == (HERE["lat"], HERE["lng"])
    assert seen["eta"]["confidence"] == "high"


@pytest.mark.parametrize(
    "body", [{}, {"points": []}, {"points": "all"}, {"points": [1]}, {"points": [HERE] * 101}, [HERE]]
)
async def test_what_is_no_list_of_points_is_refused(cleo, post, body):
    status, answer, content_type = await post(cleo.user, body)

    assert (status, answer["code"], content_type) == (400, "points_invalid", "application/problem+json")


async def test_malformed_json_is_refused(cleo, post):
    status, answer, _ = await post(cleo.user, None, raw=b'{"points": [')

    assert (status, answer["code"]) == (400, "malformed_json")


async def test_only_drivers_on_shift_report(cleo, dov, post):
    finn = await in_thread(make_rider, "Finn")
    body = {"points": [HERE]}

    assert (await post(None, body))[:2][0] == 401
    assert (await post(dov, body))[1]["code"] == "not_a_driver"
    status, answer, _ = await post(finn.user, body)
    assert (status, answer["code"]) == (409, "not_on_shift")
    assert await in_thread(where, finn) is None


async def test_the_live_route_bounds_the_body(cleo):
    big = b'{"points": [' + b" " * 70_000 + b"]}"
    status, answer, _ = await post_to_live(cleo.user, None, raw=big)
    assert (status, answer["code"]) == (413, "body_too_large")


async def test_a_browser_posts_with_its_session_and_csrf_token(cleo, client):
    await in_thread(client.force_login, cleo.user)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies

    refused = await in_thread(strict.post, URL, {"points": [HERE]}, content_type="application/json")
    stored = await in_thread(client.post, URL, {"points": [HERE]}, content_type="application/json")

    assert (refused.status_code, stored.status_code) == (403, 200)


def test_tracking_by_polling_says_what_the_snapshot_says(ada, bo, kitchen, cleo, dov, sandbox):
    order_id = place(ada, kitchen)
    url = f"/api/v1/orders/{order_id}/tracking/"

    answer = app_of(ada).get(url)

    assert answer.status_code == 200
    assert (answer.json()["type"], answer.json()["seq"]) == ("snapshot", 2)
    assert answer.json()["order"]["id"] == str(order_id)
    assert answer.json()["driver"] is None
    for stranger in (dov, cleo.user):
        refused = app_of(stranger).get(url)
        assert (refused.status_code, refused.json()["code"]) == (404, "order_not_found")
    assert app_of(None).get(url).status_code == 401
    assert app_of(ada).get(f"/api/v1/orders/{uuid4()}/tracking/").status_code == 404
