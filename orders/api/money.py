"""Doors to an order's money: receipt, refunds, tip, and the earnings of restaurants and drivers."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.answers import REQUIRED_KEY, required_key_of
from deliveryapp.api.authentication import current_user
from deliveryapp.api.fields import MoneyField, NoteField, StrictIntegerField
from deliveryapp.clock import utc_now
from orders import pricing, selectors, services
from orders.api.outputs import AmountsOutput
from orders.services import LineRefund, RefundWish
from orders.services.refunding import FEES

LONGEST_PERIOD = timedelta(days=92)


class RefundLineInput(serializers.Serializer[Any]):
    line_id = serializers.UUIDField()
    quantity = StrictIntegerField(min_value=1, max_value=99, allow_null=True, default=None)


class RefundInput(serializers.Serializer[Any]):
    lines = serializers.ListField(child=RefundLineInput(), default=list, max_length=100)
    fees = serializers.ListField(child=serializers.ChoiceField(choices=FEES), default=list, max_length=3)
    amount_minor = StrictIntegerField(min_value=0, max_value=pricing.MAX_TOTAL_MINOR, default=0)
    borne_by = serializers.ChoiceField(choices=("platform", "restaurant"), default="platform")
    to_credit = serializers.BooleanField(default=False)
    reason = NoteField(max_length=60)

    def as_wish(self) -> RefundWish:
        data = dict(self.validated_data)
        lines = {line["line_id"]: LineRefund(**line) for line in data.pop("lines")}
        return RefundWish(lines=list(lines.values()), fees=sorted(set(data.pop("fees"))), **data)


class RefundPartOutput(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="line, food, delivery_fee, service_fee, tip, order or goodwill")
    ref = serializers.CharField(allow_blank=True, help_text="The line's id")
    amount = MoneyField()
    borne_by = serializers.CharField(help_text="platform, restaurant or driver")


class RefundOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.CharField(help_text="pending, succeeded or failed")
    destination = serializers.CharField(help_text="card or credit")
    amount = MoneyField()
    parts = RefundPartOutput(many=True)
    reason = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class RefundListOutput(serializers.Serializer[Any]):
    results = RefundOutput(many=True)


class ReceiptOutput(AmountsOutput):
    order_id = serializers.UUIDField()
    number = serializers.CharField()
    tip_now = MoneyField(help_text="With what was changed after the order was charged")
    by_credit = MoneyField()
    charged = MoneyField(help_text="Taken from the card, later tips included")
    refunded = MoneyField(help_text="To the card and as credit")
    refunds = RefundOutput(many=True)


class TipInput(serializers.Serializer[Any]):
    tip_minor = StrictIntegerField(min_value=0, max_value=pricing.MAX_TIP_MINOR)


class CreditOutput(serializers.Serializer[Any]):
    results = serializers.ListField(child=MoneyField())


class EarningOutput(serializers.Serializer[Any]):
    order_id = serializers.UUIDField(allow_null=True)
    kind = serializers.CharField(help_text="capture, refund_borne or compensation")
    amount = MoneyField()
    at = serializers.DateTimeField()


class EarningsOutput(serializers.Serializer[Any]):
    total = serializers.ListField(child=MoneyField())
    results = EarningOutput(many=True)


class PeriodInput(serializers.Serializer[Any]):
    """[since, until); the last seven days where nothing is said."""

    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, datetime]) -> dict[str, datetime]:
        until = attrs.get("until", utc_now())
        since = attrs.get("since", until - timedelta(days=7))
        if not timedelta(0) < until - since <= LONGEST_PERIOD:
            raise serializers.ValidationError(f"Ask for up to {LONGEST_PERIOD.days} days.", code="period")
        return {"since": since, "until": until}


PERIOD = [OpenApiParameter("since", datetime), OpenApiParameter("until", datetime)]


def _period(request: Request) -> dict[str, Any]:
    form = PeriodInput(data=request.query_params.dict())
    form.is_valid(raise_exception=True)
    period: dict[str, Any] = form.validated_data
    return period


class RefundsView(APIView):
    @extend_schema(tags=["money"], responses={200: RefundListOutput})
    def get(self, request: Request, order_id: UUID) -> Response:
        order = selectors.get_customer_order(user=current_user(request), order_id=order_id)
        return Response({"results": selectors.refund_documents(order)})

    @extend_schema(
        tags=["money"],
        parameters=[REQUIRED_KEY],
        request=RefundInput,
        responses={201: RefundOutput},
        description="Support only. Names lines, whole fees, an amount on top, or all of them.",
        examples=[
            OpenApiExample(
                "One dish was missing",
                request_only=True,
                value={
                    "lines": [{"line_id": "01980000-0000-7000-8000-000000000004", "quantity": 1}],
                    "borne_by": "restaurant",
                    "reason": "missing",
                },
            )
        ],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        user = current_user(request)
        selectors.require_support(user=user)
        key = required_key_of(request)
        form = RefundInput(data=request.data)
        form.is_valid(raise_exception=True)
        refund = services.refund_order(
            order_id=order_id, user_id=user.pk, wish=form.as_wish(), key=key, now=utc_now()
        )
        return Response(selectors.refund_document(refund), status=201)


class ReceiptView(APIView):
    @extend_schema(tags=["money"], responses={200: ReceiptOutput})
    def get(self, request: Request, order_id: UUID) -> Response:
        order = selectors.get_customer_order(user=current_user(request), order_id=order_id)
        return Response(selectors.receipt(order))


class TipView(APIView):
    @extend_schema(
        tags=["money"],
        request=TipInput,
        responses={200: ReceiptOutput},
        description="Until 48 hours after the delivery. Repeating it changes nothing.",
        examples=[OpenApiExample("Three euros", request_only=True, value={"tip_minor": 300})],
    )
    def put(self, request: Request, order_id: UUID) -> Response:
        form = TipInput(data=request.data)
        form.is_valid(raise_exception=True)
        selectors.get_own_order(user=current_user(request), order_id=order_id)
        order = services.change_tip(order_id=order_id, now=utc_now(), **form.validated_data)
        return Response(selectors.receipt(order))


class CreditView(APIView):
    @extend_schema(tags=["money"], responses={200: CreditOutput})
    def get(self, request: Request) -> Response:
        return Response({"results": selectors.credit_documents(user_id=current_user(request).pk)})


class RestaurantEarningsView(APIView):
    @extend_schema(tags=["money"], parameters=PERIOD, responses={200: EarningsOutput})
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        selectors.require_manager(user=current_user(request), restaurant_id=restaurant_id)
        return Response(selectors.restaurant_earnings(restaurant_id=restaurant_id, **_period(request)))


class DriverEarningsView(APIView):
    @extend_schema(tags=["money"], parameters=PERIOD, responses={200: EarningsOutput})
    def get(self, request: Request) -> Response:
        return Response(selectors.driver_earnings(user_id=current_user(request).pk, **_period(request)))
