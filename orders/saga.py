"""The order saga: from the hold on the card to the door, and back again when it cannot be.

Validation comes before the saga is born (`services/placing.py`): nothing is written for a cart that cannot be
delivered. Each step reads what the order's own state says and is safe to repeat; commands and events wake it.
"""

from datetime import timedelta
from uuid import UUID

from deliveryapp.clock import scaled, utc_now
from deliveryapp.saga import Abort, Done, Outcome, Retry, Review, Saga, Step, Wait
from deliveryapp.transactions import durable
from drivers import facade as drivers
from orders import services
from orders.models import Order
from orders.refund_policy import Decision
from orders.selectors import refund_decision
from orders.selectors.documents import respond_by
from payments import facade as payments
from restaurants import facade as restaurants

AUTHENTICATE_WITHIN = timedelta(minutes=10)
AUTHENTICATE_AT_LEAST = timedelta(seconds=90)
SETTLE_EVERY = timedelta(seconds=5)
LOOK_EVERY = timedelta(seconds=20)
Status = Order.Status


def authorize_payment(order_id: UUID) -> Outcome:
    """Finish what the placing request began: it crashed, got no answer, or the customer's bank has
    questions.
    """
    order = Order.objects.get(pk=order_id)
    if order.status in (Status.FAILED, Status.CANCELLED):
        return Abort(_why(order))
    if order.status != Status.CREATED:
        return Done()
    payment = payments.settle_authorization(order_id=order_id)
    if payment.is_held:
        services.place_authorized(order_id=order_id, now=utc_now())
        return Done()
    if payment.is_refused:
        return _fail(order_id, "payment_declined", payment.decline_code)
    if utc_now() - order.created_at > scaled(AUTHENTICATE_WITHIN, floor=AUTHENTICATE_AT_LEAST):
        return _fail(order_id, "payment_timeout")
    return Wait(SETTLE_EVERY)


def _fail(order_id: UUID, code: str, detail: str = "") -> Outcome:
    services.fail_order(order_id=order_id, code=code, detail=detail, now=utc_now())
    return Abort(code)


def release_payment(order_id: UUID) -> Outcome:
    """Void what is held, refund what the policy gives back of what was captured (R9)."""
    order = Order.objects.get(pk=order_id)
    decision = refund_decision(order)
    if not payments.release(order_id=order_id, parts=_parts(decision), reason=_why(order)):
        return Retry("the money is not released yet")
    if decision.pays_kitchen:
        payments.pay_kitchen(order_id=order_id, now=utc_now())
    return Done()


def _parts(decision: Decision) -> list[payments.Part] | None:
    if decision.goes_back is None:
        return None
    return [
        payments.Part(
            kind=share.component, ref="", amount_minor=share.amount_minor, limit_minor=share.cost_minor
        )
        for share in decision.goes_back
    ]


def notify_restaurant(order_id: UUID) -> Outcome:
    order = Order.objects.get(pk=order_id)
    if order.status == Status.CANCELLED:
        return Abort(_why(order))
    now = utc_now()
    if order.opens_at is not None and order.opens_at > now:
        return Wait(order.opens_at - now)
    restaurants.open_ticket(order_id=order_id, restaurant_id=order.restaurant_id, now=now)
    services.ticket_opened(order_id=order_id, now=now)
    return Done()


def withdraw_ticket(order_id: UUID) -> Outcome:
    restaurants.withdraw_ticket(order_id=order_id, now=utc_now())
    return Done()


def await_confirmation(order_id: UUID) -> Outcome:
    """The kitchen answers within five minutes or the order is cancelled (R12); at once when it closed on its
    open orders or was suspended (R8). A pause changes nothing: the ticket is there to be answered.
    """
    order, now = Order.objects.get(pk=order_id), utc_now()
    if order.status != Status.PLACED:
        return Abort(_why(order)) if order.status == Status.CANCELLED else Done()
    if services.reject_if_closed(order_id=order_id, now=now):
        return Wait(timedelta(0))
    answer_by = respond_by(order)
    assert answer_by is not None
    if answer_by > now:
        louder_at = services.escalate_unseen(order_id=order_id, now=now)
        return Wait(min(answer_by, louder_at or answer_by) - now)
    services.time_out_restaurant(order_id=order_id, now=now)
    return Wait(timedelta(0))


