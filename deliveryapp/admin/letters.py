"""Dead letters: look at what could not be digested, try it again, or say why nobody needs it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, When
from django.db.models.expressions import OrderBy
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from deliveryapp import inbox, letters
from deliveryapp.admin.base import DocumentAdmin, may
from deliveryapp.api.authentication import as_user
from deliveryapp.errors import AppError
from deliveryapp.models import DeadLetter

ONE_LINE = 36  # characters
LETTER = "admin:deliveryapp_deadletter_"


def shown(text: str) -> str:
    """One line of a list, on a phone too."""
    line = " ".join(text.encode(errors="replace").decode().split())
    return f"{line[:ONE_LINE]}…" if len(line) > ONE_LINE else line


class HandlerFilter(admin.SimpleListFilter):
    """Those that have letters, also when they are no more."""

    title = "handler"
    parameter_name = "handler"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        names = DeadLetter.objects.order_by("handler").values_list("handler", flat=True).distinct()
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
        return queryset.filter(handler=self.value()) if self.value() else queryset


@admin.register(DeadLetter)
class DeadLetterAdmin(DocumentAdmin):
    list_display = ("handler", "kind", "state", "attempts", "reason", "created_at", "resolved_by")
    list_filter = ("state", HandlerFilter)
    list_select_related = ("resolved_by",)
    search_fields = ("=event_id", "=id")
    actions = ("replay", "discard")
    fields = (
        "handler",
        "event_id",
        "state",
        "attempts",
        "deaths",
        "error",
        "created_at",
        "next_try_at",
        "resolved_at",
        "resolved_by",
        "resolved_reason",
    )
    change_form_outer_after_template = "deliveryapp/admin/letter.html"
    show_full_result_count = False

    class action_form(ActionForm):
        reason = forms.CharField(max_length=200, required=False, help_text="Why nobody needs it")

    @admin.display(description="Event")
    def kind(self, letter: DeadLetter) -> str:
        return shown(str(letter.envelope.get("type", ""))) if isinstance(letter.envelope, dict) else ""

    @admin.display(description="Error", ordering="error")
    def reason(self, letter: DeadLetter) -> str:
        return shown(letter.error)

    def document_of(self, row: DeadLetter) -> object:
        return row.envelope

    def get_ordering(self, request: HttpRequest) -> list[str | OrderBy]:
        """The open ones first, and of those the oldest."""
        rank = Case(When(state__in=DeadLetter.OPEN, then=0), default=1)
        return [rank.asc(), "created_at"]

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return may(request, "change_deadletter")

    @admin.action(description="Replay now", permissions=["settle"])
    def replay(self, request: HttpRequest, chosen: QuerySet[DeadLetter]) -> None:
        for letter in chosen:
            self._replay(request, letter)

    @admin.action(description="Discard (say why nobody needs it)", permissions=["settle"])
    def discard(self, request: HttpRequest, chosen: QuerySet[DeadLetter]) -> None:
        for letter in chosen:
            self._discard(request, letter)

    def _replay(self, request: HttpRequest, letter: DeadLetter) -> None:
        try:
            digested = inbox.replay_open(letter_id=letter.pk)
        except AppError as refusal:
            self.message_user(request, f"{letter} was not changed. {refusal.detail}", messages.ERROR)
            return
        if digested:
            self.message_user(request, f"{letter} is digested.", messages.SUCCESS)
        else:
            letter.refresh_from_db()
            self.message_user(request, f"{letter} failed again. {letter.error}", messages.WARNING)
        self.log_change(request, letter, f"Replayed: {'digested' if digested else 'failed again'}")

    def _discard(self, request: HttpRequest, letter: DeadLetter) -> None:
        reason = request.POST.get("reason", "").strip()
        try:
            letters.discard(letter_id=letter.pk, user_id=as_user(request).pk, reason=reason)
        except AppError as refusal:
            self.message_user(request, f"{letter} was not changed. {refusal.detail}", messages.ERROR)
            return
        self.message_user(request, f"{letter} is discarded.", messages.SUCCESS)
        self.log_change(request, letter, f"Discarded: {reason}")

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("<uuid:pk>/replay/", self.replay_view, name="deliveryapp_deadletter_replay"),
            path("<uuid:pk>/discard/", self.discard_view, name="deliveryapp_deadletter_discard"),
        ]
        for url in own:
            url.callback = self.admin_site.admin_view(url.callback)
        return own + list(super().get_urls())

    def replay_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        return self._posted(request, pk, self._replay)

    def discard_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        return self._posted(request, pk, self._discard)

    def _posted(
        self, request: HttpRequest, pk: UUID, act: Callable[[HttpRequest, DeadLetter], None]
    ) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_settle_permission(request):
            raise PermissionDenied
        act(request, get_object_or_404(DeadLetter, pk=pk))
        return redirect(f"{LETTER}change", pk)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        letter = self.get_object(request, object_id)
        is_open = letter is not None and letter.state in DeadLetter.OPEN
        context = {
            **(extra_context or {}),
            "may_settle": is_open and self.has_settle_permission(request),
            "replay_url": reverse(f"{LETTER}replay", args=[letter.pk]) if letter else "",
            "discard_url": reverse(f"{LETTER}discard", args=[letter.pk]) if letter else "",
        }
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer
