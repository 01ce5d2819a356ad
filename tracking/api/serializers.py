from typing import Any

from rest_framework import serializers


class PointInput(serializers.Serializer[Any]):
    """Documents a point; single bad points are dropped with a reason, not refused."""

    lat = serializers.FloatField()
    lng = serializers.FloatField()
    accuracy = serializers.FloatField(required=False, help_text="Metres")
    heading = serializers.FloatField(required=False, help_text="Degrees, clockwise from north")
    speed = serializers.FloatField(required=False, help_text="m/s")
    ts = serializers.DateTimeField(
        required=False, help_text="ISO 8601, or seconds or milliseconds since 1970"
    )
    seq = serializers.IntegerField(required=False, help_text="The app's own counter, echoed in the answer")


class PointsInput(serializers.Serializer[Any]):
    points = PointInput(many=True)


class DroppedOutput(serializers.Serializer[Any]):
    seq = serializers.IntegerField()
    reason = serializers.ChoiceField(choices=["invalid", "inaccurate", "too_old", "not_newer", "jump"])


class JudgedOutput(serializers.Serializer[Any]):
    seq = serializers.IntegerField(help_text="The highest seen: forget everything up to it")
    accepted = serializers.IntegerField()
    dropped = DroppedOutput(many=True)


class EtaOutput(serializers.Serializer[Any]):
    earliest_at = serializers.DateTimeField()
    latest_at = serializers.DateTimeField()
    confidence = serializers.ChoiceField(choices=["low", "medium", "high"])


class TrackedOrderOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.CharField()
    cancel_reason = serializers.CharField(allow_blank=True)
    placed_at = serializers.DateTimeField(allow_null=True)
    ready_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)


class TrackedPlaceOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    lat = serializers.FloatField()
    lng = serializers.FloatField()


class DestinationOutput(serializers.Serializer[Any]):
    lat = serializers.FloatField()
    lng = serializers.FloatField()
    street = serializers.CharField()


class LivePositionOutput(serializers.Serializer[Any]):
    lat = serializers.FloatField()
    lng = serializers.FloatField()
    heading = serializers.FloatField(allow_null=True)
    at = serializers.DateTimeField()
    stale = serializers.BooleanField(help_text="Last known, not seen for half a minute")


class TrackedDriverOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    vehicle = serializers.CharField()
    rating = serializers.FloatField()
    status = serializers.CharField()
    position = LivePositionOutput(allow_null=True)


class TrackingOutput(serializers.Serializer[Any]):
    """The same as the socket's first frame."""

    type = serializers.CharField()
    seq = serializers.IntegerField()
    order = TrackedOrderOutput()
    restaurant = TrackedPlaceOutput()
    destination = DestinationOutput()
    driver = TrackedDriverOutput(allow_null=True)
    eta = EtaOutput(allow_null=True)


class ApproachOutput(serializers.Serializer[Any]):
    order_id = serializers.UUIDField()
    at_the_door = serializers.BooleanField()
    arrives_at = serializers.DateTimeField(
        allow_null=True, help_text="null: at the door, or nobody knows where the driver is"
    )


class ApproachingOutput(serializers.Serializer[Any]):
    results = ApproachOutput(many=True)
