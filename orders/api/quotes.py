from dataclasses import asdict
from typing import Any

from deliveryapp.money import Money
from orders.services import Quote, SignedQuote
from restaurants.facade import PricedLine


def signed_document(signed: SignedQuote) -> dict[str, Any]:
    """A quote as the API answers it, with the token that holds us to it."""
    return quote_document(signed.quote) | {"quote_token": signed.token, "expires_at": signed.expires_at}


def quote_document(quote: Quote) -> dict[str, Any]:
    currency = quote.cart.restaurant.currency
    amounts = {
        name.removesuffix("_minor"): Money(amount_minor, currency).as_json()
        for name, amount_minor in asdict(quote.price).items()
    }
    return {
        "restaurant_id": quote.cart.restaurant.id,
        "currency": currency,
        "lines": [_line(line, currency) for line in quote.cart.lines],
        **amounts,
        "promotion": _promotion(quote, currency),
        "distance_m": quote.terms.distance_m,
        "eta_minutes": {"from": quote.terms.eta_minutes.earliest, "to": quote.terms.eta_minutes.latest},
        "busy_minutes": quote.busy_minutes,
        "scheduled_for": quote.slot.scheduled_for if quote.slot else None,
    }


def _promotion(quote: Quote, currency: str) -> dict[str, Any] | None:
    if quote.promised is None:
        return None
    offer, discount = quote.promised.offer, quote.promised.discount
    return {
        "id": offer.id,
        "title": offer.title,
        "code": offer.code,
        "on": "food" if discount.is_on_food else "delivery",
        "amount": Money(discount.amount_minor, currency).as_json(),
    }


def _line(line: PricedLine, currency: str) -> dict[str, Any]:
    return {
        "item_id": line.item_id,
        "name": line.name,
        "quantity": line.quantity,
        "unit_price": Money(line.unit_price_minor, currency).as_json(),
        "options": [
            {
                "group": option.group,
                "name": option.name,
                "price_delta": Money(option.price_delta_minor, currency).as_json(),
            }
            for option in line.options
        ],
        "note": line.note,
        "total": Money(line.total_minor, currency).as_json(),
    }
