"""Stripe through its official SDK; the local sandbox server speaks the same protocol."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import stripe
from stripe.params import PaymentIntentCreateParams

from payments.gateways import (
    NOT_FOUND,
    Answer,
    Answered,
    Failure,
    Hold,
    Intent,
    NoAnswer,
    Page,
    RefundSeen,
    Refused,
    Row,
)
from payments.gateways.configured import GatewayConfig
from payments.gateways.stripe_answers import ask_raw
from payments.gateways.stripe_cards import StripeCards

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 2, 8
EXPAND = ["latest_charge.balance_transaction"]
PAGE = 100  # the most that a list gives at once
MAX_PAGES = 50


class StripeGateway(StripeCards):
    """One account. Retries are ours, with our keys; the SDK must not make its own."""

    def __init__(self, config: GatewayConfig) -> None:
        self._client = stripe.StripeClient(
            config.secret_key,
            base_addresses={"api": config.api_base},
            http_client=stripe.RequestsClient(timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S)),
            max_network_retries=0,
        )

    def authorize(self, hold: Hold, *, key: str) -> Answer:
        params: PaymentIntentCreateParams = {
            "amount": hold.amount_minor,
            "currency": hold.currency.lower(),
            "capture_method": "automatic" if hold.takes_at_once else "manual",
            "payment_method": hold.payment_method,
            "payment_method_options": {"card": {"request_incremental_authorization": "if_available"}},
            "allowed_payment_method_types": ["card"],
            "confirm": True,
            "return_url": hold.return_url,
            "metadata": {"order_id": hold.order_id, "payment_id": hold.payment_id, "key": key},
            "expand": EXPAND,
        }
        if hold.customer:
            params["customer"] = hold.customer
        if hold.off_session:
            params["off_session"] = True
        return _ask(lambda: self._client.v1.payment_intents.create(params, {"idempotency_key": key}))

    def increment(self, ref: str, *, amount_minor: int, key: str) -> Answer:
        return _ask(
            lambda: self._client.v1.payment_intents.increment_authorization(
                ref, {"amount": amount_minor, "expand": EXPAND}, {"idempotency_key": key}
            )
        )

    def capture(self, ref: str, *, amount_minor: int, key: str) -> Answer:
        return _ask(
            lambda: self._client.v1.payment_intents.capture(
                ref, {"amount_to_capture": amount_minor, "expand": EXPAND}, {"idempotency_key": key}
            )
        )

    def void(self, ref: str, *, key: str) -> Answer:
        return _ask(
            lambda: self._client.v1.payment_intents.cancel(
                ref, {"cancellation_reason": "abandoned", "expand": EXPAND}, {"idempotency_key": key}
            )
        )

    def refund(self, ref: str, *, amount_minor: int, key: str, again: bool = False) -> Answer:
        made = ask_raw(
            lambda: self._client.v1.refunds.create(
                {"payment_intent": ref, "amount": amount_minor, "metadata": {"key": key}},
                {"idempotency_key": f"{key}:again" if again else key},
            )
        )
        return self._with_refund(ref, made.to_dict()) if isinstance(made, stripe.StripeObject) else made

    def _with_refund(self, ref: str, refund: dict[str, Any]) -> Answer:
        answer = self.retrieve(ref)
        return replace(answer, refund=read_refund(refund)) if isinstance(answer, Answered) else answer

    def retrieve(self, ref: str) -> Answer:
        return _ask(lambda: self._client.v1.payment_intents.retrieve(ref, {"expand": EXPAND}))

    def find(self, key: str, *, since: datetime) -> Answer:
        """By list: Stripe's search lags behind by up to an hour."""
        window: Any = {"created": {"gte": int(since.timestamp())}}
        found = _find(self._client.v1.payment_intents.list, window, key)
        return self.retrieve(found["id"]) if isinstance(found, dict) else found

    def find_refund(self, ref: str, *, key: str) -> Answer:
        found = _find(self._client.v1.refunds.list, {"payment_intent": ref}, key)
        return self._with_refund(ref, found) if isinstance(found, dict) else found

    def list_intents(self, *, since: datetime, until: datetime, after: str = "") -> Page[Intent] | Failure:
        params: Any = {**_window(since, until, after), "expand": [f"data.{path}" for path in EXPAND]}
        return _page(partial(self._client.v1.payment_intents.list, params), read_intent)

    def list_refunds(
        self, *, since: datetime, until: datetime, after: str = ""
    ) -> Page[RefundSeen] | Failure:
        return _page(partial(self._client.v1.refunds.list, _window(since, until, after)), read_refund)

    def retrieve_refund(self, ref: str) -> RefundSeen | Failure:
        made = ask_raw(lambda: self._client.v1.refunds.retrieve(ref))
        return read_refund(made.to_dict()) if isinstance(made, stripe.StripeObject) else made


