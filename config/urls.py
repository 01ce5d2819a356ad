"""Every address of the web process; the live process adds sockets and hot routes (`asgi.py`)."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView


def livez(request: HttpRequest) -> HttpResponse:
    """This process answers; says nothing about the services behind it."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("livez", livez),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/redoc/", SpectacularRedocView.as_view(url_name="schema"), name="redoc"),
    path("api/v1/", include("deliveryapp.api.urls")),
    path("api/v1/", include("orders.api.urls")),
    path("api/v1/", include("payments.api.card_urls")),
    path("api/v1/", include("restaurants.api.urls")),
    path("api/v1/", include("drivers.api.urls")),
    path("api/v1/", include("tracking.api.urls")),
    path("", include("payments.api.urls")),
    path("", include("deliveryapp.web.urls")),
    path("", include("restaurants.web.urls")),
    path("", include("orders.web.urls")),
    path("", include("payments.web.urls")),
    path("", include("drivers.web.urls")),
]

handler400 = "deliveryapp.web.errors.bad_request"
handler403 = "deliveryapp.web.errors.forbidden"
handler404 = "deliveryapp.web.errors.not_found"
handler500 = "deliveryapp.web.errors.server_error"
