from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from deliveryapp.admin import ReadOnlyAdmin
from payments.models import Payment, PaymentOperation, RetiredMethod, SavedCard, WebhookEvent


class OperationInline(TabularInline):
    model = PaymentOperation
    fields = ("kind", "amount_minor", "state", "attempts", "error", "created_at", "settled_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = (
        "order_id",
        "gateway",
        "amount_minor",
        "currency",
        "state",
        "captured_minor",
        "refunded_minor",
        "created_at",
    )
    list_filter = ("state", "gateway")
    search_fields = ("=order_id", "=provider_ref")
    inlines = (OperationInline,)
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
