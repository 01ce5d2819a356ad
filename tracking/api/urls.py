from django.urls import path

from tracking.api import views

urlpatterns = [
    path("orders/<uuid:order_id>/tracking/", views.TrackingView.as_view()),
    path("restaurants/<uuid:restaurant_id>/approaching/", views.ApproachingView.as_view()),
    path("driver/positions/", views.PositionsView.as_view()),
]
