"""Orders on stage: the cast acts through the API, the worker's part is done by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db.models.functions import Now
from rest_framework.test import APIClient

from config.audit import INVARIANTS, find_breaches, find_money_breaches
from deliveryapp.models import IdempotencyRecord, OutboxEvent, SagaRun, SagaStep, User
from drivers.tasks import dispatch
from orders.models import (
    Address,
    Customer,
    NotificationRequest,
    Order,
    OrderFailure,
    OrderLine,
    OrderStatusChange,
)
from payments.models import Payment, PaymentOperation, WebhookEvent
from restaurants.models import Ticket
from tests.cast import KITCHEN_AT, Kitchen, Sandbox, cart
from tests.worker import drain

ORDERS = "/api/v1/orders/"
TOTAL_MINOR = 2_500 + 290 + 100  # of tests.cast.cart
ROWS = (
    Customer,
    Address,
    Order,
    OrderLine,
    OrderStatusChange,
    OrderFailure,
    NotificationRequest,
    Payment,
    PaymentOperation,
    WebhookEvent,
    SagaRun,
    SagaStep,
    IdempotencyRecord,
    OutboxEvent,
    Ticket,
)


def place(api: APIClient, body: object, key: str | None = None) -> Any:
    return api.post(ORDERS, body, format="json", HTTP_IDEMPOTENCY_KEY=key or str(uuid4()))


def footprint(sandbox: Sandbox) -> dict[str, int]:
    """How many rows of each kind there are, and how often the provider moved money."""
    counts = {model.__name__: model.objects.count() for model in ROWS}
    return counts | {"effects": sandbox.call("GET", "health")["effects"]}


@contextmanager
def nothing_changes(sandbox: Sandbox) -> Iterator[None]:
    """No row is added or removed, and no money moves."""
    before = footprint(sandbox)
    yield
    assert footprint(sandbox) == before


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The refusal is problem+json with this code; its body."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert body["type"] == f"urn:problem:{code}"
    assert body["title"]
    return body


def hurry() -> None:
    """What waits for its next try may try again now, and leases of the dead are over."""
    SagaRun.objects.filter(status__in=SagaRun.LIVE).update(due_at=Now(), leased_until=None)
    PaymentOperation.objects.filter(state__in=PaymentOperation.OPEN).update(
        next_try_at=Now(), leased_until=None
    )


@dataclass(frozen=True)
class Stage:
    """Bo's kitchen, Ada's and Bo's and Cleo's apps, and the provider."""

    kitchen: Kitchen
    sandbox: Sandbox
    ada: APIClient
    bo: APIClient
    cleo: APIClient

    def place(self, key: str | None = None, **changes: Any) -> Any:
        return place(self.ada, cart(self.kitchen, **changes), key)

    def placed(self, **changes: Any) -> UUID:
        """An order that waits for Bo, its ticket printed."""
        answer = self.place(**changes)
        assert answer.status_code == 201, answer.content
        drain()
        return UUID(answer.json()["id"])

    def unsettled(self, **changes: Any) -> UUID:
        """An order whose hold is still open: answered 202."""
        answer = self.place(**changes)
        assert answer.status_code == 202, answer.content
        return UUID(answer.json()["id"])

    def order(self, order_id: UUID) -> dict[str, Any]:
        """As Ada's app shows it."""
        answer = self.ada.get(f"{ORDERS}{order_id}/")
        assert answer.status_code == 200, answer.content
        document: dict[str, Any] = answer.json()
        return document

    def cancel(
        self,
        order_id: UUID,
        by: APIClient | None = None,
        reason: str = "changed my mind",
        key: str | None = None,
    ) -> Any:
        headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
        path = f"{ORDERS}{order_id}/cancel/"
        return (by or self.ada).post(path, {"reason": reason}, format="json", **headers)

    def board(self, order_id: UUID, verb: str, body: dict[str, Any] | None = None) -> Any:
        path = f"/api/v1/restaurants/{self.kitchen.restaurant.pk}/orders/{order_id}/{verb}/"
        return self.bo.post(path, body or {}, format="json")

    def lines(self, order_id: UUID) -> list[str]:
        """The ids of its lines, as Ada's app has them."""
        return [line["id"] for line in self.order(order_id)["lines"]]

    def ride(self, order_id: UUID, verb: str, body: dict[str, Any] | None = None) -> Any:
        return self.cleo.post(f"/api/v1/driver/deliveries/{order_id}/{verb}/", body or {}, format="json")

    def confirmed(self, **changes: Any) -> UUID:
        order_id = self.placed(**changes)
        self.must(self.board(order_id, "confirm", {"prep_minutes": 15}))
        return order_id

    def cleo_goes_online(self) -> None:
        lat, lng = KITCHEN_AT
        self.must(self.cleo.post("/api/v1/driver/online/", {"lat": lat, "lng": lng}, format="json"))

    def cleo_is_asked(self) -> str:
        """The dispatcher looks around; the id of the one offer in Cleo's app."""
        dispatch(region="helsinki")
        drain()
        [offer] = self.cleo.get("/api/v1/driver/offers/").json()["results"]
        return str(offer["id"])

    def assigned(self, **changes: Any) -> UUID:
        """Confirmed, and Cleo comes for it."""
        self.cleo_goes_online()
        order_id = self.confirmed(**changes)
        self.must(self.cleo.post(f"/api/v1/driver/offers/{self.cleo_is_asked()}/accept/"))
        return order_id

    def on_the_road(self, **changes: Any) -> UUID:
        """Cooked, and in Cleo's bag."""
        order_id = self.assigned(**changes)
        self.must(self.board(order_id, "preparing"))
        self.must(self.board(order_id, "ready"))
        self.must(self.ride(order_id, "picked-up"))
        return order_id

    def must(self, answer: Any) -> dict[str, Any]:
        """It worked, and the workers have done what follows from it."""
        assert answer.status_code == 200, answer.content
        drain()
        document: dict[str, Any] = answer.json()
        return document

    def assert_clean(self) -> None:
        """Every invariant holds, ours and the provider's."""
        breaches = [f"{row.id}: {text}" for row in INVARIANTS for text in find_breaches(row)]
        breaches += find_money_breaches(self.sandbox.url)
        assert breaches == [], breaches


