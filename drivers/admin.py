"""Support's view of drivers and deliveries: look, do not touch."""

from django.contrib import admin

from deliveryapp.admin import ReadOnlyAdmin
from drivers.models import Assignment, Delivery, Driver, Offer, PlaceAlert


class OfferInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Offer
    fields = ("driver", "status", "created_at", "expires_at", "answered_at", "decline_reason", "cost_s")
    readonly_fields = fields
    extra = 0
    can_delete = False


class AssignmentInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Assignment
    fields = ("driver", "status", "assigned_at", "arrived_at", "picked_up_at", "delivered_at", "released_at")
    readonly_fields = fields
    extra = 0
    can_delete = False


@admin.register(Driver)
class DriverAdmin(ReadOnlyAdmin):
    list_display = (
        "name",
        "region",
        "vehicle",
        "status",
        "active_count",
        "capacity",
        "rating",
        "last_seen_at",
    )
    list_filter = ("status", "region", "vehicle")
    search_fields = ("name", "user__email", "=id")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("order_id", "pickup_name", "region", "status", "radius_m", "escalated_at", "created_at")
    list_filter = ("status", "region")
    search_fields = ("=order_id", "=id", "pickup_name")
    inlines = (OfferInline, AssignmentInline)
    show_full_result_count = False


@admin.register(PlaceAlert)
class PlaceAlertAdmin(ReadOnlyAdmin):
    list_display = ("assignment", "step", "distance_m", "override_reason", "reported_at")
    list_filter = ("step", "override_reason")
    search_fields = ("=assignment__order_id", "assignment__driver__name")
    list_select_related = ("assignment",)
