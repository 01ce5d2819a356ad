"""A quote is a promise for a while: signed, so that it comes back as it was given, and compared when it does.

The token carries digests of what was asked and what the customer saw for it. Nothing is stored: who orders
with a token is told part by part what has changed since, and nothing is ordered then (ADR 20).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing

from deliveryapp.errors import AppError
from deliveryapp.idempotency import fingerprint
from deliveryapp.money import Money
from orders.errors import PriceChanged, QuoteChanged, QuoteExpired, QuoteMismatch
from orders.services.quoting import OrderRequest, Quote, quote
from restaurants import facade as restaurants
from restaurants.facade import CartLine, PricedLine

VALID_FOR = timedelta(minutes=15)  # on the wall clock: people do not read faster in a fast city
SALT = "orders.quote"
VERSION = 1
DIGITS = 16  # of each digest
FEES = ("delivery_fee", "service_fee", "tax")
PRICE, FEE, PROMOTION = "price", "fee", "promotion"
SOLD_OUT, OPTION_GONE, NOT_AVAILABLE = "sold_out", "option_gone", "not_available"
# What may happen to an item or a promotion between the quote and the order. Whatever else is in the way (the
# kitchen closed, the address is too far) is a matter of the whole order and says so itself.
GONE = (
    restaurants.ItemNotFound,
    restaurants.ItemNotServed,
    restaurants.ItemOutOfStock,
    restaurants.ItemUnavailable,
    restaurants.OptionInvalid,
    restaurants.PromotionRefused,
    restaurants.PromotionUnknown,
    PriceChanged,
)
Difference = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SignedQuote:
    quote: Quote
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Promise:
    """What a token says the customer was shown, in minor units; `lines` and `promotion` as (name, amount).

    `cooked_at` is None for an order as soon as possible.
    """

    expires_at: datetime
    cooked_at: datetime | None
    currency: str
    lines: list[tuple[str, int]]
    fees: dict[str, int]
    promotion: tuple[str, int]


def sign(*, quoted: Quote, request: OrderRequest, user_id: UUID, now: datetime) -> SignedQuote:
    """The quote with its token, good for this customer, this cart and a quarter of an hour."""
    expires_at = (now + VALID_FOR).replace(microsecond=0)
    document = {
        "version": VERSION,
        "user": str(user_id),
        "asked": _asked(request),
        "expires": int(expires_at.timestamp()),
        "cooked": int(quoted.starts_at.timestamp()) if quoted.slot else None,
        "currency": quoted.cart.restaurant.currency,
        "lines": [(line.name, line.total_minor) for line in quoted.cart.lines],
        "fees": _fees(quoted),
        "promotion": _promotion(quoted),
    }
    return SignedQuote(quoted, signing.Signer(salt=SALT).sign_object(document, compress=True), expires_at)


@contextmanager
def kept(*, request: OrderRequest, user_id: UUID, now: datetime) -> Iterator[Promise | None]:
    """Around what prices and writes an order; None without a token, for nobody promised anything.

    Raises QuoteMismatch for another cart, QuoteExpired, and QuoteChanged instead of a refusal in GONE; each
    with `differences`, the last two with the total and a token of what may be had now, if it may.
    """
    if not request.quote_token:
        yield None
        return
    promise = _read(request, user_id)
    if now >= promise.expires_at:
        raise QuoteExpired(**_news(promise, request, user_id, now))
    try:
        yield promise
    except GONE:
        raise QuoteChanged(**_news(promise, request, user_id, now)) from None


def compare(
    promise: Promise | None, quoted: Quote, *, request: OrderRequest, user_id: UUID, now: datetime
) -> None:
    """Raises QuoteChanged when anything is not as the customer saw it."""
    if promise is not None and (differences := _differences(promise, quoted)):
        raise QuoteChanged(differences=differences, **_instead(quoted, request, user_id, now))


def _read(request: OrderRequest, user_id: UUID) -> Promise:
    try:
        document = signing.Signer(salt=SALT).unsign_object(request.quote_token)
    except (signing.BadSignature, ValueError):
        raise QuoteMismatch("This is not a quote of ours.", differences=[]) from None
    if (document["version"], document["user"]) != (VERSION, str(user_id)):
        raise QuoteMismatch("This is not a quote of yours.", differences=[])
    asked = _asked(request)
    others = [{"what": what} for what in asked if document["asked"].get(what) != asked[what]]
    if others:
        raise QuoteMismatch("The quote is for something else.", differences=others)
    cooked = document["cooked"]
    return Promise(
        expires_at=datetime.fromtimestamp(document["expires"], UTC),
        cooked_at=None if cooked is None else datetime.fromtimestamp(cooked, UTC),
        currency=document["currency"],
        lines=[(name, minor) for name, minor in document["lines"]],
        fees=document["fees"],
        promotion=(document["promotion"][0], document["promotion"][1]),
    )


def _asked(request: OrderRequest) -> dict[str, str]:
    """A digest of each thing that a price depends on; notes and the way to pay may still change."""
    door = request.delivery
    parts: dict[str, object] = {
        "cart": [request.restaurant_id, [_wish(line) for line in request.lines]],
        "address": [door.address_id, door.street, door.lat, door.lng],
        "tip": request.tip_minor,
        "time": request.scheduled_for,
        "promotion_code": request.promotion_code,
    }
    return {what: fingerprint("quote", part)[:DIGITS] for what, part in parts.items()}


def _wish(line: CartLine) -> list[object]:
    return [line.item_id, line.quantity, sorted(map(str, line.option_ids))]


def _fees(quoted: Quote) -> dict[str, int]:
    return {name: getattr(quoted.price, f"{name}_minor") for name in FEES}


def _promotion(quoted: Quote) -> tuple[str, int]:
    promised = quoted.promised
    return (promised.offer.title, promised.discount.amount_minor) if promised else ("", 0)


def _news(promise: Promise, request: OrderRequest, user_id: UUID, now: datetime) -> dict[str, Any]:
    """What is different by now, whether or not the cart can still be ordered as it is."""
    afresh = replace(request, expected_total_minor=None)
    try:
        quoted = quote(user_id=user_id, request=afresh, now=now)
    except GONE as refusal:
        differences = _lines_gone(promise, request, now) + _promotion_gone(promise, refusal)
        return {"differences": differences, "total": None, "quote_token": None}
    return {"differences": _differences(promise, quoted), **_instead(quoted, request, user_id, now)}


def _instead(quoted: Quote, request: OrderRequest, user_id: UUID, now: datetime) -> dict[str, Any]:
    """What may be had now, for whoever agrees."""
    total = Money(quoted.price.total_minor, quoted.cart.restaurant.currency).as_json()
    return {
        "total": total,
        "quote_token": sign(quoted=quoted, request=request, user_id=user_id, now=now).token,
    }


def _differences(promise: Promise, quoted: Quote) -> list[Difference]:
    lines = _lines_changed(promise, quoted.cart.lines)
    fees = [
        _difference(promise, FEE, name, was, fees_now[name])
        for fees_now in [_fees(quoted)]
        for name, was in promise.fees.items()
        if was != fees_now[name]
    ]
    (name, was), (name_now, amount_now) = promise.promotion, _promotion(quoted)
    promotion = [_difference(promise, PROMOTION, name or name_now, was, amount_now)]
    return lines + fees + (promotion if was != amount_now else [])


def _lines_gone(promise: Promise, request: OrderRequest, now: datetime) -> list[Difference]:
    today = restaurants.lines_today(
        restaurant_id=request.restaurant_id, lines=request.lines, now=promise.cooked_at or now
    )
    return _lines_changed(promise, today, request.lines)


def _lines_changed(
    promise: Promise, today: Sequence[PricedLine | AppError], wishes: Sequence[CartLine] = ()
) -> list[Difference]:
    """Line by line; `wishes` name the items of those that cannot be had."""
    found = []
    for number, ((name, was), line) in enumerate(zip(promise.lines, today, strict=True)):
        if isinstance(line, AppError):
            change = _difference(promise, _what(line), name, was, None)
            found.append(change | {"line": number, "item_id": wishes[number].item_id, "detail": line.detail})
        elif line.total_minor != was:
            change = _difference(promise, PRICE, name, was, line.total_minor)
            found.append(change | {"line": number, "item_id": line.item_id})
    return found


def _what(refusal: AppError) -> str:
    if isinstance(refusal, restaurants.OptionInvalid) or "option_id" in refusal.extra:
        return OPTION_GONE
    is_sold_out = isinstance(refusal, restaurants.ItemUnavailable | restaurants.ItemOutOfStock)
    return SOLD_OUT if is_sold_out else NOT_AVAILABLE


def _promotion_gone(promise: Promise, refusal: AppError) -> list[Difference]:
    if not isinstance(refusal, restaurants.PromotionRefused | restaurants.PromotionUnknown):
        return []
    name, was = promise.promotion
    return [
        _difference(promise, PROMOTION, name, was, None) | {"code": refusal.code, "detail": refusal.detail}
    ]


def _difference(promise: Promise, what: str, name: str, was: int, now: int | None) -> Difference:
    return {
        "what": what,
        "name": name,
        "was": Money(was, promise.currency).as_json(),
        "is": None if now is None else Money(now, promise.currency).as_json(),
    }
