"""Which parameters each operation accepts, by Stripe's names.

What Stripe knows and this server does not simulate is listed as well and refused by name: nothing is
silently ignored. Tests compare the names with the parameter types of the pinned SDK; of the many kinds of
payment methods only cards are known here.
"""

from __future__ import annotations

from .objects import ADDRESS, AUTOMATIC, BILLING, MANDATE, OPTIONS, RECIPIENT, SETUP_OPTIONS, SHIPPING
from .params import (
    Spec,
    array,
    changed_metadata,
    clearable,
    currency,
    flag,
    integer,
    metadata,
    moment,
    nested,
    no_longer,
    one_of,
    text,
    unsimulated,
)


def _not(names: str) -> Spec:
    return dict.fromkeys(names.split(), unsimulated)


def _off_session(param: str, value: object) -> object:
    return one_of("true", "false", "one_off", "recurring")(param, value)


_EXPAND: Spec = {"expand": array(text(100, empty=False))}
_PAGE: Spec = {
    **_EXPAND,
    "limit": integer(1, 100),
    "starting_after": text(100, empty=False),
    "ending_before": text(100, empty=False),
}
_AMOUNT = integer(1)
_CAPTURE_METHOD = one_of("automatic", "automatic_async", "manual")
_ID = text(100, empty=False)

_METHOD_TYPES: Spec = {
    "allowed_payment_method_types": array(one_of("card")),
    "payment_method_types": no_longer,
}

_INTENT_TEXTS: Spec = {
    "description": text(1000),
    "metadata": metadata,
    "receipt_email": text(800),
    "setup_future_usage": one_of("on_session", "off_session"),
    "shipping": SHIPPING,
    "statement_descriptor": text(22),
    "statement_descriptor_suffix": text(22),
    "transfer_group": text(500),
}
_INTENT_NOT = _not(
    "amount_details application_fee_amount customer_account"
    " excluded_payment_method_types hooks payment_details payment_method_configuration payment_method_data"
    " transfer_data"
)
_CONFIRM: Spec = {
    **_METHOD_TYPES,
    "capture_method": _CAPTURE_METHOD,
    "error_on_requires_action": flag,
    "mandate_data": clearable(MANDATE),
    "off_session": _off_session,
    "payment_method": _ID,
    "payment_method_options": OPTIONS,
    "receipt_email": text(800),
    "return_url": text(2048, empty=False),
    "setup_future_usage": one_of("on_session", "off_session"),
    "shipping": clearable(SHIPPING),
    "use_stripe_sdk": flag,
}
_CREATED: Spec = {"created": moment}
_CUSTOMER_TEXTS: Spec = {
    "address": clearable(ADDRESS),
    "description": text(),
    "email": text(512),
    "invoice_settings": nested(default_payment_method=_ID),
    "metadata": changed_metadata,
    "name": text(256),
    "phone": text(40),
    "preferred_locales": array(text(20)),
    "shipping": clearable(RECIPIENT),
}
_CUSTOMER_NOT = _not(
    "balance business_name cash_balance individual_name invoice_prefix next_invoice_sequence source tax"
    " tax_exempt validate"
)
_SETUP_CONFIRM: Spec = {
    **_METHOD_TYPES,
    **_METHOD_TYPES,
    "mandate_data": clearable(MANDATE),
    "payment_method": _ID,
    "payment_method_options": SETUP_OPTIONS,
    "return_url": text(2048, empty=False),
    "use_stripe_sdk": flag,
}
_SETUP_NOT = _not("confirmation_token payment_method_data")

