from typing import Any

from rest_framework import serializers

from deliveryapp.api.fields import LatitudeField, LongitudeField
from drivers.models import DeclineReason, OverrideReason, ReleaseReason, Vehicle

GIVE_BACK_REASONS = (
    ReleaseReason.VEHICLE,
    ReleaseReason.ACCIDENT,
    ReleaseReason.TOO_LONG,
    ReleaseReason.OTHER,
)


class PlaceInput(serializers.Serializer[Any]):
    lat = LatitudeField()
    lng = LongitudeField()


class DeclineInput(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=DeclineReason.choices)


class ArrivedInput(serializers.Serializer[Any]):
    at = serializers.ChoiceField(choices=["restaurant", "customer"])
    override_reason = serializers.ChoiceField(
        choices=OverrideReason.choices, default="", help_text="Lifts 409 `too_far_away`, and is kept"
    )


class GiveBackInput(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=[(reason.value, reason.label) for reason in GIVE_BACK_REASONS])


class DriverOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=["offline", "available", "busy"])
    region = serializers.CharField()
    vehicle = serializers.ChoiceField(choices=Vehicle.choices)
    capacity = serializers.IntegerField(help_text="Deliveries at once")
    active_count = serializers.IntegerField(help_text="Deliveries now")
    rating = serializers.FloatField(help_text="Stars, 0 to 5")
    last_seen_at = serializers.DateTimeField(allow_null=True)


class MoneyOutput(serializers.Serializer[Any]):
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()


class PickupOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    street = serializers.CharField()
    lat = serializers.FloatField()
    lng = serializers.FloatField()


class DropoffOutput(serializers.Serializer[Any]):
    lat = serializers.FloatField()
    lng = serializers.FloatField()


class OfferOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    pickup = PickupOutput()
    dropoff = DropoffOutput()
    distance_m = serializers.IntegerField(help_text="The whole ride: to the kitchen, then to the door")
    payout = MoneyOutput()
    ready_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="Answer before")


class OffersOutput(serializers.Serializer[Any]):
    results = OfferOutput(many=True)


class AnsweredOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.CharField()


class AssignmentOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["assigned", "arrived", "picked_up", "delivered", "released"])
    assigned_at = serializers.DateTimeField()
    arrived_at = serializers.DateTimeField(allow_null=True)
    picked_up_at = serializers.DateTimeField(allow_null=True)
    released_at = serializers.DateTimeField(allow_null=True)
