"""The restaurant's day in figures."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.api.fields import MoneyField
from deliveryapp.clock import utc_now
from orders import selectors

TODAY: dict[str, Any] = {
    "begins_at": "2026-05-03T21:00:00Z",
    "ends_at": "2026-05-04T21:00:00Z",
    "orders": 31,
    "open": 4,
    "delivered": 25,
    "cancelled": 2,
    "rejected": 1,
    "missed": 0,
    "revenue": {"amount_minor": 81_250, "currency": "EUR"},
    "average_prep_minutes": 17,
}


class TodayOutput(serializers.Serializer[Any]):
    begins_at = serializers.DateTimeField(help_text="The restaurant's own midnight")
    ends_at = serializers.DateTimeField()
    orders = serializers.IntegerField(help_text="Whatever became of them")
    open = serializers.IntegerField()
    delivered = serializers.IntegerField()
    cancelled = serializers.IntegerField(help_text="By anybody; includes rejected and missed")
    rejected = serializers.IntegerField(help_text="By the kitchen")
    missed = serializers.IntegerField(help_text="Nobody answered in time")
    revenue = MoneyField(help_text="Food that was confirmed and not given up, before commission")
    average_prep_minutes = serializers.IntegerField(allow_null=True, help_text="From the yes to ready")


class TodayView(APIView):
    @extend_schema(
        tags=["kitchen"],
        summary="Today's figures of a restaurant, by its own clock",
        responses={200: TodayOutput},
        examples=[OpenApiExample("A Friday", response_only=True, value=TODAY)],
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        selectors.require_board(user=current_user(request), restaurant_id=restaurant_id)
        return Response(selectors.today_document(restaurant_id=restaurant_id, now=utc_now()))
