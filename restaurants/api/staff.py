"""The people of a restaurant: owners invite, change roles and dismiss; who is invited joins."""

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.api.fields import EmailField
from deliveryapp.clock import utc_now
from restaurants.models import StaffInvitation, StaffMember, StaffRole
from restaurants.selectors.staff import people_of
from restaurants.services import staff

MEMBER = {
    "user_id": "01980000-0000-7000-8000-00000000b001",
    "name": "Bo",
    "email": "bo@demo.example",
    "role": "owner",
}
INVITATION = {
    "id": "01980000-0000-7000-8000-00000000b002",
    "email": "cook@demo.example",
    "role": "kitchen",
    "valid_until": "2026-05-11T12:00:00Z",
}


class RoleInput(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=StaffRole.values)


class InviteInput(RoleInput):
    email = EmailField()


class JoinInput(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=100)


class MemberOutput(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=StaffRole.values)


class InvitationOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=StaffRole.values)
    valid_until = serializers.DateTimeField()


class InvitedOutput(InvitationOutput):
    link = serializers.URLField(help_text="To be given to the person; it is told only now")


class StaffOutput(serializers.Serializer[Any]):
    members = MemberOutput(many=True)
    invitations = InvitationOutput(many=True)


class JoinedOutput(serializers.Serializer[Any]):
    restaurant_id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=StaffRole.values)


class StaffView(APIView):
    @extend_schema(
        tags=["kitchen"],
        summary="Who works here, and who is invited (owner, manager)",
        responses={200: StaffOutput},
        examples=[
            OpenApiExample(
                "Bo and a cook to be",
                response_only=True,
                value={"members": [MEMBER], "invitations": [INVITATION]},
            )
        ],
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        people = people_of(user_id=current_user(request).pk, restaurant_id=restaurant_id, now=utc_now())
        return Response(
            {
                "members": [_member(row) for row in people.members],
                "invitations": [_invitation(row) for row in people.invitations],
            }
        )

    @extend_schema(
        tags=["kitchen"],
        summary="Invite somebody by e-mail address (owner)",
        description="Whoever signs in with that address and opens the link within 7 days joins.",
        request=InviteInput,
        responses={201: InvitedOutput},
        examples=[
            OpenApiExample(
                "A cook", request_only=True, value={"email": "cook@demo.example", "role": "kitchen"}
            )
        ],
    )
    def post(self, request: Request, restaurant_id: UUID) -> Response:
        form = InviteInput(data=request.data)
        form.is_valid(raise_exception=True)
        user_id, now = current_user(request).pk, utc_now()
        invited = staff.invite(user_id=user_id, restaurant_id=restaurant_id, now=now, **form.validated_data)
        link = f"{settings.PUBLIC_URL}/kitchen/join/?token={invited.token}"
        return Response(_invitation(invited.invitation) | {"link": link}, status=201)


class MemberView(APIView):
    @extend_schema(
        tags=["kitchen"],
        summary="Change somebody's role (owner)",
        request=RoleInput,
        responses={200: MemberOutput},
        examples=[OpenApiExample("A manager", request_only=True, value={"role": "manager"})],
    )
    def patch(self, request: Request, restaurant_id: UUID, user_id: UUID) -> Response:
        form = RoleInput(data=request.data)
        form.is_valid(raise_exception=True)
        member = staff.change_role(
            user_id=current_user(request).pk,
            restaurant_id=restaurant_id,
            member_id=user_id,
            **form.validated_data,
        )
        return Response(_member(member))

    @extend_schema(
        tags=["kitchen"], summary="Somebody works here no more (owner)", request=None, responses={204: None}
    )
    def delete(self, request: Request, restaurant_id: UUID, user_id: UUID) -> Response:
        staff.dismiss(user_id=current_user(request).pk, restaurant_id=restaurant_id, member_id=user_id)
        return Response(status=204)


class InvitationView(APIView):
    @extend_schema(
        tags=["kitchen"], summary="Take an invitation back (owner)", request=None, responses={204: None}
    )
    def delete(self, request: Request, restaurant_id: UUID, invitation_id: UUID) -> Response:
        staff.withdraw_invitation(
            user_id=current_user(request).pk, restaurant_id=restaurant_id, invitation_id=invitation_id
        )
        return Response(status=204)


class JoinView(APIView):
    @extend_schema(
        tags=["kitchen"],
        summary="Join the staff by an invitation to your own address",
        request=JoinInput,
        responses={200: JoinedOutput},
        examples=[OpenApiExample("From the link", request_only=True, value={"token": "Wd0Jk2…"})],
    )
    def post(self, request: Request) -> Response:
        form = JoinInput(data=request.data)
        form.is_valid(raise_exception=True)
        place = staff.join(user=current_user(request), token=form.validated_data["token"], now=utc_now())
        return Response(
            {
                "restaurant_id": place.restaurant_id,
                "slug": place.slug,
                "name": place.name,
                "role": place.role,
            }
        )


def _member(row: StaffMember) -> dict[str, Any]:
    return {"user_id": row.user_id, "name": row.user.name, "email": row.user.email, "role": row.role}


def _invitation(row: StaffInvitation) -> dict[str, Any]:
    return {"id": row.pk, "email": row.email, "role": row.role, "valid_until": row.valid_until}
