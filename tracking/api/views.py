from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.clock import utc_now
from deliveryapp.realtime import push
from orders import facade as orders
from restaurants import facade as restaurants
from tracking import selectors
from tracking.api.serializers import ApproachingOutput, JudgedOutput, PointsInput, TrackingOutput
from tracking.services.recording import record_points

SNAPSHOT: dict[str, Any] = {
    "type": "snapshot",
    "seq": 6,
    "order": {
        "id": "01980000-0000-7000-8000-00000000a001",
        "number": "K7Q2M9",
        "status": "picked_up",
        "cancel_reason": "",
        "placed_at": "2026-05-04T12:00:00Z",
        "ready_at": "2026-05-04T12:20:00Z",
        "delivered_at": None,
    },
    "restaurant": {"name": "Kitchen", "lat": 60.1699, "lng": 24.9384},
    "destination": {"lat": 60.1733, "lng": 24.9410, "street": "Fredrikinkatu 1"},
    "driver": {
        "name": "Cleo",
        "vehicle": "bicycle",
        "rating": 4.9,
        "status": "picked_up",
        "position": {
            "lat": 60.1711,
            "lng": 24.9392,
            "heading": 12.0,
            "at": "2026-05-04T12:22:00Z",
            "stale": False,
        },
    },
    "eta": {
        "earliest_at": "2026-05-04T12:24:00Z",
        "latest_at": "2026-05-04T12:27:00Z",
        "confidence": "high",
    },
}
POINT = {
    "lat": 60.1711,
    "lng": 24.9392,
    "accuracy": 6,
    "heading": 12,
    "speed": 4.6,
    "ts": 1777896120000,
    "seq": 41,
}


class TrackingView(APIView):
    @extend_schema(
        tags=["tracking"],
        responses={200: TrackingOutput},
        examples=[OpenApiExample("On the way", response_only=True, value=SNAPSHOT)],
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        """What the socket's snapshot says, for clients that poll."""
        orders.get_order_view_for(user_id=current_user(request).pk, order_id=order_id)
        return Response(selectors.watched_order(order_id=order_id, now=utc_now()).as_json())


class ApproachingView(APIView):
    @extend_schema(
        tags=["kitchen"],
        summary="Drivers on their way to a restaurant",
        responses={200: ApproachingOutput},
        examples=[
            OpenApiExample(
                "Four minutes away",
                response_only=True,
                value={
                    "results": [
                        {
                            "order_id": "01980000-0000-7000-8000-00000000a001",
                            "at_the_door": False,
                            "arrives_at": "2026-05-04T12:24:00Z",
                        }
                    ]
                },
            )
        ],
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        """For its staff; one row for each order that a driver comes for."""
        restaurants.require_staff(user_id=current_user(request).pk, restaurant_id=restaurant_id)
        coming = selectors.approaching(restaurant_id=restaurant_id, now=utc_now())
        return Response({"results": [approach.as_json() for approach in coming]})


class PositionsView(APIView):
    """The live process answers this route before Django; this view serves where there is only one process."""

    @extend_schema(
        tags=["driver"],
        request=PointsInput,
        responses={200: JudgedOutput},
        examples=[
            OpenApiExample("A point", request_only=True, value={"points": [POINT]}),
            OpenApiExample("Stored", response_only=True, value={"seq": 41, "accepted": 1, "dropped": []}),
        ],
    )
    def post(self, request: Request) -> Response:
        """1 to 100 points of the signed-in driver, oldest first; the newest becomes the live position."""
        judged, frames = record_points(user_id=current_user(request).pk, body=request.data, now=utc_now())
        for frame in frames:
            push(group=frame.group, frame=frame.frame, driver_id=frame.driver_id)
        return Response(judged.as_json())
