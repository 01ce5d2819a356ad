"""The door where owners and managers draw how far they deliver."""

from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from restaurants.api import examples
from restaurants.api.bodies import area_body
from restaurants.api.serializers import AreaInput
from restaurants.services.areas import clear_area, draw_area


class AreaView(APIView):
    @extend_schema(
        tags=["kitchen"],
        summary="Deliver within an area instead of a radius",
        request=AreaInput,
        responses={200: AreaInput},
        examples=[OpenApiExample("Around the market square", value=examples.AREA)],
    )
    def put(self, request: Request, restaurant_id: UUID) -> Response:
        form = AreaInput(data=request.data)
        form.is_valid(raise_exception=True)
        drawn = draw_area(user_id=current_user(request).pk, restaurant_id=restaurant_id, ring=form.ring())
        return Response(area_body(drawn))

    @extend_schema(tags=["kitchen"], summary="Deliver within the radius again", responses={204: None})
    def delete(self, request: Request, restaurant_id: UUID) -> Response:
        clear_area(user_id=current_user(request).pk, restaurant_id=restaurant_id)
        return Response(status=204)
