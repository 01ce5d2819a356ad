"""What the API accepts and what its answers look like."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from rest_framework import serializers

from deliveryapp.api.fields import (
    AwareDateTimeField,
    LatitudeField,
    LongitudeField,
    MoneyField,
    StrictBooleanField,
    StrictIntegerField,
    TextField,
)
from deliveryapp.clock import utc_now
from deliveryapp.geo import Point
from restaurants.marks import Allergen, Diet
from restaurants.models.restaurant import LONGEST_BUSY_MINUTES
from restaurants.offers import KINDS
from restaurants.pricing import MAX_CORNERS
from restaurants.selectors.menu import Wanted
from restaurants.selectors.reach import Search, Sort

LONGEST_PAUSE_MINUTES = 24 * 60
ALLERGENS = [allergen.value for allergen in Allergen]
DIETS = [diet.value for diet in Diet]
LONGEST_PAUSE = timedelta(days=7)


def point_of(data: dict[str, Any]) -> Point:
    """The position in validated data; a number that is none (`nan`) passes range checks and ends here."""
    try:
        return Point(data["lat"], data["lng"])
    except ValueError as error:
        raise serializers.ValidationError({"lat": str(error)}) from None


class BrowseQuery(serializers.Serializer[Any]):
    lat = LatitudeField(help_text="Where to deliver")
    lng = LongitudeField()
    cuisine = TextField(max_length=40, required=False, allow_blank=True)
    q = TextField(
        max_length=80, required=False, allow_blank=True, help_text="Words in a name, a cuisine or a dish"
    )
    open_now = serializers.BooleanField(default=False)
    diet = TextField(
        max_length=40, required=False, allow_blank=True, help_text="Of at least one dish that is sold"
    )
    price_level = serializers.RegexField(
        r"^[1-4](,[1-4])*$", required=False, allow_blank=True, help_text="1 to 4, several with commas"
    )
    min_rating = serializers.DecimalField(
        max_digits=2,
        decimal_places=1,
        min_value=Decimal(0),
        max_value=Decimal(5),
        required=False,
        help_text="Stars; who has no rating yet is left out",
    )
    free_delivery = serializers.BooleanField(default=False, help_text="Free to this point")
    sort = serializers.ChoiceField(choices=[sort.value for sort in Sort], default=Sort.DISTANCE.value)

    def search(self, *, favourite_of: UUID | None = None) -> Search:
        """The query as the selector knows it, once valid."""
        data = self.validated_data
        return Search(
            point=point_of(data),
            cuisine=data.get("cuisine", ""),
            words=data.get("q", ""),
            open_now=data["open_now"],
            sort=Sort(data["sort"]),
            diet=data.get("diet", ""),
            price_levels=tuple(int(level) for level in data.get("price_level", "").split(",") if level),
            min_rating_tenths=int(data.get("min_rating", 0) * 10),
            free_delivery=data["free_delivery"],
            favourite_of=favourite_of,
        )


class BrowseParameters(BrowseQuery):
    """The query with what the pagination takes from it, for the API's description."""

    cursor = serializers.CharField(required=False, help_text="From `next` or `previous` of another page")
    limit = serializers.IntegerField(required=False, min_value=1, max_value=100, default=20)


