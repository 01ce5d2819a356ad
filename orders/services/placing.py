"""Placing an order: one commit, the provider's answer, one commit (R1, R2, F4).

1. validate and price on the server, choose a gateway that answers; nothing is written when that refuses.
2. commit: order, lines, history, payment, operation, saga, idempotency record, cart, outbox — one statement.
3. ask the provider for the hold, with the key that step 2 stored.
4. commit: placed (or failed), payment, saga, stored answer, outbox — one statement.

A crash between any two of these leaves rows from which the saga finds out what happened.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, OperationalError, transaction
from django.db.models.functions import Now

from deliveryapp import idempotency, saga
from deliveryapp.batch import Batch, NoneLeft, NotOverwritten, StaleWrite
from deliveryapp.clock import utc_now
from deliveryapp.failpoints import failpoint
from deliveryapp.idempotency import Answer, RequestInFlight
from deliveryapp.ids import new_id
from deliveryapp.models import IdempotencyRecord, SagaRun, SagaStep, User
from deliveryapp.outbox import publish
from deliveryapp.transactions import durable
from orders import pricing
from orders.errors import CreditChanged
from orders.events import OrderCreated, OrderPlaced
from orders.models import Customer, Order, OrderLine
from orders.selectors import documents
from orders.services import discounting, promises, repeating, stock
from orders.services.cancelling import add_failure
from orders.services.moving import SAGA, SYSTEM, Actor, event_of, history_row, lock_order, move
from orders.services.quoting import OrderRequest, Quote, quote, slot_full
from payments import facade as payments
from restaurants import facade as restaurants

ANSWERED_WITHIN = timedelta(seconds=15)  # longer than the provider may take
FIRST_STEP, NEXT_STEP = "authorize_payment", "notify_restaurant"
PAYMENT_DECLINED = "payment_declined"
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the first commit wrote and the second one completes."""

    order: Order
    lines: list[OrderLine]
    pending: payments.PendingAuthorization
    run: SagaRun
    step: SagaStep
    record: IdempotencyRecord | None


def place_once(
    *, user: User, request: OrderRequest, key: str | None, request_hash: str, now: datetime
) -> Answer:
    """`place_order` behind the client's key: a repetition gets the first answer and orders nothing.

    Raises IdempotencyKeyReused for the same key with another request, and what `place_order` raises.
    """
    record = None if key is None else idempotency.find(user_id=user.pk, key=key, request_hash=request_hash)
    if record is None:
        return place_order(user=user, request=request, key=key, request_hash=request_hash, now=now)
    if stored := idempotency.stored_answer(record):
        return stored
    assert record.resource_id is not None
    if now - record.created_at < ANSWERED_WITHIN and _is_being_placed(record.resource_id):
        raise RequestInFlight(retry_after_s=1)
    return replace(current_answer(order_id=record.resource_id), replayed=True)


def _is_being_placed(order_id: UUID) -> bool:
    """The first request still holds the saga's first step."""
    return SagaRun.objects.filter(
        saga=SAGA, subject_id=order_id, step=FIRST_STEP, leased_until__gt=Now()
    ).exists()


def place_order(
    *, user: User, request: OrderRequest, key: str | None, request_hash: str, now: datetime
) -> Answer:
    """The answer to give: 201 placed, 202 not settled yet, 402 declined.

    Raises RequestInFlight while the same key is being answered, DuplicateOrder for the same cart soon after,
    CreditChanged, ItemOutOfStock, PromotionUsedUp or SlotFull when another order was quicker,
    PaymentMethodNotFound, what `quote` raises, what `promises.kept` raises for a token, and
    PaymentUnavailable while no gateway answers; nothing is written then and the key stays unused.
    """
    with promises.kept(request=request, user_id=user.pk, now=now) as promise:
        quoted = quote(user_id=user.pk, request=request, now=now)
        promises.compare(promise, quoted, request=request, user_id=user.pk, now=now)
        source = payments.source_of(
            user_id=user.pk, payment_method=request.payment_method, gateway=request.payment_gateway
        )
        draft = _write_down(user, request, quoted, source, key, request_hash, now)
    failpoint("placing.before_send")
    answer = payments.ask(draft.pending)
    failpoint("placing.after_answer")
    try:
        return _record(draft, answer, utc_now())
    except (StaleWrite, OperationalError):  # a webhook was quicker, or the database had to choose a victim
        saga.let_go(draft.run)
        saga.advance(draft.run.pk)
        return current_answer(order_id=draft.order.pk)