def make_amends(order_id: UUID) -> Outcome:
    services.make_amends(order_id=order_id, now=utc_now())
    return Done()


def assign_driver(order_id: UUID) -> Outcome:
    """Ask dispatch for a driver; when nobody is found in time a person decides, and the search goes on
    (F7).
    """
    order = Order.objects.get(pk=order_id)
    if order.status not in Order.IN_KITCHEN:
        return Abort(_why(order)) if order.status == Status.CANCELLED else Done()
    drivers.request_delivery(
        order_id=order_id,
        restaurant_id=order.restaurant_id,
        region=order.region,
        pickup=order.pickup,
        pickup_name=order.restaurant_name,
        pickup_street=order.pickup_street,
        dropoff=order.dropoff,
        ready_at=order.ready_at or utc_now(),
        payout_minor=order.payout_minor,
        currency=order.currency,
        now=utc_now(),
    )
    if drivers.assignment_of(order_id=order_id) is not None:
        return Done()
    return _nobody_found(order_id) or _late_kitchen(order_id) or Wait(LOOK_EVERY)


def _nobody_found(order_id: UUID) -> Outcome | None:
    if not drivers.is_escalated(order_id=order_id):
        return None
    services.search_takes_longer(order_id=order_id, now=utc_now())
    return Review("no_driver_found")


def _late_kitchen(order_id: UUID) -> Outcome | None:
    return Review("kitchen_late") if services.follow_kitchen(order_id=order_id, now=utc_now()) else None


def release_driver(order_id: UUID) -> Outcome:
    drivers.cancel_delivery(order_id=order_id, reason="order_cancelled", now=utc_now())
    return Done()


def await_pickup(order_id: UUID) -> Outcome:
    order = Order.objects.get(pk=order_id)
    if order.status in (Status.PICKED_UP, Status.DELIVERED):
        return Done()
    if order.status == Status.CANCELLED:
        return Abort(_why(order))
    # A driver may have given the order back, or fallen silent, and nobody else took it.
    return _nobody_found(order_id) or _late_kitchen(order_id) or Wait(LOOK_EVERY)


def capture_payment(order_id: UUID) -> Outcome:
    """The food is on its way: take the money. The delivery goes on however long this takes (R6)."""
    if Order.objects.get(pk=order_id).status == Status.CANCELLED:
        return Abort("cancelled")
    rider = drivers.assignment_of(order_id=order_id)
    captured = payments.capture(order_id=order_id, driver_id=rider.driver_id if rider else None)
    return Done() if captured else Retry("not captured yet")


def await_delivery(order_id: UUID) -> Outcome:
    order = Order.objects.get(pk=order_id)
    if order.status == Status.CANCELLED:
        return Abort(_why(order))
    if order.status == Status.DELIVERED:
        return Done()
    rider = drivers.assignment_of(order_id=order_id)
    if rider is None or rider.silent_since is None:
        return Wait(LOOK_EVERY)
    services.driver_silent(order_id=order_id, assignment_id=rider.id, now=utc_now())
    return Review("driver_silent")


def give_up(order_id: UUID, user_id: UUID, reason: str) -> None:
    """A person ends the order; raises NotCancellable when it has come to its end."""
    with durable():
        services.cancel_as_support(order_id=order_id, user_id=user_id, reason=reason, now=utc_now())


def _why(order: Order) -> str:
    return order.cancel_reason or str(order.status)


ORDER_SAGA = Saga(
    name="order",
    give_up=give_up,
    steps=(
        Step("authorize_payment", authorize_payment, release_payment, max_attempts=30),
        Step("notify_restaurant", notify_restaurant, withdraw_ticket),
        Step("await_confirmation", await_confirmation, make_amends),
        Step("assign_driver", assign_driver, release_driver),
        Step("await_pickup", await_pickup),
        Step("capture_payment", capture_payment, max_attempts=12),
        Step("await_delivery", await_delivery),
    ),
)
