"""Support's refund form: units of each line, whole fees, an amount on top, who bears it, and why."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from deliveryapp.api.authentication import as_user
from deliveryapp.clock import utc_now
from deliveryapp.errors import AppError
from deliveryapp.ids import new_id
from deliveryapp.text import refuse_card_number
from deliveryapp.web.forms import TextForm
from orders import selectors, services
from orders.models import Order, OrderLine
from orders.services import LineRefund, RefundWish
from orders.services.refunding import FEES

BEARERS = [("platform", "The platform"), ("restaurant", "The restaurant")]


class RefundForm(TextForm):
    """`key` is made with the form, so that sending it twice pays once."""

    amount_minor = forms.IntegerField(
        label="Amount on top, in minor units",
        min_value=0,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    borne_by = forms.ChoiceField(label="Borne by", choices=BEARERS, widget=UnfoldAdminSelectWidget)
    to_credit = forms.BooleanField(
        label="As credit instead of to the card", required=False, widget=UnfoldBooleanSwitchWidget
    )
    reason = forms.CharField(
        label="Why", max_length=60, widget=UnfoldAdminTextInputWidget, validators=[refuse_card_number]
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=60)

    def __init__(self, order: Order, data: Any = None) -> None:
        super().__init__(data, initial={"key": str(new_id())})
        self.lines = list(order.lines.order_by("position"))
        ours: dict[str, forms.Field] = {f"line_{line.pk}": _units(line) for line in self.lines}
        for fee in FEES:
            if getattr(order, f"{fee}_minor"):
                ours[fee] = forms.BooleanField(
                    label=f"{fee.replace('_', ' ').capitalize()} ({getattr(order, f'{fee}_minor')})",
                    required=False,
                    widget=UnfoldBooleanSwitchWidget,
                )
        self.fields = {**ours, **self.fields}

    def as_wish(self) -> RefundWish:
        data = self.cleaned_data
        return RefundWish(
            lines=list(self._lines()),
            fees=[fee for fee in FEES if data.get(fee)],
            amount_minor=data["amount_minor"] or 0,
            borne_by=data["borne_by"],
            to_credit=data["to_credit"],
            reason=data["reason"],
        )

    def _lines(self) -> Iterator[LineRefund]:
        for line in self.lines:
            if quantity := self.cleaned_data[f"line_{line.pk}"]:
                yield LineRefund(line_id=line.pk, quantity=quantity)


def _units(line: OrderLine) -> forms.IntegerField:
    return forms.IntegerField(
        label=f"{line.name}: how many of {line.quantity} ({line.total_minor})",
        min_value=0,
        max_value=line.quantity,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
    )


def refund_page(request: HttpRequest, order: Order, context: dict[str, Any]) -> HttpResponse:
    """The form, or the refund and back to the order."""
    form = RefundForm(order, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            refund = services.refund_order(
                order_id=order.pk,
                user_id=as_user(request).pk,
                wish=form.as_wish(),
                key=form.cleaned_data["key"],
                now=utc_now(),
            )
        except AppError as error:
            form.add_error(None, error.detail)
        else:
            text = f"{refund.amount_minor} {refund.currency} to the {refund.destination}: {refund.status}."
            messages.success(request, text)
            return redirect("admin:orders_order_change", order.pk)
    context |= {"form": form, "order": order, "receipt": selectors.receipt(order)}
    return render(request, "admin/orders/order/refund.html", context)
