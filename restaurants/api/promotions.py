"""The doors where owners and managers make promotions, which their restaurant pays for."""

import re
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.api.fields import (
    AwareDateTimeField,
    MoneyField,
    StrictBooleanField,
    StrictIntegerField,
    TextField,
)
from deliveryapp.clock import utc_now
from deliveryapp.money import Money
from restaurants.api import examples
from restaurants.models import Promotion
from restaurants.models.menu import MAX_PRICE_MINOR
from restaurants.offers import KINDS, Bearer
from restaurants.selectors.promotions import promotions_of
from restaurants.services.promotions import add_promotion, change_promotion, end_promotion

CODE = r"[A-Z0-9][A-Z0-9-]{2,23}"
MAX_USES = 1_000_000


class CodeField(TextField):
    """Three to 24 letters, digits and hyphens; small letters make no difference."""

    default_error_messages = {"invalid_code": "3 to 24 letters, digits and hyphens."}

    def __init__(self) -> None:
        super().__init__(max_length=24, required=False, allow_blank=True)

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data).upper()
        if code and not re.fullmatch(CODE, code):
            self.fail("invalid_code")
        return code


class AmountField(StrictIntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_PRICE_MINOR, required=False, allow_null=True, **kwargs)


class LimitField(StrictIntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_USES, required=False, allow_null=True, **kwargs)


class PromotionChange(serializers.Serializer[Any]):
    """What may be changed while people use it; what it takes off stays: end it and make another."""

    title = TextField(max_length=80)
    minimum_minor = StrictIntegerField(
        min_value=0, max_value=MAX_PRICE_MINOR, required=False, help_text="Of food"
    )
    starts_at = AwareDateTimeField(required=False, help_text="Left out: now")
    ends_at = AwareDateTimeField(required=False, allow_null=True, help_text="null: until you end it")
    max_uses = LimitField(help_text="By all customers together; null: not limited")
    max_uses_per_customer = LimitField()


class PromotionInput(PromotionChange):
    code = CodeField()
    kind = serializers.ChoiceField(choices=KINDS)
    percent_bp = StrictIntegerField(
        min_value=1, max_value=10_000, required=False, allow_null=True, help_text="2000 is 20 %; of the food"
    )
    amount_minor = AmountField()
    maximum_minor = AmountField(help_text="The most it takes off")
    first_order_only = StrictBooleanField(default=False)

    def fields_of_row(self) -> dict[str, Any]:
        """By the names of the table's columns, once valid."""
        fields = dict(self.validated_data)
        return fields | {"is_first_order_only": fields.pop("first_order_only")}


class PromotionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    code = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(choices=KINDS)
    percent_bp = serializers.IntegerField(allow_null=True)
    amount = MoneyField(allow_null=True)
    maximum = MoneyField(allow_null=True)
    minimum = MoneyField()
    first_order_only = serializers.BooleanField()
    borne_by = serializers.ChoiceField(choices=[who.value for who in Bearer])
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    max_uses = serializers.IntegerField(allow_null=True)
    max_uses_per_customer = serializers.IntegerField(allow_null=True)
    used = serializers.IntegerField(help_text="Counted only where `max_uses` limits it")


class PromotionsOutput(serializers.Serializer[Any]):
    results = PromotionOutput(many=True)


class PromotionsView(APIView):
    @extend_schema(
        tags=["promotions"],
        summary="The restaurant's promotions (owner, manager)",
        responses={200: PromotionsOutput},
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        rows = promotions_of(user_id=current_user(request).pk, restaurant_id=restaurant_id)
        return Response({"results": [promotion_body(row) for row in rows]})

    @extend_schema(
        tags=["promotions"],
        summary="Make a promotion that the restaurant pays for (owner, manager)",
        request=PromotionInput,
        responses={201: PromotionOutput},
        examples=[
            OpenApiExample("For everybody", request_only=True, value=examples.AUTOMATIC_PROMOTION),
            OpenApiExample("By code", request_only=True, value=examples.CODE_PROMOTION),
        ],
    )
    def post(self, request: Request, restaurant_id: UUID) -> Response:
        form = PromotionInput(data=request.data)
        form.is_valid(raise_exception=True)
        row = add_promotion(
            user_id=current_user(request).pk,
            restaurant_id=restaurant_id,
            fields=form.fields_of_row(),
            now=utc_now(),
        )
        return Response(promotion_body(row), status=201)


class PromotionView(APIView):
    @extend_schema(
        tags=["promotions"],
        summary="Change a promotion's title, period or limits (owner, manager)",
        request=PromotionChange,
        responses={200: PromotionOutput},
        examples=[OpenApiExample("Until midnight", request_only=True, value=examples.PROMOTION_CHANGE)],
    )
    def patch(self, request: Request, restaurant_id: UUID, promotion_id: UUID) -> Response:
        form = PromotionChange(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        row = change_promotion(
            user_id=current_user(request).pk,
            restaurant_id=restaurant_id,
            promotion_id=promotion_id,
            fields=form.validated_data,
        )
        return Response(promotion_body(row))

    @extend_schema(
        tags=["promotions"],
        summary="End a promotion; orders keep what they got (owner, manager)",
        responses={204: None},
    )
    def delete(self, request: Request, restaurant_id: UUID, promotion_id: UUID) -> Response:
        end_promotion(
            user_id=current_user(request).pk,
            restaurant_id=restaurant_id,
            promotion_id=promotion_id,
            now=utc_now(),
        )
        return Response(status=204)


def promotion_body(row: Promotion) -> dict[str, Any]:
    def money(amount_minor: int | None) -> dict[str, Any] | None:
        return None if amount_minor is None else Money(amount_minor, row.currency).as_json()

    return {
        "id": row.pk,
        "title": row.title,
        "code": row.code,
        "kind": str(row.kind),
        "percent_bp": row.percent_bp,
        "amount": money(row.amount_minor),
        "maximum": money(row.maximum_minor),
        "minimum": money(row.minimum_minor),
        "first_order_only": row.is_first_order_only,
        "borne_by": str(row.borne_by),
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "max_uses": row.max_uses,
        "max_uses_per_customer": row.max_uses_per_customer,
        "used": row.used,
    }
