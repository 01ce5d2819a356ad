"""Support's view of orders: the whole story, and cancelling with a reason; nothing is edited in place."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action

from deliveryapp.admin import ReadOnlyAdmin
from deliveryapp.api.authentication import as_user
from deliveryapp.clock import utc_now
from deliveryapp.errors import AppError
from deliveryapp.text import has_card_number
from deliveryapp.transactions import durable
from orders import services
from orders.admin.refunding import refund_page
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
    actions_detail = ("refund",)
    ordering = ("-id",)
    show_full_result_count = False

    class action_form(ActionForm):
        reason = forms.CharField(max_length=120, required=False, help_text="Why (kept in the history)")

    @action(description="Refund", url_path="refund")
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        order = self.get_object(request, object_id)
        if order is None:
            raise Http404
        context = {**self.admin_site.each_context(request), "title": f"Refund {order.number}"}
        return refund_page(request, order, context)

    @admin.action(description="Cancel and release the money (give a reason)")
    def cancel(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            self.message_user(request, "Say why.", messages.ERROR)
            return
        if has_card_number(reason):  # as an error of the form it would read "No action selected"
            self.message_user(request, "Never write a card number here.", messages.ERROR)
            return
        for order in orders:
            try:
                with durable():
                    services.cancel_as_support(
                        order_id=order.pk, user_id=as_user(request).pk, reason=reason, now=utc_now()
                    )
            except AppError as error:
                self.message_user(request, f"{order.number}: {error.detail}", messages.ERROR)
            else:
                self.message_user(request, f"{order.number} is cancelled.", messages.SUCCESS)


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("user", "orders_placed", "cancelled_count", "cancellation_rate", "created_at")
    search_fields = ("user__email", "user__name", "user__phone")
    list_select_related = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        placed = Count("orders", filter=Q(orders__placed_at__isnull=False))
        customers: QuerySet[Customer] = super().get_queryset(request)
        return customers.annotate(placed=placed)

    @admin.display(description="Placed")
    def orders_placed(self, customer: Customer) -> int:
        placed: int = customer.placed  # type: ignore[attr-defined]
        return placed

    @admin.display(description="Cancelled by them")
    def cancellation_rate(self, customer: Customer) -> str:
        """Of the orders that were placed (R9)."""
        placed = self.orders_placed(customer)
        return f"{customer.cancelled_count / placed:.0%}" if placed else "-"