SPECS: dict[str, Spec] = {
    "payment_intents.create": {
        **_EXPAND,
        **_INTENT_NOT,
        **_not("confirmation_token mandate on_behalf_of radar_options"),
        **_INTENT_TEXTS,
        **_CONFIRM,
        "amount": _AMOUNT,
        "automatic_payment_methods": AUTOMATIC,
        "confirm": flag,
        "confirmation_method": one_of("automatic"),
        "currency": currency,
        "customer": _ID,
        "shipping": SHIPPING,
    },
    "payment_intents.update": {
        **_EXPAND,
        **_INTENT_NOT,
        **_METHOD_TYPES,
        **_INTENT_TEXTS,
        "amount": _AMOUNT,
        "capture_method": _CAPTURE_METHOD,
        "currency": currency,
        "customer": _ID,
        "metadata": changed_metadata,
        "payment_method": _ID,
        "payment_method_options": OPTIONS,
        "shipping": clearable(SHIPPING),
    },
    "payment_intents.confirm": {
        **_EXPAND,
        **_CONFIRM,
        **_not(
            "amount_details amount_to_confirm confirmation_token"
            " excluded_payment_method_types hooks mandate payment_details payment_method_data radar_options"
        ),
    },
    "payment_intents.capture": {
        **_EXPAND,
        **_not("amount_details application_fee_amount hooks payment_details transfer_data"),
        "amount_to_capture": integer(0),
        "final_capture": flag,
        "metadata": changed_metadata,
        "statement_descriptor": text(22),
        "statement_descriptor_suffix": text(22),
    },
    "payment_intents.cancel": {
        **_EXPAND,
        "cancellation_reason": one_of("abandoned", "duplicate", "fraudulent", "requested_by_customer"),
    },
    "payment_intents.increment_authorization": {
        **_EXPAND,
        **_not("amount_details application_fee_amount hooks payment_details transfer_data"),
        "amount": _AMOUNT,
        "description": text(1000),
        "metadata": metadata,
        "statement_descriptor": text(22),
    },
    "payment_intents.retrieve": {**_EXPAND, "client_secret": _ID},
    "payment_intents.list": {**_PAGE, **_CREATED, **_not("customer_account"), "customer": _ID},
    "charges.retrieve": _EXPAND,
    "charges.list": {
        **_PAGE,
        **_CREATED,
        **_not("transfer_group"),
        "customer": _ID,
        "payment_intent": _ID,
    },
    "refunds.create": {
        **_EXPAND,
        **_not("currency customer instructions_email origin refund_application_fee reverse_transfer"),
        "amount": _AMOUNT,
        "charge": _ID,
        "metadata": changed_metadata,
        "payment_intent": _ID,
        "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
    },
    "refunds.update": {**_EXPAND, "metadata": changed_metadata},
    "refunds.retrieve": _EXPAND,
    "refunds.list": {**_PAGE, **_CREATED, "charge": _ID, "payment_intent": _ID},
    "setup_intents.create": {
        **_EXPAND,
        **_SETUP_CONFIRM,
        **_SETUP_NOT,
        **_not(
            "attach_to_self customer_account excluded_payment_method_types flow_directions on_behalf_of"
            " payment_method_configuration single_use"
        ),
        "automatic_payment_methods": AUTOMATIC,
        "confirm": flag,
        "customer": _ID,
        "description": text(1000),
        "metadata": metadata,
        "usage": one_of("on_session", "off_session"),
    },
    "setup_intents.confirm": {**_EXPAND, **_SETUP_CONFIRM, **_SETUP_NOT},
    "setup_intents.cancel": {
        **_EXPAND,
        "cancellation_reason": one_of("abandoned", "duplicate", "requested_by_customer"),
    },
    "setup_intents.retrieve": {**_EXPAND, "client_secret": _ID},
    "setup_intents.list": {
        **_PAGE,
        **_CREATED,
        **_not("attach_to_self customer_account payment_method"),
        "customer": _ID,
    },
    "customers.create": {
        **_EXPAND,
        **_CUSTOMER_NOT,
        **_not("tax_id_data test_clock"),
        **_CUSTOMER_TEXTS,
        "payment_method": _ID,
    },
    "customers.update": {**_EXPAND, **_CUSTOMER_NOT, **_not("default_source"), **_CUSTOMER_TEXTS},
    "customers.retrieve": _EXPAND,
    "customers.delete": {},
    "customers.list": {**_PAGE, **_CREATED, **_not("test_clock"), "email": _ID},
    "customers.payment_methods": {**_PAGE, **_not("allow_redisplay"), "type": one_of("card")},
    "payment_methods.create": {
        **_EXPAND,
        "billing_details": BILLING,
        "card": nested(token=_ID),
        "metadata": metadata,
        "type": one_of("card"),
    },
    "payment_methods.retrieve": _EXPAND,
    "payment_methods.attach": {**_EXPAND, **_not("customer_account"), "customer": _ID},
    "payment_methods.detach": _EXPAND,
    "payment_methods.list": {
        **_PAGE,
        **_not("allow_redisplay customer_account"),
        "customer": _ID,
        "type": one_of("card"),
    },
    "events.retrieve": _EXPAND,
    "events.list": {
        **_PAGE,
        **_CREATED,
        **_not("delivery_success"),
        "type": _ID,
        "types": array(_ID),
    },
    "balance_transactions.retrieve": _EXPAND,
    "balance_transactions.list": {
        **_PAGE,
        **_CREATED,
        **_not("currency payout"),
        "source": _ID,
        "type": one_of("charge", "refund"),
    },
}

REQUIRED: dict[str, tuple[str, ...]] = {
    "payment_intents.create": ("amount", "currency"),
    "payment_intents.increment_authorization": ("amount",),
    "payment_methods.attach": ("customer",),
    "payment_methods.create": ("type", "card"),
}
