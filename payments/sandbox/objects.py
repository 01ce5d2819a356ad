"""Objects inside parameters that several operations take."""

from __future__ import annotations

from .params import Spec, clearable, flag, integer, nested, one_of, text, unsimulated

_AVAILABLE = one_of("if_available", "never")
_CREDENTIAL_USE = one_of("installment", "recurring", "unscheduled")

ADDRESS = nested(city=text(), country=text(), line1=text(), line2=text(), postal_code=text(), state=text())
_RECIPIENT: Spec = {"address": ADDRESS, "name": text(), "phone": text(40)}
RECIPIENT = nested("address", "name", **_RECIPIENT)
SHIPPING = nested("address", "name", **_RECIPIENT, carrier=text(), tracking_number=text())
MANDATE = nested(
    "customer_acceptance",
    customer_acceptance=nested(
        "type",
        accepted_at=integer(maximum=10**12),
        offline=nested(),
        online=nested("ip_address", "user_agent", ip_address=text(), user_agent=text()),
        type=one_of("offline", "online"),
    ),
)
AUTOMATIC = nested("enabled", enabled=one_of("true"), allow_redirects=one_of("always", "never"))
OPTIONS = nested(
    card=nested(
        capture_method=one_of("manual"),
        request_three_d_secure=one_of("automatic", "any", "challenge"),
        request_multicapture=_AVAILABLE,
        request_incremental_authorization=_AVAILABLE,
        request_extended_authorization=_AVAILABLE,
        request_overcapture=_AVAILABLE,
        setup_future_usage=one_of("none", "off_session", "on_session"),
        statement_descriptor_suffix_kana=unsimulated,
        statement_descriptor_suffix_kanji=unsimulated,
        installments=unsimulated,
        mandate_options=unsimulated,
        moto=unsimulated,
        network=unsimulated,
        require_cvc_recollection=flag,
        setup_credential_usage=_CREDENTIAL_USE,
        stored_credential_usage=_CREDENTIAL_USE,
        three_d_secure=unsimulated,
        cvc_token=unsimulated,
    )
)
SETUP_OPTIONS = nested(card=nested(request_three_d_secure=one_of("automatic", "any", "challenge")))

BILLING = nested(
    address=clearable(ADDRESS), email=text(512), name=text(256), phone=text(40), tax_id=text(100)
)
