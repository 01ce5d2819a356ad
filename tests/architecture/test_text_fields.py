"""No field takes free text without refusing card numbers; what only machines write is listed here (C29)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.urls import get_resolver
from rest_framework import serializers

from deliveryapp.text import READ_UP_TO, refuse_card_number
from restaurants.admin import PromotionForm
from restaurants.models import Promotion

OURS = ("config.", "tracking.", "orders.", "payments.", "drivers.", "restaurants.", "deliveryapp.")

# Written by programs, or hashed before anybody sees it.
EDITED = {Promotion: PromotionForm}  # in the admin
MACHINE_FIELDS = {
    "SignUpInput.password",
    "LogInInput.password",
    "RefreshInput.refresh",
    "JoinInput.token",
    "BrowseParameters.cursor",
    "BrowseParameters.price_level",  # digits from 1 to 4 with commas, kept nowhere
    "BrowseQuery.price_level",
    "OrderInput.payment_gateway",  # one of the settings' names
    "OrderInput.quote_token",  # signed by us, and kept nowhere
    "OrderInput.payment_method",  # has a shape of its own, and refuses a number inside it
    "SpecialDaysInput.text",  # only dates and times can be read; nothing of it is kept as text
    "SignUpForm.password",
    "LogInForm.password",
    "RefundForm.key",
    "action_form.reason",  # the action itself looks at it, to say what is wrong
}
Field = tuple[str, Any]


def subclasses(kind: type) -> Iterator[type]:
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


def ours(kind: type) -> list[type]:
    """After every page and door has been imported."""
    assert get_resolver().url_patterns
    return sorted(
        {child for child in subclasses(kind) if child.__module__.startswith(OURS)},
        key=lambda c: c.__qualname__,
    )


def is_input(serializer: type) -> bool:
    """By the name: what goes out is called so, or lives among what goes out."""
    goes_out = serializer.__name__.endswith("Output") or serializer.__module__.endswith(".outputs")
    return not goes_out and serializer.__name__ != "ProblemSerializer"


def leaves(name: str, field: Any) -> Iterator[Field]:
    """The fields that a client may fill in, those of nested ones and of lists too."""
    if field.read_only:
        return
    if isinstance(field, serializers.ListSerializer | serializers.ListField | serializers.DictField):
        yield from leaves(name, field.child)
    elif isinstance(field, serializers.BaseSerializer):
        for inner_name, inner in field.fields.items():  # type: ignore[attr-defined]
            yield from leaves(f"{type(field).__name__}.{inner_name}", inner)
    else:
        yield name, field


def api_fields() -> Iterator[Field]:
    for serializer in filter(is_input, ours(serializers.Serializer)):
        yield from leaves(serializer.__name__, serializer())


def form_fields() -> Iterator[Field]:
    actions = [model_admin.action_form for model_admin in admin.site._registry.values()]
    for form in {*ours(forms.Form), *actions, *EDITED.values()}:
        for name, field in form.base_fields.items():
            yield f"{form.__name__}.{name}", field


TEXTS = sorted(
    {name: field for name, field in api_fields() if isinstance(field, serializers.CharField)}.items()
) + sorted({name: field for name, field in form_fields() if isinstance(field, forms.CharField)}.items())


def test_there_are_some() -> None:
    names = {name for name, _ in TEXTS}
    assert {"QuoteInput.note", "LineInput.note", "SignUpForm.name"} <= names
    assert names >= MACHINE_FIELDS, "a pardon that nobody needs"


@pytest.mark.parametrize(("name", "field"), TEXTS, ids=[name for name, _ in TEXTS])
def test_free_text_refuses_card_numbers(name: str, field: Any) -> None:
    if name not in MACHINE_FIELDS:
        assert refuse_card_number in field.validators, f"{name} takes any text"
        assert field.max_length is not None, f"{name} has no end"
        assert field.max_length <= READ_UP_TO, f"{name} is longer than what is looked at"


@pytest.mark.parametrize(
    "kind", [serializers.JSONField, serializers.DictField, serializers.FileField], ids=str
)
def test_nothing_takes_what_cannot_be_looked_at(kind: type) -> None:
    assert [name for name, field in api_fields() if isinstance(field, kind)] == []


def test_the_admin_edits_no_text() -> None:
    """Its forms are made from models, whose fields know nothing of this rule: so it only shows them, but for
    the one whose own form says it.
    """
    for model, model_admin in admin.site._registry.items():
        if model.__module__.startswith(OURS) and model not in EDITED:
            for may in (model_admin.has_add_permission, model_admin.has_change_permission):
                assert not may(_request()), model


def _request() -> Any:
    return type("Request", (), {"user": type("User", (), {"has_perm": lambda *_: True})()})()
