from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp import identity
from deliveryapp.api.authentication import current_user
from deliveryapp.api.serializers import (
    LogInInput,
    LogInOutput,
    MeOutput,
    RefreshInput,
    SignUpInput,
    TokensOutput,
)
from deliveryapp.identity import TokenPair
from deliveryapp.models import User

ADA = {"id": "01980000-0000-7000-8000-000000000001", "email": "ada@demo.example", "name": "Ada"}
TOKENS = {"access": "eyJhbGciOi…", "refresh": "x1YbK…", "expires_in": 900}


class SignUpView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        tags=["identity"],
        request=SignUpInput,
        responses={201: LogInOutput},
        examples=[
            OpenApiExample(
                "Ada signs up",
                request_only=True,
                value={"email": "ada@demo.example", "password": "demo-pass-1", "name": "Ada"},
            ),
            OpenApiExample("Signed up", response_only=True, value={**TOKENS, "user": ADA}),
        ],
    )
    def post(self, request: Request) -> Response:
        user = identity.sign_up(**_valid(SignUpInput, request))
        return Response(_logged_in(user), status=status.HTTP_201_CREATED)


class TokenView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        tags=["identity"],
        request=LogInInput,
        responses={200: LogInOutput},
        examples=[
            OpenApiExample(
                "Log in", request_only=True, value={"email": "ada@demo.example", "password": "demo-pass-1"}
            )
        ],
    )
    def post(self, request: Request) -> Response:
        return Response(_logged_in(identity.log_in(**_valid(LogInInput, request))))


class RefreshView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(tags=["identity"], request=RefreshInput, responses={200: TokensOutput})
    def post(self, request: Request) -> Response:
        return Response(_tokens(identity.refresh(token=_valid(RefreshInput, request)["refresh"])))


class RevokeView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(tags=["identity"], request=RefreshInput, responses={204: None})
    def post(self, request: Request) -> Response:
        identity.revoke(token=_valid(RefreshInput, request)["refresh"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogOutEverywhereView(APIView):
    @extend_schema(tags=["identity"], request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        identity.log_out_everywhere(user_id=current_user(request).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    @extend_schema(tags=["identity"], responses={200: MeOutput})
    def get(self, request: Request) -> Response:
        user = current_user(request)
        return Response({**_user(user), "roles": identity.roles_of(user=user)})


def _valid(serializer: Any, request: Request) -> dict[str, Any]:
    form = serializer(data=request.data)
    form.is_valid(raise_exception=True)
    data: dict[str, Any] = form.validated_data
    return data


def _user(user: User) -> dict[str, Any]:
    return {"id": user.pk, "email": user.email, "name": user.name}


def _tokens(pair: TokenPair) -> dict[str, Any]:
    return {"access": pair.access, "refresh": pair.refresh, "expires_in": pair.expires_in_s}


def _logged_in(user: User) -> dict[str, Any]:
    return {**_tokens(identity.issue(user=user)), "user": _user(user)}
