"""Handlers end at the same state whatever the order and the number of their events (F13, PITFALLS C1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deliveryapp import relay, saga
from deliveryapp.events import Envelope
from deliveryapp.models import OutboxEvent, SagaRun
from deliveryapp.subscriptions import subscriptions
from orders.models import Order
from payments.models import Payment
from tests.orders.fixtures import sandbox, stage
from tests.orders.stage import Stage
from tests.worker import drain
from tracking import handlers

__all__ = ["sandbox", "stage"]
pytestmark = pytest.mark.django_db(transaction=True)
fixtures_stay = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def cleo(cleo: Any, request: pytest.FixtureRequest) -> Any:
    """The stage logs her in by her user."""
    return getattr(cleo, "user", cleo)


def events_for(handler: str, order_id: UUID) -> list[Envelope]:
    types = [cls.__name__ for cls in subscriptions()[handler].events]
    rows = OutboxEvent.objects.filter(key=str(order_id), type__in=types).order_by("position")
    return [relay.envelope_of(row) for row in rows]


def shuffled(envelopes: Sequence[Envelope]) -> st.SearchStrategy[list[Envelope]]:
    """Each at least once, some again, in any order."""
    again = st.lists(st.sampled_from(envelopes), max_size=4)
    return again.flatmap(lambda more: st.permutations([*envelopes, *more]))


def delivered(stage: Stage) -> UUID:
    order_id = stage.on_the_road()
    stage.must(stage.ride(order_id, "delivered"))
    return order_id


def cancelled(stage: Stage) -> UUID:
    order_id = stage.assigned()
    stage.must(stage.cancel(order_id))
    return order_id


def in_search_again(stage: Stage) -> UUID:
    order_id = stage.assigned()
    stage.must(stage.ride(order_id, "release", {"reason": "vehicle"}))
    return order_id


Arrange = Callable[[Stage], UUID]
STAGES = [delivered, cancelled, in_search_again, Stage.assigned, Stage.placed]


@pytest.mark.parametrize("arrange", STAGES)
def test_the_saga_rests_where_it_did(stage: Stage, arrange: Arrange) -> None:
    order_id = arrange(stage)
    envelopes = events_for("orders.saga", order_id)
    before = state_of(order_id)

    @fixtures_stay
    @given(data=st.data())
    def any_order(data: st.DataObject) -> None:
        batch = data.draw(shuffled(envelopes))
        size = data.draw(st.integers(1, len(batch)))
        for start in range(0, len(batch), size):
            with transaction.atomic():
                subscriptions()["orders.saga"].call(batch[start : start + size])
            saga.sweep()
        assert state_of(order_id) == before

    any_order()
    drain()
    assert state_of(order_id) == before
    stage.assert_clean()


def state_of(order_id: UUID) -> tuple[object, ...]:
    run = SagaRun.objects.get(subject_id=order_id)
    order = Order.objects.get(pk=order_id)
    events = OutboxEvent.objects.filter(key=str(order_id)).count()
    return run.status, run.step, run.reason, order.status, order.seq, Payment.objects.get().state, events


class Client:
    """Keeps what the order's page keeps of its frames (`order.js`)."""

    def __init__(self) -> None:
        self.status, self.seq = "", 0
        self.driver: object = None
        self.driver_seq = 0

    def hear(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "status" and frame["seq"] > self.seq:
            self.status, self.seq = frame["status"], frame["seq"]
        if frame["type"] == "driver" and frame["seq"] >= self.driver_seq:
            self.driver, self.driver_seq = frame["driver"], frame["seq"]


@pytest.mark.parametrize("arrange", STAGES)
def test_what_the_customers_page_keeps_is_the_newest(
    stage: Stage, arrange: Arrange, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = arrange(stage)
    table = (handlers.on_order_event, "tracking.orders"), (handlers.on_driver_event, "tracking.drivers")
    calls = [(handle, envelope) for handle, name in table for envelope in events_for(name, order_id)]
    frames: list[dict[str, Any]] = []
    monkeypatch.setattr(handlers, "push", lambda *, frame, **_: frames.append(frame))
    order = Order.objects.get(pk=order_id)
    rider = handlers.watched_order(order_id=order_id, now=handlers.utc_now()).assignment

    @fixtures_stay
    @given(data=st.data())
    def any_order(data: st.DataObject) -> None:
        frames.clear()
        for handle, envelope in data.draw(shuffled(calls)):  # type: ignore[arg-type]
            handle(envelope)
        pushed = data.draw(st.permutations(frames))  # two workers: not even the pushes keep their order
        page = Client()
        for frame in pushed:
            page.hear(frame)
        assert (page.status, page.seq) == (order.status, order.seq)
        assert (page.driver is not None) == (rider is not None)

    any_order()
