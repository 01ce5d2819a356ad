"""Stripe through its official SDK; the local sandbox server speaks the same protocol."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import stripe
from django.conf import settings

from payments.gateways import NOT_FOUND, Answer, Answered, Declined, Hold, Intent, NoAnswer, Refused

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 2, 8
EXPAND = ["latest_charge"]
MAX_PAGES = 50


class StripeGateway:
    """Retries are ours, with our keys; the SDK must not make its own."""

    def __init__(self) -> None:
        self._client = stripe.StripeClient(
            settings.STRIPE_SECRET_KEY,
            base_addresses={"api": settings.STRIPE_API_BASE},
            http_client=stripe.RequestsClient(timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S)),
            max_network_retries=0,
        )

    def authorize(self, hold: Hold, *, key: str) -> Answer:
        return _ask(
            lambda: self._client.v1.payment_intents.create(
                {
                    "amount": hold.amount_minor,
                    "currency": hold.currency.lower(),
                    "capture_method": "manual",
                    "payment_method": hold.payment_method,
                    "allowed_payment_method_types": ["card"],
                    "confirm": True,
                    "return_url": hold.return_url,
                    "metadata": {"order_id": hold.reference},
                    "expand": EXPAND,
                },
                {"idempotency_key": key},
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

    def refund(self, ref: str, *, amount_minor: int, key: str) -> Answer:
        made = _ask_raw(
            lambda: self._client.v1.refunds.create(
                {"payment_intent": ref, "amount": amount_minor}, {"idempotency_key": key}
            )
        )
        return self.retrieve(ref) if isinstance(made, stripe.StripeObject) else made

    def retrieve(self, ref: str) -> Answer:
        return _ask(lambda: self._client.v1.payment_intents.retrieve(ref, {"expand": EXPAND}))

    def find(self, reference: str, *, since: datetime) -> Answer:
        """By list: Stripe's search lags behind by up to an hour."""
        window: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        for _ in range(MAX_PAGES):
            made = _ask_raw(lambda: self._client.v1.payment_intents.list(window))
            if not isinstance(made, stripe.StripeObject):
                return made
            page = made.to_dict()
            for row in page["data"]:
                if row["metadata"].get("order_id") == reference:
                    return self.retrieve(row["id"])
            if not page["has_more"]:
                return Refused(code=NOT_FOUND, detail="the provider has no such hold")
            window["starting_after"] = page["data"][-1]["id"]
        return NoAnswer("too many holds to look through")


def _ask(call: Callable[[], stripe.PaymentIntent]) -> Answer:
    made = _ask_raw(call)
    return Answered(read_intent(made)) if isinstance(made, stripe.StripeObject) else made


def _ask_raw(call: Callable[[], stripe.StripeObject]) -> stripe.StripeObject | Declined | Refused | NoAnswer:
    try:
        return call()
    except stripe.CardError as error:
        return _declined(error)
    except stripe.StripeError as error:
        if _is_no_answer(error):
            return NoAnswer(f"{type(error).__name__} {error.http_status or ''}".strip())
        return Refused(code=error.code or type(error).__name__, detail=str(error.user_message or error)[:200])


def _is_no_answer(error: stripe.StripeError) -> bool:
    """Time-outs have no status; 5xx, 429 and 409 (same key in flight) say nothing about the effect. Neither
    do a key that was asked with other parameters before and the refusal of our own credentials.
    """
    status = error.http_status
    silent = status is None or status >= 500 or status in {401, 403, 409, 429}
    return silent or isinstance(error, stripe.IdempotencyError)


def _declined(error: stripe.CardError) -> Declined:
    document: dict[str, Any] = error.json_body or {}  # type: ignore[assignment]
    body: dict[str, Any] = document.get("error", {})
    ref = (body.get("payment_intent") or {}).get("id", "")
    return Declined(code=body.get("decline_code") or error.code or "card_declined", ref=ref)


def read_intent(intent: stripe.StripeObject) -> Intent:
    data: dict[str, Any] = intent.to_dict()
    charge = data.get("latest_charge")
    charge = charge if isinstance(charge, dict) else {}
    card = (charge.get("payment_method_details") or {}).get("card") or {}
    error = data.get("last_payment_error") or {}
    redirect = (data.get("next_action") or {}).get("redirect_to_url") or {}
    return Intent(
        ref=data["id"],
        status=data["status"],
        received_minor=data.get("amount_received") or 0,
        refunded_minor=charge.get("amount_refunded") or 0,
        order_id=(data.get("metadata") or {}).get("order_id", ""),
        capture_before=_moment(card.get("capture_before")),
        next_action_url=redirect.get("url") or "",
        decline_code=error.get("decline_code") or error.get("code") or "",
    )


def _moment(timestamp: int | None) -> datetime | None:
    return datetime.fromtimestamp(timestamp, UTC) if timestamp else None
