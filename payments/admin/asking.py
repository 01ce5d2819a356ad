"""Asking the provider again, from any page that shows an operation."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest

from deliveryapp.admin import ReadOnlyAdmin
from deliveryapp.api.authentication import as_user
from deliveryapp.errors import AppError
from payments import services
from payments.models import PaymentOperation


def may(request: HttpRequest, permission: str) -> bool:
    return as_user(request).has_perm(f"payments.{permission}")


def try_again(model_admin: ReadOnlyAdmin, request: HttpRequest, operation_id: UUID) -> None:
    try:
        operation = services.try_again(operation_id=operation_id)
    except AppError as error:
        model_admin.message_user(request, error.detail, messages.ERROR)
        return
    done = operation.state == PaymentOperation.State.SUCCEEDED
    outcome = f"{operation.kind}: {operation.state}. {operation.error}".strip()
    model_admin.message_user(request, outcome, messages.SUCCESS if done else messages.WARNING)