def saga_of(order_id: UUID) -> tuple[str, str, str]:
    """(status, step, reason)"""
    run = SagaRun.objects.get(subject_id=order_id)
    return run.status, run.step, run.reason


def path_of(order_id: UUID) -> list[tuple[str, str, str]]:
    """(to, actor, reason) of every move; also checks that they are counted without a gap."""
    moves = list(OrderStatusChange.objects.filter(order_id=order_id).order_by("seq"))
    assert [move.seq for move in moves] == list(range(1, len(moves) + 1))
    return [(move.to_status, move.actor, move.reason) for move in moves]


def events_of(order_id: UUID, source: str = "orders") -> list[str]:
    rows = OutboxEvent.objects.filter(key=str(order_id), source=source).order_by("seq")
    return [row.type for row in rows]


def told(order_id: UUID) -> list[tuple[str, str]]:
    """(kind, audience) of everything somebody was to be told; each has its event, without a word more."""
    rows = list(NotificationRequest.objects.filter(order_id=order_id).order_by("id"))
    for row in rows:
        event = OutboxEvent.objects.get(source="orders", subject=row.pk)
        assert (event.topic, event.key) == ("notifications.send", str(row.recipient_id))
        assert event.data == {
            "notification_id": str(row.pk),
            "order_id": str(order_id),
            "recipient_id": str(row.recipient_id),
            "audience": row.audience,
            "kind": row.kind,
            "channel": "in_app",
            "dedupe_key": f"{order_id}:{row.kind}:in_app:{row.occurrence}",
        }
    return [(row.kind, row.audience) for row in rows]


ClientOf = Callable[[User | None], APIClient]
