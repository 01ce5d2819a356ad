"""Which accounts at payment providers there are, as the settings say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from deliveryapp.circuit import Rules
from payments.errors import UnknownGateway


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """One account. `kind` says which adapter speaks to it; any of the webhook secrets may have signed."""

    name: str
    kind: str
    secret_key: str = field(repr=False)
    api_base: str
    webhook_secrets: Sequence[str] = field(repr=False)
    publishable_key: str = ""


def configured() -> dict[str, GatewayConfig]:
    """By name, the preferred one first: PAYMENT_GATEWAYS, or the one account of the STRIPE_* settings."""
    rows: Sequence[Mapping[str, Any]] = settings.PAYMENT_GATEWAYS or [_of_stripe_settings()]
    return {row["name"]: GatewayConfig(**row) for row in rows}


def preferred() -> str:
    """For a charge that no circuit has to let through first."""
    return next(iter(configured()))


def config_of(name: str) -> GatewayConfig:
    """Raises UnknownGateway."""
    try:
        return configured()[name]
    except KeyError:
        raise UnknownGateway(f"PAYMENT_GATEWAYS has no {name!r}") from None


def circuit_rules() -> Rules:
    return Rules(
        window_s=settings.PAYMENT_CIRCUIT_WINDOW_S,
        min_calls=settings.PAYMENT_CIRCUIT_MIN_CALLS,
        failure_share=settings.PAYMENT_CIRCUIT_FAILURE_SHARE,
        open_s=settings.PAYMENT_CIRCUIT_OPEN_S,
        longest_open_s=settings.PAYMENT_CIRCUIT_LONGEST_OPEN_S,
        trial_s=settings.PAYMENT_CIRCUIT_TRIAL_S,
    )


def _of_stripe_settings() -> dict[str, Any]:
    return {
        "name": "stripe",
        "kind": "stripe",
        "secret_key": settings.STRIPE_SECRET_KEY,
        "api_base": settings.STRIPE_API_BASE,
        "webhook_secrets": settings.STRIPE_WEBHOOK_SECRETS,
        "publishable_key": settings.STRIPE_PUBLISHABLE_KEY,
    }
