"""Two reconciliations of the same period at once, as the hourly and the daily job may be: each difference is
mended once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from deliveryapp.clock import utc_now
from payments import tasks
from payments.gateways import RefundSeen
from payments.models import ManualReview, Payment, Refund
from payments.services import adopting
from tests.crowd import PATIENCE_S, at_once
from tests.orders.stage import Stage
from tests.payments.mess import (
    dashboard_refund,
    delivered,
    effects,
    hold,
    let_it_rest,
    ref_of,
    strangers_hold,
)

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wide_pool")]
ROUNDS = 20


def run() -> Callable[[], Any]:
    now = utc_now()
    since, until = ((now + timedelta(minutes=at)).isoformat() for at in (-10, 1))
    return lambda: tasks.reconcile_period(gateway="stripe", since=since, until=until)


def test_each_difference_is_mended_once(stage: Stage) -> None:
    order_id = delivered(stage)
    ref = ref_of(order_id)
    for number in range(1, ROUNDS + 1):
        dashboard_refund(stage, ref, 10)
        strangers_hold()
        hold(order_id="not ours")
        let_it_rest()
        assert at_once(*[run()] * 3) == [None] * 3

        assert Refund.objects.count() == number
        assert Payment.objects.get().refunded_minor == 10 * number
        assert [kind for kind, _, _ in effects(stage)].count("release") == number
        assert ManualReview.objects.count() == number


def test_control_without_the_look_under_the_lock_only_the_database_stops_the_second(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = ref_of(delivered(stage))
    dashboard_refund(stage, ref, 10)
    let_it_rest()
    both_have_looked = threading.Barrier(2)
    look = adopting._is_known

    def look_before(seen: RefundSeen) -> bool:
        return False

    def adopt(**seen: Any) -> bool:
        assert not look(seen["seen"])
        both_have_looked.wait(PATIENCE_S)
        return original(**seen)

    original = adopting.adopt_refund
    monkeypatch.setattr(adopting, "_is_known", look_before)
    monkeypatch.setattr(adopting, "_fits", lambda payment, seen: True)
    monkeypatch.setattr("payments.services.reconciling.mending.adopt_refund", adopt)
    results = at_once(*[run()] * 2, refusals=IntegrityError)

    assert [type(result) for result in results].count(IntegrityError) == 1
    assert Refund.objects.count() == 1
