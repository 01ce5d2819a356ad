"""The life of a payment intent: states, captures, releases, and what is refused."""

from __future__ import annotations

import pytest
import stripe

from .conftest import Make
from .process import Server, until

WEEK_S = 7 * 86_400


def test_a_hold_is_captured_in_full(client: stripe.StripeClient, sandbox: Server, hold: Make) -> None:
    intent = hold(expand=["latest_charge"])
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 1299, 0)
    charge = intent.latest_charge
    assert (charge.captured, charge.paid, charge.amount_captured) == (False, True, 0)
    assert charge.payment_method_details.card.capture_before == intent.created + WEEK_S

    captured = client.v1.payment_intents.capture(intent.id, {"expand": ["latest_charge.balance_transaction"]})

    assert (captured.status, captured.amount_capturable, captured.amount_received) == ("succeeded", 0, 1299)
    assert (captured.latest_charge.captured, captured.latest_charge.amount_captured) == (True, 1299)
    booked = captured.latest_charge.balance_transaction
    assert (booked.amount, booked.fee, booked.net) == (1299, 43, 1256)
    assert sandbox.moved() == [("hold", 1299), ("capture", 1299)]
    assert {row["order_id"] for row in sandbox.effects()} == {"order-1"}


def test_a_partial_capture_releases_the_rest(
    client: stripe.StripeClient, sandbox: Server, hold: Make
) -> None:
    intent = hold()
    captured = client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1000})
    assert (captured.status, captured.amount, captured.amount_received) == ("succeeded", 1299, 1000)
    assert captured.amount_capturable == 0
    assert sandbox.moved() == [("hold", 1299), ("capture", 1000), ("release", 299)]
    assert client.v1.refunds.list().data == []


def test_automatic_capture_takes_the_money_at_once(
    client: stripe.StripeClient, sandbox: Server, hold: Make
) -> None:
    intent = hold(capture_method="automatic", expand=["latest_charge"])
    assert (intent.status, intent.amount_received, intent.latest_charge.captured) == ("succeeded", 1299, True)
    assert intent.latest_charge.payment_method_details.card.capture_before is None
    assert sandbox.moved() == [("hold", 1299), ("capture", 1299)]


def test_cancel_releases_the_hold_and_forbids_capture(
    client: stripe.StripeClient, sandbox: Server, hold: Make
) -> None:
    intent = hold()
    canceled = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "requested_by_customer"})
    assert (canceled.status, canceled.amount_capturable) == ("canceled", 0)
    assert canceled.cancellation_reason == "requested_by_customer"
    assert canceled.canceled_at >= intent.created

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.capture(intent.id)

    assert caught.value.http_status == 400
    assert caught.value.code == "payment_intent_unexpected_state"
    assert caught.value.error.payment_intent.status == "canceled"
    assert sandbox.moved() == [("hold", 1299), ("release", 1299)]


@pytest.mark.parametrize("action", ["capture", "cancel", "confirm"])
def test_a_captured_intent_is_final(
    client: stripe.StripeClient, sandbox: Server, hold: Make, action: str
) -> None:
    intent = hold(capture_method="automatic")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        getattr(client.v1.payment_intents, action)(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"
    assert sandbox.moved() == [("hold", 1299), ("capture", 1299)]


def test_more_than_the_hold_cannot_be_captured(
    client: stripe.StripeClient, sandbox: Server, hold: Make
) -> None:
    intent = hold()
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1300})
    assert (caught.value.param, caught.value.code) == ("amount_to_capture", "amount_too_large")
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    assert sandbox.moved() == [("hold", 1299)]


def test_the_states_before_the_hold(client: stripe.StripeClient, sandbox: Server) -> None:
    service = client.v1.payment_intents
    intent = service.create({"amount": 500, "currency": "eur", "allowed_payment_method_types": ["card"]})
    assert intent.status == "requires_payment_method"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        service.confirm(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"

    intent = service.update(intent.id, {"payment_method": "pm_card_visa", "amount": 700})
    assert (intent.status, intent.amount) == ("requires_confirmation", 700)
    intent = service.confirm(intent.id, {"capture_method": "manual"})
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 700)
    assert sandbox.moved() == [("hold", 700)]


