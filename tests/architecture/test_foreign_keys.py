"""Foreign keys point home or downward, and never take the row they point at with them (DESIGN 1)."""

from __future__ import annotations

from django.apps import apps
from django.db.models import CASCADE, PROTECT, ForeignKey

FLOORS = {
    "config": 4,
    "tracking": 3,
    "orders": 2,
    "restaurants": 1,
    "drivers": 1,
    "payments": 1,
    "deliveryapp": 0,
}


def foreign_keys():
    for model in apps.get_models():
        if model._meta.app_label in FLOORS:
            for field in model._meta.get_fields():
                if isinstance(field, ForeignKey) and field.model is model:
                    yield field


def home_of(field):
    return field.model._meta.app_label


def target_of(field):
    return field.related_model._meta.app_label


def test_the_walk_sees_the_models_it_is_meant_to_see():
    seen = {str(field) for field in foreign_keys()}

    assert {"orders.OrderLine.order", "orders.Order.restaurant", "drivers.Driver.user"} <= seen


def test_foreign_keys_point_home_or_downward():
    upward = [
        f"{field} -> {field.related_model._meta.label}"
        for field in foreign_keys()
        if target_of(field) in FLOORS
        and target_of(field) != home_of(field)
        and FLOORS[target_of(field)] >= FLOORS[home_of(field)]
    ]

    assert upward == []


def test_across_apps_rows_are_protected_and_know_nothing_of_who_points_at_them():
    loose = [
        str(field)
        for field in foreign_keys()
        if target_of(field) in FLOORS
        and target_of(field) != home_of(field)
        and (field.remote_field.on_delete is not PROTECT or not field.remote_field.hidden)
    ]

    assert loose == []


def test_nothing_cascades_into_what_must_be_kept():
    """Only what is worthless without its owner goes with him."""
    cascading = {str(field) for field in foreign_keys() if field.remote_field.on_delete is CASCADE}
    kept = ("orders.Order", "payments.", "drivers.Delivery", "drivers.Assignment", "deliveryapp.Saga")

    assert [name for name in cascading if name.startswith(kept)] == []