def _window(since: datetime, until: datetime, after: str) -> Any:
    """A page of a cursor list of what was created in [since, until)."""
    created = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
    return {"created": created, "limit": PAGE, **({"starting_after": after} if after else {})}


def _page(
    ask: Callable[[], stripe.StripeObject], read: Callable[[dict[str, Any]], Row]
) -> Page[Row] | Failure:
    made = ask_raw(ask)
    if not isinstance(made, stripe.StripeObject):
        return made
    page = made.to_dict()
    rows = page["data"]
    return Page([read(row) for row in rows], rows[-1]["id"] if page["has_more"] and rows else "")


def _find(
    page_of: Callable[[Any], stripe.StripeObject], window: dict[str, Any], key: str
) -> dict[str, Any] | Failure:
    """The object in a cursor list whose metadata names our key."""
    params = {**window, "limit": PAGE}
    for _ in range(MAX_PAGES):
        made = ask_raw(partial(page_of, params))
        if not isinstance(made, stripe.StripeObject):
            return made
        page = made.to_dict()
        for row in page["data"]:
            if (row["metadata"] or {}).get("key") == key:
                return dict(row)
        if not page["has_more"]:
            return Refused(code=NOT_FOUND, detail="the provider has nothing with this key")
        params["starting_after"] = page["data"][-1]["id"]
    return NoAnswer("too many objects to look through", outage=False)


def _ask(call: Callable[[], stripe.PaymentIntent]) -> Answer:
    made = ask_raw(call)
    return Answered(read_intent(made.to_dict())) if isinstance(made, stripe.StripeObject) else made


def read_intent(data: dict[str, Any]) -> Intent:
    charge = _object(data.get("latest_charge"))
    card = _object(_object(charge.get("payment_method_details")).get("card"))
    error = _object(data.get("last_payment_error"))
    redirect = _object(_object(data.get("next_action")).get("redirect_to_url"))
    metadata = _object(data.get("metadata"))
    return Intent(
        ref=data["id"],
        status=data["status"],
        authorized_minor=data["amount"],
        received_minor=data.get("amount_received") or 0,
        refunded_minor=charge.get("amount_refunded") or 0,
        fee_minor=_object(charge.get("balance_transaction")).get("fee") or 0,
        payment_id=metadata.get("payment_id", ""),
        order_id=metadata.get("order_id", ""),
        capture_before=_moment(card.get("capture_before")),
        next_action_url=redirect.get("url") or "",
        decline_code=error.get("decline_code") or error.get("code") or "",
        currency=data["currency"].upper(),
        key=metadata.get("key", ""),
    )


def _object(value: Any) -> dict[str, Any]:
    """An expanded object; empty where it is missing or only an id."""
    return value if isinstance(value, dict) else {}


def read_refund(refund: dict[str, Any]) -> RefundSeen:
    return RefundSeen(
        ref=refund["id"],
        amount_minor=refund["amount"],
        status=refund["status"] or "pending",
        key=_object(refund.get("metadata")).get("key", ""),
        intent_ref=_id(refund.get("payment_intent")),
        currency=refund["currency"].upper(),
    )


def _id(value: Any) -> str:
    return value if isinstance(value, str) else _object(value).get("id", "")


def _moment(timestamp: int | None) -> datetime | None:
    return datetime.fromtimestamp(timestamp, UTC) if timestamp else None
