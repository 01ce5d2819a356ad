from typing import Any

from rest_framework import serializers

from deliveryapp.api.fields import EmailField, TextField


class SignUpInput(serializers.Serializer[Any]):
    email = EmailField()
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    name = TextField(max_length=120)


class LogInInput(serializers.Serializer[Any]):
    email = EmailField()
    password = serializers.CharField(max_length=128, trim_whitespace=False)


class RefreshInput(serializers.Serializer[Any]):
    refresh = serializers.CharField(max_length=200)


class UserOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()


class TokensOutput(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Send as `Authorization: Bearer …`")
    refresh = serializers.CharField(help_text="Use once; the answer brings the next one")
    expires_in = serializers.IntegerField(help_text="Seconds until the access token ends")


class LogInOutput(TokensOutput):
    user = UserOutput()


class MeOutput(UserOutput):
    roles = serializers.DictField(help_text="customer, restaurants, driver (null where none) and support")
