"""Saved cards at Stripe: customers, SetupIntents, payment methods."""

from datetime import UTC, datetime
from typing import Any

import stripe

from payments.gateways.cards import Card, NotDone, Setup
from payments.gateways.stripe_answers import ask_raw

EXPAND_CARD = ["payment_method"]


class StripeCards:
    """The part of an adapter that has to do with saved cards."""

    _client: stripe.StripeClient

    def create_customer(self, *, user_id: str, key: str) -> str | NotDone:
        """No name and no address: the provider needs neither to keep a card."""
        made = ask_raw(
            lambda: self._client.v1.customers.create(
                {"metadata": {"user_id": user_id}}, {"idempotency_key": key}
            )
        )
        return str(made.id) if isinstance(made, stripe.Customer) else _not_done(made)

    def create_setup(self, customer_ref: str, *, key: str) -> Setup | NotDone:
        return _setup(
            ask_raw(
                lambda: self._client.v1.setup_intents.create(
                    {
                        "customer": customer_ref,
                        "usage": "off_session",
                        "allowed_payment_method_types": ["card"],
                        "expand": EXPAND_CARD,
                    },
                    {"idempotency_key": key},
                )
            )
        )

    def retrieve_setup(self, ref: str) -> Setup | NotDone:
        return _setup(ask_raw(lambda: self._client.v1.setup_intents.retrieve(ref, {"expand": EXPAND_CARD})))

    def retrieve_card(self, ref: str) -> Card | NotDone:
        return _card(ask_raw(lambda: self._client.v1.payment_methods.retrieve(ref)))

    def detach_card(self, ref: str) -> Card | NotDone:
        return _card(ask_raw(lambda: self._client.v1.payment_methods.detach(ref)))


def _not_done(made: stripe.StripeObject | NotDone) -> NotDone:
    assert not isinstance(made, stripe.StripeObject)
    return made


def _setup(made: stripe.StripeObject | NotDone) -> Setup | NotDone:
    return read_setup(made.to_dict()) if isinstance(made, stripe.StripeObject) else made


def _card(made: stripe.StripeObject | NotDone) -> Card | NotDone:
    return read_card(made.to_dict()) if isinstance(made, stripe.StripeObject) else made


def read_setup(data: dict[str, Any]) -> Setup:
    """Of a SetupIntent whose payment method is expanded."""
    error = data.get("last_setup_error") or {}
    redirect = (data.get("next_action") or {}).get("redirect_to_url") or {}
    method = data.get("payment_method")
    done = data["status"] == "succeeded" and isinstance(method, dict)
    return Setup(
        ref=data["id"],
        customer_ref=data.get("customer") or "",
        status=data["status"],
        client_secret=data["client_secret"],
        card=read_card(method) if done and isinstance(method, dict) else None,
        next_action_url=redirect.get("url") or "",
        decline_code=error.get("decline_code") or error.get("code") or "",
    )


def read_card(data: dict[str, Any]) -> Card:
    """Of a payment method of type card."""
    card = data["card"]
    return Card(
        ref=data["id"],
        customer_ref=data.get("customer") or "",
        brand=card.get("display_brand") or card["brand"],
        last4=card["last4"],
        exp_month=card["exp_month"],
        exp_year=card["exp_year"],
        fingerprint=card.get("fingerprint") or "",
        made_at=datetime.fromtimestamp(data["created"], UTC),
    )
