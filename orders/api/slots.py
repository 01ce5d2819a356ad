"""The times that an order may be scheduled for, open to everybody."""

from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.fields import LatitudeField, LongitudeField
from deliveryapp.clock import utc_now
from deliveryapp.geo import Point
from orders import scheduling, selectors
from orders.api.outputs import RangeOutput

SLOTS = {
    "timezone": "Europe/Helsinki",
    "asap": {"from": 30, "to": 45},
    "days": [{"date": "2026-05-08", "slots": [{"scheduled_for": "2026-05-08T15:30:00Z", "left": 3}]}],
}


class SlotsQuery(serializers.Serializer[Any]):
    lat = LatitudeField(help_text="Where to deliver")
    lng = LongitudeField()
    days = serializers.IntegerField(
        min_value=1, max_value=scheduling.FURTHEST.days, default=2, help_text="How far to look ahead"
    )


class SlotOutput(serializers.Serializer[Any]):
    scheduled_for = serializers.DateTimeField(help_text="For the field of this name of a quote or an order")
    left = serializers.IntegerField(
        allow_null=True, help_text="Places left; null: the kitchen does not count"
    )


class SlotDayOutput(serializers.Serializer[Any]):
    date = serializers.DateField(help_text="On the restaurant's calendar")
    slots = SlotOutput(many=True)


class SlotsOutput(serializers.Serializer[Any]):
    timezone = serializers.CharField()
    asap = RangeOutput(
        allow_null=True, help_text="Minutes for an order without a slot; null: not possible now"
    )
    days = SlotDayOutput(many=True)


class SlotsView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        tags=["restaurants"],
        summary="Free times for an order",
        description=(
            "Quarters of an hour for which an order to that place would be taken now; a place is taken only "
            "by ordering. Days without a free one are left out."
        ),
        auth=[],
        parameters=[SlotsQuery],
        responses={200: SlotsOutput},
        examples=[OpenApiExample("Tonight", response_only=True, value=SLOTS)],
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        form = SlotsQuery(data=request.query_params)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        found = selectors.free_slots(
            restaurant_id=restaurant_id,
            door=Point(data["lat"], data["lng"]),
            days=data["days"],
            now=utc_now(),
        )
        return Response(_body(found))


def _body(found: selectors.FreeSlots) -> dict[str, Any]:
    zone = ZoneInfo(found.restaurant.timezone)
    days = groupby(found.slots, key=lambda slot: slot.scheduled_for.astimezone(zone).date())
    return {
        "timezone": found.restaurant.timezone,
        "asap": found.asap and {"from": found.asap.earliest, "to": found.asap.latest},
        "days": [
            {
                "date": day,
                "slots": [{"scheduled_for": slot.scheduled_for, "left": slot.left} for slot in slots],
            }
            for day, slots in days
        ],
    }