def _write_down(
    user: User,
    request: OrderRequest,
    quoted: Quote,
    source: payments.PaymentSource,
    key: str | None,
    request_hash: str,
    now: datetime,
) -> _Draft:
    batch, cart = Batch(), repeating.cart_fingerprint(user.pk, quoted, request)
    order = _new_order(user, request, quoted, now)
    lines = _new_lines(order, quoted)
    credit_minor = _credit_for(order) if request.use_credit else 0
    by_card_minor = order.total_minor - credit_minor
    chosen = payments.choose_gateway(amount_minor=by_card_minor, bound_to=source.gateway)
    pending = payments.open_authorization(
        batch,
        chosen=chosen,
        order_id=order.pk,
        customer_id=user.pk,
        amount_minor=by_card_minor,
        credit_minor=credit_minor,
        currency=order.currency,
        source=source,
        shares=_shares(order, quoted),
        now=now,
    )
    run, step = saga.new_run(saga=SAGA, subject_id=order.pk, step=FIRST_STEP)
    asked: dict[str, Any] = {"user_id": user.pk, "key": key, "request_hash": request_hash}
    record = None if key is None else IdempotencyRecord(**asked, resource_id=order.pk, created_at=now)
    batch.insert_if_missing(Customer(user=user, created_at=now))
    batch.insert(order, *lines, run, step, *filter(None, [record]))
    stock.take(batch, lines)
    discounting.take_use(batch, order, quoted.promised)
    if order.slot_at is not None and (capacity := quoted.cart.restaurant.slot_capacity) is not None:
        restaurants.take_place(
            batch, restaurant_id=order.restaurant_id, slot_at=order.slot_at, capacity=capacity
        )
    repeating.remember(batch, order, cart, allow_duplicate=request.allow_duplicate)
    batch.insert(history_row(order, from_status="", actor=Actor("customer", user.pk), now=now))
    try:
        with durable():
            created = event_of(order, OrderCreated, total_minor=order.total_minor, currency=order.currency)
            publish(created, seq=1, now=now, batch=batch)
            batch.execute()
            failpoint("placing.before_first_commit")
    except NotOverwritten:
        raise repeating.refusal(cart) from None
    except NoneLeft:
        raise slot_full(quoted, now) from None
    except StaleWrite:
        raise CreditChanged from None
    except IntegrityError as error:
        raise idempotency.second_of(error, **asked) from None
    return _Draft(order, lines, pending, run, step, record)


def _credit_for(order: Order) -> int:
    """What of the customer's credit this order spends: as much as there is, up to its price."""
    balance_minor = payments.credit_of(customer_id=order.customer_id).get(order.currency, 0)
    return min(balance_minor, order.total_minor)


def _shares(order: Order, quoted: Quote) -> payments.Shares:
    restaurant_minor = pricing.restaurants_share(
        subtotal_minor=order.subtotal_minor,
        commission_bp=quoted.cart.restaurant.commission_bp,
        discount=quoted.promised.discount if quoted.promised else pricing.NO_DISCOUNT,
    )
    return payments.Shares(
        restaurant_id=order.restaurant_id,
        restaurant_minor=restaurant_minor,
        driver_minor=order.payout_minor,
        tax_minor=order.tax_minor,
    )


def _new_order(user: User, request: OrderRequest, quoted: Quote, now: datetime) -> Order:
    restaurant, delivery, price = quoted.cart.restaurant, quoted.delivery, quoted.price
    order_id = new_id()
    return Order(
        id=order_id,
        number=order_number(order_id),
        region=restaurant.region,
        customer_id=user.pk,
        restaurant_id=restaurant.id,
        currency=restaurant.currency,
        subtotal_minor=price.subtotal_minor,
        delivery_fee_minor=price.delivery_fee_minor,
        service_fee_minor=price.service_fee_minor,
        tax_minor=price.tax_minor,
        included_tax_minor=price.included_tax_minor,
        tip_minor=price.tip_minor,
        discount_minor=price.discount_minor,
        total_minor=price.total_minor,
        payout_minor=pricing.payout(distance_m=quoted.terms.distance_m, tip_minor=price.tip_minor),
        **discounting.order_fields(quoted.promised),
        tax_bp=restaurant.tax_bp,
        commission_bp=restaurant.commission_bp,
        restaurant_name=restaurant.name,
        pickup_lat=restaurant.location.lat,
        pickup_lng=restaurant.location.lng,
        pickup_street=restaurant.street,
        street=delivery.street,
        city=delivery.city,
        postcode=delivery.postcode,
        lat=quoted.dropoff.lat,
        lng=quoted.dropoff.lng,
        delivery_note=delivery.note,
        customer_first_name=user.first_name[:60],
        note=request.note,
        scheduled_for=quoted.slot.scheduled_for if quoted.slot else None,
        opens_at=max(now, quoted.slot.opens_at) if quoted.slot else None,
        busy_minutes=quoted.busy_minutes,
        slot_at=quoted.slot_at,
        created_at=now,
        updated_at=now,
    )


