"""What the API accepts and what its answers look like."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from rest_framework import serializers

from deliveryapp.api.fields import LatitudeField, LongitudeField, MoneyField, StrictIntegerField, TextField
from deliveryapp.clock import utc_now
from deliveryapp.geo import Point
from restaurants.pricing import MAX_CORNERS
from restaurants.selectors.reach import Search, Sort

LONGEST_PAUSE_MINUTES = 24 * 60


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
    """Where to deliver, if known: both numbers or none."""

    lat = LatitudeField(required=False)
    lng = LongitudeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) == 1:
            raise serializers.ValidationError({"lat": "Give both lat and lng, or none."})
        return attrs

    def point(self) -> Point | None:
        """The position asked for, once valid."""
        return point_of(self.validated_data) if self.validated_data else None


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


class PauseInput(serializers.Serializer[Any]):
    minutes = StrictIntegerField(
        min_value=1,
        max_value=LONGEST_PAUSE_MINUTES,
        allow_null=True,
        help_text="null pauses until resumed",
    )


class AvailabilityInput(serializers.Serializer[Any]):
    available = serializers.BooleanField()
    sold_out_until = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="With `available: false`: sold again by itself from then on",
    )

    def validate_available(self, value: bool) -> bool:
        if type(self.initial_data.get("available")) is not bool:
            raise serializers.ValidationError("Must be true or false.", code="invalid")
        return value

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
    picture_url = serializers.CharField()
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


class MenuOptionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    price_delta = MoneyField()
    available = serializers.BooleanField()


class MenuOptionGroupOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    min_choices = serializers.IntegerField()
    max_choices = serializers.IntegerField()
    options = MenuOptionOutput(many=True)


class MenuItemStateOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    available = serializers.BooleanField()
    sold_out_until = serializers.DateTimeField(allow_null=True)


class MenuItemOutput(MenuItemStateOutput):
    description = serializers.CharField()
    price = MoneyField()
    picture = serializers.CharField()
    allergens = serializers.ListField(child=serializers.CharField())
    diets = serializers.ListField(child=serializers.CharField())
    option_groups = MenuOptionGroupOutput(many=True)


class MenuSectionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
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


class KitchenOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=["owner", "manager", "kitchen"])
    accepting = serializers.BooleanField(help_text="false: paused until resumed")
    paused_until = serializers.DateTimeField(allow_null=True)
    open = serializers.BooleanField()
    next_opening_at = serializers.DateTimeField(allow_null=True)
    closes_at = serializers.DateTimeField(allow_null=True)


class KitchensOutput(serializers.Serializer[Any]):
    results = KitchenOutput(many=True)
