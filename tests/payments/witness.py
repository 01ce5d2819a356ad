"""Reads along what our code sends through the official SDK, and holds it against the SDK's own types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe

from tests.payments.sdk_types import Route, find_route, violations


@contextmanager
def sdk_types_kept() -> Iterator[list[Route]]:
    """Every request that is sent meanwhile is one that Stripe knows; yields what was sent, as it is sent.

    It stands at the edge, where the request is already encoded: nothing that our code, or the SDK, does
    before can hide from it.
    """
    sent: list[Route] = []
    wrong: list[str] = []
    send = stripe.RequestsClient.request

    def request(
        self: stripe.RequestsClient, method: str, url: str, headers: Any, post_data: Any = None
    ) -> Any:
        wrong.extend(violations(method, url, post_data))
        sent.extend(filter(None, [find_route(method, urlsplit(url).path)]))
        return send(self, method, url, headers, post_data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stripe.RequestsClient, "request", request)
        yield sent
    assert not wrong, "\n".join(wrong)
