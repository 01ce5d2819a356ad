from django.http import HttpRequest
from rest_framework import authentication
from rest_framework.request import Request

from deliveryapp.identity import user_for_access_token
from deliveryapp.models import User


class BearerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <access token>`; no header means another scheme may try."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return user_for_access_token(token.strip()), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """The web pages' cookie, with CSRF check; asks for Bearer when neither is given."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def current_user(request: Request) -> User:
    """The signed-in user of a view that requires one."""
    return as_user(request)


def as_user(request: Request | HttpRequest) -> User:
    """The signed-in user of a request behind a gate that lets nobody else through."""
    assert isinstance(request.user, User)
    return request.user
