"""What happened, to look at."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from deliveryapp.admin import ReadOnlyAdmin
from payments.admin.asking import may, try_again
from payments.models import (
    CustomerCredit,
    LedgerEntry,
    Payment,
    PaymentOperation,
    Refund,
    RetiredMethod,
    SavedCard,
    WebhookEvent,
)


class _Inline(TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class OperationInline(_Inline):
    model = PaymentOperation
    fields = ("kind", "amount_minor", "state", "attempts", "error", "created_at", "settled_at")


class RefundInline(_Inline):
    model = Refund
    fields = ("amount_minor", "destination", "state", "reason", "created_at", "settled_at")


class LedgerInline(_Inline):
    model = LedgerEntry
    fields = ("kind", "account", "party_id", "amount_minor", "currency", "created_at")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = (
        "order_id",
        "purpose",
        "gateway",
        "amount_minor",
        "currency",
        "state",
        "captured_minor",
        "refunded_minor",
        "created_at",
    )
    list_filter = ("state", "gateway", "purpose")
    search_fields = ("=id", "=order_id", "=provider_ref")
    inlines = (OperationInline, RefundInline, LedgerInline)
    show_full_result_count = False


@admin.register(PaymentOperation)
class PaymentOperationAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("kind", "payment", "state", "attempts", "error", "next_try_at", "created_at")
    list_filter = ("state", "kind")
    list_select_related = ("payment",)
    search_fields = ("=id", "=payment__order_id", "=target_ref")
    ordering = ("-created_at",)
    actions = ("again",)
    show_full_result_count = False

    def has_again_permission(self, request: HttpRequest) -> bool:
        return may(request, "change_paymentoperation")

    @admin.action(description="Try again now", permissions=["again"])
    def again(self, request: HttpRequest, operations: QuerySet[PaymentOperation]) -> None:
        for operation in operations:
            try_again(self, request, operation.pk)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("payment", "amount_minor", "destination", "state", "reason", "created_at", "settled_at")
    list_filter = ("state", "destination", "reason")
    list_select_related = ("payment",)
    search_fields = ("=id", "=payment__order_id", "=provider_ref", "=request_key")
    ordering = ("-created_at",)
    show_full_result_count = False


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("created_at", "kind", "account", "party_id", "amount_minor", "currency", "order_id")
    list_filter = ("account", "kind")
    search_fields = ("=order_id", "=party_id", "=posting", "=reference")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(CustomerCredit)
class CustomerCreditAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("customer_id", "balance_minor", "currency")
    search_fields = ("=customer_id",)
    show_full_result_count = False


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("id", "gateway", "type", "intent_ref", "received_at", "applied_at")
    list_filter = ("gateway", "type")
    search_fields = ("=id", "=intent_ref")
    show_full_result_count = False


@admin.register(SavedCard)
class SavedCardAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("id", "brand", "last4", "exp_month", "exp_year", "is_default", "created_at")
    list_filter = ("brand",)
    list_select_related = ("customer",)
    search_fields = ("=id", "=provider_ref", "=customer__user_id", "=customer__provider_ref")
    show_full_result_count = False


@admin.register(RetiredMethod)
class RetiredMethodAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("provider_ref", "gateway", "retired_at", "attempts", "detached_at")
    search_fields = ("=provider_ref",)
    show_full_result_count = False
