from django.urls import path

from drivers.api import views

urlpatterns = [
    path("driver/me/", views.MeView.as_view()),
    path("driver/online/", views.OnlineView.as_view()),
    path("driver/offline/", views.OfflineView.as_view()),
    path("driver/offers/", views.OffersView.as_view()),
    path("driver/offers/<uuid:offer_id>/accept/", views.AcceptView.as_view()),
    path("driver/offers/<uuid:offer_id>/decline/", views.DeclineView.as_view()),
    path("driver/deliveries/<uuid:order_id>/arrived/", views.ArrivedView.as_view()),
    path("driver/deliveries/<uuid:order_id>/release/", views.ReleaseView.as_view()),
]
