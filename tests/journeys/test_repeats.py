"""The same thing asked twice, or twenty times at once, happens once."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from django.db.models import QuerySet

from deliveryapp.embedded.supervisor import Supervisor
from deliveryapp.models import IdempotencyRecord, InboxEntry, OutboxEvent, SagaStep
from drivers.models import Assignment
from orders.models import Order
from payments.models import PaymentOperation
from tests.crowd import at_once
from tests.journeys.people import PATIENCE_S, Customer, eventually
from tests.journeys.town import Quarter, Town
from tests.live import LiveStack, poll
from tests.orders.stage import TOTAL_MINOR

pytestmark = [pytest.mark.journey, pytest.mark.slow]

AT_ONCE = 20


def place_at_once(ada: Customer, keys: list[str]) -> list[httpx.Response]:
    """All requests leave at the same moment, over as many connections, to two server processes."""
    return at_once(*[lambda key=key: ada.place(key) for key in keys])


def placed_in(quarter: Quarter) -> QuerySet[Order]:
    return Order.objects.filter(restaurant_id=quarter.kitchen.restaurant.pk)


@pytest.mark.race
def test_one_key_twenty_times_at_once_is_one_order(town: Town, quarter: Quarter) -> None:
    key = str(uuid4())

    answers = place_at_once(quarter.ada, [key] * AT_ONCE)

    codes = Counter((answer.status_code, answer.json().get("code")) for answer in answers)
    assert codes.keys() <= {(201, None), (409, "request_in_flight")}, codes
    assert codes[201, None] >= 1
    told = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    told |= {quarter.ada.must(quarter.ada.place(key), 201)["id"]}
    order = placed_in(quarter).get()
    assert told == {str(order.pk)}
    assert IdempotencyRecord.objects.filter(key=key).count() == 1
    assert town.sandbox.effects(order.pk) == [("hold", TOTAL_MINOR)]
    quarter.ada.cancel(order.pk)
    town.expect_end(order.pk, "compensated", "hold", "release")
    town.assert_clean()


@pytest.mark.race
def test_control_twenty_keys_at_once_are_twenty_orders(town: Town, quarter: Quarter) -> None:
    """The same carts at the same moment: it is the key and nothing else that makes one order of them."""
    answers = place_at_once(quarter.ada, [str(uuid4()) for _ in range(AT_ONCE)])

    assert Counter(answer.status_code for answer in answers) == {201: AT_ONCE}
    order_ids = {UUID(answer.json()["id"]) for answer in answers}
    assert len(order_ids) == AT_ONCE == placed_in(quarter).count()
    for order_id in order_ids:
        assert town.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]
        quarter.ada.cancel(order_id)
    for order_id in order_ids:
        town.expect_end(order_id, "compensated", "hold", "release")
    town.assert_clean()


@contextmanager
def second_beat(stack: LiveStack) -> Iterator[None]:
    """Another beat on the same schedule, that has sent what is due each second."""
    with tempfile.TemporaryDirectory(prefix="deliveryapp-beat-") as directory:
        run_dir = Path(directory)
        with Supervisor(log_dir=run_dir / "logs") as supervisor:
            [spec] = replace(stack.stack, run_dir=run_dir).specs(["beat"])
            talkative = tuple("INFO" if word == "WARNING" else word for word in spec.command.argv)
            supervisor.start(replace(spec, command=replace(spec.command, argv=talkative)))
            log = supervisor.log("beat")
            for task in ("saga.sweep", "drivers.dispatch"):
                poll(partial(said, log, task), what=f"{task} of the second beat", timeout_s=PATIENCE_S)
            yield


def said(log: Path, text: str) -> bool:
    return text in log.read_text(errors="replace")


def test_two_beats_at_once_do_everything_once(town: Town) -> None:
    quarters = [town.quarter(), town.quarter()]
    with second_beat(town.stack):
        order_ids = [quarter.assigned() for quarter in quarters]
        for quarter, order_id in zip(quarters, order_ids, strict=True):
            quarter.bring(order_id)
        for order_id in order_ids:
            town.expect_end(order_id, "completed", "hold", "capture")
        eventually(lambda: OutboxEvent.objects.filter(published_at=None).count(), 0)

    for order_id in order_ids:
        assert_everything_once(order_id)
    town.assert_clean()


def assert_everything_once(order_id: UUID) -> None:
    steps = SagaStep.objects.filter(run__subject_id=order_id).values_list("step", "phase", "outcome")
    assert set(Counter(steps).values()) == {1}, steps
    events = OutboxEvent.objects.filter(key=str(order_id))
    assert set(Counter((event.source, event.seq) for event in events).values()) == {1}
    happened = Counter(event.type for event in events)
    assert all(happened[kind] == 1 for kind in ("OrderPlaced", "DriverAssigned", "PaymentCaptured")), happened
    digested = InboxEntry.objects.filter(event_id__in=[event.id for event in events], handler="orders.saga")
    assert digested.count() == sum(happened[kind] for kind in HEARD_BY_SAGA)
    assert Assignment.objects.filter(order_id=order_id).count() == 1
    operations = PaymentOperation.objects.filter(payment__order_id=order_id).order_by("created_at")
    assert [(row.kind, row.state) for row in operations] == [
        ("authorize", "succeeded"),
        ("capture", "succeeded"),
    ]


HEARD_BY_SAGA = ("PaymentAuthorized", "PaymentCaptured", "DriverAssigned")
