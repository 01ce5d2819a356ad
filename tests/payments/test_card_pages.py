"""The pages where a card is entered: what the browser may load there, and what it never loads elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from deliveryapp.models import User

pytestmark = pytest.mark.django_db
PAGES = ("/account/payment-methods/", "/checkout/")
STRICT = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'none'"
)
WITH_STRIPE = (
    "default-src 'self'; script-src 'self' https://js.stripe.com https://*.js.stripe.com;"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; worker-src 'self' blob:;"
    " connect-src 'self' https://api.stripe.com; object-src 'none'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'none'; frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com"
)


@pytest.fixture
def browser(client: Client, ada: User, settings: Any) -> Client:
    settings.LIVE_URL = ""
    client.force_login(ada)
    return client


def entry(page: Any) -> tuple[str, str]:
    """(where a card is entered, the key that the page carries)"""
    form = page.context["card_form"]
    assert f'name="card-entry" content="{form.entry}"' in page.content.decode()
    return str(form.entry), form.publishable_key


@pytest.mark.parametrize("path", PAGES)
class TestWithARealStripe:
    @pytest.fixture(autouse=True)
    def _keys(self, settings: Any) -> None:
        settings.STRIPE_API_BASE = "https://api.stripe.com"
        settings.STRIPE_PUBLISHABLE_KEY = "pk_live_ours"
        settings.STRIPE_SECRET_KEY = "sk_live_never_shown"

    def test_the_page_may_load_stripes_form_and_nothing_else(self, browser: Client, path: str) -> None:
        page = browser.get(path)
        assert entry(page) == ("element", "pk_live_ours")
        assert page.headers["Content-Security-Policy"] == WITH_STRIPE
        assert "sk_live" not in page.content.decode()

    def test_without_a_publishable_key_it_may_not(self, browser: Client, path: str, settings: Any) -> None:
        settings.STRIPE_PUBLISHABLE_KEY = ""
        page = browser.get(path)
        assert entry(page) == ("nowhere", "")
        assert page.headers["Content-Security-Policy"] == STRICT


@pytest.mark.parametrize("path", PAGES)
def test_with_the_sandbox_nothing_of_stripe_is_loaded(browser: Client, path: str, settings: Any) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:1234"
    settings.STRIPE_PUBLISHABLE_KEY = "pk_live_ours"
    page = browser.get(path)
    assert entry(page) == ("sandbox", "")
    assert page.headers["Content-Security-Policy"] == STRICT


@pytest.mark.parametrize("path", ["/", "/orders/", "/api/v1/me/", "/livez"])
def test_other_pages_stay_strict(browser: Client, path: str, settings: Any) -> None:
    settings.STRIPE_API_BASE, settings.STRIPE_PUBLISHABLE_KEY = "https://api.stripe.com", "pk_live_ours"
    assert browser.get(path).headers["Content-Security-Policy"] == STRICT


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_signs_in_first(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={path}")
