"""Who there is."""

from django.contrib import admin

from deliveryapp.admin.base import ReadOnlyAdmin
from deliveryapp.models import User


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("email", "name", "phone", "is_active", "is_staff", "created_at")
    search_fields = ("email", "name", "phone")
    list_filter = ("is_active", "is_staff")
    exclude = ("password",)
