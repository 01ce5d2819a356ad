"""Serializer fields that every app shares."""

import math
import re
from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from deliveryapp.money import Money
from deliveryapp.text import refuse_card_number


@extend_schema_field(
    {
        "type": "object",
        "properties": {"amount_minor": {"type": "integer"}, "currency": {"type": "string", "example": "EUR"}},
        "required": ["amount_minor", "currency"],
        "example": {"amount_minor": 1299, "currency": "EUR"},
    }
)
class MoneyField(serializers.Field[Money, dict[str, Any], dict[str, Any], Any]):
    """Read-only money in minor units."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["read_only"] = True
        super().__init__(**kwargs)

    def to_representation(self, value: Money) -> dict[str, Any]:
        return value.as_json()


class TextField(serializers.CharField):
    """What people write freely."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, validators=[refuse_card_number], **kwargs)


class NoteField(TextField):
    """Free text that may be empty or left out."""

    def __init__(self, *, max_length: int) -> None:
        super().__init__(max_length=max_length, default="", allow_blank=True)


class EmailField(serializers.EmailField):
    def __init__(self) -> None:
        super().__init__(max_length=254, validators=[refuse_card_number])


class StrictIntegerField(serializers.IntegerField):
    """An integer written as an integer: no "3", no 3.0, no true."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """true or false: no "yes", no 1."""

    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("invalid", input=data)
        return data


class AwareDateTimeField(serializers.DateTimeField):
    """A moment with its offset from UTC; a wall time without one means something else to everybody."""

    default_error_messages = {"naive": "Say the offset from UTC, as in 2026-05-04T19:30:00+03:00."}

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, str) and not re.search(r"(?:[zZ]|[+-]\d\d:?\d\d)$", value):
            self.fail("naive")
        return super().to_internal_value(value).astimezone(UTC)


class _FiniteField(serializers.FloatField):
    """NaN passes every comparison, so bounds alone would let it in."""

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class LatitudeField(_FiniteField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=-90, max_value=90, **kwargs)


class LongitudeField(_FiniteField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=-180, max_value=180, **kwargs)
