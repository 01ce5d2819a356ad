from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.clock import utc_now
from deliveryapp.geo import Point
from drivers import facade, selectors
from drivers.api.serializers import (
    AnsweredOutput,
    ArrivedInput,
    AssignmentOutput,
    DeclineInput,
    DriverOutput,
    GiveBackInput,
    OffersOutput,
    PlaceInput,
)
from drivers.services import assignments, offers, online
from drivers.services.reports import Report

TAGS = ["driver"]
DRIVER = {
    "id": "01980000-0000-7000-8000-00000000d001",
    "name": "Cleo",
    "status": "available",
    "region": "helsinki",
    "vehicle": "bicycle",
    "capacity": 1,
    "active_count": 0,
    "rating": 4.9,
    "last_seen_at": "2026-05-04T12:00:00Z",
}
OFFER = {
    "id": "01980000-0000-7000-8000-00000000f001",
    "order_id": "01980000-0000-7000-8000-00000000a001",
    "pickup": {"name": "Kitchen", "street": "Aleksanterinkatu 1", "lat": 60.1699, "lng": 24.9384},
    "dropoff": {"lat": 60.1733, "lng": 24.9410},
    "distance_m": 1450,
    "payout": {"amount_minor": 620, "currency": "EUR"},
    "ready_at": "2026-05-04T12:10:00Z",
    "expires_at": "2026-05-04T12:00:45Z",
}
ASSIGNMENT = {
    "id": "01980000-0000-7000-8000-00000000e001",
    "order_id": OFFER["order_id"],
    "status": "assigned",
    "assigned_at": "2026-05-04T12:00:10Z",
    "arrived_at": None,
    "picked_up_at": None,
    "released_at": None,
}


def _shown(name: str, value: object) -> list[OpenApiExample]:
    return [OpenApiExample(name, response_only=True, value=value)]


class MeView(APIView):
    @extend_schema(tags=TAGS, responses={200: DriverOutput}, examples=_shown("Cleo", DRIVER))
    def get(self, request: Request) -> Response:
        """The signed-in driver."""
        return Response(DriverOutput(selectors.driver_for(user_id=current_user(request).pk)).data)


class OnlineView(APIView):
    @extend_schema(
        tags=TAGS, request=PlaceInput, responses={200: DriverOutput}, examples=_shown("On shift", DRIVER)
    )
    def post(self, request: Request) -> Response:
        """Start the shift here."""
        place = _valid(PlaceInput, request)
        driver = online.go_online(
            user_id=current_user(request).pk, point=Point(place["lat"], place["lng"]), now=utc_now()
        )
        return Response(DriverOutput(driver).data)


class OfflineView(APIView):
    @extend_schema(
        tags=TAGS,
        request=None,
        responses={200: DriverOutput},
        examples=_shown("Off shift", DRIVER | {"status": "offline"}),
    )
    def post(self, request: Request) -> Response:
        """End the shift; 409 `active_delivery` while an order is on the way."""
        driver = online.go_offline(user_id=current_user(request).pk, now=utc_now())
        return Response(DriverOutput(driver).data)


class OffersView(APIView):
    @extend_schema(
        tags=TAGS, responses={200: OffersOutput}, examples=_shown("One offer", {"results": [OFFER]})
    )
    def get(self, request: Request) -> Response:
        """Offers that can be answered now."""
        driver = selectors.driver_for(user_id=current_user(request).pk)
        return Response({"results": [o.as_json() for o in facade.pending_offers(driver_id=driver.id)]})


class AcceptView(APIView):
    @extend_schema(
        tags=TAGS, request=None, responses={200: AssignmentOutput}, examples=_shown("Accepted", ASSIGNMENT)
    )
    def post(self, request: Request, offer_id: UUID) -> Response:
        """Take the delivery. 409 `offer_expired`, `offer_withdrawn`; repeating gives the same answer."""
        assignment = offers.accept(user_id=current_user(request).pk, offer_id=offer_id, now=utc_now())
        return Response(AssignmentOutput(assignment).data)


class DeclineView(APIView):
    @extend_schema(
        tags=TAGS,
        request=DeclineInput,
        responses={200: AnsweredOutput},
        examples=_shown("Declined", {"id": OFFER["id"], "status": "declined"}),
    )
    def post(self, request: Request, offer_id: UUID) -> Response:
        """Pass; the offer goes to the next driver."""
        reason = _valid(DeclineInput, request)["reason"]
        offer = offers.decline(
            user_id=current_user(request).pk, offer_id=offer_id, reason=reason, now=utc_now()
        )
        return Response(AnsweredOutput(offer).data)


class ArrivedView(APIView):
    @extend_schema(
        tags=TAGS,
        request=ArrivedInput,
        responses={200: AssignmentOutput},
        examples=_shown(
            "At the kitchen", ASSIGNMENT | {"status": "arrived", "arrived_at": "2026-05-04T12:05:00Z"}
        ),
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """At the restaurant, or at the customer's door. 409 `too_far_away` from more than 500 m; saying why
        with `override_reason` lifts it.
        """
        said = _valid(ArrivedInput, request)
        assignment = assignments.arrive(
            user_id=current_user(request).pk,
            order_id=order_id,
            at=said["at"],
            report=Report(override_reason=said["override_reason"]),
            now=utc_now(),
        )
        return Response(AssignmentOutput(assignment).data)


class ReleaseView(APIView):
    @extend_schema(
        tags=TAGS,
        request=GiveBackInput,
        responses={200: AssignmentOutput},
        examples=_shown(
            "Given back", ASSIGNMENT | {"status": "released", "released_at": "2026-05-04T12:06:00Z"}
        ),
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Give the delivery back before pick-up; somebody else is looked for."""
        reason = _valid(GiveBackInput, request)["reason"]
        assignment = assignments.give_back(
            user_id=current_user(request).pk, order_id=order_id, reason=reason, now=utc_now()
        )
        return Response(AssignmentOutput(assignment).data)


def _valid(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    form = serializer(data=request.data)
    form.is_valid(raise_exception=True)
    data: dict[str, Any] = form.validated_data
    return data