def test_update_changes_metadata_always_and_the_amount_only_before_the_hold(
    client: stripe.StripeClient, hold: Make
) -> None:
    intent = hold(metadata={"order_id": "1", "table": "4"})
    updated = client.v1.payment_intents.update(intent.id, {"metadata": {"table": "", "note": "ring"}})
    assert updated.metadata.to_dict() == {"order_id": "1", "note": "ring"}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.update(intent.id, {"amount": 5000})
    assert caught.value.code == "payment_intent_unexpected_state"
    assert client.v1.payment_intents.retrieve(intent.id).amount == 1299


def test_multicapture_takes_the_hold_in_parts(
    client: stripe.StripeClient, sandbox: Server, hold: Make
) -> None:
    intent = hold(payment_method_options={"card": {"request_multicapture": "if_available"}})
    service = client.v1.payment_intents
    first = service.capture(intent.id, {"amount_to_capture": 700, "final_capture": False})
    assert (first.status, first.amount_capturable, first.amount_received) == ("requires_capture", 599, 700)
    with pytest.raises(stripe.InvalidRequestError):
        service.cancel(intent.id)
    last = service.capture(intent.id, {"amount_to_capture": 200})
    assert (last.status, last.amount_capturable, last.amount_received) == ("succeeded", 0, 900)
    assert sandbox.moved() == [("hold", 1299), ("capture", 700), ("capture", 200), ("release", 399)]


