"""Orders at every stage when the worker and then the web server are killed at one blow.

The provider does what it is asked and keeps its answer back, so that the blow falls between an effect and
its record. Its webhooks are lost as well: the platform has to find out by itself.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import httpx

from deliveryapp.clock import utc_now
from orders.models import Order
from payments.models import Payment
from tests.journeys.people import PATIENCE_S
from tests.journeys.town import Quarter, Town
from tests.live import poll

KEEPS_ITS_ANSWER = {"kind": "stall", "times": 10, "seconds": 30}  # also when it is asked again
SENDS_NO_WEBHOOKS = {"kind": "drop", "operation": "webhooks"}
Begun = tuple[Quarter, UUID]


@dataclass(frozen=True)
class Wreck:
    """Orders, named for what was under way; `known_states` is what our rows said just after the blow."""

    placed: Begun
    confirmed: Begun
    assigned: Begun
    capturing: Begun
    voiding: Begun
    known_states: dict[str, str]
    killed_at: datetime
    customer: Quarter
    key: str
    answer_after_restart: int


def wreck_town(town: Town) -> Wreck:
    quarters = [town.quarter() for _ in range(6)]
    placed, confirmed, assigned, capturing, voiding, customer = quarters
    wreck = {
        "placed": (placed, placed.placed()),
        "confirmed": (confirmed, confirmed.confirmed()),
        "assigned": (assigned, assigned.assigned()),
        "capturing": (capturing, capturing.assigned()),
        "voiding": (voiding, voiding.confirmed()),
    }
    town.sandbox.faults(
        SENDS_NO_WEBHOOKS,
        {"operation": "payment_intents.capture", **KEEPS_ITS_ANSWER},
        {"operation": "payment_intents.cancel", **KEEPS_ITS_ANSWER},
    )
    known, killed_at = _kill_worker(town, wreck)
    key = str(uuid4())
    _kill_web(town, customer, key)
    answer = customer.ada.place(key).status_code
    town.sandbox.calm()
    return Wreck(
        **wreck,
        known_states=known,
        killed_at=killed_at,
        customer=customer,
        key=key,
        answer_after_restart=answer,
    )


def _kill_worker(town: Town, begun: dict[str, Begun]) -> tuple[dict[str, str], datetime]:
    """While it captures and voids; the kitchen confirms one more before anybody works again."""
    quarter, captured = begun["capturing"]
    quarter.bo.cook(captured)
    quarter.cleo.act(captured, "picked-up")
    quarter, voided = begun["voiding"]
    quarter.ada.cancel(voided)
    _await_effect(town, captured, "capture")
    _await_effect(town, voided, "release")
    town.kill("worker")
    killed_at = utc_now()
    known = {str(payment.order_id): str(payment.state) for payment in Payment.objects.all()}
    quarter, placed = begun["placed"]
    quarter.bo.confirm(placed)
    town.await_restart("worker", restarts=1)
    return {"capturing": known[str(captured)], "voiding": known[str(voided)]}, killed_at


def _kill_web(town: Town, customer: Quarter, key: str) -> None:
    """While it waits for a hold: the client gets no answer."""
    town.sandbox.calm()
    town.sandbox.faults(SENDS_NO_WEBHOOKS, {"operation": "payment_intents.create", **KEEPS_ITS_ANSWER})
    mine = Order.objects.filter(restaurant_id=customer.kitchen.restaurant.pk)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(customer.ada.place, key)
        poll(mine.exists, what="the order to be written down", timeout_s=PATIENCE_S)
        _await_effect(town, mine.get().pk, "hold")
        town.kill("web")
        assert isinstance(asked.exception(PATIENCE_S), httpx.TransportError)
    town.await_restart("web", restarts=1)


def _await_effect(town: Town, order_id: UUID, kind: str) -> None:
    poll(
        lambda: kind in [seen for seen, _ in town.sandbox.effects(order_id)],
        what=f"the {kind} of {order_id}",
        timeout_s=PATIENCE_S,
    )
