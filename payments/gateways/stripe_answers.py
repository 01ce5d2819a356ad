"""What Stripe's answers and errors mean for us: the one place that tells a "no" from no answer."""

from collections.abc import Callable
from typing import Any

import stripe

from payments.gateways import Declined, NoAnswer, Refused


def ask_raw(call: Callable[[], stripe.StripeObject]) -> stripe.StripeObject | Declined | Refused | NoAnswer:
    try:
        return call()
    except stripe.CardError as error:
        return _declined(error)
    except stripe.StripeError as error:
        if _is_no_answer(error):
            return NoAnswer(_name(error), outage=_is_outage(error))
        return Refused(code=error.code or type(error).__name__, detail=str(error.user_message or error)[:200])


def _is_no_answer(error: stripe.StripeError) -> bool:
    """Time-outs have no status; 5xx, 429 and 409 (same key in flight) say nothing about the effect. Neither
    do a key that was asked with other parameters before and the refusal of our own credentials.
    """
    status = error.http_status
    silent = status is None or status >= 500 or status in {401, 403, 409, 429}
    return silent or isinstance(error, stripe.IdempotencyError)


def _name(error: stripe.StripeError) -> str:
    return f"{type(error).__name__} {error.http_status or ''}".strip()


def _is_outage(error: stripe.StripeError) -> bool:
    """Not when the provider repeats what it once answered to this key, nor when the key was ours to blame."""
    repeated = (error.headers or {}).get("Idempotent-Replayed") == "true"
    return not repeated and not isinstance(error, stripe.IdempotencyError)


def _declined(error: stripe.CardError) -> Declined:
    document: dict[str, Any] = error.json_body or {}  # type: ignore[assignment]
    body: dict[str, Any] = document.get("error", {})
    ref = (body.get("payment_intent") or {}).get("id", "")
    return Declined(code=body.get("decline_code") or error.code or "card_declined", ref=ref)