def test_a_capture_is_final_unless_multicapture_was_requested(
    client: stripe.StripeClient, hold: Make
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.capture(hold().id, {"amount_to_capture": 700, "final_capture": False})
    assert caught.value.param == "final_capture"


def test_incremental_authorization_raises_the_hold(
    client: stripe.StripeClient, sandbox: Server, hold: Make
) -> None:
    service = client.v1.payment_intents
    options = {"card": {"request_incremental_authorization": "if_available"}}
    intent = hold(payment_method_options=options)
    raised = service.increment_authorization(intent.id, {"amount": 1500})
    assert (raised.amount, raised.amount_capturable, raised.status) == (1500, 1500, "requires_capture")
    assert service.capture(intent.id).amount_received == 1500
    assert sandbox.moved() == [("hold", 1299), ("hold", 201), ("capture", 1500)]

    with pytest.raises(stripe.InvalidRequestError):
        service.increment_authorization(hold().id, {"amount": 1500})


def test_a_forgotten_hold_expires_after_a_week(
    client: stripe.StripeClient, sandbox: Server, hold: Make
) -> None:
    intent = hold()
    sandbox.call("POST", "clock", {"advance_s": WEEK_S - 3600})
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    sandbox.call("POST", "clock", {"advance_s": 3601})
    expired = client.v1.payment_intents.retrieve(intent.id)
    assert (expired.status, expired.cancellation_reason) == ("canceled", "expired")
    assert sandbox.moved() == [("hold", 1299), ("release", 1299)]


def test_the_week_of_a_hold_begins_with_the_hold(
    client: stripe.StripeClient, sandbox: Server, hold: Make
) -> None:
    intent = hold(payment_method="pm_card_threeDSecure2Required")
    sandbox.call("POST", "clock", {"advance_s": WEEK_S - 100})
    client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    sandbox.call("POST", "clock", {"advance_s": WEEK_S - 100})
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    sandbox.call("POST", "clock", {"advance_s": 200})
    assert client.v1.payment_intents.retrieve(intent.id).status == "canceled"


def test_processing_ends_by_itself(client: stripe.StripeClient, sandbox: Server, hold: Make) -> None:
    sandbox.call("POST", "faults", [{"operation": "create", "kind": "processing", "seconds": 1}])
    intent = hold()
    assert intent.status == "processing"
    assert sandbox.moved() == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.cancel(intent.id)
    until(lambda: client.v1.payment_intents.retrieve(intent.id).status == "requires_capture", "the hold")
    assert sandbox.moved() == [("hold", 1299)]


def test_lists_are_cursors_newest_first(client: stripe.StripeClient, hold: Make) -> None:
    made = [hold(amount=amount).id for amount in range(1000, 1007)]
    service = client.v1.payment_intents
    page = service.list({"limit": 3})
    assert [row.id for row in page.data] == made[:3:-1]
    assert page.has_more
    after = service.list({"limit": 3, "starting_after": page.data[-1].id})
    assert [row.id for row in after.data] == made[3:0:-1]
    before = service.list({"limit": 2, "ending_before": after.data[0].id})
    assert [row.id for row in before.data] == [made[5], made[4]]
    assert [row.id for row in service.list({"limit": 2}).auto_paging_iter()] == made[::-1]


def test_lists_filter_by_time_and_customer(client: stripe.StripeClient, sandbox: Server, hold: Make) -> None:
    customer = client.v1.customers.create({"name": "Ada"}).id
    old = hold(customer=customer)
    sandbox.call("POST", "clock", {"advance_s": 1000})
    new = hold()
    service = client.v1.payment_intents

    def ids(**params: object) -> list[str]:
        return [row.id for row in service.list(params).data]  # type: ignore[arg-type]

    assert ids(created={"gte": old.created + 500}) == [new.id]
    assert ids(created={"gt": new.created}) == []
    assert ids(created={"lte": old.created}) == [old.id]
    assert ids(created={"lt": old.created}) == []
    assert ids(created=old.created) == [old.id]
    assert ids(customer=customer) == [old.id]


def test_charges_and_events_can_be_listed(client: stripe.StripeClient, hold: Make) -> None:
    intent, _ = hold(), hold()
    client.v1.payment_intents.capture(intent.id)
    (charge,) = client.v1.charges.list({"payment_intent": intent.id}).data
    assert charge.id == intent.latest_charge
    succeeded = client.v1.events.list({"type": "payment_intent.succeeded"}).data
    assert [event.data.object["id"] for event in succeeded] == [intent.id]
    kinds = {event.type for event in client.v1.events.list({"limit": 100}).data}
    assert kinds == {
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "payment_intent.succeeded",
    }
    (booked,) = client.v1.balance_transactions.list({"source": charge.id}).data
    assert booked.type == "charge"


def test_an_expired_multicapture_keeps_what_was_taken(
    client: stripe.StripeClient, sandbox: Server, hold: Make
) -> None:
    intent = hold(payment_method_options={"card": {"request_multicapture": "if_available"}})
    client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 500, "final_capture": False})
    sandbox.call("POST", "clock", {"advance_s": WEEK_S + 1})
    ended = client.v1.payment_intents.retrieve(intent.id)
    assert (ended.status, ended.amount_received, ended.amount_capturable) == ("succeeded", 500, 0)
    assert sandbox.moved() == [("hold", 1299), ("capture", 500), ("release", 799)]


def test_a_capture_may_set_metadata(client: stripe.StripeClient, hold: Make) -> None:
    captured = client.v1.payment_intents.capture(hold().id, {"metadata": {"trip": "9"}})
    assert captured.metadata.to_dict() == {"order_id": "order-1", "trip": "9"}


def test_changing_the_amount_ends_a_pending_authentication(client: stripe.StripeClient, hold: Make) -> None:
    intent = hold(payment_method="pm_card_threeDSecure2Required")
    changed = client.v1.payment_intents.update(intent.id, {"amount": 900})
    assert (changed.status, changed.next_action) == ("requires_confirmation", None)
    asked = client.v1.payment_intents.confirm(intent.id)
    assert (asked.status, asked.amount) == ("requires_action", 900)
    assert client.v1.payment_intents.cancel(intent.id).status == "canceled"
