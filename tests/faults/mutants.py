"""The faults of the textbook, put back one by one: what each platform without a guard does (PITFALLS)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from deliveryapp import inbox, relay, saga
from deliveryapp.models import OutboxEvent
from deliveryapp.saga import Done, Outcome
from deliveryapp.transport import Transport
from drivers.models import Delivery, Driver
from drivers.services import offers
from orders import services
from orders.saga import ORDER_SAGA
from orders.services import placing
from payments.gateways import NOT_FOUND, Refused
from payments.gateways.stripe_gateway import StripeGateway
from payments.services import authorizing

Patch = pytest.MonkeyPatch
A_MINUTE = timedelta(minutes=1)


def unsharded_relays(patch: Patch) -> None:
    """Two relays, each with the rows that the other has not locked; the second is quicker."""

    def publish(*, carrier: Transport | None = None) -> int:
        rows = list(OutboxEvent.objects.filter(published_at=None).order_by("position"))
        assert carrier is not None
        for mine in (rows[len(rows) // 2 :], rows[: len(rows) // 2]):
            carrier.send([relay.envelope_of(row).as_json() for row in mine])
            _mark(mine)
        return len(rows)

    patch.setattr(relay, "publish_waiting", publish)


def marked_before_sent(patch: Patch) -> None:
    """At most once instead of at least once."""

    def publish(*, carrier: Transport | None = None) -> int:
        rows = list(OutboxEvent.objects.filter(published_at=None).order_by("position"))
        _mark(rows)
        assert carrier is not None
        carrier.send([relay.envelope_of(row).as_json() for row in rows])
        return len(rows)

    patch.setattr(relay, "publish_waiting", publish)


def _mark(rows: Sequence[OutboxEvent]) -> None:
    with connection.cursor() as cursor:
        sql = "UPDATE deliveryapp_outboxevent SET published_at = clock_timestamp(), sends = 1"
        cursor.execute(f"{sql} WHERE position = ANY(%s)", [[row.position for row in rows]])


def effect_without_inbox_row(patch: Patch) -> None:
    patch.setattr(inbox, "_unseen", lambda _handler, envelopes, **_: list(envelopes))


def key_per_request(patch: Patch) -> None:
    _with_new_keys(patch, "authorize")


def refund_without_its_key(patch: Patch) -> None:
    """And nobody looks whether the first try worked."""
    _with_new_keys(patch, "refund")
    patch.setattr(StripeGateway, "find_refund", lambda *_args, **_kwargs: Refused(NOT_FOUND, ""))


def _with_new_keys(patch: Patch, method: str) -> None:
    original = getattr(StripeGateway, method)

    def ask(self: StripeGateway, *args: Any, key: str, **kwargs: Any) -> Any:
        return original(self, *args, key=str(uuid4()), **kwargs)

    patch.setattr(StripeGateway, method, ask)


def swallowed_compensation_error(patch: Patch) -> None:
    """`except Exception: pass`, and on to the next step."""
    original = saga._execute

    def execute(held: saga.Held) -> Outcome:
        outcome = original(held)
        return Done() if held.compensating else outcome

    patch.setattr(saga, "_execute", execute)


def skipped_compensation(patch: Patch) -> None:
    """A saga that was cancelled is simply called compensated."""

    def next_step(held: saga.Held) -> saga.Verdict:
        if held.compensating:
            return saga.Verdict(step=held.step.name, status=saga.Status.COMPENSATED)
        return original(held)

    original = saga._next
    patch.setattr(saga, "_next", next_step)


def complete_at_assignment(patch: Patch) -> None:
    """The saga ends when a driver has said yes."""
    short = replace(ORDER_SAGA, steps=ORDER_SAGA.steps[: ORDER_SAGA.index("await_pickup")])
    patch.setattr(saga, "sagas", lambda: {"order": short})


def no_unique_assignment(patch: Patch) -> None:
    """Neither the state of the search nor the database says that somebody was quicker."""
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX assignment_one_live_per_order")
    patch.setattr(offers, "_require_open", lambda _offer, _delivery: None)
    patch.setattr(Delivery, "assign", lambda _self: None)


def release_by_driver_id(patch: Patch) -> None:
    """Whoever ends one ride is free, whatever else he carries."""

    def free(_self: object, driver_id: object) -> bool:
        return bool(Driver.objects.filter(pk=driver_id).update(active_count=0, status="available"))

    patch.setattr(type(Driver.objects), "free_slot", free)


def acknowledged_before_commit(patch: Patch) -> None:
    """One transaction around all of it, and the process dies between the answer and its end."""
    original = placing.place_order

    def place(**asked: Any) -> Any:
        with transaction.atomic():
            answer = original(**asked)
            transaction.set_rollback(True)
        return answer

    for module in (placing, authorizing):
        patch.setattr(module, "require_no_transaction", lambda: None, raising=False)
    patch.setattr(placing, "durable", transaction.atomic)
    patch.setattr(placing, "place_order", place)


def forgotten_keys(patch: Patch) -> None:
    """The keys were in a cache, and the cache was flushed."""
    original = services.place_once
    patch.setattr(services, "place_once", lambda **asked: original(**{**asked, "key": None}))
