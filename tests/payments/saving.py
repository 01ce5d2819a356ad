"""Saving cards as a customer does: our API, the provider's page, and our API again."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
from rest_framework.test import APIClient

from tests.payments.provider import answer_bank

CARDS = "/api/v1/cards/"
SETUPS = f"{CARDS}setups/"


def start(api: APIClient, key: str | None = None) -> dict[str, Any]:
    answer = api.post(SETUPS, **({"HTTP_IDEMPOTENCY_KEY": key} if key else {}))
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def choose(setup: dict[str, Any], card: str) -> httpx.Response:
    """Press a card's button on the provider's page; the page's answer, not followed."""
    assert httpx.get(setup["page_url"]).status_code == 200
    parts = urlsplit(setup["page_url"])
    fields = {**dict(parse_qsl(parts.query)), "card": card}
    return httpx.post(setup["page_url"].removesuffix(f"?{parts.query}"), data=fields)


def way_back(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """(path, query) of our page that the provider sends the browser to."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["Location"])
    return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


def confirm(api: APIClient, setup: dict[str, Any]) -> Any:
    return api.post(f"{SETUPS}{setup['id']}/confirm/")


def save(api: APIClient, card: str = "pm_card_visa") -> dict[str, Any]:
    """A card without questions of the bank; as the API shows it."""
    setup = start(api)
    assert choose(setup, card).status_code == 303
    return saved(api, setup)


def save_with_bank(api: APIClient, card: str, result: str = "complete") -> dict[str, Any]:
    """A card whose bank asks back; the prepared setup, with the bank answered."""
    setup = start(api)
    url = choose(setup, card).headers["Location"]
    answer_bank(url, result)
    return setup


def saved(api: APIClient, setup: dict[str, Any]) -> dict[str, Any]:
    answer = confirm(api, setup)
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded"), answer.content
    card: dict[str, Any] = answer.json()["card"]
    return card


def listed(api: APIClient) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = api.get(CARDS).json()["results"]
    return cards
