from django.urls import path

from deliveryapp.api import views

urlpatterns = [
    path("auth/sign-up/", views.SignUpView.as_view()),
    path("auth/token/", views.TokenView.as_view()),
    path("auth/token/refresh/", views.RefreshView.as_view()),
    path("auth/token/revoke/", views.RevokeView.as_view()),
    path("auth/log-out-everywhere/", views.LogOutEverywhereView.as_view()),
    path("me/", views.MeView.as_view()),
]
