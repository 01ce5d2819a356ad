"""The opening hours for those who work there: read, replace, import days."""

from datetime import time
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.api.fields import StrictBooleanField, StrictIntegerField
from deliveryapp.clock import utc_now
from restaurants.hours import WeeklySpan
from restaurants.selectors.hours import DayHours, Hours, hours_for_staff, hours_record
from restaurants.services.hours import import_special_days, replace_hours

MOST_SPANS = 70
MOST_DAYS = 400
HOURS: dict[str, Any] = {
    "week": [
        {"weekday": 4, "opens": "11:00", "closes": "14:30"},
        {"weekday": 4, "opens": "17:00", "closes": "02:00"},
    ],
    "special_days": [
        {"date": "2026-12-06", "repeats_yearly": True, "spans": []},
        {"date": "2026-12-31", "repeats_yearly": False, "spans": [{"opens": "12:00", "closes": "20:00"}]},
    ],
    "last_order_minutes": 30,
    "slot_capacity": 8,
}


class WallTimeField(serializers.TimeField):
    """A time on the restaurant's own clock, in whole minutes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **kwargs)

    def to_internal_value(self, value: Any) -> time:
        if not isinstance(value, str) or len(value) != len("00:00"):
            self.fail("invalid", format="HH:MM")
        return super().to_internal_value(value)


class SpanInput(serializers.Serializer[Any]):
    opens = WallTimeField()
    closes = WallTimeField(help_text="Not after `opens`: on the next day; 00:00 to 00:00 is the whole day")


class WeeklySpanInput(SpanInput):
    weekday = StrictIntegerField(min_value=0, max_value=6, help_text="0 is Monday")


class SpecialDayInput(serializers.Serializer[Any]):
    date = serializers.DateField()
    repeats_yearly = StrictBooleanField(
        default=False, help_text="On this day and month of every year; its year is 2000"
    )
    spans = SpanInput(many=True, help_text="Empty: closed that day")

    def validate_spans(self, value: list[Any]) -> list[Any]:
        if len(value) > MOST_SPANS:
            raise serializers.ValidationError("Too many spans.", code="max_length")
        return value


class HoursInput(serializers.Serializer[Any]):
    week = serializers.ListField(child=WeeklySpanInput(), max_length=MOST_SPANS)
    special_days = serializers.ListField(child=SpecialDayInput(), max_length=MOST_DAYS)
    last_order_minutes = StrictIntegerField(
        min_value=0, max_value=240, help_text="So long before closing no order is taken any more"
    )
    slot_capacity = StrictIntegerField(
        min_value=1,
        max_value=1_000,
        allow_null=True,
        help_text="Most orders the kitchen begins in a quarter of an hour; null: any number",
    )

    def hours(self) -> Hours:
        data = self.validated_data
        return Hours(
            week=tuple(WeeklySpan(span["weekday"], span["opens"], span["closes"]) for span in data["week"]),
            special_days=tuple(_day(day) for day in data["special_days"]),
            last_order_minutes=data["last_order_minutes"],
            slot_capacity=data["slot_capacity"],
        )


def _day(day: dict[str, Any]) -> DayHours:
    spans = tuple((span["opens"], span["closes"]) for span in day["spans"])
    return DayHours(day["date"], spans, day["repeats_yearly"])


class SpecialDaysInput(serializers.Serializer[Any]):
    text = serializers.CharField(
        max_length=40_000, help_text="One day to a line: `2026-12-24 closed`, `12-06 closed`"
    )


class HoursOutput(HoursInput):
    timezone = serializers.CharField()


class HoursView(APIView):
    @extend_schema(
        tags=["kitchen"],
        summary="The opening hours, special days and limits",
        responses={200: HoursOutput},
        examples=[
            OpenApiExample(
                "Lunch and a long Friday", response_only=True, value={**HOURS, "timezone": "Europe/Helsinki"}
            )
        ],
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        restaurant, hours = hours_for_staff(user_id=current_user(request).pk, restaurant_id=restaurant_id)
        return Response({"timezone": restaurant.timezone, **hours_record(hours)})

    @extend_schema(
        tags=["kitchen"],
        summary="Replace them",
        description=(
            "For owners and managers. Times are of the restaurant's own clock. Spans that overlap or a day "
            "that is given twice: 400 `hours_invalid`, nothing changed. Who changed what is kept."
        ),
        request=HoursInput,
        responses={200: HoursOutput},
        examples=[OpenApiExample("Lunch and a long Friday", request_only=True, value=HOURS)],
    )
    def put(self, request: Request, restaurant_id: UUID) -> Response:
        form = HoursInput(data=request.data)
        form.is_valid(raise_exception=True)
        user_id = current_user(request).pk
        replace_hours(user_id=user_id, restaurant_id=restaurant_id, hours=form.hours(), now=utc_now())
        return self.get(request, restaurant_id)


class SpecialDaysImportView(APIView):
    @extend_schema(
        tags=["kitchen"],
        summary="Add special days from lines of text",
        description=(
            "For owners and managers. One day to a line: `2026-12-24 closed`, `12-06 closed` (every year), "
            "`2026-12-31 11:00-15:00, 18:00-02:00`; # begins a comment. Days that are there already are "
            "replaced, others stay. All lines or none: 400 `hours_invalid` with the bad ones as `rows`."
        ),
        request=SpecialDaysInput,
        responses={200: HoursOutput},
        examples=[
            OpenApiExample(
                "Holidays", request_only=True, value={"text": "12-06 closed\n2026-12-24 11:00-15:00"}
            )
        ],
    )
    def post(self, request: Request, restaurant_id: UUID) -> Response:
        form = SpecialDaysInput(data=request.data)
        form.is_valid(raise_exception=True)
        import_special_days(
            user_id=current_user(request).pk,
            restaurant_id=restaurant_id,
            text=form.validated_data["text"],
            now=utc_now(),
        )
        restaurant, hours = hours_for_staff(user_id=current_user(request).pk, restaurant_id=restaurant_id)
        return Response({"timezone": restaurant.timezone, **hours_record(hours)})
