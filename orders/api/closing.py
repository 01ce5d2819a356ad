"""Doors that stop a restaurant although orders are open: by its owner, and by support."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.api.fields import TextField
from deliveryapp.clock import utc_now
from orders import selectors, services


class SuspendInput(serializers.Serializer[Any]):
    reason = TextField(max_length=120)


class ClosedOutput(serializers.Serializer[Any]):
    cancelled_orders = serializers.IntegerField(help_text="Unconfirmed orders that are being cancelled")


class CloseView(APIView):
    @extend_schema(
        tags=["kitchen"],
        request=None,
        responses={200: ClosedOutput},
        description=(
            "Close until resumed, and cancel what is not confirmed; confirmed orders are to be finished, or "
            "cancelled one by one. For owners and managers. A mere pause leaves open tickets to be answered."
        ),
        examples=[OpenApiExample("Two were open", response_only=True, value={"cancelled_orders": 2})],
    )
    def post(self, request: Request, restaurant_id: UUID) -> Response:
        user_id = current_user(request).pk
        count = services.close_restaurant(user_id=user_id, restaurant_id=restaurant_id, now=utc_now())
        return Response({"cancelled_orders": count})


class SuspensionView(APIView):
    @extend_schema(
        tags=["support"],
        request=SuspendInput,
        responses={200: ClosedOutput},
        description="Support only: as closing, until support lifts it.",
    )
    def put(self, request: Request, restaurant_id: UUID) -> Response:
        selectors.require_support(user=current_user(request))
        form = SuspendInput(data=request.data)
        form.is_valid(raise_exception=True)
        count = services.suspend_restaurant(
            restaurant_id=restaurant_id,
            user_id=current_user(request).pk,
            now=utc_now(),
            **form.validated_data,
        )
        return Response({"cancelled_orders": count})

    @extend_schema(tags=["support"], request=None, responses={204: None}, description="Support only.")
    def delete(self, request: Request, restaurant_id: UUID) -> Response:
        selectors.require_support(user=current_user(request))
        services.lift_suspension(restaurant_id=restaurant_id, user_id=current_user(request).pk)
        return Response(status=204)
