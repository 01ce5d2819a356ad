"""Is the checker blind? Each fault of the textbook, put back, is seen; the same story without it is clean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F
from django.db.models.functions import Now

from config.audit import INVARIANTS, find_breaches, find_money_breaches
from deliveryapp import relay
from deliveryapp.clock import utc_now
from deliveryapp.models import RelayShard
from deliveryapp.simulator.oplog import OpLog
from drivers.models import Delivery, Driver, Offer
from drivers.services.registering import NewDriver, register_drivers
from orders.models import Order
from payments import facade as payments
from payments import services
from tests.cast import make_user
from tests.faults import mutants
from tests.orders.stage import ClientOf, Stage, hurry
from tests.payments.deaths import Killed
from tests.worker import DirectTransport, drain

pytestmark = pytest.mark.django_db


@dataclass
class Scene:
    """A stage, what its customers were told, and whoever else is called."""

    stage: Stage
    as_: ClientOf
    log: OpLog = field(default_factory=OpLog)

    def place(self, times: int = 1) -> None:
        """With one key; what Ada's app was told goes into the log."""
        key = str(uuid4())
        operation = self.log.start(key)
        for _ in range(times):
            operation.sent()
            answer = self.stage.place(key)
            if answer.status_code == 201:
                operation.acked(answer.json()["id"])
            else:
                operation.unknown()

    def findings(self) -> set[str]:
        """The ids of the promises that are broken."""
        found = {row.id for row in INVARIANTS if find_breaches(row)}
        return (
            found | {text.split()[0] for text in find_money_breaches(self.stage.sandbox.url)} | self._told()
        )

    def _told(self) -> set[str]:
        operations = self.log._operations.values()
        told = {order_id for operation in operations for order_id in operation.order_ids}
        kept = Order.objects.filter(pk__in=told).count() == len(told)
        return set() if kept and not self.log.summary().broken else {"op log"}


@pytest.fixture
def scene(stage: Stage, as_: ClientOf) -> Scene:
    return Scene(stage, as_)


Story = Callable[[Scene], object]


def an_order_is_placed(scene: Scene) -> None:
    scene.stage.placed()


def an_order_is_acknowledged(scene: Scene) -> None:
    scene.place()
    drain()


def an_order_is_placed_twice_with_one_key(scene: Scene) -> None:
    scene.place(times=2)
    drain()


def the_relay_dies_in_the_middle(scene: Scene) -> None:
    class Deadly(DirectTransport):
        def send(self, envelopes: Any) -> Any:
            raise Killed

    scene.place()
    with pytest.raises(Killed):
        relay.publish_waiting(carrier=Deadly())
    RelayShard.objects.update(leased_until=Now())
    drain()


def the_providers_answer_is_lost(scene: Scene) -> None:
    lost = {"kind": "lost_after_effect", "operation": "payment_intents.create", "times": 3}
    scene.stage.sandbox.faults(lost)
    scene.place()
    scene.stage.sandbox.calm()
    hurry()
    drain()


def the_answer_to_a_refund_is_lost(scene: Scene) -> None:
    order_id = scene.stage.on_the_road()
    scene.stage.must(scene.stage.ride(order_id, "delivered"))
    lost = {"kind": "lost_after_effect", "operation": "refunds.create", "times": 3}
    scene.stage.sandbox.faults(lost)
    sam = scene.as_(make_user("Sam", is_staff=True, is_superuser=True))
    path, wish = f"/api/v1/orders/{order_id}/refunds/", {"amount_minor": 300, "reason": "cold"}
    assert sam.post(path, wish, format="json", HTTP_IDEMPOTENCY_KEY="a").status_code == 201
    scene.stage.sandbox.calm()
    hurry()
    services.sweep()
    drain()


