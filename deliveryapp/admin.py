"""Support's view of the kernel: look, replay, discard with a reason; nothing is edited in place."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from deliveryapp import inbox
from deliveryapp.models import DeadLetter, OutboxEvent, SagaRun, SagaStep, User


class ReadOnlyAdmin(ModelAdmin):
    """Rows are facts: neither added nor changed nor deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("email", "name", "phone", "is_active", "is_staff", "created_at")
    search_fields = ("email", "name", "phone")
    list_filter = ("is_active", "is_staff")
    exclude = ("password",)


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin):
    list_display = ("type", "subject", "seq", "occurred_at", "published_at", "parked_at")
    list_filter = ("type", "source")
    search_fields = ("=subject", "=id")
    ordering = ("-position",)
    show_full_result_count = False


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    list_display = ("handler", "event_id", "state", "attempts", "error", "created_at")
    list_filter = ("state", "handler")
    search_fields = ("=event_id",)
    actions = ("replay",)

    @admin.action(description="Replay now")
    def replay(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        digested = sum(inbox.replay(letter) for letter in letters)
        self.message_user(request, f"{digested} of {len(letters)} digested.")


class SagaStepInline(admin.TabularInline):  # type: ignore[type-arg]
    model = SagaStep
    fields = ("step", "phase", "outcome", "attempt", "detail", "started_at", "finished_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(SagaRun)
class SagaRunAdmin(ReadOnlyAdmin):
    list_display = ("subject_id", "saga", "step", "status", "reason", "due_at", "attempts", "created_at")
    list_filter = ("status", "step")
    search_fields = ("=subject_id",)
    inlines = (SagaStepInline,)
    show_full_result_count = False
