"""The driver's doors that move an order: pick-up and hand-over."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.clock import utc_now
from drivers.facade import Report
from orders import selectors, services
from orders.api.actions import ReportInput
from orders.api.outputs import DeliveriesOutput, DeliveryOutput


class DeliveriesView(APIView):
    @extend_schema(tags=["driver"], responses={200: DeliveriesOutput})
    def get(self, request: Request) -> Response:
        return Response({"results": selectors.deliveries_of(user_id=current_user(request).pk)})


class PickedUpView(APIView):
    @extend_schema(tags=["driver"], request=ReportInput, responses={200: DeliveryOutput})
    def post(self, request: Request, order_id: UUID) -> Response:
        """409 `too_far_away` from more than 500 m; saying why with `override_reason` lifts it."""
        user_id = current_user(request).pk
        services.pick_up(order_id=order_id, user_id=user_id, report=_report(request), now=utc_now())
        return Response(selectors.delivery_of(order_id=order_id, user_id=user_id))


class DeliveredView(APIView):
    @extend_schema(tags=["driver"], request=ReportInput, responses={200: DeliveryOutput})
    def post(self, request: Request, order_id: UUID) -> Response:
        """409 `too_far_away` from more than 500 m; saying why with `override_reason` lifts it."""
        user_id = current_user(request).pk
        services.deliver(order_id=order_id, user_id=user_id, report=_report(request), now=utc_now())
        return Response(selectors.delivery_of(order_id=order_id, user_id=user_id))


def _report(request: Request) -> Report:
    form = ReportInput(data=request.data)
    form.is_valid(raise_exception=True)
    return form.as_report()
