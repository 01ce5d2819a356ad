"""What may come in; everything else in a body is ignored."""

import re
from typing import Any
from uuid import UUID

from rest_framework import serializers

from deliveryapp.api.fields import (
    AwareDateTimeField,
    LatitudeField,
    LongitudeField,
    NoteField,
    StrictBooleanField,
    StrictIntegerField,
    TextField,
)
from deliveryapp.text import refuse_card_number
from orders import pricing, reject_reasons
from orders.services import AddressInput, DeliveryInput, OrderRequest
from payments import facade as payments
from restaurants.facade import CartLine

PROVIDERS_METHOD = re.compile(r"pm_[A-Za-z0-9_]{1,70}")
MAX_TOKEN = 30_000
SAVED_CARD = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class PaymentMethodField(serializers.CharField):
    """The id of a saved card, or a payment method that the provider just made for a browser or an app."""

    default_error_messages = {"invalid": "Neither a saved card nor a payment method of the provider."}

    def __init__(self) -> None:
        super().__init__(
            max_length=80,
            help_text="The id of a saved card, or a `pm_…` of the provider; never a card number",
        )

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if SAVED_CARD.fullmatch(text):
            return text.lower()
        if not re.search("[A-Za-z]", text.removeprefix("pm_")):
            refuse_card_number(text)
        if not PROVIDERS_METHOD.fullmatch(text):
            self.fail("invalid")
        return text


class PromotionCodeField(NoteField):
    """As people type it: blanks and small letters make no difference."""

    def __init__(self) -> None:
        super().__init__(max_length=40)

    def to_internal_value(self, data: Any) -> str:
        return "".join(super().to_internal_value(data).split()).upper()


class LineInput(serializers.Serializer[Any]):
    item_id = serializers.UUIDField()
    quantity = StrictIntegerField(min_value=1, max_value=99)
    option_ids = serializers.ListField(child=serializers.UUIDField(), default=list, max_length=50)
    note = NoteField(max_length=200)


class DeliverySerializer(serializers.Serializer[Any]):
    address_id = serializers.UUIDField(required=False)
    street = TextField(max_length=120, required=False)
    city = NoteField(max_length=80)
    postcode = NoteField(max_length=20)
    lat = LatitudeField(required=False)
    lng = LongitudeField(required=False)
    note = NoteField(max_length=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "address_id" not in attrs and not {"street", "lat", "lng"} <= attrs.keys():
            raise serializers.ValidationError("Give an address_id, or street, lat and lng.", code="required")
        return attrs


class QuoteInput(serializers.Serializer[Any]):
    restaurant_id = serializers.UUIDField()
    lines = serializers.ListField(child=LineInput(), allow_empty=False, max_length=100)
    delivery = DeliverySerializer()
    tip_minor = StrictIntegerField(min_value=0, max_value=pricing.MAX_TIP_MINOR, default=0)
    note = NoteField(max_length=300)
    promotion_code = PromotionCodeField()
    expected_total_minor = StrictIntegerField(min_value=0, allow_null=True, default=None)
    scheduled_for = AwareDateTimeField(
        allow_null=True,
        default=None,
        help_text="When it should be at the door: on a quarter of an hour, up to 5 days ahead; null: now",
    )

    def as_request(self) -> OrderRequest:
        data = self.validated_data
        return OrderRequest(
            restaurant_id=data["restaurant_id"],
            lines=[_cart_line(line) for line in data["lines"]],
            delivery=DeliveryInput(**data["delivery"]),
            tip_minor=data["tip_minor"],
            promotion_code=data["promotion_code"],
            quote_token=data.get("quote_token", ""),
            note=data["note"],
            payment_method=data.get("payment_method", ""),
            payment_gateway=data.get("payment_gateway", ""),
            use_credit=data.get("use_credit", False),
            expected_total_minor=data["expected_total_minor"],
            scheduled_for=data["scheduled_for"],
            allow_duplicate=data.get("allow_duplicate", False),
        )


class OrderInput(QuoteInput):
    payment_method = PaymentMethodField()
    quote_token = serializers.CharField(
        max_length=MAX_TOKEN,
        default="",
        allow_blank=True,
        help_text="From the quote that the customer saw: what changed since is told instead of ordered",
    )
    payment_gateway = serializers.CharField(
        max_length=20,
        required=False,
        help_text="The gateway where the payment method was made; without it any gateway is asked",
    )
    use_credit = serializers.BooleanField(
        default=False, help_text="Pay from the credit first, and the rest with the payment method"
    )
    allow_duplicate = StrictBooleanField(
        default=False,
        help_text="Order it although the same cart was ordered within the last 5 minutes",
    )

    def validate_payment_gateway(self, name: str) -> str:
        if name not in payments.gateway_names():
            raise serializers.ValidationError("There is no such gateway.", code="unknown_gateway")
        return name


def _cart_line(line: dict[str, Any]) -> CartLine:
    option_ids: list[UUID] = line["option_ids"]
    return CartLine(
        item_id=line["item_id"], quantity=line["quantity"], option_ids=tuple(option_ids), note=line["note"]
    )


class CancelInput(serializers.Serializer[Any]):
    reason = NoteField(max_length=120)


class ConfirmInput(serializers.Serializer[Any]):
    prep_minutes = StrictIntegerField(min_value=1, max_value=180)


class PrepTimeInput(serializers.Serializer[Any]):
    minutes = StrictIntegerField(min_value=1, max_value=180, help_text="Ready in so many minutes from now")


class RejectInput(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=reject_reasons.ALL)
    detail = NoteField(max_length=120)


class AddressSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    label = NoteField(max_length=40)  # type: ignore[assignment]
    street = TextField(max_length=120)
    city = NoteField(max_length=80)
    postcode = NoteField(max_length=20)
    lat = LatitudeField()
    lng = LongitudeField()
    note = NoteField(max_length=200)

    def as_input(self) -> AddressInput:
        return AddressInput(**self.validated_data)
