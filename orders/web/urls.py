from django.urls import path

from orders.web.kitchens import ticket
from orders.web.views import CheckoutPage, OrderPage, OrdersPage, city

urlpatterns = [
    path("kitchen/<slug:slug>/orders/<uuid:order_id>/ticket/", ticket, name="kitchen-ticket"),
    path("checkout/", CheckoutPage.as_view(), name="checkout"),
    path("orders/", OrdersPage.as_view(), name="orders"),
    path("orders/<uuid:order_id>/", OrderPage.as_view(), name="order"),
    path("city.json", city, name="city"),
]
