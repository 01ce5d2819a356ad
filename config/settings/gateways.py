"""PAYMENT_GATEWAYS: accounts at payment providers as a JSON list, the preferred one first.

    [{"name": "stripe", "secret_key": "sk_live_…", "webhook_secrets": ["whsec_…"], "publishable_key": "pk_…"},
     {"name": "backup", …}]

`name` is what payments remember: never change it while money is held or may be refunded there. `kind` is the
adapter, `api_base` the provider's address; both are Stripe's own unless told.
"""

import json
import os
import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

SHAPES = {
    "name": r"(?!credit$)[a-z0-9_-]{1,20}",  # `credit` is where orders are that need no card
    "kind": r"stripe",
    "secret_key": r"\S+",
    "api_base": r"https?://\S+",
    "publishable_key": r"\S*",
}
DEFAULTS = {"kind": "stripe", "api_base": "https://api.stripe.com", "publishable_key": ""}


def read_gateways(name: str) -> list[dict[str, Any]]:
    """Empty when nothing is set. A refusal never repeats a value: there are keys among them."""
    try:
        rows = json.loads(os.environ.get(name, "").strip() or "[]")
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be JSON") from None
    if not isinstance(rows, list):
        raise ImproperlyConfigured(f"{name} must be a list")
    found = [_read(f"{name}[{number}]", row) for number, row in enumerate(rows)]
    if len({row["name"] for row in found}) < len(found):
        raise ImproperlyConfigured(f"{name} has two gateways of the same name")
    return found


def _read(place: str, row: object) -> dict[str, Any]:
    known = {*SHAPES, "webhook_secrets"}
    if not isinstance(row, dict) or not set(row) <= known:
        raise ImproperlyConfigured(f"{place} must be an object of {', '.join(sorted(known))}")
    filled = {**DEFAULTS, **row}
    for field, shape in SHAPES.items():
        value = filled.get(field)
        if not isinstance(value, str) or not re.fullmatch(shape, value):
            raise ImproperlyConfigured(f"{place}.{field} must be a text like {shape}")
    secrets = filled.get("webhook_secrets")
    if not isinstance(secrets, list) or not secrets or not all(_is_text(one) for one in secrets):
        raise ImproperlyConfigured(f"{place}.webhook_secrets must be a list of texts")
    return {**filled, "api_base": filled["api_base"].rstrip("/")}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
