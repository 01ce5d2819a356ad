"""What the admin pages of every app share."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from deliveryapp.api.authentication import as_user

SHOWN = 20_000  # characters


class ReadOnlyAdmin(ModelAdmin):
    """Rows are facts: neither added nor changed nor deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class DocumentAdmin(ReadOnlyAdmin):
    """Shows a JSON document of the row below its fields."""

    change_form_outer_after_template = "deliveryapp/admin/document.html"

    def document_of(self, row: Any) -> object:
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        context = {**(extra_context or {}), "document": "" if row is None else pretty(self.document_of(row))}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer


def pretty(value: object) -> str:
    """JSON as people read it; what is very long is cut."""
    text = json.dumps(value, indent=2)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}\n… {len(text) - SHOWN} characters more"


def may(request: HttpRequest, permission: str) -> bool:
    """Of this app, e.g. `change_deadletter`."""
    return as_user(request).has_perm(f"deliveryapp.{permission}")
