from dataclasses import asdict
from typing import Any

from deliveryapp.money import Money
from orders.services import Quote
from restaurants.facade import PricedLine


def quote_document(quote: Quote) -> dict[str, Any]:
    """A quote as the API answers it."""
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
        "distance_m": quote.terms.distance_m,
        "eta_minutes": {"from": quote.terms.eta_minutes.earliest, "to": quote.terms.eta_minutes.latest},
        "busy_minutes": quote.busy_minutes,
        "scheduled_for": quote.slot.scheduled_for if quote.slot else None,
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
