from django.urls import path

from payments.web.views import payment_methods

urlpatterns = [path("account/payment-methods/", payment_methods, name="payment-methods")]
