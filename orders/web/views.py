"""The customer's pages carry no data: the browser asks our own API, which has the one gate to an order."""

from django.contrib.auth.mixins import LoginRequiredMixin
from django.views.generic import TemplateView


class CheckoutPage(LoginRequiredMixin, TemplateView):
    template_name = "orders/checkout.html"


class OrdersPage(LoginRequiredMixin, TemplateView):
    template_name = "orders/orders.html"


class OrderPage(LoginRequiredMixin, TemplateView):
    template_name = "orders/order.html"
