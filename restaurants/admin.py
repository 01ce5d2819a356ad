"""Operators look; what a kitchen switches goes through the kitchen's own doors."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from deliveryapp.admin import ReadOnlyAdmin
from restaurants.models import (
    MenuItem,
    MenuSection,
    OpeningHours,
    Restaurant,
    SpecialDay,
    StaffMember,
    Ticket,
)


class ReadOnlyInline(TabularInline):
    extra = 0
    can_delete = False
    model: type[Model]

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> Any:
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class OpeningHoursInline(ReadOnlyInline):
    model = OpeningHours
    fields = ("weekday", "opens", "closes")


class SpecialDayInline(ReadOnlyInline):
    model = SpecialDay
    fields = ("date", "repeats_yearly", "opens", "closes")


class StaffInline(ReadOnlyInline):
    model = StaffMember
    fields = ("user", "role")


class SectionInline(ReadOnlyInline):
    model = MenuSection
    fields = ("position", "name")


@admin.register(Restaurant)
class RestaurantAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("name", "street", "region", "is_active", "is_accepting", "paused_until", "ticket_seq")
    list_filter = ("is_active", "is_accepting", "region")
    search_fields = ("name", "slug", "=osm_id", "=id")
    exclude = ("picture_svg",)
    inlines = (OpeningHoursInline, SpecialDayInline, StaffInline, SectionInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Restaurant]:
        rows: QuerySet[Restaurant] = super().get_queryset(request)
        return rows.defer("picture_svg")


@admin.register(MenuItem)
class MenuItemAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("name", "restaurant", "price_minor", "is_available", "sold_out_until")
    list_filter = ("is_available",)
    list_select_related = ("restaurant",)
    search_fields = ("name", "restaurant__name", "=id")
    show_full_result_count = False


@admin.register(Ticket)
class TicketAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("order_id", "restaurant", "seq", "opened_at", "acknowledged_at", "withdrawn_at")
    list_select_related = ("restaurant",)
    search_fields = ("=order_id", "restaurant__name")
    show_full_result_count = False
