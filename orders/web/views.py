"""The customer's pages carry no data: the browser asks our own API, which has the one gate to an order."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe
from django.views.generic import TemplateView

from deliveryapp.city import load_city
from deliveryapp.web.middleware import content_policy
from payments import facade as payments


class CheckoutPage(LoginRequiredMixin, TemplateView):
    """With the provider's own form for a new card, whose scripts only this page and that of the saved cards
    may load.
    """

    template_name = "orders/checkout.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = payments.card_form()
        response = self.render_to_response({"card_form": form})
        response.headers["Content-Security-Policy"] = content_policy(also=form.sources)
        return response


class OrdersPage(LoginRequiredMixin, TemplateView):
    template_name = "orders/orders.html"


class OrderPage(LoginRequiredMixin, TemplateView):
    template_name = "orders/order.html"


@require_safe
@cache_control(public=True, max_age=3600)
@conditional_page
def city(request: HttpRequest) -> JsonResponse:
    """The city delivered in: bounds in degrees, whether it has a map, front doors to choose from."""
    return JsonResponse(_city(settings.CITY))


@lru_cache(maxsize=4)
def _city(name: str) -> dict[str, Any]:
    found = load_city(name)
    bounds = found.bounds
    return {
        "slug": found.slug,
        "name": found.name,
        "attribution": found.attribution,
        "bounds": [bounds.west, bounds.south, bounds.east, bounds.north],
        "has_map": finders.find(f"city/{found.slug}/map.json") is not None,
        "addresses": [
            [door.street, door.house_number, door.postcode, door.location.lat, door.location.lng]
            for door in found.addresses
        ],
    }
