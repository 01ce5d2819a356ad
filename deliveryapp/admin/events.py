"""The outbox: what was told, and what could not be."""

from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from deliveryapp import replaying
from deliveryapp.admin.base import DocumentAdmin, may
from deliveryapp.models import OutboxEvent


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("parked", "Parked"), ("waiting", "Waiting"), ("published", "Published")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OutboxEvent]) -> QuerySet[OutboxEvent]:
        match self.value():
            case "parked":
                return queryset.filter(parked_at__isnull=False)
            case "waiting":
                return queryset.filter(parked_at__isnull=True, published_at__isnull=True)
            case "published":
                return queryset.filter(published_at__isnull=False)
        return queryset


@admin.register(OutboxEvent)
class OutboxEventAdmin(DocumentAdmin):
    list_display = ("type", "subject", "seq", "occurred_at", "published_at", "parked_at", "error")
    list_filter = (StateFilter, "type", "source")
    search_fields = ("=subject", "=id", "=key")
    ordering = ("-position",)
    show_full_result_count = False
    actions = ("publish_again",)
    fields = (
        "id",
        "type",
        "source",
        "subject",
        "seq",
        "topic",
        "key",
        "shard",
        "occurred_at",
        "published_at",
        "sends",
        "parked_at",
        "error",
        "trace_id",
    )

    def document_of(self, row: OutboxEvent) -> object:
        return row.data

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return may(request, "change_outboxevent")

    @admin.action(description="Publish parked ones again", permissions=["publish"])
    def publish_again(self, request: HttpRequest, events: QuerySet[OutboxEvent]) -> None:
        chosen = list(events)
        parked = [event for event in chosen if event.parked_at is not None]
        done = replaying.unpark(OutboxEvent.objects.filter(pk__in=[event.pk for event in parked]))
        for event in parked:
            self.log_change(request, event, f"Published again; it was parked because: {event.error}")
        self._say(request, done, not_parked=[event.id for event in chosen if event.parked_at is None])

    def _say(self, request: HttpRequest, done: int, *, not_parked: list[UUID]) -> None:
        if done:
            self.message_user(request, f"{done} will be published again.", messages.SUCCESS)
        for event_id in not_parked:
            self.message_user(request, f"{event_id} is not parked.", messages.WARNING)
