"""The customer's doors: quote, place, look, cancel, addresses."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp import idempotency
from deliveryapp.api.answers import KEY, key_of, respond
from deliveryapp.api.authentication import current_user
from deliveryapp.clock import utc_now
from orders import selectors, services
from orders.api.outputs import AgainOutput, AlternativesOutput, OrderOutput, QuoteOutput, StatusOutput
from orders.api.quotes import signed_document
from orders.api.serializers import AddressSerializer, CancelInput, OrderInput, QuoteInput
from orders.models import Address, Order

CART = {
    "restaurant_id": "01980000-0000-7000-8000-000000000002",
    "lines": [
        {"item_id": "01980000-0000-7000-8000-000000000003", "quantity": 2, "option_ids": [], "note": ""}
    ],
    "delivery": {"street": "Mannerheimintie 5", "city": "Helsinki", "lat": 60.1697, "lng": 24.9412},
    "tip_minor": 200,
}
STATE = OpenApiParameter("state", str, enum=["active", "past"])


class QuoteView(APIView):
    @extend_schema(
        tags=["orders"],
        request=QuoteInput,
        responses={200: QuoteOutput},
        examples=[OpenApiExample("Two of one dish", request_only=True, value=CART)],
    )
    def post(self, request: Request) -> Response:
        form = QuoteInput(data=request.data)
        form.is_valid(raise_exception=True)
        user_id, now = current_user(request).pk, utc_now()
        asked = form.as_request()
        quoted = services.quote_with_place(user_id=user_id, request=asked, now=now)
        return Response(
            signed_document(services.sign(quoted=quoted, request=asked, user_id=user_id, now=now))
        )


class OrdersView(generics.ListAPIView[Order]):
    serializer_class = OrderOutput

    @extend_schema(tags=["orders"], parameters=[STATE])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(selectors.order_documents(list(page or [])))

    def get_queryset(self) -> QuerySet[Order]:
        if getattr(self, "swagger_fake_view", False):
            return Order.objects.none()
        state = self.request.query_params.get("state")
        return selectors.orders_of_customer(user_id=current_user(self.request).pk, state=state)

    @extend_schema(
        tags=["orders"],
        parameters=[KEY],
        description=(
            "With a key, one key is one order. With another key or none, the same cart (restaurant, dishes "
            "with their options, place) within 5 minutes of an order that goes on is refused: 409 "
            "`duplicate_order` with `earlier_order`, unless `allow_duplicate` says that it is meant. With a "
            "`quote_token`, what is not as it was quoted is told instead of ordered: 409 `quote_changed` or "
            "`quote_expired` with `differences` (`what`: price, fee, promotion, sold_out, option_gone, "
            "not_available; `was`, `is`) and, while the cart can be had, its `total` and a `quote_token` to "
            "agree with."
        ),
        request=OrderInput,
        responses={201: OrderOutput, 202: OrderOutput},
        examples=[
            OpenApiExample(
                "Pay with the test Visa", request_only=True, value={**CART, "payment_method": "pm_card_visa"}
            ),
            OpenApiExample(
                "Pay with a saved card",
                request_only=True,
                value={**CART, "payment_method": "01980000-0000-7000-8000-00000000c001"},
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        user = current_user(request)
        key = key_of(request)
        form = OrderInput(data=request.data)
        form.is_valid(raise_exception=True)
        answer = services.place_once(
            user=user,
            request=form.as_request(),
            key=key,
            request_hash=idempotency.fingerprint("place_order", form.validated_data),
            now=utc_now(),
        )
        return respond(answer)


class OrderView(APIView):
    @extend_schema(tags=["orders"], responses={200: OrderOutput})
    def get(self, request: Request, order_id: UUID) -> Response:
        order = selectors.get_customer_order(user=current_user(request), order_id=order_id)
        return Response(selectors.order_document_of(order))


class StatusView(APIView):
    @extend_schema(tags=["orders"], responses={200: StatusOutput})
    def get(self, request: Request, order_id: UUID) -> Response:
        order = selectors.get_customer_order(user=current_user(request), order_id=order_id)
        return Response(
            {"id": order.pk, "status": order.status, "seq": order.seq, "updated_at": order.updated_at}
        )


class CancelView(APIView):
    @extend_schema(tags=["orders"], parameters=[KEY], request=CancelInput, responses={200: OrderOutput})
    def post(self, request: Request, order_id: UUID) -> Response:
        user = current_user(request)
        form = CancelInput(data=request.data)
        form.is_valid(raise_exception=True)
        selectors.get_customer_order(user=user, order_id=order_id)
        answer = services.cancel_once(
            order_id=order_id,
            user=user,
            reason=form.validated_data["reason"],
            key=key_of(request),
            now=utc_now(),
        )
        return respond(answer)


class AlternativesView(APIView):
    @extend_schema(tags=["orders"], responses={200: AlternativesOutput})
    def get(self, request: Request, order_id: UUID) -> Response:
        """Up to 5 open restaurants that deliver to the same door: same cuisine first, then the nearest."""
        order = selectors.get_customer_order(user=current_user(request), order_id=order_id)
        return Response({"results": selectors.alternative_documents(order, now=utc_now())})


class AgainView(APIView):
    @extend_schema(
        tags=["orders"],
        summary="An earlier order as a cart of today",
        description=(
            "What can be had again with today's prices and ids, ready for a quote, and item by item what is "
            "gone or changed. Nothing is ordered."
        ),
        responses={200: AgainOutput},
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        order = selectors.get_own_order(user=current_user(request), order_id=order_id)
        return Response(selectors.again_document(order, now=utc_now()))


class AddressesView(generics.ListCreateAPIView[Address]):
    serializer_class = AddressSerializer

    @extend_schema(tags=["addresses"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)

    @extend_schema(
        tags=["addresses"],
        examples=[OpenApiExample("Home", request_only=True, value={"label": "Home", **CART["delivery"]})],  # type: ignore[dict-item]
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        form = AddressSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        address = services.add_address(user_id=current_user(request).pk, address=form.as_input())
        return Response(AddressSerializer(address).data, status=201)

    def get_queryset(self) -> QuerySet[Address]:
        if getattr(self, "swagger_fake_view", False):
            return Address.objects.none()
        return selectors.addresses_of(user_id=current_user(self.request).pk)
