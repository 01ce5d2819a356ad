"""The web pages' sessions: log in, log out, CSRF, and no way out through `next` (C28)."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from deliveryapp import identity
from deliveryapp.models import User
from tests.cast import PASSWORD
from tests.deliveryapp.test_identity import refusal

pytestmark = pytest.mark.django_db
ADA = {"email": "ada@demo.example", "password": PASSWORD}


@pytest.fixture
def browser() -> Client:
    """With the CSRF checks that test clients leave out."""
    return Client(enforce_csrf_checks=True)


def submit(browser: Client, page: str, **form: str) -> Any:
    """Open the page, then send its form with the token that it carries."""
    browser.get(page)
    token = browser.cookies["csrftoken"].value if "csrftoken" in browser.cookies else ""
    return browser.post(page, {**form, "csrfmiddlewaretoken": token})


def is_signed_in(browser: Client) -> bool:
    return browser.get("/api/v1/me/").status_code == 200


@pytest.mark.parametrize(("page", "form"), [("/login/", ADA), ("/sign-up/", {**ADA, "name": "Ada"})])
def test_a_form_ends_signed_in_where_the_person_wanted_to_go(browser: Client, page: str, form: Any) -> None:
    if page == "/login/":
        User.objects.create_user(**ADA, name="Ada")

    answer = submit(browser, page, **form, next="/orders/?state=past")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/orders/?state=past")
    assert is_signed_in(browser)


def test_the_session_gets_a_new_key_at_the_door(ada: User, browser: Client) -> None:
    """Who planted a session id in somebody's browser gains nothing."""
    browser.cookies["sessionid"] = "planted-session-key-1234567890ab"

    submit(browser, "/login/", **ADA)

    assert browser.cookies["sessionid"].value != "planted-session-key-1234567890ab"
    cookie = browser.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert not Session.objects.filter(session_key="planted-session-key-1234567890ab").exists()


@pytest.mark.parametrize("page", ["/login/", "/sign-up/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://testserver/",
        "https://testserver@evil.example/",
        "\x08//evil.example",
        " //evil.example",
        "http://[::1",
    ],
)
def test_next_never_leads_elsewhere(ada: User, page: str, method: str, wanted: str) -> None:
    browser = Client()
    if method == "GET":
        browser.force_login(ada)
        answer = browser.get(page, {"next": wanted})
    else:
        form = ADA if page == "/login/" else {"email": "e@b.example", "name": "E", "password": PASSWORD}
        answer = browser.post(page, {**form, "next": wanted})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_a_wrong_password_shows_the_form_again_without_the_password(ada: User, browser: Client) -> None:
    answer = submit(browser, "/login/", email=ada.email, password="wrong-pass-1", next="/orders/")

    assert answer.status_code == 401
    page = answer.content.decode()
    assert "E-mail or password is not right" in page
    assert 'value="/orders/"' in page
    assert "wrong-pass-1" not in page
    assert not is_signed_in(browser)


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"email": "ada@demo.example", "name": "Eve", "password": PASSWORD}, 409),
        ({"email": "eve@demo.example", "name": "Eve", "password": "short"}, 400),
        ({"email": "eve", "name": "Eve", "password": PASSWORD}, 400),
        ({"email": "eve@demo.example", "name": "nul\x00", "password": PASSWORD}, 400),
        ({"email": "eve@demo.example", "name": "Eve", "password": "nul\x00-pass-12"}, 400),
        ({}, 400),
    ],
)
def test_a_bad_sign_up_shows_the_form_again(
    ada: User, browser: Client, form: dict[str, str], status: int
) -> None:
    assert submit(browser, "/sign-up/", **form).status_code == status
    assert User.objects.count() == 1


def test_what_people_type_is_escaped(browser: Client) -> None:
    answer = submit(browser, "/login/", email='"><script>alert(1)</script>', password="x", next='"><script>')

    assert answer.status_code == 400
    assert "<script>alert(1)" not in answer.content.decode()
    assert '"><script>' not in answer.content.decode()


@pytest.mark.parametrize("page", ["/login/", "/sign-up/", "/logout/"])
def test_forms_need_the_csrf_token(ada: User, browser: Client, page: str) -> None:
    browser.force_login(ada)

    assert browser.post(page, ADA).status_code == 403
    assert is_signed_in(browser)


def test_logging_out_ends_the_session(ada: User) -> None:
    browser = Client()
    browser.force_login(ada)
    key = browser.cookies["sessionid"].value

    assert browser.get("/logout/").status_code == 405
    answer = browser.post("/logout/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert not is_signed_in(browser)
    assert identity.user_for_session_key(key) is None


# The API behind a session -----------------------------------------------------------------------


def test_a_session_reads_freely_and_writes_with_the_csrf_token(ada: User, browser: Client) -> None:
    browser.force_login(ada)
    browser.get("/")

    def post(**headers: str) -> Any:
        path = "/api/v1/auth/log-out-everywhere/"
        return browser.post(path, content_type="application/json", headers=headers)

    assert refusal(post()) == (403, "forbidden")
    assert refusal(post(**{"X-CSRFToken": "x" * 32})) == (403, "forbidden")
    assert User.objects.get().token_epoch == 0

    assert post(**{"X-CSRFToken": browser.cookies["csrftoken"].value}).status_code == 204
    assert User.objects.get().token_epoch == 1
    assert not is_signed_in(browser)


def test_a_token_needs_no_csrf(ada: User, browser: Client) -> None:
    browser.force_login(ada)
    bearer = f"Bearer {identity.issue(user=ada).access}"

    answer = browser.post("/api/v1/auth/log-out-everywhere/", headers={"Authorization": bearer})

    assert answer.status_code == 204


def test_a_suspended_users_session_is_nobody(ada: User) -> None:
    browser = Client()
    browser.force_login(ada)
    User.objects.update(is_active=False)

    assert not is_signed_in(browser)
    assert identity.user_for_session_key(browser.cookies["sessionid"].value) is None


def test_a_changed_password_ends_other_sessions(ada: User) -> None:
    browser = Client()
    browser.force_login(ada)
    assert identity.user_for_session_key(browser.cookies["sessionid"].value) == ada
    ada.set_password("another-pass-2")
    ada.save()

    assert not is_signed_in(browser)
    assert identity.user_for_session_key(browser.cookies["sessionid"].value) is None


@pytest.mark.parametrize("key", [None, "", "x", "unknown-session-key-1234567890ab", "nul\x00nul\x00nul\x00"])
def test_a_session_key_of_nobody_is_nobody(key: str | None) -> None:
    assert identity.user_for_session_key(key) is None


@pytest.mark.parametrize("cookie", ["x", '"\\000\\000\\000\\000\\000\\000\\000\\000"', "é" * 40, "x" * 4_000])
def test_a_forged_session_cookie_is_nobody(cookie: str) -> None:
    answer = Client(headers={"Cookie": f"sessionid={cookie}"}).get("/api/v1/me/")

    assert refusal(answer) == (401, "unauthenticated")
