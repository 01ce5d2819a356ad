"""Questions about money that a person answers, with all there is to know about the payment."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from deliveryapp.admin import ReadOnlyAdmin
from deliveryapp.api.authentication import as_user
from deliveryapp.clock import utc_now
from deliveryapp.errors import AppError
from payments import services
from payments.admin.asking import may, try_again
from payments.admin.story import story_of
from payments.models import ManualReview, PaymentOperation

REVIEW = "admin:payments_manualreview_"


class OpenFilter(admin.SimpleListFilter):
    title = "answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("resolved", "Resolved")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() == "open")


@admin.register(ManualReview)
class ManualReviewAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("kind", "subject", "is_resolved", "opened_at", "resolved_by", "resolved_at")
    list_filter = (OpenFilter, "kind")
    list_select_related = ("resolved_by",)
    search_fields = ("=id", "subject", "=payment__order_id", "detail")
    fields = (
        "kind",
        "subject",
        "detail",
        "payment",
        "opened_at",
        "resolved_at",
        "resolved_by",
        "resolution",
    )
    actions = ("resolve",)
    change_form_outer_after_template = "payments/admin/review.html"
    show_full_result_count = False

    class action_form(ActionForm):
        reason = forms.CharField(max_length=500, required=False, help_text="What was found and done")

    @admin.display(boolean=True, description="Resolved")
    def is_resolved(self, review: ManualReview) -> bool:
        return review.resolved_at is not None

    def get_ordering(self, request: HttpRequest) -> list[str | OrderBy]:
        """The open ones first, and of those the oldest."""
        return [F("resolved_at").desc(nulls_first=True), "opened_at"]

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return may(request, "change_manualreview")

    @admin.action(description="Resolve (say what was found and done)", permissions=["resolve"])
    def resolve(self, request: HttpRequest, reviews: QuerySet[ManualReview]) -> None:
        for review in reviews:
            self._resolve(request, review)

    def _resolve(self, request: HttpRequest, review: ManualReview) -> None:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            self.message_user(request, "Say what was found and done.", messages.ERROR)
            return
        try:
            services.resolve_review(
                review_id=review.pk, user_id=as_user(request).pk, resolution=reason, now=utc_now()
            )
        except AppError as error:
            self.message_user(request, f"{review} was not changed. {error.detail}", messages.ERROR)
        else:
            self.message_user(request, f"{review} is resolved.", messages.SUCCESS)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("<uuid:pk>/resolve/", self.resolve_view, name="payments_manualreview_resolve"),
            path(
                "<uuid:pk>/again/<uuid:operation_id>/",
                self.again_view,
                name="payments_manualreview_again",
            ),
        ]
        for url in own:
            url.callback = self.admin_site.admin_view(url.callback)
        return own + list(super().get_urls())

    def resolve_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        review = self._posted(request, pk, allowed=self.has_resolve_permission(request))
        if isinstance(review, ManualReview):
            self._resolve(request, review)
            return redirect(f"{REVIEW}change", pk)
        return review

    def again_view(self, request: HttpRequest, pk: UUID, operation_id: UUID) -> HttpResponse:
        review = self._posted(request, pk, allowed=may(request, "change_paymentoperation"))
        if not isinstance(review, ManualReview):
            return review
        operation = get_object_or_404(PaymentOperation, pk=operation_id, payment=review.payment_id)
        try_again(self, request, operation.pk)
        return redirect(f"{REVIEW}change", pk)

    def _posted(self, request: HttpRequest, pk: UUID, *, allowed: bool) -> ManualReview | HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not allowed:
            raise PermissionDenied
        return get_object_or_404(ManualReview, pk=pk)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        review = self.get_object(request, object_id)
        context = {**(extra_context or {}), **(self._story(request, review) if review else {})}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def _story(self, request: HttpRequest, review: ManualReview) -> dict[str, Any]:
        story = {
            "may_resolve": review.resolved_at is None and self.has_resolve_permission(request),
            "resolve_url": reverse(f"{REVIEW}resolve", args=[review.pk]),
            "payment": review.payment,
        }
        if review.payment is not None:
            may_ask = may(request, "change_paymentoperation")
            story |= story_of(review.payment, review_id=review.pk, may_ask=may_ask)
        return story
