"""Operators look; what a kitchen switches goes through the kitchen's own doors. They make the platform's
promotions, which is all they may write here.
"""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextInputWidget

from deliveryapp.admin import ReadOnlyAdmin
from deliveryapp.api.authentication import as_user
from deliveryapp.text import refuse_card_number
from restaurants.models import (
    MenuItem,
    MenuSection,
    OpeningHours,
    Promotion,
    Restaurant,
    SpecialDay,
    StaffMember,
    Ticket,
)
from restaurants.offers import Bearer

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Promotion]
else:
    ModelForm = forms.ModelForm


class ReadOnlyInline(TabularInline):
    extra = 0
    can_delete = False
    model: type[Model]

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> Any:
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class OpeningHoursInline(ReadOnlyInline):
    model = OpeningHours
    fields = ("weekday", "opens", "closes")


class SpecialDayInline(ReadOnlyInline):
    model = SpecialDay
    fields = ("date", "repeats_yearly", "opens", "closes")


class StaffInline(ReadOnlyInline):
    model = StaffMember
    fields = ("user", "role")


class SectionInline(ReadOnlyInline):
    model = MenuSection
    fields = ("position", "name")


@admin.register(Restaurant)
class RestaurantAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("name", "street", "region", "is_active", "is_accepting", "paused_until", "ticket_seq")
    list_filter = ("is_active", "is_accepting", "region")
    search_fields = ("name", "slug", "=osm_id", "=id")
    exclude = ("picture_svg",)
    inlines = (OpeningHoursInline, SpecialDayInline, StaffInline, SectionInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Restaurant]:
        rows: QuerySet[Restaurant] = super().get_queryset(request)
        return rows.defer("picture_svg")


@admin.register(MenuItem)
class MenuItemAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("name", "restaurant", "price_minor", "is_available", "sold_out_until")
    list_filter = ("is_available",)
    list_select_related = ("restaurant",)
    search_fields = ("name", "restaurant__name", "=id")
    show_full_result_count = False


@admin.register(Ticket)
class TicketAdmin(ReadOnlyAdmin, ModelAdmin):
    list_display = ("order_id", "restaurant", "seq", "opened_at", "acknowledged_at", "withdrawn_at")
    list_select_related = ("restaurant",)
    search_fields = ("=order_id", "restaurant__name")
    show_full_result_count = False


class PromotionForm(ModelForm):
    """Its texts as the API takes them."""

    title = forms.CharField(max_length=80, validators=[refuse_card_number], widget=UnfoldAdminTextInputWidget)
    code = forms.CharField(
        max_length=24,
        required=False,
        validators=[refuse_card_number],
        widget=UnfoldAdminTextInputWidget,
        help_text="empty: everybody gets it",
    )


@admin.register(Promotion)
class PromotionAdmin(ModelAdmin):
    """The platform's promotions, for one restaurant or for all of a currency; it pays for what it makes.

    What a promotion takes off stays as it is once it is made, like its counter: orders refer to it.
    """

    form = PromotionForm
    list_display = ("title", "code", "restaurant", "kind", "borne_by", "starts_at", "ends_at", "used")
    list_filter = ("borne_by", "kind")
    list_select_related = ("restaurant",)
    search_fields = ("title", "code", "restaurant__name")
    autocomplete_fields = ("restaurant",)
    fields = (
        "title",
        ("code", "is_first_order_only"),
        ("kind", "percent_bp", "amount_minor", "maximum_minor"),
        ("currency", "minimum_minor"),
        "restaurant",
        ("starts_at", "ends_at", "archived_at"),
        ("max_uses", "max_uses_per_customer"),
    )
    fixed = (
        "code",
        "is_first_order_only",
        "kind",
        "percent_bp",
        "amount_minor",
        "maximum_minor",
        "currency",
        "restaurant",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> Any:
        return () if obj is None else self.fixed

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        is_a_restaurants = isinstance(obj, Promotion) and obj.borne_by == Bearer.RESTAURANT
        return not is_a_restaurants and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Promotion, form: Any, change: bool) -> None:
        """Orders raise the counter meanwhile: only what was changed is written."""
        if change:
            obj.save(update_fields=form.changed_data)
            return
        obj.created_by = as_user(request)
        super().save_model(request, obj, form, change)
