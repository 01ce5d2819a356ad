"""The queue of a driver's app: what he did, sent when there is a signal again."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.api.fields import AwareDateTimeField, LatitudeField, LongitudeField
from deliveryapp.clock import utc_now
from deliveryapp.geo import Point
from drivers.facade import DeclineReason, OverrideReason, Report
from orders import services
from orders.api.outputs import ActionsOutput
from orders.services.actions import KINDS, ActionAnswer, DriverAction

MAX_ACTIONS = 100
ABOUT_OFFERS = ("accept", "decline")
NEEDS = {"decline": "reason", "arrived": "at"}
EXAMPLE = {
    "results": [
        {"id": "01980000-0000-7000-8000-00000000c001", "status": 200, "code": "done", "replayed": False},
        {
            "id": "01980000-0000-7000-8000-00000000c002",
            "status": 409,
            "code": "too_far_away",
            "replayed": False,
            "detail": "You seem to be somewhere else",
            "distance_m": 1840,
            "limit_m": 500,
        },
    ]
}


class ReportInput(serializers.Serializer[Any]):
    """Where he was by his own phone, and why he insists where that is far away."""

    lat = LatitudeField(required=False)
    lng = LongitudeField(required=False)
    override_reason = serializers.ChoiceField(
        choices=OverrideReason.choices, default="", help_text="Lifts 409 `too_far_away`, and is kept"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("lat" in attrs) != ("lng" in attrs):
            raise serializers.ValidationError("Give both lat and lng, or neither.", code="required")
        return attrs

    def as_report(self) -> Report:
        return _report(self.validated_data)


class ActionInput(ReportInput):
    id = serializers.UUIDField(help_text="Made by the app; the same id is carried out once")
    action = serializers.ChoiceField(choices=KINDS)
    device_at = AwareDateTimeField(help_text="When it happened, by the device's clock")
    offer_id = serializers.UUIDField(required=False, help_text="For accept and decline")
    order_id = serializers.UUIDField(required=False, help_text="For all others")
    at = serializers.ChoiceField(choices=["restaurant", "customer"], default="")
    reason = serializers.ChoiceField(choices=DeclineReason.choices, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        subject = "offer_id" if attrs["action"] in ABOUT_OFFERS else "order_id"
        for name in (subject, NEEDS.get(attrs["action"], subject)):
            if not attrs.get(name):
                raise serializers.ValidationError({name: "This action needs it."}, code="required")
        return super().validate(attrs)


class ActionsInput(serializers.Serializer[Any]):
    actions = serializers.ListField(child=ActionInput(), allow_empty=False, max_length=MAX_ACTIONS)


class ActionsView(APIView):
    @extend_schema(
        tags=["driver"],
        request=ActionsInput,
        responses={200: ActionsOutput},
        examples=[OpenApiExample("One done, one refused", response_only=True, value=EXAMPLE)],
    )
    def post(self, request: Request) -> Response:
        """Actions from the app's queue, up to 100, carried out in the order of the device's clock.

        Each is answered for itself, in that order: `status` and `code` as its own door would give them. The
        same id is carried out once; a refused action may be sent again with the same id. A time in the future
        or before the step that it follows is refused with 422.
        """
        form = ActionsInput(data=request.data)
        form.is_valid(raise_exception=True)
        actions = [_action(row) for row in form.validated_data["actions"]]
        answers = services.carry_out(user_id=current_user(request).pk, actions=actions, now=utc_now())
        return Response({"results": [_shown(answer) for answer in answers]})


def _action(row: dict[str, Any]) -> DriverAction:
    subject_id: UUID = row["offer_id"] if row["action"] in ABOUT_OFFERS else row["order_id"]
    return DriverAction(
        id=row["id"],
        kind=row["action"],
        subject_id=subject_id,
        word=row.get(NEEDS.get(row["action"], ""), ""),
        device_at=row["device_at"],
        report=_report(row),
    )


def _report(row: dict[str, Any]) -> Report:
    point = Point(row["lat"], row["lng"]) if "lat" in row else None
    return Report(
        happened_at=row.get("device_at"), point=point, override_reason=row.get("override_reason", "")
    )


def _shown(answer: ActionAnswer) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": answer.id, "status": 200, "code": "done", "replayed": answer.replayed}
    if answer.refusal is not None:
        refusal = answer.refusal
        shown |= {"status": refusal.status, "code": refusal.code, "detail": refusal.detail} | refusal.extra
    return shown
