"""Sagas with their step logs: look, let go on, give up with a reason."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from deliveryapp import saga_support
from deliveryapp.admin.base import ReadOnlyAdmin
from deliveryapp.api.authentication import as_user
from deliveryapp.errors import AppError
from deliveryapp.models import SagaRun, SagaStep
from deliveryapp.text import has_card_number


class SagaStepInline(admin.TabularInline):  # type: ignore[type-arg]
    model = SagaStep
    fields = ("step", "phase", "outcome", "attempt", "detail", "started_at", "finished_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class OverdueFilter(admin.SimpleListFilter):
    """Due for a minute and taken by no worker: the workers are behind, or gone."""

    title = "overdue"
    parameter_name = "overdue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Overdue")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SagaRun]) -> QuerySet[SagaRun]:
        if self.value() is None:
            return queryset
        free = Q(leased_until=None) | Q(leased_until__lt=Now())
        return queryset.filter(free, status__in=SagaRun.LIVE, due_at__lt=Now() - timedelta(minutes=1))


@admin.register(SagaRun)
class SagaRunAdmin(ReadOnlyAdmin):
    """Where each run stands, step by step; support lets it go on or gives it up, with a reason."""

    list_display = ("subject_id", "saga", "step", "status", "reason", "due_at", "attempts", "created_at")
    list_filter = ("status", OverdueFilter, "step", "saga")
    search_fields = ("=subject_id", "=id")
    inlines = (SagaStepInline,)
    change_form_outer_after_template = "deliveryapp/admin/saga.html"
    show_full_result_count = False

    def get_ordering(self, request: HttpRequest) -> list[str | Case]:
        """What waits for a person comes first, the oldest of it on top."""
        in_review = Case(When(status=SagaRun.Status.MANUAL_REVIEW, then=Value(0)), default=Value(1))
        return [in_review, "due_at"]

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return as_user(request).has_perm("deliveryapp.change_sagarun")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.decide_view)
        own = path("<uuid:pk>/decide/", view, name="deliveryapp_sagarun_decide")
        return [own, *super().get_urls()]

    def decide_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_decide_permission(request):
            raise PermissionDenied
        self._decide(request, get_object_or_404(SagaRun, pk=pk))
        return redirect("admin:deliveryapp_sagarun_change", pk)

    def _decide(self, request: HttpRequest, run: SagaRun) -> None:
        reason, verb = request.POST.get("reason", "").strip()[:120], request.POST.get("verb")
        if not reason or has_card_number(reason):
            self.message_user(request, "Say why, and never write a card number here.", messages.ERROR)
            return
        try:
            if verb == "give_up":
                saga_support.give_up(run_id=run.pk, user_id=as_user(request).pk, reason=reason)
            else:
                saga_support.resume(run_id=run.pk)
        except AppError as error:
            self.message_user(request, f"Nothing was changed. {error.detail}", messages.ERROR)
            return
        done = "Given up" if verb == "give_up" else "Resumed"
        self.log_change(request, run, f"{done}: {reason}")
        self.message_user(request, f"{done}.", messages.SUCCESS)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        is_open = run is not None and run.status not in saga_support.ENDED
        context = {**(extra_context or {}), "may_decide": is_open and self.has_decide_permission(request)}
        context["decide_url"] = run and reverse("admin:deliveryapp_sagarun_decide", args=[run.pk])
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer
