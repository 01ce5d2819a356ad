"""Two calls at once on one payment: one wins, the other is told, and the log has one effect."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import stripe

from tests.crowd import at_once

from .conftest import Make
from .process import Client, Server

ROUNDS = 15
Call = Callable[[stripe.StripeClient, str], object]


def _capture(client: stripe.StripeClient, intent: str) -> object:
    return client.v1.payment_intents.capture(intent)


def _cancel(client: stripe.StripeClient, intent: str) -> object:
    return client.v1.payment_intents.cancel(intent)


def _refund(client: stripe.StripeClient, intent: str) -> object:
    return client.v1.refunds.create({"payment_intent": intent, "amount": 800})


def _ends(sandbox: Server, intent: str, calls: list[Call]) -> list[str]:
    """What each of the calls, let loose together, ended in."""

    def run(call: Call) -> str:
        client = Client(sandbox.url)
        try:
            call(client.stripe, intent)
        except stripe.InvalidRequestError as error:
            return error.code or "refused"
        finally:
            client.close()
        return "done"

    return at_once(*[lambda call=call: run(call) for call in calls])


@pytest.mark.parametrize("calls", [[_capture, _cancel], [_capture, _capture], [_cancel, _cancel]])
def test_of_capture_and_cancel_one_wins(sandbox: Server, hold: Make, calls: list[Call]) -> None:
    for _ in range(ROUNDS):
        before = len(sandbox.effects())
        ends = _ends(sandbox, hold().id, calls)
        assert sorted(ends) == ["done", "payment_intent_unexpected_state"]
        assert len(sandbox.effects()) == before + 2


def test_refunds_together_stay_below_the_capture(sandbox: Server, hold: Make) -> None:
    for _ in range(ROUNDS):
        before = len(sandbox.effects())
        ends = _ends(sandbox, hold(capture_method="automatic").id, [_refund, _refund, _refund])
        assert sorted(ends) == ["done", "refused", "refused"]
        assert sandbox.moved()[before:] == [("hold", 1299), ("capture", 1299), ("refund", 800)]
