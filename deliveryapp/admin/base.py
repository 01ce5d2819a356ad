"""What the admin pages of every app share."""

from django.http import HttpRequest
from unfold.admin import ModelAdmin

from deliveryapp.api.authentication import as_user


class ReadOnlyAdmin(ModelAdmin):
    """Rows are facts: neither added nor changed nor deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


def may(request: HttpRequest, permission: str) -> bool:
    """Of this app, e.g. `change_deadletter`."""
    return as_user(request).has_perm(f"deliveryapp.{permission}")
