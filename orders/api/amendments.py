"""What the kitchen cannot make: it takes it off or proposes a swap, and the customer answers."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.api.fields import NoteField, StrictBooleanField, StrictIntegerField
from deliveryapp.clock import utc_now
from orders import selectors, services
from orders.api.kitchens import BoardAction
from orders.api.outputs import BoardOrderOutput, OrderOutput
from restaurants.facade import MAX_QUANTITY, CartLine


class RemoveInput(serializers.Serializer[Any]):
    quantity = StrictIntegerField(
        min_value=1, max_value=MAX_QUANTITY, allow_null=True, default=None, help_text="null: all of them"
    )
    sold_out = StrictBooleanField(default=False, help_text="Take the dish off the menu for today as well")


class SwapLineInput(serializers.Serializer[Any]):
    item_id = serializers.UUIDField()
    quantity = StrictIntegerField(min_value=1, max_value=MAX_QUANTITY)
    option_ids = serializers.ListField(child=serializers.UUIDField(), default=list, max_length=50)
    note = NoteField(max_length=200)


class SwapInput(RemoveInput):
    swap = SwapLineInput()


def _cart_line(data: dict[str, Any]) -> CartLine:
    return CartLine(data["item_id"], data["quantity"], tuple(data["option_ids"]), data["note"])


class AnswerInput(serializers.Serializer[Any]):
    answer = serializers.ChoiceField(choices=services.ANSWERS)


class RemoveLineView(BoardAction):
    @extend_schema(
        tags=["kitchen"],
        summary="Take a line, or some of its pieces, off an order",
        description=(
            "Until the order is ready. Its customer pays less and is told. The last line cannot go: 409 "
            "`last_line`; such an order is rejected, or given up."
        ),
        request=RemoveInput,
        responses={200: BoardOrderOutput},
        examples=[
            OpenApiExample("One is missing", request_only=True, value={"quantity": 1, "sold_out": True})
        ],
    )
    def post(self, request: Request, restaurant_id: UUID, order_id: UUID, line_id: UUID) -> Response:
        form = RemoveInput(data=request.data)
        form.is_valid(raise_exception=True)
        wish: dict[str, Any] = form.validated_data
        user_id = current_user(request).pk

        def remove(**ids: Any) -> object:
            return services.remove_pieces(
                user_id=user_id,
                line_id=line_id,
                quantity=wish["quantity"],
                is_sold_out=wish["sold_out"],
                **ids,
            )

        return self.act(request, restaurant_id, order_id, remove)


class SwapLineView(BoardAction):
    @extend_schema(
        tags=["kitchen"],
        summary="Propose another dish to the customer instead of a line, or of some of its pieces",
        description=(
            "At the price of the menu, within what is held: 409 `swap_too_dear` says how much that is. The "
            "customer has 3 minutes to accept, to have it taken off, or to cancel; then it is taken off."
        ),
        request=SwapInput,
        responses={200: BoardOrderOutput},
        examples=[
            OpenApiExample(
                "A soup instead",
                request_only=True,
                value={"swap": {"item_id": "01980000-0000-7000-8000-000000000003", "quantity": 1}},
            )
        ],
    )
    def post(self, request: Request, restaurant_id: UUID, order_id: UUID, line_id: UUID) -> Response:
        form = SwapInput(data=request.data)
        form.is_valid(raise_exception=True)
        wish: dict[str, Any] = form.validated_data
        user_id = current_user(request).pk

        def propose(**ids: Any) -> object:
            return services.propose_swap(
                user_id=user_id,
                line_id=line_id,
                quantity=wish["quantity"],
                is_sold_out=wish["sold_out"],
                swap=_cart_line(wish["swap"]),
                **ids,
            )

        return self.act(request, restaurant_id, order_id, propose)


class AnswerView(APIView):
    @extend_schema(
        tags=["orders"],
        summary="Answer a proposed swap",
        description=(
            "`accept` it, `remove` what is missing instead, or `cancel` the whole order free of charge. The "
            "same answer again changes nothing; another one, or one that comes too late: 409 "
            "`amendment_settled` with its `state`."
        ),
        request=AnswerInput,
        responses={200: OrderOutput},
        examples=[OpenApiExample("Yes, please", request_only=True, value={"answer": "accept"})],
    )
    def post(self, request: Request, order_id: UUID, amendment_id: UUID) -> Response:
        user = current_user(request)
        form = AnswerInput(data=request.data)
        form.is_valid(raise_exception=True)
        selectors.get_own_order(user=user, order_id=order_id)
        services.answer_swap(
            order_id=order_id,
            user_id=user.pk,
            amendment_id=amendment_id,
            answer=form.validated_data["answer"],
            now=utc_now(),
        )
        order = selectors.get_own_order(user=user, order_id=order_id)
        return Response(selectors.order_document_of(order))