def _new_lines(order: Order, quoted: Quote) -> list[OrderLine]:
    return [
        OrderLine(
            order=order,
            position=position,
            item_id=line.item_id,
            name=line.name,
            quantity=line.quantity,
            unit_price_minor=line.unit_price_minor,
            options=[
                {"group": option.group, "name": option.name, "price_delta_minor": option.price_delta_minor}
                for option in line.options
            ],
            note=line.note,
            total_minor=line.total_minor,
            is_counted=line.is_counted,
        )
        for position, line in enumerate(quoted.cart.lines)
    ]


def order_number(order_id: UUID) -> str:
    """Six characters people can read out; drawn from the id's random bits, so not unique for ever."""
    value, number = order_id.int & ((1 << 40) - 1), ""
    for _ in range(6):
        value, digit = divmod(value, len(ALPHABET))
        number += ALPHABET[digit]
    return number


def _record(draft: _Draft, answer: payments.ProviderAnswer, now: datetime) -> Answer:
    """The second commit. Raises StaleWrite when somebody else settled the order meanwhile."""
    batch = Batch()
    with durable():
        lock_order(draft.order.pk)  # one statement takes its locks in any order: take them first
        payments.lock_payment(draft.pending)
        info = payments.record_authorization(batch, draft.pending, answer, now=now)
        if info.is_held:
            _place(draft.order, now, batch)
        elif info.is_refused:
            add_failure(
                batch,
                draft.order,
                code=PAYMENT_DECLINED,
                detail=info.decline_code,
                now=now,
                lines=draft.lines,
            )
        result = _answer(draft.order, draft.lines, info)
        _store(batch, draft.record, result)
        _hand_over(batch, draft, info)
        batch.execute()
        run_id = draft.run.pk
        transaction.on_commit(lambda: saga.nudge(run_id), robust=True)
        failpoint("placing.before_second_commit")
    failpoint("placing.after_second_commit")
    return result


def _place(order: Order, now: datetime, batch: Batch | None = None) -> None:
    move(
        order,
        order.place,
        OrderPlaced,
        actor=SYSTEM,
        now=now,
        batch=batch,
        fields={"now": now},
        facts={"total_minor": order.total_minor, "currency": order.currency},
    )


def _hand_over(batch: Batch, draft: _Draft, info: payments.PaymentInfo) -> None:
    """Give the saga to the workers: at the next step, in compensation, or still at the payment."""
    if info.is_held:
        saga.hand_over(batch, draft.run, draft.step, next_step=NEXT_STEP)
    elif info.is_refused:
        saga.hand_over(batch, draft.run, draft.step, compensate_because=PAYMENT_DECLINED)
    else:
        saga.hand_over(batch, draft.run, draft.step)


def _store(batch: Batch, record: IdempotencyRecord | None, answer: Answer) -> None:
    """Only a final answer is stored; an open one is told anew from the order's state."""
    if record and answer.status != 202:
        batch.update(
            IdempotencyRecord.objects.filter(pk=record.pk),
            answer_status=answer.status,
            answer=idempotency.plain(answer.body),
        )


def _answer(order: Order, lines: list[OrderLine], info: payments.PaymentInfo, failure: str = "") -> Answer:
    if order.status == Order.Status.FAILED:
        body = documents.not_placed(order, failure or PAYMENT_DECLINED, info.decline_code)
        return Answer(status=body["status"], body=body)
    body = documents.order_document(order, lines=lines, payment=info, history=[], failure=None)
    return Answer(status=202 if order.status == Order.Status.CREATED else 201, body=body)


def current_answer(*, order_id: UUID) -> Answer:
    """What placing this order has come to by now."""
    order = Order.objects.select_related("failure").get(pk=order_id)
    info = payments.payment_of(order_id=order_id)
    assert info is not None
    failure = order.failure.code if order.status == Order.Status.FAILED else ""
    return _answer(order, list(order.lines.order_by("position")), info, failure)


def place_authorized(*, order_id: UUID, now: datetime) -> None:
    """The hold was found after the request had given up on it: place the order now, once."""
    with durable():
        order = lock_order(order_id)
        if order.status == Order.Status.CREATED:
            _place(order, now)