def a_compensation_fails_at_first(scene: Scene) -> None:
    """The database is away while the hold is to be released."""
    order_id = scene.stage.placed()
    with pytest.MonkeyPatch.context() as away:
        away.setattr(payments, "release", raise_connection_error)
        scene.stage.cancel(order_id)
        drain()
    hurry()
    drain()


def raise_connection_error(**_asked: object) -> bool:
    raise ConnectionError


def an_order_is_cancelled(scene: Scene) -> None:
    scene.stage.must(scene.stage.cancel(scene.stage.confirmed()))


def an_order_is_delivered(scene: Scene) -> None:
    scene.stage.must(scene.stage.ride(scene.stage.on_the_road(), "delivered"))


def an_order_is_assigned(scene: Scene) -> None:
    scene.stage.assigned()


def somebody_else_accepts_as_well(scene: Scene) -> None:
    """An offer that was left over from before."""
    order_id = scene.stage.assigned()
    rider = make_user("Rider")
    register_drivers(rows=[NewDriver(user_id=rider.pk, name="Rider", region="helsinki")], now=utc_now())
    driver = Driver.objects.get(user=rider)
    Driver.objects.start_shift(driver.pk)
    left_over = Offer.objects.create(
        delivery=Delivery.objects.get(order_id=order_id),
        driver=driver,
        expires_at=Now() + mutants.A_MINUTE,
        cost_s=1,
        distance_m=1,
        created_at=utc_now(),
    )
    answer = scene.as_(rider).post(f"/api/v1/driver/offers/{left_over.pk}/accept/")
    assert answer.status_code in (200, 409)
    if answer.status_code == 409:
        Offer.objects.filter(pk=left_over.pk).delete()  # it was made by hand
    drain()


def one_of_two_rides_ends(scene: Scene) -> None:
    stage = scene.stage
    Driver.objects.update(capacity=2, version=F("version") + 1)
    first, _second = stage.assigned(), stage.assigned()
    stage.must(stage.cancel(first))


CONTROLS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Story, set[str]]] = {
    "two unsharded relays": (mutants.unsharded_relays, an_order_is_placed, {"I10b"}),
    "marked before sent": (mutants.marked_before_sent, the_relay_dies_in_the_middle, {"I11"}),
    "effect without its inbox row": (mutants.effect_without_inbox_row, an_order_is_placed, {"I11"}),
    "a key per request": (mutants.key_per_request, the_providers_answer_is_lost, {"I4", "I6"}),
    "refunded without its key": (mutants.refund_without_its_key, the_answer_to_a_refund_is_lost, {"I6c"}),
    "swallowed compensation error": (
        mutants.swallowed_compensation_error,
        a_compensation_fails_at_first,
        {"I5", "I5b"},
    ),
    "skipped compensation": (mutants.skipped_compensation, an_order_is_cancelled, {"I12"}),
    "complete at assignment": (mutants.complete_at_assignment, an_order_is_assigned, {"I2"}),
    "no unique assignment": (mutants.no_unique_assignment, somebody_else_accepts_as_well, {"I8a"}),
    "release by driver id": (mutants.release_by_driver_id, one_of_two_rides_ends, {"I8b"}),
    "acknowledged before commit": (
        mutants.acknowledged_before_commit,
        an_order_is_acknowledged,
        {"op log", "I7"},
    ),
    "forgotten keys": (mutants.forgotten_keys, an_order_is_placed_twice_with_one_key, {"op log"}),
}


STORIES = list(dict.fromkeys(story for _, story, _ in CONTROLS.values()))


@pytest.mark.parametrize("name", CONTROLS)
def test_the_fault_is_seen(scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    mutate, story, expected = CONTROLS[name]
    mutate(monkeypatch)
    story(scene)
    assert scene.findings() >= expected


@pytest.mark.parametrize("story", STORIES, ids=lambda one: one.__name__)
def test_without_a_fault_the_story_is_clean(scene: Scene, story: Story) -> None:
    story(scene)
    assert scene.findings() == set()
