"""The borders between apps, as the tables have them (DESIGN 1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models

LEVELS = {
    "config": 4,
    "tracking": 3,
    "orders": 2,
    "payments": 1,
    "drivers": 1,
    "restaurants": 1,
    "deliveryapp": 0,
}
ForeignKey = models.ForeignKey  # one-to-one included


def foreign_keys() -> Iterator[tuple[type[models.Model], ForeignKey]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in LEVELS:
            for field in model._meta.local_fields:
                if isinstance(field, ForeignKey):
                    yield model, field


def target_app(field: ForeignKey) -> str:
    target = field.related_model
    assert not isinstance(target, str)
    return target._meta.app_label


KEYS = list(foreign_keys())
ABROAD = [(model, field) for model, field in KEYS if target_app(field) != model._meta.app_label]


def name(pair: object) -> str:
    return str(pair)


def test_there_are_some() -> None:
    assert len(KEYS) > 15
    assert len(ABROAD) > 3


@pytest.mark.parametrize(("model", "field"), ABROAD, ids=name)
def test_a_key_across_apps_points_down_is_protected_and_leaves_no_trace(
    model: type[models.Model], field: ForeignKey
) -> None:
    home, target = model._meta.app_label, target_app(field)
    if target not in LEVELS:
        return  # Django's own tables lie below everything
    assert LEVELS[target] < LEVELS[home], f"{field} points at {target}"
    assert field.remote_field.on_delete is models.PROTECT, f"{field} does not protect"
    assert field.remote_field.related_name == "+", f"{field} shows up in {target}"


def test_every_table_belongs_to_a_level() -> None:
    foreign = {
        model._meta.app_label
        for model in apps.get_models()
        if not model.__module__.startswith(("django.", "unfold."))
    }
    assert foreign <= set(LEVELS), foreign - set(LEVELS)


def test_no_generic_keys() -> None:
    """They point anywhere, so nobody could check them."""
    for model in apps.get_models():
        if model._meta.app_label in LEVELS:
            assert not model._meta.private_fields, model


def test_moments_money_and_ids_have_one_shape() -> None:
    """Times end in `_at` or say what they limit, money is whole numbers in `_minor`, nothing is decimal."""
    for model in apps.get_models():
        if model._meta.app_label not in LEVELS:
            continue
        for field in model._meta.local_fields:
            inherited = field.name in {"last_login"}  # of Django's user
            if isinstance(field, models.DateTimeField) and not inherited:
                assert f"_{field.name}".endswith(("_at", "_until", "_since", "_before", "_for")), field
            if field.name.endswith("_minor"):
                assert isinstance(field, models.BigIntegerField | models.IntegerField), field
            assert not isinstance(field, models.DecimalField), field


def test_constraints_are_named_for_what_they_keep() -> None:
    names = [
        constraint.name
        for model in apps.get_models()
        if model._meta.app_label in LEVELS
        for constraint in model._meta.constraints
    ]
    assert len(names) == len(set(names))
    assert all("_" in name and not name.endswith(("_check", "_uniq")) for name in names)
