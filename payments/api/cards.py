"""The customer's doors to the saved cards. No card number passes here: browsers and apps hand the card to the
provider themselves.
"""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.answers import key_of
from deliveryapp.api.authentication import current_user
from deliveryapp.clock import utc_now
from deliveryapp.ids import new_id
from payments import selectors, services
from payments.api.serializers import CardOutput, FollowedSetupOutput, SetupOutput
from payments.models import SavedCard

TAGS = ["cards"]
CARD = {
    "id": "01980000-0000-7000-8000-00000000c001",
    "brand": "visa",
    "last4": "4242",
    "exp_month": 12,
    "exp_year": 2034,
    "expired": False,
    "is_default": True,
    "created_at": "2026-05-04T12:00:00Z",
}
SETUP = {
    "id": "seti_1Nq0",
    "client_secret": "seti_1Nq0_secret_a1b2",
    "publishable_key": "pk_test_51Nq",
    "page_url": None,
}
KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same key prepares the same card; without one, each call prepares another",
)


def _shown(name: str, value: object) -> OpenApiExample:
    return OpenApiExample(name, response_only=True, value=value)


class CardsView(generics.ListAPIView[SavedCard]):
    serializer_class = CardOutput

    @extend_schema(tags=TAGS, examples=[_shown("A Visa", CARD)])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The saved cards, youngest first."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[SavedCard]:
        if getattr(self, "swagger_fake_view", False):
            return SavedCard.objects.none()
        return selectors.cards_of(user_id=current_user(self.request).pk)


class SetupsView(APIView):
    @extend_schema(
        tags=TAGS,
        parameters=[KEY],
        request=None,
        responses={201: SetupOutput},
        examples=[_shown("For Stripe's form", SETUP)],
    )
    def post(self, request: Request) -> Response:
        """Prepare the saving of a card. The browser or the app finishes it with the provider, then says so
        by `confirm`. 503 `payment_unavailable` while the provider is silent.
        """
        key = key_of(request) or str(new_id())
        started = services.start_setup(user_id=current_user(request).pk, key=key, now=utc_now())
        body = {
            "id": started.setup_ref,
            "client_secret": started.client_secret,
            "publishable_key": started.publishable_key or None,
            "page_url": started.page_url or None,
        }
        return Response(body, status=201)


class ConfirmSetupView(APIView):
    @extend_schema(
        tags=TAGS,
        request=None,
        responses={200: FollowedSetupOutput},
        examples=[
            _shown("Saved", {"status": "succeeded", "card": CARD, "next_action_url": None}),
            _shown(
                "The bank asks back",
                {
                    "status": "requires_action",
                    "card": None,
                    "next_action_url": "https://hooks.stripe.com/3d_secure_2/hosted?…",
                },
            ),
        ],
    )
    def post(self, request: Request, setup_ref: str) -> Response:
        """Have the server look how far it is, and save the card if it is done; safe to repeat.

        402 `card_declined` with the bank's `decline_code`; 404 for a SetupIntent of somebody else.
        """
        followed = services.finish_setup(user_id=current_user(request).pk, setup_ref=setup_ref)
        body = {
            "status": followed.status,
            "card": followed.card and CardOutput(followed.card).data,
            "next_action_url": followed.next_action_url or None,
        }
        return Response(body)


class CardView(APIView):
    @extend_schema(tags=TAGS, responses={204: None})
    def delete(self, request: Request, card_id: UUID) -> Response:
        """Remove the card here and at the provider. The youngest of the others becomes the default."""
        services.remove_card(user_id=current_user(request).pk, card_id=card_id)
        return Response(status=204)


class DefaultCardView(APIView):
    @extend_schema(
        tags=TAGS, request=None, responses={200: CardOutput}, examples=[_shown("The default", CARD)]
    )
    def post(self, request: Request, card_id: UUID) -> Response:
        """Offer this card first from now on."""
        card = services.make_default(user_id=current_user(request).pk, card_id=card_id)
        return Response(CardOutput(card).data)
