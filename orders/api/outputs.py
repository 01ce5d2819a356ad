"""The shapes of answers, for the OpenAPI document; the answers themselves come from
`selectors/documents.py`.
"""

from typing import Any

from rest_framework import serializers

from deliveryapp.api.fields import MoneyField
from orders import reject_reasons
from orders.models import Amendment
from orders.selectors.again import CHANGES
from orders.selectors.attention import ATTENTION


class OptionOutput(serializers.Serializer[Any]):
    group = serializers.CharField()
    name = serializers.CharField()
    price_delta = MoneyField()


class LineOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(required=False)
    item_id = serializers.UUIDField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = MoneyField()
    options = OptionOutput(many=True)
    note = serializers.CharField(allow_blank=True)
    total = MoneyField()


class AmountsOutput(serializers.Serializer[Any]):
    subtotal = MoneyField()
    delivery_fee = MoneyField()
    service_fee = MoneyField()
    tax = MoneyField(help_text="Added on top of menu prices")
    included_tax = MoneyField(help_text="Contained in menu prices")
    tip = MoneyField()
    discount = MoneyField()
    total = MoneyField()


class RangeOutput(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.IntegerField(), "to": serializers.IntegerField()}


class QuotedPromotion(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    code = serializers.CharField(required=False, allow_blank=True, help_text="Empty: everybody gets it")
    on = serializers.ChoiceField(choices=["food", "delivery"])
    amount = MoneyField()


class QuoteOutput(AmountsOutput):
    promotion = QuotedPromotion(allow_null=True)
    quote_token = serializers.CharField(help_text="Order with it, and be told what changed")
    expires_at = serializers.DateTimeField()
    restaurant_id = serializers.UUIDField()
    currency = serializers.CharField()
    lines = LineOutput(many=True)
    distance_m = serializers.IntegerField()
    eta_minutes = RangeOutput()
    busy_minutes = serializers.IntegerField(help_text="What of it is due to the kitchen being busy")
    scheduled_for = serializers.DateTimeField(allow_null=True)


class AgainRestaurant(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    open = serializers.BooleanField()
    next_opening_at = serializers.DateTimeField(allow_null=True)


class AgainLine(serializers.Serializer[Any]):
    item_id = serializers.UUIDField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    option_ids = serializers.ListField(child=serializers.UUIDField())
    options = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_blank=True)
    unit_price = MoneyField(help_text="One piece with its options, today")


class AgainChange(serializers.Serializer[Any]):
    line_id = serializers.UUIDField(help_text="Of the earlier order")
    item_id = serializers.UUIDField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    code = serializers.ChoiceField(choices=CHANGES, help_text="All but `price_changed` leave the line out")
    before = MoneyField(help_text="The whole line, then")
    now = MoneyField(allow_null=True, help_text="The whole line, today")


class AgainOutput(serializers.Serializer[Any]):
    restaurant = AgainRestaurant()
    lines = AgainLine(many=True)
    changes = AgainChange(many=True)


class RestaurantBrief(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField(required=False)
    timezone = serializers.CharField(required=False)
    name = serializers.CharField()
    street = serializers.CharField()
    lat = serializers.FloatField()
    lng = serializers.FloatField()


class PlaceOutput(serializers.Serializer[Any]):
    street = serializers.CharField()
    city = serializers.CharField()
    postcode = serializers.CharField(required=False)
    lat = serializers.FloatField()
    lng = serializers.FloatField()
    note = serializers.CharField(allow_blank=True)


class PaymentOutput(serializers.Serializer[Any]):
    status = serializers.CharField()
    by_credit = MoneyField(help_text="Paid from the customer's credit")
    next_action_url = serializers.URLField(allow_null=True)
    decline_code = serializers.CharField(allow_blank=True)


class FailureOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)


class ChangeOutput(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "seq": serializers.IntegerField(),
            "from": serializers.CharField(allow_blank=True),
            "to": serializers.CharField(),
            "actor": serializers.CharField(),
            "reason": serializers.CharField(allow_blank=True),
            "at": serializers.DateTimeField(),
        }


class SwapOutput(serializers.Serializer[Any]):
    item_id = serializers.UUIDField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    options = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_blank=True)
    total = MoneyField()


class AmendmentOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(
        choices=Amendment.State.values, help_text="`proposed` waits for the customer's answer"
    )
    line_id = serializers.UUIDField(help_text="The line of then; gone once all its pieces are")
    name = serializers.CharField()
    quantity = serializers.IntegerField(help_text="Pieces that the kitchen cannot make")
    amount = MoneyField(help_text="What they cost")
    swap = SwapOutput(allow_null=True, help_text="null: they were just taken off")
    made_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)
    total_if_accepted = MoneyField(allow_null=True, help_text="While it waits")
    total_if_removed = MoneyField(allow_null=True, help_text="While it waits; null: the order would end")


class OrderOutput(AmountsOutput):
    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.CharField()
    seq = serializers.IntegerField()
    restaurant = RestaurantBrief()
    lines = LineOutput(many=True)
    promotion = QuotedPromotion(allow_null=True)
    delivery = PlaceOutput()
    note = serializers.CharField(allow_blank=True)
    payment = PaymentOutput()
    prep_minutes = serializers.IntegerField(allow_null=True)
    ready_at = serializers.DateTimeField(allow_null=True)
    scheduled_for = serializers.DateTimeField(allow_null=True)
    cancellable = serializers.BooleanField()
    cancel_refund = MoneyField(help_text="What cancelling now would give back")
    cancel_reason = serializers.CharField(allow_blank=True)
    failure = FailureOutput(allow_null=True)
    created_at = serializers.DateTimeField()
    placed_at = serializers.DateTimeField(allow_null=True)
    respond_by = serializers.DateTimeField(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    picked_up_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    history = ChangeOutput(many=True)
    attention = serializers.ListField(
        child=serializers.ChoiceField(choices=ATTENTION),
        required=False,
        help_text="What the customer should know of now",
    )
    amendments = AmendmentOutput(many=True, required=False)
    goodwill = MoneyField(
        allow_null=True, required=False, help_text="Credit for the trouble the restaurant made"
    )


class AlternativeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    cuisines = serializers.ListField(child=serializers.CharField())
    rating = serializers.FloatField(allow_null=True)
    distance_m = serializers.IntegerField()
    delivery_fee = MoneyField()
    eta_minutes = RangeOutput()


class AlternativesOutput(serializers.Serializer[Any]):
    results = AlternativeOutput(many=True)


class StatusOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.CharField()
    seq = serializers.IntegerField()
    updated_at = serializers.DateTimeField()


class BoardLineOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    options = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_blank=True)


class BoardDriverOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    vehicle = serializers.CharField()
    status = serializers.CharField()


class BoardOrderOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.CharField()
    seq = serializers.IntegerField()
    placed_at = serializers.DateTimeField()
    respond_by = serializers.DateTimeField()
    prep_minutes = serializers.IntegerField(allow_null=True)
    ready_at = serializers.DateTimeField(allow_null=True)
    scheduled_for = serializers.DateTimeField(allow_null=True)
    lines = BoardLineOutput(many=True)
    note = serializers.CharField(allow_blank=True)
    total = MoneyField()
    ticket_seq = serializers.IntegerField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    cancel_reason = serializers.CharField(allow_blank=True)
    reject_reasons = serializers.ListField(
        child=serializers.ChoiceField(choices=reject_reasons.ALL),
        help_text="Valid now, to reject it or to give it up",
    )
    driver = BoardDriverOutput(allow_null=True)
    customer_first_name = serializers.CharField()
    amendments = AmendmentOutput(many=True)


class DeliveryPickupOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    street = serializers.CharField()
    lat = serializers.FloatField()
    lng = serializers.FloatField()


class DeliveryDropoffOutput(PlaceOutput):
    postcode = None  # type: ignore[assignment]


class DeliveryOutput(serializers.Serializer[Any]):
    order_id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.CharField()
    order_status = serializers.CharField()
    pickup = DeliveryPickupOutput()
    dropoff = DeliveryDropoffOutput()
    customer_first_name = serializers.CharField()
    ready_at = serializers.DateTimeField(allow_null=True)
    scheduled_for = serializers.DateTimeField(allow_null=True)
    payout = MoneyField()


class DeliveriesOutput(serializers.Serializer[Any]):
    results = DeliveryOutput(many=True)


class ActionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.IntegerField(help_text="As the action's own door would answer")
    code = serializers.CharField(help_text="`done`, or why not")
    replayed = serializers.BooleanField(help_text="It had been carried out before")
    detail = serializers.CharField(required=False)
    distance_m = serializers.IntegerField(required=False, help_text="With `too_far_away`")
    previous_at = serializers.DateTimeField(required=False, help_text="With `action_too_early`")


class ActionsOutput(serializers.Serializer[Any]):
    results = ActionOutput(many=True)
