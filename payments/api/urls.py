from django.urls import path

from payments.api.webhooks import stripe_webhook

urlpatterns = [path("stripe/", stripe_webhook)]
