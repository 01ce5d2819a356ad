"""Support's view of orders: the whole story, and cancelling with a reason; nothing is edited in place."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from deliveryapp.admin import ReadOnlyAdmin
from deliveryapp.api.authentication import as_user
from deliveryapp.clock import utc_now
from deliveryapp.errors import AppError
from orders import services
from orders.models import Customer, Order, OrderFailure, OrderLine, OrderStatusChange


class _Inline(TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class LineInline(_Inline):
    model = OrderLine
    fields = ("position", "name", "quantity", "unit_price_minor", "total_minor", "note")


class HistoryInline(_Inline):
    model = OrderStatusChange
    fields = ("seq", "from_status", "to_status", "actor", "actor_id", "reason", "at")


class FailureInline(_Inline):
    model = OrderFailure
    fields = ("code", "detail", "at")


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = (
        "number",
        "status",
        "restaurant_name",
        "customer_first_name",
        "total_minor",
        "currency",
        "created_at",
    )
    list_filter = ("status", "region", "cancel_reason")
    search_fields = (
        "=id",
        "number",
        "customer__user__email",
        "customer__user__phone",
        "customer__user__name",
    )
    inlines = (LineInline, HistoryInline, FailureInline)
    actions = ("cancel",)
    ordering = ("-id",)
    show_full_result_count = False

    class action_form(ActionForm):
        reason = forms.CharField(max_length=120, required=False, help_text="Why (kept in the history)")

    @admin.action(description="Cancel and release the money (give a reason)")
    def cancel(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            self.message_user(request, "Say why.", messages.ERROR)
            return
        for order in orders:
            try:
                services.cancel_as_support(
                    order_id=order.pk, user_id=as_user(request).pk, reason=reason, now=utc_now()
                )
            except AppError as error:
                self.message_user(request, f"{order.number}: {error.detail}", messages.ERROR)
            else:
                self.message_user(request, f"{order.number} is cancelled.", messages.SUCCESS)


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("user", "cancelled_count", "created_at")
    search_fields = ("user__email", "user__name", "user__phone")
    list_select_related = ("user",)
