from typing import Any

from rest_framework import serializers

from deliveryapp.clock import utc_now
from payments.models import SavedCard


class CardOutput(serializers.Serializer[SavedCard]):
    id = serializers.UUIDField(help_text="What `payment_method` of an order may be")
    brand = serializers.CharField(help_text="visa, mastercard, amex …")
    last4 = serializers.CharField()
    exp_month = serializers.IntegerField()
    exp_year = serializers.IntegerField()
    expired = serializers.SerializerMethodField()
    is_default = serializers.BooleanField(
        help_text="At most one; the first one saved, until another is chosen"
    )
    created_at = serializers.DateTimeField()

    def get_expired(self, card: SavedCard) -> bool:
        return card.is_expired(utc_now().date())


class SetupOutput(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The provider's SetupIntent, for `confirm`")
    client_secret = serializers.CharField(help_text="For Stripe's form or SDK; do not keep it")
    publishable_key = serializers.CharField(
        allow_null=True, help_text="For Stripe's form; null with the sandbox"
    )
    page_url = serializers.CharField(
        allow_null=True, help_text="Of the sandbox, instead of a form; else null"
    )


class FollowedSetupOutput(serializers.Serializer[Any]):
    status = serializers.ChoiceField(
        choices=[
            "succeeded",
            "requires_payment_method",
            "requires_confirmation",
            "requires_action",
            "processing",
            "canceled",
        ]
    )
    card = CardOutput(allow_null=True, help_text="Once it succeeded")
    next_action_url = serializers.CharField(allow_null=True, help_text="Where the bank asks back")
