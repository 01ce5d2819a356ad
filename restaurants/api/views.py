"""Doors: parse, one call, translate the answer."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.clock import utc_now
from restaurants.api import examples
from restaurants.api.bodies import detail_body, kitchen_body, page_body
from restaurants.api.caching import PublicView
from restaurants.api.paging import page_limit, position_of
from restaurants.api.serializers import (
    BrowseParameters,
    BrowseQuery,
    BusyInput,
    CuisinesOutput,
    DetailQuery,
    KitchenOutput,
    KitchensOutput,
    PauseInput,
    RestaurantDetailOutput,
    RestaurantPageOutput,
)
from restaurants.selectors.browsing import browse, cuisines
from restaurants.selectors.menu import restaurant_detail
from restaurants.selectors.staff import kitchens
from restaurants.services import kitchen


class RestaurantsView(PublicView):
    @extend_schema(
        tags=["restaurants"],
        operation_id="restaurants_list",
        summary="Restaurants that deliver to a point",
        auth=[],
        parameters=[BrowseParameters],
        responses={200: RestaurantPageOutput},
        examples=[OpenApiExample("Near the market square", response_only=True, value=examples.PAGE)],
    )
    def get(self, request: Request) -> Response:
        query = _valid(BrowseQuery(data=request.query_params))
        page = browse(
            search=query.search(), limit=page_limit(request), position=position_of(request), now=utc_now()
        )
        return Response(page_body(page, request))


class CuisinesView(PublicView):
    @extend_schema(
        tags=["restaurants"],
        summary="Cuisines, the most frequent first",
        auth=[],
        responses={200: CuisinesOutput},
        examples=[OpenApiExample("Cuisines", response_only=True, value=examples.CUISINES)],
    )
    def get(self, request: Request) -> Response:
        return Response({"results": [{"name": name, "count": count} for name, count in cuisines()]})


class RestaurantView(PublicView):
    @extend_schema(
        tags=["restaurants"],
        summary="One restaurant with its menu, by id or slug",
        auth=[],
        parameters=[DetailQuery],
        responses={200: RestaurantDetailOutput},
        examples=[OpenApiExample("With its menu", response_only=True, value=examples.DETAIL)],
    )
    def get(self, request: Request, key: str) -> Response:
        query = _valid(DetailQuery(data=request.query_params))
        now = utc_now()
        detail = restaurant_detail(key=key, point=query.point(), wanted=query.wanted(), now=now)
        return Response(detail_body(detail, now))


class MineView(APIView):
    @extend_schema(
        tags=["kitchen"],
        summary="The restaurants where you work",
        responses={200: KitchensOutput},
        examples=[OpenApiExample("Bo owns one", response_only=True, value={"results": [examples.KITCHEN]})],
    )
    def get(self, request: Request) -> Response:
        now = utc_now()
        mine = kitchens(user_id=current_user(request).pk, now=now)
        return Response({"results": [kitchen_body(place, now) for place in mine]})


class PauseView(APIView):
    @extend_schema(
        tags=["kitchen"],
        summary="Take no orders for a while",
        request=PauseInput,
        responses={200: KitchenOutput},
        examples=[
            OpenApiExample("Half an hour", request_only=True, value={"minutes": 30}),
            OpenApiExample("Until six", request_only=True, value={"until": "2026-05-04T18:00:00+03:00"}),
            OpenApiExample("Paused", response_only=True, value=examples.PAUSED_KITCHEN),
        ],
    )
    def post(self, request: Request, restaurant_id: UUID) -> Response:
        data, now = _valid(PauseInput(data=request.data)).validated_data, utc_now()
        user_id = current_user(request).pk
        paused = kitchen.pause(user_id=user_id, restaurant_id=restaurant_id, **data, now=now)
        return Response(kitchen_body(paused, now))


class BusyView(APIView):
    @extend_schema(
        tags=["kitchen"],
        summary="Say that cooking takes longer for a while",
        description="Lists, quotes and orders promise so many minutes more; it ends by itself.",
        request=BusyInput,
        responses={200: KitchenOutput},
        examples=[
            OpenApiExample(
                "20 minutes more for an hour", request_only=True, value={"extra_minutes": 20, "minutes": 60}
            ),
            OpenApiExample("Busy", response_only=True, value=examples.BUSY_KITCHEN),
        ],
    )
    def put(self, request: Request, restaurant_id: UUID) -> Response:
        data, now = _valid(BusyInput(data=request.data)).validated_data, utc_now()
        user_id = current_user(request).pk
        busy = kitchen.set_busy(user_id=user_id, restaurant_id=restaurant_id, **data, now=now)
        return Response(kitchen_body(busy, now))

    @extend_schema(
        tags=["kitchen"],
        summary="Cook as quickly as usual again",
        request=None,
        responses={200: KitchenOutput},
        examples=[OpenApiExample("As usual", response_only=True, value=examples.KITCHEN)],
    )
    def delete(self, request: Request, restaurant_id: UUID) -> Response:
        user_id, now = current_user(request).pk, utc_now()
        usual = kitchen.set_busy(user_id=user_id, restaurant_id=restaurant_id, extra_minutes=0, now=now)
        return Response(kitchen_body(usual, now))


class ResumeView(APIView):
    @extend_schema(
        tags=["kitchen"],
        summary="Take orders again",
        request=None,
        responses={200: KitchenOutput},
        examples=[OpenApiExample("Open again", response_only=True, value=examples.KITCHEN)],
    )
    def post(self, request: Request, restaurant_id: UUID) -> Response:
        user_id, now = current_user(request).pk, utc_now()
        resumed = kitchen.resume(user_id=user_id, restaurant_id=restaurant_id, now=now)
        return Response(kitchen_body(resumed, now))


def _valid(form: Any) -> Any:
    """The form, once it is valid; otherwise DRF's ValidationError."""
    form.is_valid(raise_exception=True)
    return form
