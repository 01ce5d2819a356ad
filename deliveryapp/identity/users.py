from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils.module_loading import import_string

from deliveryapp.identity.errors import EmailTaken, PasswordTooWeak, WrongCredentials
from deliveryapp.models import User
from deliveryapp.models.identity import normalize_email
from deliveryapp.transactions import durable


def sign_up(*, email: str, password: str, name: str) -> User:
    """Raises PasswordTooWeak, EmailTaken."""
    user = User(email=normalize_email(email), name=name.strip())
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordTooWeak(" ".join(error.messages)) from None
    user.set_password(password)
    try:
        with durable():
            user.save(force_insert=True)
    except IntegrityError:
        raise EmailTaken from None
    return user


def log_in(*, email: str, password: str) -> User:
    """Takes the same time whether or not the account exists. Raises WrongCredentials."""
    user = authenticate(username=normalize_email(email), password=password)
    if user is None:
        raise WrongCredentials
    assert isinstance(user, User)
    return user


def roles_of(*, user: User) -> dict[str, Any]:
    """What the user is in each app that knows roles; None where he is nothing."""
    found = {name: import_string(path)(user_id=user.pk) for name, path in settings.ROLE_PROVIDERS.items()}
    return {**found, "support": user.is_support}


def user_by_id(user_id: UUID) -> User | None:
    return User.objects.filter(pk=user_id, is_active=True).first()
