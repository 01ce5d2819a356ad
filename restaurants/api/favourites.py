"""Doors to somebody's favourites; private answers, so never cached for others."""

from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.clock import utc_now
from restaurants.api import examples
from restaurants.api.bodies import favourite_body, page_body
from restaurants.api.paging import page_limit, position_of
from restaurants.api.serializers import (
    BrowseParameters,
    BrowseQuery,
    FavouritesOutput,
    RestaurantPageOutput,
)
from restaurants.selectors.browsing import browse
from restaurants.selectors.favourites import favourites_of
from restaurants.services.favourites import add_favourite, remove_favourite


class FavouritesView(APIView):
    @extend_schema(
        tags=["favourites"],
        summary="Your favourites, wherever they deliver",
        responses={200: FavouritesOutput},
        examples=[OpenApiExample("One", response_only=True, value=examples.FAVOURITES)],
    )
    def get(self, request: Request) -> Response:
        places = favourites_of(user_id=current_user(request).pk)
        return Response({"results": [favourite_body(place) for place in places]})


class FavouriteView(APIView):
    @extend_schema(tags=["favourites"], summary="Keep a restaurant", request=None, responses={204: None})
    def put(self, request: Request, restaurant_id: UUID) -> Response:
        add_favourite(user_id=current_user(request).pk, restaurant_id=restaurant_id)
        return Response(status=204)

    @extend_schema(tags=["favourites"], summary="Keep it no longer", responses={204: None})
    def delete(self, request: Request, restaurant_id: UUID) -> Response:
        remove_favourite(user_id=current_user(request).pk, restaurant_id=restaurant_id)
        return Response(status=204)


class NearbyView(APIView):
    @extend_schema(
        tags=["favourites"],
        operation_id="favourites_nearby",
        summary="Your favourites that deliver to a point, as the public list shows them",
        parameters=[BrowseParameters],
        responses={200: RestaurantPageOutput},
        examples=[OpenApiExample("Near the market square", response_only=True, value=examples.PAGE)],
    )
    def get(self, request: Request) -> Response:
        query = BrowseQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        search = query.search(favourite_of=current_user(request).pk)
        page = browse(search=search, limit=page_limit(request), position=position_of(request), now=utc_now())
        return Response(page_body(page, request))
