"""Drivers and deliveries on stage: around Bo's kitchen in Helsinki, one latitude step of 0.001 is 111 m."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from rest_framework.test import APIClient

from deliveryapp import identity, positions
from deliveryapp.clock import utc_now
from deliveryapp.geo import Point
from deliveryapp.models import OutboxEvent, User
from deliveryapp.positions import Position
from drivers import facade
from drivers.models import Driver, Offer
from drivers.services.registering import NewDriver, register_drivers
from drivers.tasks import dispatch

REGION = "helsinki"
KITCHEN = Point(60.1699, 24.9400)
DOOR = Point(60.1660, 24.9420)
STEP_M = 111.2  # of 0.001 degrees of latitude


def north_of_kitchen(steps: float) -> Point:
    return Point(KITCHEN.lat + steps / 1000, KITCHEN.lng)


@dataclass(frozen=True)
class Rider:
    """A driver with his app."""

    user: User
    id: UUID
    app: APIClient

    @property
    def row(self) -> Driver:
        return Driver.objects.get(pk=self.id)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self.app.post(f"/api/v1/driver/{path}", body or {}, format="json")

    def go_online(self, at: Point = KITCHEN) -> Any:
        answer = self.post("online/", {"lat": at.lat, "lng": at.lng})
        assert answer.status_code == 200, answer.content
        return answer

    def offers(self) -> list[dict[str, Any]]:
        return self.app.get("/api/v1/driver/offers/").json()["results"]

    def accept(self, offer_id: object) -> Any:
        return self.post(f"offers/{offer_id}/accept/")

    def accept_the_offer(self) -> dict[str, Any]:
        [offer] = self.offers()
        answer = self.accept(offer["id"])
        assert answer.status_code == 200, answer.content
        return answer.json()


def app_of(user: User | None) -> APIClient:
    app = APIClient()
    if user is not None:
        app.credentials(HTTP_AUTHORIZATION=f"Bearer {identity.issue(user=user).access}")
    return app


def make_rider(name: str, **facts: Any) -> Rider:
    user = User.objects.create_user(f"{name.lower()}@demo.example", None, name=name)
    register_drivers(
        rows=[NewDriver(**{"user_id": user.pk, "name": name, "region": REGION, **facts})], now=utc_now()
    )
    return Rider(user, Driver.objects.get(user=user).pk, app_of(user))


def rider_online(name: str, at: Point = KITCHEN, **facts: Any) -> Rider:
    rider = make_rider(name, **facts)
    rider.go_online(at)
    return rider


def crowd_online(count: int, at: Point = KITCHEN, **facts: Any) -> list[Driver]:
    """Many drivers on shift at one place, without their apps."""
    users = User.objects.bulk_create(
        User(email=f"rider-{n}@demo.example", name=f"Rider {n}") for n in range(count)
    )
    rows = [NewDriver(**{"user_id": u.pk, "name": u.name, "region": REGION, **facts}) for u in users]
    register_drivers(rows=rows, now=utc_now())
    found = list(Driver.objects.filter(user__in=users).order_by("user__email"))
    for driver in found:
        Driver.objects.start_shift(driver.pk)
    show(*(driver.pk for driver in found), at=at)
    return found


def show(*driver_ids: UUID, at: Point = KITCHEN) -> None:
    now = utc_now()
    positions.write_many(
        region=REGION, rows=[Position(driver_id=driver_id, point=at, at=now) for driver_id in driver_ids]
    )


def request_delivery(
    *, pickup: Point = KITCHEN, ready_in: timedelta = timedelta(minutes=10), **facts: Any
) -> UUID:
    """A fresh order wants a driver; returns the order's id."""
    now = utc_now()
    order_id = facts.pop("order_id", None) or uuid4()
    facade.request_delivery(
        **{
            "order_id": order_id,
            "restaurant_id": uuid4(),
            "region": REGION,
            "pickup": pickup,
            "pickup_name": "Bo's kitchen",
            "pickup_street": "Mannerheimintie 5",
            "dropoff": DOOR,
            "ready_at": now + ready_in,
            "payout_minor": 620,
            "currency": "EUR",
            "now": now,
            **facts,
        }
    )
    return order_id


def tick() -> None:
    """What the worker does each second."""
    dispatch(region=REGION)


def offers_of(order_id: UUID) -> list[tuple[str, str]]:
    """(driver, status) of every offer ever made for the order, oldest first."""
    rows = Offer.objects.filter(delivery__order_id=order_id).order_by("created_at", "id")
    return [(row.driver.name, str(row.status)) for row in rows.select_related("driver")]


def let_expire(order_id: UUID) -> None:
    """The pending offer's time is over, by the database's clock."""
    past = utc_now() - timedelta(seconds=1)
    assert Offer.objects.filter(delivery__order_id=order_id, status="pending").update(expires_at=past) == 1


def events_of(order_id: UUID) -> list[str]:
    """What was told of the delivery, in order; also checks that no number is missing."""
    rows = list(OutboxEvent.objects.filter(key=str(order_id), source="drivers").order_by("seq"))
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    return [row.type for row in rows]


def age_refusals(order_id: UUID, by: timedelta) -> None:
    for offer in Offer.objects.filter(delivery__order_id=order_id).exclude(status="pending"):
        Offer.objects.filter(pk=offer.pk).update(answered_at=offer.answered_at - by)