class DetailQuery(serializers.Serializer[Any]):
    """Where to deliver, if known: both numbers or none; and which items to show."""

    lat = LatitudeField(required=False)
    lng = LongitudeField(required=False)
    diet = serializers.ListField(
        child=serializers.ChoiceField(choices=DIETS), default=list, help_text="Only items with all of these"
    )
    without = serializers.ListField(
        child=serializers.ChoiceField(choices=ALLERGENS), default=list, help_text="No item with any of these"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("lat" in attrs) != ("lng" in attrs):
            raise serializers.ValidationError({"lat": "Give both lat and lng, or none."})
        return attrs

    def point(self) -> Point | None:
        """The position asked for, once valid."""
        return point_of(self.validated_data) if "lat" in self.validated_data else None

    def wanted(self) -> Wanted:
        """What the items must be, once valid."""
        return Wanted(diets=self.validated_data["diet"], without=self.validated_data["without"])


class AreaInput(serializers.Serializer[Any]):
    """A GeoJSON Polygon without holes: one ring of [lng, lat] in degrees, closed or not."""

    type = serializers.ChoiceField(choices=["Polygon"])
    coordinates = serializers.ListField(
        child=serializers.ListField(
            child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
            min_length=3,
            max_length=MAX_CORNERS,
        ),
        min_length=1,
        max_length=1,
    )

    def ring(self) -> list[Point]:
        """The corners, once valid. Raises ValidationError for one that is not on the globe."""
        try:
            return [Point(lat, lng) for lng, lat in self.validated_data["coordinates"][0]]
        except ValueError as error:
            raise serializers.ValidationError({"coordinates": str(error)}) from None


class FavouriteOutput(serializers.Serializer[Any]):
    restaurant_id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    picture_url = serializers.CharField()
    active = serializers.BooleanField(help_text="false: it left the platform")


class FavouritesOutput(serializers.Serializer[Any]):
    results = FavouriteOutput(many=True)


class FutureField(AwareDateTimeField):
    """A moment that is still to come, and not further away than `longest`."""

    default_error_messages = {"past": "Must be in the future.", "far": "Must be within {days} days."}

    def __init__(self, *, longest: timedelta, **kwargs: Any) -> None:
        self.longest = longest
        super().__init__(**kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        at, now = super().to_internal_value(value), utc_now()
        if at <= now:
            self.fail("past")
        if at > now + self.longest:
            self.fail("far", days=self.longest.days)
        return at


class _EndInput(serializers.Serializer[Any]):
    """How long: some minutes from now, or until a moment; one of both."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("minutes" in attrs) == ("until" in attrs):
            raise serializers.ValidationError({"minutes": "Give either minutes or until."}, code="required")
        return attrs


class PauseInput(_EndInput):
    minutes = StrictIntegerField(
        min_value=1,
        max_value=LONGEST_PAUSE_MINUTES,
        allow_null=True,
        required=False,
        help_text="Of the city's time; null pauses until resumed",
    )
    until = FutureField(longest=LONGEST_PAUSE, required=False, help_text="Instead of `minutes`: up to 7 days")


class BusyInput(_EndInput):
    extra_minutes = StrictIntegerField(min_value=5, max_value=LONGEST_BUSY_MINUTES)
    minutes = StrictIntegerField(min_value=1, max_value=LONGEST_PAUSE_MINUTES, required=False)
    until = FutureField(longest=timedelta(days=1), required=False)


class AvailabilityInput(serializers.Serializer[Any]):
    available = StrictBooleanField()
    sold_out_until = AwareDateTimeField(
        required=False,
        allow_null=True,
        help_text="With `available: false`: sold again by itself from then on",
    )
    until = serializers.ChoiceField(
        choices=["end_of_day"],
        required=False,
        help_text="Instead of a time: until the restaurant's next calendar day begins",
    )

    def validate_sold_out_until(self, value: datetime | None) -> datetime | None:
        if value is not None and value <= utc_now():
            raise serializers.ValidationError("Must be in the future.", code="past")
        return value


class EtaMinutesOutput(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is a word of the language, so the fields cannot be written as attributes."""
        return {"from": serializers.IntegerField(), "to": serializers.IntegerField()}


class FoundDishOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    price = MoneyField()


class PromotionOfferOutput(serializers.Serializer[Any]):
    """A promotion that everybody gets; those with a code are not told."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    percent_bp = serializers.IntegerField(allow_null=True)
    amount = MoneyField(allow_null=True)
    maximum = MoneyField(allow_null=True, help_text="The most it takes off")
    minimum = MoneyField(help_text="Of food, to get it")
    ends_at = serializers.DateTimeField(allow_null=True)


class RestaurantOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    cuisines = serializers.ListField(child=serializers.CharField())
    street = serializers.CharField()
    lat = serializers.FloatField()
    lng = serializers.FloatField()
    price_level = serializers.IntegerField(min_value=1, max_value=4)
    rating = serializers.FloatField(allow_null=True)
    rating_count = serializers.IntegerField()
    distance_m = serializers.IntegerField(allow_null=True)
    delivery_fee = MoneyField(allow_null=True)
    minimum_order = MoneyField()
    eta_minutes = EtaMinutesOutput(allow_null=True)
    open = serializers.BooleanField()
    next_opening_at = serializers.DateTimeField(allow_null=True)
    closes_at = serializers.DateTimeField(allow_null=True)
    last_order_at = serializers.DateTimeField(allow_null=True)
    picture_url = serializers.CharField()
    promotions = PromotionOfferOutput(many=True, help_text="An order gets the one that takes off the most")
    dish = FoundDishOutput(allow_null=True, help_text="The dish that matched the words searched for")


class CuisineOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    count = serializers.IntegerField()


class RestaurantPageOutput(serializers.Serializer[Any]):
    results = RestaurantOutput(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    count = serializers.IntegerField(help_text="On all pages")
    cuisines = CuisineOutput(many=True, help_text="Counted as if no cuisine were asked for")


class OpeningHoursOutput(serializers.Serializer[Any]):
    weekday = serializers.IntegerField(min_value=0, max_value=6, help_text="0 is Monday")
    opens = serializers.CharField()
    closes = serializers.CharField(help_text="Not after `opens`: on the next day")


class SpecialDayOutput(serializers.Serializer[Any]):
    date = serializers.DateField()
    opens = serializers.CharField(allow_null=True, help_text="null: closed that day")
    closes = serializers.CharField(allow_null=True)
    repeats_yearly = serializers.BooleanField(help_text="On this day and month of every year")


class WindowOutput(serializers.Serializer[Any]):
    weekdays = serializers.ListField(child=serializers.IntegerField(), help_text="0 is Monday")
    starts = serializers.CharField()
    ends = serializers.CharField(help_text="Not after `starts`: on the next day")


class MenuItemStateOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    available = serializers.BooleanField()
    sold_out_until = serializers.DateTimeField(allow_null=True)


class InnerOptionOutput(MenuItemStateOutput):
    price_delta = MoneyField()


class InnerOptionGroupOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    min_choices = serializers.IntegerField()
    max_choices = serializers.IntegerField()
    options = InnerOptionOutput(many=True)


class MenuOptionOutput(InnerOptionOutput):
    option_groups = InnerOptionGroupOutput(many=True, help_text="Asked only of who chooses this option")


class MenuOptionGroupOutput(InnerOptionGroupOutput):
    options = MenuOptionOutput(many=True)


class MenuItemOutput(MenuItemStateOutput):
    available = serializers.BooleanField(help_text="Can be ordered now: not sold out, and served")
    left = serializers.IntegerField(allow_null=True, help_text="Pieces, when they are counted and few")
    served_now = serializers.BooleanField()
    next_served_at = serializers.DateTimeField(allow_null=True)
    windows = WindowOutput(many=True, help_text="When it is served; empty: always")
    description = serializers.CharField()
    price = MoneyField()
    picture = serializers.CharField()
    allergens = serializers.ListField(child=serializers.ChoiceField(choices=ALLERGENS))
    diets = serializers.ListField(child=serializers.ChoiceField(choices=DIETS))
    option_groups = MenuOptionGroupOutput(many=True)


class MenuSectionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    windows = WindowOutput(many=True)
    items = MenuItemOutput(many=True)


class MenuOutput(serializers.Serializer[Any]):
    sections = MenuSectionOutput(many=True)


class RestaurantDetailOutput(RestaurantOutput):
    description = serializers.CharField()
    city = serializers.CharField()
    postcode = serializers.CharField()
    phone = serializers.CharField()
    timezone = serializers.CharField()
    currency = serializers.CharField()
    delivers_here = serializers.BooleanField(allow_null=True)
    hours = OpeningHoursOutput(many=True)
    special_days = SpecialDayOutput(many=True)
    delivery_area = AreaInput(allow_null=True, help_text="null: the radius decides")
    menu = MenuOutput()


class CuisinesOutput(serializers.Serializer[Any]):
    results = CuisineOutput(many=True)


class BusyOutput(serializers.Serializer[Any]):
    extra_minutes = serializers.IntegerField()
    until = serializers.DateTimeField()


class KitchenOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=["owner", "manager", "kitchen"])
    accepting = serializers.BooleanField(help_text="false: paused until resumed")
    paused_until = serializers.DateTimeField(allow_null=True)
    prep_minutes = serializers.IntegerField(help_text="The usual preparation time")
    busy = BusyOutput(allow_null=True, help_text="How much longer it takes now, and until when")
    open = serializers.BooleanField()
    next_opening_at = serializers.DateTimeField(allow_null=True)
    closes_at = serializers.DateTimeField(allow_null=True)
    last_order_at = serializers.DateTimeField(allow_null=True)


class KitchensOutput(serializers.Serializer[Any]):
    results = KitchenOutput(many=True)
