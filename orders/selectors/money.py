"""Receipts, refunds and earnings as documents."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from deliveryapp.models import User
from deliveryapp.money import Money
from drivers import facade as drivers
from orders.errors import OrderNotFound
from orders.models import Amendment, Order
from orders.refund_policy import By, Decision, decide
from orders.selectors.documents import Document, amounts
from payments import facade as payments
from payments.facade import EarningInfo, RefundInfo
from restaurants import facade as restaurants

MAY_SEE_EARNINGS = ("owner", "manager")


def require_support(*, user: User) -> None:
    """To everybody else there is no such door. Raises OrderNotFound."""
    if not user.is_support:
        raise OrderNotFound


def require_manager(*, user: User, restaurant_id: UUID) -> None:
    """Raises RestaurantNotFound for a stranger, RoleRequired for the rest of the staff."""
    restaurants.require_staff(user_id=user.pk, restaurant_id=restaurant_id, roles=MAY_SEE_EARNINGS)


def current_tip_minor(order: Order) -> int:
    """The tip of the order, what was added to it later, and without what went back."""
    later = payments.tips_of(order_id=order.pk)
    return order.tip_minor + later.added_minor - later.returned_minor


def refund_decision(order: Order) -> Decision:
    """What the policy says about an order that was cancelled: by who did it, and from where."""
    last = order.history.order_by("-seq").values_list("actor", "from_status").first()
    assert last is not None
    actor, cancelled_from = last
    by = {"customer": By.CUSTOMER, "support": By.SUPPORT}.get(actor, By.RESTAURANT)
    if by == By.CUSTOMER and order.amendments.filter(state=Amendment.State.REFUSED).exists():
        by = By.RESTAURANT  # it did not have what was ordered
    return decide(order, by=by, cancelled_from=cancelled_from)


def refund_document(refund: RefundInfo) -> Document:
    parts = [
        {
            "kind": part["kind"],
            "ref": part["ref"],
            "amount": _money(part["amount_minor"], refund.currency),
            "borne_by": part["borne_by"],
        }
        for part in refund.parts
    ]
    return {
        "id": refund.id,
        "status": refund.status,
        "destination": refund.destination,
        "amount": _money(refund.amount_minor, refund.currency),
        "parts": parts,
        "reason": refund.reason,
        "created_at": refund.created_at,
    }


def refund_documents(order: Order) -> list[Document]:
    return [refund_document(refund) for refund in payments.refunds_of(order_id=order.pk)]


def receipt(order: Order) -> Document:
    """What the order cost, what was taken for it and what went back, by now."""
    paid = payments.payment_of(order_id=order.pk)
    refunds = payments.refunds_of(order_id=order.pk)
    added_minor = payments.tips_of(order_id=order.pk).added_minor
    given_back_minor = sum(refund.amount_minor for refund in refunds if refund.status == "succeeded")
    return {
        "order_id": order.pk,
        "number": order.number,
        **amounts(order),
        "tip_now": _money(current_tip_minor(order), order.currency),
        "by_credit": _money(paid.credit_minor if paid else 0, order.currency),
        "charged": _money((paid.captured_minor if paid else 0) + added_minor, order.currency),
        "refunded": _money(given_back_minor, order.currency),
        "refunds": [refund_document(refund) for refund in refunds],
    }


def credit_documents(*, user_id: UUID) -> list[Document]:
    """One amount per currency."""
    balances = payments.credit_of(customer_id=user_id)
    return [_money(minor, currency) for currency, minor in sorted(balances.items())]


def restaurant_earnings(*, restaurant_id: UUID, since: datetime, until: datetime) -> Document:
    return _earnings("restaurant", restaurant_id, since, until)


def driver_earnings(*, user_id: UUID, since: datetime, until: datetime) -> Document:
    """Raises NotADriver."""
    driver = drivers.driver_of(user_id=user_id)
    if driver is None:
        raise drivers.NotADriver
    return _earnings("driver", driver.id, since, until)


def _earnings(account: str, party_id: UUID, since: datetime, until: datetime) -> Document:
    rows = payments.earnings(account=account, party_id=party_id, since=since, until=until)
    total = Counter[str]()
    for row in rows:
        total[row.currency] += row.amount_minor
    return {
        "total": [_money(minor, currency) for currency, minor in sorted(total.items())],
        "results": [_earning(row) for row in rows],
    }


def _earning(row: EarningInfo) -> Document:
    return {
        "order_id": row.order_id,
        "kind": row.kind,
        "amount": _money(row.amount_minor, row.currency),
        "at": row.at,
    }


def _money(amount_minor: int, currency: str) -> dict[str, Any]:
    return Money(amount_minor, currency).as_json()
