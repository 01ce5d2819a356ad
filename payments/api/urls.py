from django.urls import path

from payments.api.webhooks import webhook

urlpatterns = [
    path("payments/webhooks/<str:gateway>/", webhook),
    path("webhooks/stripe/", webhook, {"gateway": "stripe"}),  # where the first account was told to send
]
