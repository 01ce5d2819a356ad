"""The restaurant's doors: its board and what it does with an order."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.clock import utc_now
from orders import selectors, services
from orders.api.outputs import BoardOrderOutput
from orders.api.serializers import ConfirmInput, PrepTimeInput, RejectInput
from orders.models import Order

STATE = OpenApiParameter("state", str, enum=["active", "past", "scheduled"])


class BoardView(generics.ListAPIView[Order]):
    serializer_class = BoardOrderOutput

    @extend_schema(tags=["kitchen"], parameters=[STATE])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        selectors.require_board(user=current_user(request), restaurant_id=kwargs["restaurant_id"])
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(selectors.board_documents(list(page or [])))

    def get_queryset(self) -> QuerySet[Order]:
        if getattr(self, "swagger_fake_view", False):
            return Order.objects.none()
        return selectors.orders_of_restaurant(
            restaurant_id=self.kwargs["restaurant_id"], state=self.request.query_params.get("state")
        )


class BoardAction(APIView):
    """Gate, one service call, the order as the board now shows it."""

    def act(
        self, request: Request, restaurant_id: UUID, order_id: UUID, call: Callable[..., object]
    ) -> Response:
        user = current_user(request)
        selectors.require_board_order(user=user, restaurant_id=restaurant_id, order_id=order_id)
        call(order_id=order_id, now=utc_now())
        return Response(selectors.board_documents([selectors.get_board_order(order_id=order_id)])[0])


class AcknowledgeView(BoardAction):
    @extend_schema(tags=["kitchen"], request=None, responses={200: BoardOrderOutput})
    def post(self, request: Request, restaurant_id: UUID, order_id: UUID) -> Response:
        user_id = current_user(request).pk
        return self.act(
            request, restaurant_id, order_id, lambda **ids: services.acknowledge(user_id=user_id, **ids)
        )


class ConfirmView(BoardAction):
    @extend_schema(
        tags=["kitchen"],
        request=ConfirmInput,
        responses={200: BoardOrderOutput},
        examples=[OpenApiExample("A quarter of an hour", request_only=True, value={"prep_minutes": 15})],
    )
    def post(self, request: Request, restaurant_id: UUID, order_id: UUID) -> Response:
        form = ConfirmInput(data=request.data)
        form.is_valid(raise_exception=True)
        user_id = current_user(request).pk

        def confirm(**ids: Any) -> object:
            return services.confirm(user_id=user_id, **form.validated_data, **ids)

        return self.act(request, restaurant_id, order_id, confirm)


class RejectView(BoardAction):
    @extend_schema(
        tags=["kitchen"],
        request=RejectInput,
        responses={200: BoardOrderOutput},
        examples=[OpenApiExample("Too busy", request_only=True, value={"reason": "too_busy"})],
    )
    def post(self, request: Request, restaurant_id: UUID, order_id: UUID) -> Response:
        form = RejectInput(data=request.data)
        form.is_valid(raise_exception=True)
        user_id = current_user(request).pk

        def reject(**ids: Any) -> object:
            return services.reject(user_id=user_id, **form.validated_data, **ids)

        return self.act(request, restaurant_id, order_id, reject)


class CancelConfirmedView(BoardAction):
    @extend_schema(
        tags=["kitchen"],
        request=RejectInput,
        responses={200: BoardOrderOutput},
        description="Give up an order that was confirmed, until pick-up. Its customer gets everything back.",
        examples=[OpenApiExample("The stove broke", request_only=True, value={"reason": "kitchen_problem"})],
    )
    def post(self, request: Request, restaurant_id: UUID, order_id: UUID) -> Response:
        form = RejectInput(data=request.data)
        form.is_valid(raise_exception=True)
        user_id = current_user(request).pk

        def cancel(**ids: Any) -> object:
            return services.cancel_confirmed(user_id=user_id, **form.validated_data, **ids)

        return self.act(request, restaurant_id, order_id, cancel)


class PrepTimeView(BoardAction):
    @extend_schema(
        tags=["kitchen"],
        request=PrepTimeInput,
        responses={200: BoardOrderOutput},
        examples=[OpenApiExample("Ten minutes more", request_only=True, value={"minutes": 10})],
    )
    def post(self, request: Request, restaurant_id: UUID, order_id: UUID) -> Response:
        form = PrepTimeInput(data=request.data)
        form.is_valid(raise_exception=True)
        user_id = current_user(request).pk

        def change(**ids: Any) -> object:
            return services.change_prep_time(user_id=user_id, **form.validated_data, **ids)

        return self.act(request, restaurant_id, order_id, change)


class PreparingView(BoardAction):
    @extend_schema(tags=["kitchen"], request=None, responses={200: BoardOrderOutput})
    def post(self, request: Request, restaurant_id: UUID, order_id: UUID) -> Response:
        user_id = current_user(request).pk
        return self.act(
            request, restaurant_id, order_id, lambda **ids: services.start_preparing(user_id=user_id, **ids)
        )


class ReadyView(BoardAction):
    @extend_schema(tags=["kitchen"], request=None, responses={200: BoardOrderOutput})
    def post(self, request: Request, restaurant_id: UUID, order_id: UUID) -> Response:
        user_id = current_user(request).pk
        return self.act(
            request, restaurant_id, order_id, lambda **ids: services.mark_ready(user_id=user_id, **ids)
        )
